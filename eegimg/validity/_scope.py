"""What an audit looks at: trials, folds, and what is known of the design."""

import dataclasses

import numpy as np

from ._folds import make_folds
from ._relabel import runs_held_out
from ._trials import MAX_EPOCHS, MAX_LABELS, Trials, read_trials

FEW_EPOCHS = 60  # with fewer, permuted labels can hardly show that time tells labels


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scope:
    """Epochs, labels and folds that are looked at.

    Attributes
    ----------
    rows : ndarray of int, shape (n_rows,)
        Which epochs.
    trials : Trials
        Their labels and order.
    folds : list of tuple of (ndarray, ndarray)
        Training and test epochs, counted within ``rows``; empty where nothing can be tested.
    label, split : str
        What is decoded, and the split in words.
    facts : dict of str to bool
        ``ordered``, ``grouped``, ``block_design``, ``one_run_per_label``, ``runs_held_out``, ``new_labels``,
        ``few_epochs``.
    remarks : tuple of str
        What was assumed or left out.
    """

    rows: np.ndarray
    trials: Trials
    folds: list
    label: str
    split: str
    facts: dict
    remarks: tuple


def make_scope(epochs, split, rng, *, group, label, order, design, random_state):
    """Find out what there is to look at (parameters as in :func:`eegimg.validity.audit_design`)."""
    trials, remarks = read_trials(epochs, label=label, group=group, order=order)
    names = np.array(trials.names)[trials.labels]
    folds, description = make_folds(
        split, epochs.metadata, names, trials.recordings, random_state=random_state
    )
    folds, new_labels = leave_out_new_labels(trials, folds, remarks, random_state)
    rows, trials, folds = choose_epochs(trials, folds, rng, remarks)
    facts = {
        "ordered": trials.ordered,
        "grouped": trials.grouped,
        "block_design": _design(epochs, design) == "block",
        "one_run_per_label": _one_run_per_label(trials),
        "runs_held_out": runs_held_out(trials, folds),
        "new_labels": new_labels,
        "few_epochs": len(trials) < FEW_EPOCHS,
    }
    return Scope(
        rows=rows,
        trials=trials,
        folds=folds,
        label=label,
        split=description,
        facts=facts,
        remarks=tuple(remarks),
    )


def _design(epochs, design):
    """Return what is known of the protocol."""
    if design is not None or epochs.metadata is None or "design" not in epochs.metadata:
        return design
    return "block" if "block" in set(epochs.metadata["design"].astype(str)) else None


def _one_run_per_label(trials):
    """Tell whether most trials lie in the only run that their label has in their recording."""
    runs = trials.run_table()
    if (runs.groupby("recording")["label"].nunique() == 1).all():
        return bool((runs.groupby("label")["recording"].nunique() == 1).all())
    runs = runs.sort_values(["recording", "time"])
    # A pause inside a stretch of one label makes two runs of it, and tells label and time no better apart.
    follows = (runs["label"] == runs["label"].shift()) & (runs["recording"] == runs["recording"].shift())
    count = (
        runs.assign(first=~follows)
        .groupby(["recording", "label"])
        .agg(stretches=("first", "sum"), n=("n", "sum"))
    )
    return bool(count.loc[count["stretches"] == 1, "n"].sum() > 0.5 * len(trials))


def leave_out_new_labels(trials, folds, remarks, random_state):
    """Leave out test epochs whose label training epochs lack; where that is all, look at test epochs alone.

    Parameters
    ----------
    trials : Trials
        Labels.
    folds : list of tuple of (ndarray, ndarray)
        Training and test epochs.
    remarks : list of str
        What was left out is added.
    random_state : int
        Of random folds.

    Returns
    -------
    folds : list of tuple of (ndarray, ndarray)
        Where no test label is in training (zero-shot): random folds over test epochs, the split under which
        time could tell most; empty where labels have a single test epoch.
    new_labels : bool
        Whether that is so.
    """
    seen = [np.isin(trials.labels[test], trials.labels[train]) for train, test in folds]
    n_new, n_test = sum(int((~known).sum()) for known in seen), sum(map(len, seen))
    if n_new < n_test:
        if n_new:
            remarks.append(f"{n_new} of {n_test} test epochs have a label that training lacks: left out.")
        kept = [(train, test[known]) for (train, test), known in zip(folds, seen, strict=True)]
        return [fold for fold in kept if len(fold[1])], False
    remarks.append(
        "No test label occurs in training (zero-shot): whether time tells the test labels was looked "
        "at by random folds over test epochs."
    )
    return _folds_inside(trials, np.unique(np.concatenate([test for _, test in folds])), random_state), True


def _folds_inside(trials, tests, random_state):
    from sklearn.model_selection import StratifiedKFold

    counts = np.bincount(trials.labels[tests], minlength=len(trials.names))
    tests = tests[counts[trials.labels[tests]] >= 2]
    labels = trials.labels[tests]
    if len(np.unique(labels)) < 2:
        return []
    n_folds = int(min(5, counts[labels].min()))
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    return [(tests[train], tests[test]) for train, test in splitter.split(labels, labels)]


def choose_epochs(trials, folds, rng, remarks):
    """Choose at most 100 labels and 4,000 epochs.

    Parameters
    ----------
    trials : Trials
        All trials.
    folds : list of tuple of (ndarray, ndarray)
        Training and test epochs.
    rng : numpy.random.Generator
        Draws labels.
    remarks : list of str
        What was left out is added.

    Returns
    -------
    rows : ndarray of int, shape (n_rows,)
        Epochs.
    trials : Trials
        Of these.
    folds : list of tuple of (ndarray, ndarray)
        That count within these.
    """
    used = np.zeros(len(trials), bool)
    for train, test in folds:
        used[train] = used[test] = True
    rows = np.flatnonzero(used) if folds else np.arange(len(trials))
    labels = np.unique(trials.labels[rows])
    if len(labels) > MAX_LABELS:
        rows = rows[np.isin(trials.labels[rows], rng.permutation(labels)[:MAX_LABELS])]
        remarks.append(f"{MAX_LABELS} of {len(labels):,} labels, drawn at random, were looked at.")
    if len(rows) > MAX_EPOCHS:
        order = rows[np.lexsort((trials.times[rows], trials.recordings[rows], trials.labels[rows]))]
        remarks.append(f"{MAX_EPOCHS:,} of {len(rows):,} epochs, evenly spread, were looked at.")
        rows = np.sort(order[np.linspace(0, len(order) - 1, MAX_EPOCHS).round().astype(int)])
    place = np.full(len(trials), -1)
    place[rows] = np.arange(len(rows))
    folds = [tuple(place[part][place[part] >= 0] for part in fold) for fold in folds]
    return rows, trials.take(rows), [fold for fold in folds if len(fold[0]) and len(fold[1])]
