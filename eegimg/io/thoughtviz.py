"""ThoughtViz (Kumar 2018): pickled windows of EEG of people who imagine a digit, a letter or an object."""

import functools

import numpy as np
import pandas as pd

from .._checks import listing
from ._layout import as_array, choose_variant, require_keys
from ._pickles import read_pickle
from ._source import Content, Source, SourceRecording

# Class of index 0, 1, ...: the authors' code pairs EEG and pictures by these (ptirupat/ThoughtViz,
# utils/data_input_util.py).
CLASSES = {
    "digit": tuple(f"digit-{digit}" for digit in range(10)),
    "char": tuple(f"char-{letter}" for letter in "ACFHJMPSTY"),
    "image": ("apple", "car", "dog", "gold", "mobile", "rose", "scooter", "tiger", "wallet", "watch"),
}
N_TIMES = 32
KEYS = ("x_train", "y_train", "x_test", "y_test")


def open_source(folder, facts, variant=None):
    """Find ``<set>/data.pkl`` in a folder or below it; see :func:`eegimg.io.open_source`."""
    _, paths = choose_variant(folder, {"windowed": "**/data.pkl"}, variant, facts.name)
    found = {}
    for path in paths:
        name = path.parent.name
        if name not in CLASSES:
            raise ValueError(
                f"{path} stands in a folder {name!r}; the sets of {facts.name} stand in "
                f"{listing(CLASSES)}. Give the folder that holds those."
            )
        if name in found:
            raise ValueError(
                f"{path} and {found[name]} are both of the set {name!r}. Give the folder that holds one."
            )
        found[name] = path
    return Source(
        files=tuple(path for _, path in sorted(found.items())),
        recordings=tuple(
            SourceRecording(subject="pooled", task=name, load=functools.partial(_load, path, facts))
            for name, path in sorted(found.items())
        ),
        description="windowed",
        processing={"Windows": {"samples": N_TIMES, "overlap": "not published with the files"}},
        remarks=(
            "The classes were imagined: there is no picture to pair with a window.",
            "People are pooled and not named, so that no split by subject can be made.",
        ),
    )


def _load(path, facts):
    """Read one set."""
    name = path.parent.name
    place = f"{name}/{path.name}"
    table = read_pickle(path, encoding="bytes")
    if isinstance(table, dict):
        # Written by Python 2: its texts come back as bytes.
        table = {key.decode("latin1") if isinstance(key, bytes) else key: item for key, item in table.items()}
    require_keys(table, KEYS, place)
    windows, labels, n_rows = [], [], {}
    for part in ("train", "test"):
        windows.append(_read_windows(table[f"x_{part}"], f"{place}, x_{part}", facts))
        labels.append(_read_classes(table[f"y_{part}"], f"{place}, y_{part}", len(CLASSES[name])))
        n_rows[part] = len(windows[-1])
        if n_rows[part] != len(labels[-1]):
            raise ValueError(
                f"{place}: x_{part} has {n_rows[part]} rows and y_{part} {len(labels[-1])}; each window has "
                "one class."
            )
    return Content(
        ch_names=facts.ch_names,
        sfreq=facts.sfreq,
        unit="n/a",
        segments=np.concatenate(windows),
        events=_make_events(np.concatenate(labels), n_rows, CLASSES[name], facts.sfreq),
        where=functools.partial(_where, place, n_rows["train"]),
    )


def _where(place, n_train, segment):
    """Name the array and row of a window."""
    part, row = ("train", segment) if segment < n_train else ("test", segment - n_train)
    return f"{place}, x_{part}[{row}]"


def _read_windows(array, where, facts):
    """Return windows of shape (n_windows, n_channels, n_times)."""
    array = as_array(array, where)
    wanted = (len(facts.ch_names), N_TIMES, 1)
    if array.ndim != 4 or array.shape[1:] != wanted or array.dtype.kind not in "fiu":
        raise ValueError(
            f"{where} must be numbers of windows x {wanted[0]} channels x {wanted[1]} samples x 1. It is "
            f"{' x '.join(map(str, array.shape)) or 'a single value'} of {array.dtype}."
        )
    return array[..., 0]


def _read_classes(array, where, n_classes):
    """Return the index of the one in every one-hot row."""
    array = as_array(array, where)
    if array.ndim != 2 or array.shape[1] != n_classes or not np.issubdtype(array.dtype, np.number):
        raise ValueError(
            f"{where} must be numbers of windows x {n_classes} classes. It is "
            f"{' x '.join(map(str, array.shape)) or 'a single value'} of {array.dtype}."
        )
    wrong = np.flatnonzero(((array == 1).sum(axis=1) != 1) | ((array == 0).sum(axis=1) != n_classes - 1))
    if len(wrong):
        raise ValueError(
            f"{where}[{wrong[0]}] must be one-hot: a single 1 among zeros. It is {array[wrong[0]].tolist()}."
        )
    return array.argmax(axis=1)


def _make_events(labels, n_rows, classes, sfreq):
    """Return one event per window, those for training first."""
    concepts = [classes[label] for label in labels]
    return pd.DataFrame(
        {
            "segment": np.arange(len(labels)),
            "sample": 0,
            "duration": N_TIMES / sfreq,
            "trial_type": concepts,
            "concept": concepts,
            "label": labels,
            "split": np.repeat(list(n_rows), list(n_rows.values())),
            "source_index": np.arange(len(labels)),
        }
    )
