"""Importing eegimg loads next to nothing, and every public name is there when asked for."""

import ast
import importlib
import json
import subprocess
import sys

import pytest

import eegimg

ALLOWED = {"eegimg", "lazy_loader"}


def loaded_by(code, tmp_path):
    """Return the modules that a fresh interpreter has loaded after some code, its start-up left out."""
    script = (
        "import json, sys\nbefore = set(sys.modules)\n"
        + code
        + "\njson.dump(sorted(set(sys.modules) - before), sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def stub_names(repository, stub):
    """Return the names that a stub says are public, and those it imports."""
    tree = ast.parse((repository / stub).read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    listed = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"
    ]
    return imported, set(*listed)


def test_import_loads_only_what_is_allowed(tmp_path):
    roots = {name.partition(".")[0] for name in loaded_by("import eegimg", tmp_path)}
    assert roots - set(sys.stdlib_module_names) - ALLOWED == set()


def test_looking_at_the_public_names_loads_nothing_more(tmp_path):
    names = loaded_by("import eegimg; dir(eegimg); eegimg.__version__", tmp_path)
    assert {name for name in names if name.startswith("eegimg.")} == set()


@pytest.mark.parametrize("code", ["import eegimg.preprocessing", "import eegimg; eegimg.list_datasets()"])
def test_no_heavy_library_before_it_is_needed(tmp_path, code):
    roots = {name.partition(".")[0] for name in loaded_by(code, tmp_path)}
    heavy = {"autoreject", "dask", "distributed", "matplotlib", "mne_icalabel", "pyprep", "sklearn", "torch"}
    assert roots & heavy == set()


def test_steps_load_none_of_the_libraries_that_only_some_of_them_call(tmp_path):
    code = "from eegimg.preprocessing import *\nimport eegimg; eegimg.Pipeline, eegimg.preprocess_dataset"
    roots = {name.partition(".")[0] for name in loaded_by(code, tmp_path)}
    assert "mne" in roots
    assert (
        roots & {"autoreject", "dask", "distributed", "mne_icalabel", "pyprep", "sklearn", "torch"} == set()
    )


def stubs(repository):
    """Return the stubs of the package, as paths from the root of the checkout."""
    return sorted(path.relative_to(repository) for path in (repository / "eegimg").rglob("*.pyi"))


def test_each_stub_and_what_it_attaches_agree(repository):
    assert stubs(repository)
    for stub in stubs(repository):
        module = importlib.import_module(".".join(stub.parent.parts))
        imported, listed = stub_names(repository, stub)
        assert listed == imported, f"{stub}: __all__ and the imports name different things"
        assert set(module.__all__) == listed
        assert listed <= set(dir(module))
        for name in listed:
            assert getattr(module, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        eegimg.no_such_name
