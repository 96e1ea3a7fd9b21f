"""What holds for every card: it is true of the network that it builds, and the network behaves."""

import copy
import hashlib
import pickle

import mne
import numpy as np
import pytest

from eegimg.models import _weights
from eegimg.models._registry import create_model, find_builder, read_cards
from eegimg.models._sizes import choose_sizes

# braindecode asks for montages by their old names when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:Montage name 'standard_10:FutureWarning")
CARDS = read_cards()
every_card = pytest.mark.parametrize("name", sorted(CARDS))
N_CLASSES = 3
# Of braindecode's: torch pickles no weights that are computed from others, and LaBraM has a lambda.
NO_PICKLES = {"bendr", "eegnet", "labram"}
# Sizes that a test can afford, by architecture; without, the card's own.
SMALL = {
    "dreamdiffusion_mae": {
        "n_chans": 16, "n_times": 64, "embed_dim": 32, "depth": 2, "num_heads": 4,
        "decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 2,
    },
    "dreamdiffusion_encoder": {"n_chans": 16, "n_times": 64, "embed_dim": 32, "depth": 2, "num_heads": 4},
    "labram": {"sizes": {"num_layers": 1}},
    "biot": {"sizes": {"num_layers": 1, "embed_dim": 32, "num_heads": 2}},
    "eegpt": {"sizes": {"depth": 1, "embed_dim": 32, "num_heads": 2}},
    "cbramod": {"sizes": {"n_layer": 1, "dim_feedforward": 32}},
    "reve": {"sizes": {"depth": 1, "embed_dim": 32, "heads": 2, "head_dim": 16}},
    "signal_jepa": {"sizes": {"transformer__num_encoder_layers": 1}},
    "bendr": {"sizes": {"encoder_h": 32, "contextualizer_hidden": 32, "transformer_layers": 1}},
}  # fmt: skip


def sizes_of(card):
    """Return what to build a card with; weights fix the sizes of those that have a tag."""
    return {} if "." in card.name else SMALL.get(card.arch, {})


@pytest.fixture
def torch():
    """Return torch, on one thread, or skip the test."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return torch


@pytest.fixture
def build(torch):
    """Return a function that builds the network of a card, random weights, in evaluation mode."""

    def make(name, **more):
        torch.manual_seed(0)
        return create_model(name, **sizes_of(CARDS[name]) | more).eval()

    return make


def signals(torch, model, n=3):
    """Return epochs as they come out of ``prepare``: about one in size."""
    sizes = model.card.sizes
    return torch.randn(n, sizes["n_chans"], sizes["n_times"], generator=torch.Generator().manual_seed(1))


def run(torch, model, x):
    """Return what a network makes of signals; masked ones hide the same patches of each."""
    if model.card.kind != "masked":
        return model(x)
    n_patches = model.patchify(x).shape[1]
    noise = torch.rand(n_patches, generator=torch.Generator().manual_seed(2)).expand(len(x), -1)
    return model(x, noise=noise).pred


@every_card
def test_cards_can_be_copied_and_pickled(name):
    card = CARDS[name]
    assert copy.deepcopy(card) == card
    assert pickle.loads(pickle.dumps(card)) == card
    assert card.to_markdown().count("---\n") == 2


@every_card
def test_a_tag_belongs_to_an_architecture(name):
    card = CARDS[name]
    assert card.arch in CARDS
    assert card.builder == CARDS[card.arch].builder
    assert card.kind == CARDS[card.arch].kind


@every_card
def test_facts_are_filled(name):
    card = CARDS[name]
    assert card.summary.endswith(".")
    assert card.paper == "none" or card.paper.startswith(("10.", "https://"))
    assert card.code == "none" or card.code.startswith("https://")
    if card.arch != "linear":
        assert card.paper != "none"


@every_card
def test_the_input_is_described_in_words_that_prepare_knows(name):
    card = CARDS[name]
    spec = card.input_spec
    assert {key: getattr(spec, key) for key in card.input} == {
        key: tuple(value) if isinstance(value, list) else value for key, value in card.input.items()
    }
    for key in ("n_chans", "n_times"):
        assert getattr(spec, key) == card.sizes.get(key)


@every_card
def test_shipped_weights_are_there_and_small(name):
    weights = CARDS[name].weights
    if weights is None or not weights.file:
        pytest.skip("ships no weights")
    path = _weights.SHIPPED / weights.file
    assert path.stat().st_size == weights.size <= 4_000_000
    assert hashlib.sha256(path.read_bytes()).hexdigest() == weights.sha256


def test_no_weights_ship_without_a_card():
    files = {path.name for path in _weights.SHIPPED.glob("*.safetensors")}
    assert files == {card.weights.file for card in CARDS.values() if card.weights and card.weights.file}


@every_card
@pytest.mark.torch
def test_words_of_the_card_are_those_of_the_constructor(torch, name):
    card = CARDS[name]
    sizes = choose_sizes(name, find_builder(card), {}, card.sizes)
    assert {key: sizes[key] for key in card.sizes} == card.sizes
    assert set(card.free) <= set(sizes)
    assert [*sizes][:5] == ["n_chans", "n_times", "n_outputs", "sfreq", "chs_info"]


@every_card
@pytest.mark.torch
@pytest.mark.slow
def test_the_number_of_parameters_is_that_of_the_card(torch, name, monkeypatch, tmp_path):
    card = CARDS[name]
    if not card.n_parameters:
        pytest.skip("not stated")
    # torch sets it when something on the meta device makes it load its compiler.
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    if "which" in card.sizes:
        pytest.skip("built in earnest by the slow test")
    with torch.device("meta"):
        model = find_builder(card)(**card.sizes)
    assert sum(parameter.numel() for parameter in model.parameters()) == card.n_parameters


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if "which" in card.sizes])
@pytest.mark.torch
@pytest.mark.slow
def test_foundation_models_have_the_parameters_of_their_cards(torch, name):
    model = find_builder(CARDS[name])(**CARDS[name].sizes)
    assert sum(parameter.numel() for parameter in model.parameters()) == CARDS[name].n_parameters


@every_card
@pytest.mark.torch
def test_shapes_are_those_of_the_kind(torch, build, name):
    model = build(name)
    x = signals(torch, model)
    out = run(torch, model, x)
    assert out.dtype == torch.float32
    assert len(out) == len(x)
    assert torch.isfinite(out).all()
    if model.card.kind == "masked":
        assert out.shape == model.patchify(x).shape
        return
    assert out.ndim in (2, 3)
    logits = build(name, n_outputs=N_CLASSES)(x)
    assert logits.shape == (len(x), N_CLASSES)


@every_card
@pytest.mark.torch
def test_a_signal_alone_is_what_it_is_in_a_batch(torch, build, name):
    model = build(name)
    x = signals(torch, model)
    together = run(torch, model, x)
    for n in range(len(x)):
        torch.testing.assert_close(run(torch, model, x[n : n + 1])[0], together[n], rtol=1e-4, atol=1e-5)
    # Signals differ, or the above would hold of a constant.
    assert not torch.allclose(together[0], together[1], atol=1e-4)


@every_card
@pytest.mark.torch
def test_the_same_signal_gives_the_same_numbers(torch, build, name):
    model = build(name)
    x = signals(torch, model)
    assert torch.equal(run(torch, model, x), run(torch, model, x))
    assert torch.equal(run(torch, model, x), run(torch, build(name), x))


@every_card
@pytest.mark.torch
def test_a_saved_network_comes_back(torch, build, name, tmp_path):
    model = build(name)
    x = signals(torch, model)
    model.save_pretrained(tmp_path)
    expected = run(torch, model, x)
    for again in (create_model(name, checkpoint=tmp_path), type(model).from_pretrained(tmp_path)):
        assert torch.equal(run(torch, again, x), expected)
        assert again.card.sizes == model.card.sizes
        assert [*again.state_dict()] == [*model.state_dict()]


@every_card
@pytest.mark.torch
def test_every_parameter_learns(torch, build, name):
    model = build(name)
    x = signals(torch, model)
    loss = model(x).loss if model.card.kind == "masked" else model(x).square().mean()
    loss.backward()
    trained = {key: value for key, value in model.named_parameters() if value.requires_grad}
    assert trained
    without = [key for key, value in trained.items() if value.grad is None]
    assert not without
    assert all(torch.isfinite(value.grad).all() for value in trained.values())


@every_card
@pytest.mark.torch
def test_a_network_can_be_copied_and_pickled(torch, build, name):
    model = build(name)
    x = signals(torch, model)
    copies = [copy.deepcopy(model)]
    if model.card.arch not in NO_PICKLES:
        copies.append(pickle.loads(pickle.dumps(model)))
    for again in copies:
        assert torch.equal(run(torch, again, x), run(torch, model, x))
        assert again.card == model.card


def epochs_for(card, **change):
    """Return two epochs in volts that a network takes as they are, or that differ in something."""
    spec = card.input_spec
    facts = {
        "sfreq": spec.sfreq or 250.0,
        "tmin": spec.tmin or 0.0,
        "n_chans": spec.n_chans,
        "n_times": spec.n_times,
    }
    if spec.duration:
        facts["n_times"] = round(spec.duration * facts["sfreq"])
    facts |= change
    names = list(spec.ch_names or (f"E{n}" for n in range(facts["n_chans"])))[: facts["n_chans"]]
    info = mne.create_info(names, facts["sfreq"], "eeg")
    data = 1e-5 * np.random.default_rng(0).standard_normal((2, len(names), facts["n_times"]))
    data *= facts.get("factor", 1)
    return mne.EpochsArray(data, info, tmin=facts["tmin"], verbose="error")


@every_card
@pytest.mark.torch
def test_prepare_gives_what_the_network_takes(torch, build, name):
    model = build(name)
    x = model.card.prepare(epochs_for(model.card))
    assert x.dtype == torch.float32
    assert x.shape == (2, model.card.sizes["n_chans"], model.card.sizes["n_times"])
    assert torch.isfinite(run(torch, model, x)).all()


@every_card
@pytest.mark.torch
def test_prepare_refuses_wrong_input(torch, build, name):
    card = build(name).card
    for change, sentence in (
        ({"n_chans": 1}, "channel"),
        ({"factor": np.nan}, "Epoch 0 has NaN or infinite values in channel"),
        ({"factor": 1e7}, "EEG was expected in volts"),
        ({"n_times": 3}, "The network expects"),
    ):
        with pytest.raises(ValueError, match=sentence):
            card.prepare(epochs_for(card, **change))
    with pytest.raises(TypeError, match="must be mne.Epochs or a Store"):
        card.prepare(np.zeros((2, 3, 4)))
