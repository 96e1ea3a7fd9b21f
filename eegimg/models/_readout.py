"""Linear decoders of features, their regularisation chosen without a look at the test part."""

import dataclasses

import numpy as np

from ..validity._decoding import lda_predict

ESTIMATORS = ("ridge", "logistic", "lda")
# From so strong that class means alone count, to where a thousand standardised features fit their noise.
STRENGTHS = tuple(10.0**power for power in range(-6, 1))
N_INNER = 5
_NO_CHOICE = ("lda",)  # shrunk as Ledoit and Wolf say
_SMALL = 1e-10  # share of the largest square below which an axis is rounding


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which epochs of a fold are used for what.

    Attributes
    ----------
    train, test : ndarray of int
        Epochs.
    inner : list of tuple of (ndarray of int, ndarray of int)
        Pairs on which the strength is chosen: epochs that are fitted, and epochs that are predicted.
    chosen_on : str
        The same in words.
    """

    train: np.ndarray
    test: np.ndarray
    inner: list
    chosen_on: str


@dataclasses.dataclass(frozen=True)
class Axes:
    """Features turned to the principal axes of the epochs that are fitted.

    Attributes
    ----------
    fitted : ndarray, shape (n_fitted, n_axes)
        Epochs that mean, spread and axes were taken from; at most as many axes as epochs.
    others : ndarray, shape (n_others, n_axes)
        Epochs that are predicted.
    squares : ndarray, shape (n_axes,)
        Sum of the squares of the fitted epochs on each axis.
    """

    fitted: np.ndarray
    others: np.ndarray
    squares: np.ndarray


@dataclasses.dataclass(frozen=True)
class Readout:
    """Decode one set of features under planned folds, for any number of labellings.

    Parameters
    ----------
    estimator : 'ridge' | 'logistic' | 'lda' | scikit-learn classifier
        The decoder. A classifier of one's own gets the features as they are, and nothing is chosen for it.
    strengths : sequence of float
        Values of C to choose from; ``1 / C`` is the penalty of ridge.
    plans : list of Plan
        One for each fold.
    """

    estimator: object
    strengths: tuple
    plans: list

    def decode(self, features, labellings):
        """Train on the training part and predict the test part of every fold.

        Parameters
        ----------
        features : array of float, shape (n_epochs, n_features)
            Features.
        labellings : list of ndarray of int, shape (n_epochs,)
            Each is trained on by itself, with a choice of its own.

        Returns
        -------
        predicted : list of ndarray of int, shape (n_tests,)
            For each labelling, the test epochs of all folds one after another.
        choices : list of list of dict
            For each labelling and fold ``C``, ``chosen_on`` and ``scores`` (balanced accuracy by C).
        """
        found = [self._decode_fold(plan, features, labellings) for plan in self.plans]
        predicted = [np.concatenate([fold[place][0] for fold in found]) for place in range(len(labellings))]
        return predicted, [[fold[place][1] for fold in found] for place in range(len(labellings))]

    def _decode_fold(self, plan, features, labellings):
        """Return predictions and choice of each labelling; what does not depend on labels is done once."""
        if not isinstance(self.estimator, str):
            return [self._decode_own(plan, features, labels) for labels in labellings]
        chooses = self.estimator not in _NO_CHOICE
        inner = [find_axes(features[fit], features[held]) for fit, held in plan.inner] if chooses else []
        outer = find_axes(features[plan.train], features[plan.test])
        decoded = []
        for labels in labellings:
            choice = self._choose(plan, inner, labels)
            (guess,) = predict(self.estimator, [choice["C"]], outer, labels[plan.train])
            decoded.append((guess, choice))
        return decoded

    def _decode_own(self, plan, features, labels):
        from sklearn.base import clone

        fitted = clone(self.estimator).fit(features[plan.train], labels[plan.train])
        choice = {"C": None, "chosen_on": "nothing, as the estimator was given", "scores": {}}
        return np.asarray(fitted.predict(features[plan.test])), choice

    def _choose(self, plan, inner, labels):
        """Return the strength with the best balanced accuracy; of equals the strongest penalty."""
        if not inner:
            return {"C": None, "chosen_on": "nothing, as its shrinkage is computed", "scores": {}}
        truth = np.concatenate([labels[held] for _, held in plan.inner])
        strengths = sorted(self.strengths)
        guesses = [
            predict(self.estimator, strengths, axes, labels[fit])
            for axes, (fit, _) in zip(inner, plan.inner, strict=True)
        ]
        scores = {}
        for strength, parts in zip(strengths, zip(*guesses, strict=True), strict=True):
            hits = np.concatenate(parts) == truth
            scores[strength] = float(np.mean([hits[truth == name].mean() for name in np.unique(truth)]))
        return {"C": max(scores, key=scores.get), "chosen_on": plan.chosen_on, "scores": scores}


def find_axes(fitted, others):
    """Standardise features, and turn them to the principal axes of the fitted epochs.

    A penalty on squared weights leaves no weight outside the space that these span, so that nothing is lost.

    Parameters
    ----------
    fitted : array, shape (n_fitted, n_features)
        Epochs that mean, spread and axes are taken from.
    others : array, shape (n_others, n_features)
        Epochs that are turned with them.

    Returns
    -------
    axes : Axes
        Both.
    """
    mean, spread = fitted.mean(axis=0), fitted.std(axis=0)
    varies = spread > 1e-12 * max(spread.max(initial=0.0), np.finfo(float).tiny)
    if not varies.any():
        return Axes(np.zeros((len(fitted), 1)), np.zeros((len(others), 1)), np.zeros(1))
    fitted = (fitted[:, varies] - mean[varies]) / spread[varies]
    others = (others[:, varies] - mean[varies]) / spread[varies]
    wide = fitted.shape[1] > len(fitted)
    squares, vectors = np.linalg.eigh(fitted @ fitted.T if wide else fitted.T @ fitted)
    kept = squares > _SMALL * squares[-1]
    squares, vectors = squares[kept], vectors[:, kept]
    if not wide:
        return Axes(fitted @ vectors, others @ vectors, squares)
    sizes = np.sqrt(squares)
    return Axes(vectors * sizes, (others @ fitted.T) @ (vectors / sizes), squares)


def predict(name, strengths, axes, labels):
    """Fit a linear decoder in which all labels weigh the same, and predict the other epochs.

    Parameters
    ----------
    name : 'ridge' | 'logistic' | 'lda'
        Which.
    strengths : list of float | list of None
        Values of C, the inverse of the penalty.
    axes : Axes
        Features.
    labels : array of int, shape (n_fitted,)
        Labels of the fitted epochs.

    Returns
    -------
    predicted : list of ndarray of int, shape (n_others,)
        For each strength.
    """
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) < 2:  # inner folds of few epochs
        return [np.full(len(axes.others), names[0]) for _ in strengths]
    if name == "lda":
        found = lda_predict(axes.fitted, codes, axes.others, len(names))
        return [names[found] for _ in strengths]
    if name == "logistic":
        return [fit_logistic(axes.fitted, labels, strength).predict(axes.others) for strength in strengths]
    fits = [fit_ridge(axes, codes, strength) for strength in strengths]
    return [names[np.argmax((axes.others - centre) @ weights, axis=1)] for weights, centre in fits]


def fit_ridge(axes, codes, strength):
    """Fit ridge regression on codes of the labels, each divided by how often it occurs.

    Parameters
    ----------
    axes : Axes
        Features.
    codes : array of int, shape (n_fitted,)
        Labels, 0 to n_labels - 1, each at least once.
    strength : float
        C.

    Returns
    -------
    weights : ndarray, shape (n_axes, n_labels)
        The label with the largest ``(features - centre) @ weights`` is predicted.
    centre : ndarray, shape (n_axes,)
        The mean of the labels' means. Where labels are equally frequent it is 0, and predictions are those of
        scikit-learn's RidgeClassifier.
    """
    members = np.eye(codes.max() + 1)[codes] / np.bincount(codes)
    means = axes.fitted.T @ members
    return means / (axes.squares + 1.0 / strength)[:, None], means.mean(axis=1)


def fit_logistic(features, labels, strength):
    """Fit multinomial logistic regression to features (n_epochs, n_axes), labels weighing the same."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, class_weight="balanced", max_iter=5000).fit(features, labels)


def make_plans(folds, validation, labels, units, random_state):
    """Plan on which epochs each fold's strength is chosen.

    Parameters
    ----------
    folds : list of tuple of (ndarray of int, ndarray of int)
        Training and test epochs.
    validation : list of ndarray of int
        Validation epochs of each fold.
    labels : array of int, shape (n_epochs,)
        Labels.
    units : dict of str to ndarray of int, shape (n_epochs,)
        What inner folds may hold out whole, the largest first.
    random_state : int
        Seed of random inner folds.

    Returns
    -------
    plans : list of Plan
        The validation part where there is one. Otherwise five folds inside the training part, which hold out
        the same kind of unit as the split does.
    """
    plans = []
    for (train, test), held in zip(folds, validation, strict=True):
        if len(held):
            plans.append(Plan(train, test, [(train, held)], "the validation part"))
        else:
            plans.append(Plan(train, test, *_inner_folds(train, test, labels, units, random_state)))
    return plans


def _inner_folds(train, test, labels, units, random_state):
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    rarest = int(np.unique(labels[train], return_counts=True)[1].min())
    for name, codes in units.items():
        own = codes[train]
        n_units = len(np.unique(own))
        if n_units < 2 or set(own) & set(codes[test]):
            continue
        count = min(N_INNER, n_units)
        splitter = StratifiedGroupKFold(count) if rarest >= count else GroupKFold(count)
        text = f"{count} folds inside the training part, each {name} held out whole"
        break
    else:
        own, count = None, min(N_INNER, len(train))
        balanced = StratifiedKFold if rarest >= count else KFold
        splitter = balanced(count, shuffle=True, random_state=random_state)
        text = f"{count} random folds inside the training part"
    pairs = splitter.split(np.zeros((len(train), 1)), labels[train], own)
    return [(train[fit], train[held]) for fit, held in pairs if len(fit) and len(held)], text
