"""Runs held out whole, in one accidental order: how well time tells their labels, and what that gives."""

import numpy as np

from ._decoding import lda_predict
from ._exposure import TimeVotes, balanced_kappa

COSINES = (2, 3)  # half waves in a recording, from one on
_RIDGE = 1e-3


class OrderProbe:
    """How well time tells labels where whole runs are held out.

    On average over all orders of runs it does not, but the one order that was used can favour some labels:
    early ones and late ones, or those whose neighbours were alike.

    Parameters
    ----------
    trials : Trials
        Order of trials.
    folds : list of tuple of (ndarray, ndarray)
        Training and test trials.
    rng : numpy.random.Generator
        For :class:`TimeVotes`.
    """

    def __init__(self, trials, folds, rng):
        self.folds, self.n_labels = folds, len(trials.names)
        self.votes = TimeVotes(trials, folds, rng)
        self.tests = np.concatenate([test for _, test in folds])
        self.recordings = trials.recordings
        self.waves = np.empty((len(trials), COSINES[-1]))
        for recording in np.unique(trials.recordings):
            here = trials.recordings == recording
            times = trials.times[here] - trials.times[here].min()
            phase = np.pi * times / max(times.max(), 1e-12)
            self.waves[here] = np.cos(np.outer(phase, np.arange(1, COSINES[-1] + 1)))

    def kappas(self, labels):
        """Return the balanced kappas of votes, of two and of three slow cosines (ndarray, shape (3,))."""
        waves = [self._cosine_kappa(labels, self.waves[:, :count]) for count in COSINES]
        return np.array([self.votes.kappa(labels), *waves])

    def _cosine_kappa(self, labels, waves):
        hits = []
        for train, test in self.folds:
            found = np.full(len(test), 1.0 / self.n_labels)
            for recording in np.unique(self.recordings[test]):
                here = self.recordings[test] == recording
                own = train[self.recordings[train] == recording]
                if len(own):
                    guess = lda_predict(waves[own], labels[own], waves[test[here]], self.n_labels)
                    found[here] = guess == labels[test[here]]
            hits.append(found)
        return float(balanced_kappa(np.concatenate(hits), labels[self.tests], self.n_labels))


def predict_leak(exposures, kappas, actual):
    """Predict what labels without signal reach in the order that was used.

    Labels moved from run to run are the more exposed to time the better they decode, where something drifts.
    That line is read off at the exposure of the true order.

    Parameters
    ----------
    exposures : array, shape (n_relabellings, 3)
        As :meth:`OrderProbe.kappas` returns them, for each relabelling.
    kappas : array, shape (n_relabellings, n_decoders)
        What each relabelling reaches.
    actual : array, shape (3,)
        Exposure of the true labels.

    Returns
    -------
    leak : float
        Largest prediction over decoders, from votes and from three cosines.
    """
    found = []
    for column in (0, 2):
        line = np.column_stack([np.ones(len(exposures)), np.nan_to_num(exposures[:, column])])
        weights = np.linalg.solve(line.T @ line + _RIDGE * np.eye(2), line.T @ kappas)
        found.append(float(np.max(np.array([1.0, np.nan_to_num(actual[column])]) @ weights)))
    return max(found)
