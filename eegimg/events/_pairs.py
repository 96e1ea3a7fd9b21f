"""Pair the onsets of two sequences, by their codes, by their times, or by both."""

import dataclasses

import numpy as np

from ._align import GAP, MARGIN, NEVER, Alignment, align_in_band
from ._clock import Clocks, fit_line, spread_of

WRONG_CODE = 1.0  # where times agree; two onsets left alone cost 2
WRONG_CODE_ALONE = 1.5  # where there are no times to agree
FAR = 2.0  # what a difference in time far beyond the jitter costs within the tolerance


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """What belongs to what.

    Attributes
    ----------
    partner : ndarray of int, shape (n_events,)
        Row of the log of each event, -1 where it has none.
    options : list of set of int
        All rows that each event could belong to as well as not, -1 for none; one element where that is sure.
    difference : ndarray, shape (n_events,)
        Event minus log onset in seconds once the clocks are set to one another; NaN without times or partner.
    line : tuple of float | None
        Offset and rate: event time = offset + rate * log time.
    other_offsets : list of float
        Offsets under which the whole would do as well.
    """

    partner: np.ndarray
    options: list
    difference: np.ndarray
    line: tuple | None
    other_offsets: list

    @property
    def sure(self):
        """Which events could be nothing else, shape (n_events,)."""
        return np.array([len(options) <= 1 for options in self.options], bool)


def pair_codes(event_codes, log_codes):
    """Pair two sequences of codes, by their order alone."""

    def cost(events, rows):
        return WRONG_CODE_ALONE * (event_codes[events] != log_codes[rows])

    nothing = np.full(len(event_codes), np.nan)
    if not len(event_codes) or not len(log_codes):
        return _no_pairs(len(event_codes))
    alignment = align_in_band(cost, len(event_codes), len(log_codes))
    return Pairs(alignment.partner, alignment.options(), nothing, None, [])


def pair_onsets(events, log, tolerance, event_codes=None, log_codes=None, largest_offset=None):
    """Pair two sequences of onsets in seconds whose clocks differ in offset and rate.

    Of clocks under which the whole does equally well, the one with the smallest offset is taken where
    ``largest_offset`` says that offsets are small, else the one that came first; every event that has
    another partner under another clock is unsure.
    """
    if not len(events) or not len(log):
        return _no_pairs(len(events))
    clocks = Clocks(events, log, event_codes, log_codes, tolerance, largest_offset)
    found = [(line, _align(clocks, line, tolerance / 2)) for line in clocks.candidates()]
    found = [(line, alignment) for line, alignment in found if (alignment.partner >= 0).any()]
    if not found:
        return _no_pairs(len(events))
    line, alignment = min(found, key=lambda item: item[1].cost)
    # Six standard deviations of the jitter: what costs half. A frame too late is no other picture: hence the
    # floor. A pair at twice the scale costs nearly what leaving both alone does, and counts as unsure.
    jitter = spread_of(_residuals(clocks, line, alignment.partner))
    scale = min(max(6 * jitter, tolerance / 4), tolerance / 2)
    # Both steps change the cost of one clock as of another: what was dearer by a whole pair stays dearer.
    limit = alignment.cost + 2 * GAP
    found = [_settle(clocks, *item, scale) for item in found if item[1].cost < limit]
    least = min(alignment.cost for _, alignment in found)
    found = [item for item in found if item[1].cost <= least + MARGIN]
    if largest_offset is not None:
        found.sort(key=lambda item: abs(item[0][0]))
    (line, best), others = found[0], found[1:]
    options = best.options()
    for _, other in others:
        for own, partner in zip(options, other.partner.tolist(), strict=True):
            own.add(partner)
    difference = np.full(len(events), np.nan)
    difference[best.partner >= 0] = _residuals(clocks, line, best.partner)
    return Pairs(best.partner, options, difference, line, [other[0] for other, _ in others])


def _no_pairs(n_events):
    nothing = np.full(n_events, np.nan)
    return Pairs(np.full(n_events, -1), [{-1} for _ in range(n_events)], nothing, None, [])


def _residuals(clocks, line, partner):
    """Return event minus log onset, the clocks set to one another, of the events with a partner."""
    paired = partner >= 0
    return clocks.events[paired] - line[0] - line[1] * clocks.log[partner[paired]]


def _settle(clocks, line, alignment, scale):
    """Fit the clock to the pairs that were found, and align under it."""
    paired = alignment.partner >= 0
    line = fit_line(clocks.log[alignment.partner[paired]], clocks.events[paired], line)
    return line, _align(clocks, line, scale)


def _align(clocks, line, scale):
    events, tolerance = clocks.events, clocks.tolerance
    log = line[0] + line[1] * clocks.log

    def cost(rows, columns):
        square = (events[rows] - log[columns]) ** 2
        price = np.where(square > tolerance**2, NEVER, FAR * square / (square + scale**2))
        if clocks.event_codes is None:
            return price
        return price + WRONG_CODE * (clocks.event_codes[rows] != clocks.log_codes[columns])

    lows = np.searchsorted(log, events - tolerance, "left")
    highs = np.searchsorted(log, events + tolerance, "right")
    return Alignment(cost, lows, highs, len(log))
