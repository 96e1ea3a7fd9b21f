"""Decode conditions from preprocessed epochs, leaving out one run or one subject at a time.

All choices were fixed before the derivatives existed, after a look at a plain script on the source arrays:
every channel's mean in bins of 8 samples (31 ms at 256 Hz), standardised by the training folds, logistic
regression with C = 0.01. What other bins and other C give is written beside the result.
"""

from pathlib import Path

import mne
import numpy as np

BIN = 8
C = 0.01
ALSO = {"bin": (4, 8, 16), "C": (0.001, 0.01, 0.1)}
N_PERMUTATIONS = 20


def read_trials(files, positive, negative, tmin=0.0, tmax=None):
    """Read two conditions from files of epochs.

    Parameters
    ----------
    files : dict of str to Path
        Group (run or subject) and its ``_epo.fif``.
    positive, negative : str
        Names of the conditions.
    tmin, tmax : float or None
        Part of the epochs to use, in seconds.

    Returns
    -------
    X : array, shape (n_epochs, n_channels, n_times)
        In microvolts.
    y : array of bool, shape (n_epochs,)
        Whether the condition is ``positive``.
    groups : array of str, shape (n_epochs,)
        The group of each epoch.
    """
    X, y, groups = [], [], []
    for group, file in files.items():
        epochs = mne.read_epochs(file, verbose="error")[[positive, negative]]
        picks = mne.pick_types(epochs.info, eeg=True, exclude=[])
        X.append(epochs.get_data(picks=picks, tmin=tmin, tmax=tmax) * 1e6)
        y.append(epochs.events[:, 2] == epochs.event_id[positive])
        groups += [group] * len(epochs)
    return np.concatenate(X), np.concatenate(y), np.array(groups)


def bin_means(X, n):
    """Average ``n`` samples at a time: (n_epochs, n_channels, n_times) to (n_epochs, n_features)."""
    n_bins = X.shape[-1] // n
    return X[..., : n_bins * n].reshape(*X.shape[:-1], n_bins, n).mean(axis=-1).reshape(len(X), -1)


def leave_one_out(features, y, groups, C=C):
    """Return ``{group: AUC}``, each group scored by a model that was fitted on the others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    auc = {}
    for group in dict.fromkeys(groups.tolist()):
        test = groups == group
        if len(set(y[test].tolist())) < 2:
            continue
        model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=2000))
        model.fit(features[~test], y[~test])
        auc[group] = float(roc_auc_score(y[test], model.decision_function(features[test])))
    return auc


def mean_auc(auc):
    """Average over groups, each counting the same."""
    return float(np.mean(list(auc.values())))


def permuted(features, y, groups, n_permutations=N_PERMUTATIONS, random_state=0):
    """Return the mean AUC for each of ``n_permutations`` shuffles of the labels within the groups."""
    rng = np.random.default_rng(random_state)
    values = []
    for _ in range(n_permutations):
        shuffled = y.copy()
        for group in np.unique(groups):
            rows = np.flatnonzero(groups == group)
            shuffled[rows] = rng.permutation(y[rows])
        values.append(mean_auc(leave_one_out(features, shuffled, groups)))
    return values


def decode(files, positive, negative, tmin=0.0, tmax=None):
    """Decode ``positive`` against ``negative``; return a dict for the results file.

    Parameters
    ----------
    files, positive, negative, tmin, tmax
        As in :func:`read_trials`.
    """
    X, y, groups = read_trials(files, positive, negative, tmin, tmax)
    auc = leave_one_out(bin_means(X, BIN), y, groups)
    chance = permuted(bin_means(X, BIN), y, groups)
    also = {
        f"bin {n}, C {c}": round(mean_auc(leave_one_out(bin_means(X, n), y, groups, c)), 4)
        for n in ALSO["bin"]
        for c in ALSO["C"]
    }
    return {
        "contrast": f"{positive} against {negative}",
        "n_epochs": {positive: int(y.sum()), negative: int((~y).sum())},
        "n_channels": X.shape[1],
        "window_s": [tmin, tmax],
        "bin_samples": BIN,
        "C": C,
        "auc_mean": round(mean_auc(auc), 4),
        "auc": {group: round(value, 4) for group, value in auc.items()},
        "permuted_mean": round(float(np.mean(chance)), 4),
        "permuted_sd": round(float(np.std(chance, ddof=1)), 4),
        "n_permutations": len(chance),
        "other_choices": also,
    }


def muse_n170(derivatives):
    """Faces against houses of Muse subject 1, leaving out one run at a time."""
    files = sorted(Path(derivatives).rglob("sub-01_*_epo.fif"))
    return decode({file.name.split("_run-")[1][:2]: file for file in files}, "face", "house", tmax=0.8)


def uci_vep(derivatives):
    """S2 match against S2 nomatch, leaving out one subject at a time."""
    files = sorted(Path(derivatives).rglob("*_epo.fif"))
    return decode({file.name.split("_")[0]: file for file in files}, "S2 match", "S2 nomatch", tmax=0.996)
