"""Whether labels can be told from when a trial was recorded: votes of training trials near in time."""

import dataclasses

import numpy as np

WIDTHS = (1.0, 3.0, 10.0, 30.0)  # of the kernel, in median intervals between trials
# Places on either side that do not vote across recordings. One guard alone can hit upon a rhythm of a
# sequence that all share (in 12 people who saw one random sequence, 0.40 at six places and -0.07 at three):
# a trend stands under all of them.
GUARDS = (3, 4, 5)
N_PERMUTATIONS = 99
MAX_ROWS = 2000
MAX_POSITIONS = 256
MIN_EXPOSURE = 0.10  # kappa; z is computed from there on
LONG_RUN = 4  # median trials of one label in a row, from which on places next to each other vote as well
_REACH = 5.0  # widths of the kernel on either side that are looked at


@dataclasses.dataclass(frozen=True)
class Exposure:
    """How well a slow function of time alone tells the test labels.

    Attributes
    ----------
    kappa : float
        Balanced accuracy beyond chance of the best kernel; nan where no test trial has a training trial to
        vote.
    z : float
        Against permutations; nan where the kappa is below MIN_EXPOSURE.
    """

    kappa: float
    z: float


NOT_EXPOSED = Exposure(float("nan"), float("nan"))


def balanced_kappa(hits, labels, n_labels):
    """Return the balanced accuracy beyond chance, (accuracy - 1/K) / (1 - 1/K).

    Parameters
    ----------
    hits : array, shape (..., n_rows)
        Share of each trial that is right, 0 to 1.
    labels : array of int, shape (n_rows,)
        True labels.
    n_labels : int
        K, as many as there are to choose from.

    Returns
    -------
    kappa : ndarray, shape (...)
        1 is perfect, 0 chance. Labels without a trial are left out of the mean.
    """
    counts = np.bincount(labels, minlength=n_labels)
    weights = (1.0 / counts[labels]) / np.count_nonzero(counts)
    return (hits @ weights - 1.0 / n_labels) / (1.0 - 1.0 / n_labels)


def compute_time_exposure(trials, folds, rng, *, n_permutations=N_PERMUTATIONS):
    """Let training trials of the same recording vote for the labels of test trials near to them in time.

    Parameters
    ----------
    trials : Trials
        Labels and order.
    folds : list of tuple of (ndarray, ndarray)
        Training and test trials.
    rng : numpy.random.Generator
        Permutes labels.
    n_permutations : int
        Of labels over all trials, the best kernel taken in each.

    Returns
    -------
    exposure : Exposure
        A trial without a training trial in its recording counts as chance.
    """
    votes = TimeVotes(trials, folds, rng)
    observed = votes.kappa(trials.labels)
    if not observed >= MIN_EXPOSURE:
        return Exposure(observed, float("nan"))
    null = np.array([votes.kappa(rng.permutation(trials.labels)) for _ in range(n_permutations)])
    return Exposure(observed, float((observed - null.mean()) / max(null.std(), 1e-12)))


class TimeVotes:
    """Who votes for whom, and how much; which labels they vote for may change.

    Parameters
    ----------
    trials : Trials
        Order of trials.
    folds : list of tuple of (ndarray, ndarray)
        Training and test trials.
    rng : numpy.random.Generator
        Draws test trials where there are very many.
    """

    def __init__(self, trials, folds, rng):
        self.folds, self.n_labels = folds, len(trials.names)
        self.tests, self.fold_of = _rows(folds, trials.labels, rng)
        n_side = int(np.ceil(_REACH * WIDTHS[-1]))
        found = [
            _neighbours(trials, train, self.tests[self.fold_of == fold], n_side)
            for fold, (train, _) in enumerate(folds)
        ]
        neighbours = np.concatenate([near for near, _ in found])
        lags = np.concatenate([lag for _, lag in found]) / trials.interval
        self.voters, centre = [], neighbours.shape[1] // 2
        for width in WIDTHS if np.isfinite(lags).any() else ():
            reach = int(np.ceil(_REACH * width))
            near = slice(max(centre - reach, 0), centre + reach)
            weights = -lags[:, near] / width
            weights -= np.max(weights, axis=1, keepdims=True, initial=-1e300, where=np.isfinite(weights))
            self.voters.append((neighbours[:, near], np.exp(weights)))

    def kappa(self, labels):
        """Return the balanced kappa of the best kernel, nan where nobody votes."""
        counts = [np.bincount(labels[train], minlength=self.n_labels) for train, _ in self.folds]
        priors, truth = np.stack(counts)[self.fold_of], labels[self.tests]
        return max(
            (
                _vote_kappa(labels[near], weights, priors, truth, self.n_labels)
                for near, weights in self.voters
            ),
            default=float("nan"),
        )


def _rows(folds, labels, rng):
    """Return test trials and the fold of each, folds in order, at most MAX_ROWS of them."""
    tests = np.concatenate([test for _, test in folds])
    fold_of = np.repeat(np.arange(len(folds)), [len(test) for _, test in folds])
    if len(tests) > MAX_ROWS:
        chosen = np.sort(rng.permutation(len(tests))[:MAX_ROWS])
        tests, fold_of = tests[chosen], fold_of[chosen]
    return tests, fold_of


def _neighbours(trials, train, tests, n_side):
    """Return the training trials on either side of each test trial in time, and how far they are.

    Both have the shape (n_tests, 2 * n_side); the lag is infinite where there is none.
    """
    found = np.zeros((len(tests), 2 * n_side), int)
    lags = np.full(found.shape, np.inf)
    steps = np.arange(-n_side, n_side)
    for recording in np.unique(trials.recordings[tests]):
        voters = train[trials.recordings[train] == recording]
        rows = np.flatnonzero(trials.recordings[tests] == recording)
        if not len(voters):
            continue
        voters = voters[np.argsort(trials.times[voters], kind="stable")]
        place = np.searchsorted(trials.times[voters], trials.times[tests[rows]])
        index = place[:, None] + steps
        there = (index >= 0) & (index < len(voters))
        found[rows] = voters[np.clip(index, 0, len(voters) - 1)]
        distance = np.abs(trials.times[found[rows]] - trials.times[tests[rows], None])
        lags[rows] = np.where(there, distance, np.inf)
    return found, lags


def _vote_kappa(near, weights, priors, truth, n_labels):
    """Return the balanced kappa of weighted votes (n_rows, n_voters), each label held to its prior."""
    n_rows = len(truth)
    cells = np.arange(n_rows)[:, None] * n_labels + near
    votes = np.bincount(cells.ravel(), weights.ravel(), n_rows * n_labels).reshape(n_rows, n_labels)
    return _kappa_of(votes, priors, truth, n_labels)


def _kappa_of(votes, priors, truth, n_labels):
    scores = votes / np.maximum(priors, 1)
    hits = (np.argmax(scores, axis=1) == truth).astype(float)
    hits[~(scores > 0).any(axis=1)] = 1.0 / n_labels
    return balanced_kappa(hits, truth, n_labels)


def compute_position_exposure(trials, folds, rng, *, n_permutations=N_PERMUTATIONS):
    """Let training trials of other recordings vote for test trials at nearly the same place in theirs.

    One order of conditions used for everybody is no trend, and only a trend can be exploited by something
    slow. So the null permutes places, in the same way in all recordings, and where labels change from trial
    to trial those within three to five places do not vote; the weakest of these guards counts.

    Parameters
    ----------
    trials : Trials
        Labels and order.
    folds : list of tuple of (ndarray, ndarray)
        Training and test trials.
    rng : numpy.random.Generator
        Permutes places.
    n_permutations : int
        Of places, the best kernel taken in each.

    Returns
    -------
    exposure : Exposure
        Of the best kernel.
    """
    if len(np.unique(trials.recordings)) < 2 or not trials.ordered:
        return NOT_EXPOSED
    places = trials.positions
    step = int(np.ceil((places.max() + 1) / MAX_POSITIONS))
    places = places // step
    n_places = int(places.max()) + 1
    lag = np.abs(np.arange(n_places)[:, None] - np.arange(n_places)) * step
    in_runs = trials.run_table()["n"].median() >= LONG_RUN
    kernels = [
        np.where(lag > guard, np.exp(-lag / width), 0.0)
        for guard in ((-1,) if in_runs else GUARDS)
        for width in WIDTHS[1:]
    ]
    n_guards = len(kernels) // len(WIDTHS[1:])
    votes = _PlaceVotes(trials, folds, places, n_places, rng)

    def best(order):
        kappas = [votes.kappa(kernel[np.ix_(order, order)]) for kernel in kernels]
        return np.reshape(kappas, (n_guards, -1)).max(axis=1).min()

    observed = float(best(np.arange(n_places)))
    if not observed >= MIN_EXPOSURE:
        return Exposure(observed, float("nan"))
    null = np.array([best(rng.permutation(n_places)) for _ in range(n_permutations)])
    return Exposure(observed, float((observed - null.mean()) / max(null.std(), 1e-12)))


class _PlaceVotes:
    """Labels counted by place, from which any kernel over places lets trials of other recordings vote."""

    def __init__(self, trials, folds, places, n_places, rng):
        self.tests, fold_of = _rows(folds, trials.labels, rng)
        self.truth, self.n_labels = trials.labels[self.tests], len(trials.names)
        self.priors = np.empty((len(self.tests), self.n_labels))
        self.parts = []  # rows that share fold and recording, their places, and the counts that vote for them
        for fold, (train, _) in enumerate(folds):
            rows = np.flatnonzero(fold_of == fold)
            of_rows = trials.recordings[self.tests[rows]]
            total = _counts(trials.labels[train], places[train], n_places, self.n_labels)
            self.priors[rows] = total.sum(axis=0)
            for recording in np.unique(of_rows):
                own = train[trials.recordings[train] == recording]
                counts = total - _counts(trials.labels[own], places[own], n_places, self.n_labels)
                here = rows[of_rows == recording]
                self.parts.append((here, places[self.tests[here]], counts))

    def kappa(self, kernel):
        """Return the balanced kappa of votes with a kernel (n_places, n_places)."""
        votes = np.empty_like(self.priors)
        for rows, places, counts in self.parts:
            votes[rows] = kernel[places] @ counts
        return _kappa_of(votes, self.priors, self.truth, self.n_labels)


def _counts(labels, places, n_places, n_labels):
    """Count labels by place: (n_places, n_labels)."""
    cells = np.bincount(places * n_labels + labels, minlength=n_places * n_labels)
    return cells.reshape(n_places, n_labels).astype(float)
