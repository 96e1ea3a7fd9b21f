"""One file that holds a store: the same numbers, metadata and manifest, and what damage says."""

import re
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from eegimg.store._read import read_store
from eegimg.store._write import write_store


@pytest.fixture
def store(make_epochs, tmp_path):
    """Write 150 epochs, more than are copied at a time, with columns of every kind."""
    columns = {
        "trial": np.arange(150),
        "rt": np.where(np.arange(150) % 7, 0.5, np.nan),
        "seen": np.arange(150) % 2 == 0,
        "name": ["Zürich", None, "owl/day"] * 50,
        "a/b": "slash",
    }
    return write_store([make_epochs(150, number=1, **columns), make_epochs(2, number=2)], tmp_path / "store")


def test_one_file_gives_the_same_store(store, tmp_path):
    one = store.to_hdf5(tmp_path / "one.h5").verify()
    assert repr(one) == "<Store one.h5: 152 epochs, 3 channels, 50 samples at 100 Hz>"
    rows = [151, 0, 70, 70]
    assert np.array_equal(one[rows], store[rows])
    assert np.array_equal(one[:], store[:])
    # Whole numbers that are not known everywhere have no type of their own in HDF5.
    expected = store.metadata.astype({"trial": float, "seen": str})
    found = one.metadata.astype({"seen": str})
    pd.testing.assert_frame_equal(found, expected.fillna({"seen": np.nan}), check_dtype=False)
    for name in ("ch_names", "sfreq", "tmin", "n_channels", "n_times", "fingerprint"):
        assert getattr(one, name) == getattr(store, name)
    assert one.manifest["split"] == store.manifest["split"]
    assert np.array_equal(one.select(split="test")[:], store.select(split="test")[:])
    assert one.to_epochs([3]).metadata["concept"].item() == store.metadata["concept"][3]


def test_any_reader_of_hdf5_finds_epochs_and_columns(store, tmp_path):
    store.to_hdf5(tmp_path / "one.h5")
    with h5py.File(tmp_path / "one.h5") as file:
        assert file["epochs"].chunks == (1, 3, 50)
        assert np.array_equal(file["epochs"][5], store[5])
        assert file["epochs"].attrs["unit"] == "V"
        assert file["metadata/concept"].asstr()[:3].tolist() == ["cat", "dog", "owl"]
        assert file["metadata/name"].asstr()[:3].tolist() == ["Zürich", "n/a", "owl/day"]


def test_a_choice_of_epochs_is_written_as_a_store_of_its_own(store, tmp_path):
    test = store.select(split="test")
    one = test.to_hdf5(tmp_path / "test.hdf5")
    assert len(one) == 50
    assert one.fingerprint == test.fingerprint
    assert one.manifest["split"]["counts"] == {"test": 50}
    assert np.array_equal(one.select([4])[:], test[[4]])
    assert one.to_hdf5(tmp_path / "again.h5").verify().fingerprint == test.fingerprint


def test_files_are_not_written_over_and_need_their_ending(store, tmp_path):
    store.to_hdf5(tmp_path / "one.h5")
    with pytest.raises(
        ValueError, match=r"one\.h5 is there already\. Choose another name, or remove it first"
    ):
        store.to_hdf5(tmp_path / "one.h5")
    with pytest.raises(ValueError, match=r"^The file one\.mat must end in \.h5 or \.hdf5\. Rename it\.$"):
        store.to_hdf5(tmp_path / "one.mat")
    with pytest.raises(
        ValueError, match=r"^No epochs of store are chosen: there is nothing to write into two\.h5"
    ):
        store.select([]).to_hdf5(tmp_path / "two.h5")


def test_files_of_other_kinds_are_refused(tmp_path):
    file = tmp_path / "a.h5"
    file.write_bytes(b"not HDF5 at all")
    with pytest.raises(
        RuntimeError, match=r"a\.h5 is no HDF5 file\. Give a folder or a file that eegimg wrote"
    ):
        read_store(file)
    with h5py.File(tmp_path / "b.h5", "w") as other:
        other["x"] = [1.0]
    with pytest.raises(RuntimeError, match=r"b\.h5 is an HDF5 file, but not one of a store of eegimg\.$"):
        read_store(tmp_path / "b.h5")


def test_damage_is_found_on_reading_or_by_verify(store, tmp_path):
    store.to_hdf5(tmp_path / "one.h5")
    content = (tmp_path / "one.h5").read_bytes()
    cut = tmp_path / "cut.h5"
    cut.write_bytes(content[: len(content) // 2])
    with pytest.raises(RuntimeError, match=r"cut\.h5 is truncated or damaged: .* Copy it again\.$"):
        read_store(cut)
    for planted, finds in (
        (store[70].tobytes(), lambda one: one.verify()),
        (b"Z\xc3\xbcrich", lambda one: one),
    ):
        changed = tmp_path / "changed.h5"
        at = content.index(planted)
        changed.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(
            RuntimeError, match=f"{re.escape(str(changed))} (are not those|is truncated or damaged)"
        ):
            finds(read_store(changed))
    shutil.copy(tmp_path / "one.h5", tmp_path / "short.h5")
    with h5py.File(tmp_path / "short.h5", "r+") as file:
        del file["epochs"]
        file["epochs"] = np.zeros((151, 3, 50), np.float32)
    with pytest.raises(
        RuntimeError, match=r"short\.h5 is damaged: its manifest says \(152, 3, 50\) epochs, channels"
    ):
        read_store(tmp_path / "short.h5")
