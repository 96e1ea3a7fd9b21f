"""Features beside their table, cut to the epochs that have a label."""

import dataclasses

import numpy as np
import pandas as pd

from .._checks import check_type, listing, suggest
from ._features import Features

# What tells one epoch from another, in the tables of stores and of epochs.
_IDENTITY = ("recording", "subject", "session", "task", "run", "onset", "event", "image")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Labelled:
    """Features and table of the epochs that have a label.

    Attributes
    ----------
    values : ndarray of float, shape (n_epochs, n_features)
        Features.
    table : pandas.DataFrame
        One row per epoch, numbered from 0.
    rows : ndarray of int, shape (n_epochs,)
        Where each epoch stood in the metadata that were given.
    split : object
        The split, cut likewise.
    label : str
        Column that is decoded.
    known : dict
        ``group`` and ``order``, cut likewise, with columns found for those that were not given.
    remarks : tuple of str
        What was assumed or left out.
    """

    values: np.ndarray
    table: pd.DataFrame
    rows: np.ndarray
    split: object
    label: str
    known: dict
    remarks: tuple


def read_labelled(features, metadata, split, label, known, caller):
    """Check features and metadata, and leave out epochs without a label.

    Parameters
    ----------
    features, metadata, split, label
        As in :func:`probe`.
    known : dict
        ``group`` and ``order``, as in :func:`probe`.
    caller : str
        For errors.

    Returns
    -------
    labelled : Labelled
        What can be decoded.

    Raises
    ------
    TypeError, ValueError
        If features are no numbers, of other epochs than the metadata, or there is no such column.
    """
    table, values = _read_table(features, metadata, caller)
    split = list(split) if hasattr(split, "__next__") else split
    label, remarks = _label(table, label, caller)
    rows, split, known = _leave_out_unlabelled(table, label, split, known, remarks, caller)
    table = table.iloc[rows].reset_index(drop=True)
    return Labelled(
        values=values[rows],
        table=table,
        rows=rows,
        split=split,
        label=label,
        known=_find_columns(table, known),
        remarks=tuple(remarks),
    )


def _read_table(features, metadata, caller):
    """Return the metadata and the features as a table of numbers (n_epochs, n_features)."""
    if metadata is None and not isinstance(features, Features):
        raise ValueError(f"{caller} needs metadata beside an array: a DataFrame with one row per epoch.")
    table = features.metadata if metadata is None else metadata
    check_type("metadata", table, pd.DataFrame, caller, "a DataFrame with one row per epoch")
    values = np.asarray(features)
    if values.dtype.kind not in "fiu" or values.ndim < 2:
        raise TypeError(
            f"{caller} needs features as numbers, (n_epochs, n_features). Got {values.dtype} of the shape "
            f"{values.shape}."
        )
    if len(values) != len(table):
        raise ValueError(
            f"{caller} needs one row of metadata for each epoch. Got {len(values)} epochs of features and "
            f"{len(table)} rows: take both from the same store, or drop from both."
        )
    values = np.asarray(values.reshape(len(values), -1), float)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{caller} needs features that are numbers; {len(bad)} of {len(values)} epochs hold NaN or "
            f"infinity: {listing(bad)}. Drop those rows from features and metadata."
        )
    table = table.reset_index(drop=True)
    if metadata is not None and isinstance(features, Features):
        _check_same_epochs(features.metadata.reset_index(drop=True), table, caller)
    return table, values


def _check_same_epochs(own, given, caller):
    """Refuse metadata of other epochs, as those of another store."""
    for column in _IDENTITY:
        if column not in own or column not in given:
            continue
        here, there = own[column].astype(str), given[column].astype(str)
        if not here.equals(there):
            row = int(np.flatnonzero(here != there)[0])
            raise ValueError(
                f"{caller} got features of other epochs than the metadata: in row {row} the {column!r} is "
                f"{here[row]!r} for the features and {there[row]!r} in the metadata. Take both from the same "
                "store, in the same order."
            )


def _label(table, label, caller):
    """Return the column that is decoded, and remarks."""
    if label == "concept" and label not in table and "event" in table:
        return "event", ["The metadata have no column 'concept': the names of the events are the labels."]
    if label not in table:
        raise ValueError(
            f"{caller} was asked for the labels {label!r}; the metadata have {listing(table, 20)}."
            f"{suggest(label, table)}"
        )
    return label, []


def _leave_out_unlabelled(table, label, split, known, remarks, caller):
    """Return the rows that have a label, with the split and what else has a value per epoch cut to them."""
    values = table[label]
    there = (values.notna() & ~values.isin(["", "n/a"])).to_numpy()
    rows = np.flatnonzero(there)
    if there.all():
        return rows, split, known
    remarks.append(f"{len(table) - len(rows)} of {len(table)} epochs have no {label!r}: left out.")
    if isinstance(split, (list, tuple)) and len(split) != len(table):
        raise ValueError(
            f"{caller} cannot leave out epochs of a split given as indices; {len(table) - len(rows)} have "
            f"no {label!r}. Drop them from features, metadata and split first."
        )
    cut = {name: _cut(value, rows, len(table)) for name, value in known.items()}
    return rows, _cut(split, rows, len(table)), cut


def _cut(values, rows, n_epochs):
    if isinstance(values, (pd.DataFrame, pd.Series)) and len(values) == n_epochs:
        return values.iloc[rows]
    if isinstance(values, (list, tuple, np.ndarray)) and len(values) == n_epochs:
        return np.asarray(values, dtype=object)[rows]
    return values


def _find_columns(table, known):
    """Fill in which columns tell recordings and the order, where the caller does not say it."""
    if known["group"] is None and "recording" in table and not {"subject", "session", "run"} & set(table):
        known = known | {"group": "recording"}
    said_unknown = "order" in table and (table["order"].astype(str) == "unknown").any()
    if known["order"] is None and "onset" in table and not said_unknown:
        known = known | {"order": "onset"}
    return known
