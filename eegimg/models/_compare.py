"""Whether one set of features is better than another, on the same test epochs."""

import itertools

import numpy as np
import pandas as pd

from .._checks import check_filled, check_number, check_type, listing, suggest
from ._probe_card import ProbeCard

_CALLER = "compare_probes"
_LEVEL = 95  # per cent of the interval


def compare_probes(cards, *, unit="unit", n_draws=9999, random_state=0):
    """Compare probes of the same test epochs in pairs.

    The question is whether a trained network does better than the same network with random weights, or than
    the epochs themselves. Epoch by epoch, the two are right or wrong together, so that differences are far
    more certain than two separate accuracies are.

    Parameters
    ----------
    cards : dict of str to ProbeCard
        At least two, by name, from :func:`probe` with the same split and label.
    unit : str
        Column of ``card.predictions`` whose values are independent: "unit" (runs, or trials where labels come
        in random order), or "subject" where the result is to hold for other people.
    n_draws : int
        Draws of units for the interval, and of signs for the p value.
    random_state : int
        Seed.

    Returns
    -------
    table : pandas.DataFrame
        One row per pair: ``first``, ``second``, ``difference`` (balanced accuracy of the first less that of
        the second), ``low`` and ``high`` (95 % interval, units drawn with replacement), ``p`` (two-sided,
        the signs of units' differences drawn at random) and ``n_units``.

    Raises
    ------
    TypeError
        If these are no probes.
    ValueError
        If there are fewer than two cards or units, or they tested other epochs.

    Notes
    -----
    With n units no p below 2 / 2**n is possible: five subjects never give p < .05. Paired randomization:
    Noreen (1989), Computer-intensive methods for testing hypotheses, chapter 2. The interval is the plain
    percentile one (Efron and Tibshirani, 1993, An introduction to the bootstrap, chapter 13), which is too
    narrow for few units. p and intervals are of single pairs, not corrected for how many there are.
    """
    check_filled("cards", cards, dict, _CALLER, "a dict of names and cards of probe")
    for card in cards.values():
        check_type("cards", card, ProbeCard, _CALLER, "a dict of names and cards of probe")
    check_number("n_draws", n_draws, _CALLER, at_least=1, integer=True)
    check_number("random_state", random_state, _CALLER, at_least=0, integer=True)
    if len(cards) < 2:
        raise ValueError(f"{_CALLER} needs at least two cards. Got {listing(cards)}.")
    tables = {name: card.predictions for name, card in cards.items()}
    first = next(iter(tables.values()))
    _check_alike(tables)
    codes = _units(first, unit)
    labels = np.unique(first["true"].astype(str), return_inverse=True)[1]
    hits = {name: (table["true"] == table["predicted"]).to_numpy(float) for name, table in tables.items()}
    rows = [
        {"first": one, "second": other}
        | _compare(hits[one] - hits[other], labels, codes, int(n_draws), np.random.default_rng(random_state))
        for one, other in itertools.combinations(cards, 2)
    ]
    return pd.DataFrame(rows)


def _check_alike(tables):
    """Refuse cards that tested other epochs or labels."""
    names = list(tables)
    for name in names[1:]:
        columns = ["epoch", "fold", "true"]
        if not tables[name][columns].equals(tables[names[0]][columns]):
            raise ValueError(
                f"{_CALLER} needs probes of the same test epochs and labels; those of {names[0]!r} and "
                f"{name!r} differ. Give probe the same metadata, split and label for each."
            )


def _units(table, unit):
    if unit not in table:
        raise ValueError(
            f"{_CALLER} was asked for the unit {unit!r}; the predictions have {listing(table, 20)}."
            f"{suggest(unit, table)}"
        )
    codes = np.unique(table[unit].astype(str), return_inverse=True)[1]
    if codes.max() < 1:
        raise ValueError(
            f"{_CALLER} needs at least two units; all test epochs have the same {unit!r}. Name another "
            "column as the unit."
        )
    return codes


def _compare(difference, labels, codes, n_draws, rng):
    """Return the difference in balanced accuracy with its interval and p."""
    shape = codes.max() + 1, labels.max() + 1
    cells = codes * shape[1] + labels
    sums = np.bincount(cells, difference, shape[0] * shape[1]).reshape(shape)
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    value = float((sums.sum(axis=0) / counts.sum(axis=0)).mean())
    draws = rng.multinomial(shape[0], np.full(shape[0], 1.0 / shape[0]), n_draws)
    totals = draws @ counts
    means = np.divide(draws @ sums, totals, out=np.full(totals.shape, np.nan), where=totals > 0)
    low, high = np.percentile(np.nanmean(means, axis=1), [(100 - _LEVEL) / 2, (100 + _LEVEL) / 2])
    per_unit = (sums / counts.sum(axis=0)).mean(axis=1)
    signs = rng.choice([-1.0, 1.0], (n_draws, shape[0]))
    # Rounding must not make a draw that equals what was seen smaller than it.
    reached = np.abs(signs @ per_unit) >= abs(per_unit.sum()) - 1e-12
    return {
        "difference": value,
        "low": float(low),
        "high": float(high),
        "p": float((1 + reached.sum()) / (1 + n_draws)),
        "n_units": int(shape[0]),
    }
