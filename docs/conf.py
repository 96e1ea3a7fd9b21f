"""Sphinx configuration: pydata theme, numpydoc, a gallery that is run, and pages made from data."""

import os
import pathlib

import eegimg
from eegimg._paths import descriptors_root, write_text
from eegimg.models._registry import read_cards
from eegimg.models._words import input_words, paper_link, weights_word, weights_words

project = "eegimg"
author = "The eegimg developers"
copyright = "2026, The eegimg developers"
version = release = eegimg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "changes", "Thumbs.db"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "eegimg"
html_theme_options = {
    "show_prev_next": False,
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": False,
}

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Building needs no network. Set EEGIMG_DOCS_LINKS to link MNE's and the other libraries' pages.
intersphinx_mapping = (
    {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "mne": ("https://mne.tools/stable", None),
    }
    if os.environ.get("EEGIMG_DOCS_LINKS")
    else {}
)

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/\d+_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1,
    "write_computation_times": False,
    "image_scrapers": ("matplotlib",),
    "remove_config_comments": True,
}

# One page and one row of a table for each folder of datasets/, so that no fact stands in two places.
TABLE_HEAD = """\
.. list-table::
   :header-rows: 1

   * - Name
     - People
     - Ch.
     - Hz
     - Trials
     - Images
     - Design
     - Terms
     - GB
     - Form
"""


def dataset_row(facts):
    cells = [
        f":doc:`{facts.name} <gen_datasets/{facts.name}>`",
        *(f"{number:,}" for number in (facts.n_subjects, facts.n_channels)),
        f"{facts.sfreq:g}",
        *(f"{number:,}" for number in (facts.n_trials, facts.n_images)),
        facts.design,
        facts.terms,
        f"{facts.size_gb:g}" if facts.size_gb else "",
        "BIDS" if facts.layout in ("bids", "simulated") else "files",
    ]
    return "\n     - ".join(["   * - " + cells[0], *cells[1:]]) + "\n"


def dataset_page(facts, readme):
    before, after = readme.split("\nAccess\n------\n", 1)
    fields = {
        "Name": f"``{facts.name}``",
        "Size": f"{facts.n_subjects} subjects, {facts.n_channels} channels, {facts.n_trials:,} trials",
        "Licence": f"{facts.licence}; terms {facts.terms}",
        "Paper": "none" if facts.doi == "none" else f"https://doi.org/{facts.doi}",
        "Home page": facts.url or "none",
    }
    lines = [f":{name}: {text}" for name, text in fields.items()]
    caveats = "\n".join(f"   - {caveat}" for caveat in facts.caveats)
    lines += ["", ".. admonition:: Before you quote a number", "", caveats, "", "Access", "------", ""]
    return before + "\n" + "\n".join(lines) + after


def write_pages(folder, pages):
    """Write pages that changed, and remove those of things that are gone."""
    for file in folder.glob("*"):
        if file.name not in pages:
            file.unlink()
    for name, text in pages.items():
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text:
            write_text(folder / name, text)


def write_dataset_pages(app):
    pages = {"table.inc": TABLE_HEAD}
    for name in eegimg.list_datasets():
        facts = eegimg.read_descriptor(name)
        readme = (descriptors_root() / name / "README.rst").read_text(encoding="utf-8")
        pages["table.inc"] += dataset_row(facts)
        pages[f"{name}.rst"] = dataset_page(facts, readme)
    write_pages(pathlib.Path(app.srcdir) / "gen_datasets", pages)


# The same for each card of eegimg/models/cards.toml.
MODEL_TABLE_HEAD = """\
.. list-table::
   :header-rows: 1

   * - Name
     - Kind
     - Parameters
     - Input
     - Weights
     - Licence
"""


def model_row(card):
    cells = [
        f":doc:`{card.name} <gen_models/{card.name}>`",
        card.kind,
        f"{card.n_parameters:,}" if card.n_parameters else "",
        input_words(card),
        weights_word(card),
        card.licence,
    ]
    return "\n     - ".join(["   * - " + cells[0], *cells[1:]]) + "\n"


def model_scores(card):
    names = ("value", "chance", "null", "random_weights", "linear")
    lines = [".. list-table::", "   :header-rows: 1", ""]
    head = ("Data", "Metric", "Value", "Chance", "Null", "Random weights", "Linear on epochs", "Source")
    rows = [head]
    for score in card.scores:
        numbers = (getattr(score, name) for name in names)
        numbers = ("" if number is None else f"{number:.4g}" for number in numbers)
        rows.append((score.data, score.metric, *numbers, score.source))
    lines += ["   * - " + "\n     - ".join(row) for row in rows]
    return ["Scores", "------", "", *lines, ""]


def model_page(card):
    fields = {
        "Kind": card.kind,
        "Input": input_words(card),
        "Channels": ", ".join(card.input.get("ch_names", ())),
        "Sizes": ", ".join(f"``{key}={value!r}``" for key, value in card.sizes.items()),
        "Parameters": f"{card.n_parameters:,}" if card.n_parameters else "",
        "Preprocessing": card.recipe,
        "Trained on": card.training_data,
        "Split": card.split,
        "Choice of the epoch": card.selection,
        "Weights": weights_words(card),
        "Licence": card.licence,
        "Paper": paper_link(card),
        "Code of its authors": card.code,
    }
    lines = [card.name, "=" * len(card.name), "", card.summary, ""]
    lines += [f":{name}: {text}" for name, text in fields.items() if text]
    if card.caveats:
        caveats = [f"   - {caveat}" for caveat in card.caveats]
        lines += ["", ".. admonition:: Before you quote a number", "", *caveats]
    lines += ["", *(model_scores(card) if card.scores else [])]
    return "\n".join(lines)


def write_model_pages(app):
    pages = {"table.inc": MODEL_TABLE_HEAD}
    for card in sorted(read_cards().values(), key=lambda card: card.name):
        pages["table.inc"] += model_row(card)
        pages[f"{card.name}.rst"] = model_page(card)
    write_pages(pathlib.Path(app.srcdir) / "gen_models", pages)


def setup(app):
    app.connect("builder-inited", write_dataset_pages)
    app.connect("builder-inited", write_model_pages)
