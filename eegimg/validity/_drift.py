"""Whether trials of one label are the more alike the nearer in time they were recorded."""

import dataclasses

import numpy as np

from ._decoding import shrink_covariance

N_PERMUTATIONS = 199
MAX_PER_LABEL = 300
MIN_RUNS, MAX_RUNS = 8, 400  # for the comparison of runs
_DECAY = 0.25  # of the range of ranks of lags


@dataclasses.dataclass(frozen=True)
class _Group:
    """Trials of one label: their features (one similarity matrix per set), and how near in time they are."""

    similarities: np.ndarray  # (n_sets, n * n)
    nearness: np.ndarray  # (n, n)
    cells: np.ndarray  # (n,), within which trials change places


def compute_drift(features, trials, rng, *, n_permutations=N_PERMUTATIONS):
    """Measure how features of trials of one label depend on time: HSIC within labels.

    Similarity of features (centred per label, whitened) and nearness in time (a decaying function of the rank
    of the lag) are multiplied and summed over pairs of the same label. The signal that a label evokes cannot
    contribute, as all trials compared have it.

    Parameters
    ----------
    features : dict of str to ndarray, shape (n_epochs, n_components)
        Feature sets.
    trials : Trials
        Labels and times; recordings count as one after the other.
    rng : numpy.random.Generator
        Permutes trials inside labels and recordings: that recordings differ is no drift, unless each has one
        label only.
    n_permutations : int
        For z.

    Returns
    -------
    z : dict of str to float
        Against permutations, by feature set. Strongly negative values are the rebound of a high-pass.

    Notes
    -----
    Gretton et al. (2005), Measuring statistical dependence with Hilbert-Schmidt norms,
    doi:10.1007/11564089_7.
    """
    times, cells = _end_to_end(trials), _cells(trials)
    whitened = _whiten(features, trials.labels)
    groups = []
    for label in range(len(trials.names)):
        rows = _some(np.flatnonzero(trials.labels == label), times)
        if len(rows) < 4:
            continue
        nearness = _nearness(np.abs(times[rows][:, None] - times[rows]))
        groups.append(_Group(_similarities(whitened, rows), nearness, cells[rows]))
    return dict(zip(features, _z_scores(groups, rng, n_permutations, len(features)), strict=True))


def compare_runs(features, trials, rng, *, n_permutations=N_PERMUTATIONS):
    """Measure whether the means of runs of different labels are the more alike the nearer the runs are.

    Parameters
    ----------
    features, trials, rng, n_permutations
        As in :func:`compute_drift`; runs change places inside their recording.

    Returns
    -------
    z : float
        The largest over feature sets; nan with fewer than 8 or more than 400 runs, or runs too short to know
        how trials spread in them.
    """
    runs = trials.run_table()
    n_columns = max(data.shape[1] for data in features.values())
    if not MIN_RUNS <= len(runs) <= MAX_RUNS or len(trials) - len(runs) < 2 * n_columns:
        return float("nan")
    index = np.searchsorted(runs.index.to_numpy(), trials.runs)
    label, recording = runs["label"].to_numpy(), runs["recording"].to_numpy()
    times, found = runs["time"].to_numpy(float), []
    pairs = np.triu((label[:, None] != label) & (recording[:, None] == recording), 1)
    if pairs.sum() < MIN_RUNS:
        return float("nan")
    span = max(np.ptp(times[recording == one]) for one in np.unique(recording))
    orders = [_within(recording, rng) for _ in range(n_permutations)]
    for data in features.values():
        means = np.stack([np.bincount(index, column, len(runs)) for column in data.T], axis=1)
        means /= runs["n"].to_numpy()[:, None]
        means = _whitened(means - means.mean(axis=0), data - means[index])
        similarity = (means @ means.T)[pairs]

        def correlate(order, similarity=similarity):
            moved = times[order]
            lags = np.abs(moved[:, None] - moved)[pairs]
            nearness = np.exp(-lags / max(span / 4, 1e-12))
            # Runs that are all as far from each other tell nothing.
            return np.corrcoef(similarity, nearness)[0, 1] if np.ptp(nearness) > 1e-9 else 0.0

        null = np.array([correlate(order) for order in orders])
        found.append((correlate(np.arange(len(runs))) - null.mean()) / max(null.std(), 1e-12))
    return float(np.max(found))


def _cells(trials):
    """Return the recording of each trial, or the same for all where recordings are what time is."""
    mixed = trials.run_table().groupby("recording")["label"].nunique().max() > 1
    return trials.recordings if trials.ordered and mixed else np.zeros(len(trials), int)


def _end_to_end(trials):
    """Return times with recordings one after the other."""
    times = trials.times - trials.times.min()
    span = np.ptp(times) + trials.interval
    starts = {recording: span * place for place, recording in enumerate(np.unique(trials.recordings))}
    first = {recording: times[trials.recordings == recording].min() for recording in starts}
    if len(starts) == 1:
        return times
    return times + np.array([starts[one] - first[one] for one in trials.recordings])


def _some(rows, times):
    """Return at most MAX_PER_LABEL trials, evenly spread in time."""
    rows = rows[np.argsort(times[rows], kind="stable")]
    if len(rows) <= MAX_PER_LABEL:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MAX_PER_LABEL).round().astype(int)]


def _whiten(features, cells):
    """Centre each feature set per cell and whiten it."""
    counts = np.bincount(cells)
    whitened = []
    for data in features.values():
        means = np.stack([np.bincount(cells, column, len(counts)) for column in data.T], axis=1)
        residuals = data - (means / np.maximum(counts, 1)[:, None])[cells]
        whitened.append(_whitened(residuals, residuals))
    return whitened


def _whitened(data, residuals):
    values, vectors = np.linalg.eigh(shrink_covariance(residuals))
    return data @ (vectors / np.sqrt(np.maximum(values, values[-1] * 1e-9)))


def _nearness(lags):
    """Return a decaying function of the ranks of lags between trials, centred over pairs."""
    pairs = ~np.eye(len(lags), dtype=bool)
    nearness = np.zeros(lags.shape)
    values, codes = np.unique(lags[pairs], return_inverse=True)
    ranks = np.cumsum(np.bincount(codes)) / pairs.sum()
    decay = np.exp(-ranks[codes] / _DECAY)
    nearness[pairs] = decay - decay.mean()
    return nearness


def _similarities(whitened, rows):
    """Return the inner products of trials for each feature set, without those with themselves."""
    centred = [data[rows] - data[rows].mean(axis=0) for data in whitened]
    others = ~np.eye(len(rows), dtype=bool)
    return np.stack([(data @ data.T * others).ravel() for data in centred])


def _z_scores(groups, rng, n_permutations, n_sets):
    """Return the z of the summed products over groups, for each feature set."""
    if not groups:
        return [float("nan")] * n_sets
    observed = sum(group.similarities @ group.nearness.ravel() for group in groups)
    null = np.zeros((n_permutations, n_sets))
    for draw in range(n_permutations):
        for group in groups:
            order = _within(group.cells, rng)
            null[draw] += group.similarities @ group.nearness[np.ix_(order, order)].ravel()
    return ((observed - null.mean(axis=0)) / np.maximum(null.std(axis=0), 1e-300)).tolist()


def _within(cells, rng):
    """Return an order that moves things inside their cell only."""
    order = np.arange(len(cells))
    for cell in np.unique(cells):
        rows = np.flatnonzero(cells == cell)
        order[rows] = rng.permutation(rows)
    return order
