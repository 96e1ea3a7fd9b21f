"""When a photodiode or another analog channel changes its level."""

import numpy as np

LEAST_STEP = 8.0  # in standard deviations of the noise: the range of noise alone is about 7
HYSTERESIS = 0.25  # of the step, to both sides of its middle


def find_edges(signal, triggers, sfreq, min_gap):
    """Find when a signal that changes between two levels crosses their middle.

    The two levels are the minimum and maximum in a window that slides over three pictures, so that a slow
    drift of the baseline does no harm; where only one level is seen, as in a pause, the middle
    follows it at half a step. A change counts once the signal is beyond the middle by a quarter of the step
    (a Schmitt trigger), and its time is the crossing of the middle itself, interpolated between samples.

    Parameters
    ----------
    signal : ndarray, shape (n_times,)
        The channel.
    triggers : ndarray, shape (n_triggers,)
        Times in seconds around which both levels are to be seen.
    sfreq : float
        Sampling rate in Hz.
    min_gap : float
        Shorter gaps in seconds in the rarer level are flicker.

    Returns
    -------
    rises, falls : ndarray, shape (n,)
        Times in seconds.

    Raises
    ------
    RuntimeError
        If there are no two levels.
    """
    signal = np.asarray(signal, float)
    noise = 1.4826 * np.median(np.abs(np.diff(signal))) / np.sqrt(2)
    signal = _without_spikes(signal)
    middle, step = _middle(signal, triggers, sfreq, noise)
    level = signal - middle
    del signal, middle
    sides = (level > HYSTERESIS * step).astype(np.int8) - (level < -HYSTERESIS * step)
    known = np.flatnonzero(sides)
    turns = np.flatnonzero(np.diff(sides[known]))
    if not len(turns):
        return np.empty(0), np.empty(0)
    # Where each new level was first seen, and the last sample before it on the other side of the middle.
    seen, upward = known[turns + 1], sides[known[turns + 1]] > 0
    times = np.array([_crossing(level, known[turn], at) for turn, at in zip(turns, seen, strict=True)])
    kept = _without_flicker(times / sfreq, upward, len(level) / sfreq, min_gap)
    return times[kept & upward] / sfreq, times[kept & ~upward] / sfreq


def _without_spikes(signal):
    """Take the median of each three samples: a single wrong one is gone, and no edge moves."""
    left, right = np.r_[signal[:1], signal[:-1]], np.r_[signal[1:], signal[-1:]]
    return np.maximum(np.minimum(left, right), np.minimum(np.maximum(left, right), signal))


def _middle(signal, triggers, sfreq, noise):
    """Return the middle between both levels at each sample, and the usual step between them."""
    interval = np.median(np.diff(triggers)) if len(triggers) > 1 else 1.0
    size = int(np.clip(interval, 0.25, 5.0) * sfreq) or 1
    n_blocks = -(-len(signal) // size)
    blocks = np.r_[signal, np.full(n_blocks * size - len(signal), signal[-1])].reshape(n_blocks, size)
    low = _around(blocks.min(axis=1), np.min)
    high = _around(blocks.max(axis=1), np.max)
    height = high - low
    at = np.clip((np.asarray(triggers) * sfreq / size).astype(int), 0, n_blocks - 1)
    step = float(np.median(height[at]))
    if not step > LEAST_STEP * noise:
        raise RuntimeError(
            f"The photodiode channel does not change between two levels: its range around the triggers is "
            f"{step:.3g}, its noise {noise:.3g}. Name the channel that the photodiode was connected to."
        )
    centres = (np.arange(n_blocks) + 0.5) * size
    return np.interp(np.arange(len(signal)), centres, _followed(low, high, step)), step


def _followed(low, high, step):
    """Return the middle in each block: half a step from the level where only one is seen."""
    middle, both = (low + high) / 2, high - low >= step / 2
    first = int(np.argmax(both))
    for blocks, back in ((range(first + 1, len(both)), -1), (range(first - 1, -1, -1), 1)):
        for block in blocks:
            if not both[block]:
                above = middle[block + back] > middle[block]
                middle[block] += step / 2 if above else -step / 2
    return middle


def _around(values, reduce):
    """Reduce each block with the ones before and after it."""
    padded = np.pad(values, 1, mode="edge")
    return reduce(np.lib.stride_tricks.sliding_window_view(padded, 3), axis=1)


def _crossing(level, before, after):
    """Find the last crossing of zero between two samples on different sides of it, as a sample number."""
    stretch = level[before : after + 1]
    last = int(np.flatnonzero(np.sign(stretch) != np.sign(stretch[-1]))[-1])
    return before + last - stretch[last] / (stretch[last + 1] - stretch[last])


def _without_flicker(times, upward, end, min_gap):
    """Mark the edges that stay when short gaps in the rarer level are closed.

    A screen that flickers falls back for less than two frames while the picture is on. Which level that is
    cannot be told from a single gap: it is the one that is held for less of the time, flicker left aside.
    """
    durations = np.diff(np.r_[0.0, times, end])  # before the first edge, between edges, after the last
    high = np.r_[~upward[:1], upward]
    steady = durations >= min_gap
    high_is_rarer = durations[steady & high].sum() <= durations[steady & ~high].sum()
    gaps = np.flatnonzero(~steady & (high != high_is_rarer))
    gaps = gaps[(gaps > 0) & (gaps < len(durations) - 1)]
    kept = np.ones(len(times), bool)
    kept[gaps - 1] = kept[gaps] = False
    return kept
