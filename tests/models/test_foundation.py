"""Foundation models of braindecode: what they are given of an epoch, and weights that are theirs."""

import json

import mne
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("braindecode.models")
pytestmark = pytest.mark.torch

from scipy.signal import resample_poly  # noqa: E402

from eegimg.models.networks import _braindecode  # noqa: E402
from eegimg.models.networks._braindecode import braindecode_class  # noqa: E402
from eegimg.models.networks._designs import BIPOLAR, DESIGNS, TEN_TWENTY  # noqa: E402
from eegimg.models.networks.foundation import Foundation  # noqa: E402

# Sizes that a test can afford.
SMALL = {
    "labram": {"num_layers": 1},
    "biot": {"num_layers": 1},
    "eegpt": {"depth": 1, "embed_dim": 64},
    "cbramod": {"n_layer": 1},
    "reve": {"depth": 1},
    "signal_jepa": {"transformer__num_encoder_layers": 1, "transformer__num_decoder_layers": 1},
    "bendr": {"transformer_layers": 1, "encoder_h": 32, "contextualizer_hidden": 32},
}
every_model = pytest.mark.parametrize("which", SMALL)


@pytest.fixture(autouse=True)
def one_thread():
    """Make random weights the same in every test, and leave the other cores alone."""
    torch.set_num_threads(1)
    torch.manual_seed(0)


def build(which, **words):
    """Return a small model in evaluation mode."""
    return Foundation(
        **{"which": which, "sizes": SMALL.get(which), "sfreq": 250.0, "n_times": 250} | words
    ).eval()


def channels(names=TEN_TWENTY):
    """Return what mne says of channels, with places."""
    info = mne.create_info(list(names), 250.0, "eeg")
    info.set_montage("colin27_1005", match_case=False)
    return info["chs"]


def microvolts(n=3, n_chans=19, n_times=250):
    return 10 * torch.randn(n, n_chans, n_times, generator=torch.Generator().manual_seed(1))


# What comes out of an epoch of 0.44 s, and of one of 1 s: samples of the model, and shape of the features.
WINDOWS = {
    "labram": (200, (19, 200), 200, (19, 200)),
    "biot": (200, (256,), 200, (256,)),
    "eegpt": (128, (3, 256), 256, (7, 256)),
    "cbramod": (200, (19, 200), 200, (19, 200)),
    "reve": (200, (19, 512), 200, (19, 512)),
    "signal_jepa": (152, (19, 64), 152, (19, 64)),
    "bendr": (192, (32,), 288, (32,)),
}


@every_model
def test_epochs_of_any_rate_and_length_give_features_and_logits(which):
    short, short_shape, long, long_shape = WINDOWS[which]
    network = build(which, sfreq=1000.0, n_times=440)
    x = microvolts(n_times=440)
    features = network(x)
    assert network.prepare_signal(x).shape[2] == short
    assert features.shape == (3, *short_shape)
    assert network.embed_dim == short_shape[-1]
    network = build(which)
    assert network.prepare_signal(microvolts()).shape[2] == long
    assert network(microvolts()).shape == (3, *long_shape)
    longer = build(which, sfreq=DESIGNS[which].sfreq, n_times=701)
    assert longer.prepare_signal(microvolts(n_times=701)).shape[2] >= 701
    logits = build(which, n_outputs=4)(microvolts())
    assert logits.shape == (3, 4)


@every_model
def test_an_epoch_alone_is_what_it_is_in_a_batch_and_none_is_the_same(which):
    network = build(which)
    x = microvolts()
    together = network(x)
    torch.testing.assert_close(network(x[1:2])[0], together[1], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-4)


@every_model
def test_gradients_reach_every_weight(which):
    network = build(which, n_outputs=2).train()
    network(microvolts()).square().sum().backward()
    learned = {name: value for name, value in network.named_parameters() if value.requires_grad}
    assert [name for name, value in learned.items() if value.grad is None] == []
    assert "head.weight" in learned


def test_resampling_is_that_of_scipy_and_zeros_follow_the_end():
    x = microvolts(n_times=220)
    network = build("signal_jepa", sfreq=500.0, n_times=220)
    made = network.prepare_signal(x)
    expected = resample_poly(x.numpy().astype(float), 32, 125, axis=-1, padtype="line")
    np.testing.assert_allclose(made[..., :57].numpy(), expected, rtol=0, atol=1e-4)
    assert made.shape[2] == 152
    assert (made[..., 57:] == 0).all()
    # Same rate: nothing is resampled.
    same = build("cbramod", sfreq=200.0, n_times=150).prepare_signal(x[..., :150])
    assert torch.equal(same[..., :150], x[..., :150] / 100)
    assert (same[..., 150:] == 0).all()


@pytest.mark.parametrize(("which", "divisor"), [("labram", 100), ("cbramod", 100), ("eegpt", 1000)])
def test_microvolts_are_divided_as_in_pretraining(which, divisor):
    design = DESIGNS[which]
    network = build(which, sfreq=design.sfreq, n_times=256)
    x = microvolts(n_times=256)
    torch.testing.assert_close(network.prepare_signal(x)[..., :256], x / divisor)


def test_reve_is_given_epochs_with_mean_0_and_deviation_1_and_no_spikes():
    x = 40 + microvolts(n_times=200)
    x[0, 3, 7] = 1e5
    made = build("reve", sfreq=200.0, n_times=200).prepare_signal(x)
    torch.testing.assert_close(made[1:].mean((1, 2)), torch.zeros(2), rtol=0, atol=1e-5)
    torch.testing.assert_close(made[1:].std((1, 2)), torch.ones(2), rtol=0, atol=1e-5)
    assert made[0, 3, 7] == 15
    # All channels together: a channel that is larger stays so.
    x[1, 0] *= 3
    spread = build("reve", sfreq=200.0, n_times=200).prepare_signal(x)[1].std(-1)
    assert spread[0] > 2 * spread[1:].max()


def test_biot_is_given_differences_over_their_95th_percentile():
    names = [*TEN_TWENTY[::-1], "AFz"]
    network = build("biot", sfreq=200.0, n_times=200, chs_info=channels(names))
    x = microvolts(n_chans=20, n_times=200)
    made = network.prepare_signal(x)
    assert made.shape == (3, 16, 200)
    for row, (plus, minus) in enumerate(BIPOLAR):
        expected = (x[:, names.index(plus)] - x[:, names.index(minus)]).numpy()
        expected = expected / np.quantile(np.abs(expected), 0.95, axis=-1, keepdims=True)
        np.testing.assert_allclose(made[:, row].numpy(), expected, rtol=1e-4, atol=1e-5)


def test_bendr_is_given_its_19_channels_by_name_from_minus_1_to_1_and_no_scale():
    names = ["AFz", *TEN_TWENTY[::-1]]
    old = [{"P7": "T5", "P8": "T6", "T7": "T3", "T8": "T4"}.get(name, name) for name in names]
    network = build("bendr", sfreq=256.0, n_times=96, chs_info=[{"ch_name": name.upper()} for name in old])
    x = microvolts(n_chans=20, n_times=96)
    made = network.prepare_signal(x)
    assert made.shape == (3, 20, 96)
    assert (made[:, 19] == 0).all()
    torch.testing.assert_close(made[:, :19].amin((1, 2)), -torch.ones(3))
    torch.testing.assert_close(made[:, :19].amax((1, 2)), torch.ones(3))
    order = [names.index(name) for name in TEN_TWENTY]
    flat = made[0, :19].flatten().argsort()
    assert torch.equal(flat, x[0, order].flatten().argsort())


@pytest.mark.parametrize("which", ["labram", "reve", "signal_jepa"])
def test_channels_are_told_apart_by_name_or_place_and_not_by_order(which):
    order = torch.randperm(19, generator=torch.Generator().manual_seed(3))
    chs_info = channels()
    network = build(which, chs_info=chs_info)
    other = build(which, chs_info=[chs_info[n] for n in order])
    other.load_state_dict(network.state_dict())
    x = microvolts()
    torch.testing.assert_close(other(x[:, order]), network(x)[:, order], rtol=1e-3, atol=1e-4)
    assert not torch.allclose(network(x[:, order]), network(x)[:, order], atol=1e-3)


def test_eegpt_tells_channels_apart_by_name():
    order = torch.randperm(19, generator=torch.Generator().manual_seed(3))
    chs_info = channels()
    network = build("eegpt", chs_info=chs_info)
    other = build("eegpt", chs_info=[chs_info[n] for n in order])
    other.load_state_dict(network.state_dict())
    x = microvolts()
    torch.testing.assert_close(other(x[:, order]), network(x), rtol=1e-3, atol=1e-4)
    assert not torch.allclose(network(x[:, order]), network(x), atol=1e-3)


def test_without_names_the_channels_are_those_of_the_10_20_system():
    network, named = build("labram"), build("labram", chs_info=channels())
    named.load_state_dict(network.state_dict())
    assert torch.equal(named(microvolts()), network(microvolts()))
    assert build("cbramod", n_chans=5)(microvolts(n_chans=5)).shape == (3, 5, 200)


@pytest.mark.parametrize(
    ("words", "error", "sentence"),
    [
        ({"which": "labra"}, ValueError, r"must be 'labram' or .* Did you mean 'labram'\?"),
        ({"sfreq": None}, TypeError, "the rate of the epochs in Hz for 'labram', must be a number above 0"),
        ({"n_chans": 63}, ValueError, "'labram' must know which channels these 63 are: give chs_info"),
        ({"n_chans": 3, "chs_info": channels()}, ValueError, "n_chans=3 and a chs_info of 19 channels"),
        (
            {"chs_info": [{"ch_name": "Oz"}, {"ch_name": "EXG1"}]},
            ValueError,
            "'labram' has no place for the channels 'EXG1'; it knows 'FP1', 'FPZ'",
        ),
        ({"sizes": {"num_layer": 1}}, ValueError, r"Got 'num_layer'. Did you mean 'num_layers'\?"),
        ({"sizes": {"patch_size": 100}}, ValueError, "which='labram', may have .* Got 'patch_size'"),
        ({"sizes": 3}, TypeError, "'sizes' parameter of Foundation must be a dict"),
        ({"positions": {"Fp1": [0, 0, 0]}}, ValueError, "is for 'reve'; 'labram' takes none"),
        (
            {"which": "reve", "sizes": {}, "positions": dict.fromkeys(TEN_TWENTY, [0, 0])},
            ValueError,
            "must have x, y and z of each channel",
        ),
        (
            {"which": "reve", "sizes": {}, "positions": [[0, 0, 0]]},
            TypeError,
            "must be a dict of places by name",
        ),
        (
            {"which": "reve", "sizes": {}, "chs_info": [{"ch_name": "Oz"}]},
            ValueError,
            "'reve' needs the places of channels, and chs_info has none for 'Oz'",
        ),
        (
            {"which": "biot", "sizes": {}, "chs_info": channels(TEN_TWENTY[1:])},
            ValueError,
            "'biot' needs the electrodes 'Fp1' of the 10-20 system",
        ),
        ({"n_times": 1}, ValueError, "'n_times' parameter of Foundation must be an integer of at least 2"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(words, error, sentence):
    with pytest.raises(error, match=sentence):
        build(**{"which": "labram"} | words)


def test_a_signal_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"made for signals of shape \(batch, 19, 250\). Got \(1, 19, 251\)"):
        build("cbramod")(microvolts(n=1, n_times=251))


@every_model
def test_a_saved_model_comes_back(which, tmp_path):
    network = build(which, n_outputs=2, chs_info=channels())
    network.save_pretrained(tmp_path)
    again = Foundation.from_pretrained(tmp_path)
    assert torch.equal(again(microvolts()), network(microvolts()))
    assert [channel["ch_name"] for channel in again.chs_info] == list(TEN_TWENTY)


@pytest.fixture
def original(tmp_path, monkeypatch):
    """Return a function that saves a model of braindecode, of 3 patches, as its authors would."""

    def save(which):
        words = {
            "labram": {"n_chans": 19, "n_times": 600, "n_outputs": 4},
            "biot": {"n_chans": 16, "n_times": 600, "n_outputs": 4, "sfreq": 200},
            "eegpt": {"chs_info": channels(), "n_times": 768, "n_outputs": 4, "chan_proj_type": "none"},
            "cbramod": {"n_chans": 19, "n_times": 600, "n_outputs": 4},
            "reve": {"n_chans": 19, "n_times": 560, "n_outputs": 4},
            "signal_jepa": {"chs_info": channels(), "n_times": 408, "channel_embedding": "pretrain_aligned"},
            "bendr": {"n_chans": 20, "n_times": 600, "n_outputs": 4},
        }[which]
        kind = braindecode_class(DESIGNS[which].kind)
        if which == "reve":
            places = {name: [n, 0.5, -n] for n, name in enumerate(TEN_TWENTY)}
            (tmp_path / "reve_positions.json").write_text(json.dumps(places))
            (tmp_path / "positions.json").write_text(json.dumps(places))
            monkeypatch.setenv("REVE_POSITIONS_PATH", str(tmp_path))
        model = kind(**words, **SMALL[which]).eval()
        model.save_pretrained(tmp_path)
        monkeypatch.undo()
        return model, tmp_path

    return save


def serve(monkeypatch, folder):
    """Let the hub be a folder, and return what was asked for."""
    asked = []

    def download(repo, name, **options):
        asked.append((repo, name, options))
        return str(folder / name)

    monkeypatch.setattr(_braindecode, "hf_hub_download", download)
    return asked


@every_model
def test_published_weights_give_the_features_of_braindecode(which, original, monkeypatch):
    model, folder = original(which)
    asked = serve(monkeypatch, folder)
    network = Foundation.from_braindecode(which, sfreq=250.0, n_times=750, chs_info=channels(), revision="v1")
    assert ("config.json", DESIGNS[which].weights) in [(name, repo) for repo, name, _ in asked]
    assert all(options["revision"] == "v1" for repo, _, options in asked if repo == DESIGNS[which].weights)
    assert not network.training
    x = network.prepare_signal(microvolts(n_times=750))
    more = {"labram": {"ch_names": list(TEN_TWENTY)}}.get(which, {})
    if which == "reve":
        more["pos"] = torch.tensor([[float(n), 0.5, -float(n)] for n in range(19)]).expand(3, -1, -1)
    expected = model(x, return_features=True, **more)["features"]
    expected = expected if expected.ndim < 4 else expected.flatten(1, 2)
    torch.testing.assert_close(network(microvolts(n_times=750)), expected)


def test_a_shorter_window_takes_the_first_of_labrams_times(original):
    model, folder = original("labram")
    network = Foundation.from_braindecode("labram", folder, sfreq=200.0, n_times=88, n_outputs=2)
    assert torch.equal(network.backbone.temporal_embedding, model.temporal_embedding[:, :2])
    assert network(microvolts(n_times=88)).shape == (3, 2)
    assert network.head.weight.requires_grad


def test_create_model_takes_the_weights_of_braindecode_too(original):
    model, folder = original("cbramod")
    network = build("cbramod")
    state = network.pick_weights(model.state_dict())
    assert state.keys() == network.state_dict().keys()
    assert torch.equal(state["backbone.proj_out.0.weight"], model.proj_out[0].weight)
    assert network.pick_weights(network.state_dict()).keys() == state.keys()


def test_a_model_that_was_saved_takes_shorter_windows_and_other_channels():
    state = build("labram", sfreq=200.0, n_times=600).state_dict()
    picked = build("labram", sfreq=200.0, n_times=200).pick_weights(state)
    assert torch.equal(picked["backbone.temporal_embedding"], state["backbone.temporal_embedding"][:, :2])
    places = {name: [n, 0.0, 1.0] for n, name in enumerate(TEN_TWENTY)}
    some = build("reve", positions=places, chs_info=[{"ch_name": "O2"}, {"ch_name": "FP1"}])
    assert some.positions.tolist() == [[[18.0, 0.0, 1.0], [0.0, 0.0, 1.0]]]


def test_weights_of_reve_need_its_own_places(original):
    model, _ = original("reve")
    with pytest.raises(ValueError, match="The published weights of 'reve' need the places of its own list"):
        build("reve").pick_weights(model.state_dict())
    assert "backbone.ln.weight" in build(
        "reve", positions=dict.fromkeys(TEN_TWENTY, [0.0, 0.1, 0.2])
    ).pick_weights(model.state_dict())


def test_weights_of_another_model_are_refused_with_the_names(original):
    model, folder = original("labram")
    with pytest.raises(
        ValueError, match="config.json of .* does not describe 'cbramod' as it is built here: it has"
    ):
        Foundation.from_braindecode("cbramod", folder, sfreq=200.0)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_layers": 2}))
    with pytest.raises(
        ValueError, match="does not hold the weights of Foundation .* it lacks 'backbone.blocks.1"
    ):
        Foundation.from_braindecode("labram", folder, sfreq=200.0)
    (folder / "config.json").write_text(json.dumps(config | {"activation": "os.system"}))
    with pytest.raises(
        ValueError, match="does not describe 'labram' as it is built here: it has activation='os.system'"
    ):
        Foundation.from_braindecode("labram", folder, sfreq=200.0)
    (folder / "config.json").write_text(json.dumps(config | {"patch_size": 100}))
    with pytest.raises(ValueError, match="it has patch_size=100. Take the checkpoint of this model"):
        Foundation.from_braindecode("labram", folder, sfreq=200.0)


def test_a_pickle_is_not_read(original):
    _, folder = original("cbramod")
    (folder / "model.safetensors").unlink()
    assert (folder / "pytorch_model.bin").is_file()
    with pytest.raises(
        FileNotFoundError, match="pytorch_model.bin beside it is a pickle, which could run code"
    ):
        Foundation.from_braindecode("cbramod", folder, sfreq=200.0)


def test_without_the_network_a_sentence_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(
        RuntimeError,
        match="braindecode/labram-pretrained is no folder here, and its config.json could not be had",
    ):
        Foundation.from_braindecode("labram", sfreq=200.0, local_files_only=True)
    with pytest.raises(RuntimeError, match="no/such/name is no folder here"):
        Foundation.from_braindecode("labram", "no/such/name", sfreq=200.0)


def test_a_folder_without_a_config_or_with_a_broken_one_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="config.json is missing"):
        Foundation.from_braindecode("labram", tmp_path, sfreq=200.0)
    for text, sentence in (("{", "is not JSON"), ("[]", "is not a table of JSON")):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(RuntimeError, match=sentence):
            Foundation.from_braindecode("labram", tmp_path, sfreq=200.0)


def test_channels_that_reve_has_no_place_for_are_refused(original, monkeypatch):
    _, folder = original("reve")
    serve(monkeypatch, folder)
    with pytest.raises(
        ValueError, match="'reve' needs the places of channels, and the list of them lacks 'AFz'"
    ):
        Foundation.from_braindecode("reve", sfreq=200.0, chs_info=channels([*TEN_TWENTY, "AFz"]))
