"""What benchmarks/validity/high_pass.py and nulls.py count is what they say they count."""

import dataclasses
import importlib
import json
import pathlib

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks" / "validity"
RESULTS = FOLDER.parent / "results"


@pytest.fixture
def script(monkeypatch):
    """Import a file of the folder by name, as it imports its neighbours when it is run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def judged(script):
    """Judge a small set of blocks."""

    def run(number=0, **changes):
        nulls = script("nulls")
        changes = {
            "n_labels": 2,
            "n_blocks": 4,
            "split": "blocks",
            "n_trials": 160,
            "n_channels": 8,
        } | changes
        sizes = {name: changes.pop(name) for name in ("n_labels", "n_blocks", "split")}
        return nulls.judge_set(dataclasses.replace(nulls.make_case(number, **sizes), **changes))

    return run


def test_the_observed_value_counts_as_one_of_its_null(script):
    p_value = script("nulls").share_at_least
    assert p_value(0.5, [0.1] * 99) == 0.01
    assert p_value(0.5, [0.5] * 9 + [0.1] * 90) == 0.1
    assert p_value(0.5, []) == 1.0


@pytest.mark.parametrize(
    ("n_labels", "n_blocks", "split", "n_ways"),
    [(2, 2, "random", 3), (2, 4, "random", 35), (2, 4, "blocks", 8), (5, 2, "random", 100)],
)
def test_the_smallest_p_is_that_of_the_orders_there_are(judged, n_labels, n_blocks, split, n_ways):
    found = judged(n_labels=n_labels, n_blocks=n_blocks, split=split)
    assert found["smallest"] == pytest.approx(1 / n_ways)
    assert found["runs"] >= found["smallest"]


def test_a_planted_response_is_found_by_every_test_that_can(judged):
    found = judged(n_blocks=8, n_trials=320, signal=4.0, means_sd=0.0, power_sd=0.0)
    assert found["kappa"] > 0.8
    assert max(found["binomial"], found["trials"], found["runs"]) <= 0.05


def test_a_set_without_drift_and_response_is_at_chance(judged):
    found = [judged(number, means_sd=0.0, power_sd=0.0) for number in range(4)]
    assert abs(np.mean([one["kappa"] for one in found])) < 0.1
    assert np.mean([one["binomial"] for one in found]) > 0.2


def test_both_splits_are_of_one_recording(script):
    nulls = script("nulls")
    random, held_out = (nulls.make_case(3, 5, 4, split) for split in nulls.SPLITS)
    assert dataclasses.replace(random, split="blocks") == held_out
    assert nulls.make_case(4, 5, 4, "blocks").seed != held_out.seed


def test_the_last_fifth_of_a_block_comes_after_the_rest_of_it(script):
    high_pass, design = script("high_pass"), script("orders").make_design
    drawn = design(high_pass.make_case(0, 0.15, 5.0))
    splits = high_pass.make_splits(drawn)
    ((train, test),) = splits["last fifth of each block"]
    assert len(test) == 240
    assert set(train).isdisjoint(test)
    for block in range(40):
        own = np.flatnonzero(drawn.blocks == block)
        assert set(own[-6:]) == set(own) & set(test)
    tested = np.concatenate([test for _, test in splits["random"]])
    assert sorted(tested) == list(range(1200))


def test_the_recordings_of_one_number_differ_in_filter_only(script):
    high_pass = script("high_pass")
    first, second = (high_pass.make_case(1, 0.15, cut_off) for cut_off in (0.0, 14.0))
    assert dataclasses.replace(first, high_pass=14.0) == second


@pytest.fixture
def page():
    return (FOLDER.parents[1] / "docs" / "validity.rst").read_text(encoding="utf-8")


def rows_of(name):
    return json.loads((RESULTS / f"validity_{name}.json").read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize("power_drift", [0.0, 0.15, 0.4])
def test_the_page_quotes_the_committed_table_of_filters(page, power_drift):
    names = {"dc": "mean of the epoch", "power": "power", "covariance": "covariance"}
    drawn = [row for row in rows_of("high_pass") if row["power_drift"] == power_drift]
    assert len(drawn) == 10
    for feature, name in names.items():
        values = [round(row[feature], 2) + 0.0 for row in drawn if row["split"] == "random"]
        shown = ", ".join(f"{value:.2f}" for value in values)
        assert f"   {power_drift or 'none'}, {name}, {shown}\n" in page


def test_the_page_quotes_the_committed_table_of_tests(page):
    rows = rows_of("nulls")
    assert len(rows) == 10
    for row in rows:
        false = [row[f"false_{test}"] for test in ("binomial", "trials", "runs")]
        shares = ", ".join(f"{100 * found['rate']:.0f} %" for found in false)
        kappa = f"{round(row['kappa'], 2) + 0.0:.2f} ± {row['kappa_sd']:.2f}"
        shown = f"   {row['split']}, {row['n_labels']}, {row['n_runs_per_label']}, {kappa}, {shares}"
        found = f"{100 * row['power_runs']['rate']:.0f} %"
        assert f"{shown}, {row['smallest_p_of_runs']:.3g}, {found}\n" in page
