"""The table of a store: one row per epoch, where it lies and what its metadata say."""

import hashlib
import numbers

import pandas as pd

from .._checks import listing, suggest

PLACE = ("shard", "row")
ENTITIES = ("subject", "session", "task", "run")


def recording_table(epochs, recording):
    """Return what is known of the epochs of one recording.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Their metadata are taken as they are.
    recording : Recording
        Its name and entities fill the columns ``recording``, ``subject``, ``session``, ``task`` and ``run``
        that the metadata lack; ``event`` is the name of the event.

    Returns
    -------
    table : pandas.DataFrame
        Numbered from 0, the filled columns first.

    Raises
    ------
    ValueError
        If a column has the name of one of the store's own, or holds what a table on disk cannot.
    """
    metadata = epochs.metadata
    table = pd.DataFrame(index=range(len(epochs))) if metadata is None else metadata.reset_index(drop=True)
    table.columns = [str(column) for column in table]
    taken = [column for column in PLACE if column in table]
    if taken:
        raise ValueError(
            f"The metadata of {recording.name} have the column {taken[0]!r}, which a store needs for itself. "
            "Rename it first."
        )
    names = {code: event for event, code in epochs.event_id.items()}
    filled = {"recording": _label(table, recording)}
    filled |= recording.entities
    filled["event"] = [names.get(code, str(code)) for code in epochs.events[:, 2].tolist()]
    added = pd.DataFrame(
        {column: value for column, value in filled.items() if column not in table}, index=table.index
    )
    table = pd.concat([added, table], axis=1)
    first = [name for name in ("recording", *ENTITIES, "event") if name in table]
    table = table[[*first, *table.columns.difference(first, sort=False)]]
    return table.apply(lambda column: _storable(column, recording.name))


def _label(table, recording):
    """Return the recording of each row: by its entities where the metadata of objects have some."""
    columns = [name for name in ENTITIES if name in table]
    if recording.sidecar is not None or "subject" not in columns:
        return recording.name
    short = {"subject": "sub", "session": "ses", "task": "task", "run": "run"}
    parts = [
        table[name].map(lambda value, name=name: "" if pd.isna(value) else f"{short[name]}-{value}")
        for name in columns
    ]
    return ["_".join(filter(None, labels)) or recording.name for labels in zip(*parts, strict=True)]


def _storable(column, name):
    """Return a column as Parquet takes it: one type; text where numbers and text are mixed."""
    if column.dtype != object:
        return column
    import pyarrow

    try:
        pyarrow.array(column, from_pandas=True)
        return column
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
        known = column[~column.map(_is_missing)]
    odd = [value for value in known if not isinstance(value, (str, numbers.Number))]
    if odd:
        raise ValueError(
            f"The metadata column {column.name!r} of {name} holds a {type(odd[0]).__name__}, which a table "
            "on disk cannot. Drop the column, or turn it into text or numbers."
        )
    return column.where(column.map(_is_missing), column.map(str))


def _is_missing(value):
    missing = pd.isna(value)
    return isinstance(missing, bool) and missing


def join_tables(tables):
    """Join the tables of recordings; whole numbers stay whole beside recordings that lack their column.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By recording.

    Returns
    -------
    table : pandas.DataFrame
        One row per epoch, numbered from 0.
    """
    columns = set().union(*tables.values())
    whole = [
        table.astype(
            {
                column: "Int64"
                for column in table
                if table[column].dtype.kind in "iu" and any(column not in other for other in tables.values())
            }
        )
        for table in tables.values()
    ]
    joined = pd.concat(whole, ignore_index=True)
    return joined.apply(lambda column: _storable(column, "all recordings")) if columns else joined


def check_column(table, column, caller, name):
    """Return a column, or raise ValueError naming those that are there."""
    if column not in table:
        raise ValueError(
            f"The {name!r} parameter of {caller} must be a column of the metadata. Got {column!r} instead; "
            f"they have {listing(table, 20)}.{suggest(column, table)}"
        )
    return table[column]


def split_counts(table, column):
    """Count the epochs of each part of a split, None where there is no such column."""
    if column is None or column not in table:
        return None
    parts = table[column].astype(object).where(table[column].notna(), "n/a").astype(str)
    return {
        "column": column,
        "counts": {part: int(n) for part, n in parts.value_counts().sort_index().items()},
    }


def table_digest(table):
    """Return the SHA-256 of what a table holds, however it is stored."""
    return hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()


def target_codes(table, rows, target):
    """Return the code of each epoch, and the values that the codes number.

    Parameters
    ----------
    table : pandas.DataFrame
        Of the whole store: its values are numbered, so that parts of it agree.
    rows : ndarray of int, shape (n_epochs,)
        The epochs.
    target : str
        Column.

    Returns
    -------
    codes : ndarray of int, shape (n_epochs,)
        From 0.
    classes : list
        Sorted values.

    Raises
    ------
    ValueError
        If there is no such column, or an epoch has no value.
    """
    values = check_column(table, target, "Store.to_torch", "target")
    chosen = values.iloc[rows]
    gaps = int(chosen.isna().sum())
    if gaps:
        raise ValueError(
            f"The metadata column {target!r} has no value for {gaps} of {len(rows)} epochs. Choose those "
            f"that have one: store.select(store.metadata[{target!r}].notna())."
        )
    classes = sorted(values.dropna().unique().tolist())
    return pd.Categorical(chosen, categories=classes).codes.astype("int64"), classes
