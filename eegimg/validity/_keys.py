"""What tells one epoch, or one group of epochs, from another: values of metadata as names."""

import mne
import numpy as np
import pandas as pd

from .._checks import check_type, listing, suggest
from ._trials import RECORDING

_GAPS = ("", "n/a", "nan")


def read_metadata(inst, caller):
    """Return the metadata of epochs, or a table that is such metadata already."""
    is_epochs = isinstance(inst, mne.BaseEpochs)
    if is_epochs and inst.metadata is None:
        raise ValueError(f"{caller} needs epochs with metadata. These have none: cut them with MakeEpochs.")
    metadata = inst.metadata if is_epochs else inst
    check_type("metadata", metadata, pd.DataFrame, caller, "a table with one row per epoch, or Epochs")
    if len(metadata) == 0:
        raise ValueError(f"{caller} needs at least one epoch. The metadata have no rows.")
    return metadata


def names_of(metadata, column, caller, advice="Name another column."):
    """Return a column as names (see :func:`as_names`), or raise ValueError if it is not there or has gaps."""
    if column not in metadata:
        raise ValueError(
            f"{caller} was asked for the column {column!r}; the metadata have "
            f"{listing(metadata.columns, 20)}. {advice}{suggest(column, metadata.columns)}"
        )
    names = as_names(metadata[column])
    gaps = names.isna()
    if gaps.any():
        raise ValueError(
            f"{caller} needs {column!r} of every epoch. {int(gaps.sum())} of {len(names)} have none, the "
            f"first at row {int(np.flatnonzero(gaps)[0])}. Drop those epochs, or fill the column."
        )
    return names


def as_names(column):
    """Return values as text, so that 3, 3.0 and "3" are one name; gaps are None.

    Parameters
    ----------
    column : array-like, shape (n_epochs,)
        Any values. Space around and inside is written as single spaces.

    Returns
    -------
    names : pandas.Series of str or None, shape (n_epochs,)
        With a plain index.
    """
    codes, values = pd.factorize(np.asarray(column, dtype=object))
    names = np.array([*map(_name, values), None], dtype=object)  # the code of a gap is -1: the last
    return pd.Series(names[codes], dtype=object)


def _name(value):
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    text = " ".join(str(value).split())
    return None if text.lower() in _GAPS else text


def joined(columns):
    """Join columns of names into one name per row; a gap is "n/a", and no name holds a tab."""
    texts = [column.fillna("n/a").to_numpy(dtype=object) for column in columns]
    result = texts[0]
    for text in texts[1:]:
        result = result + "\t" + text
    return result


def event_numbers(metadata):
    """Return which event of its recording each epoch is: source_index, or else the metadata's own index.

    MNE keeps the number of the event as index of the metadata when epochs are dropped.
    """
    named = "source_index" in metadata
    return as_names(metadata["source_index"] if named else metadata.index)


def epoch_keys(metadata, caller):
    """Return what tells each epoch from all others.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row per epoch.
    caller : str
        For errors.

    Returns
    -------
    keys : pandas.DataFrame of str or None
        Subject, session and run, those of them that are known of any epoch, and source_index.

    Raises
    ------
    ValueError
        If two epochs have the same key, or the number of an epoch is missing.
    """
    known = {name: as_names(metadata[name]) for name in RECORDING if name in metadata}
    keys = pd.DataFrame({name: column for name, column in known.items() if column.notna().any()})
    keys["source_index"] = event_numbers(metadata)
    if keys["source_index"].isna().any():
        raise ValueError(
            f"{caller} needs the source_index of every epoch. {int(keys['source_index'].isna().sum())} of "
            f"{len(keys)} have none. Drop those epochs, or fill the column."
        )
    twice = keys[keys.duplicated()]
    if len(twice):
        raise ValueError(
            f"{caller} cannot tell epochs apart: {len(twice)} have the {' and '.join(keys)} of another, for "
            f"example {example_of(twice)}. Add a column source_index, or the subject, session and run."
        )
    return keys


def example_of(keys):
    """Write the first of some keys as ``subject '01', source_index '3'``."""
    return ", ".join(f"{name} {value!r}" for name, value in keys.fillna("n/a").iloc[0].items())
