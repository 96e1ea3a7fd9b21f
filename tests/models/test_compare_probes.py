"""Probes of several feature sets on the same epochs, side by side."""

import re

import numpy as np
import pandas as pd
import pytest
from twins.features import NAMES, planted

from eegimg.models._compare import compare_probes
from eegimg.models._probe import probe
from eegimg.models._probe_card import ProbeCard


@pytest.fixture(scope="module")
def card():
    return probe(*planted(), n_relabel=9)


@pytest.fixture(scope="module")
def cards():
    found = {}
    for name, signal in (("good", 0.7), ("noise", 0.0)):
        values, metadata = planted(signal, n_each=100)
        # As if both networks saw the same epochs.
        found[name] = probe(values, metadata, n_relabel=1)
    return found | {"same": found["good"]}


def test_pairs_are_compared_on_the_same_epochs(cards):
    table = compare_probes(cards, n_draws=999)
    assert table[["first", "second"]].to_numpy().tolist() == [
        ["good", "noise"],
        ["good", "same"],
        ["noise", "same"],
    ]
    value = {name: card.metrics["balanced accuracy"]["value"] for name, card in cards.items()}
    assert table["difference"][0] == pytest.approx(value["good"] - value["noise"])
    assert table["low"][0] < table["difference"][0] < table["high"][0]
    assert table["p"][0] == pytest.approx(1 / 1000)
    assert table.loc[1, ["difference", "low", "high", "p"]].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert table["difference"][2] == pytest.approx(-table["difference"][0])


def test_subjects_as_units_cannot_give_more_than_they_are(cards):
    row = compare_probes({"good": cards["good"], "noise": cards["noise"]}, unit="subject").loc[0]
    assert row["n_units"] == 3
    assert row["p"] == pytest.approx(2 / 2**3, abs=0.02)


def made(truth, right, unit, card):
    """Return a card with these hits."""
    names = np.array(NAMES)[truth]
    wrong = np.array(NAMES)[(truth + 1) % len(NAMES)]
    table = pd.DataFrame(
        {
            "epoch": np.arange(len(truth)),
            "fold": 0,
            "true": names,
            "predicted": np.where(right, names, wrong),
            "unit": unit,
        }
    )
    return ProbeCard(task="", method="", metrics={}, audit=card.audit, predictions=table, versions={})


def test_the_interval_covers_and_p_is_even_where_nothing_differs(card):
    rng = np.random.default_rng(0)
    truth, unit = np.tile(np.arange(3), 60), np.repeat(np.arange(60), 3)
    ps, inside = [], []
    for _ in range(120):
        # Trials of a unit are right or wrong together, and the two decoders are as good as each other.
        sides = [made(truth, np.repeat(rng.random(60) < 0.6, 3), unit, card) for _ in range(2)]
        row = compare_probes({"a": sides[0], "b": sides[1]}, n_draws=199).loc[0]
        ps.append(row["p"])
        inside.append(row["low"] <= 0 <= row["high"])
    assert np.mean(np.array(ps) <= 0.05) < 0.1
    assert 0.45 < np.mean(ps) < 0.65  # ties make it a little high
    assert 0.9 < np.mean(inside) < 0.99


def test_comparing_needs_the_same_epochs_and_units(cards):
    values, metadata = planted(n_each=100)
    other = probe(values, metadata.assign(split=metadata["split"][::-1].to_numpy()), n_relabel=1)
    text = (
        "compare_probes needs probes of the same test epochs and labels; those of 'good' and 'other' differ. Give "
        "probe the same metadata, split and label for each."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        compare_probes({"good": cards["good"], "other": other})
    with pytest.raises(ValueError, match="^compare_probes needs at least two cards. Got 'good'.$"):
        compare_probes({"good": cards["good"]})
    with pytest.raises(
        ValueError, match="^compare_probes was asked for the unit 'units'; .* Did you mean 'unit'"
    ):
        compare_probes(cards, unit="units")
    with pytest.raises(
        ValueError, match="^compare_probes needs at least two units; all test epochs have the same"
    ):
        compare_probes(cards, unit="fold")
    with pytest.raises(
        TypeError, match="'cards' parameter of compare_probes must be a dict of names and cards"
    ):
        compare_probes({"good": 0.7, "noise": 0.3})
