"""Epochs and stores to tensors, and the released loader's own numbers."""

import os
import pathlib

import mne
import numpy as np
import pytest

import eegimg
from eegimg.models import InputSpec, prepare

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def make_epochs(n_epochs=6):
    info = mne.create_info(["Fz", "Cz", "Pz"], 100.0, "eeg")
    data = np.random.default_rng(0).normal(scale=1e-5, size=(n_epochs, 3, 50))
    return mne.EpochsArray(data, info, verbose="error")


def test_epochs_and_a_store_of_them_give_the_same(tmp_path):
    epochs = make_epochs()
    spec = InputSpec(ch_names=["Pz", "Fz"], n_times=40, length="crop")
    x = prepare(epochs, spec)
    assert x.dtype == torch.float32
    assert x.shape == (6, 2, 40)
    np.testing.assert_allclose(x[:, 0], 1e6 * epochs.get_data()[:, 2, :40], rtol=1e-6)
    store = eegimg.write_store(epochs, tmp_path / "store")
    torch.testing.assert_close(prepare(store, spec), x, rtol=1e-5, atol=1e-5)


def test_choices_replace_what_the_network_says():
    spec = InputSpec(ch_names=["Pz", "Oz"])
    with pytest.raises(ValueError, match="the epochs lack 'Oz'"):
        prepare(make_epochs(), spec)
    assert not prepare(make_epochs(), spec, channels="zero")[:, 1].any()
    with pytest.raises(ValueError, match="Got 'chanels'. Did you mean 'channels'"):
        prepare(make_epochs(), spec, chanels="zero")


def test_wrong_input_is_refused():
    with pytest.raises(TypeError, match="must be mne.Epochs or a Store, .* Got ndarray instead"):
        prepare(make_epochs().get_data(), InputSpec())
    with pytest.raises(ValueError, match="must hold epochs. Got none"):
        prepare(make_epochs()[[]], InputSpec())
    broken = make_epochs()
    broken._data[3, 1, 7] = np.nan
    with pytest.raises(ValueError, match="Epoch 3 has NaN or infinite values in channel 'Cz'. Leave it out"):
        prepare(broken, InputSpec())
    assert prepare(broken, InputSpec(ch_names=["Fz", "Pz"])).isfinite().all()


@pytest.mark.data
def test_the_numbers_of_the_released_loader(tmp_path):
    data = os.environ.get("EEGIMG_TEST_DATA")
    root = pathlib.Path(data) if data else pathlib.Path(__file__).parents[3] / "shared" / "data"
    reference = root.parent / "golden" / "imagenet_eeg"
    if not (reference / "reference_items.npz").is_file():
        pytest.skip(f"no numbers of the released loader in {reference}")
    bids_root = tmp_path / "bids"
    eegimg.convert_dataset("imagenet_eeg", source=reference, bids_root=bids_root, variant="5to95")
    epochs = eegimg.load_dataset("imagenet_eeg", root=bids_root).epochs()
    spec = InputSpec(n_chans=128, n_times=512, length="interpolate")
    x = prepare(epochs, spec)
    wanted = np.load(reference / "reference_items.npz")
    rows = {index: row for row, index in enumerate(epochs.metadata["source_index"])}
    ours = x[[rows[index] for index in wanted["indices"]]].numpy()
    np.testing.assert_allclose(ours, wanted["eeg"], rtol=0, atol=1e-5)
