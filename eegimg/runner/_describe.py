"""Numbers for the sidecar and the report: what came in, spectra before and after, where the channels are."""

import warnings

import mne
import numpy as np

from ..events import stimulus_annotations
from ..preprocessing._log import in_volts
from ..viz import compute_plane_positions


def describe_input(raw):
    """Say what came in: reference, line frequency, positions, channel types, events.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        As :func:`eegimg.bids.read_raw` gives it.

    Returns
    -------
    fields : dict
        JSON-able.
    """
    kinds = raw.get_channel_types()
    names = list(raw.annotations.description)
    events = stimulus_annotations(raw)
    return {
        "n_events": sum(name in events for name in names),
        "events": {name: names.count(name) for name in events[:200]},
        "line_freq": raw.info["line_freq"],
        "reference": raw.info["temp"]["reference"],
        "positions": raw.info["temp"]["positions"],
        "ch_types": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
    }


def spectra(raw, result, log):
    """Compute power spectra of the recording as it came and of the result, over the same channels.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    result : mne.io.BaseRaw | mne.BaseEpochs
        What came out.
    log : list of dict
        The pipeline's log: channels found bad are left out on both sides.

    Returns
    -------
    tables : dict
        ``freqs`` in Hz and, for "before" and "after", ``median``, ``low`` and ``high`` (10th and 90th
        percentile over channels) in dB relative to 1 microvolt^2/Hz; nothing where no channel is left, or
        where numbers have no unit.
    """
    bads = {name for record in log for name in record["found"].get("bads", {})} | set(raw.info["bads"])
    names = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True, exclude=[])]
    names = [name for name in names if name in result.ch_names and name not in bads]
    if not names or not in_volts(raw.info):
        return {}
    length = len(result.times) / result.info["sfreq"] if isinstance(result, mne.BaseEpochs) else 2.0
    tables = {}
    for which, inst in (("before", raw), ("after", result)):
        n_fft = max(min(round(length * inst.info["sfreq"]), len(inst.times)), 8)
        fmax = min(125.0, inst.info["sfreq"] / 2)
        with warnings.catch_warnings():
            # Good stretches shorter than a window are taken with a shorter one.
            warnings.filterwarnings("ignore", message="nperseg")
            try:
                spectrum = inst.compute_psd(
                    method="welch", n_fft=n_fft, fmax=fmax, picks=names, verbose="error"
                )
            except ZeroDivisionError:  # every sample is marked bad
                return {}
        power = spectrum.get_data()
        power = power.mean(axis=0) if power.ndim == 3 else power
        decibel = 10 * np.log10(np.maximum(power * 1e12, 1e-12))
        low, median, high = np.percentile(decibel, (10, 50, 90), axis=0)
        columns = {"freqs": spectrum.freqs, "median": median, "low": low, "high": high}
        tables[which] = {key: np.round(column, 3).tolist() for key, column in columns.items()}
    return tables


def channel_table(inst, log):
    """List the EEG channels with their place on a drawn head, and whether they were bad or interpolated.

    Parameters
    ----------
    inst : mne.io.BaseRaw | mne.BaseEpochs
        The result.
    log : list of dict
        The pipeline's log.

    Returns
    -------
    rows : list of dict
        ``name``, ``x`` and ``y`` (nose up, 1 is the head's equator; None without position), ``bad``,
        ``interpolated``.
    """
    interpolated = {name for record in log for name in record["found"].get("interpolated", [])}
    found = {name for record in log for name in record["found"].get("bads", {})}
    channels = [inst.info["chs"][pick] for pick in mne.pick_types(inst.info, eeg=True, exclude=[])]
    rows = []
    for channel, place in zip(
        channels, compute_plane_positions([ch["loc"][:3] for ch in channels]), strict=True
    ):
        name = channel["ch_name"]
        bad = name in found or name in inst.info["bads"]
        x, y = np.round(place, 4).tolist() if np.isfinite(place).all() else (None, None)
        rows.append({"name": name, "x": x, "y": y, "bad": bad, "interpolated": name in interpolated})
    return rows
