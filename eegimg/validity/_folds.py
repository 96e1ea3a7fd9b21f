"""A split, in whatever form it is given, as folds of training and test epochs."""

import numpy as np
import pandas as pd

from .._checks import listing, suggest

TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = (TRAIN, VALIDATION, TEST)
N_FOLDS = 5
# What published tables call the parts.
_SYNONYMS = {"training": TRAIN, "val": VALIDATION, "valid": VALIDATION, "dev": VALIDATION, "testing": TEST}


def make_folds(split, metadata, labels, groups=None, *, random_state=0, caller="audit_design"):
    """Turn a split into pairs of training and test epochs.

    Parameters
    ----------
    split : str | array-like | pandas.DataFrame | cross-validator | list of tuple | int | None
        A column of the metadata, or one value per epoch: parts ("train", "validation", "test") or the
        number or name of the fold in which an epoch is tested. A DataFrame has one column of parts per
        fold, as :func:`make_split` returns it. A cross-validator has ``split(X, y, groups)`` as
        scikit-learn's have. A list holds (train, test) index pairs. A number asks for that many stratified
        random folds. None takes the column "split" where it has both parts, otherwise five random folds, or
        as many as the rarest label has epochs.
    metadata : pandas.DataFrame | None
        One row per epoch.
    labels : array-like, shape (n_epochs,)
        What is decoded.
    groups : array-like, shape (n_epochs,) | None
        Handed to a cross-validator.
    random_state : int
        Of random folds.
    caller : str
        For errors.

    Returns
    -------
    folds : list of tuple of (ndarray of int, ndarray of int)
        Training and test epochs of each fold; validation epochs are in neither.
    description : str
        The split in words.

    Raises
    ------
    ValueError
        If a column is missing, lengths differ, or a fold has no training or test epoch.
    """
    n_epochs = len(labels)
    split = list(split) if hasattr(split, "__next__") else split
    split = _column_or(split, metadata)
    if split is None or (isinstance(split, int) and not isinstance(split, bool)):
        folds, description = _random_folds(split, labels, random_state, caller)
    elif hasattr(split, "split") and not isinstance(split, (pd.Series, pd.DataFrame, str)):
        # Others than those for groups warn that they ignore them.
        groups = groups if "Group" in type(split).__name__ else None
        folds = list(split.split(np.zeros((n_epochs, 1)), np.asarray(labels), groups))
        description = f"{len(folds)} folds of {type(split).__name__}"
    elif _are_index_pairs(split):
        folds = [tuple(fold) for fold in split]
        description = f"{len(folds)} folds given as indices"
    else:
        folds, description = _from_table(split, metadata, n_epochs, caller)
    return [_checked(train, test, n_epochs, caller) for train, test in folds], description


def find_validation(split, metadata, folds):
    """Return the validation epochs that a split names for each of its folds.

    Parameters
    ----------
    split, metadata
        As :func:`make_folds` took them.
    folds : list of tuple of (ndarray of int, ndarray of int)
        What it returned.

    Returns
    -------
    validation : list of ndarray of int
        One for each fold, empty where the split has no such part.
    """
    none = [np.empty(0, int) for _ in folds]
    split = _column_or(split, metadata)
    if split is None or isinstance(split, int) or _are_index_pairs(split):
        return none
    if hasattr(split, "split") and not isinstance(split, (pd.Series, pd.DataFrame, str)):
        return none
    parts = [as_parts(column) for column in _columns(metadata[split] if isinstance(split, str) else split)]
    if len(parts) != len(folds):  # the folds of one column, in which every epoch is tested
        return none
    return [np.flatnonzero(texts == VALIDATION) for texts in parts]


def _column_or(split, metadata):
    """Return the column "split" where no split is given and it has both parts."""
    if split is None and metadata is not None and "split" in metadata:
        return "split" if {TRAIN, TEST} <= set(as_parts(metadata["split"])) else None
    return split


def _columns(values):
    """Return the columns of a split: several of a table, one of anything else."""
    if isinstance(values, pd.DataFrame):
        return [values[column] for column in values]
    return [pd.Series(np.asarray(values))]


def _are_index_pairs(split):
    """Tell whether a split is a list of pairs of arrays, and not one value per epoch."""
    if not isinstance(split, (list, tuple)) or not len(split):
        return False
    return all(
        isinstance(fold, (list, tuple)) and len(fold) == 2 and not isinstance(fold[0], str) for fold in split
    )


def _random_folds(n_folds, labels, random_state, caller):
    from sklearn.model_selection import StratifiedKFold

    labels = np.asarray(labels)
    rarest = int(pd.Series(labels).value_counts().min()) if len(labels) else 0
    n_folds = min(N_FOLDS, max(rarest, 2)) if n_folds is None else n_folds
    if not 2 <= n_folds <= rarest:
        raise ValueError(
            f"{caller} was asked for {n_folds} stratified random folds; the rarest label has {rarest} epochs."
            " Name a column as the split, or drop labels that hardly occur."
        )
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    folds = list(splitter.split(np.zeros((len(labels), 1)), labels.astype(str)))
    return folds, f"{n_folds} stratified random folds over trials"


def _from_table(split, metadata, n_epochs, caller):
    """Return the folds of a column, of one value per epoch, or of one column of parts per fold."""
    if isinstance(split, str):
        has = [] if metadata is None else [str(name) for name in metadata.columns]
        if split not in has:
            raise ValueError(
                f"{caller} was asked for the split {split!r}; the metadata have {listing(has, 20)}. Name "
                f"another column, or make one with make_split.{suggest(split, has)}"
            )
        values, name = metadata[split], f"the column {split!r}"
    else:
        values, name = split, "the split given"
    columns = _columns(values)
    if any(len(column) != n_epochs for column in columns):
        raise ValueError(f"{caller} needs a split with one value per epoch, {n_epochs}. Got {len(values)}.")
    folds = []
    for column in columns:
        folds += _folds_of(column, name, caller)
    return folds, name if len(folds) == 1 else f"{len(folds)} folds of {name}"


def _folds_of(column, name, caller):
    if column.dtype == bool:
        raise ValueError(
            f"{caller} cannot tell which of True and False is the test part of {name}. "
            "Write 'train' and 'test'."
        )
    texts = as_parts(column)
    known = texts[texts.notna()]
    if set(known) & {TRAIN, TEST}:
        if TRAIN not in set(known) or TEST not in set(known):
            raise ValueError(
                f"{caller} needs 'train' and 'test' in {name}. It has {listing(sorted(set(known)))}."
            )
        return [(np.flatnonzero(texts == TRAIN), np.flatnonzero(texts == TEST))]
    folds = sorted(set(known))
    if len(folds) < 2:
        raise ValueError(
            f"{caller} needs 'train' and 'test', or two folds, in {name}. It has {listing(folds) or 'none'}."
        )
    inside = texts.notna()
    return [
        (np.flatnonzero(inside & (texts != fold)), np.flatnonzero(inside & (texts == fold))) for fold in folds
    ]


def as_parts(column):
    """Return the parts of a split as text, other names of the same parts put right and gaps as None.

    Parameters
    ----------
    column : array-like, shape (n_epochs,)
        Parts, or the fold in which each epoch is tested.

    Returns
    -------
    parts : pandas.Series of str or None, shape (n_epochs,)
        With a plain index.
    """
    column = pd.Series(np.asarray(column, dtype=object)).reset_index(drop=True)
    texts = column.map(lambda value: str(value).strip(), na_action="ignore").astype(object)
    lower = texts.str.lower()
    texts = lower.map(_SYNONYMS).fillna(lower.where(lower.isin(PARTS))).fillna(texts)
    return texts.where(~lower.isin(["", "n/a", "nan", "none"]), None).where(column.notna(), None)


def _checked(train, test, n_epochs, caller):
    train, test = (_indices(part, n_epochs, caller) for part in (train, test))
    if not len(train) or not len(test):
        raise ValueError(f"{caller} got a fold without {'test' if len(train) else 'training'} epochs.")
    both = np.intersect1d(train, test)
    if len(both):
        raise ValueError(
            f"{caller} got a fold with {len(both)} epochs in training and in test, the first is {both[0]}. "
            "Test epochs must be new."
        )
    return train, test


def _indices(part, n_epochs, caller):
    part = np.asarray(part)
    if part.dtype == bool and len(part) == n_epochs:
        return np.flatnonzero(part)
    if part.size and (part.dtype.kind not in "iu" or part.min() < 0 or part.max() >= n_epochs):
        raise ValueError(
            f"{caller} needs folds as indices of epochs, 0 to {n_epochs - 1}. Got "
            f"{part.ravel()[:3].tolist()}."
        )
    return part.astype(int)
