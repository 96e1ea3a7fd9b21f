"""What spoils a recording: blinks, muscle bursts and three bad channels, each noted for the truth."""

import numpy as np

from . import _head
from ._noise import make_coloured_noise

BLINK_UV = (100.0, 200.0)  # peak at Fp1 and Fp2
BLINK_SECONDS = 0.35
BLINK_PEAK = 0.13  # seconds from a blink's onset to its peak
VEOG_SHARE, HEOG_SHARE = 1.6, 0.05  # of a blink, in the two EOG channels
MUSCLE_UV = (25.0, 50.0)  # root mean square at T7 or T8
MUSCLE_PER_MINUTE = 1.5
BAD_KINDS = ("drifting", "flat", "noisy")
NOISY_UV = 50.0
DRIFT_UV, DRIFT_SECONDS = 250.0, 20.0  # spread and memory of the drifting channel


def add_blinks(eeg, eog, rng, sfreq):
    """Add blinks in place, one every five seconds or so.

    Parameters
    ----------
    eeg : array, shape (n_channels, n_times)
        In volts.
    eog : array, shape (2, n_times)
        HEOG and VEOG, in volts.
    rng : numpy.random.Generator
    sfreq : float
        Hz.

    Returns
    -------
    spans : list of dict
        kind, onset and duration (seconds), amplitude_uv (at Fp1 and Fp2).
    """
    topography = _head.eye_topography(len(eeg))
    duration = eeg.shape[1] / sfreq
    spans, wave = [], np.zeros(eeg.shape[1])
    onset = rng.uniform(0.5, 2.0)
    while onset + BLINK_SECONDS < duration:
        amplitude = rng.uniform(*BLINK_UV)
        start = round(onset * sfreq)
        lag = np.arange(round(BLINK_SECONDS * sfreq)) / sfreq - BLINK_PEAK
        shape = np.exp(
            -0.5 * (lag / np.where(lag < 0, 0.045, 0.075)) ** 2
        )  # lids close faster than they open
        wave[start : start + len(lag)] += amplitude * 1e-6 * shape
        spans.append(_span("blink", start / sfreq, BLINK_SECONDS, amplitude))
        onset += 1.0 + rng.exponential(4.0)
    eeg += topography[:, np.newaxis] * wave
    eog += np.array([[HEOG_SHARE], [VEOG_SHARE]]) * wave
    return spans


def add_muscle(eeg, rng, sfreq):
    """Add bursts of a temporal muscle in place, at least one.

    Parameters
    ----------
    eeg : array, shape (n_channels, n_times)
        In volts.
    rng : numpy.random.Generator
    sfreq : float
        Hz.

    Returns
    -------
    spans : list of dict
        kind, onset and duration (seconds), amplitude_uv (root mean square at the electrode of the muscle),
        channel (T7 or T8).
    """
    maps = _head.muscle_topographies(len(eeg))
    duration = eeg.shape[1] / sfreq
    n_bursts = max(1, round(MUSCLE_PER_MINUTE * duration / 60))
    centre = min(60.0, 0.35 * sfreq)
    spans = []
    for onset in np.sort(rng.uniform(0.2, duration - 1.7, n_bursts)):
        length, side = round(rng.uniform(0.5, 1.5) * sfreq), int(rng.integers(2))
        amplitude = rng.uniform(*MUSCLE_UV)
        start = round(onset * sfreq)
        burst = make_coloured_noise(rng, 1, length, sfreq, band=(centre, 0.3 * centre))[0]
        burst *= amplitude * 1e-6 * np.hanning(length) / np.sqrt(np.mean(np.hanning(length) ** 2))
        eeg[:, start : start + length] += maps[side][:, np.newaxis] * burst
        spans.append(
            {**_span("muscle", start / sfreq, length / sfreq, amplitude), "channel": ("T7", "T8")[side]}
        )
    return spans


def spoil_channels(eeg, ch_names, rng, sfreq):
    """Spoil three channels in place: one drifts, one is dead, one is noisy.

    Parameters
    ----------
    eeg : array, shape (n_channels, n_times)
        In volts.
    ch_names : sequence of str
        Fp1 and Fp2 are spared, as they carry the blinks.
    rng : numpy.random.Generator
    sfreq : float
        Hz.

    Returns
    -------
    bad_channels : dict
        Name: kind, ``"drifting"``, ``"flat"`` (exactly zero) or ``"noisy"``.
    """
    candidates = [name for name in ch_names if name not in ("Fp1", "Fp2")]
    names = rng.choice(candidates, len(BAD_KINDS), replace=False).tolist()
    drifting, flat, noisy = (eeg[list(ch_names).index(name)] for name in names)
    drifting *= 0.3
    drifting += DRIFT_UV * 1e-6 * _wander(rng, eeg.shape[1], sfreq)
    flat[:] = 0.0
    noisy += NOISY_UV * 1e-6 * rng.standard_normal(eeg.shape[1])
    return dict(zip(names, BAD_KINDS, strict=True))


def _wander(rng, n_times, sfreq):
    """Draw a random walk that is pulled back to zero, with standard deviation 1."""
    from scipy.signal import lfilter

    keep = np.exp(-1.0 / (DRIFT_SECONDS * sfreq))
    steps = np.sqrt(1 - keep**2) * rng.standard_normal(n_times)
    return lfilter([1.0], [1.0, -keep], steps)


def _span(kind, onset, duration, amplitude):
    return {
        "kind": kind,
        "onset": float(onset),
        "duration": float(duration),
        "amplitude_uv": float(amplitude),
    }
