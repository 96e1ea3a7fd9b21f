"""What is installed: needs, extras, the wheel's contents, and the two commands of the README."""

import ast
import importlib.metadata
import pathlib
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

import eegimg

# How a distribution's modules are called where the names differ.
MODULES = {
    "dask": "distributed",
    "lazy-loader": "lazy_loader",
    "mne-bids": "mne_bids",
    "mne-icalabel": "mne_icalabel",
    "pillow": "PIL",
    "python-picard": "picard",
    "scikit-learn": "sklearn",
    "tomli-w": "tomli_w",
}
# Never imported by name, and needed all the same.
NEEDED_BY_OTHERS = {
    "h5py": "pymatreader reads MAT 7.3 files with it",
    "pyarrow": "pandas reads and writes parquet with it",
    "onnxruntime": "mne-icalabel runs its network with it",
    "python-picard": "mne's ICA calls it",
}


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    """Return the names inside a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("eegimg-*.whl")
    return set(zipfile.ZipFile(file).namelist())


def name_of(requirement):
    """Return the name of a requirement, extras and versions left out."""
    return re.match(r"[A-Za-z0-9_.-]+", requirement).group().lower()


def imported_roots(repository):
    """Return the root of every third-party module that the package imports, anywhere."""
    roots = set()
    for path in (repository / "eegimg").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                roots.add(node.module.partition(".")[0])
    return roots - set(sys.stdlib_module_names) - {"eegimg"}


def test_every_import_is_a_declared_need(repository, project):
    extras = [item for items in project["optional-dependencies"].values() for item in items]
    declared = {name_of(item) for item in [*project["dependencies"], *extras]}
    modules = {MODULES.get(name, name) for name in declared}
    assert imported_roots(repository) - modules == set()


def test_every_core_need_is_imported_or_explained(repository, project):
    declared = {name_of(item) for item in project["dependencies"]} - set(NEEDED_BY_OTHERS)
    modules = {MODULES.get(name, name) for name in declared}
    assert modules - imported_roots(repository) == set()


def test_the_core_needs_no_torch(project):
    core = {name_of(item) for item in project["dependencies"]}
    assert not core & {"torch", "torchaudio", "torchvision", "braindecode", "moabb", "meegkit"}


def test_the_extra_all_is_every_other_extra(project):
    extras = project["optional-dependencies"]
    (item,) = extras["all"]
    assert set(re.search(r"\[(.*)\]", item).group(1).split(",")) == set(extras) - {"all"}


def test_the_pins_that_keep_torch_and_braindecode_together(project):
    models, generate = (project["optional-dependencies"][extra] for extra in ("models", "generate"))
    assert {"torch>=2.11,<2.15", "torchaudio>=2.11,<2.12"} <= set(models)
    assert "torchvision<0.29.2" in generate
    assert "mne>=1.13,<1.14" in project["dependencies"]


def test_one_version(repository):
    assert eegimg.__version__ == importlib.metadata.version("eegimg")
    citation = (repository / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {eegimg.__version__}\n" in citation


def test_the_wheel_brings_facts_recipes_and_stubs(repository, wheel):
    for folder in (repository / "datasets").iterdir():
        for file in (path for path in folder.rglob("*") if path.is_file()):
            assert f"eegimg/_descriptors/{file.relative_to(repository / 'datasets').as_posix()}" in wheel
    assert any(name.endswith("/dataset.toml") for name in wheel)
    for path in (repository / "eegimg").rglob("*"):
        if path.suffix in {".py", ".pyi", ".toml", ".css", ".js", ".html"}:
            assert path.relative_to(repository).as_posix() in wheel


def test_the_wheel_brings_nothing_else(wheel):
    roots = {name.partition("/")[0] for name in wheel}
    assert roots == {"eegimg", f"eegimg-{eegimg.__version__}.dist-info"}
    assert not [name for name in wheel if "__pycache__" in name or name.endswith((".fif", ".eeg", ".npy"))]


def test_the_command_is_there():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="eegimg")
    assert callable(script.load())


def readme_commands(repository):
    """Return the README's commands that set everything up, by the same rule as .ci/run."""
    lines = (repository / "README.rst").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.startswith("   python3 -m venv ")]


def test_the_readme_has_one_command_to_try_and_one_to_test(repository, project):
    demo, test = readme_commands(repository)
    for command in (demo, test):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -e ")
    assert demo.endswith(" && .venv/bin/eegimg demo --out demo")
    assert test.endswith(" && .venv/bin/python -m pytest")
    (extra,) = re.findall(r'"\.\[(\w+)\]"', test)
    assert extra in project["optional-dependencies"]


def test_continuous_integration_runs_the_readme_and_has_no_copy_of_it(repository):
    text = (repository / ".ci" / "run").read_text(encoding="utf-8")
    for number, command in enumerate(readme_commands(repository), 1):
        assert f"readme_command {number}" in text
        assert command not in text
    function = re.search(r"^readme_command\(\) \{.*?^\}", text, re.DOTALL | re.MULTILINE).group()
    for number, command in enumerate(readme_commands(repository), 1):
        done = subprocess.run(
            ["bash", "-c", f"{function}\nreadme_command {number}"],
            cwd=repository, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == command


def test_the_readme_names_only_what_exists(repository):
    text = (repository / "README.rst").read_text(encoding="utf-8")
    script = re.search(r"code-block:: python\n\n(.*?)\n\S", text, re.DOTALL).group(1)
    tree = ast.parse("\n".join(line[3:] for line in script.splitlines()))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "eegimg.preprocessing":
            for alias in node.names:
                assert hasattr(eegimg.preprocessing, alias.name)
    for name in re.findall(r"\beegimg\.([a-zA-Z_]+)", text):
        assert hasattr(eegimg, name), name


def test_files_named_in_the_readme_are_there(repository):
    text = (repository / "README.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"``([A-Za-z/]+\.(?:rst|cff|toml))``", text)) | {"LICENSE"}
    assert len(named) > 3
    assert not [name for name in named if not (repository / pathlib.Path(name)).is_file()]


def test_the_documentation_lists_every_public_name(repository):
    page = (repository / "docs" / "api.rst").read_text(encoding="utf-8")
    listed = {line.strip() for line in page.splitlines() if re.fullmatch(r"   \w+", line)}
    named = ("preprocessing", "datasets", "validity", "events", "store", "models", "training")
    rooms = set().union(*(getattr(eegimg, name).__all__ for name in named))
    assert listed == set(eegimg.__all__) - {"preprocessing"} | rooms


def test_change_fragments_are_of_known_kinds(repository):
    config = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    kinds = {kind["directory"] for kind in config["type"]}
    fragments = sorted((repository / "docs" / "changes").glob("*"))
    assert fragments
    for fragment in fragments:
        assert re.fullmatch(rf"(\d+|\+\w+)\.({'|'.join(sorted(kinds))})\.rst", fragment.name), fragment.name
        assert len(fragment.read_text(encoding="utf-8").strip().splitlines()) == 1
