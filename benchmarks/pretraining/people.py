"""Simulated people as arrays of epochs, with every part of the signal known by itself."""

import numpy as np
from scipy import signal

from eegimg.datasets.simulation import _design, _icons, _noise, _planted

SFREQ = 128.0
N_CHANNELS, N_TIMES, BEFORE = 32, 96, 6  # 0.75 s, of which 47 ms lie before the picture
SOA = 0.9
N_IMAGES, N_REPETITIONS = 400, 5
TRIAL_SPREAD = 0.2
JITTER = 0.004
PARTS = ("background", "alpha", "common", "image")


def make_person(subject, gain=1.0, seed=0, n_images=N_IMAGES, n_repetitions=N_REPETITIONS, parts=False):
    """Simulate the epochs of one person who looks at icons, without artefacts, as clean epochs are.

    Signal and noise are those of ``make_recording``: rapid-event design, average reference, high-pass at
    0.5 Hz, each channel divided by its standard deviation over the person's epochs.

    Parameters
    ----------
    subject : int
        Which person.
    gain : float
        Strength of the image-dependent response.
    seed : int
        Seed of the population.
    n_images, n_repetitions : int
        Images, which are the same for everybody, and how often each is shown.
    parts : bool
        Whether to return the parts that add up to the epochs.

    Returns
    -------
    person : dict
        ``X`` (n_epochs, 32, 96) float32 without unit; ``concept`` and ``image`` (n_epochs,) int; ``test``
        (n_epochs,) bool, the images held out; with ``parts`` also ``parts``, a dict of arrays like ``X``:
        background, alpha, common (the response to any image) and image (what depends on the image).
    """
    images = _icons.make_icons(n_images, seed)
    order, brain, amplifier = (np.random.default_rng([seed, 7, subject, part]) for part in range(3))
    trials = _design.make_trials(images, n_repetitions, "rapid-event", order)
    onsets, n_samples = _design.make_onsets(trials["block"], SOA, SFREQ, order)
    marks = _design.make_marks(onsets, JITTER, SFREQ, order)
    strength = np.exp(TRIAL_SPREAD * order.standard_normal(len(trials)))
    components = _planted.make_components(N_CHANNELS, SFREQ, subject, gain, seed)
    features = _icons.icon_features(images)[trials["index"]]
    series = {name: np.zeros((N_CHANNELS, n_samples)) for name in PARTS}
    _noise.add_background(series["background"], brain, SFREQ)
    _noise.add_alpha(series["alpha"], brain, SFREQ)
    constant = np.zeros_like(components["loadings"])
    constant[:, 0] = components["loadings"][:, 0]
    for name, loadings in (("common", constant), ("image", components["loadings"] - constant)):
        _planted.add_responses(series[name], {**components, "loadings": loadings}, features, onsets, strength)
    if not parts:
        series = {"all": sum(series.values())}
    cut = {name: cut_epochs(clean(data), marks) for name, data in series.items()}
    whole = sum(cut.values())
    scale = whole.std(axis=(0, 2), keepdims=True)
    concept = np.unique(images["concept"], return_inverse=True)[1][trials["index"]]
    person = {
        "X": (whole / scale).astype(np.float32),
        "concept": concept,
        "image": trials["index"].to_numpy(),
        "test": (trials["split"] == "test").to_numpy(),
    }
    if parts:
        person["parts"] = {name: (data / scale).astype(np.float32) for name, data in cut.items()}
    return person


def clean(data):
    """Apply an average reference and a high-pass at 0.5 Hz, without shifting phases."""
    sos = signal.butter(2, 0.5, "highpass", fs=SFREQ, output="sos")
    return signal.sosfiltfilt(sos, data - data.mean(axis=0), axis=1)


def cut_epochs(data, marks):
    """Cut (n_channels, n_samples) at marks to (n_epochs, n_channels, n_times)."""
    return np.stack([data[:, mark - BEFORE : mark - BEFORE + N_TIMES] for mark in marks])


def mix(matrix, X):
    """Apply (n_out, n_channels) to (n_epochs, n_channels, n_times)."""
    return np.einsum("oc,nct->not", matrix, X, optimize=True).astype(np.float32)
