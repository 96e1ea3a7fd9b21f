"""Epochs of which labels, order, answers and drift are planted, small enough for every test."""

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.validity._folds import make_folds
from eegimg.validity._trials import read_trials

SFREQ = 100.0
GAP = 3000  # samples between recordings
VOLTS = 1e-5


@pytest.fixture(scope="session")
def make_epochs():
    """Return a function that makes epochs; see ``_make_epochs``."""
    return _make_epochs


def _make_epochs(
    labels,
    *,
    recordings=None,
    onsets=None,
    evoked=0.0,
    means=0.0,
    power=0.0,
    covariance=0.0,
    shared=False,
    n_channels=6,
    n_times=40,
    tmin=0.0,
    seed=0,
    **columns,
):
    """Make epochs of white noise with what is asked for on top.

    Parameters
    ----------
    labels : sequence
        One per trial, in order of time; the column "concept".
    recordings : sequence | None
        One per trial; the column "run". None leaves the column out.
    onsets : sequence of int | None
        Samples; None puts trials 0.6 s apart, and recordings half a minute.
    evoked : float
        Peak of a response of its own for each label, in SD of the noise.
    means, power, covariance : float
        SD of slow changes of offset (in SD of the noise), of log amplitude, and of the correlation of pairs
        of channels whose power stays.
    shared : bool
        Whether recordings change in the same way.
    n_channels, n_times, tmin, seed
        Size of the epochs, their start in seconds, and seed of all.
    **columns
        Of the metadata.

    Returns
    -------
    epochs : mne.EpochsArray, shape (n_trials, n_channels, n_times)
        At 100 Hz, in volts.
    """
    labels, rng = np.asarray(labels), np.random.default_rng(seed)
    where = (
        np.zeros(len(labels), int) if recordings is None else np.unique(recordings, return_inverse=True)[1]
    )
    if onsets is None:
        onsets = 100 + 60 * np.arange(len(labels)) + GAP * where
    names, codes = np.unique(labels.astype(str), return_inverse=True)
    data = rng.standard_normal((len(labels), n_channels, n_times))
    courses = _courses(np.asarray(onsets), where, shared, 3 * n_channels, rng)
    data *= np.exp(power * courses[:, :n_channels, None])
    correlation = np.tanh(covariance * courses[:, n_channels : n_channels + n_channels // 2, None])
    first, second = data[:, 0 : 2 * (n_channels // 2) : 2], data[:, 1::2]
    data[:, 1::2] = correlation * first + np.sqrt(1 - correlation**2) * second
    data += means * courses[:, -n_channels:, None]
    shape = np.hanning(n_times) * rng.standard_normal((len(names), n_channels, 1))
    data += evoked * shape[codes]
    metadata = {"concept": labels, **({} if recordings is None else {"run": recordings}), **columns}
    return mne.EpochsArray(
        data * VOLTS,
        mne.create_info(n_channels, SFREQ, "eeg"),
        np.column_stack([onsets, np.zeros(len(labels), int), codes + 1]),
        tmin=tmin,
        event_id={name: code + 1 for code, name in enumerate(names)},
        metadata=pd.DataFrame(metadata),
        verbose="error",
    )


def _courses(onsets, recordings, shared, n_courses, rng):
    """Return slow changes over each recording, (n_trials, n_courses), each with unit SD."""
    courses = np.empty((len(onsets), n_courses))
    waves = np.arange(1, 9)
    for recording in np.unique(recordings):
        rows = recordings == recording
        if recording == 0 or not shared:
            weights = rng.standard_normal((len(waves), n_courses)) / np.sqrt(waves)[:, None]
        time = (onsets[rows] - onsets[rows].min()) / max(np.ptp(onsets[rows]), 1)
        course = np.cos(np.pi * np.outer(time, waves)) @ weights
        courses[rows] = course / np.maximum(course.std(axis=0), 1e-12)
    return courses


@pytest.fixture(scope="session")
def make_trials():
    """Return a function that gives trials of planted labels, recordings and onsets, and remarks dropped."""
    return lambda *args, **options: read_trials(_make_epochs(*args, n_channels=2, n_times=3, **options))[0]


@pytest.fixture(scope="session")
def folds_of():
    """Return a function that gives folds of trials: random ones, or those that a split per trial names."""
    return lambda trials, split=None, seed=0: make_folds(split, None, trials.labels, random_state=seed)[0]
