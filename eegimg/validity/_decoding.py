"""Fast decoders for many labellings of the same trials: shrinkage LDA and nearest neighbours."""

import numpy as np

from ._exposure import balanced_kappa

N_NEIGHBOURS = 5


class Decoders:
    """Decoders whose costly part, which does not depend on labels, is done once.

    Shrinkage LDA (equal priors, pooled covariance shrunk as Ledoit and Wolf, 2004, say) on each feature set,
    and 5 nearest neighbours on power and epoch mean, which follow codes of blocks that no line separates.

    Parameters
    ----------
    features : dict of str to ndarray, shape (n_epochs, n_components)
        As :func:`compute_features` returns them.
    folds : list of tuple of (ndarray, ndarray)
        Training and test epochs.
    """

    def __init__(self, features, folds):
        self.features, self.folds = features, folds
        self.tests = np.concatenate([test for _, test in folds])
        near = [features[name] for name in ("dc", "power") if name in features]
        self._near = _nearest(np.hstack(near), folds) if near else None

    @property
    def names(self):
        """Names of the decoders."""
        return [*(f"lda {name}" for name in self.features), *(["5-nn"] if self._near is not None else [])]

    def hits(self, labels, n_labels):
        """Tell which test epochs each decoder gets right.

        Parameters
        ----------
        labels : array of int, shape (n_epochs,)
            Labels, 0 to n_labels - 1.
        n_labels : int
            K.

        Returns
        -------
        hits : ndarray of bool, shape (n_decoders, n_tests)
            Decoders in the order of :attr:`names`, test epochs in that of :attr:`tests`.
        """
        hits = [self._lda_hits(data, labels, n_labels) for data in self.features.values()]
        if self._near is not None:
            hits.append(self._near_hits(labels, n_labels))
        return np.array(hits)

    def kappas(self, labels, n_labels):
        """Return the balanced accuracy beyond chance of every decoder, shape (n_decoders,)."""
        hits = self.hits(labels, n_labels).astype(float)
        return balanced_kappa(hits, labels[self.tests], n_labels)

    def _lda_hits(self, data, labels, n_labels):
        return np.concatenate(
            [
                lda_predict(data[train], labels[train], data[test], n_labels) == labels[test]
                for train, test in self.folds
            ]
        )

    def _near_hits(self, labels, n_labels):
        found = []
        for (train, test), near in zip(self.folds, self._near, strict=True):
            cells = np.arange(len(test))[:, None] * n_labels + labels[train][near]
            votes = np.bincount(cells.ravel(), minlength=len(test) * n_labels).reshape(len(test), n_labels)
            priors = np.maximum(np.bincount(labels[train], minlength=n_labels), 1)
            found.append(np.argmax(votes / priors, axis=1) == labels[test])
        return np.concatenate(found)


def lda_predict(train, labels, test, n_labels):
    """Predict labels by linear discriminant analysis with a shrunk covariance and equal priors.

    Parameters
    ----------
    train : array, shape (n_train, n_features)
        Training epochs.
    labels : array of int, shape (n_train,)
        Their labels.
    test : array, shape (n_test, n_features)
        Test epochs.
    n_labels : int
        K; a label without training epochs is never predicted.

    Returns
    -------
    predicted : ndarray of int, shape (n_test,)
        Labels.
    """
    counts = np.bincount(labels, minlength=n_labels)
    members = np.zeros((n_labels, len(train)))
    members[labels, np.arange(len(train))] = 1.0
    means = members @ train / np.maximum(counts, 1)[:, None]
    residuals = train - means[labels]
    covariance = shrink_covariance(residuals)
    weights = np.linalg.solve(covariance, means.T)
    scores = test @ weights - 0.5 * np.einsum("kd,dk->k", means, weights)
    scores[:, counts == 0] = -np.inf
    return np.argmax(scores, axis=1)


def shrink_covariance(residuals):
    """Return the covariance of residuals (n, n_features) about zero, shrunk as Ledoit and Wolf (2004) say."""
    n_rows, n_features = residuals.shape
    covariance = residuals.T @ residuals / n_rows
    mean = np.trace(covariance) / n_features
    distance = ((covariance**2).sum() - 2 * mean * np.trace(covariance)) / n_features + mean**2
    fourth = ((residuals**2).sum(axis=1) ** 2).sum() / n_rows
    spread = (fourth - (covariance**2).sum()) / (n_features * n_rows)
    shrinkage = min(max(spread, 0.0) / distance, 1.0) if distance > 0 else 0.0
    shrunk = (1 - shrinkage) * covariance
    # Without any residual, as with one trial of each label, all directions count alike.
    shrunk[np.diag_indices(n_features)] += shrinkage * mean + (1e-9 * mean if mean > 0 else 1.0)
    return shrunk


def _nearest(data, folds):
    """Return the nearest training epochs of each test epoch, as rows of the training part."""
    squares = (data**2).sum(axis=1)
    found = []
    for train, test in folds:
        distances = squares[train] - 2 * data[test] @ data[train].T
        k = min(N_NEIGHBOURS, len(train))
        found.append(np.argpartition(distances, k - 1, axis=1)[:, :k])
    return found
