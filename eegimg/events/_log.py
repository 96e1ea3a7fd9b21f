"""The log of a presentation as the experiment wrote it, and the columns in which it meets the events."""

import os
import pathlib

import numpy as np
import pandas as pd

from .._checks import check_number, check_option, check_type, listing, suggest
from ._find import NAMES, _as_numbers

CODE_COLUMNS = ("code", "name")
_CALLER = "match_events"


def read_log(log):
    """Return the log as a table with rows numbered from 0; a path is read as TSV or CSV."""
    wanted = "a DataFrame or the path of a .tsv or .csv file"
    check_type("log", log, (pd.DataFrame, str, os.PathLike), _CALLER, wanted)
    if isinstance(log, pd.DataFrame):
        return log.reset_index(drop=True)
    path = pathlib.Path(log)
    check_option("log suffix", path.suffix.lower(), (".tsv", ".csv"), _CALLER)
    if not path.is_file():
        raise FileNotFoundError(f"There is no presentation log at {path}. Check the path.")
    try:
        # As text: a picture may be called "007".
        table = pd.read_csv(
            path,
            sep="\t" if path.suffix.lower() == ".tsv" else ",",
            dtype=str,
            na_values="n/a",
            keep_default_na=False,
            encoding="utf-8-sig",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as err:
        raise ValueError(
            f"{path} cannot be read as a table: {err}. Save it as UTF-8, one row a line."
        ) from err
    return table.apply(lambda column: column if column.name in NAMES else _as_numbers(column))


def onsets_of(table, column, where):
    """Return a column of onsets in seconds, or None where the table has none of that name."""
    if column is None or (column == "onset" and column not in table.columns):
        return None
    if column not in table.columns:
        raise ValueError(
            f"{_CALLER} was asked for the onset column {column!r}; {where} has {listing(table.columns)}."
            f"{suggest(column, table.columns)}"
        )
    onsets = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
    lost = np.flatnonzero(~np.isfinite(onsets))
    if len(lost):
        raise ValueError(
            f"The column {column!r} of {where} holds no number in {len(lost)} of {len(onsets)} rows, the "
            f"first of them row {lost[0]}. Leave those rows out, or pass onset=None to compare codes alone."
        )
    return check_order(onsets, where)


def check_order(onsets, where):
    """Return onsets that never fall, or say where they do."""
    falls = np.flatnonzero(np.diff(onsets) < 0)
    if len(falls):
        raise ValueError(
            f"The onsets of {where} fall from {onsets[falls[0]]:g} to {onsets[falls[0] + 1]:g} at row "
            f"{falls[0] + 1}. Give them in order of time; where a clock starts anew, match one run at a time."
        )
    return onsets


def codes_of(table, column, where):
    """Return a column of codes and its name, or None where the table has none of the usual names."""
    names = CODE_COLUMNS if column is None else (column,)
    found = next((name for name in names if name in table.columns), None)
    if found is None and column is not None:
        raise ValueError(
            f"{_CALLER} was asked for the code column {column!r}; {where} has {listing(table.columns)}."
            f"{suggest(column, table.columns)}"
        )
    return (None, None) if found is None else (table[found].to_list(), found)


def comparable(event_codes, log_codes, event_id):
    """Give numbers to the codes of both sides alike, names translated with event_id."""
    check_type("event_id", event_id, (dict, type(None)), _CALLER, "a dict of names and codes, or None")
    codes = {str(name): _as_text(code) for name, code in (event_id or {}).items()}
    sides = []
    for values in (event_codes, log_codes):
        texts = [_as_text(value) for value in values]
        sides.append([codes.get(text, text) for text in texts])
    if sides[0] and sides[1] and not set(sides[0]) & set(sides[1]):
        ours, theirs = (listing(dict.fromkeys(side)) for side in sides)
        raise ValueError(
            f"The events have the codes {ours}, the log has {theirs}: none is the same. Name the log's "
            "column in 'code', or say which name has which code in 'event_id'."
        )
    numbers = pd.factorize(np.array([*sides[0], *sides[1]], object))[0]
    return numbers[: len(sides[0])], numbers[len(sides[0]) :]


def _as_text(value):
    """Write 7, 7.0 and "7" alike."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def as_table(events, sfreq):
    """Return events as a table with onsets and codes: MNE's array, or a table that has them."""
    if isinstance(events, pd.DataFrame):
        return events.reset_index(drop=True)
    wanted = "an integer array of shape (n_events, 3) or a DataFrame"
    check_type("events", events, np.ndarray, _CALLER, wanted)
    if events.ndim != 2 or events.shape[1] != 3 or events.dtype.kind not in "iu":
        raise TypeError(
            f"The 'events' parameter of {_CALLER} must be {wanted}. Got an array of {events.dtype} of shape "
            f"{events.shape} instead."
        )
    check_number("sfreq", sfreq, _CALLER, above=0, none=True)
    table = pd.DataFrame({"code": events[:, 2]})
    return table if sfreq is None else table.assign(onset=events[:, 0] / sfreq)
