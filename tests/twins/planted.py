"""Trials with a planted effect of their class, in any number of channels, for twins of published files."""

import numpy as np

from eegimg.datasets.simulation import _icons, _planted

NOISE_UV = 8.0


def make_trials(labels, n_channels, n_times, sfreq, *, onset=0, gain=6.0, seed=0):
    """Simulate single trials.

    Parameters
    ----------
    labels : sequence of int
        Class of each trial.
    n_channels, n_times : int
        Shape of a trial.
    sfreq : float
        Hz.
    onset : int
        Sample of the picture's onset in the trial.
    gain : float
        Strength of what depends on the class; 0 for none.
    seed : int
        The same seed gives the same answers to the same class.

    Returns
    -------
    trials : ndarray of float32, shape (n_trials, n_channels, n_times)
        In microvolts.
    """
    labels = np.asarray(labels)
    components = _planted.make_components(64, sfreq, gain=gain, random_state=seed)
    rng = np.random.default_rng([seed, 77])
    features = {
        int(label): np.random.default_rng([seed, 78, int(label)]).standard_normal(len(_icons.FEATURE_NAMES))
        for label in np.unique(labels)
    }
    mixing = rng.standard_normal((n_channels, 64)) / 8
    trials = NOISE_UV * rng.standard_normal((len(labels), n_channels, n_times))
    for trial, label in zip(trials, labels, strict=True):
        answer = mixing @ _planted.evoked_from_features(components, features[int(label)]) * 1e6
        stop = min(n_times, onset + answer.shape[1])
        trial[:, onset:stop] += answer[:, : stop - onset]
    return trials.astype(np.float32)


def decoding_accuracy(data, labels, seed=0):
    """Return the balanced accuracy of a shrinkage LDA on the means of six windows, five folds.

    Parameters
    ----------
    data : ndarray, shape (n_trials, n_channels, n_times)
        In any unit.
    labels : sequence
        Class of each trial.
    seed : int
        Of the folds.

    Returns
    -------
    accuracy : float
        Between 0 and 1.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    width = max(1, data.shape[2] // 6)
    n_windows = data.shape[2] // width
    windows = data[:, :, : n_windows * width].reshape(len(data), data.shape[1], n_windows, width).mean(axis=3)
    decoder = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    scores = cross_val_score(
        decoder, windows.reshape(len(data), -1), labels, cv=folds, scoring="balanced_accuracy"
    )
    return float(scores.mean())
