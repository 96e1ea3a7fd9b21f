"""Epochs in the network's shape: the same whether kept or made for each batch, and kept once."""

import pickle
import types

import numpy as np
import pytest

from eegimg.models import InputSpec
from eegimg.store import read_store
from eegimg.training._mixture import Mixture
from eegimg.training._prepared import Prepared, prepare_source

SPEC = InputSpec(n_chans=8, n_times=48, sfreq=64.0, length="crop", scale="zscore")


def source(path, name="lab"):
    return types.SimpleNamespace(name=name, store=read_store(path))


def test_kept_epochs_are_those_made_for_each_batch(make_store, tmp_path):
    lab = source(make_store())
    kept, made = prepare_source(lab, SPEC, tmp_path / "kept"), prepare_source(lab, SPEC, None)
    rows = np.array([70, 3, 3, 12])
    assert made[rows].shape == (4, 8, 48)
    np.testing.assert_array_equal(kept[rows], made[rows])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(kept))[rows], made[rows])


def test_they_are_made_once_for_what_they_depend_on(make_store, tmp_path, monkeypatch):
    lab, folder = source(make_store()), tmp_path / "kept"
    prepare_source(lab, SPEC, folder)
    monkeypatch.setattr("eegimg.training._prepared._write", lambda *args: pytest.fail("made again"))
    assert isinstance(prepare_source(lab, SPEC, folder), Prepared)
    monkeypatch.undo()
    prepare_source(lab, InputSpec(n_chans=8, n_times=40, sfreq=64.0, length="crop"), folder)
    prepare_source(source(make_store("other", seed=1)), SPEC, folder)
    assert len(list(folder.iterdir())) == 3


def test_a_full_disk_is_one_sentence(make_store, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("eegimg.training._prepared._write", full)
    with pytest.raises(
        RuntimeError, match=r"The disk of .*kept is full: the 80 epochs of lab .* prepared = false"
    ):
        prepare_source(source(make_store()), SPEC, tmp_path / "kept")
    assert not list((tmp_path / "kept").glob("*.npy"))


def test_a_source_that_does_not_fit_is_named(make_store):
    spec = InputSpec(n_chans=8, n_times=640, sfreq=64.0)
    with pytest.raises(
        ValueError, match="The source lab does not fit the network: The network expects 640 samples"
    ):
        prepare_source(source(make_store()), spec, None)


def test_a_batch_mixes_sources_in_the_order_asked_for(make_store):
    sources = [source(make_store()), source(make_store("other", ("05",), seed=3), "other")]
    epochs = [prepare_source(each, SPEC, None) for each in sources]
    rows = [np.arange(10, 80), np.arange(20)]
    mixture = Mixture(["lab", "other"], epochs, [each.store.metadata for each in sources], rows)
    assert len(mixture) == 90
    x = mixture.read([75, 0, 89])
    wanted = [epochs[1][np.array([5])], epochs[0][np.array([10])], epochs[1][np.array([19])]]
    np.testing.assert_array_equal(x, np.concatenate(wanted))
    assert mixture.describe([75, 0]).startswith("epoch '10' of recording ")
    assert "(source lab); epoch '5' of recording " in mixture.describe([75, 0])
