"""A design that is audited before anything is decoded, and scores set beside those of its null."""

import dataclasses

import numpy as np

from ..bids import marked_steps
from ._audit import audit_design
from ._card import refuse_confounded
from ._check_split import check_split
from ._exposure import balanced_kappa
from ._folds import make_folds
from ._measure import set_beside
from ._relabel import make_relabellings, make_shifted_labels, without_signal
from ._result import Audit
from ._trials import Trials, read_trials


@dataclasses.dataclass(frozen=True, kw_only=True)
class Design:
    """What is known before anything is decoded.

    Attributes
    ----------
    audit : Audit
        Of the epochs under the split.
    trials : Trials
        Labels and order of all epochs.
    folds : list of tuple of (ndarray, ndarray)
        Training and test epochs.
    labellings : list of ndarray of int, shape (n_epochs,)
        Labels that only the design tells: the null. Empty where they cannot be told from the true ones.
    facts : dict
        ``task``, ``leaks``, ``transductive`` and ``accept_confound`` of a ResultCard.
    """

    audit: Audit
    trials: Trials
    folds: list
    labellings: list
    facts: dict

    @property
    def tests(self):
        """Test epochs of all folds, one after another (ndarray of int)."""
        return np.concatenate([test for _, test in self.folds])


def read_design(
    epochs,
    split,
    *,
    caller,
    label,
    accept_confound,
    n_relabel,
    random_state,
    features=None,
    design=None,
    **known,
):
    """Audit a design, refuse it where it is confounded, and make the null's labels.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Epochs.
    split, label, design, features
        As in :func:`audit_design`.
    caller : str
        For errors.
    accept_confound : bool
        Go on where the audit says "confounded".
    n_relabel : int
        At most so many labellings.
    random_state : int
        Seed of folds and relabellings.
    **known
        ``group`` and ``order``, as in :func:`audit_design`.

    Returns
    -------
    design : Design
        What is known.

    Raises
    ------
    ValueError
        If the design is confounded and that is not accepted, the split cannot be used, or a training part has
        one label or none of its test part.
    """
    known["label"] = label
    trials, _ = read_trials(epochs, caller=caller, **known)
    names = np.array(trials.names)[trials.labels]
    folds, _ = make_folds(
        split, epochs.metadata, names, trials.recordings, random_state=random_state, caller=caller
    )
    _check_labels(trials, folds, label, caller)
    audit = audit_design(
        epochs, split, design=design, features=features, explain=False, random_state=random_state, **known
    )
    refuse_confounded(audit, accept_confound, caller)
    return Design(
        audit=audit,
        trials=trials,
        folds=folds,
        labellings=_null_labels(audit, trials, folds, int(n_relabel), random_state),
        facts={
            "task": f"decoding of {label} under {audit.split}",
            "leaks": tuple(check_split(epochs, folds, label=label).leaks),
            "transductive": tuple(marked_steps(epochs)),
            "accept_confound": accept_confound,
        },
    )


def set_beside_null(design, data, decode):
    """Decode, and set the score beside what labels reach that only the design tells.

    Parameters
    ----------
    design : Design
        Folds and labellings.
    data : array, shape (n_epochs, ...)
        What was decoded.
    decode : callable
        ``decode(data, labellings)`` trains on each of these labellings, and returns what it predicts for the
        test epochs, in the order of ``design.tests``. The true labels come first, in the first call.

    Returns
    -------
    metrics : dict of str to dict
        As a ResultCard has them: "balanced accuracy" and "accuracy".
    predicted : ndarray of int, shape (n_tests,)
        Of the true labels.
    """
    audit, trials, labellings = design.audit, design.trials, design.labellings

    def scores(predicted, labels):
        truth = labels[design.tests]
        return _scores(predicted == truth, truth, len(trials.names))

    first, *others = decode(data, [trials.labels, *labellings])
    value, null = scores(first, trials.labels), list(map(scores, others, labellings))
    quiet = []
    if "exposed" in audit.flags and labellings:
        quiet = list(map(scores, decode(without_signal(data, trials), labellings), labellings))
    chances = {"balanced accuracy": audit.chance, "accuracy": _majority(trials.labels[design.tests])}
    metrics = {
        name: _metric(name, value, null, quiet, chance, audit.clock_accuracy)
        for name, chance in chances.items()
    }
    return metrics, first


def _check_labels(trials, folds, label, caller):
    """Refuse folds in which a decoder can learn or show nothing."""
    for train, test in folds:
        seen = np.unique(trials.labels[train])
        if len(seen) < 2:
            raise ValueError(
                f"{caller} needs two labels in the training part; all {len(train)} epochs there have the "
                f"{label!r} {trials.names[seen[0]]!r}. Choose another split."
            )
        if not np.isin(trials.labels[test], seen).any():
            raise ValueError(
                f"{caller} needs test labels that occur in training; none of {len(test)} epochs has one "
                "(zero-shot). Decode another label, or match features with embeddings of pictures instead."
            )


def _null_labels(audit, trials, folds, n_relabel, random_state):
    """Return labels that only the design tells; none where they cannot be told from the true ones."""
    if "unidentifiable" in audit.flags:
        return []
    if "exposed-by-position" in audit.flags:
        return make_shifted_labels(trials)
    return make_relabellings(trials, folds, np.random.default_rng(random_state), n_relabel)[0]


def _scores(hits, truth, n_labels):
    chance = 1.0 / n_labels
    kappa = float(balanced_kappa(hits.astype(float), truth, n_labels))
    return {"balanced accuracy": chance + kappa * (1 - chance), "accuracy": float(hits.mean())}


def _majority(labels):
    """Return what always naming the most frequent label reaches."""
    return float(np.bincount(labels).max() / len(labels))


def _metric(name, value, null, quiet, chance, clock):
    """Put a score beside those of the null, taken as in :func:`eegimg.validity._measure.set_beside`."""
    beside = set_beside(value[name], *([scores[name] for scores in side] for side in (null, quiet)))
    others = np.array(beside["null"])
    known = len(others) > 0
    return {
        "value": value[name],
        "chance": chance,
        "clock": clock,
        "null": float(others.mean()) if known else None,
        "null_sd": float(others.std()) if known else None,
        "p": beside["p"],
    }
