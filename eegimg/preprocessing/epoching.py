"""From a recording to epochs around picture onsets, and which of them are too large."""

import copy
import dataclasses
import warnings

import mne
import numpy as np

from .._checks import check_filled, check_number, check_option, check_type
from ..events import find_events, find_joins, is_join
from ._step import Step


@dataclasses.dataclass(kw_only=True, eq=False)
class MakeEpochs(Step):
    """Cut epochs around events; columns of events.tsv become their metadata.

    Parameters
    ----------
    tmin, tmax : float
        Start and end in seconds relative to the event.
    baseline : (float | None, float | None) | None
        Interval in seconds whose mean is subtracted from each channel; (None, 0) is everything before the
        event.
    event_id : sequence of str | dict of str to int | None
        Which events. None takes those with a stim_file, and where there are none all that are no marks such
        as BAD, boundary or edge (see :func:`eegimg.events.find_events`).
    stim_channel : str | None
        Stim channel to read events from. None takes annotations, and a stim channel where there are none.
    reject_by_annotation : bool
        Drop epochs that overlap an annotation starting with "bad", or that reach over a join of stretches
        that are no neighbours in time ("BAD boundary" or "EDGE boundary" without duration).
    event_repeated : 'error' | 'drop' | 'merge'
        Two events at one sample: refuse, keep the first, or join them.

    Raises
    ------
    ValueError
        If there are no such events.
    RuntimeError
        If no epoch is left.
    """

    tmin: float = -0.2
    tmax: float = 0.8
    baseline: tuple | None = (None, 0)
    event_id: tuple | dict | None = None
    stim_channel: str | None = None
    reject_by_annotation: bool = True
    event_repeated: str = "error"

    def check(self):
        """Look at the parameters."""
        check_number("tmin", self.tmin, "MakeEpochs")
        check_number("tmax", self.tmax, "MakeEpochs", above=self.tmin)
        check_option("event_repeated", self.event_repeated, ("error", "drop", "merge"), "MakeEpochs")
        check_type(
            "stim_channel", self.stim_channel, (str, type(None)), "MakeEpochs", "a channel name or None"
        )
        check_type("reject_by_annotation", self.reject_by_annotation, bool, "MakeEpochs", "True or False")
        self._check_event_id()
        self._check_baseline()

    def _check_event_id(self):
        wanted = "a list of names, a table of names and codes such as {face = 1, house = 2}, or None"
        check_filled("event_id", self.event_id, (list, tuple, dict, type(None)), "MakeEpochs", wanted)
        for name in self.event_id or ():
            check_type("event_id", name, str, "MakeEpochs", wanted)
        if isinstance(self.event_id, dict):
            for name, code in self.event_id.items():
                check_number(f"event_id.{name}", code, "MakeEpochs", integer=True)
            if len(set(self.event_id.values())) < len(self.event_id):
                raise ValueError(
                    "The 'event_id' parameter of MakeEpochs must give every name a code of its own. Got "
                    f"{self.event_id!r} instead."
                )

    def _check_baseline(self):
        wanted = "two times in seconds, or None"
        check_filled("baseline", self.baseline, (list, tuple, type(None)), "MakeEpochs", wanted)
        if self.baseline is None:
            return
        for value in self.baseline:
            check_number("baseline", value, "MakeEpochs", none=True)
        if len(self.baseline) != 2:
            raise ValueError(
                f"The 'baseline' parameter of MakeEpochs must be {wanted}. Got {self.baseline!r} instead."
            )
        start, end = (
            edge if value is None else value
            for value, edge in zip(self.baseline, (self.tmin, self.tmax), strict=True)
        )
        if not self.tmin <= start <= end <= self.tmax:
            raise ValueError(
                f"The 'baseline' parameter of MakeEpochs must lie between tmin={self.tmin} and "
                f"tmax={self.tmax} s. Got {tuple(self.baseline)!r} instead."
            )

    def apply(self, inst):
        """Cut the epochs."""
        if not isinstance(inst, mne.io.BaseRaw):
            raise TypeError(
                f"MakeEpochs needs a continuous recording. Got {type(inst).__name__}: it stands twice in "
                "the pipeline."
            )
        events, event_id, metadata, source = find_events(inst, self.event_id, self.stim_channel)
        metadata = _with_order(metadata, inst)
        options = {
            "tmin": self.tmin,
            "tmax": self.tmax,
            "baseline": tuple(self.baseline) if self.baseline else None,
        }
        with warnings.catch_warnings():
            # An empty result is an error of ours below, with the reasons in it.
            warnings.filterwarnings("ignore", message="All epochs were dropped")
            marks = _without_joins(inst, event_id if source == "annotations" else {})
            try:
                epochs = mne.Epochs(
                    _with_bad_spans(inst, marks),
                    events,
                    event_id,
                    metadata=metadata,
                    preload=True,
                    on_missing="ignore",
                    verbose="error",
                    reject_by_annotation=self.reject_by_annotation,
                    event_repeated=self.event_repeated,
                    picks=mne.pick_types(
                        inst.info, eeg=True, eog=True, ecg=True, emg=True, misc=True, exclude=[]
                    ),
                    **options,
                )
            except RuntimeError as err:
                if "Event time samples were not unique" not in str(err):
                    raise
                raise RuntimeError(
                    "MakeEpochs found two events at one sample. Name the wanted ones in event_id, or set "
                    "event_repeated to 'drop' or 'merge'."
                ) from err
            epochs.set_annotations(marks, on_missing="ignore", verbose="error")
            if self.reject_by_annotation:
                _drop_over_joins(epochs, inst)
        dropped = count_drops(epochs.drop_log)
        if len(epochs) == 0:
            why = ", ".join(f"{reason} {count}" for reason, count in dropped.items())
            raise RuntimeError(
                f"MakeEpochs cut no epoch from {len(events)} events: {why}. TOO_SHORT or NO_DATA means that "
                f"{self.tmin}..{self.tmax} s around the events is not all in the recording."
            )
        codes = events[:, 2].tolist()
        found = {
            "source": source,
            "n_events": len(events),
            "event_id": event_id,
            "conditions": {name: codes.count(code) for name, code in event_id.items()},
            "dropped": dropped,
        }
        return epochs, found


def _with_order(metadata, raw):
    """Say in a column "order" where trials were joined, which tells nothing of when they were recorded."""
    joined = len(find_joins(raw)) >= 0.5 * len(metadata)
    return metadata.assign(order="unknown") if joined and len(metadata) > 1 else metadata


def _without_joins(raw, event_id):
    """Return the annotations in which all that is called "bad" is a span, no event and no join.

    An event may be called "badger". Joins are dealt with by sample below: MNE compares times, which it rounds
    to a microsecond, and would drop epochs that only touch a join.
    """
    marks = raw.annotations
    others = [
        (name in event_id and name.lower().startswith("bad")) or is_join(mark)
        for name, mark in zip(marks.description, marks, strict=True)
    ]
    return marks[[not other for other in others]] if any(others) else marks


def _with_bad_spans(raw, marks):
    """Return a view with no marks but bad spans: MNE goes through all of them for every epoch."""
    view = copy.copy(raw)  # shares the samples; only what is set on it is its own
    # set_annotations would count the onsets of a cropped recording from its start a second time.
    view._annotations = marks[[name.lower().startswith("bad") for name in marks.description]]
    return view


def _drop_over_joins(epochs, raw):
    """Drop, in place, epochs with samples on both sides of a join."""
    joins = find_joins(raw)
    starts = np.round(epochs.events[:, 0] + epochs.times[0] * raw.info["sfreq"]).astype(int) - raw.first_samp
    ends = starts + len(epochs.times)
    over = np.searchsorted(joins, ends, "left") > np.searchsorted(joins, starts, "right")
    if over.any():
        epochs.drop(np.flatnonzero(over), reason="BAD boundary", verbose="error")


def count_drops(drop_log, known=()):
    """Count the reasons for which epochs were dropped.

    Parameters
    ----------
    drop_log : tuple of tuple of str
        MNE's, one entry per event.
    known : tuple of tuple of str
        An earlier log of the same events, whose reasons are not counted.

    Returns
    -------
    counts : dict of str to int
        Epochs per reason, most frequent first. Names of channels are reasons too.
    """
    counts = {}
    for position, reasons in enumerate(drop_log):
        if position < len(known) and known[position]:
            continue
        for reason in reasons:
            if reason != "IGNORED":
                counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def condition_counts(epochs):
    """Count epochs per condition, in order of the event codes."""
    codes = epochs.events[:, 2]
    return {
        name: int((codes == code).sum())
        for name, code in sorted(epochs.event_id.items(), key=lambda item: item[1])
    }


@dataclasses.dataclass(kw_only=True, eq=False)
class RejectPeakToPeak(Step):
    """Drop epochs whose range of values in any good channel is too large or too small.

    Parameters
    ----------
    reject : dict of str to float | None
        Largest peak-to-peak amplitude in volts by channel type. 150 microvolt lets strong alpha pass and
        catches blinks and movement; there is no universal value, see what is lost in the report.
    flat : dict of str to float | None
        Smallest peak-to-peak amplitude in volts by channel type.
    """

    reject: dict | None = dataclasses.field(default_factory=lambda: {"eeg": 150e-6})
    flat: dict | None = None

    def check(self):
        """Look at the parameters."""
        for name in ("reject", "flat"):
            table = check_type(
                name,
                getattr(self, name),
                (dict, type(None)),
                "RejectPeakToPeak",
                "a table such as {eeg = 100e-6}",
            )
            for kind, value in (table or {}).items():
                check_option(f"{name} key", kind, ("eeg", "eog", "ecg", "emg"), "RejectPeakToPeak")
                check_number(f"{name}.{kind}", value, "RejectPeakToPeak", above=0)

    def apply(self, inst):
        """Drop epochs from a copy."""
        if not isinstance(inst, mne.BaseEpochs):
            raise TypeError("RejectPeakToPeak needs epochs. Put it after MakeEpochs.")
        present = set(inst.get_channel_types())
        reject = {kind: value for kind, value in (self.reject or {}).items() if kind in present}
        flat = {kind: value for kind, value in (self.flat or {}).items() if kind in present}
        absent = sorted({*(self.reject or {}), *(self.flat or {})} - present)
        out = inst.copy()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="All epochs were dropped")
            out.drop_bad(reject=reject or None, flat=flat or None, verbose="error")
        if len(out) == 0:
            worst = count_drops(out.drop_log, inst.drop_log)
            channels = ", ".join(f"{name} in {count}" for name, count in list(worst.items())[:5])
            limits = ", ".join(
                f"{name}={limit} V" for name, limit in (("reject", reject), ("flat", flat)) if limit
            )
            raise RuntimeError(
                f"RejectPeakToPeak would drop all {len(inst)} epochs at {limits} ({channels}). "
                "Check the units, mark those channels bad, or choose other thresholds."
            )
        note = {"note": f"there are no channels of type {', '.join(absent)} to look at"} if absent else {}
        return out, drop_findings(inst, out) | note


def drop_findings(before, after):
    """Say which epochs a step dropped: per condition, and per reason."""
    counts, left = condition_counts(before), condition_counts(after)
    return {
        "dropped": {name: count - left.get(name, 0) for name, count in counts.items()},
        "drop_reasons": count_drops(after.drop_log, before.drop_log),
    }
