"""Whitening follows the published formula and whitens; scaling scales."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from eegimg.preprocessing import MVNN, Scale, compute_mvnn


@pytest.fixture
def noise():
    rng = np.random.default_rng(0)
    mixing = np.eye(6) + 0.2 * rng.standard_normal((6, 6))
    return np.einsum("ij,njt->nit", mixing, rng.standard_normal((400, 6, 30)))


def plain_formula(data, conditions, covariance):
    """Guggenmos et al. (2018), one covariance at a time, shrunk by scikit-learn."""
    means = []
    for condition in dict.fromkeys(conditions):
        epochs = data[np.asarray(conditions) == condition]
        batches = epochs.transpose(2, 0, 1) if covariance == "time" else epochs.transpose(0, 2, 1)
        shrunk = []
        for batch in batches:
            spread = batch.std(axis=0)
            shrunk.append(ledoit_wolf((batch - batch.mean(axis=0)) / spread)[0] * np.outer(spread, spread))
        means.append(np.mean(shrunk, axis=0))
    values, vectors = np.linalg.eigh(np.mean(means, axis=0))
    return vectors @ np.diag(values**-0.5) @ vectors.T


@pytest.mark.parametrize("covariance", ["time", "epochs"])
def test_the_formula_is_the_published_one(noise, covariance):
    conditions = ["a", "b", "c", "d"] * 10
    whitener, shrinkage = compute_mvnn(noise[:40], conditions, covariance=covariance)
    np.testing.assert_allclose(
        whitener, plain_formula(noise[:40], conditions, covariance), rtol=1e-9, atol=1e-12
    )
    assert 0 < shrinkage < 1


def test_whitened_noise_is_white(noise):
    whitener, _ = compute_mvnn(noise, np.zeros(len(noise)))
    whitened = whitener @ noise
    covariance = np.einsum("nit,njt->ij", whitened, whitened) / (noise.shape[0] * noise.shape[2])
    np.testing.assert_allclose(covariance, np.eye(6), atol=0.1)


def test_what_cannot_be_whitened_is_said(noise):
    with pytest.raises(
        ValueError, match="a condition with at least two epochs; 400 epochs have 400 conditions"
    ):
        compute_mvnn(noise, np.arange(400))
    noise[:, 5] = 0.0
    with pytest.raises(ValueError, match="cannot whiten flat channels; 1 of 6 is flat"):
        compute_mvnn(noise, np.zeros(400))


def test_an_average_reference_leaves_one_direction_out(noise):
    referenced = noise - noise.mean(axis=1, keepdims=True)
    whitener, shrinkage = compute_mvnn(referenced[:2], [0, 0])
    assert shrinkage < 1e-15  # two epochs leave nothing to shrink by
    np.testing.assert_allclose(whitener.sum(axis=0), 0, atol=1e-6 * np.abs(whitener).max())
    whitened = whitener @ referenced[:2]
    differences = (whitened[0] - whitened[1]) / 2
    covariance = differences @ differences.T / noise.shape[2]
    np.testing.assert_allclose(covariance, np.eye(6) - 1 / 6, atol=1e-9)


def test_the_step_whitens_good_channels_by_a_named_column(epochs):
    epochs.info["bads"] = ["Cz"]
    step = MVNN(condition="concept").fit(epochs)
    out, found = step.apply(epochs)
    assert found["unit"] == "n/a"
    assert found["conditions"] == 10
    assert "Cz" not in step.ch_names_
    np.testing.assert_array_equal(out.get_data(picks=["Cz"]), epochs.get_data(picks=["Cz"]))
    expected, _ = compute_mvnn(epochs.get_data(picks=step.ch_names_), epochs.metadata["concept"])
    np.testing.assert_allclose(
        out.get_data(picks=step.ch_names_), expected @ epochs.get_data(picks=step.ch_names_)
    )
    with pytest.raises(ValueError, match="the metadata column 'picture'; the epochs have"):
        MVNN(condition="picture").fit(epochs)
    with pytest.raises(RuntimeError, match="MVNN is not fitted"):
        MVNN().transform(epochs)


@pytest.mark.parametrize("method", ["standard", "robust"])
def test_scaled_channels_have_one_centre_and_spread(epochs, method):
    out = Scale(method=method).fit_transform(epochs).get_data(picks="eeg")
    flat = out.transpose(1, 0, 2).reshape(out.shape[1], -1)
    if method == "standard":
        centre, spread = flat.mean(axis=1), flat.std(axis=1)
    else:
        low, centre, high = np.percentile(flat, (25, 50, 75), axis=1)
        spread = high - low
    np.testing.assert_allclose(centre, 0, atol=1e-9)
    np.testing.assert_allclose(spread, 1, rtol=1e-9)


def test_a_flat_channel_cannot_be_scaled(epochs):
    epochs._data[:, 0] = 0
    with pytest.raises(ValueError, match=f"cannot divide by the spread of {epochs.ch_names[0]}"):
        Scale().fit(epochs)


def test_epochs_of_unknown_pictures_are_no_condition(epochs):
    epochs.metadata["concept"] = epochs.metadata["concept"].astype(object)
    known = epochs.metadata["concept"] != "sun"
    expected = MVNN(condition="concept").fit(epochs[known.to_numpy()])
    for unknown in (None, "n/a", np.nan):
        epochs.metadata.loc[~known, "concept"] = unknown
        step = MVNN(condition="concept").fit(epochs)
        np.testing.assert_array_equal(step.whiteners_[""], expected.whiteners_[""])
        found = step.apply(epochs)[1]
        assert (found["n_fit"], found["conditions"]) == (36, 9)


@pytest.mark.parametrize("step", [MVNN(condition="concept"), Scale()])
def test_data_with_other_channels_are_refused(epochs, step):
    step.fit(epochs)
    with pytest.raises(
        ValueError, match="was fitted with the channels 'Cz', which these data do not have. Fit"
    ):
        step.transform(epochs.copy().drop_channels(["Cz"]))


def test_one_whitener_can_be_asked_for_by_itself(epochs):
    step = MVNN(condition=None).fit(epochs)
    np.testing.assert_array_equal(step.whitener_, next(iter(step.whiteners_.values())))
    with pytest.raises(AttributeError, match="MVNN has 0 whiteners"):
        _ = MVNN().whitener_
