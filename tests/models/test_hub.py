"""Networks in folders and on the hub: sizes, weights and card come back, and nothing that is read can run."""

import json
import pathlib
import shutil

import pytest

torch = pytest.importorskip("torch")
huggingface_hub = pytest.importorskip("huggingface_hub")

from eegimg.models._registry import create_model  # noqa: E402
from eegimg.models.networks import _network  # noqa: E402
from eegimg.models.networks.dreamdiffusion import (  # noqa: E402
    DreamDiffusionEncoder,
    DreamDiffusionMAE,
)

pytestmark = pytest.mark.torch
torch.set_num_threads(1)
SMALL = {"n_chans": 8, "n_times": 64, "embed_dim": 32, "depth": 2, "num_heads": 4}
DECODER = {"decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 2}


@pytest.fixture
def mae():
    """Return a small masked autoencoder."""
    torch.manual_seed(0)
    return create_model("dreamdiffusion_mae", **SMALL, **DECODER)


@pytest.fixture
def saved(mae, tmp_path):
    """Return the folder that it was saved in."""
    mae.save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def same(one, other):
    states = one.state_dict(), other.state_dict()
    return [*states[0]] == [*states[1]] and all(
        torch.equal(states[0][key], states[1][key]) for key in states[0]
    )


def test_three_files_are_written(saved, mae):
    assert sorted(file.name for file in saved.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert (saved / "README.md").read_text(encoding="utf-8") == mae.card.to_markdown()
    config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
    assert {key: config[key] for key in SMALL} == SMALL
    assert config["model_card"]["name"] == "dreamdiffusion_mae"
    assert "builder" not in config["model_card"]


@pytest.mark.parametrize("how", ["class", "folder", "file"])
def test_sizes_weights_and_card_come_back(saved, mae, how, capsys):
    again = {
        "class": lambda: DreamDiffusionMAE.from_pretrained(saved),
        "folder": lambda: create_model("dreamdiffusion_mae", checkpoint=saved),
        "file": lambda: create_model("dreamdiffusion_mae", checkpoint=saved / "model.safetensors"),
    }[how]()
    assert type(again) is DreamDiffusionMAE
    assert same(again, mae)
    assert again.card == mae.card
    assert not again.training
    assert capsys.readouterr() == ("", "")


def test_saving_again_replaces_everything(saved, mae):
    other = create_model("dreamdiffusion_encoder", **SMALL | {"depth": 1})
    other.save_pretrained(saved)
    assert "# dreamdiffusion_encoder" in (saved / "README.md").read_text(encoding="utf-8")
    assert same(DreamDiffusionEncoder.from_pretrained(saved), other)


def test_an_encoder_comes_out_of_a_masked_autoencoder(saved, mae):
    encoder = create_model("dreamdiffusion_encoder", checkpoint=saved, n_outputs=5)
    assert torch.equal(encoder.blocks[1].mlp.fc1.weight, mae.blocks[1].mlp.fc1.weight)
    assert encoder(torch.zeros(2, 8, 64)).shape == (2, 5)
    assert encoder.card.name == "dreamdiffusion_encoder"
    assert encoder.card.training_data == mae.card.training_data


def test_a_head_starts_anew_with_another_number_of_outputs(tmp_path):
    first = create_model("dreamdiffusion_encoder", n_outputs=3, **SMALL)
    first.save_pretrained(tmp_path)
    for n_outputs, shape in ((3, (2, 3)), (7, (2, 7)), (None, (2, 16, 32))):
        for build in (
            lambda n: create_model("dreamdiffusion_encoder", checkpoint=tmp_path, n_outputs=n),
            lambda n: DreamDiffusionEncoder.from_pretrained(tmp_path, n_outputs=n),
        ):
            model = build(n_outputs)
            assert model(torch.zeros(2, 8, 64)).shape == shape
            assert torch.equal(model.blocks[0].attn.qkv.weight, first.blocks[0].attn.qkv.weight)
    kept = create_model("dreamdiffusion_encoder", checkpoint=tmp_path)
    assert torch.equal(kept.head.weight, first.head.weight)


def test_what_weights_fix_is_refused(saved):
    sentence = (
        "^The weights in {} fix {}=4. Got {}=2 instead: leave it out, or build without weights. It may differ"
    )
    for key in ("num_heads", "patch_size"):
        with pytest.raises(ValueError, match=sentence.format(saved, key, key)):
            DreamDiffusionMAE.from_pretrained(saved, **{key: 2})
    with pytest.raises(
        ValueError, match=r"n_chans=9 instead: .* card.prepare\(epochs\) brings other recordings there."
    ):
        create_model("dreamdiffusion_mae", checkpoint=saved, n_chans=9)
    assert (
        DreamDiffusionMAE.from_pretrained(saved, focus_range=(0, 8), focus_rate=0.9).card.sizes["focus_rate"]
        == 0.9
    )


def test_another_architecture_is_named(tmp_path):
    create_model("dreamdiffusion_encoder", **SMALL).save_pretrained(tmp_path)
    with pytest.raises(ValueError) as caught:
        DreamDiffusionMAE.from_pretrained(tmp_path)
    text = str(caught.value)
    assert text.startswith(
        f"{tmp_path} does not hold the weights of DreamDiffusionMAE with these sizes: it lacks 'cls_"
    )
    assert text.endswith(
        "Ask for the network that it was saved from, 'dreamdiffusion_encoder', with its sizes."
    )
    assert len(text) < 500


def test_a_pickle_in_the_folder_is_not_read(saved, tmp_path):
    (saved / "model.safetensors").unlink()
    torch.save({}, saved / "pytorch_model.bin")
    for build in (
        DreamDiffusionMAE.from_pretrained,
        lambda path: create_model("dreamdiffusion_mae", checkpoint=path),
    ):
        with pytest.raises(
            FileNotFoundError,
            match="model.safetensors is missing: weights are read from safetensors only. pytorch_model.bin beside it "
            "is a pickle, which could run code and is not read.$",
        ):
            build(saved)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "config.json is not JSON: "),
        (
            "[]",
            "was not written by save_pretrained of eegimg: it has no 'model_card'. Only networks of eegimg are",
        ),
        ('{"n_chans": 8}', "it has no 'model_card'"),
        ('{"model_card": {"builder": "os:system"}}', "it has no 'model_card'"),
    ],
)
def test_a_config_of_something_else_is_refused(saved, text, sentence):
    (saved / "config.json").write_text(text, encoding="utf-8")
    for build in (
        DreamDiffusionMAE.from_pretrained,
        lambda path: create_model("dreamdiffusion_mae", checkpoint=path),
    ):
        with pytest.raises(RuntimeError, match=sentence):
            build(saved)


def test_a_folder_without_config_is_refused(saved):
    (saved / "config.json").unlink()
    for build in (
        DreamDiffusionMAE.from_pretrained,
        lambda path: create_model("dreamdiffusion_mae", checkpoint=path),
    ):
        with pytest.raises(
            FileNotFoundError, match="config.json is missing: the folder was not written by save_"
        ):
            build(saved)


def test_a_config_cannot_name_code(saved, monkeypatch):
    config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
    config["model_card"] |= {"builder": "os:system"}
    (saved / "config.json").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setattr("os.system", lambda *args: pytest.fail("ran"))
    assert create_model("dreamdiffusion_mae", checkpoint=saved).card.builder.startswith(
        "eegimg.models.networks."
    )
    assert DreamDiffusionMAE.from_pretrained(saved).card.builder.startswith("eegimg.models.networks.")
    config["model_card"] |= {"run": "os:system"}
    (saved / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ValueError, match="the card 'dreamdiffusion_mae' has the unknown key 'run'."):
        create_model("dreamdiffusion_mae", checkpoint=saved)


def test_a_network_built_by_its_class_has_a_bare_card(tmp_path):
    model = DreamDiffusionEncoder(**SMALL)
    assert model.card is None
    model.save_pretrained(tmp_path)
    again = DreamDiffusionEncoder.from_pretrained(tmp_path)
    assert same(again, model)
    assert again.card.name == "dreamdiffusionencoder"
    assert again.card.licence == "not stated"


def test_channels_of_mne_are_saved_as_plain_values(tmp_path):
    mne = pytest.importorskip("mne")
    info = mne.create_info(["Oz", "Pz", "O1", "O2", "P3", "P4", "Cz", "Fz"], 128.0, "eeg")
    model = create_model("dreamdiffusion_encoder", chs_info=info["chs"], **SMALL)
    model.save_pretrained(tmp_path)
    again = DreamDiffusionEncoder.from_pretrained(tmp_path)
    assert again.card.sizes["chs_info"][0] == {"ch_name": "Oz"}
    assert again.card.input["ch_names"] == info["ch_names"]


def test_what_json_cannot_hold_is_refused(tmp_path):
    model = create_model("dreamdiffusion_encoder", **SMALL)
    model.card.sizes["odd"] = object()
    with pytest.raises(
        TypeError, match="The sizes of 'dreamdiffusion_encoder' cannot be saved as JSON: .*Give plain"
    ):
        model.save_pretrained(tmp_path)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """Put folders of this machine in the place of the hub."""
    root = tmp_path / "hub"

    def download(repo_id, filename, *, revision=None, **kwargs):
        file = root / repo_id / (revision or "main") / filename
        if not file.is_file():
            raise huggingface_hub.errors.EntryNotFoundError(f"no {filename}")
        return str(file)

    class Api:
        def __init__(self, token=None):
            self.token = token

        def create_repo(self, repo_id, **kwargs):
            return huggingface_hub.RepoUrl(f"https://huggingface.co/{repo_id}")

        def upload_folder(self, *, repo_id, folder_path, revision=None, **kwargs):
            shutil.copytree(folder_path, root / repo_id / (revision or "main"))
            return f"https://huggingface.co/{repo_id}/commit/1"

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Api)
    for module in ("huggingface_hub.hub_mixin.hf_hub_download", f"{_network.__name__}.hf_hub_download"):
        monkeypatch.setattr(module, download)
    return root


def test_a_network_goes_to_the_hub_and_comes_back(hub, mae):
    assert mae.push_to_hub("me/small", branch="v1") == "https://huggingface.co/me/small/commit/1"
    files = sorted(file.name for file in pathlib.Path(hub / "me/small/v1").iterdir())
    assert files == ["README.md", "config.json", "model.safetensors"]
    again = DreamDiffusionMAE.from_pretrained("me/small", revision="v1")
    assert same(again, mae)
    assert again.card == mae.card


def test_weights_on_the_hub_must_be_safetensors(hub, mae):
    mae.push_to_hub("me/small")
    torch.save(mae.state_dict(), hub / "me/small/main/pytorch_model.bin")
    (hub / "me/small/main/model.safetensors").unlink()
    with pytest.raises(
        FileNotFoundError,
        match="^me/small on the Hugging Face hub has no model.safetensors: weights are read from safetensors only, "
        "since a pickle could run code.$",
    ):
        DreamDiffusionMAE.from_pretrained("me/small")


def test_a_hub_that_cannot_be_reached_is_one_sentence():
    with pytest.raises(
        RuntimeError, match="^nobody/nothing is no folder here, and could not be had from the Hugging"
    ):
        DreamDiffusionMAE.from_pretrained("nobody/nothing")
    with pytest.raises(RuntimeError, match="^no/such/folder is no folder here, and could not be had from"):
        DreamDiffusionMAE.from_pretrained("no/such/folder")


def test_the_mixins_own_card_is_ours(mae):
    card = mae.generate_model_card()
    assert mae.card.to_markdown().endswith(card.text)
    assert card.data.tags == ["eeg", "eegimg", "masked", "dreamdiffusion_mae"]
