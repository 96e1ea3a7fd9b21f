"""Sphinx configuration: pydata theme, numpydoc, and a gallery that is run."""

import os

import eegimg

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
