"""Features come from the network as it is, the same however they are batched or kept, and name what is wrong."""

import json
import logging
import re
import types

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.models._features import Features, extract_features
from eegimg.store._write import write_store

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

N_CHANS, N_TIMES, SFREQ = 3, 20, 100.0


class Adapter:
    """To microvolts, as a card may ask for."""

    def __init__(self, factor):
        self.record = {"scale": factor}

    def __call__(self, data):
        return data * self.record["scale"]


def card(factor=1e6, kind="encoder"):
    spec = types.SimpleNamespace(adapter_for=lambda data: Adapter(factor))
    return types.SimpleNamespace(name="planted", kind=kind, input_spec=spec)


def make_net(seed=0, with_card=True):
    """Return a network whose features are known: a matrix on flat epochs, behind dropout and batch norm."""
    torch.manual_seed(seed)
    layers = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Dropout(0.5),
        torch.nn.BatchNorm1d(N_CHANS * N_TIMES),
        torch.nn.Linear(N_CHANS * N_TIMES, 5),
    )
    if with_card:
        layers.card = card()
    return layers


class Tokens(torch.nn.Module):
    """Four tokens of two features for each epoch: means and last samples of quarters of the first channel."""

    def __init__(self):
        super().__init__()
        self.runs = 0

    def forward(self, x):
        self.runs += 1
        quarters = x[:, 0].unflatten(1, (4, -1))
        return torch.stack([quarters.mean(dim=2), quarters[:, :, -1]], dim=2)


def counted(model):
    """Count how often a network runs."""
    counts = []
    model.register_forward_hook(lambda *_: counts.append(1))
    return counts


@pytest.fixture(scope="module")
def epochs():
    rng = np.random.default_rng(0)
    n_epochs = 23
    metadata = pd.DataFrame(
        {"concept": rng.permutation(np.resize(["cat", "dog"], n_epochs)), "subject": "01"}
    )
    codes = (metadata["concept"] == "dog").to_numpy(int) + 1
    events = np.column_stack([100 * np.arange(n_epochs) + 50, np.zeros(n_epochs, int), codes])
    return mne.EpochsArray(
        1e-5 * rng.standard_normal((n_epochs, N_CHANS, N_TIMES)),
        mne.create_info(["Fz", "Cz", "Pz"], SFREQ, "eeg"),
        events,
        event_id={"cat": 1, "dog": 2},
        metadata=metadata,
        verbose="error",
    )


@pytest.fixture
def store(epochs, tmp_path):
    return write_store(epochs, tmp_path / "store")


def expected(model, epochs):
    with torch.no_grad():
        model.eval()
        x = torch.from_numpy(np.float32(1e6 * epochs.get_data(copy=True)))
        out = model(x).numpy()
        model.train()
    return out


def sentence(text):
    return f"^{re.escape(text)}$"


def test_features_are_what_the_network_gives_in_evaluation(epochs):
    model = make_net()
    features = extract_features(model, epochs)
    assert features.values.dtype == np.float32
    np.testing.assert_allclose(features.values, expected(model, epochs), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(features), features.values)
    assert np.asarray(features, dtype=float).dtype == float
    assert (len(features), repr(features)) == (23, "<Features: 23 epochs, 5 of planted>")


@pytest.mark.parametrize("batch_size", [1, 7, 23, 64])
def test_batches_change_nothing(epochs, batch_size):
    model = make_net()
    whole = extract_features(model, epochs, batch_size=1000).values
    np.testing.assert_allclose(
        extract_features(model, epochs, batch_size=batch_size).values, whole, atol=1e-5
    )


def test_a_store_and_its_epochs_give_the_same(epochs, store):
    model = make_net()
    from_store, from_epochs = extract_features(model, store), extract_features(model, epochs)
    np.testing.assert_allclose(from_store.values, from_epochs.values, atol=1e-5)
    assert from_store.metadata["concept"].tolist() == epochs.metadata["concept"].tolist()
    some = extract_features(model, store.select([4, 2]))
    np.testing.assert_allclose(some.values, from_store.values[[4, 2]], atol=1e-5)
    assert some.metadata["concept"].tolist() == from_store.metadata["concept"].iloc[[4, 2]].tolist()


def test_epochs_give_their_events_and_onsets_to_the_metadata(epochs):
    table = extract_features(make_net(), epochs).metadata
    assert table["onset"].tolist() == (np.arange(23) + 0.5).tolist()
    assert (table["event"] == table["concept"]).all()
    numbered = epochs.copy()
    numbered.events[:, 0] = np.arange(23)
    assert "onset" not in extract_features(make_net(), numbered).metadata
    assert "onset" not in epochs.metadata


def test_an_array_goes_to_the_network_as_it_is(epochs):
    model = make_net(with_card=False)
    x = np.float32(1e6 * epochs.get_data(copy=True))
    features = extract_features(model, x)
    np.testing.assert_allclose(features.values, expected(model, epochs), rtol=1e-5, atol=1e-6)
    assert features.record["input"] is None
    assert features.record["model"] == "Sequential"
    np.testing.assert_array_equal(extract_features(model, torch.from_numpy(x)).values, features.values)
    assert features.metadata.shape == (23, 0)


@pytest.mark.parametrize(
    ("pool", "shape", "make"),
    [
        ("mean", (23, 2), lambda tokens: tokens.mean(axis=1)),
        ("flatten", (23, 8), lambda tokens: tokens.reshape(23, 8)),
        ("none", (23, 4, 2), lambda tokens: tokens),
    ],
)
def test_tokens_are_pooled_as_asked(epochs, pool, shape, make):
    x = epochs.get_data(copy=True) * 1e5
    quarters = x[:, 0].reshape(23, 4, 5)
    tokens = np.stack([quarters.mean(axis=2), quarters[:, :, -1]], axis=2)
    features = extract_features(Tokens(), x, pool=pool)
    assert features.values.shape == shape
    np.testing.assert_allclose(features.values, make(tokens), atol=1e-6)


def test_a_masked_network_shows_all_patches_in_order_of_time():
    from eegimg.models.networks.dreamdiffusion import DreamDiffusionEncoder, DreamDiffusionMAE

    sizes = {"n_chans": 2, "n_times": 32, "embed_dim": 16, "depth": 1, "num_heads": 2}
    torch.manual_seed(0)
    masked = DreamDiffusionMAE(**sizes, decoder_embed_dim=8, decoder_depth=1, decoder_num_heads=2)
    x = np.random.default_rng(0).standard_normal((5, 2, 32))
    tokens = extract_features(masked, x, pool="none").values
    assert tokens.shape == (5, 8, 16)
    # Nothing is drawn: the same twice, and whatever the seed.
    torch.manual_seed(1)
    np.testing.assert_array_equal(extract_features(masked, x, pool="none").values, tokens)
    with torch.no_grad():
        drawn, _, restore = masked.encode(torch.from_numpy(np.float32(x)), mask_ratio=0.0)
        in_order = drawn[:, 1:].gather(1, restore[..., None].expand(-1, -1, 16)).numpy()
    np.testing.assert_allclose(tokens, in_order, atol=1e-5)
    encoder = DreamDiffusionEncoder(**sizes)
    assert extract_features(encoder, x).values.shape == (5, 16)


def test_the_network_is_left_as_it_was(epochs):
    model = make_net()
    model.train()
    model[2].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    extract_features(model, epochs)
    assert [layer.training for layer in model] == [True, True, False, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(value.grad is None and value.requires_grad for value in model.parameters())
    assert not torch.is_inference_mode_enabled()


def test_the_mode_is_restored_when_a_batch_fails(epochs):
    model = make_net()
    model.train()
    model[3].weight.data[0, 0] = float("nan")
    text = (
        "extract_features needs Sequential to return numbers; NaN or infinity in the epochs '0', '1' and '2'."
    )
    with pytest.raises(ValueError, match=sentence(text)):
        extract_features(model, epochs[:3])
    assert all(layer.training for layer in model)
    assert not torch.is_inference_mode_enabled()


def test_bfloat16_is_near_and_float32_all_the_same(epochs):
    model = make_net()
    low, high = extract_features(model, epochs, precision="bfloat16"), extract_features(model, epochs)
    assert low.values.dtype == np.float32
    assert not np.array_equal(low.values, high.values)
    np.testing.assert_allclose(low.values, high.values, atol=0.02 * np.abs(high.values).max())


def test_a_cache_is_read_and_the_network_not_run(epochs, store):
    model = make_net()
    first = extract_features(model, store, cache=True)
    counts = counted(model)
    again = extract_features(model, store, cache=True)
    assert counts == []
    assert isinstance(again.values, np.memmap)
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.values, extract_features(model, store).values)
    assert len(counts) == 1
    assert first.record == again.record
    assert first.record["data"] == store.fingerprint
    assert sorted(path.suffix for path in (store.path / "features").iterdir()) == [".json", ".npy"]
    assert again.metadata["concept"].tolist() == store.metadata["concept"].tolist()
    store.verify()


def changed_weight(model, data):
    with torch.no_grad():
        model[3].bias[0] += 1e-6
    return model, data, {}


def changed_buffer(model, data):
    model[2].running_mean[0] += 1e-6
    return model, data, {}


def changed_setting(model, data):
    model[2].eps = 1e-3
    return model, data, {}


def changed_input(model, data):
    model.card = card(1e3)
    return model, data, {}


def changed_choice(model, data):
    return model, data.select(slice(0, 5)), {}


def changed_pool(model, data):
    return model, data, {"pool": "flatten"}


def changed_precision(model, data):
    return model, data, {"precision": "bfloat16"}


@pytest.mark.parametrize(
    "change",
    [
        changed_weight,
        changed_buffer,
        changed_setting,
        changed_input,
        changed_choice,
        changed_pool,
        changed_precision,
    ],
)
def test_whatever_changes_features_is_another_key(store, tmp_path, change):
    model = make_net()
    extract_features(model, store, cache=tmp_path / "kept")
    model, data, options = change(model, store)
    counts = counted(model)
    extract_features(model, data, cache=tmp_path / "kept", **options)
    assert counts == [1]
    assert len(list((tmp_path / "kept").glob("*.npy"))) == 2


def test_what_does_not_change_features_is_the_same_key(store, tmp_path):
    model = make_net()
    extract_features(model, store, cache=tmp_path, batch_size=4)
    model.train()
    counts = counted(model)
    extract_features(model, store, cache=tmp_path, batch_size=9)
    assert counts == []
    # Another network with equal weights is the same network.
    twin = make_net()
    counts = counted(twin)
    extract_features(twin, store, cache=tmp_path)
    assert counts == []


def test_epochs_and_arrays_are_told_apart_by_their_samples(epochs, tmp_path):
    model = make_net()
    extract_features(model, epochs, cache=tmp_path)
    other = epochs.copy()
    other._data[3, 1, 7] *= 1.001
    counts = counted(model)
    extract_features(model, epochs, cache=tmp_path)
    assert counts == []
    extract_features(model, other, cache=tmp_path)
    assert counts == [1]


@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "note"])
def test_a_damaged_cache_is_said_and_computed_again(store, caplog, damage):
    model = make_net()
    first = np.array(extract_features(model, store, cache=True).values)
    (array,) = (store.path / "features").glob("*.npy")
    note = array.with_suffix(".json")
    content = array.read_bytes()
    if damage == "cut":
        array.write_bytes(content[:-8])
    elif damage == "flip":
        array.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "gone":
        array.unlink()
    else:
        note.write_text("{", encoding="utf-8")
    with caplog.at_level(logging.WARNING, logger="eegimg.models"):
        again = extract_features(model, store, cache=True)
    np.testing.assert_array_equal(again.values, first)
    assert caplog.messages == [f"The cached features {array} are damaged; they are computed again."]
    assert array.read_bytes() == content
    assert json.loads(note.read_text(encoding="utf-8"))["model"] == "planted"


def test_a_run_that_fails_leaves_no_cache(epochs, tmp_path):
    model = make_net()
    data = np.float32(1e6 * epochs.get_data(copy=True))
    data[20, 1, 3] = np.nan
    text = "extract_features needs epochs that are numbers; NaN or infinity in the epochs '20'."
    with pytest.raises(ValueError, match=sentence(text)):
        extract_features(model, data, cache=tmp_path / "kept", batch_size=8)
    assert list((tmp_path / "kept").iterdir()) == []


def test_cache_needs_a_folder(epochs):
    text = "The 'cache' parameter of extract_features can be True for a Store that is a folder. Name a folder instead."
    with pytest.raises(ValueError, match=sentence(text)):
        extract_features(make_net(), epochs, cache=True)


class Strange(torch.nn.Module):
    def __init__(self, out):
        super().__init__()
        self.out = out

    def forward(self, x):
        return self.out


@pytest.mark.parametrize(
    ("model", "data", "error", "text"),
    [
        (
            "net",
            np.zeros((2, 3, 20)),
            TypeError,
            "The 'model' parameter of extract_features must be a torch module, from create_model or another. Got "
            "'net' instead.",
        ),
        (
            Tokens(),
            np.zeros((3, 20)),
            TypeError,
            "extract_features needs a Store, mne Epochs, or numbers of shape (n_epochs, n_chans, n_times). Got "
            "ndarray of shape (3, 20).",
        ),
        (
            Tokens(),
            np.zeros((0, 3, 20)),
            ValueError,
            "extract_features needs epochs. Got an array of shape (0, 3, 20).",
        ),
        (
            Strange({"features": 1}),
            np.zeros((2, 3, 20)),
            TypeError,
            "extract_features needs a network that returns (n_epochs, n_features) or (n_epochs, n_tokens, "
            "n_features). Strange returned dict for 2 epochs.",
        ),
        (
            Strange(torch.zeros(2, 1, 1, 1)),
            np.zeros((2, 3, 20)),
            TypeError,
            "extract_features needs a network that returns (n_epochs, n_features) or (n_epochs, n_tokens, "
            "n_features). Strange returned shape (2, 1, 1, 1) for 2 epochs.",
        ),
    ],
    ids=["no module", "flat", "empty", "dict", "four dimensions"],
)
def test_bad_input_gets_one_sentence(model, data, error, text):
    with pytest.raises(error, match=sentence(text)):
        extract_features(model, data)


def test_epochs_need_a_network_with_a_card(epochs):
    text = (
        "extract_features cannot tell which channels, rate and unit Tokens expects, as it has no card. Take a "
        "network from create_model, or give an array (n_epochs, n_chans, n_times) as the network takes it."
    )
    with pytest.raises(ValueError, match=sentence(text)):
        extract_features(Tokens(), epochs)
    with pytest.raises(ValueError, match="^extract_features needs epochs. Got none: <EpochsArray"):
        extract_features(make_net(), epochs[:0])


def test_an_array_of_another_size_is_refused_before_the_network_runs():
    model = Tokens()
    model.n_chans, model.n_times = 3, 20
    text = (
        "extract_features got an array of 4 channels and 20 samples; Tokens takes 3 and 20. Give Epochs or a "
        "Store, which are adapted by channel name, or bring the array there."
    )
    with pytest.raises(ValueError, match=sentence(text)):
        extract_features(model, np.zeros((2, 4, 20)))
    assert model.runs == 0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"batch_size": 0}, ValueError),
        ({"pool": "max"}, ValueError),
        ({"precision": "float16"}, ValueError),
        ({"progress": 1}, TypeError),
    ],
)
def test_parameters_are_checked(options, error):
    with pytest.raises(error, match=f"The '{next(iter(options))}' parameter of extract_features must be"):
        extract_features(Tokens(), np.zeros((2, 3, 20)), **options)


def test_features_hold_for_a_probe(epochs):
    from eegimg.models._probe import probe

    metadata = epochs.metadata.assign(split=np.resize(["train", "test"], len(epochs)))
    features = extract_features(make_net(), epochs)
    assert isinstance(features, Features)
    card_ = probe(features, metadata.assign(onset=features.metadata["onset"].to_numpy()), n_relabel=1)
    assert card_.source == features.record
