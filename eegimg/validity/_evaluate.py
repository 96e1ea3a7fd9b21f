"""Decode under a split, and give the accuracy with the null and the verdict beside it."""

import numpy as np

from .._checks import check_number, check_type
from ._beside_null import read_design, set_beside_null
from ._card import ResultCard
from ._estimator import cross_validate
from ._features import data_picks
from ._relabel import N_RELABELLINGS


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
    known = {"label": label, "group": group, "order": order, "design": design}
    found = read_design(
        epochs,
        split,
        caller=caller,
        accept_confound=accept_confound,
        n_relabel=n_relabel,
        random_state=random_state,
        **known,
    )
    data = np.asarray(epochs.get_data(picks=data_picks(epochs.info), copy=False), float)

    def decode(epochs_data, labellings):
        return [cross_validate(estimator, epochs_data, labels, found.folds) for labels in labellings]

    with threadpool_limits(1):  # many small fits, which threads only slow down
        metrics, _ = set_beside_null(found, data, decode)
    return ResultCard(method=_name(estimator), metrics=metrics, audit=found.audit, **found.facts)


def _name(estimator):
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return " + ".join(type(step).__name__ for step in steps)
