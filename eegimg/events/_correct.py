"""Move events to where pictures really came."""

import warnings

import mne
import numpy as np

from .._checks import check_option
from ._onsets import measure


def correct_onsets(
    raw,
    photodiode="photo",
    *,
    event_id=None,
    stim_channel=None,
    edge="auto",
    max_offset=0.2,
    tolerance=None,
    min_gap=0.025,
    missed="shift",
    return_report=False,
):
    """Move events to where a photodiode or analog channel says that the pictures came.

    Events read from annotations keep their descriptions, durations and extras, and all other annotations stay
    as they are. Events read from a stim channel are written anew to the channel of the returned recording.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        A recording with triggers and the channel; it is left as it is.
    photodiode : str
        The channel, of any type.
    event_id : sequence of str | dict of str to int | None
        Which events are pictures.
    stim_channel : str | None
        Stim channel to read triggers from. None takes annotations, and a stim channel where there are none.
    edge : 'auto' | 'rise' | 'fall' | 'both'
        What a picture does to the channel.
    max_offset : float
        Largest offset in seconds, either way.
    tolerance : float | None
        Largest deviation in seconds from offset and drift.
    min_gap : float
        Shorter gaps in seconds are flicker. Defaults are explained in :func:`check_onsets`.
    missed : 'shift' | 'drop'
        Events without an onset: move them by the median offset and warn, or leave them out.
    return_report : bool
        Also return the report.

    Returns
    -------
    raw : mne.io.BaseRaw
        A copy whose events are where the pictures came.
    report : OnsetReport
        As from :func:`check_onsets`; only with ``return_report=True``.

    Raises
    ------
    ValueError
        If the channel or the events are not there.
    RuntimeError
        If the channel does not change, or fewer than half of the triggers have an onset near them.
    """
    check_option("missed", missed, ("shift", "drop"), "correct_onsets")
    options = (edge, max_offset, tolerance, min_gap)
    report, triggers = measure(raw, photodiode, event_id, stim_channel, options, "correct_onsets")
    if report.n_matched < report.n_missed:
        raise RuntimeError(
            f"correct_onsets leaves the events as they are: only {report.n_matched} of "
            f"{report.n_matched + report.n_missed} triggers have an onset in {photodiode!r} (median offset "
            f"{report.offset:+.1f} ms). Look at check_onsets(raw, {photodiode!r}).plot(), and at 'edge' and "
            "'max_offset'."
        )
    rows = report.table[report.table["status"].isin(("matched", "missed"))]
    times = rows["photodiode"].fillna(rows["onset"] + report.offset / 1000).to_numpy(float)
    times = np.clip(times, 0, raw.times[-1])
    kept = np.ones(len(times), bool) if missed == "shift" else (rows["status"] == "matched").to_numpy()
    if report.n_missed and missed == "shift":
        warnings.warn(
            f"{report.n_missed} of {len(times)} events have no onset in {photodiode!r}; they keep "
            f"the time of their trigger plus the median offset of {report.offset:+.1f} ms. Pass "
            "missed='drop' to leave them out.",
            stacklevel=2,
        )
    moved = _move_annotations if triggers.source == "annotations" else _move_pulses
    out = moved(raw, triggers, times, kept)
    return (out, report) if return_report else out


def _move_annotations(raw, triggers, times, kept):
    """Return a copy with the onsets of some annotations changed, those not kept left out."""
    marks = raw.annotations
    onsets = marks.onset.copy()
    onsets[triggers.places] = times + raw.first_time
    stay = np.ones(len(marks), bool)
    stay[triggers.places[~kept]] = False
    # Without a date MNE counts the onsets that it is given from the first sample of the recording.
    zero = 0.0 if marks.orig_time is not None else raw.first_time
    moved = mne.Annotations(
        onsets[stay] - zero,
        marks.duration[stay],
        marks.description[stay],
        marks.orig_time,
        [names for names, keep in zip(marks.ch_names, stay, strict=True) if keep],
        extras=[extra for extra, keep in zip(marks.extras, stay, strict=True) if keep],
    )
    return raw.copy().set_annotations(moved, emit_warning=False)


def _move_pulses(raw, triggers, times, kept):
    """Return a copy with the pulses of a stim channel at other samples, each as long as before."""
    stim = raw.get_data([triggers.source])[0]
    old, codes = triggers.places[:, 0] - raw.first_samp, triggers.places[:, 2]
    new = np.maximum(np.round(times * raw.info["sfreq"]).astype(int), 1)
    ends = np.append(np.flatnonzero(np.diff(stim)) + 1, len(stim))
    lengths = ends[np.searchsorted(ends, old, "right")] - old
    for start, length in zip(old, lengths, strict=True):
        stim[start : start + length] = 0
    for number in np.flatnonzero(kept)[np.argsort(new[kept], kind="stable")]:
        later = new[kept][new[kept] > new[number]].min(initial=len(stim))
        # A sample of zero before the next pulse, which may have the same code.
        end = min(new[number] + lengths[number], max(later - 1, new[number] + 1))
        stim[new[number] : end] = codes[number]
    out = raw.copy().load_data(verbose="error")
    out[triggers.source] = stim
    there = mne.find_events(
        out, stim_channel=triggers.source, shortest_event=1, consecutive=True, verbose="error"
    )
    wanted = set(zip((new[kept] + raw.first_samp).tolist(), codes[kept].tolist(), strict=True))
    if not wanted <= {(sample, code) for sample, _, code in there.tolist()} or len(wanted) < kept.sum():
        raise RuntimeError(
            f"The corrected events run into one another in the stim channel {triggers.source!r}: at "
            f"{raw.info['sfreq']:g} Hz two of them lie on the same or on neighbouring samples. Make "
            "annotations of the events (mne.annotations_from_events), and correct those."
        )
    return out
