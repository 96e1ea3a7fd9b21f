"""Muse recordings of the N170 task (gzip CSV, microvolt, 4 electrodes) as BIDS."""

from pathlib import Path

import mne
import numpy as np
import pandas as pd
from bids_writing import describe_dataset, recording_path, template_montage, write_recording

SFREQ = 256.0
CHANNELS = ["TP9", "AF7", "AF8", "TP10"]
MARKERS = {1: "house", 2: "face"}
SOURCE = """
Made from the Muse visual/N170 CSV files: one run per file, in the order of the time in the file's name.
Microvolt became volt. Right AUX held no electrode and was left out. Positions are template positions of
the 10-05 names, not measured ones. Marker0 1 is a house, 2 a face; which picture was shown was not
recorded. Times are sample numbers at 256 Hz. The time stamps of subjects 1 and 11 jitter with the
Bluetooth packets; no lasting shift of a packet's length (12 samples) is among them, so none was lost
(check_timestamps of the converter). Those of subjects 2 and 3 had been made regular when they were
written and cannot show a loss. The reference is the maker's statement; the power line frequency is what
the spectrum shows.
"""


def check_timestamps(timestamps, sfreq=SFREQ):
    """Say whether samples were lost, from the time stamps.

    A lost packet shifts all later stamps by its duration; a late one does not. So the deviation of the stamps
    from ``n / sfreq`` is compared from second to second through its medians, which late packets leave alone.

    Parameters
    ----------
    timestamps : array, shape (n_times,)
        Time stamps in seconds.

    Returns
    -------
    facts : dict
        ``max_step_s``: the largest shift from one second to the next; ``drift_s``: first to last second;
        ``jitter_s``: the largest deviation of one stamp; ``n_backwards``: stamps earlier than the one before.
    """
    deviation = timestamps - timestamps[0] - np.arange(len(timestamps)) / sfreq
    second = int(sfreq)
    n_seconds = len(deviation) // second
    level = np.median(deviation[: n_seconds * second].reshape(n_seconds, second), axis=1)
    nearby = np.repeat(level, second)
    return {
        "max_step_s": float(np.abs(np.diff(level)).max()),
        "drift_s": float(level[-1] - level[0]),
        "jitter_s": float(np.abs(deviation[: len(nearby)] - nearby).max()),
        "n_backwards": int((np.diff(timestamps) < 0).sum()),
    }


def read_muse(path):
    """Read one CSV file.

    Returns
    -------
    raw : mne.io.RawArray
        4 EEG channels in volts with template positions; one annotation where each picture's marker rises.
    facts : dict
        What :func:`check_timestamps` found.
    """
    table = pd.read_csv(path)
    info = mne.create_info(CHANNELS, SFREQ, "eeg")
    raw = mne.io.RawArray(table[CHANNELS].to_numpy().T * 1e-6, info, verbose="error")
    raw.set_montage(template_montage(CHANNELS))
    raw.info["line_freq"] = 60.0
    marker = table["Marker0"].to_numpy()
    rises = np.flatnonzero((marker != 0) & (np.r_[0, marker[:-1]] != marker))
    raw.set_annotations(
        mne.Annotations(rises / SFREQ, np.zeros(len(rises)), [MARKERS[int(m)] for m in marker[rises]])
    )
    return raw, check_timestamps(table["timestamps"].to_numpy())


def convert(data, root, subjects=None, n_runs=None):
    """Write the recordings below ``root``; return ``{file name: facts about its time stamps}``.

    Parameters
    ----------
    subjects : list of str or None
        Labels as in the folder names ("1", "11"); all by default.
    n_runs : int or None
        At most so many runs of each session; all by default.
    """
    facts = {}
    folder = Path(data) / "muse" / "visual" / "N170"
    for session in sorted(folder.glob("subject*/session*")):
        subject = session.parent.name.removeprefix("subject")
        if subjects is not None and subject not in subjects:
            continue
        files = sorted(session.glob("*.csv.gz"), key=lambda path: path.name.split("_")[1])
        for run, path in enumerate(files[:n_runs], start=1):
            raw, found = read_muse(path)
            label = session.name.removeprefix("session").zfill(2)
            where = recording_path(root, subject.zfill(2), "n170", session=label, run=f"{run:02d}")
            written = write_recording(raw, where, {"EEGReference": "FPz", "Manufacturer": "InteraXon"})
            facts[written.basename] = {"source": path.name, **found}
    describe_dataset(root, "Muse N170: faces and houses", SOURCE)
    return facts
