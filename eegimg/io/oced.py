"""OCED, the Object Category EEG Dataset (Kaneshiro 2015): one MATLAB file of cleaned trials per subject."""

import functools
import re

import numpy as np
import pandas as pd

from .._checks import listing
from ._layout import check_whole, choose_variant
from ._matlab import read_mat
from ._source import Content, Source, SourceRecording

# Category of label 1, 2, ... (Kaneshiro 2015, doi 10.1371/journal.pone.0135697).
CATEGORIES = ("human body", "human face", "animal body", "animal face", "fruit vegetable", "inanimate object")
N_EXEMPLARS = 72
N_TIMES = 32
PICTURE_SECONDS = 0.5
VARIABLES = ("X_3D", "categoryLabels", "exemplarLabels", "Fs")
PROCESSING = {
    "HighPass": {"type": "Butterworth, 4th order", "cutoff (Hz)": 1.0},
    "LowPass": {"type": "Chebyshev type I", "cutoff (Hz)": 25.0},
    "Resample": {"from (Hz)": 1000.0, "to (Hz)": 62.5},
    "ICA": {"removed": "components of eye movements and blinks"},
    "Rereference": {"ref_channels": "average"},
    "Epochs": {"tmin (s)": 0.0, "tmax (s)": 0.496},
}


def open_source(folder, facts, variant=None):
    """Find the ``S<n>.mat`` files of a folder; see :func:`eegimg.io.open_source`."""
    _, paths = choose_variant(folder, {"cleaned": "S[0-9]*.mat"}, variant, facts.name)
    subjects = {}
    for path in paths:
        number = re.fullmatch(r"S(\d+)\.mat", path.name)
        number = int(number[1]) if number else 0
        if not 1 <= number <= facts.n_subjects:
            raise ValueError(
                f"{path} is none of the files of {facts.name}, which are S1.mat to S{facts.n_subjects}.mat. "
                "Move it out of the folder."
            )
        if number in subjects:
            raise ValueError(
                f"{path} and {subjects[number].name} are both of subject {number}. Move one out of "
                "the folder."
            )
        subjects[number] = path
    recordings = tuple(
        SourceRecording(subject=f"{number:02d}", task=facts.task, load=functools.partial(_load, path, facts))
        for number, path in sorted(subjects.items())
    )
    return Source(
        files=tuple(path for _, path in sorted(subjects.items())),
        recordings=recordings,
        description="cleaned",
        processing=PROCESSING,
        remarks=(
            "The pictures are not distributed: events name an exemplar and its category, no picture file.",
            "No split is published; split by exemplar (image), or folds share pictures (arXiv 2406.16902).",
        ),
    )


def _load(path, facts):
    """Read one subject."""
    table = read_mat(path, VARIABLES)
    trials = np.asarray(table["X_3D"])
    wanted = (len(facts.ch_names), N_TIMES)
    if trials.ndim != 3 or trials.shape[:2] != wanted or trials.dtype.kind not in "fiu":
        raise ValueError(
            f"{path.name}, X_3D must be numbers of {wanted[0]} channels x {wanted[1]} samples x trials. "
            f"It is {' x '.join(map(str, trials.shape))} of {trials.dtype}."
        )
    sfreq = np.asarray(table["Fs"]).ravel().tolist()
    if sfreq != [facts.sfreq]:
        raise ValueError(f"{path.name}, Fs must be {facts.sfreq} Hz. It is {listing(sfreq)}.")
    category = _read_labels(table, "categoryLabels", path, len(CATEGORIES), trials.shape[2])
    exemplar = _read_labels(table, "exemplarLabels", path, N_EXEMPLARS, trials.shape[2])
    _check_nesting(category, exemplar, path)
    return Content(
        ch_names=facts.ch_names,
        sfreq=facts.sfreq,
        unit="uV",
        segments=np.moveaxis(trials, 2, 0),
        events=_make_events(category, exemplar),
        where=functools.partial("{}, X_3D[:, :, {}]".format, path.name),
    )


def _read_labels(table, key, path, highest, n_trials):
    """Return the labels of the trials as whole numbers from 1."""
    labels = np.asarray(table[key]).ravel().tolist()
    if len(labels) != n_trials:
        raise ValueError(
            f"{path.name}, {key} has {len(labels)} labels and X_3D {n_trials} trials; each trial has one."
        )
    return [check_whole(label, f"{path.name}, {key}[{row}]", 1, highest) for row, label in enumerate(labels)]


def _check_nesting(category, exemplar, path):
    """Refuse an exemplar of two categories: one of the two lists is in another order then."""
    first = {}
    for row, (kind, picture) in enumerate(zip(category, exemplar, strict=True)):
        if first.setdefault(picture, (kind, row))[0] != kind:
            known, before = first[picture]
            raise ValueError(
                f"{path.name}: exemplar {picture} has the category {known} in trial {before} and {kind} in "
                f"trial {row}; every picture has one. The labels do not belong together."
            )


def _make_events(category, exemplar):
    """Return one event per trial."""
    concepts = [CATEGORIES[label - 1] for label in category]
    events = pd.DataFrame(
        {
            "segment": np.arange(len(category)),
            "sample": 0,
            "duration": PICTURE_SECONDS,
            "trial_type": concepts,
            "image": [f"exemplar-{label:02d}" for label in exemplar],
            "concept": concepts,
            "label": category,
            "source_index": np.arange(len(category)),
        }
    )
    events["repetition"] = events.groupby("image").cumcount() + 1
    return events
