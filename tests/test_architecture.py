"""Layers, borders, sizes and names: what the design says about the shape of the code."""

import ast
import inspect
import pathlib
import re
import shutil
import subprocess
import sys

import numpydoc.validate
import pytest

import eegimg

REPOSITORY = pathlib.Path(__file__).parents[1]
FILES = sorted((REPOSITORY / "eegimg").rglob("*.py"))
EVERYWHERE = sorted(
    path
    for folder in ("eegimg", "tests", "benchmarks", "examples", "docs", "datasets")
    for path in (REPOSITORY / folder).rglob("*.py")
    if not {"_build", "auto_examples", "generated"} & set(path.parts)
)
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in EVERYWHERE}
# Hard limits; the aim is 300 lines a file and 50 a function.
MAX_FILE, MAX_FUNCTION = 500, 60
# Loaded only when a function that needs them is called: they take seconds, or exist only on some machines.
INSIDE_FUNCTIONS = set(
    """accelerate autoreject bids_validator braindecode dask diffusers distributed eegdash huggingface_hub
    matplotlib meegkit mne_icalabel moabb onnxruntime open_clip picard playwright pyarrow pyprep safetensors sklearn tomli_w torch
    torchaudio torchmetrics torchvision transformers""".split()
)
# numpydoc's codes: no docstring or summary, parameters undocumented, unknown or without text, no returns.
DOCSTRING_ERRORS = {"GL08", "PR01", "PR02", "PR03", "PR04", "PR07", "RT01", "RT03", "SS01", "YD01"}


def names_of(paths):
    """Name files as a reader would, from the root of the checkout."""
    return [str(path.relative_to(REPOSITORY)) for path in paths]


def test_there_is_something_to_look_at():
    assert len(FILES) > 20


def test_import_linter_finds_every_contract_kept():
    program = shutil.which("lint-imports", path=str(pathlib.Path(sys.executable).parent))
    assert program, (
        'lint-imports is not beside this Python. Install the tests\' needs: pip install -e ".[test]"'
    )
    done = subprocess.run(
        [program, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def imports_at_top(tree):
    """Yield the root of every module imported when a file is loaded; not those for type checkers."""
    stack = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack.extend(node.orelse)
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]
        else:
            stack.extend(ast.iter_child_nodes(node))


@pytest.mark.parametrize("path", FILES, ids=names_of(FILES))
def test_heavy_libraries_are_imported_inside_functions(path):
    # A network is a class of torch: its file is loaded only when one is built.
    allowed = {"huggingface_hub", "torch"} if path.parent.name == "networks" else set()
    assert set(imports_at_top(TREES[path])) & INSIDE_FUNCTIONS <= allowed


def test_the_search_for_imports_sees_classes_and_conditions_but_not_functions():
    text = (
        "import a\nif x:\n    import b.c\nclass K:\n    from d.e import f\ndef g():\n    import h\n"
        "if TYPE_CHECKING:\n    import i\nfrom . import j\n"
        "try:\n    import k\nexcept ImportError:\n    import l\n"
    )
    assert sorted(imports_at_top(ast.parse(text))) == ["a", "b", "d", "k", "l"]


@pytest.mark.parametrize("path", EVERYWHERE, ids=names_of(EVERYWHERE))
def test_files_fit_in_one_sitting(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_FILE, f"{lines} lines: make it a folder of the same name"


def functions(tree):
    """Yield every function of a file."""
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def code_lines(function):
    """Count the lines of a function without its docstring, which may take the room it needs."""
    first = function.body[0]
    has_text = ast.get_docstring(function, clean=False) is not None
    text = first.end_lineno - first.lineno + 1 if has_text else 0
    return function.end_lineno - function.lineno + 1 - text


@pytest.mark.parametrize("path", EVERYWHERE, ids=names_of(EVERYWHERE))
def test_functions_fit_on_a_screen(path):
    long = {node.name: code_lines(node) for node in functions(TREES[path]) if code_lines(node) > MAX_FUNCTION}
    assert not long


@pytest.mark.parametrize("path", EVERYWHERE, ids=names_of(EVERYWHERE))
def test_no_module_of_odds_and_ends(path):
    forbidden = {"utils", "util", "helpers", "helper", "base", "common", "misc", "tools"}
    assert not forbidden & {part.strip("_") for part in path.relative_to(REPOSITORY).with_suffix("").parts}


def test_the_facts_about_datasets_are_no_package():
    found = [*(REPOSITORY / "datasets").rglob("__init__.py")]
    assert not found, "it would shadow Hugging Face's `datasets` for whoever works in the checkout"
    assert (REPOSITORY / "datasets").is_dir()


def product_texts():
    """Yield every text file that users get."""
    kinds = {".py", ".pyi", ".toml", ".txt", ".rst", ".css", ".js", ".html", ".cff", ".json"}
    for name in ("eegimg", "datasets", "docs", "examples", "README.rst", "CONTRIBUTING.rst", "CITATION.cff"):
        root = REPOSITORY / name
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            built = {"_build", "auto_examples", "generated", "__pycache__"} & set(path.parts)
            if path.suffix in kinds and not built:
                yield path


def test_no_path_of_one_machine_in_the_product():
    pattern = re.compile(r"(?<![\w.])/(work|tmp|home|root|Users)/|\.\./shared|[A-Z]:\\\\")
    found = [
        f"{path.relative_to(REPOSITORY)}: {match.group()}"
        for path in product_texts()
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found


@pytest.mark.parametrize("path", FILES, ids=names_of(FILES))
def test_nothing_is_printed_left_out_or_swallowed(path):
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"print", "eval", "exec", "breakpoint"}, f"line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: a bare except hides the user's own mistakes"
        if isinstance(node, ast.Raise) and node.exc is not None:
            assert "NotImplementedError" not in ast.unparse(node.exc), f"line {node.lineno}"
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: a user's error is a sentence"
        assert not isinstance(node, ast.Global), f"line {node.lineno}: global state"
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)


@pytest.mark.parametrize("path", FILES, ids=names_of(FILES))
def test_loggers_are_named_and_have_no_handlers(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\.addHandler\(|basicConfig\(|NullHandler|StreamHandler", text)
    for name in re.findall(r"getLogger\(([^)]*)\)", text):
        assert name.startswith(('"eegimg', '"mne', '"distributed')), name


def public_objects():
    """Yield the full name and the object of everything that a stub or an ``__all__`` makes public."""
    rooms = [getattr(eegimg, name) for name in eegimg.__all__ if inspect.ismodule(getattr(eegimg, name))]
    for module in (eegimg, *rooms):
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if not inspect.ismodule(thing) and callable(thing):
                yield f"{module.__name__}.{name}", thing


def wanted_codes(thing):
    """Return the codes to look for: a class that a function makes documents its attributes, not its init."""
    if inspect.isfunction(thing):
        return DOCSTRING_ERRORS
    text = thing.__doc__ or ""
    made = "Parameters\n" not in text and "Attributes\n" in text
    return DOCSTRING_ERRORS - {"RT01", "YD01"} - ({"PR01"} if made else set())


def test_public_things_say_what_goes_in_and_what_comes_out():
    found = [
        f"{name}: {code}: {text}"
        for name, thing in public_objects()
        for code, text in numpydoc.validate.validate(name)["errors"]
        if code in wanted_codes(thing)
    ]
    assert not found


def test_inheritance_is_shallow():
    classes = [(name, thing) for name, thing in public_objects() if inspect.isclass(thing)]
    assert classes
    for name, thing in classes:
        own = [cls for cls in thing.__mro__ if cls.__module__.startswith("eegimg")]
        assert len(own) <= 2, name


@pytest.mark.parametrize("path", FILES, ids=names_of(FILES))
def test_modules_begin_with_a_sentence(path):
    text = ast.get_docstring(TREES[path])
    assert text
    assert text.split("\n\n")[0].rstrip().endswith(".")
