"""A photodiode whose every onset is known, against triggers that are late, early or lost."""

import datetime

import mne
import numpy as np
import pytest

from eegimg import viz
from eegimg.events import check_onsets, correct_onsets, find_events
from eegimg.events._correct import _move_pulses
from eegimg.events._onsets import _find_triggers

SFREQ = 1000.0


@pytest.fixture
def make():
    """Return a factory of a recording, the times of its triggers, and of its pictures."""

    def recording(
        n=120,
        soa=1.0,
        spread=0.2,
        shown=0.3,
        offset=0.03,
        jitter=0.002,
        drift=0.0,
        missed=(),
        double=(),
        polarity=1,
        flicker=0,
        toggle=False,
        baseline=0.5,
        kind="misc",
        pause=0.0,
        seed=0,
    ):
        rng = np.random.default_rng(seed)
        intervals = rng.uniform(soa - spread, soa + spread, n)
        intervals[n // 2] += pause
        triggers = 2 + np.cumsum(intervals)
        pictures = triggers + offset + drift * (triggers - triggers.mean()) + rng.normal(0, jitter, n)
        times = np.arange(int((pictures[-1] + 3) * SFREQ)) / SFREQ
        light = np.zeros(len(times))
        for number, start in enumerate(pictures):
            end = start + shown
            if toggle:
                end = np.inf if number == n - 1 else pictures[number + 1]
            if number in missed or (toggle and number % 2):
                continue
            now = (times >= start) & (times < end)
            light[now] = ((times[now] - start) * flicker) % 1 < 0.5 if flicker else 1.0
            if number in double:
                light[(times >= start + 0.35) & (times < start + 0.38)] = 1.0
        signal = polarity * light + baseline * np.sin(times / 10) + rng.normal(0, 0.02, len(times))
        info = mne.create_info(["Cz", "photo"], SFREQ, ["eeg", kind])
        raw = mne.io.RawArray(np.stack([0 * signal, signal]), info, verbose="error")
        extras = [{"image": f"image{k}", "stim_file": f"image{k}.png"} for k in range(n)]
        raw.set_annotations(mne.Annotations(triggers, 0.1, ["face", "house"] * (n // 2), extras=extras))
        return raw, triggers, pictures

    return recording


VARIANTS = {
    "plain": {},
    "falling": {"polarity": -1},
    "flicker": {"flicker": 60},
    "falling flicker": {"flicker": 60, "polarity": -1},
    "flash of one frame": {"shown": 0.016},
    "a patch that turns": {"toggle": True},
    "baseline larger than the step": {"baseline": 2.0},
    "a long pause": {"pause": 100.0},
    "steady stream": {"soa": 0.2, "spread": 0.0, "shown": 0.1},
    "picture after picture": {"soa": 0.5, "spread": 0.0, "shown": 0.45},
    "early": {"offset": -0.02},
    "eeg channel": {"kind": "eeg"},
    "stim channel": {"kind": "stim"},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_planted_offset_jitter_and_drift_come_back(make, name):
    settings = {"drift": 120e-6, "jitter": 0.003, "offset": 0.04} | VARIANTS[name]
    raw, triggers, pictures = make(**settings)
    report = check_onsets(raw)
    late = 1000 * (pictures - triggers)
    assert (report.n_matched, report.n_missed, report.n_double, report.n_extra) == (120, 0, 0, 0)
    assert report.offset == pytest.approx(np.median(late), abs=0.7)
    assert report.jitter == pytest.approx(3.0, rel=0.15)
    slope = np.polyfit(triggers, late, 1)[0] * 1000
    duration = np.ptp(triggers)
    assert report.drift_ppm == pytest.approx(slope, abs=0.002 / duration * 1e6)
    found = report.table["photodiode"].to_numpy()
    np.testing.assert_allclose(found, pictures, atol=1.5 / SFREQ)
    assert not report.other_offsets or name == "steady stream"


@pytest.mark.parametrize(
    ("missed", "double"),
    [((), (4,)), ((0, 1, 60, 119), ()), ((7, 8, 9), (3, 50, 51)), (range(20, 40), (80,))],
)
@pytest.mark.parametrize("flicker", [0, 60])
def test_missed_and_double_onsets_are_counted(make, missed, double, flicker):
    raw, _, _ = make(missed=missed, double=double, flicker=flicker, spread=0.1)
    report = check_onsets(raw)
    table = report.table
    assert (report.n_missed, report.n_double, report.n_extra) == (len(missed), len(double), 0)
    of_trigger = table[table["status"].isin(["matched", "missed"])].reset_index(drop=True)
    assert of_trigger.index[of_trigger["status"] == "missed"].tolist() == list(missed)
    doubles = table[table["status"] == "double"]
    np.testing.assert_allclose(doubles["onset"], raw.annotations.onset[list(double)], atol=1e-6)
    assert f"{len(missed)} missed, {len(double)} double, 0 onsets without a trigger." in str(report)


def test_an_onset_whose_trigger_was_lost_is_extra(make):
    raw, _, _ = make()
    raw.annotations.delete([30, 31, 70])
    report = check_onsets(raw)
    assert (report.n_matched, report.n_missed, report.n_double, report.n_extra) == (117, 0, 0, 3)


@pytest.mark.parametrize("date", [None, datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)])
@pytest.mark.parametrize("start", [0.0, 20.5])
def test_annotations_move_and_keep_what_they_say(make, date, start):
    raw, _, pictures = make(drift=100e-6)
    raw.set_meas_date(date)
    raw.annotations.append(raw.first_time + 5.123, 0.5, "BAD_move")
    raw.crop(start)
    before = raw.annotations.copy()
    out, report = correct_onsets(raw, return_report=True)
    assert raw.annotations == before
    assert report.n_missed == 0
    events, event_id, metadata, _ = find_events(out)
    shown = [int(name[5:]) for name in metadata["image"]]
    assert shown == list(range(120 - len(shown), 120))
    np.testing.assert_allclose(
        (events[:, 0] - out.first_samp) / SFREQ, pictures[shown] - start, atol=1.6 / SFREQ
    )
    assert metadata["event"].tolist() == [["face", "house"][number % 2] for number in shown]
    assert set(out.annotations.duration) == set(before.duration)
    marks = [list(marks.onset[marks.description == "BAD_move"]) for marks in (before, out.annotations)]
    assert marks[0] == marks[1]
    assert out.first_samp == raw.first_samp
    np.testing.assert_array_equal(out.get_data(), raw.get_data())
    # Nothing is left to correct.
    assert abs(check_onsets(out).offset) < 0.05


def test_events_without_an_onset_move_by_the_median_or_go(make):
    raw, triggers, pictures = make(missed=(3, 50))
    with pytest.warns(
        UserWarning, match="2 of 120 events have no onset in 'photo'; they keep the time of their"
    ):
        out = correct_onsets(raw)
    assert len(out.annotations) == 120
    late = np.median(np.delete(pictures - triggers, [3, 50]))
    np.testing.assert_allclose(out.annotations.onset[[3, 50]], triggers[[3, 50]] + late, atol=1e-3)
    out, report = correct_onsets(raw, missed="drop", return_report=True)
    assert report.n_missed == 2
    left = [extra["image"] for extra in out.annotations.extras]
    assert left == [f"image{k}" for k in range(120) if k not in (3, 50)]


@pytest.mark.parametrize("first", [0, 700])
def test_a_stim_channel_is_written_anew(make, first):
    raw, triggers, pictures = make(missed=(3,), jitter=0.004)
    stim = np.zeros((1, raw.n_times))
    codes = np.arange(120) % 5 + 1
    for onset, code in zip(np.round(triggers * SFREQ).astype(int), codes, strict=True):
        stim[0, onset : onset + 20] = code
    stim[0, 500:510] = 99
    raw.set_annotations(None)
    raw.add_channels(
        [mne.io.RawArray(stim, mne.create_info(["STI"], SFREQ, "stim"), verbose="error")],
        force_update_info=True,
    )
    raw.crop(first / SFREQ)
    chosen = {str(code): code for code in range(1, 6)}
    with pytest.warns(UserWarning, match="1 of 120 events have no onset"):
        out = correct_onsets(raw, event_id=chosen, stim_channel="STI")
    events = mne.find_events(out, "STI", verbose="error")
    others = events[events[:, 2] == 99, 0].tolist()
    assert others == ([500] if not first else [])
    events = events[events[:, 2] != 99]
    assert events[:, 2].tolist() == codes.tolist()
    good = np.arange(120) != 3
    np.testing.assert_allclose(events[good, 0] / SFREQ, pictures[good], atol=1.6 / SFREQ)
    assert (out.get_data(["STI"]) != 0).sum() == (raw.get_data(["STI"]) != 0).sum()
    out = correct_onsets(raw, event_id=chosen, stim_channel="STI", missed="drop")
    assert len(mne.find_events(out, "STI", verbose="error")) == 119 + len(others)


def test_pulses_that_would_fall_together_are_refused(make):
    raw, triggers, _ = make(n=20)
    stim = np.zeros((1, raw.n_times))
    stim[0, np.round(triggers * SFREQ).astype(int)] = 1
    info = mne.create_info(["STI"], SFREQ, "stim")
    raw.set_annotations(None).add_channels(
        [mne.io.RawArray(stim, info, verbose="error")], force_update_info=True
    )
    found = _find_triggers(raw, None, "STI", "correct_onsets")
    triggers[5] = triggers[4]
    with pytest.raises(RuntimeError, match="run into one another in the stim channel 'STI': at 1000 Hz two"):
        _move_pulses(raw, found, triggers, np.ones(20, bool))


def test_a_steady_stream_says_which_other_offset_would_do(make):
    raw, _, _ = make(soa=0.15, spread=0.0, shown=0.05, missed=(119,))
    report = check_onsets(raw)
    assert report.offset == pytest.approx(30, abs=1)
    narrow = check_onsets(raw, max_offset=0.1)
    assert (narrow.offset, narrow.other_offsets) == (pytest.approx(30, abs=1), [])


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"photodiode": "foto"}, ValueError, "asked for the photodiode channel 'foto'; the recording has 'Cz' and 'photo'. Did you mean 'photo'"),
        ({"photodiode": 3}, TypeError, "'photodiode' parameter of .* must be the name of a channel. Got 3"),
        ({"edge": "rising"}, ValueError, "'edge' parameter of .* must be 'auto' or 'rise' or 'fall' or 'both'"),
        ({"max_offset": 0}, ValueError, "'max_offset' parameter of .* must be a number above 0"),
        ({"tolerance": -1}, ValueError, "'tolerance' parameter"),
        ({"min_gap": -1}, ValueError, "'min_gap' parameter"),
        ({"event_id": ["fase"]}, ValueError, "_onsets was asked for the events 'fase'; .*Did you mean 'face'"),
        ({"photodiode": "Cz"}, RuntimeError, "channel does not change between two levels: its range .* Name the channel"),
        ({"max_offset": 0.001}, RuntimeError, r"No onset in 'photo' lies within 0.001 s of a trigger: 20 triggers, 20 rises"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("function", [check_onsets, correct_onsets])
def test_what_cannot_be_measured_is_said_in_a_sentence(make, function, arguments, error, sentence):
    raw, _, _ = make(n=20, jitter=0.0)
    with pytest.raises(error, match=sentence):
        function(raw, **arguments)


def test_too_few_onsets_leave_the_events_as_they_are(make):
    raw, _, _ = make(n=40, missed=range(10, 35))
    assert check_onsets(raw).n_missed == 25
    with pytest.raises(
        RuntimeError, match="leaves the events as they are: only 15 of 40 triggers have an onset"
    ):
        correct_onsets(raw)
    with pytest.raises(ValueError, match="'missed' parameter of correct_onsets must be 'shift' or 'drop'"):
        correct_onsets(raw, missed="keep")


def test_noise_and_broken_samples_are_no_photodiode(make):
    raw, _, _ = make(n=20, polarity=0)
    with pytest.raises(RuntimeError, match="does not change between two levels"):
        check_onsets(raw.copy().filter(1, None, picks="misc", verbose="error"))
    raw["photo", 100] = np.nan
    with pytest.raises(RuntimeError, match="'photo' holds samples that are not numbers"):
        check_onsets(raw)


def test_the_report_is_drawn(make):
    import matplotlib.text

    raw, _, _ = make(n=40, missed=(3,), double=(7,), drift=200e-6)
    report = check_onsets(raw)
    fig = report.plot()
    fig.canvas.draw()
    texts = [text.get_text() for text in fig.findobj(matplotlib.text.Text)]
    assert {"matched", "missed", "double", f"drift {report.drift_ppm:+.1f} ppm"} <= set(texts)
    points = fig.axes[0].lines[0].get_xydata()
    assert len(points) == 39
    with pytest.raises(
        ValueError, match="one onset, difference and status per event. Got 1, 2 and 1 instead"
    ):
        viz.plot_onsets([1], [1, 2], ["matched"])
