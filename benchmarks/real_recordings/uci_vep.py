"""UCI EEG Database (visual object matching, 1-s trials) as BIDS: one discontinuous recording per subject."""

from pathlib import Path

import mne
import numpy as np
from bids_writing import describe_dataset, recording_path, template_montage, write_recording

EOG = {"X": "HEOG", "Y": "VEOG"}
SOURCE = """
Made from uci_vep.npz (UCI EEG Database). Each subject's 1-s trials, cut from picture onset, were put one
after the other in the order of their trial numbers; a "boundary" event stands at each join, and nothing
is known of the time between two trials. Names were brought to the spelling of the 10-05 system (FP1 is
Fp1); X and Y are horizontal and vertical EOG; nd was not an electrode and was left out. Positions are
template positions, not measured ones. Neither the reference nor the power line frequency is recorded in
the source, and the pictures' names are not.
"""


def proper_names(ch_names):
    """Return ``{upper-case name: name in the 10-05 system}`` for the channels that have one."""
    template = mne.channels.make_standard_montage("colin27_1005").ch_names
    spelling = {name.upper(): name for name in template}
    return {name: spelling[name] for name in ch_names if name in spelling}


def read_uci(path):
    """Read the archive.

    Returns
    -------
    volts : array, shape (n_trials, n_channels, n_times)
        In volts, from picture onset.
    facts : dict of array
        ``ch`` (n_channels,), and per trial: subject, group, condition, trial; ``sfreq``.
    """
    with np.load(path, allow_pickle=False) as archive:
        volts = (archive["off"].astype(float) + archive["k"] * float(archive["lsb"])) * 1e-6
        facts = {key: archive[key] for key in ("ch", "subject", "group", "condition", "trial", "sfreq")}
    return volts, facts


def make_subject(volts, facts, rows):
    """Concatenate some trials to one recording with a boundary at each join.

    Parameters
    ----------
    volts, facts
        As :func:`read_uci` gave them.
    rows : array of int
        The trials, in the order in which they shall stand.

    Returns
    -------
    raw : mne.io.RawArray
        61 EEG and 2 EOG channels.
    """
    sfreq = float(facts["sfreq"])
    spelled = proper_names([str(name) for name in facts["ch"]])
    names = {**spelled, **EOG}
    keep = [index for index, name in enumerate(facts["ch"]) if str(name) in names]
    ch_names = [names[str(facts["ch"][index])] for index in keep]
    ch_types = ["eog" if name in EOG.values() else "eeg" for name in ch_names]
    data = np.concatenate(volts[rows][:, keep], axis=1)
    raw = mne.io.RawArray(data, mne.create_info(ch_names, sfreq, ch_types), verbose="error")
    raw.set_montage(template_montage([n for n, t in zip(ch_names, ch_types, strict=True) if t == "eeg"]))
    length = volts.shape[-1] / sfreq
    starts = np.arange(len(rows)) * length
    joins = starts[1:]
    trial = facts["trial"][rows]
    raw.set_annotations(
        mne.Annotations(
            np.r_[starts, joins],
            np.r_[np.full(len(starts), length), np.zeros(len(joins))],
            [str(c) for c in facts["condition"][rows]] + ["boundary"] * len(joins),
            extras=[{"trial": int(number)} for number in trial] + [{"trial": None}] * len(joins),
        )
    )
    return raw


def convert(data, root, subjects=None):
    """Write the subjects (all by default) below ``root``; return ``{subject: number of trials}``."""
    volts, facts = read_uci(Path(data) / "uci_vep" / "uci_vep.npz")
    counts, groups = {}, {}
    for subject in np.unique(facts["subject"]):
        if subjects is not None and subject not in subjects:
            continue
        rows = np.flatnonzero(facts["subject"] == subject)
        rows = rows[np.argsort(facts["trial"][rows], kind="stable")]
        label = str(subject)
        sidecar = {
            "RecordingType": "discontinuous",
            "EEGReference": "n/a",
            "Manufacturer": "n/a",
            "TaskDescription": "S1, then S2, which matches S1 or does not",
        }
        write_recording(make_subject(volts, facts, rows), recording_path(root, label, "matching"), sidecar)
        counts[label] = len(rows)
        groups[label] = {"a": "alcoholic", "c": "control"}[str(facts["group"][rows[0]])]
    describe_dataset(root, "UCI EEG Database: matching of pictures", SOURCE, {"group": groups})
    return counts
