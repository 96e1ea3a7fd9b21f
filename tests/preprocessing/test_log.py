"""The state of an instance in few numbers, whether its samples are in memory or on disk."""

import mne
import numpy as np
import pytest

from eegimg.preprocessing import _log
from eegimg.preprocessing._log import lost, state


def test_the_numbers_of_a_recording(clean):
    clean.info["bads"] = ["Cz"]
    clean._data[clean.ch_names.index("P3"), 5] = np.nan
    numbers = state(clean)
    good = [name for name in clean.ch_names[:16] if name not in ("Cz", "P3")]
    assert numbers["n_channels"] == 15
    assert numbers["bads"] == ["Cz"]
    assert numbers["not_finite"] == ["P3"]
    assert numbers["duration"] == round(clean.n_times / 250, 4)
    assert (numbers["kind"], numbers["n_epochs"]) == ("raw", None)
    assert numbers["sd_uv"] == round(np.median(clean.get_data(picks=good).std(axis=1)) * 1e6, 4)


@pytest.mark.filterwarnings("ignore:This filename")
def test_a_recording_on_disk_is_read_once_and_has_the_same_numbers(clean, tmp_path, monkeypatch):
    clean._data[3] += 5e-3  # an offset far above the spread
    clean.save(tmp_path / "a_raw.fif", fmt="double", verbose="error")
    on_disk = mne.io.read_raw_fif(tmp_path / "a_raw.fif", preload=False, verbose="error")
    monkeypatch.setattr(_log, "PIECE", 777)
    pieces = []
    get_data = type(on_disk).get_data
    monkeypatch.setattr(
        type(on_disk),
        "get_data",
        lambda self, *args, **kwargs: pieces.append(kwargs) or get_data(self, *args, **kwargs),
    )
    assert state(on_disk) == state(clean)
    assert len(pieces) == -(-clean.n_times // 777)
    assert not on_disk.preload


def test_the_numbers_of_epochs(epochs, tmp_path):
    numbers = state(epochs)
    assert numbers["n_epochs"] == 40
    assert numbers["duration"] == round(40 * 251 / 250, 4)
    assert numbers["conditions"] == {name: 4 for name in sorted(epochs.event_id)}
    epochs.metadata = None  # MNE reads metadata in a way that pandas warns of
    epochs.save(tmp_path / "a_epo.fif", fmt="double", verbose="error")
    assert state(mne.read_epochs(tmp_path / "a_epo.fif", preload=False, verbose="error")) == numbers


def test_what_is_lost():
    raw = {"kind": "raw", "n_epochs": None, "n_channels": 16, "duration": 60.0}
    epochs = {"kind": "epochs", "n_epochs": 40, "n_channels": 15, "duration": 40.0}
    assert lost(raw, raw | {"duration": 50.0}) == {"epochs": 0, "channels": 0, "seconds": 10.0}
    assert lost(raw, epochs) == {"epochs": 0, "channels": 1, "seconds": 0.0}
    after = epochs | {"n_epochs": 30, "duration": 30.0, "n_channels": 16}
    assert lost(epochs, after) == {"epochs": 10, "channels": -1, "seconds": 10.0}
