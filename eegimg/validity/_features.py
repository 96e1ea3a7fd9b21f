"""Features in which slow changes show: window means, epoch mean, band power and covariance."""

import mne
import numpy as np

FEATURES = ("means", "dc", "power", "covariance")
WINDOW = 0.1  # seconds
BANDS = ((1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 45.0))  # Hz
N_COMPONENTS = 40
N_COVARIANCE = 12
# Above this recorded high-pass an epoch's mean holds no drift, only what the filter left.
SLOW = 0.5  # Hz
_PIECE = 200  # epochs read at a time


def compute_features(epochs, names, rows):
    """Compute features of epochs, each set reduced to 40 principal components.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Good EEG channels are used; other good data channels where there is no EEG.
    names : sequence of str
        Of FEATURES: window means (0.1 s by channel), epoch mean, log band power (five bands by channel,
        detrended, Hann window), logarithm of the covariance matrix (upper triangle, channels reduced to 12
        components).
    rows : array of int, shape (n_rows,)
        Which epochs.

    Returns
    -------
    features : dict of str to ndarray, shape (n_rows, n_components)
        Each column with unit variance of the set's first component or less. The components are computed
        without labels.
    """
    picks = data_picks(epochs.info)
    pieces = {name: [] for name in names}
    basis = _channel_basis(epochs, picks, rows) if "covariance" in names else None
    for start in range(0, len(rows), _PIECE):
        data = _read(epochs, picks, rows[start : start + _PIECE])
        for name in names:
            pieces[name].append(_compute(name, data, epochs.info["sfreq"], basis))
    return {name: reduce(np.concatenate(parts)) for name, parts in pieces.items()}


def data_picks(info):
    """Return the good EEG channels, or other good data channels where there is no EEG."""
    picks = mne.pick_types(info, eeg=True)
    others = dict.fromkeys(("meg", "csd", "seeg", "ecog", "dbs", "fnirs", "misc"), True)
    picks = picks if len(picks) else mne.pick_types(info, **others)
    if not len(picks):
        raise ValueError(
            "An audit needs good data channels; these epochs have none. Look at info['bads'] and at the "
            "types of channels."
        )
    return picks


def _read(epochs, picks, rows):
    """Return epochs as floats, all of them numbers."""
    data = np.asarray(epochs.get_data(picks=picks, item=rows, copy=False, verbose="error"), float)
    if not np.isfinite(data).all():
        raise ValueError(
            "An audit needs samples that are numbers; some epochs hold NaN or infinity. Drop those epochs, "
            "or mark the channels bad."
        )
    return data


def usual_features(info):
    """Return the sets that say something about recordings with this high-pass."""
    return FEATURES if info["highpass"] < SLOW else tuple(name for name in FEATURES if name != "dc")


def _compute(name, data, sfreq, basis):
    if name == "means":
        return window_means(data, sfreq)
    if name == "dc":
        return data.mean(axis=2)
    if name == "power":
        return band_power(data, sfreq)
    return log_covariance(np.einsum("ij,njt->nit", basis, data))


def window_means(data, sfreq):
    """Return means of windows of 0.1 s of data (n_epochs, n_channels, n_times), flat."""
    width = max(int(round(WINDOW * sfreq)), 1)
    edges = np.arange(0, data.shape[2], width)
    means = np.add.reduceat(data, edges, axis=2) / np.diff(np.append(edges, data.shape[2]))
    return means.reshape(len(data), -1)


def band_power(data, sfreq):
    """Return the logarithm of power in the bands of data (n_epochs, n_channels, n_times), flat."""
    n_times = data.shape[2]
    line = np.linalg.qr(np.vander(np.linspace(-1, 1, n_times), 2))[0]
    flat = (data - (data @ line) @ line.T) * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_times) / n_times))
    power = np.abs(np.fft.rfft(flat, axis=2)) ** 2
    freqs = np.fft.rfftfreq(data.shape[2], 1.0 / sfreq)
    inside = [(freqs >= low) & (freqs < high) for low, high in BANDS]
    inside = [band for band in inside if band.any()] or [np.ones(len(freqs), bool)]
    bands = np.stack([power[..., band].mean(axis=2) for band in inside], axis=2)
    return np.log(bands + np.finfo(float).tiny).reshape(len(data), -1)


def log_covariance(data):
    """Return the upper triangle of the log covariance of each of data (n, n_channels, n_times)."""
    centred = data - data.mean(axis=2, keepdims=True)
    covariances = centred @ centred.transpose(0, 2, 1) / max(data.shape[2] - 1, 1)
    trace = np.trace(covariances, axis1=1, axis2=2)[:, None, None] / data.shape[1]
    # A little of the identity: epochs shorter than the number of channels have no logarithm otherwise.
    covariances = 0.95 * covariances + (0.05 * trace + np.finfo(float).tiny) * np.eye(data.shape[1])
    values, vectors = np.linalg.eigh(covariances)
    logs = (vectors * np.log(values)[:, None]) @ vectors.transpose(0, 2, 1)
    upper = np.triu_indices(data.shape[1])
    return logs[:, upper[0], upper[1]] * np.where(upper[0] == upper[1], 1.0, np.sqrt(2.0))


def _channel_basis(epochs, picks, rows):
    """Return the first principal directions of the channels over epochs, (n_directions, n_channels)."""
    some = rows[:: max(len(rows) // 500, 1)]
    total = np.zeros((len(picks), len(picks)))
    for start in range(0, len(some), _PIECE):
        data = _read(epochs, picks, some[start : start + _PIECE])
        data = data - data.mean(axis=2, keepdims=True)
        total += np.einsum("nit,njt->ij", data, data, optimize=True)
    values, vectors = np.linalg.eigh(total)
    kept = values[::-1][:N_COVARIANCE] > values[-1] * 1e-12
    return vectors[:, ::-1][:, :N_COVARIANCE][:, kept].T


def reduce(features):
    """Standardise features (n_rows, n_features) and keep the first 40 principal components."""
    from scipy import linalg

    centred = features - features.mean(axis=0)
    spread = centred.std(axis=0)
    centred = centred[:, spread > 1e-12 * max(spread.max(initial=0.0), np.finfo(float).tiny)]
    if not centred.size:
        return np.zeros((len(features), 1))
    centred /= centred.std(axis=0)
    size = min(centred.shape)
    largest = {"subset_by_index": (max(size - N_COMPONENTS, 0), size - 1)}
    if centred.shape[1] == size:
        scores = centred @ linalg.eigh(centred.T @ centred, **largest)[1][:, ::-1]
    else:
        values, vectors = linalg.eigh(centred @ centred.T, **largest)
        scores = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1]
    return scores / max(scores.std(axis=0).max(), np.finfo(float).tiny)
