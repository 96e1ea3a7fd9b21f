"""The events.tsv of a recording, and its columns on the annotations."""

import bisect
import csv

import mne
import numpy as np
import pandas as pd

from .._checks import listing
from ._find import inherited_files
from ._sidecars import read_json


def read_events_table(bids_path, columns=None):
    """Read the events.tsv of a recording.

    Parameters
    ----------
    bids_path : mne_bids.BIDSPath
        One recording.
    columns : dict | None
        As in :func:`rename_columns`.

    Returns
    -------
    table : pandas.DataFrame | None
        One row per event, ``onset`` in seconds as a number, every other column as the text that stands there
        ("001" stays so), n/a as NaN. None where there is no such file.

    Raises
    ------
    RuntimeError
        If the file has no onsets.
    """
    files = inherited_files(bids_path, "events.tsv")
    if not files:
        return None
    table = pd.read_csv(
        files[-1],
        sep="\t",
        dtype=str,
        na_values="n/a",
        keep_default_na=False,
        encoding="utf-8-sig",
        quoting=csv.QUOTE_NONE,
    )
    if "onset" not in table.columns:
        raise RuntimeError(f"{files[-1].name} must have an 'onset' column. It has {listing(table.columns)}.")
    table["onset"] = pd.to_numeric(table["onset"], errors="coerce")
    return rename_columns(table, columns or {})


def rename_columns(table, columns):
    """Add the columns that a dataset has under names of its own.

    Parameters
    ----------
    table : pandas.DataFrame
        Events or metadata.
    columns : dict
        Our name to theirs: ``{"stim_file": "stimname"}``. A column of our name that is there stays.

    Returns
    -------
    table : pandas.DataFrame
        A copy where something was added.
    """
    missing = {
        ours: table[theirs] for ours, theirs in columns.items() if theirs in table and ours not in table
    }
    return table.assign(**missing) if missing else table


def tag_annotations(raw, bids_path, table, columns):
    """Add subject, session, run and the row of events.tsv to the extras of each annotation, in place.

    Readers leave some rows out and sort the others, so each row is found again by its onset, name and
    duration; rows alike in all three are numbered in their order. A column with numbers such as 001 is one of
    names and stays text.
    """
    if len(raw.annotations) == 0:
        return
    who = {key: getattr(bids_path, key) for key in ("subject", "session", "run") if getattr(bids_path, key)}
    marks = raw.annotations
    start = 0.0 if marks.orig_time is None else raw.first_time
    find_row = _row_finder(table)
    labels = {} if table is None else {name: table[name].to_list() for name in _label_columns(table)}
    # Not set_annotations: it copies and checks every value of every row again, minutes for 100,000 rows.
    for onset, name, duration, extra in zip(
        (marks.onset - start).tolist(),
        marks.description.tolist(),
        marks.duration.tolist(),
        marks.extras,
        strict=True,
    ):
        row = find_row(onset, name, duration)
        if row is not None:
            extra.update({label: texts[row] for label, texts in labels.items() if label in extra})
            extra.setdefault("source_index", row)
        for ours, theirs in columns.items():
            if theirs in extra:
                extra.setdefault(ours, extra[theirs])
        for key, value in who.items():
            extra.setdefault(key, value)


def _row_finder(table):
    """Return a function that finds the row of an annotation, each row once."""
    if table is None:
        return lambda onset, name, duration: None
    onsets = table["onset"].to_numpy(float)
    durations = pd.to_numeric(table.get("duration", pd.Series(0.0, table.index)), errors="coerce")
    durations = durations.fillna(0.0).to_list()
    columns = [
        table[column].fillna("n/a").to_list()
        for column in ("trial_type", "stim_type", "value")
        if column in table.columns
    ]
    free = set(range(len(table)))
    order = np.argsort(onsets, kind="stable").tolist()
    in_order = onsets[order].tolist()

    def find(onset, name, duration):
        first, last = (bisect.bisect_left(in_order, onset + margin) for margin in (-1e-6, 1e-6))
        near = [row for row in sorted(order[first:last]) if row in free]
        # mne-bids names an event by the first of these columns, and face/3 where faces have several values.
        named = [
            row
            for row in near
            if not columns or any(name == text[row] or name.startswith(f"{text[row]}/") for text in columns)
        ]
        if not named:
            return None
        row = min(named, key=lambda row: abs(durations[row] - duration))
        free.discard(row)
        return row

    return find


def _label_columns(table):
    return [
        column
        for column in table.columns
        if column != "onset" and pd.Series(table[column].dropna().unique()).str.match(r"0[0-9]+$").any()
    ]


def result_events(inst, bids_path, first_time):
    """Return the recording's events with whether an epoch of each was kept, or the epochs' own events.

    BIDS looks for a stim_file in the stimuli folder of the same dataset. The pictures stay in theirs, so that
    column is called image_path here.
    """
    table = read_events_table(bids_path)
    if table is not None:
        table = table.rename(columns={"stim_file": "image_path"})
    if not isinstance(inst, mne.BaseEpochs):
        return None if table is None else _moved(table, inst, first_time)
    if table is None:
        names = {code: " ".join(name.split()) for name, code in inst.event_id.items()}
        onsets = inst.events[:, 0] / inst.info["sfreq"] - first_time
        return pd.DataFrame(
            {"onset": onsets, "duration": 0.0, "trial_type": [names[code] for code in inst.events[:, 2]]}
        )
    if inst.metadata is not None and "source_index" in inst.metadata:
        index = table["source_index"] if "source_index" in table else pd.Series(np.arange(len(table)))
        kept = inst.metadata["source_index"].dropna().map(_whole).astype(str)
        table["kept"] = index.astype(str).isin(kept).to_numpy()
    return table


def _moved(table, raw, first_time):
    """Count onsets from the start of a continuous result; events outside it are not its own."""
    start, lasts = raw.first_time - first_time, raw.n_times / raw.info["sfreq"]
    table = table.drop(columns="sample", errors="ignore")
    if start:
        table["onset"] = (table["onset"] - start).round(6)
    return table[table["onset"].isna() | table["onset"].between(0, lasts)]


def _whole(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value


def event_columns(events, bids_path):
    """Return what events.json says of the columns of :func:`result_events`."""
    known = {}
    for file in inherited_files(bids_path, "events.json"):
        known |= read_json(file)
    if "stim_file" in known:
        known["image_path"] = known["stim_file"]
    if "kept" in events:
        known["kept"] = {
            "LongName": "Epoch kept",
            "Description": "Whether an epoch of this event is in the _epo.fif of the same name",
            "Levels": {"True": "kept", "False": "not an event of the recipe, or dropped"},
        }
    return {column: known[column] for column in events.columns if column in known}
