"""Whatever is cropped, resampled or cut: events keep their count, order, time and metadata."""

from fractions import Fraction

import mne
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegimg.events import find_events
from eegimg.preprocessing import Apply, Crop, MakeEpochs, Resample

N_TIMES = 4000
EPS = 2e-6  # MNE rounds the times of annotations to a microsecond


@st.composite
def recordings(draw):
    """Draw a recording whose only channel is its own clock, with named events at any time, between samples too."""
    sfreq = draw(st.sampled_from([100.0, 128.0, 250.0, 512.0, 1000.0, 2048.0 / 3]))
    duration = N_TIMES / sfreq
    # In order, never two at one sample of the lowest rate below, the first and last well inside.
    parts = draw(st.lists(st.floats(0.3, 1.0), min_size=2, max_size=25))
    onsets = np.cumsum(parts) / (sum(parts) + 0.5) * 0.98 * duration
    names = draw(
        st.lists(st.sampled_from(["face", "house", "car"]), min_size=len(parts), max_size=len(parts))
    )
    raw = mne.io.RawArray(
        np.arange(N_TIMES)[None] / sfreq, mne.create_info(["clock"], sfreq, "eeg"), verbose="error"
    )
    if draw(st.booleans()):
        raw.set_meas_date(86_400.0)
    first = draw(st.sampled_from([0.0, 0.25]))
    extras = [{"number": str(number), "image": f"image{number}"} for number in range(len(onsets))]
    raw.set_annotations(mne.Annotations(onsets, 0.0, names, raw.info["meas_date"], extras=extras))
    return raw.crop(first * duration) if first else raw


def truth(raw):
    """Return number, name and time of each event, in seconds from the start of the recording."""
    return [
        (mark["extras"]["number"], mark["description"], mark["onset"] - raw.first_time)
        for mark in raw.annotations
    ]


def found(raw):
    """Return the same as the library finds it."""
    events, _, metadata, _ = find_events(raw)
    times = (events[:, 0] - raw.first_samp) / raw.info["sfreq"]
    return list(zip(metadata["number"].astype(str), metadata["event"], times, strict=True))


def check(after, before, sfreq, shift=0.0, first=None, last=None):
    """Compare events with those before: none lost, moved by more than half a sample, or given another row."""
    expected = [(number, name, time - shift) for number, name, time in before]
    half = 0.5 / sfreq + EPS
    sure = [
        item
        for item in expected
        if (first is None or item[2] >= first + 2 * half) and (last is None or item[2] <= last - 2 * half)
    ]
    known = {number: time for number, _, time in expected}
    numbers = [number for number, _, _ in after]
    assert numbers == [number for number, _, _ in expected if number in set(numbers)]  # the order, none twice
    assert {number for number, _, _ in sure} <= set(numbers)
    assert [name for _, name, _ in after] == [dict((n, m) for n, m, _ in expected)[n] for n in numbers]
    for number, _, time in after:
        assert abs(time - known[number]) <= half


quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@quick
@given(recordings())
def test_finding_events_moves_none_by_more_than_half_a_sample(raw):
    check(found(raw), truth(raw), raw.info["sfreq"])


@quick
@given(recordings(), st.floats(0.0, 0.5), st.floats(0.6, 1.2), st.booleans())
def test_crop(raw, start, stop, as_call):
    before, duration = truth(raw), raw.times[-1]
    tmin, tmax = start * duration, stop * duration
    if as_call:
        out = Apply("crop", tmin=tmin, tmax=min(tmax, duration)).transform(raw)
    else:
        out = Crop(tmin=tmin, tmax=tmax).transform(raw)
    # A recording can only begin at a sample: all times are counted from there.
    began = (out.first_samp - raw.first_samp) / raw.info["sfreq"]
    assert abs(began - tmin) <= 0.5 / raw.info["sfreq"] + EPS or began >= tmin
    if not len(out.annotations):
        assert not [time for _, _, time in before if began < time < began + out.times[-1]]
        return
    check(found(out), before, raw.info["sfreq"], shift=began, first=0.0, last=out.times[-1])
    assert truth(raw) == before


@quick
@given(
    recordings(),
    st.sampled_from([40.0, 64.0, 99.9, 100.0, 125.0, 250.0]),
    st.sampled_from(["fft", "polyphase"]),
)
def test_resample(raw, sfreq, method):
    before = truth(raw)
    if method == "polyphase" and sfreq == 99.9:
        sfreq = 100.0
    out = Resample(sfreq=sfreq, method=method).transform(raw)
    check(found(out), before, out.info["sfreq"], last=out.times[-1])
    # Also the annotations themselves, which are not bound to samples, and the length of the data.
    check(truth(out), before, out.info["sfreq"], last=out.times[-1])
    lost = raw.n_times / raw.info["sfreq"] - out.n_times / out.info["sfreq"]
    assert -0.5 / out.info["sfreq"] - EPS <= lost <= 0.5 / out.info["sfreq"] + 0.01 + EPS


@quick
@given(recordings(), st.floats(0.0, 0.3), st.sampled_from([50.0, 80.0, 100.0, 250.0]), st.floats(0.05, 0.4))
def test_epochs_after_crop_and_resample(raw, start, sfreq, tmax):
    before = truth(raw)
    cropped = Crop(tmin=start * raw.times[-1]).transform(raw)
    began = (cropped.first_samp - raw.first_samp) / raw.info["sfreq"]
    out = Resample(sfreq=sfreq).transform(cropped)
    wanted = [
        item for item in before if item[2] - began > 0.06 and item[2] - began + tmax < out.times[-1] - 0.05
    ]
    if not wanted:
        return
    # Two events at one of the new samples are the user's to decide.
    if (np.diff([sample for _, _, sample in found(out)]) == 0).any():
        with pytest.raises(RuntimeError, match="two events at one sample"):
            MakeEpochs(tmin=-0.05, tmax=tmax, baseline=None).transform(out)
        return
    epochs = MakeEpochs(tmin=-0.05, tmax=tmax, baseline=None).transform(out)
    rate = out.info["sfreq"]
    times = (epochs.events[:, 0] - out.first_samp) / rate
    after = list(zip(epochs.metadata["number"].astype(str), epochs.metadata["event"], times, strict=True))
    check(after, before, rate, shift=began, first=0.06, last=out.times[-1] - tmax - 0.05)
    names = {code: name for name, code in epochs.event_id.items()}
    assert [names[code] for code in epochs.events[:, 2]] == epochs.metadata["event"].tolist()
    assert epochs.metadata["image"].tolist() == [f"image{number}" for number, _, _ in after]


@quick
@given(recordings(), st.floats(0.0, 0.3))
def test_the_samples_of_an_epoch_are_those_at_its_event(raw, start):
    cropped = Crop(tmin=start * raw.times[-1]).transform(raw)
    left = {number: time + cropped.first_time for number, _, time in truth(cropped)}
    inside = [time for _, _, time in truth(cropped) if 0.06 < time < cropped.times[-1] - 0.11]
    if not inside:
        return
    epochs = MakeEpochs(tmin=-0.05, tmax=0.1, baseline=None).transform(cropped)
    at_event = epochs.get_data()[:, 0, int(np.argmin(np.abs(epochs.times)))]
    for number, clock in zip(epochs.metadata["number"].astype(str), at_event, strict=True):
        assert abs(clock - left[number]) <= 0.5 / raw.info["sfreq"] + EPS


@quick
@given(
    recordings(),
    st.floats(0.0, 0.3),
    st.sampled_from([50.0, 64.0, 80.0, 100.0, 250.0]),
    st.sampled_from(["fft", "polyphase"]),
)
def test_resampled_data_stay_with_their_events(raw, start, sfreq, method):
    raw = Crop(tmin=start * raw.times[-1]).transform(raw)
    # A slow wave, whose phase tells the time, and no edge in sight.
    period = raw.times[-1] / 4
    wave = 2 * np.pi / period
    raw._data[0] = np.sin(wave * raw.times)
    out = Resample(sfreq=sfreq, method=method).transform(raw)
    rate = out.info["sfreq"]
    for low, high in ((0.1, 0.4), (0.6, 0.9)):
        inner = slice(int(low * out.n_times), int(high * out.n_times))
        times, data = out.times[inner], out.get_data()[0, inner]
        slope = wave * np.cos(wave * times)
        late = -((data - np.sin(wave * times)) @ slope) / (slope @ slope)
        # Half a new sample where the recording ends, nothing where it begins; nothing at all where it fits.
        whole = Fraction(sfreq / raw.info["sfreq"]).limit_denominator(10_000).denominator
        fits = sfreq >= raw.info["sfreq"] or raw.n_times % whole <= 0.01 * raw.info["sfreq"]
        assert abs(late) * rate <= (0.03 if fits else 0.5 * high + 0.03)
