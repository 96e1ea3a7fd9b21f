"""The page of a result card: numbers with their null, what leaked, and nothing that a name could run."""

import dataclasses

import pytest

from eegimg.report import write_result_card
from eegimg.report.card import make_result
from eegimg.validity import ResultCard

SCRIPT = "<script>alert(1)</script>"
METRIC = {"value": 0.625, "chance": 0.25, "null": 0.5, "null_sd": 0.02, "p": 0.048, "clock": 0.9}


@pytest.fixture
def card(make_audit_result):
    return ResultCard(
        task="decoding of concept",
        method="LogisticRegression",
        metrics={"accuracy": METRIC},
        audit=make_audit_result(),
        accept_confound=True,
    )


def test_a_page_has_each_number_with_its_null_and_the_audit(card, tmp_path):
    page = write_result_card(card, tmp_path / "new" / "card.html").read_text(encoding="utf-8")
    for text in ("0.625", "0.5", "0.048", "decoding of concept", card.audit.reason, "What the verdict means"):
        assert text in page


def test_leaks_and_transductive_steps_stand_out(card):
    assert "Test data reached training" not in make_result(card.to_dict())
    spoiled = dataclasses.replace(card, leaks=("12 images are shared.",), transductive=("MVNN",))
    body = make_result(spoiled.to_dict())
    assert "Test data reached training" in body
    assert "12 images are shared." in body
    assert "Transductive: MVNN learned from test epochs." in body


def test_a_null_that_nobody_knows_is_a_dash(card):
    unknown = METRIC | {"null": None, "null_sd": None, "p": None}
    assert "–" in make_result(dataclasses.replace(card, metrics={"accuracy": unknown}).to_dict())


def test_names_cannot_become_tags(card):
    evil = dataclasses.replace(card, task=SCRIPT, method=SCRIPT, leaks=(SCRIPT,), transductive=(SCRIPT,))
    body = make_result(evil.to_dict() | {"metrics": {SCRIPT: METRIC}})
    assert "<script>" not in body


def test_what_is_no_card_is_refused(tmp_path):
    with pytest.raises(TypeError, match="must be a ResultCard, from evaluate. Got 3 instead"):
        write_result_card(3, tmp_path / "card.html")
