"""Rates of verdicts by headline group, with Wilson intervals."""

import math
import statistics

import numpy as np
from designs import RANDOMISED

HELD_OUT_RUNS = 4  # blocks of a label from which on holding runs out is expected to help
Z95 = 1.959963984540054


def wilson(hits, total):
    """Return the 95 % interval of a proportion (Wilson, 1927, doi:10.1080/01621459.1927.10502953)."""
    if total == 0:
        return None
    share, z = hits / total, Z95
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return [round(max(centre - half, 0.0), 4), round(min(centre + half, 1.0), 4)]


def rate(rows, hit):
    """Count rows for which a condition holds.

    Parameters
    ----------
    rows : list
        Anything.
    hit : callable
        Takes a row.

    Returns
    -------
    rate : dict
        ``hits``, ``n``, ``rate`` and ``interval`` (95 %, Wilson); the last two are None without rows.
    """
    hits, n = sum(map(bool, map(hit, rows))), len(rows)
    return {"hits": hits, "n": n, "rate": round(hits / n, 4) if n else None, "interval": wilson(hits, n)}


def summarise(rows):
    """Score audits against the truth.

    Parameters
    ----------
    rows : list of dict
        Of each case ``case`` (designs.Case), ``truth`` (truth.Truth), ``audit`` and ``means_only`` (dicts
        with ``verdict``, ``statistics`` and ``seconds``; the latter is None where it was not asked for).

    Returns
    -------
    summary : dict
        Groups of rates, verdicts by family and truth, and seconds.
    """
    status = {name: [row for row in rows if row["truth"].status == name] for name in STATUSES}
    return {
        "n_cases": len(rows),
        "n_by_truth": {name: len(found) for name, found in status.items()},
        "confounded": confounded_rates(status["confounded"]),
        "not_confounded": other_rates(status["not"]),
        "one_block_without_drift": {
            "not_ok": rate(status["unidentifiable"], _flagged),
            "verdicts": verdicts(status["unidentifiable"]),
        },
        "same_recording": pair_rates(rows),
        "leak_against_truth": compare_leak(rows),
        "verdicts": {
            f"{family} | {split} | {name}": verdicts(found)
            for (family, split, name), found in sorted(_cells(rows).items())
        },
        "seconds": _seconds(rows),
    }


STATUSES = ("confounded", "not", "grey", "unidentifiable")


def confounded_rates(rows):
    """Return how often confounded cases are flagged and called so, in all and by what was done to them."""
    groups = {
        "all": rows,
        "one block per label": [row for row in rows if row["case"].one_block],
        "several blocks or mini-runs": [row for row in rows if not row["case"].one_block],
        "baseline subtracted": [row for row in rows if row["case"].baseline == "subtracted"],
        "high-pass 1 Hz": [row for row in rows if row["case"].high_pass == 1.0],
        "high-pass 5 Hz": [row for row in rows if row["case"].high_pass == 5.0],
        "20 labels or more": [row for row in rows if row["case"].n_labels >= 20],
        "no drift in means left": [row for row in rows if _means_are_clean(row["case"])],
    }
    return {
        name: {
            "flagged": rate(found, _flagged),
            "called_confounded": rate(found, _called),
            "called_confounded_by_means_only": rate(
                [row for row in found if row["means_only"] is not None],
                lambda row: row["means_only"]["verdict"] == "confounded",
            ),
        }
        for name, found in groups.items()
    }


def other_rates(rows):
    """Return how often cases that are not confounded are called so."""
    randomised = [row for row in rows if row["case"].family in RANDOMISED]
    identifiable = [row for row in rows if not row["case"].one_block]
    groups = {
        "all": rows,
        # With one block per label, signal and drift look alike: the audit says that, not that it saw drift.
        "all but one block per label": identifiable,
        "randomised": randomised,
        "rsvp with carry-over": [row for row in rows if row["case"].family == "rsvp"],
        "exposed": [row for row in identifiable if _exposed(row)],
        "blocks held out": [row for row in rows if row["case"].split == "blocks"],
        "alternating": [row for row in rows if row["case"].family == "alternating"],
        "baseline subtracted": [row for row in identifiable if row["case"].baseline == "subtracted"],
        "high-pass 5 Hz": [row for row in identifiable if row["case"].high_pass == 5.0],
        "strong signal": [row for row in identifiable if row["case"].signal == 1.5],
    }
    return {
        name: {
            "called_confounded": rate(found, _called),
            "ok": rate(found, lambda row: not _flagged(row)),
        }
        for name, found in groups.items()
    }


def pair_rates(rows):
    """Return how often a recording is confounded with random folds and ok with runs held out."""
    by_split = {}
    for row in rows:
        if row["case"].family == "blocks":
            by_split.setdefault(row["case"].recording, {})[row["case"].split] = row
    pairs = [
        (pair["random"], pair["blocks"])
        for pair in by_split.values()
        if len(pair) == 2
        and pair["random"]["truth"].status == "confounded"
        and pair["blocks"]["truth"].status == "not"
    ]
    many = [pair for pair in pairs if pair[0]["case"].n_blocks >= HELD_OUT_RUNS]
    return {
        name: {
            "confounded_then_ok": rate(found, lambda pair: _called(pair[0]) and not _flagged(pair[1])),
            "confounded_then_not_called_so": rate(
                found, lambda pair: _called(pair[0]) and not _called(pair[1])
            ),
            "held_out_verdicts": verdicts([pair[1] for pair in found]),
        }
        for name, found in {"four blocks per label or more": many, "all": pairs}.items()
    }


def compare_leak(rows):
    """Return how far the audit's null is from the kappa of no-signal twins, where both are known."""
    both = [
        (row["audit"]["statistics"].get("leak"), row["truth"].kappa)
        for row in rows
        if row["truth"].kappa is not None
    ]
    both = np.array([pair for pair in both if pair[0] is not None], float).reshape(-1, 2)
    if len(both) < 3:
        return {"n": len(both)}
    difference = both[:, 0] - both[:, 1]
    return {
        "n": len(both),
        "r": round(float(np.corrcoef(both.T)[0, 1]), 3),
        "median_absolute_difference": round(float(np.median(np.abs(difference))), 4),
        "mean_difference": round(float(difference.mean()), 4),
    }


def verdicts(rows):
    """Count verdicts."""
    found = [row["audit"]["verdict"] for row in rows]
    return {name: found.count(name) for name in ("ok", "caution", "confounded")}


def _cells(rows):
    cells = {}
    for row in rows:
        key = (row["case"].family, row["case"].split, row["truth"].status)
        cells.setdefault(key, []).append(row)
    return cells


def _seconds(rows):
    seconds = [row["audit"]["seconds"] for row in rows]
    slowest = max(rows, key=lambda row: row["audit"]["seconds"])["case"]
    return {
        "median": round(statistics.median(seconds), 2),
        "max": round(max(seconds), 2),
        "sum": round(sum(seconds), 1),
        "slowest": f"{slowest.n_trials} trials, {slowest.n_channels} channels, {slowest.n_labels} labels",
    }


def _flagged(row):
    return row["audit"]["verdict"] != "ok"


def _called(row):
    return row["audit"]["verdict"] == "confounded"


def _exposed(row):
    """Tell whether time tells the labels, by the thresholds of the audit."""
    numbers = row["audit"]["statistics"]
    return (numbers.get("exposure") or 0.0) >= 0.1 and (numbers.get("exposure_z") or 0.0) > 3.0


def _means_are_clean(case):
    """Tell whether nothing slow is left in mean amplitudes."""
    return case.means_sd == 0 or case.high_pass >= 1.0
