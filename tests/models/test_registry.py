"""Networks by name: listed without torch, built with the sizes that were asked for, refused in one sentence."""

import fnmatch
import subprocess
import sys

import pytest

from eegimg.models import _registry
from eegimg.models._registry import create_model, list_models, read_card, read_cards, register_model

SMALL = {"n_chans": 8, "n_times": 64, "embed_dim": 32, "depth": 2, "num_heads": 4}
DECODER = {"decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 2}
CARD = """
[[card]]
name = "{name}"
summary = "One."
builder = "{builder}"
kind = "encoder"
licence = "MIT"
paper = "none"
code = "none"
"""


@pytest.fixture
def torch():
    """Return torch, on one thread, or skip the test."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return torch


@pytest.fixture(autouse=True)
def own_names(monkeypatch):
    """Forget after a test what it has registered."""
    monkeypatch.setattr(_registry, "_REGISTERED", {})


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """Return a function that puts other cards in the place of those that ship."""

    def write(text):
        file = tmp_path / "cards.toml"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(_registry, "CARDS", file)

    return write


def test_names_are_sorted_and_matched_as_in_a_shell():
    names = list_models()
    assert names == sorted(read_cards())
    assert {"dreamdiffusion_mae", "dreamdiffusion_encoder"} <= set(names)
    assert list_models("dreamdiffusion*") == fnmatch.filter(names, "dreamdiffusion*")
    assert list_models("dreamdiffusion_ma?") == ["dreamdiffusion_mae"]
    assert list_models("nothing*") == []


def test_pretrained_ones_have_weights_that_can_be_checked():
    names = list_models(pretrained=True)
    assert set(names) <= set(list_models())
    assert "dreamdiffusion_mae" not in names
    for name in names:
        weights = read_card(name).weights
        assert weights.sha256
        assert weights.file or weights.url


def test_listing_and_cards_need_no_torch():
    text = (
        "import sys\n"
        "from eegimg.models._registry import list_models, read_card\n"
        "cards = [read_card(name) for name in list_models()]\n"
        "[card.to_markdown() for card in cards]\n"
        "print(len(cards), sorted({'torch', 'safetensors', 'huggingface_hub', 'pooch'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(list_models())} []\n"


def test_without_torch_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("importlib.import_module", _no_torch)
    with pytest.raises(
        ImportError,
        match=r'^create_model needs torch, which is not installed. Install it with: pip install "eegimg\[models\]".$',
    ):
        create_model("dreamdiffusion_mae")


def _no_torch(name):
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_an_unknown_name_gets_a_suggestion():
    for ask in (create_model, read_card):
        with pytest.raises(
            ValueError, match="The model 'dreamdifusion_mae' was asked for; eegimg knows .*"
        ) as err:
            ask("dreamdifusion_mae")
        assert str(err.value).endswith(" Did you mean 'dreamdiffusion_mae'?")
    with pytest.raises(
        TypeError, match="The 'name' parameter of read_card must be the name of a model. Got 3"
    ):
        create_model(3)


@pytest.mark.parametrize("call", [{"pattern": 3}, {"pretrained": "yes"}])
def test_wrong_questions_are_refused(call):
    with pytest.raises(TypeError, match=f"The '{[*call][0]}' parameter of list_models must be"):
        list_models(**call)


def test_pretrained_and_a_checkpoint_are_one_too_many():
    with pytest.raises(
        ValueError,
        match="^create_model was given both pretrained=True and a checkpoint. Give one: the card's weights, or yours.$",
    ):
        create_model("dreamdiffusion_mae", pretrained=True, checkpoint="x")


def test_weights_by_hand_say_where_they_are(monkeypatch):
    # Before any question of torch: nobody should install it to read this.
    page = "https://github.com/alinvdu/reproduce-dream-diffusion"
    with pytest.raises(
        ValueError,
        match="^The weights of 'dreamdiffusion_mae' cannot be fetched by eegimg: get them at "
        rf"{page} and give create_model\(..., checkpoint=FILE\).$",
    ):
        create_model("dreamdiffusion_mae", pretrained=True)


def test_an_architecture_without_weights_says_so(cards):
    cards(CARD.format(name="bare", builder="eegimg.models.networks.linear:Linear"))
    with pytest.raises(
        ValueError,
        match="^The model 'bare' has no published weights that eegimg knows. Train it, give a checkpoint, or take "
        "one of none.$",
    ):
        create_model("bare", pretrained=True)


def test_an_architecture_stands_for_its_first_tag_with_weights(cards):
    card = CARD + 'training_data = "d"\nsplit = "s"\nselection = "l"\n[card.weights]\n'
    weights = (
        f'format = "safetensors"\nterms = "open"\nsize = 1\nsha256 = "{"a" * 64}"\nfile = "x.safetensors"\n'
    )
    by_hand = 'format = "safetensors"\nterms = "open"\npage = "https://x"\n'
    builder = "eegimg.models.networks.linear:Linear"
    cards(
        CARD.format(name="net", builder=builder)
        + card.format(name="net.hand", builder=builder) + by_hand
        + card.format(name="net.zwei", builder=builder) + weights
        + card.format(name="net.eins", builder=builder) + weights
    )  # fmt: skip
    assert list_models() == ["net", "net.eins", "net.hand", "net.zwei"]
    assert list_models(pretrained=True) == ["net.eins", "net.zwei"]
    assert _registry._tagged(read_card("net")).name == "net.zwei"
    assert _registry._tagged(read_card("net.eins")).name == "net.eins"


def test_a_card_twice_is_refused(cards):
    cards(2 * CARD.format(name="net", builder="x:Y"))
    with pytest.raises(ValueError, match="^cards.toml has the card 'net' twice.$"):
        list_models()
    cards("[[card]")
    with pytest.raises(ValueError, match="^cards.toml is not TOML: "):
        list_models()


@pytest.mark.parametrize(
    "builder",
    [
        "os:system",
        "subprocess:Popen",
        "eegimg.models._hub:save_network",
        "eegimg.models.networks.linear:Linear.x",
        "eegimg.models.networks.linear:__class__",
        "eegimg.models.networks..linear:Linear",
        "eegimg.models.networks.linear",
    ],
)
@pytest.mark.torch
def test_a_card_can_only_name_a_network_of_eegimg(torch, cards, builder):
    cards(CARD.format(name="evil", builder=builder))
    with pytest.raises(
        ValueError, match="only classes of eegimg.models.networks and what register_model was given"
    ):
        create_model("evil")


@pytest.mark.torch
def test_sizes_go_before_the_cards_and_stand_in_it(torch):
    model = create_model("dreamdiffusion_encoder", **SMALL)
    assert model(torch.zeros(2, 8, 64)).shape == (2, 16, 32)
    assert {key: model.card.sizes[key] for key in SMALL} == SMALL
    assert model.card.sizes["patch_size"] == 4
    assert model.card.n_parameters == sum(p.numel() for p in model.parameters())
    assert read_card("dreamdiffusion_encoder").sizes["n_chans"] == 128


@pytest.mark.torch
def test_random_weights_are_called_random(torch):
    model = create_model("dreamdiffusion_mae", **SMALL, **DECODER)
    assert model.card.training_data == "none: the weights are random"
    assert (model.card.weights, model.card.scores, model.card.split) == (None, (), "")
    assert model.training


@pytest.mark.torch
def test_channels_of_mne_stand_in_the_card_as_plain_values(torch):
    mne = pytest.importorskip("mne")
    names = ["Oz", "Pz", "O1", "O2", "P3", "P4", "Cz", "Fz"]
    info = mne.create_info(names, 128.0, "eeg").set_montage("colin27_1020")
    model = create_model("dreamdiffusion_encoder", chs_info=info["chs"], **SMALL)
    assert [channel["ch_name"] for channel in model.card.sizes["chs_info"]] == names
    assert model.card.sizes["chs_info"][0]["loc"] == pytest.approx(info["chs"][0]["loc"][:3].tolist())
    assert model.card.input["ch_names"] == names
    for wrong in (["Oz"], [{"name": "Oz"}], 3):
        with pytest.raises(TypeError, match="The 'chs_info' parameter must be a list of channels such as"):
            create_model("dreamdiffusion_encoder", chs_info=wrong, **SMALL)


@pytest.mark.torch
def test_unknown_and_missing_sizes_are_named(torch):
    with pytest.raises(
        TypeError, match="The model 'dreamdiffusion_mae' has no size 'deph'; .*Did you mean 'depth'?"
    ):
        create_model("dreamdiffusion_mae", deph=2)

    @register_model("needy")
    def build(n_chans, n_outputs, n_times=3):
        return torch.nn.Linear(n_chans * n_times, n_outputs)

    with pytest.raises(
        TypeError,
        match="^The model 'needy' needs 'n_outputs', which its card does not fix: call "
        r"create_model\('needy', n_outputs=...\).$",
    ):
        create_model("needy", n_chans=2)
    assert create_model("needy", n_chans=2, n_outputs=5).card.sizes == {
        "n_chans": 2,
        "n_outputs": 5,
        "n_times": 3,
    }


def test_a_network_of_ones_own_has_a_card():
    @register_model("mine", sizes={"n_chans": 4}, licence="MIT", caveats=["Try it."])
    class Mine:
        """My network.

        More of it.
        """

    card = read_card("mine")
    assert (card.summary, card.licence, card.kind) == ("My network.", "MIT", "encoder")
    assert card.builder.endswith(":test_a_network_of_ones_own_has_a_card.<locals>.Mine")
    assert list_models("mi*") == ["mine"]
    assert _registry.find_builder(card) is Mine


@pytest.mark.torch
def test_a_registered_network_is_built_with_its_sizes(torch, tmp_path):
    import safetensors.torch

    def build(**sizes):
        model = torch.nn.Linear(sizes["n_chans"], sizes["n_outputs"])
        model.sizes = sizes
        return model

    assert register_model("mine.big", build, sizes={"n_chans": 4, "n_outputs": 2}) is build
    model = create_model("mine.big", n_outputs=3, anything=1)
    assert model.sizes == {"n_chans": 4, "n_outputs": 3, "anything": 1}
    assert model.card.n_parameters == 15
    safetensors.torch.save_file(model.state_dict(), tmp_path / "mine.safetensors")
    again = create_model("mine.big", checkpoint=tmp_path / "mine.safetensors", n_outputs=3)
    assert torch.equal(again.weight, model.weight)
    assert not again.training


def test_names_are_taken_once():
    register_model("mine", dict)
    for name in ("mine", "dreamdiffusion_mae"):
        with pytest.raises(ValueError, match=f"^The name '{name}' is taken. Choose another for your model.$"):
            register_model(name, dict)


def test_what_cannot_be_registered_is_refused():
    with pytest.raises(
        TypeError, match="must be a class or function that returns a network. Got 'Mine' instead."
    ):
        register_model("mine", "Mine")
    with pytest.raises(
        ValueError, match="register_model: the card 'Mine': name must be 'arch' or 'arch.tag'"
    ):
        register_model("Mine", dict)
    with pytest.raises(ValueError, match="has the unknown key 'license'. Did you mean 'licence'?"):
        register_model("mine", dict, license="MIT")
    assert list_models("mine") == []
