"""Samples of EDF, EDF+, BDF and two BrainVision dialects as BIDS, each copied in its own format."""

import re
import tempfile
from pathlib import Path

import mne
from bids_writing import describe_dataset, recording_path, template_montage, write_recording

# label: file, power line frequency that its spectrum shows, channel types that the reader cannot know
SAMPLES = {
    "edf16": ("eeglab_test16ch.edf", None, {}),
    "edf139": ("test.edf", 50.0, {"Ergo-Left": "misc", "Ergo-Right": "misc"}),
    "edfplus": ("test_edf_overlapping_annotations.edf", 60.0, {}),
    "bdf": (
        "test.bdf",
        None,
        {"REOG": "eog", "LEOG": "eog", "IEOG": "eog", "EXG1": "misc", "EXG5": "misc", "EXG8": "misc"},
    ),
    "brainvision": ("test.vhdr", None, {}),
    "analyzer": ("testbva.vhdr", None, {"Eog": "eog", "Ekg1": "ecg", "Ekg2": "ecg"}),
}
SOURCE = """
Made from format samples of MNE-Python and EEGLAB, one subject per file; the data files are copied as
they are, with their channel names. Positions are template positions, given only where three quarters of
the names are 10-05 names (after removing "EEG " in front and dots behind). Power line frequencies are
what the spectra show.
"""


def tidy(name):
    """Return the 10-05 spelling of a name: "EEG Fp1" and "Fp1." are Fp1, M1 and M2 stay."""
    return re.sub(r"^EEG\s+", "", name).rstrip(".")


def with_eeg_extension(header, folder):
    """Copy a BrainVision triplet, its data file renamed from .dat to .eeg; return the new header.

    BIDS asks for .eeg, and mne-bids 0.20 takes a .dat for a Persyst file.
    """
    data_file = header.with_suffix(".dat")
    renamed = data_file.with_suffix(".eeg").name
    (folder / renamed).write_bytes(data_file.read_bytes())
    for suffix in (".vhdr", ".vmrk"):
        text = header.with_suffix(suffix).read_bytes()
        (folder / header.with_suffix(suffix).name).write_bytes(
            text.replace(b"DataFile=" + data_file.name.encode(), b"DataFile=" + renamed.encode())
        )
    return folder / header.name


def convert_sample(path, where, line_freq, types):
    """Write one sample to the BIDSPath ``where``; return the number of its positions."""
    raw = mne.io.read_raw(path, verbose="error")
    raw.set_channel_types(types, on_unit_change="ignore", verbose="error")
    raw.info["line_freq"] = line_freq
    eeg = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True)]
    montage = template_montage(eeg, {name: tidy(name) for name in eeg})
    raw.set_montage(montage, on_missing="ignore")
    write_recording(raw, where)
    return 0 if montage is None else len(montage.ch_names)


def convert(data, root, labels=None):
    """Write the samples (all by default) below ``root``; return ``{label: number of positions}``."""
    positions = {}
    with tempfile.TemporaryDirectory() as folder:
        for label, (file, line_freq, types) in SAMPLES.items():
            if labels is not None and label not in labels:
                continue
            path = Path(data) / "formats" / file
            if path.suffix == ".vhdr" and path.with_suffix(".dat").exists():
                path = with_eeg_extension(path, Path(folder))
            positions[label] = convert_sample(path, recording_path(root, label, "sample"), line_freq, types)
    describe_dataset(root, "Samples of EEG file formats", SOURCE)
    return positions
