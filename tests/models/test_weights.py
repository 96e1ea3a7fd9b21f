"""Weights as files: shipped ones and downloads are the ones of the card or none; checkpoints are read safely."""

import hashlib
import http.server
import pickle
import threading

import pytest

from eegimg.models import _registry, _weights
from eegimg.models._card import ModelCard, Weights
from eegimg.models._weights import fetch_weights

CONTENT = bytes(range(256)) * 1000
SMALL = {"n_chans": 8, "n_times": 64, "embed_dim": 32, "depth": 2, "num_heads": 4}
DECODER = {"decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 2}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with one file: cut after some bytes, with or without ranges, or an error."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.knows_ranges else 0
        if server.status or start > len(server.content):
            return self.answer(server.status or 416, b"", 0)
        content = server.content[start:]
        cut, server.cut = server.cut, None
        return self.answer(206 if start else 200, content[:cut], len(content))

    def answer(self, code, content, length):
        self.send_response(code)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def host():
    """Return a host on this machine that has one file."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.cut, server.knows_ranges, server.status, server.ranges = CONTENT, None, True, 0, []
    server.url = f"http://127.0.0.1:{server.server_port}/small.safetensors"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder that downloads go to."""
    monkeypatch.setenv("EEGIMG_DATA", str(tmp_path / "data"))
    yield tmp_path / "data" / "models"
    monkeypatch.undo()


def card(terms="open", content=CONTENT, **where):
    digest = hashlib.sha256(content).hexdigest()
    weights = Weights(format="safetensors", terms=terms, sha256=digest, size=len(content), **where)
    return ModelCard(
        name="small.first", summary="s", builder="x:Y", kind="encoder", licence="CC-BY-4.0", paper="none",
        code="none", weights=weights,
    )  # fmt: skip


def test_a_download_is_said_kept_and_not_repeated(host, folder, capsys):
    path = fetch_weights(card(url=host.url))
    assert path == folder / "small.first.safetensors"
    assert path.read_bytes() == CONTENT
    assert capsys.readouterr().err == (
        f"The weights of small.first: 0.3 MB from {host.url}, licence CC-BY-4.0, terms open.\n"
    )
    assert fetch_weights(card(url=host.url)) == path
    assert len(host.ranges) == 1
    assert [file.name for file in folder.iterdir() if not file.name.endswith(".lock")] == [path.name]


def test_silence_where_it_is_asked_for(host, folder, capsys):
    fetch_weights(card(url=host.url), progress=False)
    assert capsys.readouterr() == ("", "")


def test_a_cut_download_goes_on_where_it_stopped(host, folder):
    host.cut = 150_000
    with pytest.raises(
        RuntimeError, match=f"^{host.url} could not be downloaded: .*what has arrived is kept.$"
    ):
        fetch_weights(card(url=host.url), progress=False)
    there = (folder / "small.first.safetensors.part").stat().st_size
    assert 0 < there <= 150_000
    assert not (folder / "small.first.safetensors").exists()
    assert fetch_weights(card(url=host.url), progress=False).read_bytes() == CONTENT
    assert host.ranges == [None, f"bytes={there}-"]


def test_a_host_without_ranges_sends_the_whole_again(host, folder):
    host.cut, host.knows_ranges = 150_000, False
    with pytest.raises(RuntimeError):
        fetch_weights(card(url=host.url), progress=False)
    assert fetch_weights(card(url=host.url), progress=False).read_bytes() == CONTENT


@pytest.mark.parametrize("left", [len(CONTENT), len(CONTENT) + 5, 7])
def test_what_is_left_of_another_file_is_no_harm_in_the_end(host, folder, left):
    folder.mkdir(parents=True)
    (folder / "small.first.safetensors.part").write_bytes(b"\xff" * left)
    if left <= len(CONTENT):
        with pytest.raises(RuntimeError, match="is not the file that the card names: its sha256 is not "):
            fetch_weights(card(url=host.url), progress=False)
    assert fetch_weights(card(url=host.url), progress=False).read_bytes() == CONTENT


def test_a_file_that_became_shorter_than_its_part_is_fetched_anew(host, folder):
    folder.mkdir(parents=True)
    (folder / "small.first.safetensors.part").write_bytes(b"\xff" * 200_000)
    host.content = CONTENT[:100_000]
    wanted = card(url=host.url)
    with pytest.raises(RuntimeError, match="is not the file that the card names"):
        fetch_weights(wanted, progress=False)
    assert host.ranges == ["bytes=200000-", None]


def test_another_file_at_the_address_is_refused_and_removed(host, folder):
    host.content = CONTENT[::-1]
    with pytest.raises(
        RuntimeError,
        match=f"^{host.url} is not the file that the card names: its sha256 is not [0-9a-f]{{64}}. It was removed; "
        "try again, and if it stays so the publishers have changed it.$",
    ):
        fetch_weights(card(url=host.url), progress=False)
    assert not [file for file in folder.iterdir() if file.suffix != ".lock"]


def test_a_damaged_download_is_fetched_again(host, folder):
    path = fetch_weights(card(url=host.url), progress=False)
    path.write_bytes(CONTENT[:-1])
    assert fetch_weights(card(url=host.url), progress=False).read_bytes() == CONTENT


def test_no_such_file_is_one_sentence(host, folder):
    host.status = 404
    with pytest.raises(
        RuntimeError, match=f"^{host.url} could not be downloaded: 404 .*Look at the connection and"
    ):
        fetch_weights(card(url=host.url), progress=False)


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ("restrictive", "the licence does not let everybody use them"),
        ("conflicting", "sources give different licences"),
        ("unstated", "no licence is stated"),
    ],
)
def test_terms_are_said_before_anything_is_downloaded(host, folder, terms, why):
    with pytest.raises(
        ValueError,
        match=f"licence CC-BY-4.0, terms {terms}: {why}. Nothing was downloaded. Read the terms, and give "
        "accept_license=True if you may use the weights and accept them.$",
    ):
        fetch_weights(card(terms, url=host.url))
    assert host.ranges == []
    assert fetch_weights(card(terms, url=host.url), accept_license=True, progress=False).is_file()


def test_a_shipped_file_is_the_one_of_the_card(tmp_path, monkeypatch):
    monkeypatch.setattr(_weights, "SHIPPED", tmp_path)
    with pytest.raises(
        FileNotFoundError, match="x.safetensors, which comes with eegimg, is missing: install eegimg"
    ):
        fetch_weights(card(file="x.safetensors"))
    (tmp_path / "x.safetensors").write_bytes(CONTENT)
    assert fetch_weights(card(file="x.safetensors")) == tmp_path / "x.safetensors"
    (tmp_path / "x.safetensors").write_bytes(CONTENT[1:])
    with pytest.raises(
        RuntimeError, match="is not the file of 'small.first': its sha256 differs. Install eegimg"
    ):
        fetch_weights(card(file="x.safetensors"))


@pytest.fixture
def torch():
    """Return torch, on one thread, or skip the test."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return torch


@pytest.fixture
def encoder(torch):
    """Return a small network with random weights."""
    return _registry.create_model("dreamdiffusion_encoder", **SMALL)


@pytest.mark.torch
def test_shipped_weights_are_loaded_with_their_sizes(torch, encoder, tmp_path, monkeypatch):
    import safetensors.torch

    weights = tmp_path / "weights"
    weights.mkdir()
    safetensors.torch.save_file(encoder.state_dict(), weights / "tiny.safetensors")
    content = (weights / "tiny.safetensors").read_bytes()
    sizes = "\n".join(f"{key} = {value}" for key, value in SMALL.items())
    text = _registry.CARDS.read_text(encoding="utf-8")
    cards = tmp_path / "cards.toml"
    cards.write_text(
        f"{text}\n[[card]]\n"
        'name = "dreamdiffusion_encoder.made_here"\nsummary = "s"\nkind = "encoder"\nlicence = "BSD-3-Clause"\n'
        'builder = "eegimg.models.networks.dreamdiffusion:DreamDiffusionEncoder"\npaper = "none"\ncode = "none"\n'
        'training_data = "d"\nsplit = "s"\nselection = "l"\nfree = ["global_pool"]\n'
        f"[card.sizes]\n{sizes}\n[card.weights]\n"
        'file = "tiny.safetensors"\nformat = "safetensors"\nterms = "open"\n'
        f'sha256 = "{hashlib.sha256(content).hexdigest()}"\nsize = {len(content)}\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(_registry, "CARDS", cards)
    monkeypatch.setattr(_weights, "SHIPPED", weights)
    model = _registry.create_model("dreamdiffusion_encoder.made_here", pretrained=True)
    assert not model.training
    assert model.card.training_data == "d"
    assert model.card.weights.file == "tiny.safetensors"
    x = torch.randn(2, 8, 64)
    assert torch.equal(model(x), encoder.eval()(x))
    pooled = _registry.create_model("dreamdiffusion_encoder.made_here", pretrained=True, global_pool=True)
    assert pooled(x).shape == (2, 1, 32)
    with pytest.raises(
        ValueError,
        match="^The weights of dreamdiffusion_encoder.made_here fix num_heads=4. Got num_heads=2 instead: leave it "
        "out, or build without weights. It may differ in 'global_pool'.$",
    ):
        _registry.create_model("dreamdiffusion_encoder.made_here", pretrained=True, num_heads=2)
    random = _registry.create_model("dreamdiffusion_encoder.made_here")
    assert random.card.sizes["embed_dim"] == 32
    assert not torch.equal(random(x), model(x))


@pytest.mark.torch
def test_a_safetensors_file_needs_the_right_sizes(torch, encoder, tmp_path):
    import safetensors.torch

    path = tmp_path / "mine.safetensors"
    safetensors.torch.save_file(encoder.state_dict(), path)
    model = _registry.create_model("dreamdiffusion_encoder", checkpoint=path, **SMALL)
    assert torch.equal(model.norm.weight, encoder.norm.weight)
    assert model.card.training_data == "not known: read from mine.safetensors"
    with pytest.raises(ValueError) as caught:
        _registry.create_model(
            "dreamdiffusion_encoder", checkpoint=path, **SMALL | {"embed_dim": 16, "depth": 3}
        )
    assert str(caught.value) == (
        "mine.safetensors does not hold the weights of DreamDiffusionEncoder with these sizes: it lacks "
        "'blocks.2.attn.proj.bias', 'blocks.2.attn.proj.weight', 'blocks.2.attn.qkv.bias' and 9 more; found for "
        "expected: pos_embed is (1, 17, 32) for (1, 17, 16), patch_embed.proj.weight is (32, 8, 4) for (16, 8, 4), "
        "patch_embed.proj.bias is (32,) for (16,) and 26 more. Ask for the network that it was saved from, with its "
        "sizes."
    )


@pytest.mark.torch
@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_truncated_safetensors_are_one_sentence(torch, encoder, tmp_path, keep):
    encoder.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    for checkpoint in (tmp_path, path):
        with pytest.raises(
            RuntimeError, match=f"^{path} is no safetensors file, or is cut or damaged .*. Get it again.$"
        ):
            _registry.create_model("dreamdiffusion_encoder", checkpoint=checkpoint)


class Hostile:
    """Would write a file if it were unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.torch
@pytest.mark.parametrize("name", ["x.pth", "x.safetensors", "model.safetensors"])
def test_a_pickle_that_wants_to_run_code_runs_nothing(torch, encoder, tmp_path, name):
    encoder.save_pretrained(tmp_path)
    torch.save({"model": Hostile(tmp_path / "ran")}, tmp_path / name)
    checkpoint = tmp_path if name.startswith("model") else tmp_path / name
    with pytest.raises(RuntimeError, match=r"open|is no safetensors file"):
        _registry.create_model("dreamdiffusion_encoder", checkpoint=checkpoint)
    (tmp_path / name).write_bytes(pickle.dumps(Hostile(tmp_path / "ran")))
    with pytest.raises(RuntimeError):
        _registry.create_model("dreamdiffusion_encoder", checkpoint=checkpoint)
    assert not (tmp_path / "ran").exists()


@pytest.mark.torch
def test_pickles_of_other_networks_are_refused_unread(torch, tmp_path, monkeypatch):
    monkeypatch.setattr(_registry, "_REGISTERED", {})
    _registry.register_model("mine", lambda: torch.nn.Linear(2, 2))
    (tmp_path / "x.pt").write_bytes(b"whatever")
    with pytest.raises(
        ValueError, match="x.pt is a pickle, which could run code; checkpoints of 'mine' are read from"
    ):
        _registry.create_model("mine", checkpoint=tmp_path / "x.pt")
    (tmp_path / "x.txt").write_bytes(b"whatever")
    with pytest.raises(
        ValueError, match="must be a folder of save_pretrained, a .safetensors file, or a .pth file"
    ):
        _registry.create_model("mine", checkpoint=tmp_path / "x.txt")
    with pytest.raises(
        FileNotFoundError, match="nothing.pth was asked for; there is no such file or folder."
    ):
        _registry.create_model("mine", checkpoint=tmp_path / "nothing.pth")


@pytest.mark.torch
@pytest.mark.data
def test_checkpoints_in_the_authors_layout_bring_their_sizes(torch, test_data):
    path = test_data.parent / "golden" / "eeg_pretrain_checkpoint.pth"
    mae = _registry.create_model("dreamdiffusion_mae", checkpoint=path)
    encoder = _registry.create_model("dreamdiffusion_encoder", checkpoint=path, global_pool=True)
    same = ("n_chans", "n_times", "embed_dim", "depth", "num_heads")
    assert {key: mae.card.sizes[key] for key in same} == {key: encoder.card.sizes[key] for key in same}
    assert torch.equal(mae.patch_embed.proj.weight, encoder.patch_embed.proj.weight)
    assert mae.card.training_data == "not known: read from eeg_pretrain_checkpoint.pth"
    assert mae.card.input["duration"] == 0.44
    assert not mae.training
    with pytest.raises(ValueError, match="The weights in eeg_pretrain_checkpoint.pth fix n_chans="):
        _registry.create_model("dreamdiffusion_mae", checkpoint=path, n_chans=3)
    # These leave no trace in the shapes: other ones would load, and give other numbers.
    for key in ("num_heads", "decoder_num_heads"):
        with pytest.raises(ValueError, match=f"The weights in eeg_pretrain_checkpoint.pth fix {key}="):
            _registry.create_model("dreamdiffusion_mae", checkpoint=path, **{key: 2})


@pytest.mark.torch
def test_heads_that_a_checkpoint_does_not_say_can_be_given(torch, tmp_path):
    mae = _registry.create_model("dreamdiffusion_mae", **SMALL, **DECODER)
    torch.save({"model": mae.state_dict()}, tmp_path / "x.pth")
    with pytest.raises(ValueError, match="does not say 'num_heads' and 'decoder_num_heads'"):
        _registry.create_model("dreamdiffusion_mae", checkpoint=tmp_path / "x.pth")
    heads = {"num_heads": 4, "decoder_num_heads": 2}
    again = _registry.create_model("dreamdiffusion_mae", checkpoint=tmp_path / "x.pth", **heads).eval()
    x, noise = torch.randn(2, 8, 64), torch.rand(2, 16)
    assert torch.equal(again(x, noise=noise).pred, mae.eval()(x, noise=noise).pred)
