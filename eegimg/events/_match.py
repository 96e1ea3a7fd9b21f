"""Find the row of the presentation log that each trigger belongs to, by alignment and never by position."""

import dataclasses

import numpy as np
import pandas as pd

from .._checks import check_number, listing
from ._clock import default_tolerance, spread_of
from ._log import as_table, check_order, codes_of, comparable, onsets_of, read_log
from ._pairs import pair_codes, pair_onsets


@dataclasses.dataclass(frozen=True, eq=False)
class EventMatch:
    """Which row of the log each event belongs to.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per pair, missing trigger or extra event, in order of time: ``event`` and ``log`` (row numbers
        from 0, <NA> where there is none), ``status`` ('matched', 'wrong code', 'missing': a log row without
        an event, 'extra': an event without a log row), ``difference`` (event minus log onset in seconds, the
        clocks set to one another), ``ambiguous`` (it could as well be otherwise) and ``alternatives`` (the
        other log rows that it could be).
    events : ndarray of int, shape (n_matched, 3) | pandas.DataFrame
        The events as they were given, only those that are matched and not ambiguous, in order.
    metadata : pandas.DataFrame
        The rows of the log that belong to ``events``, one each.
    compared : str
        What was compared: 'codes', 'onsets' or 'codes and onsets'.
    offset : float
        Clock of the events minus that of the log in seconds, at the first row of the log; NaN without onsets.
    drift_ppm : float
        How much faster the clock of the events runs, in parts per million; NaN without onsets.
    jitter : float
        Standard deviation in seconds of what is left (1.4826 times the median absolute deviation).
    other_offsets : list of float
        Offsets in seconds under which the whole would match as well; no pair that depends on it is sure.
    """

    table: pd.DataFrame
    events: object
    metadata: pd.DataFrame
    compared: str
    offset: float
    drift_ppm: float
    jitter: float
    other_offsets: list

    @property
    def counts(self):
        """How many rows of the table have each status, and how many are ambiguous: a dict of str to int."""
        names = ("matched", "missing", "extra", "wrong code")
        found = {name: int((self.table["status"] == name).sum()) for name in names}
        return found | {"ambiguous": int(self.table["ambiguous"].sum())}

    def __str__(self):
        counts, table = self.counts, self.table
        lines = [f"{counts['matched']} of {table['log'].notna().sum()} log rows matched by {self.compared}."]
        if np.isfinite(self.offset):
            lines.append(
                f"The events' clock is {self.offset:+.4f} s from the log's and drifts {self.drift_ppm:+.1f} "
                f"ppm; the jitter is {1000 * self.jitter:.2f} ms."
            )
        for status, side, text in (
            ("missing", "log", "missing triggers: log rows"),
            ("extra", "event", "extra events: number"),
            ("wrong code", "event", "wrong codes: event"),
        ):
            if counts[status]:
                rows = table.loc[table["status"] == status, side].tolist()
                lines.append(f"{counts[status]} {text} {_numbers(rows)}.")
        unsure = table[table["ambiguous"]]
        if len(unsure):
            rows = sorted(
                {*unsure["log"].dropna(), *(row for rows in unsure["alternatives"] for row in rows)}
            )
            lines.append(
                f"{len(unsure)} ambiguous: log rows {_numbers(rows)} could change places, and nothing in the "
                f"{self.compared} tells which is which. They are left out of events and metadata."
            )
        if self.other_offsets:
            offsets = ", ".join(f"{offset:+.3f}" for offset in self.other_offsets)
            lines.append(f"The whole fits as well with the clocks {offsets} s apart.")
        return "\n".join(lines)

    def raise_if_unmatched(self):
        """Raise RuntimeError, with the summary, unless every event and every log row has its sure partner."""
        if len(self.table) != self.counts["matched"] or self.table["ambiguous"].any():
            raise RuntimeError(f"The events do not match the presentation log. {self}")


def match_events(events, log, *, onset="onset", code=None, event_id=None, sfreq=None, tolerance=None):
    """Find the row of a presentation log that each event belongs to.

    Events and rows are aligned by dynamic programming (Needleman and Wunsch 1970) over their codes, their
    onsets, or both. Offset and drift of the clocks are found first, by following many events, so a trigger
    that is missing or extra moves no other one. Where several alignments are equally good, the pairs in
    which they differ are marked as ambiguous.

    Parameters
    ----------
    events : ndarray of int, shape (n_events, 3) | pandas.DataFrame
        MNE's events, or a table with a row per event in order of time.
    log : pandas.DataFrame | path-like
        One row per picture shown, in order; or a .tsv or .csv file with such a table.
    onset : str | None
        Column with onsets in seconds, of the log and of an event table. A table without a column "onset"
        is compared by codes alone, as everything is with None.
    code : str | None
        Column with codes or names, of the log and of an event table. None takes "code" or "name", and where
        the log has neither, onsets alone are compared.
    event_id : dict of str to int | None
        Codes of the names in the log.
    sfreq : float | None
        Sampling rate in Hz of an event array, needed with onsets.
    tolerance : float | None
        Largest difference in seconds between event and log once the clocks agree. None takes half of a short
        interval between onsets (the 5th percentile), at most 0.05 s.

    Returns
    -------
    match : EventMatch
        The pairs, what has none, and events with their metadata for :class:`mne.Epochs`.

    Raises
    ------
    ValueError
        If a column is missing, onsets are not in order, or there is nothing to compare.
    RuntimeError
        If without onsets more events in a stretch are missing or extra than memory allows to look for.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from eegimg.events import match_events
    >>> log = pd.DataFrame({"onset": [0.0, 1.1, 1.9, 3.2], "code": [1, 2, 1, 2], "image": list("abcd")})
    >>> events = np.array([[700, 0, 1], [2600, 0, 1], [3900, 0, 2]])
    >>> match = match_events(events, log, sfreq=1000.0)
    >>> match.metadata["image"].tolist(), match.counts["missing"]
    (['a', 'c', 'd'], 1)
    """
    rows, table = read_log(log), as_table(events, sfreq)
    check_number("tolerance", tolerance, "match_events", above=0, none=True)
    times = _both_onsets(table, rows, onset, isinstance(events, np.ndarray) and sfreq is None)
    codes = _both_codes(table, rows, code, event_id, isinstance(events, np.ndarray))
    if times is None and codes is None:
        raise ValueError(
            "match_events has nothing to compare: events and log share neither a column of onsets nor one of "
            f"codes. The log has {listing(rows.columns)}. Name its columns in 'onset' and 'code'."
        )
    pairs, zero = _pair(times, codes, tolerance)
    made = _tabulate(pairs, codes, len(rows))
    good = made[(made["status"] == "matched") & ~made["ambiguous"]]
    chosen = good["event"].to_numpy(int)
    rest = pairs.difference[np.isfinite(pairs.difference)]
    return EventMatch(
        table=made,
        events=events.iloc[chosen] if isinstance(events, pd.DataFrame) else events[chosen],
        metadata=rows.iloc[good["log"].to_numpy(int)].reset_index(drop=True),
        compared=" and ".join(
            name for name, side in (("codes", codes), ("onsets", times)) if side is not None
        ),
        offset=float("nan") if pairs.line is None else pairs.line[0] + zero,
        drift_ppm=float("nan") if pairs.line is None else 1e6 * (pairs.line[1] - 1),
        jitter=spread_of(rest) if len(rest) else float("nan"),
        other_offsets=[offset + zero for offset in pairs.other_offsets],
    )


def _both_onsets(table, rows, onset, no_rate):
    """Return the onsets of events and log in seconds, or None where one side has none."""
    theirs = onsets_of(rows, onset, "the log")
    if theirs is None:
        return None
    if no_rate:
        raise ValueError(
            "match_events needs 'sfreq' to compare samples with the log's onsets in seconds: pass "
            "raw.info['sfreq'], or onset=None to compare codes alone."
        )
    # The columns of an array have our own names.
    ours = onsets_of(table, onset if onset in table.columns else "onset", "the events")
    if ours is None:
        return None
    for own, other, seconds in ((ours, theirs, "log"), (theirs, ours, "event table")):
        if len(own) > 1 < len(other) and np.median(np.diff(other)) > 100 * np.median(np.diff(own)) > 0:
            raise ValueError(
                f"The intervals of the {seconds} are more than a hundred times those of the other side. Give "
                "onsets of both in seconds: milliseconds divided by 1000."
            )
    return ours, check_order(theirs, "the log")


def _both_codes(table, rows, code, event_id, is_array):
    """Return the codes of events and log, numbered alike, or None where one side has none."""
    theirs, found = codes_of(rows, code, "the log")
    if theirs is None:
        return None
    ours, _ = codes_of(table, "code" if is_array else (code or found), "the events")
    return comparable(ours, theirs, event_id)


def _pair(times, codes, tolerance):
    """Pair events and rows; also return the difference between the zeros of both clocks."""
    if times is None:
        return pair_codes(*codes), 0.0
    ours, theirs = times
    zero = ours[0] - theirs[0] if len(ours) and len(theirs) else 0.0
    tolerance = default_tolerance(ours, theirs) if tolerance is None else float(tolerance)
    # Clocks may count from 1970: the differences matter, and keep their digits from here.
    return pair_onsets(ours - ours[:1], theirs - theirs[:1], tolerance, *(codes or (None, None))), zero


def _tabulate(pairs, codes, n_rows):
    """Write one row per pair, missing trigger and extra event, in order."""
    unsure = ~pairs.sure
    swaps = {row for event in np.flatnonzero(unsure) for row in pairs.options[event] if row >= 0}
    records, row = [], 0
    for event, partner in enumerate(pairs.partner.tolist()):
        others = tuple(sorted(pairs.options[event] - {partner, -1})) if unsure[event] else ()
        if partner < 0:
            records.append((event, None, "extra", np.nan, bool(unsure[event]), others))
            continue
        records.extend((None, k, "missing", np.nan, k in swaps, ()) for k in range(row, partner))
        wrong = codes is not None and codes[0][event] != codes[1][partner]
        status = "wrong code" if wrong else "matched"
        records.append((event, partner, status, pairs.difference[event], bool(unsure[event]), others))
        row = partner + 1
    records.extend((None, k, "missing", np.nan, k in swaps, ()) for k in range(row, n_rows))
    columns = ["event", "log", "status", "difference", "ambiguous", "alternatives"]
    made = pd.DataFrame(records, columns=columns)
    return made.astype({"event": "Int64", "log": "Int64", "difference": float, "ambiguous": bool})


def _numbers(rows, limit=12):
    """Write row numbers, runs as "3-7", the end of a long list left out."""
    runs = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    texts = [f"{first}" if first == last else f"{first}-{last}" for first, last in runs]
    return ", ".join(texts[:limit]) + (f" and {len(texts) - limit} more" if len(texts) > limit else "")
