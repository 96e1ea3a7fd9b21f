"""How two clocks go together: candidates for offset and rate, each grown from a few events to all."""

import numpy as np

MAX_DRIFT = 0.01  # a rate further from 1 is a wrong sampling rate, no drift
LONGEST_TOLERANCE = 0.05
_SEEDS, _PEAKS, _KEPT = (20, 60), 6, 5


def default_tolerance(*onsets):
    """Choose the largest difference of a pair: half of a short interval between onsets, at most 50 ms.

    A short interval is the 5th percentile, so that a few onsets close together do not count.
    """
    intervals = np.concatenate([np.diff(times) for times in onsets])
    intervals = intervals[intervals > 0]
    half = np.percentile(intervals, 5) / 2 if len(intervals) else LONGEST_TOLERANCE
    return float(min(half, LONGEST_TOLERANCE))


def fit_line(x, y, line=(0.0, 1.0)):
    """Fit y = offset + rate * x by Tukey's biweight.

    Beaton and Tukey 1974, tuned as by Holland and Welsch 1977. ``line`` is where it starts;
    too few or too short data leave the rate as it is.
    """
    offset, rate = line
    offset += np.median(y - offset - rate * x)
    if len(x) < 8 or np.ptp(x) == 0:
        return float(offset), float(rate)
    for _ in range(10):
        residual = y - offset - rate * x
        scale = max(4.685 * 1.4826 * np.median(np.abs(residual)), 1e-9 * np.ptp(x))
        weight = np.clip(1 - (residual / scale) ** 2, 0, None) ** 2
        total = weight.sum()
        if total < 2:
            break
        x_mean, y_mean = weight @ x / total, weight @ residual / total
        spread = weight @ (x - x_mean) ** 2
        change = weight @ ((x - x_mean) * (residual - y_mean)) / spread if spread > 0 else 0.0
        rate, offset = rate + change, offset + y_mean - change * x_mean
        if max(abs(change) * np.ptp(x), abs(y_mean)) < 1e-6:
            break
    return float(offset), float(rate)


def spread_of(residuals):
    """Estimate a standard deviation from the median absolute deviation."""
    return 1.4826 * float(np.median(np.abs(residuals - np.median(residuals))))


class Clocks:
    """Search for the lines that lead from the onsets of a log to those of the events.

    Parameters
    ----------
    events, log : ndarray, shape (n_events,) and (n_rows,)
        Onsets in seconds, in order.
    event_codes, log_codes : ndarray of int | None
        Where given, only onsets of one code can belong together here.
    tolerance : float
        Largest difference of a pair in seconds.
    largest_offset : float | None
        Largest offset in seconds, where the clocks are known to be nearly one.
    """

    def __init__(self, events, log, event_codes, log_codes, tolerance, largest_offset=None):
        self.events, self.log, self.tolerance = events, log, tolerance
        self.event_codes, self.log_codes = event_codes, log_codes
        self.largest_offset = largest_offset

    def nearest(self, line, low=0, high=None):
        """Pair events ``low:high`` with the nearest log row under a line, both as indices."""
        events = np.arange(len(self.events))[low:high]
        predicted = line[0] + line[1] * self.log
        rows = np.searchsorted((predicted[1:] + predicted[:-1]) / 2, self.events[events])
        good = np.abs(self.events[events] - predicted[rows]) <= self.tolerance
        if self.event_codes is not None:
            good &= self.event_codes[events] == self.log_codes[rows]
        return events[good], rows[good]

    def score(self, line):
        """Count the log rows that find an event under a line."""
        return len(np.unique(self.nearest(line)[1]))

    def candidates(self):
        """List lines that explain nearly as many events as the best one, best first, each another pairing."""
        lines, enough = [], 0.8 * min(len(self.events), len(self.log))
        for seed in self._seeds():
            lines.append(self._grow(*seed))
            if self.score(lines[-1]) >= enough:
                break
        lines = self._distinct(lines)
        if lines:
            lines = self._distinct([*lines, *self._shifted(lines[0])])
            least = 0.8 * self.score(lines[0])
            lines = [line for line in lines if self.score(line) >= least]
        return lines[:_KEPT]

    def _seeds(self):
        """Yield offsets at which many of a few neighbouring events meet a row of the log."""
        n_events = len(self.events)
        for size in _SEEDS:
            last = max(n_events - size, 0)
            for place in sorted({round(last * part) for part in (0, 0.2, 0.4, 0.6, 0.8, 1)}):
                chunk = slice(place, place + size)
                offsets = self._peaks(chunk, 1.0)
                yield from ((offset, place, size) for offset in offsets)

    def _peaks(self, chunk, rate):
        """Find the commonest differences between some events and all rows; of equals, the most central."""
        differences = self.events[chunk, None] - rate * self.log
        # How far each pair is from pairing the two sequences by position.
        by_position = np.arange(len(self.events))[chunk, None] * len(self.log) / len(self.events)
        away = np.abs(np.arange(len(self.log)) - by_position)
        wanted = np.ones(differences.shape, bool)
        if self.event_codes is not None:
            wanted &= self.event_codes[chunk, None] == self.log_codes
        if self.largest_offset is not None:
            wanted &= np.abs(differences) <= self.largest_offset
        differences, away = differences[wanted], away[wanted]
        if not len(differences):
            return []
        order = np.argsort(differences)
        differences, away = differences[order], away[order]
        counts = np.searchsorted(differences, differences + self.tolerance, "right") - np.arange(len(order))
        ranks, peaks = np.lexsort((away, -counts)), []
        for start in ranks[: 50 * _PEAKS]:
            centre = float(np.median(differences[start : start + counts[start]]))
            if all(abs(centre - peak) > self.tolerance for peak in peaks):
                peaks.append(centre)
            if len(peaks) == _PEAKS:
                break
        return peaks

    def _grow(self, offset, place, size):
        """Follow a clock from a few events to all, twice as far each time."""
        line, n_events = (offset, 1.0), len(self.events)
        low, high = place, place + size
        while True:
            for _ in range(2):
                events, rows = self.nearest(line, max(low, 0), high)
                if len(events):
                    line = fit_line(self.log[rows], self.events[events], line)
            if abs(line[1] - 1) > MAX_DRIFT:
                return (offset, 1.0)
            if low <= 0 and high >= n_events:
                return line
            low, high = low - (high - low) // 2, high + (high - low) // 2

    def _shifted(self, line):
        """List the lines that run beside another one: the same pictures, some rows earlier or later."""
        chunks = [slice(place, place + 60) for place in (0, len(self.events) // 2)]
        offsets = [offset for chunk in chunks for offset in self._peaks(chunk, line[1])]
        return [(offset, line[1]) for offset in offsets]

    def _distinct(self, lines):
        """Sort lines by score and leave out those that meet a better one over the whole log."""
        ends = self.log[[0, -1]]
        kept = []
        for line in sorted(dict.fromkeys(lines), key=self.score, reverse=True):
            at = line[0] + line[1] * ends
            if self.largest_offset is not None and abs(np.mean(at - ends)) > self.largest_offset:
                continue
            near = (np.abs(at - other[0] - other[1] * ends).max() <= self.tolerance for other in kept)
            if not any(near):
                kept.append(line)
        return kept
