"""EEGLAB's sample recording (.set/.fdt, visual attention task) as BIDS, in its own format."""

from pathlib import Path

import mne
from bids_writing import describe_dataset, recording_path, write_recording

SOURCE = """
Made from eeglab_data.set and .fdt of EEGLAB's sample_data, which are copied as they are. Positions are
those of the file. EOG1 and EOG2 are typed as EOG by their names. The power line frequency is what its
spectrum shows.
"""


def convert(data, root):
    """Write the recording below ``root``; return the number of recordings."""
    source = Path(data) / "eeglab_sample" / "eeglab_data.set"
    raw = mne.io.read_raw_eeglab(source, verbose="error")
    raw.set_channel_types({"EOG1": "eog", "EOG2": "eog"}, verbose="error")
    raw.info["line_freq"] = 60.0
    write_recording(raw, recording_path(root, "01", "attention"))
    describe_dataset(root, "EEGLAB sample: visual attention", SOURCE)
    return 1
