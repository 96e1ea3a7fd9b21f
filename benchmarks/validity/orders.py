"""Orders of labels in experiments, and how their trials are split into folds."""

import dataclasses

import numpy as np
from sklearn.model_selection import StratifiedKFold

N_FOLDS = 5
GAP = 10.0  # seconds between blocks
TRIALS_BETWEEN_PAUSES = 100  # where labels do not come in blocks
MINI_RUN = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Design:
    """What was shown when, and in which fold each trial is tested.

    Attributes
    ----------
    labels, blocks, folds : ndarray of int, shape (n_trials,)
        In the order of presentation.
    onsets : ndarray of float, shape (n_trials,)
        Seconds.
    """

    labels: np.ndarray
    blocks: np.ndarray
    folds: np.ndarray
    onsets: np.ndarray


def make_design(case):
    """Draw the order of a case, and split it; the same for the same case.

    Parameters
    ----------
    case : designs.Case
        ``order``, ``split``, sizes and ``seed`` count.

    Returns
    -------
    design : Design
        Of ``n_trials`` trials.
    """
    rng = np.random.default_rng([case.seed, 0])
    labels, blocks = ORDERS[case.order](case, rng)
    new_block = np.diff(blocks, prepend=blocks[0]) > 0
    onsets = np.cumsum(np.where(new_block, GAP, case.soa))
    return Design(labels=labels, blocks=blocks, folds=SPLITS[case.split](labels, blocks, rng), onsets=onsets)


def rounds(case, rng):
    """Show blocks of one label; each round has a block of every label, in an order of its own."""
    return _in_blocks(case, np.concatenate([rng.permutation(case.n_labels) for _ in range(case.n_blocks)]))


def shuffled_blocks(case, rng):
    """Show blocks of one label in any order."""
    return _in_blocks(case, rng.permutation(np.tile(np.arange(case.n_labels), case.n_blocks)))


def _in_blocks(case, block_labels):
    length = case.n_trials // len(block_labels)
    return np.repeat(block_labels, length), np.repeat(np.arange(len(block_labels)), length)


def random_order(case, rng):
    """Show every label equally often, in any order."""
    return _with_pauses(rng.permutation(np.tile(np.arange(case.n_labels), case.n_trials // case.n_labels)))


def no_repeat(case, rng):
    """Show every label equally often, none twice in a row."""
    left = np.full(case.n_labels, case.n_trials // case.n_labels)
    labels = []
    while left.any():
        weights = left.astype(float)
        if labels:
            weights[labels[-1]] = 0.0
        # A label that fills every second place from here on cannot wait.
        urgent = np.flatnonzero((2 * left > left.sum()) & (weights > 0))
        label = urgent[0] if len(urgent) else rng.choice(case.n_labels, p=weights / weights.sum())
        labels.append(int(label))
        left[label] -= 1
    return _with_pauses(np.array(labels))


def cycle(case, rng):
    """Show the labels one after the other, again and again: ABAB for two."""
    return _with_pauses(np.tile(rng.permutation(case.n_labels), case.n_trials // case.n_labels))


def mini_runs(case, rng):
    """Show the labels one after the other, five trials of each."""
    once = np.repeat(rng.permutation(case.n_labels), MINI_RUN)
    return _with_pauses(np.tile(once, case.n_trials // len(once)))


def permuted_cycle(case, rng):
    """Show every label once in a cycle, each cycle in an order of its own."""
    n_cycles = case.n_trials // case.n_labels
    return _with_pauses(np.concatenate([rng.permutation(case.n_labels) for _ in range(n_cycles)]))


def _with_pauses(labels):
    return labels, np.arange(len(labels)) // TRIALS_BETWEEN_PAUSES


def random_folds(labels, blocks, rng):
    """Draw trials at random, labels balanced."""
    folds = np.empty(len(labels), int)
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=int(rng.integers(2**31)))
    for fold, (_, test) in enumerate(splitter.split(labels, labels)):
        folds[test] = fold
    return folds


def contiguous_folds(labels, blocks, rng):
    """Cut the trials that a label has in a block into stretches of time, one for each fold."""
    folds = np.empty(len(labels), int)
    for key in np.unique(np.stack([labels, blocks]), axis=1).T:
        rows = np.flatnonzero((labels == key[0]) & (blocks == key[1]))
        folds[rows] = np.arange(len(rows)) * N_FOLDS // len(rows)
    return folds


def block_folds(labels, blocks, rng):
    """Hold whole blocks out: the k-th block of every label is in fold k, beginning anew after five."""
    folds = np.empty(len(labels), int)
    for label in np.unique(labels):
        own = np.unique(blocks[labels == label])
        for place, block in enumerate(own):
            folds[blocks == block] = place % min(N_FOLDS, len(own))
    return folds


ORDERS = {
    function.__name__: function
    for function in (rounds, shuffled_blocks, random_order, no_repeat, cycle, mini_runs, permuted_cycle)
}
SPLITS = {"random": random_folds, "contiguous": contiguous_folds, "blocks": block_folds}
