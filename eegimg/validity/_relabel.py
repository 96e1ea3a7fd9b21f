"""Labels moved from run to run: what decodes them knows the runs, not what was shown."""

import dataclasses
import math

import numpy as np

N_RELABELLINGS = 20
SHIFTS = (-8, -6, -4, 4, 6, 8)  # places
MORE_REPEATS = 0.1  # share of trials, beyond chance, from which on labels come in runs
_DRAWS = 20  # for each relabelling that is kept: most designs have few different ones


def make_relabellings(trials, folds, rng, n_wanted=N_RELABELLINGS):
    """Permute labels over runs; every run keeps one label, and folds stay as balanced as they were.

    A recording with a single label is one run. Where labels come in random order, and not in runs, trials are
    the unit: two runs of one label would make one that is longer than any in the design.

    Labels move within a recording, and only among runs that are tested in the same folds: where runs are held
    out, a test run gets the label of another test run of its fold. Permutations that put the same runs
    together as the true labels do, under other names, are left out, as they hold the signal.

    Parameters
    ----------
    trials : Trials
        Labels and runs.
    folds : list of tuple of (ndarray, ndarray)
        Training and test trials.
    rng : numpy.random.Generator
        Permutes.
    n_wanted : int
        At most so many.

    Returns
    -------
    labellings : list of ndarray of int, shape (n_epochs,)
        Different from each other and from the truth; empty where no other labelling exists.
    n_possible : float
        How many ways of putting runs together there are, the true one included.
    """
    trials = with_units(trials)
    runs = trials.run_table()
    blocks = _blocks(trials, folds, runs)
    true = runs["label"].to_numpy()
    n_possible = _count_partitions(true, blocks)
    seen, found = {_partition(true)}, []
    members = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    members = [rows for rows in members if len(set(true[rows])) > 1]
    for _ in range(_DRAWS * n_wanted if n_possible > 1 else 0):
        drawn = true.copy()
        for rows in members:
            drawn[rows] = true[rng.permutation(rows)]
        key = _partition(drawn)
        if key not in seen:
            seen.add(key)
            found.append(drawn)
        if len(found) == n_wanted:
            break
    index = np.searchsorted(runs.index.to_numpy(), trials.runs)
    return [labels[index] for labels in found], n_possible


def with_units(trials):
    """Return trials whose runs are what labels are moved between."""
    runs = trials.run_table()
    if _constant(runs) and len(np.unique(trials.recordings)) > 1:
        return dataclasses.replace(trials, runs=trials.recordings)
    if not trials.ordered or comes_in_runs(trials):
        return trials
    return dataclasses.replace(trials, runs=np.arange(len(trials)))


def comes_in_runs(trials):
    """Tell whether labels repeat from trial to trial more often than chance has it."""
    order = np.lexsort((trials.times, trials.recordings))
    same = np.diff(trials.labels[order]) == 0
    same = same[np.diff(trials.recordings[order]) == 0]
    shares = np.bincount(trials.labels) / len(trials)
    return bool(len(same)) and bool(same.mean() > (shares**2).sum() + MORE_REPEATS)


def without_signal(data, trials):
    """Take out what trials of one label have in common, and leave what their runs have.

    Parameters
    ----------
    data : array, shape (n_epochs, ...)
        Features or epochs.
    trials : Trials
        Labels and runs.

    Returns
    -------
    data : ndarray, shape (n_epochs, ...)
        With the mean of every label at 0. Deviations of its n runs from that mean are stretched by
        sqrt(n / (n - 1)), as taking it out has shrunk them.
    """
    flat, trials = np.asarray(data, float).reshape(len(trials), -1), with_units(trials)
    runs = trials.run_table()
    index = np.searchsorted(runs.index.to_numpy(), trials.runs)
    label = runs["label"].to_numpy()
    n_runs = np.bincount(label)[label]
    run_means = _means(flat, index, len(runs))
    label_means = _means(flat, trials.labels, len(trials.names))[label]
    stretch = np.sqrt(n_runs / np.maximum(n_runs - 1, 1))[:, None]
    moved = stretch * (run_means - label_means) - run_means
    return (flat + moved[index]).reshape(np.shape(data))


def _means(data, cells, n_cells):
    """Return the mean of the rows in each cell, shape (n_cells, n_columns)."""
    members = np.zeros((n_cells, len(data)))
    members[cells, np.arange(len(data))] = 1.0
    return members @ data / np.maximum(members.sum(axis=1), 1)[:, None]


def make_shifted_labels(trials):
    """Move the labels of all recordings along by the same few places.

    Where labels change from trial to trial nothing is left of the signal; what labels follow from their
    place in the recording stays.

    Parameters
    ----------
    trials : Trials
        Labels and order.

    Returns
    -------
    labellings : list of ndarray of int, shape (n_epochs,)
        One for each of SHIFTS.
    """
    order = np.lexsort((trials.times, trials.recordings))
    starts = np.flatnonzero(np.diff(trials.recordings[order], prepend=-1))
    found = []
    for shift in SHIFTS:
        labels = np.empty(len(trials), int)
        for part in np.split(order, starts[1:]):
            labels[part] = np.roll(trials.labels[part], shift)
        found.append(labels)
    return found


def runs_held_out(trials, folds):
    """Tell whether no run has trials in the training and the test part of a fold."""
    return not any(set(trials.runs[train]) & set(trials.runs[test]) for train, test in folds)


def _blocks(trials, folds, runs):
    """Return for each run the set of runs among which labels may move, as a number."""
    tested = np.zeros((len(folds), len(trials)), bool)
    for fold, (_, test) in enumerate(folds):
        tested[fold, test] = True
    index = np.searchsorted(runs.index.to_numpy(), trials.runs)
    shares = np.stack([np.bincount(index, row, len(runs)) for row in tested.astype(float)], axis=1)
    shares /= runs["n"].to_numpy()[:, None]
    # A run that lies in several folds has no fold of its own.
    whole = ((shares == 0) | (shares == 1)).all(axis=1)
    signature = np.where(whole[:, None], shares, 0.5)
    key = np.column_stack([signature, runs["recording"].to_numpy()])
    if len(np.unique(key[:, -1])) == len(runs) or _constant(runs):
        key = key[:, :-1]  # one label in each recording: labels can only move between recordings
    return np.unique(key, axis=0, return_inverse=True)[1].ravel()


def _constant(runs):
    """Tell whether every recording has a single label."""
    return bool((runs.groupby("recording")["label"].nunique() == 1).all())


def _partition(labels):
    """Return which runs are together, whatever their label is called."""
    _, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    return tuple(np.argsort(np.argsort(first))[codes].tolist())


def _count_partitions(labels, blocks):
    """Count the ways of putting runs together that permutations reach (up to 1e15)."""
    names = np.unique(labels)
    counts = np.array(
        [[np.sum(labels[blocks == block] == name) for name in names] for block in np.unique(blocks)]
    )
    log_ways = sum(
        math.lgamma(row.sum() + 1) - sum(math.lgamma(count + 1) for count in row) for row in counts
    )
    same = np.unique(counts, axis=1, return_counts=True)[1]
    log_ways -= sum(math.lgamma(count + 1) for count in same)
    return float(round(math.exp(min(max(log_ways, 0.0), 34.0))))
