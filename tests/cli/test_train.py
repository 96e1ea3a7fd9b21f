"""eegimg train: what it shows, and its exit codes."""

import json

import pytest
from typer.testing import CliRunner

from eegimg.cli._train import app

RECIPE = """
corpus = "{corpus}"

[model]
name = "dreamdiffusion_mae"
patch_size = 4
embed_dim = 16
depth = 1
num_heads = 2
decoder_embed_dim = 16
decoder_depth = 1
decoder_num_heads = 2

[input]
n_chans = 16
sfreq = 100.0
n_times = 60
tmin = -0.1
scale = "zscore"
length = "crop"

[training]
epochs = 1
batch_size = 5
validation = 0.5
tensorboard = false
"""
CORPUS = """
[[corpus]]
simulated = { n_subjects = 2, n_images = 20, n_repetitions = 1, n_channels = 16, sfreq = 100.0, line_freq = 25.0 }
recipe = "quick.toml"
"""
QUICK = """
[[step]]
name = "Filter"
l_freq = 1.0
h_freq = 20.0
[[step]]
name = "MakeEpochs"
tmin = -0.1
tmax = 0.5
"""


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "quick.toml").write_text(QUICK)
    (tmp_path / "mine.toml").write_text(CORPUS)
    file = tmp_path / "tiny.toml"
    file.write_text(RECIPE.format(corpus="mine.toml"))
    return file


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["pretrain", *map(str, arguments)])


def test_a_dry_run_shows_the_corpus_and_does_nothing(run, recipe, tmp_path):
    done = run(recipe, "--out", tmp_path / "out", "--dry-run")
    assert done.exit_code == 0
    row = next(line for line in done.stdout.splitlines() if line.startswith("simulated"))
    cells = row.replace("│", " ").split()
    assert cells == ["simulated", "simulated", "1", "2", "40", "16", "100", "?", "?", "CC0-1.0"]
    assert "Nothing was downloaded." in done.stdout
    assert not (tmp_path / "out").exists()


def test_the_corpus_that_ships_is_shown_whole(run, recipe, tmp_path):
    recipe.write_text(RECIPE.format(corpus="moabb_eegdash"))
    done = run(recipe, "--out", tmp_path / "out", "--dry-run")
    assert done.exit_code == 0
    assert "34 sources: at least" in done.stdout
    assert "Kaneshiro2015" in done.stdout
    assert "ds005811" in done.stdout


def test_bad_recipes_are_one_sentence_and_exit_code_2(run, recipe, tmp_path):
    recipe.write_text(recipe.read_text() + "lrr = 1.0\n")
    done = run(recipe, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert done.stderr.strip().endswith("the [training] table has the unknown key 'lrr'. Did you mean 'lr'?")


@pytest.mark.torch
@pytest.mark.slow
def test_it_trains_and_goes_on(run, recipe, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("accelerate")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    done = run(recipe, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "Loss on held-out subjects" in done.stdout
    assert "visible mean" in done.stdout
    assert (tmp_path / "out" / "model" / "model.safetensors").is_file()
    log = json.loads((tmp_path / "out" / "training_log.json").read_text())
    assert [row["epoch"] for row in log["epochs"]] == [1]
    recipe.write_text(recipe.read_text() + "seed = 1\n")
    refused = run(recipe, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "training.seed is 1 and was 0" in refused.stderr
    assert run(recipe, "--out", tmp_path / "out", "--fresh").exit_code == 0
    torch.set_num_threads(before)
