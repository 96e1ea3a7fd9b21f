"""What is in an instance before and after a step, in few numbers."""

import mne
import numpy as np
from mne.io.constants import FIFF

from .epoching import condition_counts

PIECE = 50_000  # samples read at a time


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
        ``sfreq`` (Hz), ``sd_uv`` (median over good EEG channels of the standard deviation, in microvolt; None
        where the publishers have scaled the unit away),
        ``not_finite`` (good EEG channels with samples that are not numbers) and, of epochs, ``conditions``.
    """
    picks = mne.pick_types(inst.info, eeg=True)
    spreads = dict(zip([inst.ch_names[pick] for pick in picks], _spreads(inst, picks), strict=True))
    finite = [value for value in spreads.values() if np.isfinite(value)]
    epoched = isinstance(inst, mne.BaseEpochs)
    numbers = {
        "kind": "epochs" if epoched else "raw",
        "n_channels": len(picks),
        "bads": list(inst.info["bads"]),
        "n_epochs": len(inst) if epoched else None,
        "duration": round(len(inst.times) * (len(inst) if epoched else 1) / inst.info["sfreq"], 4),
        "sfreq": float(inst.info["sfreq"]),
        "sd_uv": round(float(np.median(finite)) * 1e6, 4) if finite and in_volts(inst.info) else None,
        "not_finite": [name for name, value in spreads.items() if not np.isfinite(value)],
    }
    return numbers | ({"conditions": condition_counts(inst)} if epoched else {})


def in_volts(info):
    """Tell whether EEG channels have their unit; published numbers without one are marked so when read."""
    picks = mne.pick_types(info, eeg=True, exclude=[])
    return all(info["chs"][pick]["unit"] != FIFF.FIFF_UNIT_NONE for pick in picks)


def _spreads(inst, picks):
    """Return the standard deviation of each channel, without a second copy of a long recording in memory."""
    with np.errstate(invalid="ignore"):
        if inst.preload:
            return [float(inst.get_data(picks=[pick]).std()) for pick in picks]
        if isinstance(inst, mne.BaseEpochs):
            return inst.get_data(picks=picks).std(axis=(0, 2)).tolist()
        return _spreads_on_disk(inst, picks)


def _spreads_on_disk(raw, picks):
    """Read a recording once, a piece at a time: files hold all channels of a moment together."""
    count, mean, square = 0, np.zeros(len(picks)), np.zeros(len(picks))
    for start in range(0, raw.n_times, PIECE):
        piece = raw.get_data(picks=picks, start=start, stop=min(start + PIECE, raw.n_times))
        n_new, shift = piece.shape[1], piece.mean(axis=1) - mean
        square += piece.var(axis=1) * n_new + shift**2 * count * n_new / (count + n_new)
        mean += shift * n_new / (count + n_new)
        count += n_new
    return np.sqrt(square / max(count, 1)).tolist()


def lost(before, after):
    """Return what a step took away: epochs, good EEG channels, seconds of data."""
    epochs = (before["n_epochs"] or 0) - (after["n_epochs"] or 0) if before["kind"] == "epochs" else 0
    seconds = before["duration"] - after["duration"] if before["kind"] == after["kind"] else 0.0
    return {
        "epochs": epochs,
        "channels": before["n_channels"] - after["n_channels"],
        "seconds": round(max(seconds, 0.0), 4),
    }
