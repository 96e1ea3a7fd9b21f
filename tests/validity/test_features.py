"""Each set of features sees the change that it is named after."""

import mne
import numpy as np
import pytest

from eegimg.validity._features import (
    FEATURES,
    N_COMPONENTS,
    band_power,
    compute_features,
    data_picks,
    log_covariance,
    reduce,
    usual_features,
    window_means,
)

SFREQ = 100.0


def test_window_means_are_those_of_a_tenth_of_a_second_by_channel():
    data = np.arange(2 * 3 * 25, dtype=float).reshape(2, 3, 25)
    means = window_means(data, SFREQ)
    expected = np.stack(
        [data[:, :, :10].mean(axis=2), data[:, :, 10:20].mean(axis=2), data[:, :, 20:].mean(axis=2)], axis=2
    )
    np.testing.assert_allclose(means, expected.reshape(2, -1))


def test_band_power_is_in_the_band_of_a_sine_and_a_trend_is_in_none():
    times = np.arange(100) / SFREQ
    freqs = (2.0, 6.0, 10.0, 20.0, 40.0)
    sines = np.stack([np.sin(2 * np.pi * freq * times) for freq in freqs])[:, None]
    power = band_power(sines, SFREQ)
    assert power.shape == (5, 5)
    np.testing.assert_array_equal(np.argmax(power, axis=1), np.arange(5))
    np.testing.assert_allclose(band_power(sines + 7 + 3 * times, SFREQ), power, atol=0.1)
    # Twice the amplitude is four times the power, in all bands alike.
    np.testing.assert_allclose(band_power(2 * sines, SFREQ) - power, np.log(4), rtol=1e-6)


def test_a_band_without_a_frequency_is_left_out():
    assert band_power(np.random.default_rng(0).standard_normal((2, 1, 20)), 20.0).shape == (2, 3)


def test_log_covariance_is_flat_and_keeps_distances():
    from scipy.linalg import logm

    data = np.random.default_rng(0).standard_normal((2, 4, 200)) * np.array([1, 2, 3, 4])[:, None]
    found = log_covariance(data)
    assert found.shape == (2, 10)
    logs = []
    for trial in data:
        covariance = np.cov(trial)
        logs.append(logm(0.95 * covariance + 0.05 * np.trace(covariance) / 4 * np.eye(4)))
    np.testing.assert_allclose(np.linalg.norm(found[0] - found[1]), np.linalg.norm(logs[0] - logs[1]))


@pytest.mark.parametrize("shape", [(30, 200), (300, 60), (50, 5)])
def test_components_are_those_of_standardised_features(shape):
    from sklearn.decomposition import PCA

    data = np.random.default_rng(0).standard_normal(shape) @ np.diag(np.arange(1.0, shape[1] + 1))
    found = reduce(data)
    standard = (data - data.mean(axis=0)) / data.std(axis=0)
    n_components = min(N_COMPONENTS, *shape)
    assert found.shape == (shape[0], n_components)
    expected = PCA(n_components).fit_transform(standard)
    expected /= expected.std(axis=0)[0]
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-6)


def test_features_that_do_not_vary_are_left_out_and_nothing_remains_as_a_zero():
    data = np.random.default_rng(0).standard_normal((20, 3))
    with_constant = np.column_stack([data, np.full(20, 5.0)])
    np.testing.assert_allclose(
        reduce(with_constant) @ reduce(with_constant).T, reduce(data) @ reduce(data).T, atol=1e-9
    )
    np.testing.assert_array_equal(reduce(np.full((20, 3), 2.0)), np.zeros((20, 1)))


@pytest.mark.parametrize(
    ("kind", "follows", "stays"),
    [
        ("means", {"means", "dc"}, {"power", "covariance"}),
        ("power", {"power", "covariance"}, {"means", "dc"}),
        ("covariance", {"covariance"}, {"means", "dc", "power"}),
    ],
)
def test_a_change_shows_in_its_own_set(make_epochs, kind, follows, stays):
    labels = ["a"] * 100 + ["b"] * 100
    epochs = make_epochs(labels, **{kind: 1.5}, shared=True, n_channels=6)
    # What changes slowly is alike in neighbours.
    features = compute_features(epochs, FEATURES, np.arange(200))

    def likeness(data):
        lag = [np.sum(data[:-1] * data[1:]), np.sum(data[:-100] * data[100:])]
        return (lag[0] - lag[1] * 199 / 100) / np.sum(data**2)

    found = {name: likeness(data) for name, data in features.items()}
    for name in follows:
        assert found[name] > 0.2, found
    for name in stays:
        assert abs(found[name]) < 0.15, found


def test_features_are_of_the_rows_asked_for_whatever_the_size_of_a_piece(make_epochs, monkeypatch):
    epochs = make_epochs(list("ab") * 30)
    rows = np.arange(1, 60, 2)
    whole = compute_features(epochs, FEATURES, rows)
    monkeypatch.setattr("eegimg.validity._features._PIECE", 7)
    pieces = compute_features(epochs[rows], FEATURES, np.arange(30))
    assert list(whole) == list(FEATURES)
    for name, data in whole.items():
        assert len(data) == 30
        np.testing.assert_allclose(data @ data.T, pieces[name] @ pieces[name].T, atol=1e-6)


def test_units_do_not_matter(make_epochs):
    epochs = make_epochs(list("ab") * 20)
    scaled = epochs.copy()
    scaled._data *= 1e6
    features = [compute_features(one, FEATURES, np.arange(40)) for one in (epochs, scaled)]
    for name in FEATURES:
        first, second = (found[name] @ found[name].T for found in features)
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_good_eeg_channels_are_used_and_others_where_there_is_no_eeg():
    info = mne.create_info(["Fz", "Cz", "EOG", "stim"], SFREQ, ["eeg", "eeg", "eog", "stim"])
    info["bads"] = ["Fz"]
    assert data_picks(info).tolist() == [1]
    assert data_picks(mne.create_info(["m", "s"], SFREQ, ["misc", "stim"])).tolist() == [0]


def test_the_mean_of_an_epoch_says_nothing_after_a_high_pass():
    info = mne.create_info(2, SFREQ, "eeg")
    assert usual_features(info) == FEATURES
    with info._unlock():
        info["highpass"] = 0.5
    assert usual_features(info) == ("means", "power", "covariance")
