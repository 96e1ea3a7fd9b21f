"""Epochs as a braindecode dataset, whose targets mean the same for every subject and split."""

import contextlib
import pathlib
import warnings

import mne
import numpy as np
import pandas as pd

from .._checks import check_option, listing
from .._optional import require

_ENTITIES = ("subject", "session", "run")
_WINDOW = ("i_window_in_trial", "i_start_in_trial", "i_stop_in_trial", "target")
# Metadata call this column of events.tsv by another name (eegimg.events).
_IN_EVENTS_TSV = {"event": "trial_type"}


def to_braindecode(epochs, target="concept", values=None):
    """Make a braindecode dataset of epochs: one windows dataset per recording.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Epochs with metadata. They are left as they are.
    target : str
        Column of the metadata that becomes y.
    values : iterable | None
        Every value that the column takes, here or in epochs that are not at hand
        (:func:`target_values`), so that one subject or split has the codes of the whole dataset. None takes
        the values at hand.

    Returns
    -------
    windows : braindecode.datasets.BaseConcatDataset
        ``windows[i]`` is (X, y, crop): X of float32, shape (n_channels, n_times), in the unit of the epochs;
        y a code from 0 to n-1, the column's values sorted; crop = [0, 0, n_times], because the whole trial is
        the window. One ``WindowsDataset`` per subject, session and run, in the order of their first epochs.
        ``windows.description`` has a row for each, with subject, session and run (None where the recording
        has none), and ``split`` where no recording mixes splits. ``windows.get_metadata()`` has the metadata
        of every epoch beside ``target``; ``target_mapping`` of the whole and of each recording is a dict from
        value to code.

    Raises
    ------
    ImportError
        If braindecode is not installed.
    ValueError
        If there is no such column, an epoch has nothing in it, or holds what is not among ``values``.
    """
    metadata = epochs.metadata
    columns = [] if metadata is None else list(metadata.columns)
    check_option("target", target, columns, "to_braindecode")
    taken = [name for name in _WINDOW if name in columns and name != target]
    if taken:
        raise ValueError(
            f"The metadata have the column {taken[0]!r}, a name that braindecode uses for its own. "
            "Rename it in epochs.metadata."
        )
    codes, mapping = _encode(metadata[target], target, values)
    datasets = import_known("braindecode.datasets", "to_braindecode", "models")
    window = {
        "i_window_in_trial": 0,
        "i_start_in_trial": 0,
        "i_stop_in_trial": len(epochs.times),
        "target": codes,
    }
    coded = metadata.assign(**window)
    keys = [name for name in _ENTITIES if name in columns]
    number = coded.groupby(keys, sort=False, dropna=False).ngroup() if keys else np.zeros(len(coded), int)
    groups = [np.flatnonzero(number == group) for group in range(max(number) + 1)]
    with_split = "split" in columns and all(coded["split"].iloc[rows].nunique() == 1 for rows in groups)
    parts = []
    for rows in groups:
        part = epochs[rows].load_data()
        with mne.use_log_level("error"):  # it would say that metadata are replaced
            part.metadata = coded.iloc[rows].reset_index(drop=True)
        first = part.metadata.iloc[0]
        about = {name: _text(first[name]) if pd.notna(first.get(name)) else None for name in _ENTITIES}
        if with_split:
            about["split"] = first["split"]
        parts.append(datasets.WindowsDataset(part, about))
    windows = datasets.BaseConcatDataset(parts)
    for dataset in (windows, *parts):
        dataset.target_mapping = dict(mapping)
    return windows


def target_values(recordings, tables, target):
    """Collect what a metadata column holds in all recordings of a dataset, without reading their samples.

    Parameters
    ----------
    recordings : pandas.DataFrame
        One row per recording, with subject, session, task and run.
    tables : iterable of pandas.DataFrame | None
        The events.tsv of each, as :func:`eegimg.bids.read_events_table` returns it.
    target : str
        Name of the metadata column.

    Returns
    -------
    values : list | None
        In no order, some perhaps twice. None where no recording has the column: then only the epochs know.

    Raises
    ------
    ValueError
        For ``image_path``, which differs from machine to machine.
    """
    if target == "image_path":
        raise ValueError(
            "The target 'image_path' says where a file is on this machine. Take 'image' or 'stim_file'."
        )
    if target in _ENTITIES:
        return recordings[target].dropna().to_list()
    column = _IN_EVENTS_TSV.get(target, target)
    values = None
    for table in tables:
        if table is None:
            continue
        if column in table:
            found = table[column]
        elif target == "image" and "stim_file" in table:
            names = table["stim_file"].dropna()
            found = names.map(lambda name: pathlib.PurePosixPath(name.replace("\\", "/")).stem)
        else:
            continue
        values = [*(values or ()), *found.dropna().unique()]
    return values


def _encode(column, target, values):
    """Return the code of each epoch, and the code of every value, in sorted order."""
    empty = int(column.isna().sum())
    if empty:
        raise ValueError(
            f"{empty} of {len(column)} epochs have no {target!r}, and y needs one for each. Leave them out "
            f"with epochs[epochs.metadata[{target!r}].notna()], or choose another target."
        )
    # As text: metadata have numbers where events.tsv has their text, and another subject's may have text.
    here = column.map(_text)
    known = set(here) if values is None else set(map(_text, values))
    unknown = sorted(set(here) - known)
    if unknown:
        raise ValueError(
            f"Epochs have the {target} {listing(unknown)}, which is not among the {len(known)} values that "
            "were given; codes would differ from subject to subject. Give all values."
        )
    numbers = {text: _number(text) for text in known}
    numeric = None not in numbers.values()
    ordered = sorted(known, key=numbers.get if numeric else None)
    codes = {text: code for code, text in enumerate(ordered)}
    mapping = {numbers[text] if numeric else text: code for text, code in codes.items()}
    return here.map(codes).to_numpy(), mapping


def _text(value):
    """Write a value as events.tsv would: 3 for 3.0."""
    whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
    return str(int(value) if whole else value)


def _number(text):
    """Return the number that a text is, None for others: "007" is a name."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            if str(kind(text)) == text:
                return kind(text)
    return None


def import_known(module, purpose, extra):
    """Import an optional package without the warnings that braindecode is known to cause when it loads."""
    with known_import_warnings():
        return require(module, purpose, extra)


@contextlib.contextmanager
def known_import_warnings():
    """Keep two warnings away that braindecode's import gives and no result depends on.

    braindecode 1.8.1 builds a montage under a name that MNE 1.14 drops (this package asks for an older MNE),
    and wfdb, which it imports, sets an index in a way that pandas 4 drops.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Montage name 'standard_10", FutureWarning)
        warnings.filterwarnings("ignore", "The inplace keyword in DataFrame.set_index", DeprecationWarning)
        yield
