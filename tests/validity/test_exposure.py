"""How well time, and the place in a recording, tell labels: with designs of which that is known."""

import numpy as np
import pytest

from eegimg.validity._exposure import (
    balanced_kappa,
    compute_position_exposure,
    compute_time_exposure,
)


def exposures(trials, folds, seed=0, n_permutations=40):
    """Return both exposures."""
    return [
        compute(trials, folds, np.random.default_rng(seed), n_permutations=n_permutations)
        for compute in (compute_time_exposure, compute_position_exposure)
    ]


def in_random_order(seed, n_each=40, names="abcd"):
    return np.random.default_rng(seed).permutation(np.repeat(list(names), n_each))


def several_runs(n_rounds=5, length=8, seed=3):
    """Return labels of several runs each, and the round that a trial is in."""
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(list("abcd")) for _ in range(n_rounds)])
    return np.repeat(order, length), np.repeat(np.arange(n_rounds), 4 * length)


def same_for_all(sequence, n_recordings=8):
    """Return labels and recordings of some people who saw the same."""
    return np.tile(sequence, n_recordings), np.repeat(np.arange(n_recordings), len(sequence))


@pytest.mark.parametrize("n_labels", [2, 3, 40])
def test_kappa_is_one_for_all_right_nought_for_chance_and_negative_for_all_wrong(n_labels):
    labels = np.arange(4 * n_labels) % n_labels
    right, wrong = np.ones(len(labels)), np.zeros(len(labels))
    assert balanced_kappa(right, labels, n_labels) == pytest.approx(1.0)
    assert balanced_kappa(wrong, labels, n_labels) == pytest.approx(-1.0 / (n_labels - 1))
    assert balanced_kappa((labels == 0).astype(float), labels, n_labels) == pytest.approx(0.0)
    assert balanced_kappa(right / n_labels, labels, n_labels) == pytest.approx(0.0)


def test_kappa_weighs_labels_alike_and_leaves_out_those_without_a_trial():
    labels = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    hits = np.stack([labels == 0, labels == 1, np.ones(10)]).astype(float)
    np.testing.assert_allclose(balanced_kappa(hits, labels, 2), [0.0, 0.0, 1.0], atol=1e-12)
    # Two of three labels are tested, and chance stays a third.
    assert balanced_kappa(hits[0], labels, 3) == pytest.approx((0.5 - 1 / 3) / (1 - 1 / 3))


def test_kappa_is_what_scikit_learn_calls_adjusted_balanced_accuracy():
    from sklearn.metrics import balanced_accuracy_score

    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 5, 300) // 2 * 2 // 2, rng.integers(0, 3, 300)
    ours = balanced_kappa((truth == guess).astype(float), truth, 3)
    assert ours == pytest.approx(balanced_accuracy_score(truth, guess, adjusted=True))


def test_one_block_of_each_label_is_exposed_under_random_folds(make_trials, folds_of):
    trials = make_trials(np.repeat(list("abcd"), 40))
    in_time, by_place = exposures(trials, folds_of(trials))
    assert in_time.kappa > 0.95
    assert in_time.z > 10
    assert np.isnan([by_place.kappa, by_place.z]).all()  # there is one recording


def test_several_runs_are_exposed_under_random_folds_and_not_where_they_are_held_out(make_trials, folds_of):
    labels, rounds = several_runs()
    trials = make_trials(labels)
    random, _ = exposures(trials, folds_of(trials))
    held_out, _ = exposures(trials, folds_of(trials, rounds))
    assert random.kappa > 0.7
    assert random.z > 8
    assert held_out.kappa < 0.1


def test_labels_in_random_order_are_not_exposed(make_trials, folds_of):
    found = []
    for seed in range(20):
        trials = make_trials(in_random_order(seed))
        found.append(exposures(trials, folds_of(trials, seed=seed), seed)[0])
    kappas = np.array([one.kappa for one in found])
    assert abs(kappas.mean()) < 0.1
    # A kappa above .10 happens by chance in so few trials, and z stands against it.
    assert sum(one.kappa >= 0.1 and one.z > 3 for one in found) <= 1


def test_many_trials_in_random_order_have_a_kappa_of_nought(make_trials, folds_of):
    trials = make_trials(in_random_order(0, n_each=300))
    assert abs(exposures(trials, folds_of(trials))[0].kappa) < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_alternation_is_exposed_the_other_way(make_trials, folds_of, seed):
    trials = make_trials(np.tile(list("ab"), 80))
    in_time, _ = exposures(trials, folds_of(trials, seed=seed))
    assert in_time.kappa < -0.2
    assert np.isnan(in_time.z)


def test_no_trial_votes_across_recordings(make_trials, folds_of):
    labels, recordings = same_for_all(np.repeat(list("ab"), 20))
    trials = make_trials(labels, recordings=recordings)
    in_time, _ = exposures(trials, folds_of(trials, recordings))
    assert np.isnan([in_time.kappa, in_time.z]).all()


def test_a_trial_without_a_voter_counts_as_chance(make_trials):
    # Of two recordings one is trained and tested in halves, the other only tested.
    trials = make_trials(np.tile(np.repeat(list("ab"), 20), 2), recordings=np.repeat([1, 2], 40))
    train = np.arange(0, 40, 2)
    alone = compute_time_exposure(trials, [(train, np.arange(1, 40, 2))], np.random.default_rng(0))
    both = [(train, np.r_[np.arange(1, 40, 2), 40:60])]
    half = compute_time_exposure(trials, both, np.random.default_rng(0))
    assert alone.kappa == pytest.approx(1.0)
    assert half.kappa == pytest.approx((1 / 3 + 1) / 2)  # of a, 10 right and 20 by chance; of b, all


def test_recordings_of_one_label_each_are_exposed_under_random_folds_whatever_the_order(
    make_trials, folds_of
):
    trials = make_trials(np.repeat(list("ab"), 40), recordings=np.repeat([1, 2, 3, 4], 20), order="unknown")
    assert not trials.ordered
    in_time, by_place = exposures(trials, folds_of(trials))
    assert in_time.kappa == pytest.approx(1.0)
    assert np.isnan(by_place.kappa)


@pytest.mark.parametrize("sequence", ["abcd", "ab"])
def test_blocks_in_one_order_for_all_are_exposed_by_place_where_a_recording_is_left_out(
    make_trials, folds_of, sequence
):
    labels, recordings = same_for_all(np.repeat(list(sequence), 30), n_recordings=5)
    trials = make_trials(labels, recordings=recordings)
    _, by_place = exposures(trials, folds_of(trials, recordings), n_permutations=20)
    assert by_place.kappa > 0.5
    assert by_place.z > 3


@pytest.mark.parametrize(("sequence", "length"), [("abab", 8), ("abcd", 8), ("ab" * 6, 5), ("abcabc", 12)])
def test_short_runs_in_one_order_for_all_are_exposed_by_place_too(make_trials, folds_of, sequence, length):
    labels, recordings = same_for_all(np.repeat(list(sequence), length), n_recordings=6)
    trials = make_trials(labels, recordings=recordings)
    _, by_place = exposures(trials, folds_of(trials, recordings))
    assert by_place.kappa > 0.9
    assert by_place.z > 3


def test_blocks_in_turned_order_for_every_other_person_are_not_exposed_by_place(make_trials, folds_of):
    labels = np.concatenate([np.repeat(list("ab" if person % 2 else "ba"), 12) for person in range(8)])
    recordings = np.repeat(np.arange(8), 24)
    trials = make_trials(labels, recordings=recordings)
    assert exposures(trials, folds_of(trials, recordings))[1].kappa < 0


def test_blocks_in_an_order_of_their_own_are_not_exposed_by_place(make_trials, folds_of):
    rng = np.random.default_rng(1)
    recordings = np.repeat(np.arange(12), 60)
    labels = np.concatenate([np.repeat(rng.permutation(list("abc")), 20) for _ in range(12)])
    trials = make_trials(labels, recordings=recordings)
    _, by_place = exposures(trials, folds_of(trials, recordings), n_permutations=20)
    assert not (by_place.kappa >= 0.1 and by_place.z > 3)


@pytest.mark.parametrize("change", ["none", "shifted", "thinned"])
def test_one_random_sequence_for_all_is_no_trend(make_trials, folds_of, change):
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sequence = rng.permutation(np.repeat(list("ab"), 40))
        parts = {
            "none": [np.arange(80)] * 8,
            "shifted": [np.arange(80)[shift : shift + 72] for shift in (0, 1, 2, 0, 1, 2, 0, 1)],
            "thinned": [np.sort(rng.permutation(80)[:68]) for _ in range(8)],
        }[change]
        # Shifted: the first trials are missing, and the recording starts where the rest does.
        onsets = [60 * (part - part[0]) + 100_000 * number for number, part in enumerate(parts)]
        trials = make_trials(
            np.concatenate([sequence[part] for part in parts]),
            recordings=np.repeat(np.arange(8), [len(part) for part in parts]),
            onsets=np.concatenate(onsets),
        )
        folds = folds_of(trials, trials.recordings)
        found.append(exposures(trials, folds, n_permutations=20)[1])
    assert sum(one.kappa >= 0.1 and one.z > 3 for one in found) == 0


def test_the_same_generator_gives_the_same_numbers_and_labels_stay(make_trials, folds_of):
    labels, _ = several_runs()
    trials = make_trials(labels)
    before = trials.labels.copy()
    folds = folds_of(trials)
    assert exposures(trials, folds, 5)[0] == exposures(trials, folds, 5)[0]
    assert exposures(trials, folds, 5)[0].z != exposures(trials, folds, 6)[0].z
    np.testing.assert_array_equal(trials.labels, before)


def test_a_part_of_many_test_trials_gives_nearly_the_same_kappa(make_trials, folds_of, monkeypatch):
    labels, _ = several_runs(n_rounds=10)
    trials = make_trials(labels)
    whole = exposures(trials, folds_of(trials))[0]
    monkeypatch.setattr("eegimg.validity._exposure.MAX_ROWS", 150)
    assert exposures(trials, folds_of(trials))[0].kappa == pytest.approx(whole.kappa, abs=0.1)
