"""Planted drift is found in the features that it is in, and what labels evoke is no drift."""

import numpy as np
import pytest

from eegimg.validity._drift import compare_runs, compute_drift
from eegimg.validity._features import FEATURES, compute_features
from eegimg.validity._trials import read_trials

N_TRIALS = 120


def in_random_order(seed=0, names="abc"):
    return np.random.default_rng(seed).permutation(np.repeat(list(names), N_TRIALS // len(names)))


def measure(epochs, what=compute_drift, seed=0, n_permutations=99):
    trials, _ = read_trials(epochs)
    features = compute_features(epochs, FEATURES, np.arange(len(epochs)))
    return what(features, trials, np.random.default_rng(seed), n_permutations=n_permutations)


@pytest.mark.parametrize(
    ("kind", "follows", "stays"),
    [
        ("means", {"means", "dc"}, {"power", "covariance"}),
        ("power", {"power", "covariance"}, {"means", "dc"}),
        ("covariance", {"covariance"}, {"means", "dc", "power"}),
    ],
)
@pytest.mark.parametrize("order", ["random", "blocks"])
def test_drift_is_found_where_it_was_planted(make_epochs, kind, follows, stays, order):
    labels = in_random_order() if order == "random" else np.sort(in_random_order())
    found = measure(make_epochs(labels, **{kind: 0.7}))
    assert list(found) == list(FEATURES)
    for name in follows:
        assert found[name] > 4, found
    for name in stays:
        assert abs(found[name]) < 4, found


@pytest.mark.parametrize("order", ["random", "blocks"])
def test_no_drift_is_found_where_there_is_none(make_epochs, order):
    found = []
    for seed in range(6):
        labels = in_random_order(seed) if order == "random" else np.sort(in_random_order(seed))
        found += measure(make_epochs(labels, seed=seed), seed=seed).values()
    assert np.max(np.abs(found)) < 4
    assert np.mean(np.abs(found)) < 2


@pytest.mark.parametrize("order", ["random", "blocks"])
@pytest.mark.parametrize("evoked", [1.0, 30.0])
def test_a_response_of_any_strength_is_no_drift(make_epochs, order, evoked):
    labels = in_random_order() if order == "random" else np.sort(in_random_order())
    found = measure(make_epochs(labels, evoked=evoked))
    assert max(map(abs, found.values())) < 4, found


def test_a_response_does_not_hide_drift(make_epochs):
    found = measure(make_epochs(in_random_order(), evoked=3.0, power=0.7))
    assert found["power"] > 4


def test_drift_in_each_of_several_recordings_is_found(make_epochs):
    epochs = make_epochs(in_random_order(), recordings=np.repeat([1, 2, 3], N_TRIALS // 3), power=0.7)
    assert measure(epochs)["power"] > 4


def test_recordings_that_differ_are_drift_only_where_each_has_one_label(make_epochs):
    recordings = np.repeat([1, 2, 3, 4], N_TRIALS // 4)
    mixed = make_epochs(in_random_order(), recordings=recordings)
    mixed._data[N_TRIALS // 2 :] *= 1.5
    assert abs(measure(mixed)["power"]) < 4
    of_one = make_epochs(np.where(recordings % 2, "a", "b"), recordings=recordings)
    of_one._data[N_TRIALS // 2 :] *= 1.5
    assert measure(of_one)["power"] > 4


def test_labels_of_fewer_than_four_trials_tell_nothing(make_epochs):
    found = measure(make_epochs(np.repeat([f"{number:02d}" for number in range(20)], 3)))
    assert np.isnan(list(found.values())).all()


def test_many_trials_of_a_label_are_thinned_evenly(make_epochs, monkeypatch):
    epochs = make_epochs(in_random_order(names="ab"), power=0.7)
    whole = measure(epochs)["power"]
    monkeypatch.setattr("eegimg.validity._drift.MAX_PER_LABEL", 30)
    assert 4 < measure(epochs)["power"] < whole


def test_the_same_generator_gives_the_same_z(make_epochs):
    epochs = make_epochs(in_random_order(), power=0.7)
    assert measure(epochs, seed=1) == measure(epochs, seed=1)
    assert measure(epochs, seed=1) != measure(epochs, seed=2)


def test_runs_near_in_time_are_alike_where_features_drift(make_epochs):
    labels = np.repeat([f"{number:02d}" for number in range(24)], 5)
    assert measure(make_epochs(labels, power=0.7), compare_runs) > 3
    still = [measure(make_epochs(labels, seed=seed, evoked=2.0), compare_runs, seed) for seed in range(3)]
    assert max(still) < 4
    assert min(still) < 3


def test_runs_are_compared_inside_recordings(make_epochs):
    labels = np.tile(np.repeat([f"{number:02d}" for number in range(12)], 5), 2)
    epochs = make_epochs(labels, recordings=np.repeat([1, 2], 60), power=0.7)
    assert measure(epochs, compare_runs) > 3


@pytest.mark.parametrize("labels", [np.repeat(list("abcdefg"), 8), np.repeat(list("ab"), 40)])
def test_fewer_than_eight_runs_are_not_compared(make_epochs, labels):
    assert np.isnan(measure(make_epochs(labels, power=1.0), compare_runs))


def test_recordings_of_one_run_each_are_not_compared(make_epochs):
    recordings = np.repeat(np.arange(12), 5)
    epochs = make_epochs(np.where(recordings % 2, "a", "b"), recordings=recordings)
    assert np.isnan(measure(epochs, compare_runs))


def test_runs_too_short_to_know_their_spread_are_not_compared(make_epochs):
    assert np.isnan(measure(make_epochs(np.tile(list("ab"), 30)), compare_runs))
