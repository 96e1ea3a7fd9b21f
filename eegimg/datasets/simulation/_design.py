"""The order in which a simulated person sees the images, and when."""

import numpy as np
import pandas as pd

DESIGNS = ("rapid-event", "block")
LEAD_IN, PAUSE, LEAD_OUT = 3.0, 3.0, 2.0  # seconds before the first image, between blocks, after the last
STIMULUS_SECONDS = 0.1
SOA_SPREAD = 0.1  # the distance between onsets varies by this share either way, so that nothing locks to it


def make_trials(images, n_repetitions, design, rng):
    """Put images in order.

    ``rapid-event`` shows all images once in random order, then again in another order: a block is one such
    pass, and neither concept nor image goes with time. ``block`` shows everything of one concept, then of the
    next: a block is a concept, so that whatever changes slowly goes with the concept.

    Parameters
    ----------
    images : pandas.DataFrame
        As from :func:`eegimg.datasets.simulation._icons.make_icons`.
    n_repetitions : int
        How often each image is shown.
    design : str
        ``"rapid-event"`` or ``"block"``.
    rng : numpy.random.Generator

    Returns
    -------
    trials : pandas.DataFrame, n_images * n_repetitions rows
        index (row in ``images``), image, concept, split, repetition and block (both from 1).
    """
    concept = images["concept"].to_numpy()
    groups = [np.arange(len(images))]
    if design == "block":
        order = rng.permutation(list(dict.fromkeys(concept.tolist())))
        groups = [np.flatnonzero(concept == name) for name in order]
    index, repetition, block = [], [], []
    for number, group in enumerate(groups):
        for turn in range(n_repetitions):
            shown = rng.permutation(group)
            if index and len(shown) > 1 and shown[0] == index[-1]:  # never the same image twice in a row
                shown = np.roll(shown, 1)
            index.extend(shown.tolist())
            repetition.extend([turn + 1] * len(shown))
            block.extend([(number if design == "block" else turn) + 1] * len(shown))
    trials = images[["image", "concept", "split"]].iloc[index].reset_index(drop=True)
    return pd.concat([pd.Series(index, name="index"), trials], axis=1).assign(
        repetition=repetition, block=block
    )


def make_onsets(block, soa, sfreq, rng):
    """Say when each image comes on.

    Parameters
    ----------
    block : array of int, shape (n_trials,)
        There is a pause wherever it changes.
    soa : float
        Mean distance between onsets in seconds.
    sfreq : float
        Hz.
    rng : numpy.random.Generator

    Returns
    -------
    onsets : numpy.ndarray of int, shape (n_trials,)
        Samples.
    n_times : int
        Length of the recording in samples.
    """
    block = np.asarray(block)
    gaps = soa * rng.uniform(1 - SOA_SPREAD, 1 + SOA_SPREAD, len(block))
    gaps[0] = LEAD_IN
    gaps[1:] += PAUSE * (np.diff(block) != 0)
    onsets = np.round(np.cumsum(gaps) * sfreq).astype(int)
    return onsets, int(onsets[-1] + round((soa + LEAD_OUT) * sfreq))


def make_marks(onsets, jitter, sfreq, rng):
    """Say where the recording computer puts its marks: some samples beside the true onsets.

    Parameters
    ----------
    onsets : array of int, shape (n_trials,)
        True onsets in samples.
    jitter : float
        Standard deviation in seconds; no mark is further off than three of it.
    sfreq : float
        Hz.
    rng : numpy.random.Generator

    Returns
    -------
    marks : numpy.ndarray of int, shape (n_trials,)
        Samples.
    """
    late = jitter * np.clip(rng.standard_normal(len(onsets)), -3.0, 3.0)
    return np.asarray(onsets) + np.round(late * sfreq).astype(int)
