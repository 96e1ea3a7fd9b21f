"""What is in an instance before and after a step, in few numbers."""

import mne
import numpy as np

from .epoching import condition_counts


def state(inst):
    """Describe a Raw or Epochs: good EEG channels, bads, epochs, seconds of data, spread in microvolt.

    Parameters
    ----------
    inst : mne.io.BaseRaw | mne.BaseEpochs
        Any instance.

    Returns
    -------
    numbers : dict
        ``kind``, ``n_channels`` (good EEG channels), ``bads``, ``n_epochs``, ``duration`` (seconds of data),
        ``sfreq`` (Hz), ``sd_uv`` (median over good EEG channels of the standard deviation, in microvolt),
        ``not_finite`` (good EEG channels with samples that are not numbers) and, of epochs, ``conditions``.
    """
    picks = mne.pick_types(inst.info, eeg=True)
    # One channel at a time: the whole array at once would double the memory of a long recording.
    spreads = {inst.ch_names[pick]: _spread(inst.get_data(picks=[pick])) for pick in picks}
    finite = [value for value in spreads.values() if np.isfinite(value)]
    epoched = isinstance(inst, mne.BaseEpochs)
    numbers = {
        "kind": "epochs" if epoched else "raw",
        "n_channels": len(picks),
        "bads": list(inst.info["bads"]),
        "n_epochs": len(inst) if epoched else None,
        "duration": round(len(inst.times) * (len(inst) if epoched else 1) / inst.info["sfreq"], 4),
        "sfreq": float(inst.info["sfreq"]),
        "sd_uv": round(float(np.median(finite)) * 1e6, 4) if finite else None,
        "not_finite": [name for name, value in spreads.items() if not np.isfinite(value)],
    }
    return numbers | ({"conditions": condition_counts(inst)} if epoched else {})


def _spread(data):
    with np.errstate(invalid="ignore"):
        return float(np.std(data))


def lost(before, after):
    """Return what a step took away: epochs, good EEG channels, seconds of data."""
    epochs = (before["n_epochs"] or 0) - (after["n_epochs"] or 0) if before["kind"] == "epochs" else 0
    seconds = before["duration"] - after["duration"] if before["kind"] == after["kind"] else 0.0
    return {
        "epochs": epochs,
        "channels": before["n_channels"] - after["n_channels"],
        "seconds": round(max(seconds, 0.0), 4),
    }
