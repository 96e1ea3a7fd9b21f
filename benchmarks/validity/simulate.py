"""Simulated EEG of which it is known what drifts, what is evoked, and in which order labels came."""

import mne
import numpy as np
import pandas as pd
from orders import make_design
from scipy import fft, signal

SFREQ = 100.0  # Hz
VOLTS = 10e-6  # SD of the background
EPOCH = 0.5  # seconds from the onset on
BASELINE = 0.1  # seconds before it
LEAD = 12.0  # seconds before the first and after the last trial, so that filters have settled
KNEE = 1.0  # Hz; below it the background is flat, so that only planted drift is slow
# Number of sources and share of the variance. Every electrode has noise of its own besides.
SOURCES = {"1/f": (24, 0.6), "alpha": (4, 0.2), "emg": (3, 0.1)}
SENSOR_NOISE = 0.1
COMPONENT_PEAK = 0.25  # peak of a label's response at strength 1, in SD of the background
COMMON_PEAK = 0.5  # of the response that all pictures evoke
RANK = 3


def simulate_set(case, seed, signal=None):
    """Simulate a recording of a case and cut it into epochs.

    Parameters
    ----------
    case : designs.Case
        Order, split, drift, filter and sizes.
    seed : int | sequence of int
        Of noise, drift and responses; order and split are the case's own.
    signal : float | None
        Strength of the responses that differ between labels; None takes the case's. 0 makes the no-signal
        twin.

    Returns
    -------
    epochs : mne.EpochsArray, shape (n_trials, n_channels, n_times)
        At 100 Hz, in volts, with the events of the recording.
    metadata : pandas.DataFrame
        The epochs' metadata: concept, block, run (the same for all) and split (fold of the test).
    """
    rng = np.random.default_rng(seed)
    design = make_design(case)
    onsets = np.round((design.onsets + LEAD - design.onsets[0]) * SFREQ).astype(int)
    n_samples = int(onsets[-1] + LEAD * SFREQ)
    positions = _on_upper_sphere(case.n_channels, rng)
    stream = make_background(case, positions, n_samples, rng)
    if case.means_sd > 0:
        stream += make_mean_drift(case, positions, n_samples, rng)
    strength = case.signal if signal is None else signal
    add_responses(stream, onsets, design.labels, strength, positions, rng)
    if case.high_pass > 0:
        stream = filter_high(stream, case.high_pass)
    return _cut(case, design, stream, onsets)


def make_background(case, positions, n_samples, rng):
    """Return 1/f, alpha and muscle sources seen by all electrodes, with unit SD, (n_channels, n_samples)."""
    stream = np.sqrt(SENSOR_NOISE) * rng.standard_normal((len(positions), n_samples), dtype=np.float32)
    freqs = fft.rfftfreq(fft.next_fast_len(n_samples, real=True), 1.0 / SFREQ)
    shapes = {
        "1/f": (KNEE**2 + freqs**2) ** -0.25,
        "alpha": np.exp(-0.5 * (freqs - 10.0) ** 2),
        "emg": 1.0 / (1.0 + np.exp((25.0 - freqs) / 2.0)),
    }
    for name, (n_sources, share) in SOURCES.items():
        sources = _coloured(shapes[name], n_sources, n_samples, rng)
        if case.power_sd > 0:
            course = slow_courses(case.drift_kind, n_sources, n_samples, rng)
            sources *= np.exp(np.float32(case.power_sd) * course)
        width = 0.25 if name == "emg" else 0.5
        mixing = _topographies(positions, n_sources, width, rng) * np.sqrt(share / n_sources)
        stream += mixing.astype(np.float32) @ sources
        if case.covariance_sd > 0:
            course = slow_courses(case.drift_kind, n_sources, n_samples, rng)
            other = _topographies(positions, n_sources, width, rng) * np.sqrt(share / n_sources)
            stream += (case.covariance_sd * other).astype(np.float32) @ (sources * course)
    return stream


def make_mean_drift(case, positions, n_samples, rng):
    """Return what is added to the potential of each electrode, (n_channels, n_samples)."""
    n_channels = len(positions)
    if case.drift_rank == 0:
        return np.float32(case.means_sd) * slow_courses(case.drift_kind, n_channels, n_samples, rng)
    mixing = _topographies(positions, case.drift_rank, 0.7, rng) * (case.means_sd / np.sqrt(case.drift_rank))
    return mixing.astype(np.float32) @ slow_courses(case.drift_kind, case.drift_rank, n_samples, rng)


def slow_courses(kind, n_courses, n_samples, rng):
    """Draw slow courses of zero mean and unit SD over the recording, (n_courses, n_samples).

    Parameters
    ----------
    kind : 'walk' | '1/f' | 'ramp'
        Random walk, noise with power 1/f, or a straight line upwards or downwards.
    n_courses, n_samples : int
        Shape.
    rng : numpy.random.Generator
        Draws one value per second; there are straight lines in between.

    Returns
    -------
    courses : ndarray of float32, shape (n_courses, n_samples)
        Slow courses.
    """
    n_seconds = int(n_samples / SFREQ) + 2
    if kind == "walk":
        knots = np.cumsum(rng.standard_normal((n_courses, n_seconds)), axis=1)
    elif kind == "1/f":
        freqs = fft.rfftfreq(fft.next_fast_len(n_seconds, real=True))
        freqs[0] = np.inf  # no mean
        knots = _coloured(freqs**-0.5, n_courses, n_seconds, rng).astype(float)
    else:
        knots = np.outer(rng.choice([-1.0, 1.0], n_courses), np.linspace(-1, 1, n_seconds))
    knots -= knots.mean(axis=1, keepdims=True)
    knots /= knots.std(axis=1, keepdims=True)
    place = np.arange(n_samples) / SFREQ
    before = place.astype(int)
    share = (place - before).astype(np.float32)
    knots = knots.astype(np.float32)
    return knots[:, before] * (1 - share) + knots[:, before + 1] * share


def add_responses(stream, onsets, labels, strength, positions, rng):
    """Add to a stream what pictures evoke, in place: a common response, and one of the label's own."""
    n_labels, n_times = int(labels.max()) + 1, int(EPOCH * SFREQ)
    common = _responses(1, n_times, positions, rng) * COMMON_PEAK
    own = _responses(n_labels, n_times, positions, rng) * (COMPONENT_PEAK * strength)
    templates = (common + own).astype(np.float32)
    gains = rng.normal(1.0, 0.2, len(labels)).astype(np.float32)
    for onset, label, gain in zip(onsets, labels, gains, strict=True):
        stream[:, onset : onset + n_times] += gain * templates[label]


def _responses(n_labels, n_times, positions, rng):
    """Return responses of three bumps at 80 to 400 ms, peaks about 1, (n_labels, n_channels, n_times)."""
    times = np.arange(n_times) / SFREQ
    latencies = rng.uniform(0.08, 0.4, (n_labels, RANK, 1))
    bumps = np.exp(-0.5 * ((times - latencies) / 0.03) ** 2)
    maps = _topographies(positions, n_labels * RANK, 0.5, rng).T.reshape(n_labels, RANK, -1)
    return np.einsum("krc,krt->kct", maps, bumps)


def filter_high(stream, high_pass):
    """Return the stream after a Butterworth high-pass of second order, forwards and backwards."""
    sos = signal.butter(2, high_pass, "highpass", fs=SFREQ, output="sos")
    return signal.sosfiltfilt(sos, stream, axis=1).astype(np.float32)


def _coloured(shape, n_rows, n_samples, rng):
    """Draw noise with this amplitude spectrum and unit SD, (n_rows, n_samples)."""
    size = (n_rows, len(shape))
    spectrum = rng.standard_normal(size, dtype=np.float32) + 1j * rng.standard_normal(size, dtype=np.float32)
    spectrum[:, 0] = 0.0
    noise = fft.irfft(spectrum * shape.astype(np.float32), fft.next_fast_len(n_samples, real=True), axis=1)
    noise = noise[:, :n_samples]
    return noise / noise.std(axis=1, keepdims=True)


def _on_upper_sphere(n_points, rng):
    points = rng.standard_normal((n_points, 3))
    points[:, 2] = np.abs(points[:, 2])
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _topographies(positions, n_sources, width, rng):
    """Return smooth maps of sources with random places and signs, mean square 1, (n_channels, n_sources)."""
    places = _on_upper_sphere(n_sources, rng)
    distances = np.linalg.norm(positions[:, None] - places, axis=2)
    maps = np.exp(-0.5 * (distances / width) ** 2) * rng.choice([-1.0, 1.0], n_sources)
    return maps / np.sqrt((maps**2).mean(axis=0))


def _cut(case, design, stream, onsets):
    """Return epochs of a stream, and their metadata."""
    first = -int(BASELINE * SFREQ) if case.baseline != "none" else 0
    samples = onsets[:, None] + np.arange(first, int(EPOCH * SFREQ))
    data = stream[:, samples].transpose(1, 0, 2) * VOLTS
    info = mne.create_info(case.n_channels, SFREQ, "eeg", verbose="error")
    with info._unlock():
        info["highpass"] = case.high_pass
    concepts = [f"c{label:02d}" for label in range(case.n_labels)]
    metadata = pd.DataFrame(
        {
            "concept": np.array(concepts)[design.labels],
            "block": design.blocks,
            "run": "01",
            "split": design.folds,
        }
    )
    events = np.column_stack([onsets, np.zeros_like(onsets), design.labels + 1])
    epochs = mne.EpochsArray(
        data,
        info,
        events,
        tmin=first / SFREQ,
        event_id={concept: label + 1 for label, concept in enumerate(concepts)},
        baseline=(None, 0) if case.baseline == "subtracted" else None,
        metadata=metadata,
        verbose="error",
    )
    return epochs, metadata
