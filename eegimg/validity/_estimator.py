"""A user's own decoder, trained and tested under a split."""

import numpy as np

from ._exposure import balanced_kappa
from ._features import data_picks


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
    hits : ndarray of bool, shape (n_tests,)
        Test epochs of all folds, one after another.
    """
    from sklearn.base import clone

    data = data if takes_epochs(estimator) else data.reshape(len(data), -1)
    hits = []
    for train, test in folds:
        fitted = clone(estimator).fit(data[train], labels[train])
        hits.append(np.asarray(fitted.predict(data[test])) == labels[test])
    return np.concatenate(hits)


def takes_epochs(estimator):
    """Tell whether an estimator takes three dimensions: any that is not scikit-learn's own and flat."""
    first = estimator
    while hasattr(first, "steps"):
        first = first.steps[0][1]
    return not type(first).__module__.startswith("sklearn.") or type(first).__name__ == "FunctionTransformer"


def estimator_kappas(estimator, epochs, rows, labellings, n_labels, folds):
    """Return the balanced kappa of an estimator for each labelling (see :func:`cross_validate`)."""
    data = np.asarray(epochs.get_data(picks=data_picks(epochs.info), item=rows, copy=False), float)
    tests = np.concatenate([test for _, test in folds])
    return [
        float(
            balanced_kappa(
                cross_validate(estimator, data, labels, folds).astype(float), labels[tests], n_labels
            )
        )
        for labels in labellings
    ]
