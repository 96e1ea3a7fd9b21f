"""What a store gives back, by number and in workers, and what it says of damaged files."""

import json
import multiprocessing
import pickle
import re
import shutil

import mne
import numpy as np
import pytest

from eegimg.store import _shards
from eegimg.store._read import read_store
from eegimg.store._write import write_store


@pytest.fixture
def stored(make_epochs, tmp_path):
    """Write 9 epochs of two recordings into 5 shards; return the folder and the samples."""
    parts = [make_epochs(5, "01", number=1), make_epochs(4, "02", number=2)]
    write_store(parts, tmp_path / "store", shard_epochs=2)
    return tmp_path / "store", np.concatenate([part.get_data() for part in parts]).astype(np.float32)


def shards(folder):
    return sorted(folder.rglob("*.npy"))


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        np.int64(3),
        slice(None),
        slice(7, 2, -2),
        [8, 0, 0, 3],
        [-1, -9],
        np.arange(9) % 2 == 1,
        [],
        (1, 2),
    ],
    ids=str,
)
def test_epochs_are_chosen_as_in_an_array(stored, key):
    folder, data = stored
    # NumPy takes a tuple for a place in several dimensions, and an empty list for floats.
    expected = data[np.asarray(key, int) if isinstance(key, (tuple, list)) else key]
    found = read_store(folder)[key]
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.array_equal(found, expected)


def test_epochs_that_are_not_there_are_refused(stored):
    store = read_store(stored[0])
    for key in (9, [0, 9], [9]):
        with pytest.raises(
            IndexError, match=r"^The epoch 9 was asked for; the store has 9, numbered from 0\.$"
        ):
            store[key]
    with pytest.raises(IndexError, match="^The epoch -10 was asked for"):
        store[-10]
    for key in (1.5, [1.0], [[1]], np.ones(4, bool), "a", True):
        with pytest.raises(
            TypeError, match="^Epochs of a store are chosen by a number, a slice, a list of numbers"
        ):
            store[key]
    assert sum(1 for _ in store) == 9


def test_what_is_read_is_a_copy(stored):
    folder, data = stored
    store = read_store(folder)
    before = [file.read_bytes() for file in shards(folder)]
    for key in (0, slice(2), [0, 1]):
        store[key][:] = 7
    table = store.metadata
    table["concept"] = "changed"
    assert store.metadata["concept"][0] == "cat"
    assert np.array_equal(store[:], data)
    assert [file.read_bytes() for file in shards(folder)] == before


def test_epochs_are_read_into_an_array_that_is_given(stored):
    folder, data = stored
    store = read_store(folder)
    out = np.empty((2, 3, 50), np.float32)
    assert store.take([3, 1], out=out) is out
    assert np.array_equal(out, data[[3, 1]])
    frozen = np.empty((2, 3, 50), np.float32)
    frozen.flags.writeable = False
    for odd in (np.empty((2, 3, 50)), np.empty((3, 3, 50), np.float32), out[:, :, ::-1], frozen):
        with pytest.raises(
            ValueError, match=r"^The 'out' parameter of Store\.take must be a float32 array of shape"
        ):
            store.take([3, 1], out=odd)


def test_a_choice_is_a_store_of_the_same_files(stored):
    folder, data = stored
    store = read_store(folder)
    second = store.select(store.metadata["subject"] == "02")
    assert np.array_equal(second[:], data[5:])
    assert second.metadata.index.tolist() == [0, 1, 2, 3]
    nested = second.select([2, 0])
    assert np.array_equal(nested[:], data[[7, 5]])
    train = store.select(split="train")
    assert np.array_equal(train[:], data[(store.metadata["split"] == "train").to_numpy()])
    assert set(train.metadata["split"]) == {"train"}
    assert len({s.fingerprint for s in (store, second, nested, train)}) == 4
    assert store.select(slice(None)).fingerprint == store.fingerprint
    assert repr(nested) == "<Store store: 2 epochs, 3 channels, 50 samples at 100 Hz>"


def test_an_empty_split_is_refused(stored, make_epochs, tmp_path):
    store = read_store(stored[0])
    with pytest.raises(
        ValueError, match=r"^The 'split' parameter of Store\.select must be 'test' or 'train'\. Got"
    ):
        store.select(split="validation")
    sentence = (
        "The split 'test' is empty: of the 7 epochs chosen from store none is in it; they are in 'train'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        store.select(split="train").select(split="test")
    with pytest.raises(ValueError, match=r"^Store\.select needs either indices or split="):
        store.select()
    with pytest.raises(ValueError, match=r"^Store\.select needs either indices or split="):
        store.select([1], split="train")
    bare = write_store(make_epochs(), tmp_path / "bare", split=None)
    with pytest.raises(
        ValueError, match="^The split 'train' was asked for; bare has none. Write it with split="
    ):
        bare.select(split="train")


def test_the_fingerprint_follows_the_content_and_nothing_else(make_epochs, tmp_path):
    def fingerprint(name, *parts, **options):
        return write_store(parts, tmp_path / name, **options).fingerprint

    same = fingerprint("a", make_epochs())
    assert fingerprint("b", make_epochs()) == same
    sample, label = make_epochs(), make_epochs()
    sample._data[2, 1, 3] += 1e-9
    label.metadata.loc[1, "concept"] = "fox"
    others = [fingerprint("c", sample), fingerprint("d", label), fingerprint("e", make_epochs(tmin=0.0))]
    assert len({same, *others}) == 4


def test_mne_gets_epochs_with_names_places_and_metadata(stored, make_epochs):
    folder, data = stored
    epochs = read_store(folder).to_epochs([6, 0, 1])
    assert isinstance(epochs, mne.BaseEpochs)
    assert np.array_equal(epochs.get_data().astype(np.float32), data[[6, 0, 1]])
    assert epochs.metadata["subject"].tolist() == ["02", "01", "01"]
    assert [len(epochs[name]) for name in ("face", "house")] == [1, 2]
    assert epochs.tmin == -0.1
    original = make_epochs().info
    for one, other in zip(epochs.info["chs"], original["chs"], strict=True):
        assert np.allclose(one["loc"][:3], other["loc"][:3], atol=1e-6)
    assert len(read_store(folder).to_epochs()) == 9


def _read_elsewhere(store, rows, pipe):
    pipe.send(store[rows])
    pipe.close()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("kind", ["folder", "hdf5"])
def test_a_store_is_read_in_other_processes(stored, tmp_path, method, kind):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    folder, data = stored
    store = read_store(folder)
    if kind == "hdf5":
        store = store.to_hdf5(tmp_path / "one.h5")
    store = store.select([8, 2, 4])
    # Read here first: what is open already must not be shared.
    assert np.array_equal(store[[1]], data[[2]])
    context = multiprocessing.get_context(method)
    here, there = context.Pipe()
    process = context.Process(target=_read_elsewhere, args=(store, [2, 0], there))
    process.start()
    there.close()
    assert np.array_equal(here.recv(), data[[4, 8]])
    process.join()
    assert process.exitcode == 0
    assert np.array_equal(pickle.loads(pickle.dumps(store))[:], data[[8, 2, 4]])


def test_more_shards_than_may_be_open_are_read(stored, monkeypatch):
    folder, data = stored
    monkeypatch.setattr(_shards, "_most_open", lambda: 2)
    store = read_store(folder)
    assert np.array_equal(store[[0, 8, 3, 5, 1, 7, 2]], data[[0, 8, 3, 5, 1, 7, 2]])
    assert 0 < len(store._reader._maps) <= 2


def test_a_missing_or_truncated_shard_is_named_when_the_store_is_opened(stored):
    folder, _ = stored
    store = read_store(folder)
    file = shards(folder)[2]
    whole = file.read_bytes()
    file.write_bytes(whole[:-4])
    truncated = (
        f"The shard {file.name} of the store {folder} is truncated: {len(whole) - 4:,} bytes, the manifest says "
        f"{len(whole):,}. Copy the store again, or write it anew."
    )
    for ask in (lambda: read_store(folder), lambda: store[4], store.verify):
        with pytest.raises(RuntimeError, match=f"^{re.escape(truncated)}$"):
            ask()
    file.write_bytes(whole + b"more")
    with pytest.raises(RuntimeError, match="is not the one that was written"):
        read_store(folder)
    file.unlink()
    with pytest.raises(
        RuntimeError, match=rf"^The shard {file.name} of the store {folder} is missing\. Copy"
    ):
        read_store(folder)


def test_verify_names_the_file_in_which_one_byte_differs(stored):
    folder, _ = stored
    assert len(read_store(folder).verify()) == 9
    file = shards(folder)[3]
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)
    store = read_store(folder)
    with pytest.raises(
        RuntimeError, match=rf"^The shard {file.name} of the store {folder} has changed: its SHA-256"
    ):
        store.verify()


def test_a_shard_of_another_type_or_no_array_at_all_is_refused(stored):
    folder, _ = stored
    file = shards(folder)[0]
    content = file.read_bytes()
    file.write_bytes(content.replace(b"<f4", b"<i4"))
    with pytest.raises(
        RuntimeError, match=r"holds int32 \(2, 3, 50\), the manifest says float32 \(2, 3, 50\)"
    ):
        read_store(folder)[0]
    file.write_bytes(bytes(len(content)))
    with pytest.raises(RuntimeError, match=r"is no \.npy file\.$"):
        read_store(folder)[0]


def test_an_index_that_is_not_the_manifests_is_refused(stored):
    folder, _ = stored
    store = read_store(folder)
    index = folder / "index.parquet"
    content = index.read_bytes()
    index.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for ask in (lambda: read_store(folder), store.verify):
        with pytest.raises(
            RuntimeError, match=r"^The index\.parquet of the store .* is not the one that its manifest"
        ):
            ask()
    index.unlink()
    with pytest.raises(RuntimeError, match=r"lacks its index\.parquet"):
        read_store(folder)


def test_what_is_no_store_is_refused(stored, tmp_path):
    folder, _ = stored
    with pytest.raises(FileNotFoundError, match="was asked for; there is no such folder or file"):
        read_store(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        RuntimeError, match=r"empty is no store: it has no manifest\.json\. Give a folder that"
    ):
        read_store(tmp_path / "empty")
    with pytest.raises(TypeError, match="^The 'path' parameter of read_store must be a path. Got 3 instead"):
        read_store(3)
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    for change, sentence in (
        ({"format": "other"}, "is not the manifest of a store of eegimg"),
        ({"version": 2}, r"has version 2 of the format; this eegimg \(.*\) reads version 1\. Install "),
        ({"sfreq": None}, "is damaged: it lacks 'sfreq'"),
    ):
        odd = {
            key: value for key, value in (manifest | change).items() if value is not None or key != "sfreq"
        }
        file.write_text(json.dumps(odd), encoding="utf-8")
        with pytest.raises(RuntimeError, match=sentence):
            read_store(folder)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(
        RuntimeError, match=r"manifest\.json is damaged: it is not JSON\. Copy the store again"
    ):
        read_store(folder)


def test_a_manifest_cannot_name_files_elsewhere(stored, tmp_path):
    folder, _ = stored
    shutil.copy(shards(folder)[0], tmp_path / "secret.npy")
    file = folder / "manifest.json"
    text = file.read_text(encoding="utf-8")
    for name in ("../../../secret.npy", str(tmp_path / "secret.npy"), ".."):
        manifest = json.loads(text)
        manifest["recordings"][0]["shards"][0]["file"] = name
        file.write_text(json.dumps(manifest), encoding="utf-8")
        with pytest.raises(RuntimeError, match="which is no file of the store. Do not use this store"):
            read_store(folder)
