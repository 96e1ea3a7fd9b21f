"""Recipes of pretraining: which network, which input, which corpus, and how it is trained."""

import dataclasses
import hashlib
import json
import os
import pathlib

from .._checks import check_type, suggest
from ._corpus import read_corpus, read_toml
from ._settings import FREE, Settings, read_settings

TABLES = ("name", "model", "input", "corpus", "training")


@dataclasses.dataclass(frozen=True)
class TrainingRecipe:
    """All that decides what a network learns.

    Parameters
    ----------
    name : str
        What the trained network is called.
    model : dict
        ``name`` of a masked model, and its sizes.
    input : dict
        Words of :class:`eegimg.models.InputSpec`.
    corpus : tuple of Entry
        Sources.
    training : Settings
        How.
    """

    name: str
    model: dict
    input: dict
    corpus: tuple
    training: Settings

    def tables(self):
        """Return what decides the result, as plain tables (dict of str to dict or list)."""
        training = dataclasses.asdict(self.training)
        # Where files lie decides nothing, and what is in the stores is compared by itself.
        corpus = [
            {key: value for key, value in dataclasses.asdict(entry).items() if key != "facts"}
            | ({"value": entry.name} if entry.kind in ("store", "bids") else {})
            | {"recipe": entry.recipe and pathlib.Path(entry.recipe).name}
            for entry in self.corpus
        ]
        tables = {
            "name": self.name,
            "model": self.model,
            "input": self.input,
            "corpus": corpus,
            "training": {key: value for key, value in training.items() if key not in FREE},
        }
        return json.loads(json.dumps(tables, sort_keys=True))

    def fingerprint(self):
        """Return 16 hexadecimal digits that change with anything that decides the result."""
        return hashlib.sha256(json.dumps(self.tables(), sort_keys=True).encode()).hexdigest()[:16]


def read_training_recipe(recipe):
    """Read a recipe of pretraining.

    Parameters
    ----------
    recipe : path-like | dict | TrainingRecipe
        TOML file, whose relative paths start at its folder, or its content (relative to the working folder).

    Returns
    -------
    recipe : TrainingRecipe
        Checked, as far as it can be without the data and without torch.

    Raises
    ------
    FileNotFoundError
        If there is no such file or corpus.
    TypeError, ValueError
        If it is not TOML, has an unknown key, or a value is not what it must be.
    """
    if isinstance(recipe, TrainingRecipe):
        return recipe
    check_type("recipe", recipe, (str, os.PathLike, dict), "pretrain", "a TOML file or a dict")
    folder, name = pathlib.Path(), "pretrained"
    if not isinstance(recipe, dict):
        path = pathlib.Path(recipe)
        folder, name = path.parent, path.stem
        recipe = read_toml(path, "recipe")
    for key in recipe:
        if key not in TABLES:
            raise ValueError(f"A recipe of pretraining has no {key!r}.{suggest(key, TABLES)}")
    for key in ("model", "input", "corpus"):
        if key not in recipe:
            raise ValueError(
                f"The recipe of pretraining has no {key!r}. It needs [model], [input] and [[corpus]]; "
                "[training] has defaults."
            )
    for key in ("model", "input"):
        check_type(key, recipe[key], dict, "a recipe of pretraining", "a table")
    if not isinstance(recipe["model"].get("name"), str):
        raise ValueError(
            "The [model] table needs the 'name' of a masked model, such as 'dreamdiffusion_mae'."
        )
    check_type("name", recipe.get("name", name), str, "a recipe of pretraining", "a name")
    return TrainingRecipe(
        name=recipe.get("name", name),
        model=dict(recipe["model"]),
        input=dict(recipe["input"]),
        corpus=read_corpus(recipe["corpus"], folder),
        training=read_settings(recipe.get("training", {})),
    )


def first_difference(old, new, path=""):
    """Name the first setting in which two recipes differ.

    Parameters
    ----------
    old, new : dict
        As :meth:`TrainingRecipe.tables` returns them.
    path : str
        What stands before the name.

    Returns
    -------
    sentence : str
        "training.lr is 0.1 and was 0.2"; empty where they are the same.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            found = first_difference(old.get(key), new.get(key), f"{path}.{key}" if path else key)
            if found:
                return found
        return ""
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True), 1):
            found = first_difference(one, other, f"{path} {number}")
            if found:
                return found
        return ""
    return "" if old == new else f"{path} is {new!r} and was {old!r}"
