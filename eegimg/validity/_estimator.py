"""A user's own decoder, trained and tested under a split."""

import numpy as np

from ._exposure import balanced_kappa
from ._features import data_picks
from ._relabel import without_signal


def cross_validate(estimator, data, labels, folds):
    """Predict the test epochs of every fold with a copy of an estimator trained on its training epochs.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Left as it is.
    data : array, shape (n_epochs, n_channels, n_times)
        In volts. Handed over as it is to estimators that take three dimensions (MNE's and pyRiemann's, and
        pipelines that begin with one); flat to others.
    labels : array of int, shape (n_epochs,)
        Labels.
    folds : list of tuple of (ndarray, ndarray)
        Training and test epochs.

    Returns
    -------
    predicted : ndarray, shape (n_tests,)
        Of the test epochs of all folds, one after another.
    """
    from sklearn.base import clone

    data = data if takes_epochs(estimator) else data.reshape(len(data), -1)
    predicted = [
        clone(estimator).fit(data[train], labels[train]).predict(data[test]) for train, test in folds
    ]
    return np.concatenate(predicted)


def takes_epochs(estimator):
    """Tell whether an estimator takes three dimensions: any that is not scikit-learn's own and flat."""
    first = estimator
    while hasattr(first, "steps") or hasattr(first, "estimator"):  # a pipeline, or a search over one
        first = first.steps[0][1] if hasattr(first, "steps") else first.estimator
    homes = {kind.__module__ for kind in type(first).__mro__ if kind.__module__.startswith("sklearn.")}
    flat = any(not home.startswith(("sklearn.base", "sklearn.utils")) for home in homes)
    return not flat or type(first).__name__ == "FunctionTransformer"


def estimator_kappas(estimator, epochs, scope, labellings):
    """Train and test an estimator on true labels and on others.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Left as it is.
    epochs : mne.BaseEpochs
        Epochs.
    scope : Scope
        Which epochs, labels and folds.
    labellings : list of ndarray of int, shape (n_rows,)
        Labels moved from run to run.

    Returns
    -------
    kappa : float
        Balanced, of the true labels.
    moved, silent : list of float
        Of the other labels, on the epochs as they are and without what trials of one label have in common.
    """
    data = np.asarray(epochs.get_data(picks=data_picks(epochs.info), item=scope.rows, copy=False), float)
    tests = np.concatenate([test for _, test in scope.folds])

    def kappa_of(epochs_data, labels):
        hits = cross_validate(estimator, epochs_data, labels, scope.folds) == labels[tests]
        return float(balanced_kappa(hits.astype(float), labels[tests], len(scope.trials.names)))

    kappa = kappa_of(data, scope.trials.labels)
    moved = [kappa_of(data, labels) for labels in labellings]
    silent = without_signal(data, scope.trials) if labellings else data
    return kappa, moved, [kappa_of(silent, labels) for labels in labellings]
