"""When pictures really came, by a photodiode, against when the triggers say so."""

import dataclasses

import mne
import numpy as np
import pandas as pd

from .._checks import check_number, check_option, check_type, listing, suggest
from ._clock import default_tolerance, fit_line
from ._find import find_events
from ._pairs import pair_onsets
from ._photodiode import find_edges

EDGES = ("rise", "fall", "both")


@dataclasses.dataclass(frozen=True, eq=False)
class OnsetReport:
    """How a photodiode's onsets lie to the triggers.

    Attributes
    ----------
    photodiode : str
        The channel.
    edge : 'rise' | 'fall' | 'both'
        Which changes of the channel were taken for onsets.
    offset : float
        Median of photodiode minus trigger in milliseconds; positive where pictures come late.
    jitter : float
        Standard deviation in milliseconds of what is left of the differences once their drift is taken out.
    drift_ppm : float
        By how much the difference grows with time, in parts per million (microseconds per second), from
        Tukey's biweight regression; NaN with fewer than 8 pairs.
    n_matched, n_missed, n_double, n_extra : int
        Triggers with an onset; triggers without; further onsets soon after one that has a trigger (within
        half of the usual interval); all other onsets.
    table : pandas.DataFrame
        One row per trigger and per onset left over, in order of time: ``event`` (name of the trigger),
        ``onset`` (of the trigger in seconds from the start of the recording), ``photodiode`` (its onset in
        seconds), ``difference`` (milliseconds) and ``status`` ('matched', 'missed', 'double', 'extra').
    other_offsets : list of float
        Offsets in milliseconds under which as many onsets find a trigger, as in a stream at a steady rate.
    """

    photodiode: str
    edge: str
    offset: float
    jitter: float
    drift_ppm: float
    n_matched: int
    n_missed: int
    n_double: int
    n_extra: int
    table: pd.DataFrame
    other_offsets: list

    def __str__(self):
        lines = [
            f"{self.n_matched} of {self.n_matched + self.n_missed} triggers have an onset in "
            f"{self.photodiode!r} ({self.edge}): offset {self.offset:+.2f} ms, jitter {self.jitter:.2f} ms, "
            f"drift {self.drift_ppm:+.1f} ppm.",
            f"{self.n_missed} missed, {self.n_double} double, {self.n_extra} onsets without a trigger.",
        ]
        if self.other_offsets:
            offsets = ", ".join(f"{offset:+.0f}" for offset in self.other_offsets)
            lines.append(f"The onsets would fit as well at {offsets} ms; the smallest offset was taken.")
        return "\n".join(lines)

    def plot(self):
        """Plot the differences over the recording and their distribution.

        Returns
        -------
        fig : matplotlib.figure.Figure
            The figure.
        """
        from ..viz import plot_onsets

        table = self.table[self.table["status"] != "extra"]
        return plot_onsets(table["onset"], table["difference"], table["status"], drift_ppm=self.drift_ppm)


def check_onsets(
    raw,
    photodiode="photo",
    *,
    event_id=None,
    stim_channel=None,
    edge="auto",
    max_offset=0.2,
    tolerance=None,
    min_gap=0.025,
):
    """Compare the onsets in a photodiode or analog channel with the triggers, and change nothing.

    Onsets are crossings of the middle between the channel's two levels. They are paired with the triggers by
    alignment, as in :func:`match_events`, so that one that is missing or double moves no other.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        A recording with triggers and the channel.
    photodiode : str
        The channel, of any type.
    event_id : sequence of str | dict of str to int | None
        Which events are pictures, as in :func:`find_events`.
    stim_channel : str | None
        Stim channel to read triggers from. None takes annotations, and a stim channel where there are none.
    edge : 'auto' | 'rise' | 'fall' | 'both'
        What a picture does to the channel; 'both' where each picture turns a patch on or off in turn. 'auto'
        takes what leaves fewest triggers and onsets alone, and of equals the one with the smallest offset.
    max_offset : float
        Largest offset in seconds, either way; displays and triggers are usually less than 0.1 s apart.
    tolerance : float | None
        Largest deviation in seconds from offset and drift. None takes half of a short interval between
        triggers (the 5th percentile), at most 0.05 s.
    min_gap : float
        Shorter gaps in seconds are flicker: 0.025 is more than a frame at 50 Hz, less than two at 75 Hz.

    Returns
    -------
    report : OnsetReport
        Offset, jitter, drift, and what is missed or double.

    Raises
    ------
    ValueError
        If the channel or the events are not there.
    RuntimeError
        If the channel does not change, or no onset lies near a trigger.
    """
    options = (edge, max_offset, tolerance, min_gap)
    return measure(raw, photodiode, event_id, stim_channel, options, "check_onsets")[0]


@dataclasses.dataclass(frozen=True, eq=False)
class Triggers:
    """Events with their times in seconds, and where they stand: numbers of annotations, or MNE's events."""

    times: np.ndarray
    names: list
    source: str
    places: np.ndarray


def _find_triggers(raw, event_id, stim_channel, caller):
    events, codes, metadata, source = find_events(raw, event_id, stim_channel, caller=caller)
    names = metadata["event"].tolist()
    if source != "annotations":
        return Triggers((events[:, 0] - raw.first_samp) / raw.info["sfreq"], names, source, events)
    places = np.flatnonzero([name in codes for name in raw.annotations.description])
    # Not the samples: an onset can lie between two.
    times = raw.annotations.onset[places] - raw.first_time
    return Triggers(times, raw.annotations.description[places].tolist(), source, places)


def measure(raw, photodiode, event_id, stim_channel, options, caller):
    """Return the report and the triggers."""
    edge, max_offset, tolerance, min_gap = options
    check_type("raw", raw, mne.io.BaseRaw, caller, "a continuous recording (mne.io.Raw)")
    check_type("photodiode", photodiode, str, caller, "the name of a channel")
    check_option("edge", edge, ("auto", *EDGES), caller)
    check_number("max_offset", max_offset, caller, above=0)
    check_number("tolerance", tolerance, caller, above=0, none=True)
    check_number("min_gap", min_gap, caller, at_least=0)
    if photodiode not in raw.ch_names:
        raise ValueError(
            f"{caller} was asked for the photodiode channel {photodiode!r}; the recording has "
            f"{listing(raw.ch_names)}.{suggest(photodiode, raw.ch_names)}"
        )
    triggers = _find_triggers(raw, event_id, stim_channel, caller)
    signal = raw.get_data([photodiode])[0]
    if not np.isfinite(signal).all():
        raise RuntimeError(
            f"The photodiode channel {photodiode!r} holds samples that are not numbers (NaN). Crop them away."
        )
    rises, falls = find_edges(signal, triggers.times, raw.info["sfreq"], min_gap)
    onsets = {"rise": rises, "fall": falls, "both": np.sort(np.concatenate([rises, falls]))}
    tolerance = default_tolerance(triggers.times) if tolerance is None else float(tolerance)
    tried = [
        _compare(triggers, name, onsets[name], tolerance, float(max_offset), photodiode)
        for name in (EDGES if edge == "auto" else (edge,))
    ]
    tried = [report for report in tried if report.n_matched]
    if not tried:
        raise RuntimeError(
            f"No onset in {photodiode!r} lies within {max_offset:g} s of a trigger: {len(triggers.times)} "
            f"triggers, {len(rises)} rises and {len(falls)} falls. Check the channel, or raise 'max_offset'."
        )
    return min(tried, key=_misfit), triggers


def _misfit(report):
    return report.n_missed + report.n_double + report.n_extra, abs(report.offset)


def _compare(triggers, edge, onsets, tolerance, max_offset, photodiode):
    """Pair onsets of one kind with the triggers and describe their differences."""
    pairs = pair_onsets(onsets, triggers.times, tolerance, largest_offset=max_offset)
    paired = np.flatnonzero(pairs.partner >= 0)
    rows = pairs.partner[paired]
    shown = np.full(len(triggers.times), np.nan)
    shown[rows] = onsets[paired]
    difference = 1000 * (shown - triggers.times)
    offset = float(np.median(difference[rows])) if len(rows) else float("nan")
    drift, jitter = float("nan"), float("nan")
    if len(rows) >= 8:
        line = fit_line(triggers.times[rows], onsets[paired])
        drift = 1e6 * (line[1] - 1)
        jitter = 1000 * float(np.std(onsets[paired] - line[0] - line[1] * triggers.times[rows], ddof=2))
    elif len(rows) > 1:
        jitter = float(np.std(difference[rows], ddof=1))
    left = onsets[pairs.partner < 0]
    table = pd.DataFrame(
        {
            "event": triggers.names,
            "onset": triggers.times,
            "photodiode": shown,
            "difference": difference,
            "status": np.where(np.isnan(shown), "missed", "matched"),
        }
    )
    if len(left) and len(rows):
        table = pd.concat([table, _left_over(table, left, offset / 1000, tolerance)], ignore_index=True)
        when = table["photodiode"].fillna(table["onset"])
        table = table.iloc[np.argsort(when, kind="stable")].reset_index(drop=True)
    counts = table["status"].value_counts()
    return OnsetReport(
        photodiode,
        edge,
        offset,
        jitter,
        drift,
        *(int(counts.get(status, 0)) for status in ("matched", "missed", "double", "extra")),
        table,
        [1000 * other for other in pairs.other_offsets],
    )


def _left_over(table, left, offset, tolerance):
    """Tell onsets soon after one that has a trigger from those that belong to nothing."""
    times = table["onset"].to_numpy()
    near = np.median(np.diff(times)) / 2 if len(times) > 1 else np.inf
    last = np.searchsorted(times, left - offset + tolerance, "right") - 1
    since = left - offset - times[np.maximum(last, 0)]
    taken = (table["status"] == "matched").to_numpy()
    double = (last >= 0) & taken[np.maximum(last, 0)] & (since < near)
    return pd.DataFrame(
        {
            "event": np.where(double, table["event"].to_numpy()[np.maximum(last, 0)], None),
            "onset": np.where(double, times[np.maximum(last, 0)], np.nan),
            "photodiode": left,
            "difference": np.where(double, 1000 * (left - times[np.maximum(last, 0)]), np.nan),
            "status": np.where(double, "double", "extra"),
        }
    )
