"""The events.tsv of a recording, and its columns on the annotations."""

import pandas as pd

from .._checks import listing


def read_events_table(bids_path):
    """Read the events.tsv of a recording.

    Parameters
    ----------
    bids_path : mne_bids.BIDSPath
        One recording.

    Returns
    -------
    table : pandas.DataFrame | None
        One row per event, ``onset`` in seconds as a number; None where there is no such file.
    """
    file = bids_path.copy().update(suffix="events", extension=".tsv", split=None).fpath
    if not file.is_file():
        return None
    table = pd.read_csv(file, sep="\t", na_values="n/a", keep_default_na=False, encoding="utf-8-sig")
    if "onset" not in table.columns:
        raise RuntimeError(f"{file.name} must have an 'onset' column. It has {listing(table.columns)}.")
    table["onset"] = pd.to_numeric(table["onset"], errors="coerce")
    return table


def tag_annotations(raw, bids_path, table):
    """Add subject, session, run and the row of events.tsv to the extras of each annotation, in place.

    The rows are found by onset, because readers leave some rows out; a row that is not unique there is not
    numbered.
    """
    if len(raw.annotations) == 0:
        return
    who = {key: getattr(bids_path, key) for key in ("subject", "session", "run") if getattr(bids_path, key)}
    rows = {}
    if table is not None and "source_index" not in table.columns:
        names = (
            table["trial_type"].astype(str) if "trial_type" in table.columns else pd.Series("", table.index)
        )
        for row, (onset, name) in enumerate(zip(table["onset"], names, strict=True)):
            rows.setdefault(round(float(onset), 6), []).append((row, name))
    extras = []
    for annotation in raw.annotations:
        extra = {str(key): value for key, value in (annotation.get("extras") or {}).items()}
        numbered = rows.get(
            round(
                float(annotation["onset"]) if raw.annotations.orig_time is None else _onset(raw, annotation),
                6,
            ),
            [],
        )
        if len(numbered) > 1:
            numbered = [item for item in numbered if item[1] == annotation["description"]]
        if len(numbered) == 1:
            extra["source_index"] = numbered[0][0]
        extras.append(who | extra)
    annotations = raw.annotations.copy()
    annotations.extras = extras
    raw.set_annotations(annotations, verbose="error")


def _onset(raw, annotation):
    return float(annotation["onset"]) - raw.first_time
