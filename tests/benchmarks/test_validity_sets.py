"""The sets of benchmarks/validity hold what is said of them, and rates are counted as they should be."""

import dataclasses
import importlib
import json
import pathlib
import types

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks" / "validity"
PLAIN = {
    "recording": "0",
    "family": "rapid",
    "order": "random_order",
    "split": "random",
    "n_labels": 5,
    "n_blocks": 1,
    "n_trials": 200,
    "n_channels": 16,
    "soa": 0.6,
    "signal": 0.0,
    "drift_kind": "walk",
    "drift_rank": 0,
    "means_sd": 0.0,
    "power_sd": 0.0,
    "covariance_sd": 0.0,
    "high_pass": 0.0,
    "baseline": "none",
    "seed": 1,
}
BLOCKS = {"family": "blocks", "order": "rounds", "n_blocks": 4}


@pytest.fixture
def script(monkeypatch):
    """Import a file of the folder by name, as it imports its neighbours when it is run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def make_case(script):
    return lambda **changes: script("designs").Case(**PLAIN | changes)


@pytest.fixture
def design_of(script, make_case):
    return lambda **changes: script("orders").make_design(make_case(**changes))


@pytest.fixture
def simulate(script, make_case):
    """Simulate a case; epochs in SD of the background."""

    def run(seed=3, **changes):
        epochs, metadata = script("simulate").simulate_set(make_case(**changes), seed)
        return epochs, metadata, epochs.get_data(copy=True) / script("simulate").VOLTS

    return run


def slow_share(means):
    """Return which part of the variance of (n_trials, n_channels) lies between tenths of the recording."""
    tenths = np.stack([part.mean(axis=0) for part in np.array_split(means, 10)])
    return float((tenths.var(axis=0) / means.var(axis=0)).mean())


@pytest.mark.parametrize("kind", ["walk", "1/f", "ramp"])
@pytest.mark.parametrize("rank", [0, 3])
def test_means_drift_as_much_as_planted(simulate, kind, rank):
    still = simulate()[2].mean(axis=2)
    moved = simulate(means_sd=1.0, drift_kind=kind, drift_rank=rank)[2].mean(axis=2)
    assert slow_share(still) < 0.1
    assert slow_share(moved) > 0.3
    # Other noise in between: the variance of means grows by that of the drift, 1, within its own scatter.
    assert 0.5 < moved.var() - still.var() < 1.5


def test_drift_of_rank_three_has_three_topographies(simulate):
    means = simulate(means_sd=5.0, drift_rank=3)[2].mean(axis=2)
    values = np.linalg.svd(means - means.mean(axis=0), compute_uv=False)
    assert values[2] > 3 * values[3]


def test_power_and_mixing_drift_leave_means_alone(script, simulate):
    for planted, feature in (("power_sd", "power"), ("covariance_sd", "covariance")):
        still, moved = (
            script("truth").make_features(simulate(**{planted: size})[2], 100.0) for size in (0.0, 0.5)
        )
        assert slow_share(still[feature]) < 0.1
        assert slow_share(moved[feature]) > 1.5 * slow_share(still[feature])
        assert slow_share(moved["dc"]) < 0.1


def test_a_high_pass_removes_drift_of_means_and_is_recorded(simulate):
    epochs, _, data = simulate(means_sd=1.0, high_pass=1.0)
    assert slow_share(data.mean(axis=2)) < 0.1
    assert epochs.info["highpass"] == 1.0
    assert simulate()[0].info["highpass"] == 0.0


def test_a_high_pass_removes_slow_power_and_no_other(script):
    stream = np.random.default_rng(0).standard_normal((4, 20000))
    spectrum = (np.abs(np.fft.rfft(stream)) ** 2).mean(axis=0)
    filtered = (np.abs(np.fft.rfft(script("simulate").filter_high(stream, 5.0))) ** 2).mean(axis=0)
    freqs = np.fft.rfftfreq(20000, 0.01)
    share = filtered / spectrum
    assert share[(freqs > 0.1) & (freqs < 1.0)].mean() < 0.01
    assert share[freqs > 20.0].mean() == pytest.approx(1.0, abs=0.02)


def test_the_background_has_unit_variance_and_the_baseline_is_what_is_asked_for(simulate):
    none, present, subtracted = (simulate(baseline=name) for name in ("none", "present", "subtracted"))
    assert [epochs.tmin for epochs, _, _ in (none, present, subtracted)] == [0.0, -0.1, -0.1]
    assert [epochs.baseline is None for epochs, _, _ in (none, present, subtracted)] == [True, True, False]
    before = [data[:, :, :11].mean(axis=2).std() for _, _, data in (present, subtracted)]
    assert before[0] > 0.3
    assert before[1] < 1e-6
    assert none[2].std() == pytest.approx(1.0, abs=0.3)


def test_signal_is_decoded_in_random_order_and_its_twin_is_not(script, make_case):
    truth, simulate_set = script("truth"), script("simulate").simulate_set
    case = make_case(signal=1.5)
    assert truth.decode(simulate_set(case, 3)[0])["lda means"] > 0.3
    assert max(truth.decode(simulate_set(case, 3, signal=0.0)[0]).values()) < 0.15


def test_events_lie_one_interval_apart_with_gaps_between_blocks(simulate):
    epochs, metadata, data = simulate(**BLOCKS)
    steps = np.diff(epochs.events[:, 0])
    new_block = np.diff(metadata["block"]) > 0
    assert set(steps[~new_block]) == {60}
    assert set(steps[new_block]) == {1000}
    assert new_block.sum() == 5 * 4 - 1
    assert (metadata.groupby("block")["concept"].nunique() == 1).all()
    assert (metadata.groupby("concept")["block"].nunique() == 4).all()
    names = {code: name for name, code in epochs.event_id.items()}
    assert [names[code] for code in epochs.events[:, 2]] == metadata["concept"].tolist()
    assert data.shape == (200, 16, 50)


def test_responses_overlap_in_rsvp_only(script, make_case):
    simulated = script("simulate")
    stream = np.zeros((16, 1000), np.float32)
    positions = np.eye(3)[np.arange(16) % 3].astype(float)
    simulated.add_responses(stream, np.array([100]), np.array([0]), 1.0, positions, np.random.default_rng(0))
    last = np.flatnonzero(np.abs(stream).max(axis=0) > 0.05)[-1] - 100
    assert 20 < last < 60


def test_held_out_folds_hold_whole_blocks_of_every_label_out(design_of):
    design = design_of(split="blocks", **BLOCKS)
    for fold in range(4):
        test = design.folds == fold
        assert not set(design.blocks[test]) & set(design.blocks[~test])
        assert set(design.labels[test]) == set(range(5))
    shared = design_of(split="random", **BLOCKS)
    np.testing.assert_array_equal(shared.labels, design.labels)
    test = shared.folds == 0
    assert set(shared.blocks[test]) & set(shared.blocks[~test])


def test_contiguous_folds_are_stretches_within_blocks(design_of):
    design = design_of(split="contiguous", order="rounds", family="one block, contiguous")
    for block in range(5):
        folds = design.folds[design.blocks == block]
        assert folds.tolist() == sorted(folds)
        assert np.bincount(folds).tolist() == [8] * 5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_labels", [3, 5, 40])
def test_no_repeat_has_none_and_is_balanced(design_of, seed, n_labels):
    labels = design_of(order="no_repeat", n_labels=n_labels, n_trials=40 * n_labels, seed=seed).labels
    assert not (np.diff(labels) == 0).any()
    assert np.bincount(labels).tolist() == [40] * n_labels


def test_other_orders_are_what_their_names_say(design_of):
    labels = design_of(order="cycle", n_labels=2).labels
    assert (np.diff(labels) != 0).all()
    labels = design_of(order="mini_runs").labels.reshape(-1, 5)
    assert (labels == labels[:, :1]).all()
    assert (np.diff(labels[:, 0]) != 0).all()
    cycles = design_of(order="permuted_cycle").labels.reshape(-1, 5)
    assert (np.sort(cycles, axis=1) == np.arange(5)).all()
    assert len({tuple(row) for row in cycles}) > 10


def test_every_order_and_split_has_all_trials_of_all_drawn_cases(script):
    designs, orders = script("designs"), script("orders")
    cases = designs.draw_cases(240, 5)
    for case in cases:
        design = orders.make_design(case)
        counts = np.bincount(design.labels, minlength=case.n_labels)
        assert counts.tolist() == [case.n_trials // case.n_labels] * case.n_labels
        assert all(len(set(design.labels[design.folds != fold])) == case.n_labels for fold in range(2))
    assert {case.split for case in cases} == set(orders.SPLITS)
    assert {case.order for case in cases} == set(orders.ORDERS)
    assert {case.n_labels for case in cases} >= {2, 5, 10, 20, 40}
    assert {case.high_pass for case in cases if case.one_block} == {0.0, 0.1, 1.0, 5.0}
    assert min(case.n_trials for case in cases) >= 100
    assert max(case.n_trials for case in cases) <= 2100
    assert len({case.key for case in cases}) == 240


def test_the_first_cases_do_not_depend_on_the_number_and_seeds_differ(script):
    designs = script("designs")
    assert designs.draw_cases(10, 5) == designs.draw_cases(40, 5)[:10]
    assert designs.draw_cases(10, 5) != designs.draw_cases(10, 6)


def test_two_splits_of_a_recording_have_the_same_samples(script, make_case):
    simulate_set = script("simulate").simulate_set
    first, second = (simulate_set(make_case(split=split, **BLOCKS), 4)[0] for split in ("random", "blocks"))
    np.testing.assert_array_equal(first.get_data(copy=False), second.get_data(copy=False))
    assert (first.metadata["split"] != second.metadata["split"]).any()


def test_the_truth_knows_a_block_design_with_drift_from_one_without(script, make_case):
    find_truth = script("truth").find_truth
    one_block = {"family": "one block", "order": "rounds"}
    found = find_truth(make_case(means_sd=0.5, **one_block))
    assert found.status == "confounded"
    assert found.kappa > 0.3
    assert found.n_twins == 3
    assert find_truth(make_case(**one_block)).status == "unidentifiable"
    assert find_truth(make_case(means_sd=0.5)).status == "not"


def test_the_truth_is_grey_where_twins_do_not_decide(script):
    judge = script("truth")._judge
    assert judge([{"a": 0.04}, {"a": 0.04}], 0.01).status == "grey"
    assert judge([{"a": 0.0, "b": 0.06}, {"a": 0.01, "b": 0.0601}], 0.02).status == "confounded"
    assert judge([{"a": 0.2}, {"a": -0.1}], 0.01).status == "grey"
    assert judge([{"a": 0.02}, {"a": 0.01}], 0.01).status == "not"


def test_intervals_are_wilsons(script):
    wilson = script("rates").wilson
    assert wilson(0, 0) is None
    assert wilson(10, 10) == [0.7225, 1.0]
    assert wilson(5, 50) == [0.0435, 0.2136]


def test_rates_count_what_they_say(script, make_case):
    rates, truth = script("rates"), script("truth")

    def row(verdict, status, *, means_only=None, **changes):
        told = {"verdict": verdict, "statistics": {"exposure": 1.0, "exposure_z": 9.0}, "seconds": 1.0}
        only = None if means_only is None else {"verdict": means_only}
        known = truth.Truth(status=status)
        return {"case": make_case(**changes), "truth": known, "audit": told, "means_only": only}

    pair = {**BLOCKS, "recording": "7"}
    rows = [
        row("confounded", "confounded", means_only="caution", split="random", **pair),
        row("ok", "not", split="blocks", **pair),
        row(
            "caution", "confounded", means_only="confounded", family="one block", order="rounds", means_sd=1.0
        ),
        row("confounded", "not"),
        row("ok", "not"),
        row("confounded", "unidentifiable", family="one block"),
    ]
    found = rates.summarise(rows)
    assert found["n_by_truth"] == {"confounded": 2, "not": 3, "grey": 0, "unidentifiable": 1}
    assert found["confounded"]["all"]["flagged"]["rate"] == 1.0
    assert found["confounded"]["all"]["called_confounded"]["rate"] == 0.5
    assert found["confounded"]["no drift in means left"]["called_confounded_by_means_only"]["hits"] == 0
    assert found["not_confounded"]["randomised"]["called_confounded"]["rate"] == 0.5
    assert found["not_confounded"]["all"]["called_confounded"]["hits"] == 1
    assert found["same_recording"]["all"]["confounded_then_ok"]["hits"] == 1
    assert found["one_block_without_drift"]["verdicts"]["confounded"] == 1


def square(case):
    return {"n": case.n_trials**2}


def test_finished_cases_are_not_computed_again(script, make_case, tmp_path, capsys):
    run, file = script("run"), tmp_path / "cache" / "truth.jsonl"
    cases = [make_case(n_trials=number) for number in (100, 200)]
    first = run.compute_all(cases[:1], square, file, 1, "square")
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"key": "cut of')
    assert run.read_lines(file) == first
    capsys.readouterr()
    both = run.compute_all(cases, square, file, 1, "square")
    assert capsys.readouterr().err.startswith("square: 1 of 1")
    assert both == {cases[0].key: {"n": 10000}, cases[1].key: {"n": 40000}}
    assert run.read_lines(file) == both


def test_an_audit_gets_what_a_user_would_hand_over(script, make_case):
    asked = {}

    def audit(epochs, **options):
        asked.update(options, n_epochs=len(epochs), columns=list(epochs.metadata))
        told = {"verdict": "ok", "reason": "", "flags": [], "statistics": {"exposure": 0.0}, "chance": 0.2}
        return types.SimpleNamespace(to_dict=lambda: told)

    found = script("run").run_audit(make_case(), audit, features=("means",))
    assert asked == {
        "split": "split",
        "group": None,
        "label": "concept",
        "features": ("means",),
        "n_epochs": 200,
        "columns": ["concept", "block", "run", "split"],
    }
    assert set(found) == {"verdict", "reason", "flags", "statistics", "seconds"}
    json.dumps(found)


def test_a_share_keeps_both_splits_of_a_recording(script):
    run, designs = script("run"), script("designs")
    chosen = run.choose_share(designs.draw_cases(200, 5), 0.1)
    assert 15 <= len(chosen) <= 30
    names = [case.recording for case in chosen if case.family == "blocks"]
    assert all(names.count(name) == 2 for name in names)


def test_cases_read_as_json(make_case):
    assert json.loads(json.dumps(dataclasses.asdict(make_case()))) == PLAIN
