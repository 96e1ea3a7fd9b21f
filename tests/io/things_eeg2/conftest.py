"""What the tests of THINGS-EEG2 share: small twins with one thing changed, and how they are opened."""

import numpy as np
import pytest
from twins import things_eeg2 as twin

from eegimg import io
from eegimg.datasets import read_descriptor


@pytest.fixture(scope="session")
def facts():
    return read_descriptor("things_eeg2")


@pytest.fixture
def small(tmp_path):
    """Return a function that writes one session of two channels with a table changed, and its file."""

    def write(part="training", **changed):
        twin.write_things_eeg2(tmp_path, "raw", n_sessions=1, ch_names=("Oz", "Pz"))
        file = tmp_path / "sub-01" / "ses-01" / f"raw_eeg_{part}.npy"
        table = np.load(file, allow_pickle=True).item()
        table |= {key: item(table[key]) if callable(item) else item for key, item in changed.items()}
        np.save(file, {key: item for key, item in table.items() if item is not None})
        return tmp_path

    return write


@pytest.fixture(scope="session")
def open_source(facts):
    def open_source(folder, variant=None):
        return io.open_source("things_eeg2", folder, facts, variant)

    return open_source


@pytest.fixture(scope="session")
def load(open_source):
    def load(folder, variant=None, number=0):
        return open_source(folder, variant).recordings[number].load()

    return load
