"""What goes on besides answering images: 1/f background, alpha, line noise, drift."""

import numpy as np
from scipy import fft

from . import _head

BACKGROUND_UV = 8.0  # root mean square over channels, shared sources
LOCAL_UV = 1.2  # of each electrode alone, the reference included
WHITE_UV = 0.8  # amplifier noise
ALPHA_UV = 4.0
LINE_UV = 2.0
SLOPE = 0.6  # amplitude falls as 1 / frequency ** SLOPE
N_SOURCES = 40
BLOCK = 8  # series made at a time, to keep memory small


def make_coloured_noise(rng, n_series, n_times, sfreq, slope=SLOPE, corner=0.1, band=None):
    """Draw noise with a given spectrum.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_series, n_times : int
        Shape of the result.
    sfreq : float
        Hz.
    slope : float
        The amplitude falls as 1 / frequency ** slope above ``corner`` Hz and is flat below.
    band : None | tuple of two floats
        Centre and standard deviation in Hz of a Gaussian band to keep instead.

    Returns
    -------
    noise : numpy.ndarray, shape (n_series, n_times)
        Expected variance 1, whatever the length.
    """
    length = fft.next_fast_len(n_times, real=True)
    frequency = fft.rfftfreq(length, 1.0 / sfreq)
    if band is None:
        shape = np.maximum(frequency, corner) ** -slope
    else:
        shape = np.exp(-0.5 * ((frequency - band[0]) / band[1]) ** 2)
    shape[0] = 0.0
    shape /= np.sqrt(np.mean(shape**2))
    spectrum = fft.rfft(rng.standard_normal((n_series, length)), axis=1)
    spectrum *= shape
    return fft.irfft(spectrum, n=length, axis=1)[:, :n_times]


def add_background(data, rng, sfreq):
    """Add 1/f noise in place.

    It comes from smooth maps of sources all over the cortex, from each electrode alone (that of the reference
    shows in every channel) and from the amplifier.

    Parameters
    ----------
    data : array, shape (n_channels, n_times)
        EEG in volts.
    rng : numpy.random.Generator
    sfreq : float
        Hz.
    """
    n_channels, n_times = data.shape
    directions = rng.standard_normal((N_SOURCES, 3))
    directions[:, 2] = np.abs(directions[:, 2]) - 0.3
    orientations = directions + 0.7 * rng.standard_normal((N_SOURCES, 3))
    points = _head.cortex_points(directions, rng.uniform(0.55, 0.8, N_SOURCES), n_channels)
    maps = _head.compute_topographies(points, orientations, n_channels)
    maps *= BACKGROUND_UV * 1e-6 / np.sqrt(N_SOURCES)
    for start in range(0, N_SOURCES, BLOCK):
        part = maps[start : start + BLOCK]
        data += part.T @ make_coloured_noise(rng, len(part), n_times, sfreq)
    data -= LOCAL_UV * 1e-6 * make_coloured_noise(rng, 1, n_times, sfreq)
    for start in range(0, n_channels, BLOCK):
        part = data[start : start + BLOCK]
        part += LOCAL_UV * 1e-6 * make_coloured_noise(rng, len(part), n_times, sfreq)
        part += WHITE_UV * 1e-6 * rng.standard_normal(part.shape)


def add_alpha(data, rng, sfreq):
    """Add waxing and waning posterior waves of 9 to 11.5 Hz in place.

    Parameters
    ----------
    data : array, shape (n_channels, n_times)
        EEG in volts.
    rng : numpy.random.Generator
    sfreq : float
        Hz.

    Returns
    -------
    frequency : float
        Of this person, in Hz.
    """
    n_channels, n_times = data.shape
    frequency = rng.uniform(9.0, 11.5)
    directions = np.array([[-0.35, -0.9, 0.25], [0.35, -0.9, 0.25], [0.0, -0.75, 0.6]])
    directions = directions + 0.1 * rng.standard_normal(directions.shape)
    points = _head.cortex_points(directions, 0.75, n_channels)
    maps = _head.compute_topographies(points, directions, n_channels)
    waves = make_coloured_noise(rng, len(maps), n_times, sfreq, band=(frequency, 0.5))
    data += maps.T @ waves * (ALPHA_UV * 1e-6 / np.sqrt(len(maps)))
    return frequency


def add_line_noise(data, rng, sfreq, line_freq):
    """Add mains hum and its second harmonic in place, of another strength and phase in every channel.

    Parameters
    ----------
    data : array, shape (n_channels, n_times)
        In volts.
    rng : numpy.random.Generator
    sfreq : float
        Hz.
    line_freq : float
        Hz; nothing is added at or above half the sampling rate.
    """
    times = np.arange(data.shape[1]) / sfreq
    for harmonic, share in ((1, 1.0), (2, 0.3)):
        if harmonic * line_freq >= sfreq / 2:
            continue
        for channel in data:
            size = LINE_UV * 1e-6 * share * np.exp(0.4 * rng.standard_normal())
            channel += size * np.sin(2 * np.pi * harmonic * line_freq * times + rng.normal(0.0, 0.3))


def add_drift(data, rng, sfreq, drift):
    """Add slow change of the mean in place: smooth maps whose strength wanders over the recording.

    This is what makes neighbouring trials alike whatever was shown, and so a block design treacherous.

    Parameters
    ----------
    data : array, shape (n_channels, n_times)
        EEG in volts.
    rng : numpy.random.Generator
    sfreq : float
        Hz.
    drift : float
        Root mean square over channels and time, in microvolts.
    """
    n_channels, n_times = data.shape
    n_sources = 4
    directions = rng.standard_normal((n_sources, 3))
    directions[:, 2] = np.abs(directions[:, 2])
    orientations = directions + 0.5 * rng.standard_normal((n_sources, 3))
    maps = _head.compute_topographies(
        _head.cortex_points(directions, 0.7, n_channels), orientations, n_channels
    )
    cycles = np.array([0.5, 1.0, 1.7, 2.3])
    turns = np.linspace(0.0, 1.0, n_times)[np.newaxis] * cycles[:, np.newaxis] + rng.uniform(
        size=(n_sources, 1)
    )
    added = maps.T @ np.sin(2 * np.pi * turns)
    added -= added.mean(axis=1, keepdims=True)
    data += added * (drift * 1e-6 / np.sqrt(np.mean(added**2)))
