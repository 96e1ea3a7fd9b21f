"""Preprocessed THINGS-EEG2: whitened epochs by picture and repetition, in two flavours."""

import dataclasses
import functools

import numpy as np
import pandas as pd

from .._source import Content, SourceRecording
from ._images import make_events
from ._tables import check_array, check_names, check_number, place, read_table

FILES = {"train": "preprocessed_eeg_training.npy", "test": "preprocessed_eeg_test.npy"}
# Of 300 times from -0.2 s at 250 Hz the NICE flavour keeps the samples from 0 s on, and all times.
N_TIMES_BEFORE = 50
_SHUFFLED = "The publishers drew the order of repetitions at random: 'repetition' says nothing about time."


@dataclasses.dataclass(frozen=True)
class Flavour:
    """One group's preprocessing: rate in Hz, what was done, what a user should be told."""

    sfreq: float
    processing: dict
    remarks: tuple


def _processing(tmax, sfreq, covariance, learned_from):
    return {
        "Epochs": {"tmin (s)": -0.2, "tmax (s)": tmax, "baseline (s)": [-0.2, 0.0]},
        "Resample": {"sfreq (Hz)": sfreq, "after": "epochs were cut"},
        "Repetitions": {"kept per session": {"train": 2, "test": 20}, "drawn": "at random"},
        "MVNN": {"covariance": covariance, "learned from": learned_from, "within": "session"},
    }


# From the code of the two groups (module docstring of the package); the files do not say it.
FLAVOURS = {
    "preprocessed": Flavour(
        sfreq=100.0,
        processing=_processing(0.8, 100.0, "time", "training and test epochs, with equal weight"),
        remarks=(
            _SHUFFLED,
            "Whitened with the noise of test epochs too: scores on the test part are transductive.",
        ),
    ),
    "nice": Flavour(
        sfreq=250.0,
        processing=_processing(1.0, 250.0, "epochs", "training epochs")
        | {"Crop": {"tmin (s)": 0.0, "before": "MVNN"}},
        remarks=(
            _SHUFFLED,
            "The publishers' code whitens with the noise of training epochs; an older version of it used "
            "test epochs too, and the files do not say which made them.",
        ),
    ),
}


def find_flavour(file):
    """Return the flavour of a file by its sampling rate."""
    _, _, times = _read_epochs(file)
    sfreq = _rate(times)
    for name, flavour in FLAVOURS.items():
        if abs(sfreq - flavour.sfreq) < 0.01 * flavour.sfreq:
            return name
    raise ValueError(
        f"{place(file)}: 'times' has {sfreq:g} samples a second. The authors publish 100 Hz ('preprocessed') "
        "and Song et al. 250 Hz ('nice'); eegimg does not know who made this."
    )


def preprocessed_recordings(places, images, facts, variant):
    """Return one recording per subject's folder."""
    return tuple(
        SourceRecording(
            subject=check_number(folder, "sub", facts.n_subjects),
            task=facts.task,
            load=functools.partial(_load, folder, images, FLAVOURS[variant].sfreq),
        )
        for folder in places
    )


def _load(folder, images, sfreq):
    parts = {split: _read_epochs(folder / name) for split, name in FILES.items()}
    (_, names, times), (_, other_names, other_times) = parts.values()
    if names != other_names or not np.array_equal(times, other_times):
        raise ValueError(
            f"{place(folder / FILES['train'])} and {place(folder / FILES['test'])} must have the same "
            "'ch_names' and 'times'. They differ."
        )
    if abs(_rate(times) - sfreq) > 0.01 * sfreq:
        raise ValueError(
            f"{place(folder / FILES['train'])}: 'times' has {_rate(times):g} samples a second, other "
            f"subjects have {sfreq:g}. Keep the two flavours in folders of their own."
        )
    zero = int(np.argmin(np.abs(times)))
    segments, events, counts = [], [], {}
    for split, (data, _, _) in parts.items():
        n_images, n_repetitions = data.shape[:2]
        if n_images != len(images[split]):
            raise ValueError(
                f"{place(folder / FILES[split])} has {n_images} pictures; image_metadata.npy has "
                f"{len(images[split])}. The two do not belong together."
            )
        counts[split] = n_images * n_repetitions
        events.append(
            make_events(
                images,
                split,
                np.repeat(np.arange(n_images), n_repetitions),
                segment=len(segments) + np.arange(counts[split]),
                sample=zero,
                repetition=np.tile(np.arange(1, n_repetitions + 1), n_images),
                source_index=np.arange(counts[split]),
            )
        )
        segments.extend(data.reshape(-1, *data.shape[2:]))
    shapes = {split: data.shape[:2] for split, (data, _, _) in parts.items()}

    def where(segment):
        split = "train" if segment < counts["train"] else "test"
        row = np.unravel_index(segment - (counts["train"] if split == "test" else 0), shapes[split])
        return f"{place(folder / FILES[split])}, preprocessed_eeg_data[{row[0]}, {row[1]}]"

    return Content(
        ch_names=tuple(names),
        sfreq=sfreq,
        unit="n/a",
        segments=segments,
        events=pd.concat(events, ignore_index=True),
        where=where,
    )


def _read_epochs(file):
    """Return samples (n_images, n_repetitions, n_channels, n_times), channel names and times in seconds."""
    where = place(file)
    table = read_table(file, ("preprocessed_eeg_data", "ch_names", "times"))
    data = check_array(table, "preprocessed_eeg_data", 4, "pictures, repetitions, channels, times", where)
    names = check_names(table, data.shape[2], where)
    times = check_array(table, "times", 1, "times", where)
    extra = len(times) - data.shape[3]
    if extra not in (0, N_TIMES_BEFORE):
        raise ValueError(
            f"{where}: 'times' has {len(times)} entries for {data.shape[3]} samples. It must have as many, "
            f"or {N_TIMES_BEFORE} more from before the picture."
        )
    times = times[extra:]
    steps = np.diff(times)
    if len(times) < 2 or not np.allclose(steps, steps[0], rtol=0.01) or steps[0] <= 0:
        raise ValueError(
            f"{where}: 'times' must rise in equal steps. They run from {times[0]:g} to {times[-1]:g} s."
        )
    if np.abs(times).min() > steps[0] / 2:
        raise ValueError(
            f"{where}: the samples must include the picture's onset, 0 s. They run from {times[0]:g} to "
            f"{times[-1]:g} s."
        )
    return data, names, times


def _rate(times):
    """Return samples a second."""
    return (len(times) - 1) / (times[-1] - times[0])
