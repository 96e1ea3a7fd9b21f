"""Filters stay on their side of a break, notches hit the line, and no rate is made up."""

import mne
import numpy as np
import pytest

from eegimg.preprocessing import Crop, Filter, Notch, Resample


def power_at(inst, freq):
    spectrum = inst.compute_psd(fmin=freq - 1, fmax=freq + 1, picks="eeg", n_fft=512, verbose="error")
    return spectrum.get_data().mean()


@pytest.mark.parametrize("mark", ["boundary", "EDGE boundary", "BAD_ACQ_SKIP"])
def test_no_filter_crosses_a_break(clean, mark):
    half = clean.n_times // 2
    clean._data[:16, half:] += 1e-3
    clean.set_annotations(mne.Annotations([half / clean.info["sfreq"]], [0.0], [mark]))
    together = Filter(l_freq=1.0, h_freq=30.0).transform(clean).get_data(picks="eeg")
    clean.set_annotations(None)
    parts = [clean.copy().crop(0, half / 250, include_tmax=False), clean.copy().crop(half / 250)]
    alone = [Filter(l_freq=1.0, h_freq=30.0).transform(part).get_data(picks="eeg") for part in parts]
    np.testing.assert_allclose(together, np.concatenate(alone, axis=1), atol=1e-12)
    across = Filter(l_freq=1.0, h_freq=30.0).transform(clean).get_data(picks="eeg")
    assert np.abs(across - together).max() > 1e-5


def test_a_filter_longer_than_the_stretch_is_refused(clean):
    clean.set_annotations(mne.Annotations(np.arange(1.0, 49.0), 0.0, "boundary"))
    with pytest.raises(
        RuntimeError, match=r"needs stretches of 33.* s; the shortest one here lasts 1.0 s. Raise l_freq"
    ):
        Filter(l_freq=0.1, h_freq=None).transform(clean)
    assert Filter(l_freq=None, h_freq=30.0).transform(clean).info["lowpass"] == 30.0


def test_a_low_pass_above_half_the_rate_is_left_out_and_said(clean):
    out, found = Filter(l_freq=1.0, h_freq=200.0).apply(clean)
    assert found["h_freq"] is None
    assert "not below half the rate" in found["note"]
    assert out.info["lowpass"] == clean.info["lowpass"]


def test_the_line_and_its_harmonics_go_and_the_rest_stays(clean):
    out, found = Notch().apply(clean)
    assert found["freqs"] == [50.0, 100.0]
    assert power_at(out, 50.0) < 0.05 * power_at(clean, 50.0)
    assert power_at(out, 20.0) == pytest.approx(power_at(clean, 20.0), rel=0.02)
    named = Notch(freqs=[50.0, 400.0]).apply(clean)[1]
    assert named["freqs"] == [50.0]


def test_a_line_frequency_that_is_missing_is_asked_for(clean):
    clean.info["line_freq"] = None
    with pytest.raises(
        RuntimeError, match="needs the power line frequency; this recording does not state it. Set Power"
    ):
        Notch().transform(clean)


def test_resampling_goes_down_and_never_up(clean):
    out, found = Resample(sfreq=125.0).apply(clean)
    assert out.info["sfreq"] == 125.0
    assert found["from"] == 250.0
    low = Filter(l_freq=None, h_freq=30.0).transform(clean)
    np.testing.assert_allclose(
        Resample(sfreq=125.0).transform(low).get_data(picks="eeg")[:, 100:-100],
        low.get_data(picks="eeg")[:, ::2][:, 100:-100][:, : out.n_times - 200],
        atol=2e-7,
    )
    same, found = Resample(sfreq=500.0).apply(clean)
    assert same.info["sfreq"] == 250.0
    assert found["note"] == "left at 250 Hz"


@pytest.mark.parametrize("step", [Resample(sfreq=50.0), Filter(l_freq=None, h_freq=20.0)])
def test_epochs_are_filtered_and_resampled_too(clean, step):
    epochs = mne.make_fixed_length_epochs(clean, duration=2.0, preload=True, verbose="error")
    before = epochs.get_data().copy()
    out = step.transform(epochs)
    assert out.info["lowpass"] < epochs.info["lowpass"]
    assert len(out) == len(epochs)
    np.testing.assert_array_equal(epochs.get_data(), before)


def test_cropping_keeps_what_was_asked_for(clean):
    assert Crop(tmin=2.0, tmax=10.0).transform(clean).times[-1] == pytest.approx(8.0)
    assert Crop(tmin=2.0, tmax=9999.0).transform(clean).n_times == clean.n_times - 500
    with pytest.raises(RuntimeError, match="asked to start at 9999.0 s; the data end at"):
        Crop(tmin=9999.0).transform(clean)


def test_what_follows_a_boundary_is_filtered_however_much_was_cut_out_there(clean):
    # EEGLAB gives a boundary the duration of what was removed; MNE would leave that much of the rest unfiltered.
    boundary = mne.Annotations([20.0], [0.0], ["boundary"])
    clean.set_annotations(boundary)
    expected = Filter(l_freq=1.0, h_freq=30.0).transform(clean).get_data()
    boundary.duration[:] = 7.0
    clean.set_annotations(boundary)
    out = Filter(l_freq=1.0, h_freq=30.0).transform(clean)
    np.testing.assert_array_equal(out.get_data(), expected)
    assert out.annotations.duration.tolist() == clean.annotations.duration.tolist() == [7.0]


def test_breaks_are_where_they_were_when_a_recording_is_cropped(clean):
    clean.set_annotations(mne.Annotations([12.0], [0.0], ["boundary"]))
    with pytest.raises(RuntimeError, match=r"the shortest one here lasts 2.0 s"):
        Filter(l_freq=1.0, h_freq=None).transform(clean.crop(10.0))


def test_a_notch_and_a_high_pass_that_cannot_be(clean):
    with pytest.raises(
        RuntimeError, match=r"Notch needs stretches of 6.6 s; the shortest one here lasts 5.0 s"
    ):
        Notch(freqs=(50,)).transform(clean.copy().crop(0, 5, include_tmax=False))
    with pytest.raises(RuntimeError, match="there is nothing above 125 Hz. Lower l_freq"):
        Filter(l_freq=125.0, h_freq=None).transform(clean)


def test_triggers_survive_resampling(clean):
    stim = np.zeros((1, clean.n_times))
    stim[0, 501:8000:250] = 7  # of one sample each
    clean.add_channels(
        [mne.io.RawArray(stim, mne.create_info(["STI"], 250.0, "stim"), verbose="error")], True
    )
    out = Resample(sfreq=100.0).transform(clean)
    events = mne.find_events(out, "STI", shortest_event=1, verbose="error")
    np.testing.assert_allclose(events[:, 0] / 100, np.arange(501, 8000, 250) / 250, atol=0.01)
