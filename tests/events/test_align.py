"""The banded table against every alignment there is."""

import numpy as np
import pytest

from eegimg.events._align import GAP, MARGIN, Alignment, align_in_band


def every_alignment(price, i=0, j=0):
    """Yield the cost and the pairs of every alignment of what is left of two short sequences."""
    n_events, n_rows = price.shape
    if i == n_events or j == n_rows:
        yield GAP * (n_events - i + n_rows - j), ()
        return
    for cost, pairs in every_alignment(price, i + 1, j + 1):
        yield price[i, j] + cost, ((i, j), *pairs)
    # One order of lone events and rows is enough: events first.
    for cost, pairs in every_alignment(price, i + 1, j):
        yield GAP + cost, pairs
    for cost, pairs in every_alignment(price, i, j + 1):
        yield GAP + cost, pairs


def whole_table(cost, n_events, n_rows):
    return Alignment(cost, np.zeros(n_events, int), np.full(n_events, n_rows), n_rows)


@pytest.mark.parametrize("seed", range(40))
def test_cost_pairs_and_options_are_those_of_all_alignments(seed):
    rng = np.random.default_rng(seed)
    n_events, n_rows = rng.integers(1, 6, 2)
    price = rng.choice([0.0, 0.5, 1.5, 9.0], (n_events, n_rows))
    found = align_in_band(lambda events, rows: price[events, rows], n_events, n_rows)
    every = list(every_alignment(price))
    least = min(cost for cost, _ in every)
    assert found.cost == pytest.approx(least)
    pairs = tuple((event, row) for event, row in enumerate(found.partner.tolist()) if row >= 0)
    assert min(cost for cost, chosen in every if chosen == pairs) == pytest.approx(least)
    good = [dict(chosen) for cost, chosen in every if cost <= least + MARGIN]
    assert found.options() == [{chosen.get(event, -1) for chosen in good} for event in range(n_events)]


@pytest.mark.parametrize("seed", range(40))
def test_a_window_that_moves_on_gives_what_the_whole_table_gives(seed):
    rng = np.random.default_rng(seed)
    n_events, n_rows = rng.integers(1, 60, 2)
    # Long stretches of either side without the other.
    events = np.sort(rng.choice([0, 30, 90], n_events) + rng.uniform(0, 10, n_events))
    rows = np.sort(rng.choice([0, 60, 90], n_rows) + rng.uniform(0, 10, n_rows))

    def cost(i, j):
        distance = np.abs(events[i] - rows[j])
        return np.where(distance > 0.5, 9.0, 3 * distance)

    lows = np.searchsorted(rows, events - 0.5, "left")
    highs = np.searchsorted(rows, events + 0.5, "right")
    moving = Alignment(cost, lows, highs, n_rows)
    whole = whole_table(cost, n_events, n_rows)
    assert moving.cost == pytest.approx(whole.cost)
    np.testing.assert_array_equal(moving.partner, whole.partner)
    assert moving.options() == whole.options()


def test_the_band_grows_until_it_holds_the_best_alignment():
    codes = np.random.default_rng(0).integers(0, 5, 700)
    sent = np.r_[codes[:50], codes[350:], codes[:300]]

    def cost(events, rows):
        return 1.5 * (sent[events] != codes[rows])

    found = align_in_band(cost, 700, 700)
    whole = whole_table(cost, 700, 700)
    assert found.cost == whole.cost <= 600
