"""What explains a verdict without voting on it: baselines, slow drift, filters, runs and previous trials."""

import numpy as np

from ._decoding import Decoders
from ._features import N_COVARIANCE, band_power, data_picks, log_covariance, reduce

HIGH_PASS = 5.0  # Hz
N_BINS = 12
_PERMUTATIONS = 99
_MIN_BASELINE = 3  # samples


def explain_decoding(epochs, rows, folds, trials):
    """Decode labels from what should hold none of them, or only drift.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Epochs.
    rows : array of int, shape (n_rows,)
        Which of them; folds and trials count within these.
    folds : list of tuple of (ndarray, ndarray)
        Training and test epochs.
    trials : Trials
        Labels.

    Returns
    -------
    kappas : dict of str to float
        ``slow_drift`` (mean of the epoch); ``high_pass`` (the better of power and covariance without anything
        slower than 5 Hz, for which slow cosines are taken out of each epoch: it is too short for a filter);
        where epochs begin before the picture ``baseline_variance`` (logarithm, by channel) and, unless a
        baseline was subtracted, ``baseline_mean``.
    """
    data = np.asarray(epochs.get_data(picks=data_picks(epochs.info), item=rows, copy=False), float)
    features = {"slow_drift": data.mean(axis=2)}
    before = epochs.times < 0
    if before.sum() >= _MIN_BASELINE:
        early = data[:, :, before]
        features["baseline_variance"] = np.log(early.var(axis=2) + np.finfo(float).tiny)
        if epochs.baseline is None:
            features["baseline_mean"] = early.mean(axis=2)
    fast = _without_slow(data, epochs.info["sfreq"])
    features["fast_power"] = band_power(fast, epochs.info["sfreq"])
    directions = np.linalg.eigh(np.einsum("nit,njt->ij", fast, fast, optimize=True))[1][:, -N_COVARIANCE:].T
    features["fast_covariance"] = log_covariance(np.einsum("ij,njt->nit", directions, fast, optimize=True))
    decoders = Decoders({name: reduce(values) for name, values in features.items()}, folds)
    kappas = decoders.kappas(trials.labels, len(trials.names))
    found = dict(zip(features, kappas.tolist(), strict=True))
    return found | {"high_pass": max(found.pop("fast_power"), found.pop("fast_covariance"))}


def _without_slow(data, sfreq):
    """Return epochs (n_epochs, n_channels, n_times) without cosines slower than 5 Hz."""
    n_times = data.shape[2]
    n_slow = min(int(2 * HIGH_PASS * n_times / sfreq) + 1, n_times - 1)
    phases = np.outer(np.arange(n_slow), np.arange(n_times) + 0.5) * np.pi / n_times
    basis = np.linalg.qr(np.cos(phases).T)[0]
    return data - (data @ basis) @ basis.T


def describe_order(trials, rng):
    """Describe the order of labels.

    Parameters
    ----------
    trials : Trials
        Labels and order.
    rng : numpy.random.Generator
        Permutes.

    Returns
    -------
    numbers : dict of str to float
        ``run_length`` (median, trials), ``runs_per_label`` (smallest), ``repeats`` (share of trials with
        the label of the trial before), ``time_information`` (mutual information of label and twelfth of the
        recording beyond that of permuted labels, as a share of the labels' entropy), ``previous_label``
        (kappa of telling a label from the one before it) and ``previous_label_z``.
    """
    runs = trials.run_table()
    numbers = {
        "run_length": float(runs["n"].median()),
        "runs_per_label": float(runs.groupby("label").size().min()),
    }
    if not trials.ordered:
        return numbers
    order = np.lexsort((trials.times, trials.recordings))
    labels, recordings = trials.labels[order], trials.recordings[order]
    follows = np.flatnonzero(np.diff(recordings) == 0)
    if len(follows) < 2:
        return numbers
    before, after = labels[follows], labels[follows + 1]
    n_labels = len(trials.names)
    observed = _previous_kappa(before, after, n_labels)
    null = [_previous_kappa(before, rng.permutation(after), n_labels) for _ in range(_PERMUTATIONS)]
    lengths = np.bincount(trials.recordings)
    place = (
        trials.recordings * N_BINS + trials.positions * N_BINS // np.maximum(lengths, 1)[trials.recordings]
    )
    place = np.unique(place, return_inverse=True)[1]
    information = _information(trials.labels, place)
    chance = np.mean([_information(rng.permutation(trials.labels), place) for _ in range(_PERMUTATIONS)])
    shares = np.bincount(trials.labels) / len(trials)
    entropy = -(shares[shares > 0] * np.log(shares[shares > 0])).sum()
    return numbers | {
        "repeats": float((before == after).mean()),
        "time_information": float((information - chance) / entropy),
        "previous_label": observed,
        "previous_label_z": float((observed - np.mean(null)) / max(np.std(null), 1e-12)),
    }


def _previous_kappa(before, after, n_labels):
    """Tell each label from the one before it by the other transitions, and return kappa."""
    counts = np.zeros((n_labels, n_labels))
    np.add.at(counts, (before, after), 1.0)
    scores = counts[before]
    scores[np.arange(len(after)), after] -= 1.0
    scores = scores / np.maximum(np.bincount(after, minlength=n_labels), 1)
    hits = np.argmax(scores, axis=1) == after
    return float((hits.mean() - 1 / n_labels) / (1 - 1 / n_labels))


def _information(labels, places):
    """Return the mutual information of two codes in nats."""
    table = np.zeros((labels.max() + 1, places.max() + 1))
    np.add.at(table, (labels, places), 1.0 / len(labels))
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
    inside = table > 0
    return float((table[inside] * np.log(table[inside] / expected[inside])).sum())
