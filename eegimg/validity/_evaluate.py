"""Decode under a split, and give the accuracy with the null and the verdict beside it."""

import numpy as np

from .._checks import check_number, check_type
from ..bids import marked_steps
from ._audit import audit_design
from ._card import ResultCard, refuse_confounded
from ._check_split import check_split
from ._estimator import cross_validate
from ._exposure import balanced_kappa
from ._features import data_picks
from ._folds import make_folds
from ._measure import set_beside
from ._relabel import N_RELABELLINGS, make_relabellings, make_shifted_labels, without_signal
from ._trials import read_trials


def evaluate(
    epochs,
    estimator,
    split=None,
    group=None,
    label="concept",
    *,
    order=None,
    design=None,
    accept_confound=False,
    n_relabel=N_RELABELLINGS,
    random_state=0,
):
    """Train and test a decoder under a split, with the design audited first.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Epochs; left as they are.
    estimator : scikit-learn classifier
        Any classifier or pipeline that ends in one. It gets (n_epochs, n_channels, n_times) in volts, or the
        same flat if it is scikit-learn's own.
    split : str | array-like | pandas.DataFrame | cross-validator | list of tuple | int | None
        As in :func:`audit_design`.
    group : str | list of str | array-like, shape (n_epochs,) | None
        As in :func:`audit_design`.
    label : str
        As in :func:`audit_design`.
    order : str | array-like, shape (n_epochs,) | None
        As in :func:`audit_design`.
    design : 'rapid-event' | 'block' | 'unknown' | None
        As in :func:`audit_design`.
    accept_confound : bool
        Give numbers also where the audit says "confounded".
    n_relabel : int
        How many times labels are moved from run to run and the decoder is trained on them: the null.
    random_state : int
        Seed of folds and relabellings.

    Returns
    -------
    card : ResultCard
        Accuracy and balanced accuracy with their nulls, the audit, leaks of the split and transductive steps.

    Raises
    ------
    TypeError
        If these are no epochs, or the estimator cannot be trained.
    ValueError
        If the design is confounded and that is not accepted, or the split cannot be used.

    Notes
    -----
    The p value counts relabellings that reach the accuracy, (1 + count) / (1 + n_relabel). The run is the
    unit, since trials of one run are not independent; the trial where labels come in random order.
    Phipson and Smyth (2010), doi:10.2202/1544-6115.1585.
    """
    from threadpoolctl import threadpool_limits

    caller = "evaluate"
    if not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
        raise TypeError(f"{caller} needs a classifier with fit and predict. Got {estimator!r}.")
    check_type("accept_confound", accept_confound, bool, caller, "True or False")
    check_number("n_relabel", n_relabel, caller, at_least=1, integer=True)
    known = {"label": label, "group": group, "order": order}
    audit = audit_design(epochs, split, design=design, explain=False, random_state=random_state, **known)
    refuse_confounded(audit, accept_confound, caller)
    trials, _ = read_trials(epochs, caller=caller, **known)
    names = np.array(trials.names)[trials.labels]
    folds, _ = make_folds(
        split, epochs.metadata, names, trials.recordings, random_state=random_state, caller=caller
    )
    labellings = _null_labels(audit, trials, folds, int(n_relabel), random_state)
    data = np.asarray(epochs.get_data(picks=data_picks(epochs.info), copy=False), float)
    tests = np.concatenate([test for _, test in folds])
    labels_of_tests = trials.labels[tests]

    def score(epochs_data, labels):
        hits = cross_validate(estimator, epochs_data, labels, folds)
        return _scores(hits, labels[tests], len(trials.names))

    with threadpool_limits(1):  # many small fits, which threads only slow down
        value, null = score(data, trials.labels), [score(data, labels) for labels in labellings]
        silent = without_signal(data, trials) if "exposed" in audit.flags else None
        quiet = [] if silent is None else [score(silent, labels) for labels in labellings]
    return ResultCard(
        task=f"decoding of {label} under {audit.split}",
        method=_name(estimator),
        metrics={
            name: _metric(name, value, null, quiet, chance, audit.clock_accuracy)
            for name, chance in (
                ("balanced accuracy", audit.chance),
                ("accuracy", _majority(labels_of_tests)),
            )
        },
        audit=audit,
        leaks=tuple(check_split(epochs, folds, label=label).leaks),
        transductive=tuple(marked_steps(epochs)),
        accept_confound=accept_confound,
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


def _name(estimator):
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return " + ".join(type(step).__name__ for step in steps)
