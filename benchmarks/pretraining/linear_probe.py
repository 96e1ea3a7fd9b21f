"""Ridge classification of features, its strength chosen on held-out images of the training part."""

import numpy as np

STRENGTHS = np.logspace(-3, 3, 13)  # times the mean variance of a principal direction of the training rows


class Ridge:
    """Least squares on centred one-hot labels for many strengths at the price of one decomposition.

    Parameters
    ----------
    features : array, shape (n_epochs, n_features)
        Training rows; standardised here.
    labels : array of int, shape (n_epochs,)
        0 to ``n_classes - 1``.
    n_classes : int
        Number of classes.
    """

    def __init__(self, features, labels, n_classes):
        self.mean, self.scale = features.mean(axis=0), features.std(axis=0) + 1e-8
        rows = (features - self.mean) / self.scale
        targets = np.eye(n_classes, dtype=rows.dtype)[labels]
        self.prior = targets.mean(axis=0)
        targets = targets - self.prior
        self.wide = rows.shape[1] > rows.shape[0]
        gram = rows @ rows.T if self.wide else rows.T @ rows
        self.values, self.vectors = np.linalg.eigh(gram.astype(np.float64))
        self.right = self.vectors.T @ (targets if self.wide else rows.T @ targets)
        self.rows = rows if self.wide else None
        self.unit = np.trace(gram) / len(gram)

    def scores(self, features, strength):
        """Return (n_epochs, n_classes) scores for new rows."""
        weights = self.vectors @ (self.right / (self.values + strength * self.unit)[:, np.newaxis])
        if self.wide:
            weights = self.rows.T @ weights
        return (features - self.mean) / self.scale @ weights.astype(features.dtype) + self.prior

    def accuracy(self, features, labels, strength):
        """Return the share of rows whose highest score is their label's."""
        return float((self.scores(features, strength).argmax(axis=1) == labels).mean())


def choose_strength(features, labels, groups, n_classes, seed=0):
    """Return the strength that is best on a fifth of the groups (images or people) of the training rows."""
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    held = np.isin(groups, names[: max(1, len(names) // 5)])
    model = Ridge(features[~held], labels[~held], n_classes)
    accuracies = [model.accuracy(features[held], labels[held], strength) for strength in STRENGTHS]
    return float(STRENGTHS[int(np.argmax(accuracies))])


def probe(train, labels, groups, tests, n_classes=10):
    """Fit on training rows and score each test set.

    Parameters
    ----------
    train : array, shape (n_epochs, n_features)
        Training rows.
    labels, groups : array of int, shape (n_epochs,)
        Class, and image or person by which the strength is chosen.
    tests : sequence of tuple
        (features, labels) of each test set.
    n_classes : int
        Number of classes.

    Returns
    -------
    accuracies : list of float
        One per test set.
    """
    strength = choose_strength(train, labels, groups, n_classes)
    model = Ridge(train, labels, n_classes)
    return [model.accuracy(features, wanted, strength) for features, wanted in tests]
