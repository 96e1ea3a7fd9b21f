"""The planted signal: how the simulated brain answers an image, and how to rebuild the answer.

An image's features (see _icons.py) drive components; a component is one dipole's map times a short wave.
Every person has the same components at slightly other places, turned a little, earlier or later and weaker or
stronger.
"""

import numpy as np

from . import _head
from ._icons import FEATURE_NAMES

WINDOW = 0.7  # seconds after stimulus onset in which the planted response is not zero
CONCEPT_UV, ATTRIBUTE_UV, ERP_UV = 1.0, 0.8, 4.0
SIGNAL_SCALE = 2.15  # of the image-dependent part, set by the probe
N_CONCEPTS = 10
PER_FEATURE = 2  # components of each feature
ERP_LATENCIES = (0.10, 0.17, 0.25, 0.40)  # seconds: like P1, N170, P2 and P3


def make_components(n_channels, sfreq, subject=0, gain=1.0, random_state=0):
    """Draw the components of one person's brain.

    Latencies, widths and the ratio of concepts to attributes follow what was found to give a single-trial
    probe as in published recordings; see :func:`eegimg.datasets.simulation._recording.make_recording`.

    Parameters
    ----------
    n_channels : int
        16, 32 or 64.
    sfreq : float
        Hz.
    subject : int
        Which person.
    gain : float
        Strength of everything that depends on the image; the response common to all images keeps its
        strength.
    random_state : int
        Seed of the whole population.

    Returns
    -------
    components : dict
        ``patterns`` (n_components, n_channels) in volts against the online reference, ``courses``
        (n_components, n_times) without unit, ``times`` (n_times,) in seconds, ``loadings``
        (n_components, 18): how strongly a component answers the constant 1 followed by the 17 features.
    """
    shared = np.random.default_rng([random_state, 1])
    own = np.random.default_rng([random_state, 2, subject])
    n_image = PER_FEATURE * len(FEATURE_NAMES)
    n_components = n_image + len(ERP_LATENCIES)
    concept = np.arange(n_image) < PER_FEATURE * N_CONCEPTS

    directions = np.column_stack(
        [
            shared.uniform(-1.0, 1.0, n_components),
            shared.uniform(-1.0, -0.4, n_components),
            shared.uniform(-0.25, 0.6, n_components),
        ]
    )
    orientations = directions + shared.standard_normal((n_components, 3))
    depth = shared.uniform(0.6, 0.8, n_components)
    latency = np.where(concept, shared.uniform(0.15, 0.42, n_image), shared.uniform(0.08, 0.25, n_image))
    latency = np.concatenate([latency, ERP_LATENCIES])
    width = np.minimum(shared.uniform(0.025, 0.06, n_components), latency / 3)
    frequency, phase = shared.uniform(3.0, 9.0, n_components), shared.uniform(-1.0, 1.0, n_components)

    directions = directions + 0.12 * own.standard_normal(directions.shape)
    orientations = orientations + 0.25 * own.standard_normal(orientations.shape)
    latency = latency + 0.012 * own.standard_normal()
    strength = np.exp(0.05 * own.standard_normal())

    size = np.where(concept, CONCEPT_UV, ATTRIBUTE_UV) * SIGNAL_SCALE * gain
    size = np.concatenate([size, np.full(len(ERP_LATENCIES), ERP_UV)]) * strength * 1e-6
    loadings = np.zeros((n_components, 1 + len(FEATURE_NAMES)))
    loadings[np.arange(n_image), 1 + np.repeat(np.arange(len(FEATURE_NAMES)), PER_FEATURE)] = 1.0
    loadings[n_image:, 0] = 1.0
    points = _head.cortex_points(directions, depth, n_channels)
    times = np.arange(round(WINDOW * sfreq)) / sfreq
    return {
        "patterns": _head.compute_topographies(points, orientations, n_channels) * size[:, np.newaxis],
        "courses": _courses(times, latency, width, frequency, phase),
        "times": times,
        "loadings": loadings,
    }


def _courses(times, latency, width, frequency, phase):
    """Compute Gaussian-windowed cosines, shape (n_components, n_times)."""
    lag = times[np.newaxis] - latency[:, np.newaxis]
    envelope = np.exp(-0.5 * (lag / width[:, np.newaxis]) ** 2)
    return envelope * np.cos(2 * np.pi * frequency[:, np.newaxis] * lag + phase[:, np.newaxis])


def evoked_from_features(components, features):
    """Rebuild noise-free responses.

    Parameters
    ----------
    components : dict
        As from :func:`make_components`; a recording's truth holds the same entries.
    features : array, shape (17,) or (n_images, 17)
        As from :func:`eegimg.datasets.simulation._icons.icon_features`.

    Returns
    -------
    evoked : numpy.ndarray, shape (n_channels, n_times) or (n_images, n_channels, n_times)
        In volts against the online reference, at ``components["times"]`` after the true onset.
    """
    features = np.asarray(features, dtype=float)
    driven = (
        np.concatenate([np.ones((*features.shape[:-1], 1)), features], axis=-1) @ components["loadings"].T
    )
    return np.einsum("...k,kc,kt->...ct", driven, components["patterns"], components["courses"])


def planted_evoked(truth, image):
    """Rebuild the noise-free response of a simulated person to one image.

    Parameters
    ----------
    truth : dict
        As returned by ``make_recording`` or read by ``read_truth``.
    image : str
        Name of the image, such as ``"sun_001"``.

    Returns
    -------
    evoked : numpy.ndarray, shape (n_channels, n_times)
        In volts against the online reference (FCz), channels as ``truth["ch_names"]``, samples at
        ``truth["times"]`` seconds after the true onset. A trial is this times its ``truth["trial_gain"]``.

    Raises
    ------
    ValueError
        If no such image was shown.
    """
    names = list(truth["images"])
    if image not in names:
        raise ValueError(
            f"The 'image' parameter of planted_evoked must be an image of this recording, such as "
            f"{names[0]!r}. Got {image!r} instead."
        )
    return evoked_from_features(truth, truth["features"][names.index(image)])


def add_responses(data, components, features, onsets, trial_gain):
    """Add every trial's response to a recording, in place.

    Parameters
    ----------
    data : array, shape (n_channels, n_samples)
        In volts.
    components : dict
        As from :func:`make_components`.
    features : array, shape (n_trials, 17)
        Of the image of each trial.
    onsets : array of int, shape (n_trials,)
        Samples.
    trial_gain : array, shape (n_trials,)
        How strongly the brain answered in each trial.
    """
    driven = np.column_stack([np.ones(len(features)), features]) @ components["loadings"].T
    driven = driven * np.asarray(trial_gain)[:, np.newaxis]
    n_times = len(components["times"])
    for weights, onset in zip(driven, onsets, strict=True):
        stop = min(onset + n_times, data.shape[1])
        response = (components["patterns"] * weights[:, np.newaxis]).T @ components["courses"]
        data[:, onset:stop] += response[:, : stop - onset]
