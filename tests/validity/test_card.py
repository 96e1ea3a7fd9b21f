"""A card holds what is needed to judge a result, and cannot be made without."""

import dataclasses
import json

import numpy as np
import pytest

import eegimg
from eegimg.validity import ResultCard, audit_design

METRICS = {
    "accuracy": {"value": 0.625, "chance": 0.25, "null": 0.5, "null_sd": 0.02, "p": 0.048, "clock": 0.9},
    "balanced accuracy": {
        "value": 0.6,
        "chance": 0.25,
        "null": None,
        "null_sd": None,
        "p": None,
        "clock": 1.0,
    },
}


@pytest.fixture(scope="module")
def audits(make_epochs):
    """Return an audit of each verdict."""
    labels = np.repeat(list("abcd"), 20)
    mixed = np.random.default_rng(1).permutation(labels)
    made = {
        "ok": make_epochs(mixed),
        "caution": make_epochs(mixed, order="unknown"),
        "confounded": make_epochs(labels, means=1.0),
    }
    found = {verdict: audit_design(epochs, explain=False) for verdict, epochs in made.items()}
    assert [audit.verdict for audit in found.values()] == list(found)
    return found


def make_card(audit, **options):
    return ResultCard(task="decoding of concept", method="LDA", metrics=METRICS, audit=audit, **options)


@pytest.mark.parametrize("verdict", ["ok", "caution"])
def test_a_card_can_be_made_of_what_is_not_confounded(audits, verdict):
    card = make_card(audits[verdict])
    assert repr(card) == (f"<ResultCard: decoding of concept, accuracy, balanced accuracy; design {verdict}>")
    assert card.versions["eegimg"] == eegimg.__version__
    assert {"mne", "numpy", "pandas", "scikit-learn"} <= set(card.versions)


def test_no_card_can_be_made_of_a_confounded_audit_unless_that_is_accepted(audits):
    with pytest.raises(
        ValueError,
        match=r"^ResultCard gives no bare accuracy for a confounded design\. Each label has one run",
    ):
        make_card(audits["confounded"])
    card = make_card(audits["confounded"], accept_confound=True)
    assert card.to_dict()["verdict"] == "confounded"
    with pytest.raises(ValueError, match="gives no bare accuracy"):
        dataclasses.replace(card, accept_confound=False)


def test_a_card_needs_an_audit():
    with pytest.raises(
        TypeError, match="'audit' parameter of ResultCard must be an Audit, from audit_design"
    ):
        make_card("ok")


def test_a_card_is_json_with_the_verdict_at_the_top(audits, tmp_path):
    card = make_card(audits["confounded"], accept_confound=True, leaks=("A leak.",), transductive=("MVNN",))
    path = card.to_json(tmp_path / "card.json")
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[1].strip() == '"verdict": "confounded",'
    found = json.loads(text)
    assert found == card.to_dict()
    json.dumps(card.to_dict(), allow_nan=False)
    assert list(found)[0] == "verdict"
    assert found["metrics"] == METRICS
    assert found["leaks"] == ["A leak."]
    assert found["transductive"] == ["MVNN"]
    assert found["accept_confound"] is True
    assert found["audit"] == audits["confounded"].to_dict()


def test_a_card_prints_no_number_without_what_it_has_to_be_compared_with(audits):
    text = " ".join(
        str(make_card(audits["ok"], leaks=("An image is in both.",), transductive=("ICA",))).split()
    )
    assert "accuracy: 0.625 beside 0.500 for labels moved from run to run (p = 0.048); chance 0.250" in text
    assert (
        "balanced accuracy: 0.600, and what the design alone would give cannot be known: up to 1.000" in text
    )
    assert f"Design ok: {audits['ok'].reason}" in text
    assert "Leak: An image is in both." in text
    assert "Transductive: ICA learned from test epochs." in text
    assert "Transductive" not in str(make_card(audits["ok"]))
    assert max(map(len, str(make_card(audits["ok"])).splitlines())) <= 100


def test_a_card_cannot_be_changed(audits):
    card = make_card(audits["ok"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.metrics = {}
