"""Batches on their way to a network: what is refused, and the rule of the released pretraining."""

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import interp1d

from eegimg.models import InputSpec
from eegimg.models._adapter import broken_epochs


def make_adapter(facts=None, n_channels=4, length=50):
    info = mne.create_info(n_channels, 100.0, "eeg")
    return InputSpec(**(facts or {})).adapter(info, length, 0.0)


def noise(*shape, scale=1e-5):
    return np.random.default_rng(0).normal(scale=scale, size=shape)


@pytest.mark.parametrize("shape", [(3, 4, 49), (3, 5, 50), (4, 50)])
def test_epochs_of_another_shape_are_refused(shape):
    with pytest.raises(
        ValueError, match=r"for epochs of shape \(n_epochs, 4, 50\), all channels and"
    ) as caught:
        make_adapter()(noise(*shape))
    assert f"Got {shape}." in str(caught.value)


def test_lists_and_empty_batches_are_taken():
    x = noise(2, 4, 50)
    np.testing.assert_array_equal(make_adapter()(x.tolist()), make_adapter()(x))
    assert make_adapter()(x[:0]).shape == (0, 4, 50)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "facts", [{}, {"scale": "zscore"}, {"scale": "none"}, {"n_times": 60, "length": "pad"}]
)
def test_what_is_given_is_left_as_it_is(facts, dtype):
    x = noise(2, 4, 50).astype(dtype)
    before = x.copy()
    y = make_adapter(facts)(x)
    np.testing.assert_array_equal(x, before)
    assert not np.shares_memory(x, y)


@pytest.mark.parametrize(
    ("scale", "sentence"),
    [(10.0, "If they are microvolts"), (1e-11, "Look for a unit that was converted twice.")],
)
def test_what_cannot_be_volts_is_refused(scale, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_adapter()(noise(3, 4, 50, scale=scale))


def test_flat_epochs_and_offsets_are_no_question_of_units():
    offset = 0.3 + noise(3, 4, 50)  # volts, as electrodes without a high-pass have
    np.testing.assert_allclose(make_adapter()(offset), 1e6 * offset, rtol=1e-6)
    assert not make_adapter()(np.zeros((3, 4, 50))).any()
    assert make_adapter()(noise(3, 4, 50, scale=1e-21)).max() < 1e-12


def test_a_wrong_unit_is_seen_in_the_midst_of_flat_channels():
    x = noise(5, 4, 50, scale=10.0)
    x[:, 0] = 0
    with pytest.raises(ValueError, match="If they are microvolts"):
        make_adapter()(x)


def test_epochs_that_are_no_numbers_do_not_hide_the_unit_of_others():
    x = noise(3, 4, 50, scale=10.0)
    x[0] = 1e-6 * x[0]
    x[1, 0, 3], x[1, 2] = np.inf, np.nan
    with pytest.raises(ValueError, match="If they are microvolts"):
        make_adapter()(x)
    x[2] = 1e-6 * x[2]
    assert np.isfinite(make_adapter()(x)).all(axis=(1, 2)).tolist() == [True, False, True]


def released_item(data, n_chans=128, n_times=512):
    """Give an item as the code of DreamDiffusion's pretraining does, for few samples and few channels."""
    data = interp1d(np.linspace(0, 1, data.shape[1]), data)(np.linspace(0, 1, n_times))
    whole, rest = divmod(n_chans, len(data))
    return np.concatenate([data] * whole + [data[:rest]]) / 10


@given(n_channels=st.integers(1, 128), n_times=st.integers(2, 512))
@settings(max_examples=30, deadline=None)
def test_the_rule_of_the_released_pretraining(n_channels, n_times):
    facts = {"n_chans": 128, "n_times": 512, "channels": "tile", "length": "interpolate", "divisor": 10.0}
    x = noise(2, n_channels, n_times)
    wanted = [released_item(1e6 * epoch) for epoch in x]
    np.testing.assert_allclose(make_adapter(facts, n_channels, n_times)(x), wanted, rtol=1e-5, atol=1e-5)


def test_of_more_channels_and_samples_than_enough_the_first_are_taken():
    facts = {"n_chans": 128, "n_times": 512, "channels": "tile", "length": "crop", "divisor": 10.0}
    x = noise(2, 130, 600)
    np.testing.assert_allclose(make_adapter(facts, 130, 600)(x), 1e5 * x[:, :128, :512], rtol=1e-6)


def test_broken_epochs_are_named():
    x = np.zeros((5, 3, 10))
    assert broken_epochs(x, ["A", "B", "C"]) == ""
    x[2, 1, 4], x[4, 0, 0] = np.nan, np.inf
    sentence = "Epoch 2 has NaN or infinite values in channel 'B', and 1 more epochs have some."
    assert broken_epochs(x, ["A", "B", "C"]) == sentence
    assert broken_epochs(x, ["A", "B", "C"], 1024).startswith("Epoch 1026 has")
