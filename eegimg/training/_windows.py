"""Continuous recordings cut into windows, for training that needs no events."""

import mne
import numpy as np
import pandas as pd

from .. import bids
from ..pipeline import Pipeline


def cut_recording(bids_path, pipeline, window, stride, columns):
    """Clean one recording and cut it into windows of equal length.

    Parameters
    ----------
    bids_path : mne_bids.BIDSPath
        The recording.
    pipeline : Pipeline
        Steps before MakeEpochs run on the recording, steps behind it on the windows.
    window, stride : float
        Length of a window and distance between the beginnings of two, in seconds.
    columns : dict
        Columns of events.tsv that play the part of ours, see :func:`eegimg.preprocess_dataset`.

    Returns
    -------
    epochs : mne.Epochs
        Windows that touch no BAD annotation; the metadata column ``onset`` is where each begins, in seconds.

    Raises
    ------
    RuntimeError
        If no window fits between the BAD annotations.
    """
    names = [type(step).__name__ for step in pipeline.steps]
    cut = names.index("MakeEpochs") if "MakeEpochs" in names else len(names)
    raw = Pipeline(*pipeline.steps[:cut]).fit_transform(bids.read_raw(bids_path, columns=columns))
    sfreq, n_times = raw.info["sfreq"], round(window * raw.info["sfreq"])
    # Whole samples: a length that is none leaves windows of two lengths in different recordings.
    starts = np.arange(0, raw.n_times - n_times + 1, max(round(stride * sfreq), 1)) + raw.first_samp
    events = np.column_stack([starts, np.zeros_like(starts), np.ones_like(starts)])
    epochs = None
    if len(events):
        stop = (n_times - 1) / sfreq
        epochs = mne.Epochs(raw, events, tmin=0.0, tmax=stop, baseline=None, preload=True, verbose="error")
    if not epochs:
        raise RuntimeError(
            f"{bids_path.fpath.name} has no stretch of {window:g} s without a BAD annotation. Make the "
            "window shorter, or leave the recording out."
        )
    onset = (epochs.events[:, 0] - raw.first_samp) / sfreq
    with mne.utils.use_log_level("error"):
        epochs.metadata = pd.DataFrame({"onset": onset})
    rest = pipeline.steps[cut + 1 :]
    return Pipeline(*rest).fit_transform(epochs) if rest else epochs
