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


def test_interpolated_channels_of_a_store_are_those_of_the_epochs(tmp_path):
    names = mne.channels.make_standard_montage("colin27_1020").ch_names[::4]
    data = np.random.default_rng(0).normal(scale=1e-5, size=(2, len(names), 50))
    epochs = mne.EpochsArray(data, mne.create_info(names, 100.0, "eeg"), verbose="error")
    epochs.set_montage("colin27_1020")
    spec = InputSpec(ch_names=["FC1", names[0], "CP2"], channels="interpolate")
    store = eegimg.write_store(epochs, tmp_path / "store")
    assert spec.adapter_for(store).record["interpolated"] == ["FC1", "CP2"]
    torch.testing.assert_close(prepare(store, spec), prepare(epochs, spec), rtol=0, atol=0.01)


def test_epochs_that_were_not_counted_yet_are_taken_in_parts():
    info = mne.create_info(["Fz", "Cz", "EOG"], 100.0, ["eeg", "eeg", "eog"])
    raw = mne.io.RawArray(
        np.random.default_rng(0).normal(scale=1e-5, size=(3, 30_000)), info, verbose="error"
    )
    onsets = np.arange(0, 30_100, 25)
    events = np.column_stack([onsets, np.zeros_like(onsets), np.ones_like(onsets)])
    epochs = mne.Epochs(raw, events, tmin=0, tmax=0.19, baseline=None, verbose="error")
    x = prepare(epochs, InputSpec())
    epochs.load_data()
    assert len(x) == len(epochs) == 1200
    np.testing.assert_allclose(x, 1e6 * epochs.get_data(picks="eeg"), rtol=1e-6)
    epochs._data[1100, 2] = np.nan
    assert prepare(epochs, InputSpec()).isfinite().all()
    epochs._data[1100, 1, 3] = np.inf
    with pytest.raises(ValueError, match="^Epoch 1100 has NaN or infinite values in channel 'Cz'."):
        prepare(epochs, InputSpec())


def test_what_was_chosen_is_logged(caplog):
    with caplog.at_level("INFO", "eegimg.models"):
        prepare(make_epochs(), InputSpec(ch_names=["Pz", "Oz"]), channels="zero")
    (line,) = caplog.messages
    assert line.startswith("6 epochs brought to what the network expects: {'channels': 'zero', 'measured': 1")


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
    assert epochs.tmin == pytest.approx(0.02)
    spec = InputSpec(
        n_chans=128, n_times=512, sfreq=1000.0, tmin=0.02, duration=0.44, length="interpolate", resample=False
    )
    x = prepare(epochs, spec)
    wanted = np.load(reference / "reference_items.npz")
    rows = {index: row for row, index in enumerate(epochs.metadata["source_index"])}
    ours = x[[rows[index] for index in wanted["indices"]]].numpy()
    np.testing.assert_allclose(ours, wanted["eeg"], rtol=0, atol=1e-5)
