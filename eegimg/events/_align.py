"""Which event belongs to which row of a log: the alignment of lowest cost, and what else would do as well."""

import numpy as np

GAP = 1.0  # the price of an event, or of a row of the log, that is left alone
NEVER = 9.0  # the price of a pair that is worse than leaving both alone, however the rest goes
MARGIN = 0.4  # alignments that cost so little more are as good: less than half an event left alone
MAX_CELLS = 15_000_000  # of a table of float64: 120 MB, and as much again for the way back
PAIR, EVENT_ALONE, ROW_ALONE = range(3)
_BLOCK = 512  # rows of the table whose costs are computed at once


class Alignment:
    """Pair two sequences in order by dynamic programming in a band (Needleman and Wunsch 1970).

    The table holds, for each number of events and of log rows consumed, the lowest cost so far; only the
    columns around the window of the last event are stored.

    Parameters
    ----------
    cost : callable
        Price of pairing events with rows, from two integer arrays that broadcast.
    lows, highs : ndarray of int, shape (n_events,)
        Window of log rows that each event may belong to, ``lows <= row < highs``; neither falls.
    n_rows : int
        Rows of the log.

    Attributes
    ----------
    cost : float
        Of the best alignment.
    partner : ndarray of int, shape (n_events,)
        Row of the log of each event in one best alignment, -1 where it has none.
    """

    def __init__(self, cost, lows, highs, n_rows):
        self._cost, self._lows, self._highs, self._n_rows = cost, lows, highs, n_rows
        self._start, width = _band(lows, highs)
        moves = np.empty((len(lows) + 1, width), np.int8)
        self._table = _fill(cost, self._start, width, n_rows, moves)
        self.cost = float(_read(self._table, self._start, len(lows), n_rows))
        self._trace(moves)

    def _trace(self, moves):
        """Walk back from the end along one path of lowest cost."""
        i, j = len(self._lows), self._n_rows
        self.partner = np.full(i, -1)
        starts = self._start.tolist()
        while i and j:
            inside = j - starts[i]
            move = ROW_ALONE if inside >= moves.shape[1] else moves[i, inside]
            i, j = i - (move != ROW_ALONE), j - (move != EVENT_ALONE)
            if move == PAIR:
                self.partner[i] = j

    def options(self):
        """Find what each event could belong to in alignments that are as good as the best.

        Returns
        -------
        options : list of set of int
            Rows of the log per event, with -1 where it could also be left alone.
        """
        n_events, n_rows = len(self._lows), self._n_rows
        # The table from the end backwards is the table of both sequences reversed.
        back, width = _band(n_rows - self._highs[::-1], n_rows - self._lows[::-1])
        ends = _fill(
            lambda events, rows: self._cost(n_events - 1 - events, n_rows - 1 - rows), back, width, n_rows
        )
        limit, options = self.cost + MARGIN, [set() for _ in range(n_events)]
        for begin in range(0, n_events, _BLOCK):
            i = np.arange(begin, min(begin + _BLOCK, n_events))[:, None]
            left = n_events - 1 - i
            j = self._lows[i] + np.arange(width)
            price = self._cost(i, np.clip(j, 0, n_rows - 1))
            after = _read(ends, back, left, n_rows - 1 - j)
            paired = _read(self._table, self._start, i, j) + price + after <= limit
            # Right of what the event before could belong to, both sums stay as they are.
            k = self._start[i] + np.arange(width)
            before = _read(self._table, self._start, i, k)
            alone = before + GAP + _read(ends, back, left, n_rows - k) <= limit
            for event, column in zip(*np.nonzero(paired), strict=True):
                options[begin + event].add(int(j[event, column]))
            for event in np.flatnonzero(alone.any(axis=1)):
                options[begin + event].add(-1)
        return options


def _band(lows, highs):
    """Return the first stored column of each row of the table, and how many are stored.

    Row i + 1 holds what follows from event i. What lies right of a row is known from its end: there log rows
    are left alone. What lies left of it leads to no pair any more.
    """
    return np.concatenate([lows[:1], lows]), int((highs - lows).max(initial=0)) + 3


def _fill(cost, start, width, n_rows, moves=None):
    """Fill the table row by row, and note how each cell was reached in ``moves``."""
    n_events = len(start) - 1
    ramp = GAP * np.arange(width)
    table = np.empty((n_events + 1, width))
    first = start[0] + np.arange(width)
    table[0] = np.where(first < 0, np.inf, GAP * first)
    # What stood in the row before, from one column left of its start to any column right of its end.
    before = np.full(1 + 2 * width, np.inf)
    for begin in range(0, n_events, _BLOCK):
        rows = np.arange(begin, min(begin + _BLOCK, n_events))
        columns = start[rows + 1, None] - 1 + np.arange(width)
        prices = cost(rows[:, None], np.clip(columns, 0, n_rows - 1)) + np.zeros(columns.shape)
        prices[(columns < 0) | (columns >= n_rows)] = np.inf
        for row, price in zip(rows.tolist(), prices, strict=True):
            before[1 : width + 1] = table[row]
            before[width + 1 :] = table[row, -1] + GAP + ramp
            shift = int(start[row + 1] - start[row])
            skipped = max(shift - width, 0)
            known = before[shift - skipped : shift - skipped + width + 1] + GAP * skipped
            pair, alone = known[:-1] + price, known[1:] + GAP
            best = np.minimum(pair, alone)
            table[row + 1] = np.minimum.accumulate(best - ramp) + ramp
            if moves is not None:
                moves[row + 1] = np.where(alone < pair - 1e-9, EVENT_ALONE, PAIR)
                moves[row + 1][table[row + 1] < best - 1e-9] = ROW_ALONE
    return table


def _read(table, start, row, columns):
    """Read costs also right of the band, where log rows are left alone; left of it nothing is known."""
    width = table.shape[1]
    inside = columns - start[row]
    cost = table[row, np.clip(inside, 0, width - 1)] + GAP * np.maximum(inside - width + 1, 0)
    return np.where((inside < 0) | (columns < 0), np.inf, cost)


def align_in_band(cost, n_events, n_rows):
    """Align along the diagonal, in a band that is widened until nothing outside it can be as good.

    To leave a band of ``half`` rows to both sides and come back, at least ``2 * half`` less the difference of
    the lengths must be left alone (Ukkonen 1985).

    Parameters
    ----------
    cost : callable
        As of :class:`Alignment`.
    n_events, n_rows : int
        Lengths of both sequences.

    Returns
    -------
    alignment : Alignment
        The best one.

    Raises
    ------
    RuntimeError
        If no band within the limit of memory is wide enough.
    """
    diagonal = np.round(np.arange(n_events) * n_rows / max(n_events, 1)).astype(int)
    difference = abs(n_events - n_rows)
    half = max(64, difference)
    while True:
        lows, highs = np.maximum(diagonal - half, 0), np.minimum(diagonal + half + 1, n_rows)
        if int((highs - lows).max(initial=0)) * n_events > MAX_CELLS:
            raise RuntimeError(
                f"The alignment of {n_events} events with {n_rows} log rows needs a band of {half} "
                "rows, more than memory allows: very many events are missing, extra or wrong, or the log is "
                "another recording's. Give onsets in seconds for both, or match one run at a time."
            )
        alignment = Alignment(cost, lows, highs, n_rows)
        if half >= n_rows or alignment.cost + MARGIN < GAP * (2 * half - difference):
            return alignment
        half *= 2
