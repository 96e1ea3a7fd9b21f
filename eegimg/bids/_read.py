"""Read one recording of a BIDS dataset with all that is known of it."""

import pathlib
import warnings

import mne
import mne_bids
import pandas as pd
from mne.io.constants import FIFF

from .._checks import check_option
from ._events import read_events_table, tag_annotations
from ._find import EXTENSIONS, inherited_files, read_sidecar, recording_files
from ._positions import ensure_positions

# What readers warn of and no result depends on: tags, the clock time, places of channels that are no EEG, and
# those of EEG that electrodes.tsv replaces or that are remarked on below.
_BESIDE_THE_POINT = (
    "HED annotations were detected",
    "info['meas_date']",
    "Estimated head radius",
    "There are channels without locations",
    "Not setting position",
)


def read_raw(bids_path, *, line_freq=None, events_past_end="raise", columns=None):
    """Read one recording of a BIDS dataset with its events, channels and positions.

    Parameters
    ----------
    bids_path : mne_bids.BIDSPath
        One recording, as :func:`find_recordings` lists them.
    line_freq : float | None
        Power line frequency in Hz for recordings whose sidecar does not state it.
    events_past_end : 'raise' | 'drop'
        What to do when events.tsv has onsets after the last sample.
    columns : dict | None
        Columns of events.tsv that play the part of ours: ``{"stim_file": "stimname"}``.

    Returns
    -------
    raw : mne.io.Raw
        Not preloaded. Every column of events.tsv rides along in ``annotations.extras``, with subject,
        session, run and source_index (row of events.tsv, from 0). ``info["temp"]`` says where positions came
        from, which reference the sidecar names, the unit of the EEG ("V", or "n/a" where the publishers have
        scaled it away: such channels have no unit in ``info`` either) and what was remarked on the way.

    Raises
    ------
    RuntimeError
        If the file is empty, truncated or unreadable, or events lie past its end.

    Notes
    -----
    Positions come from electrodes.tsv. Where it is missing or has several versions that mne-bids will not
    choose from, the version without a space entity or the first one is read; channels without a position that
    have a 10-05 name get it from MNE's template ``colin27_1005``. Both are remarked.
    """
    check_option("events_past_end", events_past_end, ("raise", "drop"), "read_raw")
    path = bids_path.fpath
    sidecar = read_sidecar(bids_path)
    _check_not_empty(bids_path)
    # MNE warns only where it would also log: let it warn, and keep the log off the screen.
    with warnings.catch_warnings(record=True) as caught, mne.utils.catch_logging():
        warnings.simplefilter("always")
        try:
            raw = mne_bids.read_raw_bids(bids_path, on_ch_mismatch="raise", verbose="warning")
        except Exception as err:
            # Readers of a dozen formats raise whatever they like: one sentence for all of them.
            raise RuntimeError(f"{path.name} cannot be read: {_first_line(err)}") from err
    remarks = [
        _first_line(note.message)
        for note in caught
        if not any(text in str(note.message) for text in _BESIDE_THE_POINT)
    ]
    _check_complete(raw, sidecar, path, remarks)
    table = read_events_table(bids_path)
    remarks = [text for text in remarks if not (table is not None and "outside" in text)]
    remarks += _outside(raw, table, path, events_past_end)
    tag_annotations(raw, bids_path, table, columns or {})
    if raw.info["line_freq"] is None and line_freq is not None:
        raw.info["line_freq"] = float(line_freq)
    positions = ensure_positions(raw, bids_path, remarks)
    raw.info["temp"] = {
        "positions": positions,
        "unit": _take_unit_away(raw, bids_path),
        "reference": str(sidecar.get("EEGReference", "n/a")),
        "remarks": list(dict.fromkeys(remarks)),
    }
    return raw


def _take_unit_away(raw, bids_path):
    """Mark EEG channels without a unit in channels.tsv as plain numbers, and return the unit of all."""
    files = inherited_files(bids_path, "channels.tsv")
    if not files:
        return "V"
    table = pd.read_csv(files[-1], sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if not {"name", "units"} <= set(table):
        return "V"
    units = dict(zip(table["name"], table["units"], strict=True))
    eeg = mne.pick_types(raw.info, eeg=True, exclude=[])
    # Some tables say n/a of recordings in volts: the header of the file must say the same.
    stored = getattr(raw, "_orig_units", {})
    names = [raw.ch_names[pick] for pick in eeg]
    if not names or any((units.get(name), stored.get(name)) != ("n/a", "n/a") for name in names):
        return "V"
    for pick in eeg:
        raw.info["chs"][pick]["unit"] = FIFF.FIFF_UNIT_NONE
    return "n/a"


def _first_line(message):
    lines = [line.strip() for line in str(message).splitlines() if line.strip()]
    return lines[0] if lines else type(message).__name__


def _check_not_empty(bids_path):
    for file in recording_files(bids_path):
        if file.suffix in (*EXTENSIONS, ".eeg", ".dat", ".fdt") and file.stat().st_size == 0:
            raise RuntimeError(f"{file.name} is empty (0 bytes). Copy it again from the recording computer.")


def _check_complete(raw, sidecar, path, remarks):
    if raw.n_times == 0:
        raise RuntimeError(f"{path.name} holds no samples.")
    stated = sidecar.get("RecordingDuration")
    lasted = raw.n_times / raw.info["sfreq"]
    if isinstance(stated, (int, float)):
        if lasted < stated - max(1.0, 2 / raw.info["sfreq"]):
            raise RuntimeError(
                f"{path.name} is truncated: its sidecar says {stated:g} s, the file holds {lasted:g} s. "
                "Copy the file again, or correct RecordingDuration if the shorter recording is right."
            )
        return
    if _ends_within_a_sample(raw, path) or any("does not match the file size" in text for text in remarks):
        raise RuntimeError(
            f"{path.name} is truncated: the file holds {lasted:g} s and does not end where its header says. "
            "Copy the file again, or state RecordingDuration in its eeg.json if the shorter one is right."
        )


def _ends_within_a_sample(raw, path):
    """Tell whether the binary file of a BrainVision recording stops in the middle of a sample."""
    width = {"short": 2, "single": 4}.get(raw.orig_format)
    if path.suffix != ".vhdr" or width is None or not raw.filenames:
        return False
    data = pathlib.Path(raw.filenames[0])
    return data.suffix in (".eeg", ".dat") and data.stat().st_size % (width * len(raw.ch_names)) != 0


def _outside(raw, table, path, events_past_end):
    """Say which events lie outside the recording, or raise."""
    if table is None:
        return []
    remarks = []
    early = int((table["onset"] < 0).sum())
    if early:
        remarks.append(f"{early} of {len(table)} events lie before the recording and were left out.")
    lasted = raw.n_times / raw.info["sfreq"]
    past = table["onset"] > lasted
    if not past.any():
        return remarks
    found = (
        f"{past.sum()} of {len(table)} events of {path.name} lie past the end of the recording "
        f"({lasted:g} s; last event at {table['onset'].max():g} s)"
    )
    if events_past_end == "drop":
        return [*remarks, f"{found} and were dropped."]
    raise RuntimeError(
        f"{found}. The file is truncated, or events.tsv belongs to another one. "
        'Mend events.tsv, or accept the loss with events_past_end="drop" (--events-past-end drop).'
    )
