"""Whole groups dealt to parts of given sizes, labels spread as evenly as whole groups allow."""

import numpy as np


def label_shares(groups, labels):
    """Return the labels of each group and their shares of its epochs.

    Parameters
    ----------
    groups, labels : ndarray of int, shape (n_epochs,)
        Group and label of each epoch, numbered from 0 without gaps in the groups.

    Returns
    -------
    shares : list of (ndarray of int, ndarray of float)
        One pair per group. Shares, not counts: a dropped epoch does not move an image to another part.
    """
    n_labels = labels.max() + 1
    pairs, counts = np.unique(groups * n_labels + labels, return_counts=True)
    owners = pairs // n_labels
    shares = counts / np.bincount(owners, weights=counts)[owners]
    ends = np.flatnonzero(np.diff(owners)) + 1
    return list(zip(np.split(pairs % n_labels, ends), np.split(shares, ends), strict=True))


def deal(shares, sizes, priorities, rng):
    """Deal groups one by one, each to the part that most lacks its labels.

    A part without any group of one of its labels comes first, in order of priority; then the part that is
    furthest below its even share of the labels; then the emptiest. Groups come in random order, but the
    first group of every label before the second of any, so that no label is left out without need.

    Parameters
    ----------
    shares : list of (ndarray of int, ndarray of float)
        As from :func:`label_shares`.
    sizes : sequence of int
        Groups per part; they sum up to the number of groups.
    priorities : sequence of int
        Above 0 for parts that should see every label; the highest first.
    rng : numpy.random.Generator
        Its state moves on.

    Returns
    -------
    parts : ndarray of int, shape (n_groups,)
        Number of the part of each group.
    """
    n_labels = 1 + max(int(labels.max()) for labels, _ in shares)
    totals = np.zeros(n_labels)
    for labels, weights in shares:
        totals[labels] += weights
    needs = np.outer(np.asarray(sizes) / len(shares), totals)
    lacks = np.ones((len(sizes), n_labels), bool)
    room = list(sizes)
    parts = np.empty(len(shares), int)
    for group in _order(shares, rng):
        labels, weights = shares[group]

        def urgency(part, labels=labels, weights=weights):
            first = priorities[part] if priorities[part] and lacks[part, labels].any() else 0
            # Rounded, because sums of the same shares in another order differ in their last digits.
            return first, round(float(needs[part, labels] @ weights), 9), room[part] / sizes[part]

        best = max((part for part in range(len(sizes)) if room[part]), key=urgency)
        needs[best, labels] -= weights
        lacks[best, labels] = False
        room[best] -= 1
        parts[group] = best
    return parts


def _order(shares, rng):
    """Return groups in random order: three of each main label first, then all labels side by side.

    A frequent label dealt after the others were done would find no room where it is needed.
    """
    shuffled = rng.permutation(len(shares))
    mains = np.array([labels[weights.argmax()] for labels, weights in shares])[shuffled]
    by_label = np.argsort(mains, kind="stable")
    counts = np.bincount(mains)
    turns = np.empty(len(shares), int)
    turns[by_label] = np.arange(len(shares)) - np.repeat(np.cumsum(counts) - counts, counts)
    return shuffled[np.lexsort((turns / counts[mains], np.minimum(turns, 3)))].tolist()
