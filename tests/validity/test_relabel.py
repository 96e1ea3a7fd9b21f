"""Labels moved from run to run: what stays, what changes, and how many ways there are."""

import itertools

import numpy as np
import pytest

from eegimg.validity._relabel import (
    SHIFTS,
    _count_partitions,
    _partition,
    make_relabellings,
    make_shifted_labels,
    runs_held_out,
    without_signal,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def several_runs(n_rounds=4, length=4, names="abc", seed=0):
    """Return labels, and the round of each trial; every label has a run in each round."""
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(list(names))]
    while len(orders) < n_rounds:
        order = rng.permutation(list(names))
        if order[0] != orders[-1][-1]:  # two runs would become one
            orders.append(order)
    return np.repeat(np.concatenate(orders), length), np.repeat(np.arange(n_rounds), len(names) * length)


def labels_of_runs(trials, labels):
    """Return the label of each run, and check that it has one."""
    found = [np.unique(labels[trials.runs == run]) for run in np.unique(trials.runs)]
    assert all(len(one) == 1 for one in found)
    return np.concatenate(found)


def same_together(first, second):
    """Tell whether two labellings put the same trials together."""
    return np.array_equal(first[:, None] == first, second[:, None] == second)


DESIGNS = {
    "random folds": (None, None),
    "rounds held out": ("rounds", None),
    "recordings, random folds": (None, "rounds"),
    "recordings held out": ("rounds", "rounds"),
    "two recordings, rounds held out": ("rounds", "halves"),
}


@pytest.mark.parametrize(("split", "where"), DESIGNS.values(), ids=DESIGNS)
def test_runs_keep_one_label_and_folds_and_recordings_their_labels(make_trials, folds_of, rng, split, where):
    labels, rounds = several_runs()
    parts = {"rounds": rounds, "halves": rounds // 2, None: None}
    trials = make_trials(labels, recordings=parts[where])
    folds = folds_of(trials, parts[split])
    before = trials.labels.copy()
    found, n_possible = make_relabellings(trials, folds, rng)
    assert len(found) == 20
    assert n_possible > 20
    true = labels_of_runs(trials, trials.labels)
    runs = trials.run_table()
    cells = (
        np.zeros(len(runs), int) if split is None else rounds[np.unique(trials.runs, return_index=True)[1]]
    )
    cells = 100 * cells + runs["recording"].to_numpy()
    for one in found:
        moved = labels_of_runs(trials, one)
        for cell in np.unique(cells):
            assert sorted(moved[cells == cell]) == sorted(true[cells == cell])
        assert not same_together(one, trials.labels)
    assert len({tuple(one) for one in found}) == 20
    assert not any(same_together(a, b) for a, b in itertools.combinations(found, 2))
    np.testing.assert_array_equal(trials.labels, before)


def test_labels_move_at_random(make_trials, folds_of, rng):
    labels, _ = several_runs(n_rounds=6)
    trials = make_trials(labels)
    found, _ = make_relabellings(trials, folds_of(trials), rng, 200)
    kept = np.mean([labels_of_runs(trials, one) == labels_of_runs(trials, trials.labels) for one in found])
    assert kept == pytest.approx(1 / 3, abs=0.05)


def test_one_run_of_each_label_has_no_other_labelling(make_trials, folds_of, rng):
    trials = make_trials(np.repeat(list("abcd"), 10))
    assert make_relabellings(trials, folds_of(trials), rng) == ([], 1.0)


def test_one_run_of_each_label_in_every_recording_has_others(make_trials, folds_of, rng):
    trials = make_trials(np.tile(np.repeat(list("ab"), 8), 3), recordings=np.repeat([1, 2, 3], 16))
    found, n_possible = make_relabellings(trials, folds_of(trials), rng)
    # Two ways in each of three recordings, and names do not count.
    assert n_possible == 4
    assert len(found) == 3


def test_few_ways_are_all_found(make_trials, folds_of, rng):
    trials = make_trials(np.repeat(list("abab"), 6))
    found, n_possible = make_relabellings(trials, folds_of(trials), rng)
    assert n_possible == 3
    assert sorted(labels_of_runs(trials, one)[1:].tolist() for one in found) in (
        [[0, 1, 1], [1, 1, 0]],
        [[0, 1, 1], [0, 0, 1]],
        [[0, 0, 1], [1, 0, 0]],
        [[1, 0, 0], [1, 1, 0]],
    )


def test_recordings_of_one_label_each_change_labels_among_them(make_trials, folds_of, rng):
    recordings = np.repeat(np.arange(8), 6)
    trials = make_trials(np.where(recordings % 2, "a", "b"), recordings=recordings)
    found, n_possible = make_relabellings(trials, folds_of(trials), rng)
    assert n_possible == 35  # 8 over 4, halved
    assert len(found) == 20
    for one in found:
        assert np.bincount(labels_of_runs(trials, one)).tolist() == [4, 4]


def partitions_by_hand(labels, blocks):
    """Return all partitions that permutations inside blocks reach."""
    members = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    found = set()
    for orders in itertools.product(*(itertools.permutations(rows) for rows in members)):
        moved = labels.copy()
        for rows, order in zip(members, orders, strict=True):
            moved[rows] = labels[list(order)]
        found.add(_partition(moved))
    return found


@pytest.mark.parametrize(
    ("labels", "blocks"),
    [
        ("abcd", "0000"),
        ("abab", "0000"),
        ("aabb", "0011"),
        ("abab", "0011"),
        ("ababab", "000000"),
        ("abcabc", "000000"),
        ("abcabc", "000111"),
        ("aabbcc", "001122"),
        ("abbbab", "000111"),
        ("aabacb", "000011"),
    ],
)
def test_ways_of_putting_runs_together_are_counted_as_by_hand(labels, blocks):
    labels = np.unique(list(labels), return_inverse=True)[1]
    blocks = np.array(list(blocks), int)
    assert _count_partitions(labels, blocks) == len(partitions_by_hand(labels, blocks))


def test_a_count_that_no_one_can_make_is_a_large_number():
    assert _count_partitions(np.arange(4000) % 40, np.zeros(4000, int)) >= 5e14


def test_partitions_do_not_depend_on_names():
    assert _partition(np.array([0, 1, 1, 2])) == _partition(np.array([2, 0, 0, 1]))
    assert _partition(np.array([0, 1, 1, 2])) != _partition(np.array([0, 1, 2, 2]))


def test_taking_the_signal_out_leaves_runs_as_they_would_be_without_it(make_trials):
    labels, _ = several_runs(n_rounds=400, length=5)
    trials = make_trials(labels)
    rng = np.random.default_rng(0)
    of_runs = rng.standard_normal((len(np.unique(trials.runs)), 1, 3))
    noise = rng.standard_normal((len(labels), 2, 3))
    drifting = of_runs[trials.runs] + noise
    signal = 7.0 * np.arange(3)[trials.labels][:, None, None]
    found = without_signal(drifting + signal, trials)
    assert found.shape == drifting.shape
    np.testing.assert_allclose(found, without_signal(drifting, trials), atol=1e-9)
    for label in range(3):
        np.testing.assert_allclose(found[trials.labels == label].mean(axis=0), 0, atol=1e-9)
    within = found - [found[trials.runs == run].mean(axis=0) for run in trials.runs]
    np.testing.assert_allclose(
        within, drifting - [drifting[trials.runs == run].mean(axis=0) for run in trials.runs]
    )


@pytest.mark.parametrize("n_rounds", [2, 3, 8])
def test_runs_differ_as_much_as_before_however_few_they_are(make_trials, n_rounds):
    sizes = []
    for seed in range(60):
        labels, _ = several_runs(n_rounds=n_rounds, length=2, seed=seed)
        trials = make_trials(labels)
        of_runs = np.random.default_rng(seed).standard_normal((len(np.unique(trials.runs)), 50))
        found = without_signal(of_runs[trials.runs], trials)
        sizes.append(found.var())
    assert np.mean(sizes) == pytest.approx(1.0, abs=0.05)


def test_shifted_labels_move_by_the_same_places_in_all_recordings(make_trials):
    labels = np.array(list("aabbbbaaab" * 2 + "bbbbaaaaab"))
    recordings = np.repeat([1, 2], [20, 10])
    rows = np.random.default_rng(0).permutation(30)
    trials = make_trials(labels, recordings=recordings)
    found = make_shifted_labels(trials)
    assert len(found) == len(SHIFTS)
    for shift, one in zip(SHIFTS, found, strict=True):
        np.testing.assert_array_equal(one[:20], np.roll(trials.labels[:20], shift))
        np.testing.assert_array_equal(one[20:], np.roll(trials.labels[20:], shift))
    shuffled = make_shifted_labels(trials.take(rows))
    for one, moved in zip(found, shuffled, strict=True):
        np.testing.assert_array_equal(moved, one[rows])


def test_runs_are_held_out_only_where_none_is_in_both_parts(make_trials, folds_of):
    labels, rounds = several_runs()
    trials = make_trials(labels)
    assert runs_held_out(trials, folds_of(trials, rounds))
    assert not runs_held_out(trials, folds_of(trials))
    early, late = np.arange(0, 6), np.arange(6, 48)  # parts the second run
    assert not runs_held_out(trials, [(late, early)])


def test_the_same_generator_gives_the_same_labellings(make_trials, folds_of):
    trials = make_trials(several_runs()[0])
    folds = folds_of(trials)
    first, second, other = (make_relabellings(trials, folds, np.random.default_rng(s))[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
