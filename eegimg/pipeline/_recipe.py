"""Recipes: pipelines as TOML, read and written."""

import os
import pathlib
import tomllib

from .. import preprocessing
from .._checks import check_type, listing, suggest
from .._paths import descriptors_root, write_text
from ..preprocessing._step import unknown_parameter
from ._pipeline import Pipeline, as_tables, step_names


def list_recipes():
    """List the names that :func:`read_recipe` knows: those of eegimg, of datasets and of their variants.

    Returns
    -------
    names : list of str
        Sorted.
    """
    return sorted(_recipe_files())


def _recipe_files():
    own = {file.stem: file for file in (pathlib.Path(__file__).parents[1] / "recipes").glob("*.toml")}
    published = {
        # recipe_nice.toml is for the variant "nice" of the dataset.
        f"{file.parent.name}{file.stem.removeprefix('recipe')}": file
        for file in descriptors_root().glob("*/recipe*.toml")
    }
    return published | own


def read_recipe(recipe="default"):
    """Read a recipe into a Pipeline.

    Parameters
    ----------
    recipe : str | path-like | Pipeline
        Name of a recipe of eegimg ("default", "nopositions") or of a dataset, or the path of a TOML file. A
        Pipeline is returned as it is.

    Returns
    -------
    pipeline : Pipeline
        Checked, not fitted.

    Raises
    ------
    FileNotFoundError
        If there is no such recipe.
    ValueError
        If the file is not TOML, or names a step or parameter that does not exist.

    Examples
    --------
    >>> import eegimg
    >>> eegimg.read_recipe("default").steps[0]  # doctest: +ELLIPSIS
    FindBadChannels(...)
    """
    if isinstance(recipe, Pipeline):
        return recipe
    check_type("recipe", recipe, (str, os.PathLike), "read_recipe", "a name, a path or a Pipeline")
    files = _recipe_files()
    path = files.get(str(recipe), pathlib.Path(recipe))
    if not path.is_file():
        raise FileNotFoundError(
            f"The recipe {str(recipe)!r} was asked for; there is no such file, and eegimg has "
            f"{listing(sorted(files), 20)}.{suggest(recipe, files)}"
        )
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ValueError(f"The recipe {path.name} is not TOML: {err}.") from err
    unknown = sorted(set(tables) - {"name", "step"})
    if unknown or not isinstance(tables.get("step"), list) or not tables["step"]:
        problem = f"has the unknown key {unknown[0]!r}" if unknown else "has no [[step]] table"
        raise ValueError(
            f"The recipe {path.name} {problem}. A recipe is a name and one [[step]] table per "
            f"step.{suggest(unknown[0], ('step', 'name')) if unknown else ''}"
        )
    steps = [_read_step(table, number, path.name) for number, table in enumerate(tables["step"], 1)]
    try:
        return Pipeline(*steps, name=tables.get("name", "".join(filter(str.isalnum, path.stem))))
    except (TypeError, ValueError) as err:
        raise type(err)(f"The recipe {path.name}: {err}") from err


def _read_step(table, number, file):
    if not isinstance(table, dict):
        raise ValueError(
            f"The recipe {file}, step {number}, must be a [[step]] table. Got {table!r} instead."
        )
    table = dict(table)
    name = table.pop("name", None)
    if name not in step_names():
        raise ValueError(
            f"The recipe {file}, step {number}, has the name {name!r}; there are "
            f"{listing(step_names(), 20)}.{suggest(name, step_names())}"
        )
    cls = getattr(preprocessing, name)
    parameters = {key: _decode(value, key == "baseline") for key, value in table.items()}
    try:
        known = [key for key in cls._parameter_names() if key != "params"]
        if name != "Apply":
            for key in parameters:
                if key not in known:
                    raise unknown_parameter(name, key, known)
        elif "call" not in parameters:
            raise ValueError("Apply needs 'call', the name of a method of MNE.")
        step = cls(**parameters)
        step.check()
        return step
    except (TypeError, ValueError) as err:
        raise type(err)(f"The recipe {file}, step {number}: {err}") from err


def _decode(value, bounds=False):
    """Turn TOML into parameters: [] is None, as is "none" in the bounds of a baseline; lists are tuples."""
    if isinstance(value, list):
        return (
            tuple(None if bounds and item == "none" else _decode(item) for item in value) if value else None
        )
    if isinstance(value, dict):
        return {key: _decode(item) for key, item in value.items()}
    return value


def _encode(value, inside=False):
    if value is None:
        return "none" if inside else []
    if isinstance(value, (list, tuple)):
        return [_encode(item, inside=True) for item in value]
    if isinstance(value, dict):
        return {str(key): _encode(item) for key, item in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value


def recipe_text(pipeline):
    """Return a pipeline as the TOML text of a recipe.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted or not; what it learned is not in a recipe.

    Returns
    -------
    text : str
        TOML with every parameter, defaults included, so that it means the same in a later version.
    """
    lines = [f"name = {_literal(pipeline.name)}"]
    for table in as_tables(pipeline):
        lines += ["", "[[step]]", *(f"{key} = {_literal(_encode(value))}" for key, value in table.items())]
    return "\n".join([*lines, ""])


def _literal(value):
    """Write a value as TOML on one line, one table per step whatever its length (tomli_w would choose)."""
    import tomli_w

    if isinstance(value, list):
        return f"[{', '.join(_literal(item) for item in value)}]"
    if isinstance(value, dict):
        keys = [key if key.isidentifier() and key.isascii() else _literal(key) for key in value]
        pairs = zip(keys, value.values(), strict=True)
        return f"{{{', '.join(f'{key} = {_literal(item)}' for key, item in pairs)}}}"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").rstrip("\n")


def write_recipe(pipeline, path):
    """Write a pipeline as a TOML recipe.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted or not; what it learned is not written.
    path : path-like
        File to write.

    Returns
    -------
    path : pathlib.Path
        The file.
    """
    path = pathlib.Path(path)
    write_text(path, recipe_text(pipeline))
    return path
