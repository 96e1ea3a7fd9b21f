"""What two parts of a split have in common: images, concepts, and the places in time that they come from."""

import itertools

import numpy as np
import pandas as pd

from .._checks import listing
from ._folds import PARTS, TEST, TRAIN, VALIDATION
from ._keys import as_names, joined
from ._leak_report import finding, worst_fold

# What must not be shared for a number to be about that; without a claim the number is about new images.
CLAIMS = {
    "new images": {"image", "exemplar"},
    "zero-shot": {"image", "exemplar", "concept"},
    "new subjects": {"subject"},
    "new sessions": {"session"},
    "new runs": {"run"},
    "new blocks": {"block"},
}
# Each check, and the columns within which its values are unique: block 1 of another person is another block.
SCOPES = {
    "image": (),
    "exemplar": (),
    "concept": (),
    "repetition": (),
    "block": ("subject", "session", "run"),
    "run": ("subject", "session"),
    "session": ("subject",),
    "subject": (),
}
_PLACES = ("block", "run", "session", "subject")
_MEANINGS = {
    "image": "the number is not about new images",
    "exemplar": "the number is not about new images",
    "concept": "the number is about known concepts, not zero-shot",
    "repetition": "training and test hold the same turns of showing",
    "block": "trials of one block share slow drift",
    "run": "trials of one run share slow drift",
    "session": "the number is not about another day",
    "subject": "the number is not about new people",
}
_SHORT = {TRAIN: "train", VALIDATION: "val", TEST: "test"}
SPOKEN = {TRAIN: "training", VALIDATION: VALIDATION, TEST: TEST}
# Votes beyond chance (kappa) that count if 99 % of random orders have fewer, and those that count anyway.
_EXPOSED, _OBVIOUS, _ALPHA, _N_PERMUTATIONS = 0.1, 0.5, 0.01, 200


def pairs_of(folds):
    """Return the pairs of parts that occur, training and test first."""
    there = {part for _, parts in folds for part in parts[parts != None]}  # noqa: E711 - an array of objects
    pairs = itertools.combinations(PARTS, 2)
    return sorted((pair for pair in pairs if set(pair) <= there), key=lambda pair: pair != (TRAIN, TEST))


def pair_name(pair):
    """Write a pair of parts in the width of a column."""
    return "/".join(_SHORT[part] for part in pair)


def check_overlaps(metadata, folds, labels, claim, *, label):
    """Look for values that two parts share.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row per epoch.
    folds : list of tuple of (str, ndarray of object, shape (n_epochs,))
        Name and parts of each fold.
    labels : ndarray of int, shape (n_epochs,) | None
        Codes of what is decoded, -1 where unknown.
    claim : list of str
        Of ``CLAIMS``; empty means new images.
    label : str
        The column of the concept.

    Returns
    -------
    rows : list of dict
        One per check and pair of parts.
    """
    rows = []
    for check in SCOPES:
        columns = {"concept": (label,), "exemplar": ("exemplar", "image_path")}.get(check, (check,))
        column = next((name for name in columns if name in metadata.columns), None)
        if column is None:
            rows.append(_unknown(check, columns))
            continue
        codes, names = group_codes(metadata, SCOPES[check], column)
        if (codes < 0).all():
            rows.append(_unknown(check, columns))
            continue
        files = group_codes(metadata, (), "image_path")[0] if _names_may_collide(check, metadata) else None
        for pair in pairs_of(folds):
            found = [
                _overlap(check, pair, parts, codes, names, labels, claim, files) | {"fold": fold}
                for fold, parts in folds
            ]
            rows.append(worst_fold(found))
    return rows


def _names_may_collide(check, metadata):
    """Tell whether an image name may stand for several files: "1" in the folders of two concepts."""
    return check == "image" and "image_path" in metadata.columns


def _unknown(check, columns):
    text = f"The metadata name no {listing(columns).replace(' and ', ' or ')}."
    return worst_fold([finding(check, "not checked", text, parts="")])


def group_codes(metadata, scope, column):
    """Give each value of a column, within those of others, a number.

    Returns
    -------
    codes : ndarray of int, shape (n_epochs,)
        -1 where the column has no value.
    names : list of str
        How to write the value of each number.
    """
    columns = [name for name in scope if name in metadata.columns] + [column]
    values = [as_names(metadata[name]) for name in columns]
    codes, keys = pd.factorize(joined(values))
    names = keys.tolist()
    if len(columns) > 1:
        named = [zip(columns, key.split("\t"), strict=True) for key in names]
        names = [" ".join(f"{name} {value}" for name, value in pairs) for pairs in named]
    return np.where(values[-1].isna(), -1, codes), names


def _overlap(check, pair, parts, codes, names, labels, claim, files):
    """Compare two parts of one fold."""
    left, right = (np.flatnonzero((parts == part) & (codes >= 0)) for part in pair)
    shared = np.intersect1d(codes[left], codes[right])
    of, where = len(np.unique(codes[right])), pair_name(pair)
    missing = int(((codes < 0) & np.isin(parts, pair)).sum())
    if not len(shared):
        if missing:
            text = f"{missing} epochs have no {check}; the others share none."
            return finding(check, "not checked", text, parts=where, count=0, of=of)
        return finding(check, "ok", f"No {check} is in both parts.", parts=where, count=0, of=of)
    follows = None
    if check in _PLACES and pair == (TRAIN, TEST) and labels is not None:
        follows = label_follows(codes[left], labels[left], codes[right], labels[right])
    severity = _severity(check, pair, claim, follows)
    meaning = f"{len(shared)} of {of} {pair[1]} {check}s are in {SPOKEN[pair[0]]} too: {_MEANINGS[check]}"
    if check in _PLACES and pair == (TRAIN, TEST):
        meaning += _about_labels(check, follows)
    if files is not None and not _same_files(codes, files, left, right):
        severity = "caution" if severity == "leak" else severity
        meaning += ", unless the files, which differ, are other pictures"
    if missing:
        meaning += f" ({missing} epochs have no {check})"
    return finding(
        check,
        severity,
        f"{meaning}.",
        parts=where,
        count=len(shared),
        of=of,
        examples=[names[code] for code in shared.tolist()],
        remedy=_remedy(check, claim) if severity == "leak" else "",
    )


def _severity(check, pair, claim, follows):
    forbidden = set().union(*(CLAIMS[name] for name in claim or ["new images"]))
    if pair != (TRAIN, TEST):
        return "caution" if check in forbidden else "note"
    if check in forbidden or (check in _PLACES and follows):
        return "leak"
    if check == "block":
        # Innocent only where the labels are seen to be mixed inside the blocks.
        return "leak" if follows is None else "caution"
    return "caution" if check in ("image", "exemplar") else "note"


def _about_labels(check, follows):
    if follows is None:
        return ", and whether the labels go with it could not be seen"
    if follows:
        return f", and the {check} predicts the label, so drift can pass for it (Li et al. 2021)"
    return f"; labels are mixed within a {check}, so it does not give them away"


def _remedy(check, claim):
    by = {"exemplar": "image"}.get(check, check)
    text = f"Use make_split(metadata, by={by!r})"
    if check in ("image", "exemplar") and not claim:
        return text + ", or say what the number is about in 'claim', for example claim='new subjects'."
    return text + "."


def _same_files(codes, files, left, right):
    """Tell whether any shared image name stands for the same file in both parts."""
    keys = [set(zip(codes[rows].tolist(), files[rows].tolist(), strict=True)) for rows in (left, right)]
    return bool(keys[0] & keys[1])


def label_follows(train_groups, train_labels, test_groups, test_labels):
    """Tell whether training epochs of the same group predict the label of a test epoch.

    Each training epoch of a group votes for its own label; the share of votes for the right one, less what is
    expected from the labels' frequencies, is compared with test labels in random order.

    Parameters
    ----------
    train_groups, test_groups : ndarray of int, shape (n_train,) and (n_test,)
        Blocks, people, or whatever may go with the label.
    train_labels, test_labels : ndarray of int, shape (n_train,) and (n_test,)
        Codes, -1 where unknown.

    Returns
    -------
    follows : bool | None
        None where it cannot be told: no group in both parts with known labels, or a single label.
    """
    train = train_labels >= 0
    test = (test_labels >= 0) & np.isin(test_groups, train_groups[train])
    train_groups, train_labels = train_groups[train], train_labels[train]
    test_groups, test_labels = test_groups[test], test_labels[test]
    if not len(test_labels) or len(np.unique(np.concatenate([train_labels, test_labels]))) < 2:
        return None
    n_labels = int(max(train_labels.max(), test_labels.max())) + 1
    cells, votes = np.unique(train_groups * n_labels + train_labels, return_counts=True)
    sizes = np.bincount(train_groups)[test_groups]

    def agreement(labels):
        wanted = test_groups * n_labels + labels
        place = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
        return float(np.mean(np.where(cells[place] == wanted, votes[place], 0) / sizes))

    frequency = np.bincount(train_labels, minlength=n_labels) / len(train_labels)
    chance = float(frequency[test_labels].mean())
    kappa = (agreement(test_labels) - chance) / (1 - chance) if chance < 1 else 0.0
    if kappa < _EXPOSED or kappa >= _OBVIOUS:
        return kappa >= _OBVIOUS
    rng = np.random.default_rng(0)
    null = [agreement(rng.permutation(test_labels)) for _ in range(_N_PERMUTATIONS)]
    return (1 + np.sum(np.array(null) >= agreement(test_labels))) / (1 + _N_PERMUTATIONS) <= _ALPHA
