"""What a design and its drift reach without any signal: decoding of twins that have none.

The decoders are scikit-learn's and the features are computed here, so that the audit is not judged by itself.
"""

import dataclasses

import numpy as np
from designs import RANDOMISED
from scipy import signal
from simulate import simulate_set
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.preprocessing import StandardScaler

CONFOUNDED, MIN_Z = 0.05, 4.0  # kappa, standard errors
NOT_CONFOUNDED = 0.03
MIN_TWINS, MAX_TWINS, MOST_TWINS = 3, 8, 24
ENOUGH_TRIALS = 4000  # in all twins; small sets are noisy, and get more than MAX_TWINS
BANDS = ((4, 8), (8, 13), (13, 20), (20, 30), (30, 45))  # Hz
WINDOW = 10  # samples
N_COMPONENTS = 40
N_COVARIANCE = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Truth:
    """What is known of a case.

    Attributes
    ----------
    status : 'confounded' | 'not' | 'grey' | 'unidentifiable'
        'grey' is in between and not scored. 'unidentifiable': one block per label without any drift.
    kappa, se : float | None
        Balanced kappa of the best decoder over twins and its standard error; None where no twin was needed.
    decoder : str | None
        Which one that is.
    n_twins : int
        How many were decoded.
    """

    status: str
    kappa: float | None = None
    se: float | None = None
    decoder: str | None = None
    n_twins: int = 0


def find_truth(case):
    """Decode no-signal twins of a case, until it is clear whether its design and drift are decodable.

    Parameters
    ----------
    case : designs.Case
        Case; randomised designs are not confounded by construction.

    Returns
    -------
    truth : Truth
        Confounded: kappa of 0.05 or more that is more than 4 standard errors; not: below 0.03.
    """
    if case.family in RANDOMISED:
        return Truth(status="not")
    if case.one_block and not case.drifts:
        return Truth(status="unidentifiable")
    at_most = int(np.clip(ENOUGH_TRIALS // case.n_trials, MAX_TWINS, MOST_TWINS))
    twins = []
    while len(twins) < at_most:
        epochs, _ = simulate_set(case, (case.seed, 1 + len(twins)), signal=0.0)
        twins.append(decode(epochs))
        truth = _judge(twins, _chance_error(case))
        if len(twins) >= MIN_TWINS and _is_clear(truth):
            break
    return truth


def _judge(twins, chance_error):
    """Return the truth that twins tell (list of dict of decoder to kappa)."""
    values = {name: np.array([twin[name] for twin in twins]) for name in twins[0]}
    decoder = max(values, key=lambda name: values[name].mean())
    kappa = float(values[decoder].mean())
    # Few twins may be alike by accident, so chance of a single trial is the least error.
    spread = max(values[decoder].std(ddof=1) if len(twins) > 1 else 0.0, chance_error)
    se = float(spread / np.sqrt(len(twins)))
    status = "grey"
    if kappa >= CONFOUNDED and kappa > MIN_Z * se:
        status = "confounded"
    elif kappa < NOT_CONFOUNDED:
        status = "not"
    return Truth(status=status, kappa=kappa, se=se, decoder=decoder, n_twins=len(twins))


def _is_clear(truth):
    """Tell whether more twins would hardly change the status."""
    if truth.status == "confounded":
        return truth.kappa > 2 * CONFOUNDED and truth.kappa > 2 * MIN_Z * truth.se
    return truth.status == "not" and truth.kappa + 2 * truth.se < NOT_CONFOUNDED


def _chance_error(case):
    """Return the standard error of kappa at chance for one set."""
    chance = 1.0 / case.n_labels
    return float(np.sqrt(chance * (1 - chance) / case.n_trials) / (1 - chance))


def decode(epochs):
    """Decode concept under the folds in the column split.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        With the metadata columns concept and split.

    Returns
    -------
    kappas : dict of str to float
        Balanced accuracy beyond chance of each decoder.
    """
    labels, folds = epochs.metadata["concept"].to_numpy(), epochs.metadata["split"].to_numpy()
    features = make_features(epochs.get_data(copy=False), epochs.info["sfreq"])
    nearest = KNeighborsClassifier(5)
    jobs = [(f"lda {name}", ShrinkageLDA(), _components(values)) for name, values in features.items()]
    jobs += [(f"5-nn {name}", nearest, features[name]) for name in ("dc", "power")]
    kappas = {}
    for name, decoder, values in jobs:
        predicted = np.empty_like(labels)
        for fold in np.unique(folds):
            test = folds == fold
            predicted[test] = decoder.fit(values[~test], labels[~test]).predict(values[test])
        kappas[name] = float(balanced_accuracy_score(labels, predicted, adjusted=True))
    return kappas


class ShrinkageLDA(ClassifierMixin, BaseEstimator):
    """LDA with equal priors: nearest centroid after whitening by the shrunk covariance within labels.

    LinearDiscriminantAnalysis of scikit-learn shrinks the covariance of each label for itself, which takes
    tens of times longer with 40 labels of ten trials.
    """

    def fit(self, X, y):
        """Learn from features (n_trials, n_features) and labels."""
        _, codes = np.unique(y, return_inverse=True)
        members = np.eye(codes.max() + 1)[codes]
        centroids = members.T @ X / members.sum(axis=0)[:, np.newaxis]
        within = LedoitWolf(assume_centered=True).fit(X - centroids[codes])
        self.whitening_ = np.linalg.cholesky(within.precision_)
        self.centroids_ = NearestCentroid().fit(X @ self.whitening_, y)
        return self

    def predict(self, X):
        """Return the label of the nearest centroid."""
        return self.centroids_.predict(X @ self.whitening_)


def make_features(data, sfreq):
    """Return means of windows, mean, log band power and log covariance of data (n, n_channels, n_times)."""
    data = np.asarray(data, float)
    n_windows = data.shape[2] // WINDOW
    windows = data[:, :, : n_windows * WINDOW].reshape(*data.shape[:2], n_windows, WINDOW).mean(axis=3)
    freqs, power = signal.periodogram(data, sfreq, window="hann", detrend="linear", axis=2)
    bands = [power[:, :, (freqs >= low) & (freqs < high)].mean(axis=2) for low, high in BANDS]
    features = {
        "means": windows.reshape(len(data), -1),
        "dc": data.mean(axis=2),
        "power": np.log(np.concatenate(bands, axis=1)),
        "covariance": _log_covariance(data),
    }
    return {name: StandardScaler().fit_transform(values) for name, values in features.items()}


def _log_covariance(data):
    centred = data - data.mean(axis=2, keepdims=True)
    n_kept = min(N_COVARIANCE, data.shape[1])
    covariances = centred @ centred.transpose(0, 2, 1)
    directions = np.linalg.eigh(covariances.mean(axis=0))[1][:, -n_kept:]
    covariances = directions.T @ covariances @ directions
    values, vectors = np.linalg.eigh(covariances)
    logs = (vectors * np.log(values)[:, None]) @ vectors.transpose(0, 2, 1)
    return logs[(slice(None), *np.triu_indices(n_kept))]


def _components(values):
    n_components = min(N_COMPONENTS, values.shape[1], len(values) - 1)
    return PCA(n_components, svd_solver="covariance_eigh").fit_transform(values)
