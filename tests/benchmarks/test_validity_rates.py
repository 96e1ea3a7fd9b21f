"""A tenth of the benchmark of the audit, run anew against the truth that was computed once."""

import importlib
import json
import pathlib

import pytest

BENCHMARKS = pathlib.Path(__file__).parents[2] / "benchmarks"
RESULTS = BENCHMARKS / "results"
SEED, N_CASES, SHARE = 20262, 440, 0.1

pytestmark = pytest.mark.slow


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "validity"))
    return importlib.import_module


@pytest.fixture
def truth():
    """Return the truth of every case by its key."""
    lines = (RESULTS / "validity_truth.jsonl").read_text(encoding="utf-8").splitlines()
    return {entry["key"]: entry["found"] for entry in map(json.loads, lines)}


def test_a_tenth_of_the_cases_is_judged_as_the_benchmark_says(script, truth):
    cases = script("run").choose_share(script("designs").draw_cases(N_CASES, SEED), SHARE)
    assert 40 <= len(cases) <= 50
    rows = [
        {
            "case": case,
            "truth": script("truth").Truth(**truth[case.key]),
            "audit": script("run").audit_quickly(case),
            "means_only": None,
        }
        for case in cases
    ]
    found = script("rates").summarise(rows)
    confounded, others = found["confounded"]["all"], found["not_confounded"]
    assert confounded["flagged"]["n"] >= 8
    # What is missed has whole runs held out in an accidental order.
    assert found["confounded"]["one block per label"]["flagged"]["rate"] == 1.0
    assert confounded["flagged"]["hits"] >= confounded["flagged"]["n"] - 2
    assert confounded["called_confounded"]["hits"] >= confounded["called_confounded"]["n"] - 3
    assert others["randomised"]["called_confounded"]["hits"] == 0
    assert others["randomised"]["ok"]["rate"] >= 0.85
    assert others["all but one block per label"]["called_confounded"]["hits"] <= 2
    assert found["seconds"]["median"] < 15


def test_the_truth_that_was_kept_is_what_comes_out_again(script, truth):
    cases = script("designs").draw_cases(N_CASES, SEED)
    small = sorted((case for case in cases if case.family == "one block"), key=lambda case: case.n_trials)
    for case in small[:2]:
        again = script("truth").find_truth(case)
        assert again.status == truth[case.key]["status"]
        assert again.kappa == pytest.approx(truth[case.key]["kappa"], abs=0.02)


def test_published_rates_are_what_the_page_says():
    rates = json.loads((RESULTS / "validity_rates.json").read_text(encoding="utf-8"))
    assert rates["n_cases"] >= 400
    assert rates["seed"] == SEED
    confounded, others = rates["confounded"], rates["not_confounded"]
    assert confounded["all"]["flagged"]["rate"] >= 0.95
    assert confounded["one block per label"]["flagged"]["rate"] == 1.0
    assert others["randomised"]["called_confounded"]["rate"] <= 0.01
    assert others["all"]["called_confounded"]["rate"] <= 0.05
    # Mean amplitudes alone fail.
    assert confounded["all"]["called_confounded_by_means_only"]["rate"] < 0.5
    page = (BENCHMARKS.parent / "docs" / "validity.rst").read_text(encoding="utf-8")
    groups = (
        confounded["all"]["flagged"],
        confounded["all"]["called_confounded"],
        confounded["all"]["called_confounded_by_means_only"],
        others["randomised"]["called_confounded"],
        others["all"]["called_confounded"],
        rates["same_recording"]["four blocks per label or more"]["confounded_then_ok"],
    )
    for group in groups:
        assert f"{group['hits']} of {group['n']}" in page
