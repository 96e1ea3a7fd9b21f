"""What an audit knows of the trials before it looks at any EEG: labels, recordings, order and runs."""

import dataclasses

import mne
import numpy as np
import pandas as pd

from .._checks import check_type, listing, suggest

RECORDING = ("subject", "session", "run")
MAX_LABELS = 100
MAX_EPOCHS = 4000
MAX_RESTARTS = 0.05  # share of rows that step back in time: more is another order of rows
PAUSE = 5  # intervals between trials: what lies on either side is no longer one run


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trials:
    """Labels and order of trials.

    Attributes
    ----------
    labels : ndarray of int, shape (n_epochs,)
        Index into ``names``.
    names : list of str
        Labels.
    recordings : ndarray of int, shape (n_epochs,)
        Which recording a trial belongs to: times of different recordings are never compared.
    times : ndarray of float, shape (n_epochs,)
        When, in any unit, from the start of the recording; 0 where the order is unknown.
    runs : ndarray of int, shape (n_epochs,)
        A run is a longest stretch of one label inside one recording and block, without a pause of more than
        five intervals; where the order is unknown, all trials of one label in one recording.
    ordered : bool
        Whether the order of recording is known.
    grouped : bool
        Whether recordings were named, by the caller or by metadata columns.
    """

    labels: np.ndarray
    names: list
    recordings: np.ndarray
    times: np.ndarray
    runs: np.ndarray
    ordered: bool
    grouped: bool

    def __len__(self):
        return len(self.labels)

    @property
    def positions(self):
        """Place of each trial in its recording, in intervals from trial to trial (ndarray of int)."""
        return np.round((self.times - self.times.min()) / self.interval).astype(int)

    @property
    def interval(self):
        """Median time from one trial to the next of the same recording."""
        order = np.lexsort((self.times, self.recordings))
        steps = np.diff(self.times[order])[np.diff(self.recordings[order]) == 0]
        steps = steps[steps > 0]
        return float(np.median(steps)) if len(steps) else 1.0

    def run_table(self):
        """Return one row per run: label, recording, first time, number of trials (pandas.DataFrame)."""
        table = pd.DataFrame(
            {"run": self.runs, "label": self.labels, "recording": self.recordings, "time": self.times}
        )
        return table.groupby("run").agg(
            label=("label", "first"),
            recording=("recording", "first"),
            time=("time", "min"),
            n=("run", "size"),
        )

    def take(self, rows):
        """Return some of the trials; runs and names stay what they were."""
        chosen = {name: getattr(self, name)[rows] for name in ("labels", "recordings", "times", "runs")}
        kept, labels = np.unique(chosen["labels"], return_inverse=True)
        chosen["labels"] = labels
        return dataclasses.replace(self, names=[self.names[label] for label in kept], **chosen)


def read_trials(epochs, *, label="concept", group=None, order=None, caller="audit_design"):
    """Read labels, recordings and order of trials from epochs.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Epochs, with metadata or without.
    label : str
        Metadata column that is decoded. Without a column "concept", the names of the events are.
    group : str | list of str | array-like, shape (n_epochs,) | None
        Recordings: metadata columns or a value per epoch. None takes those of subject, session and run that
        the metadata have.
    order : str | array-like, shape (n_epochs,) | None
        When each trial was recorded, in any unit: a metadata column, or a value per epoch
        (``np.arange(len(epochs))`` says that rows stand in order). None takes the events' samples, unless the
        metadata column "order" says "unknown" or the samples cannot be onsets.
    caller : str
        For errors.

    Returns
    -------
    trials : Trials
        One entry per epoch.
    remarks : list of str
        What was assumed.

    Raises
    ------
    TypeError
        If these are no epochs.
    ValueError
        If a column is missing, a length differs, or there are fewer than two labels.
    """
    check_type("epochs", epochs, mne.BaseEpochs, caller, "mne Epochs")
    metadata, remarks = epochs.metadata, []
    labels = _labels(epochs, label, caller, remarks)
    names, codes = np.unique(labels.astype(str), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{caller} needs at least two labels in {label!r}. Got {listing(names) or 'none'}.")
    recordings, grouped = _recordings(metadata, group, len(epochs), caller)
    times = _times(epochs, order, recordings, caller, remarks)
    if times is not None and _restart(times, recordings):
        remarks.append(
            "Times repeat or start anew within a recording, so the order of recording is unknown. Name the "
            "run that each epoch belongs to in 'group'."
        )
        times = None
    ordered = times is not None
    times = times if ordered else np.zeros(len(epochs))
    return Trials(
        labels=codes,
        names=names.tolist(),
        recordings=recordings,
        times=times,
        runs=_runs(codes, recordings, times, _blocks(metadata, len(epochs)), ordered),
        ordered=ordered,
        grouped=grouped,
    ), remarks


def _labels(epochs, label, caller, remarks):
    columns = [] if epochs.metadata is None else [str(name) for name in epochs.metadata.columns]
    if label in columns:
        values = epochs.metadata[label]
        missing = values.isna() | values.isin(["", "n/a"])
        if missing.any():
            raise ValueError(
                f"{caller} needs a label for every epoch; {int(missing.sum())} of {len(values)} have none in "
                f"{label!r}. Drop those epochs first."
            )
        return values.to_numpy()
    if label != "concept":
        raise ValueError(
            f"{caller} was asked for the labels {label!r}; the metadata have {listing(columns, 20)}."
            f"{suggest(label, columns)}"
        )
    remarks.append("The metadata have no column 'concept': the names of the events are the labels.")
    names = {code: name for name, code in epochs.event_id.items()}
    return np.array([names[code] for code in epochs.events[:, 2]], dtype=object)


def _recordings(metadata, group, n_epochs, caller):
    """Return the recording of each epoch as a number, and whether anything names recordings."""
    columns = [] if metadata is None else [str(name) for name in metadata.columns]
    if group is None:
        named = [name for name in RECORDING if name in columns]
    elif isinstance(group, str) or (isinstance(group, (list, tuple)) and len(group) != n_epochs):
        named = [group] if isinstance(group, str) else list(group)
        missing = [name for name in named if name not in columns]
        if missing:
            raise ValueError(
                f"{caller} was asked for the group {missing[0]!r}; the metadata have "
                f"{listing(columns, 20) or 'no columns'}.{suggest(missing[0], columns)}"
            )
    else:
        values = np.asarray(group)
        if values.shape != (n_epochs,):
            raise ValueError(
                f"{caller} needs a group for each of {n_epochs} epochs. Got the shape {values.shape}."
            )
        return np.unique(values.astype(str), return_inverse=True)[1], True
    if not named:
        return np.zeros(n_epochs, int), False
    keys = metadata[named].astype(object).fillna("n/a").astype(str).agg("/".join, axis=1)
    return np.unique(keys.to_numpy(), return_inverse=True)[1], True


def _times(epochs, order, recordings, caller, remarks):
    """Return when trials were recorded, or None."""
    metadata = epochs.metadata
    columns = [] if metadata is None else [str(name) for name in metadata.columns]
    if order is not None:
        if isinstance(order, str) and order not in columns:
            raise ValueError(
                f"{caller} was asked for the order {order!r}; the metadata have {listing(columns, 20)}."
                f"{suggest(order, columns)}"
            )
        values = pd.Series(np.asarray(metadata[order] if isinstance(order, str) else order))
        values = pd.to_numeric(values, errors="coerce").to_numpy(float)
        if len(values) != len(epochs) or not np.isfinite(values).all():
            raise ValueError(
                f"{caller} needs a time for each of {len(epochs)} epochs in 'order'. Got "
                f"{np.isfinite(values).sum()}."
            )
        return _from_start(values, recordings)
    if "order" in columns and (metadata["order"].astype(str) == "unknown").any():
        remarks.append("The metadata say that the order of recording is unknown.")
        return None
    samples = epochs.events[:, 0]
    steps = np.diff(np.sort(samples))
    if len(steps) and np.median(steps) <= 1:
        remarks.append(
            "The events lie one sample apart, so they are no onsets: the order of recording is unknown. Say "
            "it in 'order'."
        )
        return None
    return _from_start(samples.astype(float), recordings)


def _from_start(times, recordings):
    return times - pd.Series(times).groupby(recordings).transform("min").to_numpy()


def _restart(times, recordings):
    """Tell whether times of a recording are of several: the same twice, or a few steps back by row."""
    for recording in np.unique(recordings):
        own = times[recordings == recording]
        back = int((np.diff(own) < 0).sum())
        if len(np.unique(own)) < len(own) or 0 < back <= MAX_RESTARTS * len(own):
            return True
    return False


def _runs(labels, recordings, times, blocks, ordered):
    """Return the run of each trial, as a number."""
    if not ordered:
        return np.unique(recordings * (labels.max() + 1) + labels, return_inverse=True)[1]
    by_time = np.lexsort((times, recordings))
    steps = np.diff(times[by_time], prepend=-np.inf)
    new = [np.diff(values[by_time], prepend=-1) != 0 for values in (labels, recordings, blocks)]
    inside = steps[~new[1] & (steps > 0)]
    pause = PAUSE * np.median(inside) if len(inside) else np.inf
    runs = np.empty(len(labels), int)
    runs[by_time] = np.cumsum(np.any(new, axis=0) | (steps > pause)) - 1
    return runs


def _blocks(metadata, n_epochs):
    """Return the block of each trial as a number, the same for all where nobody names blocks."""
    if metadata is None or "block" not in metadata:
        return np.zeros(n_epochs, int)
    return np.unique(metadata["block"].astype(str), return_inverse=True)[1]
