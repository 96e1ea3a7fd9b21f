"""Raw THINGS-EEG2: the training and the test run of each session, pictures as codes of a stim channel."""

import dataclasses
import functools

import numpy as np
import pandas as pd

from ..._checks import listing
from .._layout import PLAUSIBLE_UV, unit_by_size
from .._source import Content, SourceRecording
from ._images import make_events
from ._tables import check_array, check_names, check_number, place, read_table

FILES = {"train": "raw_eeg_training.npy", "test": "raw_eeg_test.npy"}
N_SESSIONS = 4
# A toy to be counted instead of a picture of the list.
TARGET = 99999
REMARKS = (
    "A training file is five runs put together without a mark (source_to_raw.py of gifale95/eeg_encoding): "
    "filters run across the joins.",
    "Some pictures were shown once or twice more often than published; every showing is an event.",
)


@dataclasses.dataclass(frozen=True)
class Run:
    """Samples (n_channels, n_times) and the stim channel (n_times,) of one file."""

    ch_names: tuple
    samples: np.ndarray
    stim: np.ndarray


def raw_recordings(places, images, facts):
    """Return one recording per session folder, and what a user should be told."""
    sessions = {}
    for folder in places:
        subject = check_number(folder.parent, "sub", facts.n_subjects)
        sessions.setdefault(subject, {})[check_number(folder, "ses", N_SESSIONS)] = folder
    recordings, remarks = [], [*REMARKS]
    for subject, folders in sessions.items():
        shown = {}
        for position, (session, folder) in enumerate(folders.items()):
            earlier = tuple(folders.values())[:position]
            load = functools.partial(_load, folder, earlier, images, facts.sfreq, shown)
            recordings.append(SourceRecording(subject=subject, session=session, task=facts.task, load=load))
        missing = [label for label in (f"{n:02d}" for n in range(1, int(session))) if label not in folders]
        if missing:
            plural = "s" if len(missing) > 1 else ""
            remarks.append(
                f"sub-{subject} lacks the session{plural} {listing(missing)}: 'repetition' counts from what "
                "is there."
            )
    return tuple(recordings), tuple(remarks)


def _load(folder, earlier, images, sfreq, shown):
    """Read both runs of a session; ``shown`` keeps what was shown in files already read."""
    # First, so that no more than one session is in memory.
    before = {split: _count_before(earlier, split, images, sfreq, shown) for split in FILES}
    runs = {split: _read_run(folder / name, sfreq) for split, name in FILES.items()}
    where = [place(folder / name) for name in FILES.values()]
    names = {split: run.ch_names for split, run in runs.items()}
    if names["train"] != names["test"]:
        odd = sorted(set(names["train"]) ^ set(names["test"]))
        raise ValueError(
            f"{where[0]} and {where[1]} must have the same channels in the same order. They differ in "
            f"{listing(odd) if odd else 'their order'}."
        )
    units = [_find_unit(run, sfreq, name) for run, name in zip(runs.values(), where, strict=True)]
    if len(set(units)) > 1:
        raise ValueError(f"By their size {where[0]} is in {units[0]} and {where[1]} in {units[1]}.")
    events = []
    for segment, (split, run) in enumerate(runs.items()):
        onsets = _find_onsets(run.stim, len(images[split]), where[segment])
        shown[folder, split] = onsets["picture"].to_numpy()
        repetition = onsets.groupby("picture").cumcount() + 1 + before[split][onsets["picture"]]
        events.append(
            make_events(
                images,
                split,
                onsets["picture"],
                segment=segment,
                sample=onsets["sample"],
                repetition=repetition,
                source_index=onsets["source_index"],
            )
        )
    return Content(
        ch_names=names["train"],
        sfreq=sfreq,
        unit=units[0],
        segments=[run.samples for run in runs.values()],
        events=pd.concat(events, ignore_index=True),
        where=lambda segment: f"{where[segment]}, raw_eeg_data",
    )


def _read_run(file, sfreq):
    """Read one file and look at its shape."""
    where = place(file)
    table = read_table(file, ("raw_eeg_data", "ch_names", "ch_types", "sfreq"))
    data = check_array(table, "raw_eeg_data", 2, "channels, samples", where)
    names = check_names(table, len(data), where)
    types = [str(kind) for kind in np.ravel(table["ch_types"])]
    if sorted(types) != ["eeg"] * (len(data) - 1) + ["stim"]:
        kinds = ", ".join(f"{types.count(kind)} {kind}" for kind in dict.fromkeys(types))
        raise ValueError(
            f"{where}: 'ch_types' must say 'eeg' for all {len(data)} channels but one, 'stim'. It has "
            f"{kinds}."
        )
    if np.size(table["sfreq"]) != 1 or table["sfreq"] != sfreq:
        raise ValueError(f"{where}: 'sfreq' must be {sfreq:g} Hz, as published. It is {table['sfreq']}.")
    stim = types.index("stim")
    # The published files have it last: a view, where several GB would be copied.
    samples = data[:-1] if stim == len(data) - 1 else np.delete(data, stim, axis=0)
    return Run(tuple(names[:stim] + names[stim + 1 :]), samples, data[stim])


def _find_onsets(stim, n_images, where):
    """Find where the stim channel rises to the code of a picture.

    Returns a table of ``sample``, ``picture`` (in its list, from 0) and ``source_index`` (of the event in its
    file, targets counted).
    """
    samples = np.flatnonzero((stim > np.concatenate([[0], stim[:-1]])) & (stim > 0))
    codes = stim[samples]
    # NaN is no rise, and would hide one.
    wrong = (codes != TARGET) & ((codes > n_images) | (codes % 1 != 0))
    if not np.isfinite(stim).all() or wrong.any():
        sample = int(np.flatnonzero(~np.isfinite(stim))[0] if not wrong.any() else samples[wrong][0])
        raise ValueError(
            f"{where}: the channel 'stim' has the code {stim[sample]:g} at sample {sample}; "
            f"image_metadata.npy has the pictures 1 to {n_images}. The two do not belong together."
        )
    if not len(samples):
        raise ValueError(f"{where}: the channel 'stim' has no code above 0: no picture was shown.")
    table = pd.DataFrame(
        {"sample": samples, "picture": codes.astype(int) - 1, "source_index": np.arange(len(samples))}
    )
    return table[codes != TARGET].reset_index(drop=True)


def _count_before(folders, split, images, sfreq, shown):
    """Count how often each picture was shown in earlier sessions, whose files are read once for it."""
    counts = np.zeros(len(images[split]), int)
    for folder in folders:
        if (folder, split) not in shown:
            file = folder / FILES[split]
            onsets = _find_onsets(_read_run(file, sfreq).stim, len(counts), place(file))
            shown[folder, split] = onsets["picture"].to_numpy()
        counts += np.bincount(shown[folder, split], minlength=len(counts))
    return counts


def _find_unit(run, sfreq, where):
    """Tell volts from microvolts by five stretches of ten seconds."""
    width = min(run.samples.shape[1], int(10 * sfreq))
    starts = np.linspace(0, run.samples.shape[1] - width, 5).astype(int)
    stretches = [run.samples[:, start : start + width] for start in starts]
    # Samples that are no numbers are another check's business.
    stretches = [stretch[np.isfinite(stretch).all(axis=1)] for stretch in stretches]
    stretches = [stretch for stretch in stretches if len(stretch)]
    unit = unit_by_size(stretches) if stretches else "n/a"
    if unit == "n/a":
        spread = np.median([np.median(stretch.std(axis=1)) for stretch in stretches]) if stretches else np.nan
        low, high = PLAUSIBLE_UV
        raise ValueError(
            f"{where}: the median channel has a standard deviation of {spread:.3g}; scalp EEG has {low:g} to "
            f"{high:g} microvolts, so that this is neither volts nor microvolts. Take the file as published."
        )
    return unit
