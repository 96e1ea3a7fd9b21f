"""Recipes of pretraining: read, compared, and refused."""

import pytest

from eegimg.training._recipe import first_difference, read_training_recipe

TEXT = """
[model]
name = "dreamdiffusion_mae"
embed_dim = 32

[input]
n_chans = 8
sfreq = 64.0
n_times = 64

[[corpus]]
store = "lab"

[training]
epochs = 3
"""


def test_a_file_is_read_with_its_name(tmp_path):
    (tmp_path / "small.toml").write_text(TEXT)
    recipe = read_training_recipe(tmp_path / "small.toml")
    assert (recipe.name, recipe.training.epochs, recipe.model["embed_dim"]) == ("small", 3, 32)
    assert recipe.corpus[0].value == str(tmp_path / "lab")


def test_the_fingerprint_forgets_folders_and_what_changes_no_number(tmp_path):
    prints = set()
    for folder, extra in (("a", ""), ("b", "num_workers = 4\ntensorboard = false\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "small.toml").write_text(TEXT + extra)
        prints.add(read_training_recipe(tmp_path / folder / "small.toml").fingerprint())
    assert len(prints) == 1
    (tmp_path / "a" / "small.toml").write_text(TEXT + "seed = 1\n")
    assert read_training_recipe(tmp_path / "a" / "small.toml").fingerprint() not in prints


def test_a_corpus_may_be_named():
    recipe = {"model": {"name": "m"}, "input": {}, "corpus": "simulated"}
    assert [entry.kind for entry in read_training_recipe(recipe).corpus] == ["simulated"]


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("[model", ValueError, "The recipe bad.toml is not TOML"),
        ("[modell]\nname = 'a'", ValueError, "A recipe of pretraining has no 'modell'. Did you mean 'model'"),
        ("[model]\nname = 'a'", ValueError, "The recipe of pretraining has no 'input'. It needs"),
        (TEXT.replace('name = "dreamdiffusion_mae"', ""), ValueError, "needs the 'name' of a masked model"),
    ],
)
def test_bad_recipes_are_one_sentence(tmp_path, text, error, sentence):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(error, match=sentence):
        read_training_recipe(tmp_path / "bad.toml")


def test_a_recipe_that_is_not_there():
    with pytest.raises(
        FileNotFoundError, match="The recipe nothing.toml was asked for; there is no such file"
    ):
        read_training_recipe("nothing.toml")


def test_the_first_difference_is_named():
    old = {"training": {"lr": 1, "clip": 2}, "corpus": [{"weight": 1.0}, {"weight": 1.0}]}
    assert first_difference(old, old) == ""
    assert first_difference(old, old | {"training": {"lr": 3, "clip": 2}}) == "training.lr is 3 and was 1"
    new = old | {"corpus": [{"weight": 1.0}, {"weight": 2.0}]}
    assert first_difference(old, new) == "corpus 2.weight is 2.0 and was 1.0"
