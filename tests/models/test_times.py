"""Windows in seconds to samples, and those that no epoch holds."""

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegimg.models import InputSpec
from eegimg.models._times import map_times


def mapped(facts, n_times=500, start=0.0, sfreq=1000.0):
    return map_times(sfreq, n_times, start, InputSpec(**facts))


@given(
    start=st.integers(0, 400),
    length=st.integers(1, 100),
    sfreq=st.sampled_from([100.0, 250.0, 512.0, 1000.0]),
)
@settings(max_examples=50, deadline=None)
def test_a_window_is_what_mne_crops(start, length, sfreq):
    times = -0.2 + np.arange(500) / sfreq
    x = np.random.default_rng(0).standard_normal((2, 500))
    facts = {"tmin": float(times[start]), "n_times": length, "length": "crop"}
    ours = mapped(facts, 500, -0.2, sfreq)(x)
    epochs = mne.EpochsArray(x[None], mne.create_info(2, sfreq, "eeg"), tmin=-0.2, verbose="error")
    stop = float(times[start + length - 1])
    theirs = epochs.crop(facts["tmin"], stop, verbose="error").get_data(copy=False)[0]
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("length", ["crop", "pad"])
def test_a_window_of_other_samples_than_the_network_takes_is_refused(length):
    with pytest.raises(
        ValueError, match="^The network's window of 0.44 s has 440 samples at 1000 Hz, and it takes 512"
    ):
        mapped({"tmin": 0.0, "duration": 0.44, "n_times": 512, "length": length})
    assert mapped({"duration": 0.44, "n_times": 512, "length": "interpolate"}).record["stretched"] == [
        440,
        512,
    ]
    assert mapped({"duration": 0.44, "length": length})(np.zeros((1, 500))).shape == (1, 440)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"tmin": 2.0, "length": "interpolate", "n_times": 512},
            "expects 512 samples at 1000 Hz from 2.000 s on; the",
        ),
        (
            {"tmin": 2.0, "length": "crop"},
            "expects samples at 1000 Hz from 2.000 s on; the epochs go from 0.000 to 0.5",
        ),
        (
            {"tmin": 2.0, "length": "pad", "n_times": 10},
            "expects 10 samples at 1000 Hz from 2.000 to 2.010 s; the",
        ),
        (
            {"tmin": -1.0, "length": "pad", "n_times": 10},
            "expects 10 samples at 1000 Hz from -1.000 to -0.990 s; the",
        ),
        (
            {"tmin": 0.499, "length": "interpolate", "n_times": 5},
            "expects 5 samples at 1000 Hz from 0.499 to 0.500 s",
        ),
    ],
)
def test_a_window_outside_the_epochs_is_refused(facts, sentence):
    with pytest.raises(ValueError, match=sentence):
        mapped(facts)


@given(sfreq=st.sampled_from([128.0, 200.0, 250.0, 512.0, 2048.0]), n_times=st.integers(20, 700))
@settings(max_examples=40, deadline=None)
def test_as_many_samples_come_out_as_were_counted(sfreq, n_times):
    time_map = mapped({"sfreq": 250.0}, n_times, 0.0, sfreq)
    assert time_map(np.zeros((1, n_times))).shape[-1] == time_map.n_times


def test_an_event_stays_where_it_is_at_another_rate():
    times = -0.2 + np.arange(1024) / 1024.0
    bump = np.exp(-0.5 * ((times - 0.17) / 0.01) ** 2)[None]
    time_map = mapped({"sfreq": 250.0, "tmin": 0.0, "n_times": 100, "length": "crop"}, 1024, -0.2, 1024.0)
    found = time_map(bump)[0]
    at = time_map.record["start"] + np.arange(100) / 250.0
    assert np.sum(at * found) / np.sum(found) == pytest.approx(0.17, abs=1e-4)


def test_an_offset_makes_no_step_at_the_ends():
    time_map = mapped({"sfreq": 250.0}, 512, 0.0, 512.0)
    slope = 0.05 + 1e-3 * np.arange(512) / 512
    np.testing.assert_allclose(time_map(slope), 0.05 + 1e-3 * np.arange(250) / 250, atol=1e-9)
