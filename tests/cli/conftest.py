"""A small dataset, a quick recipe, and a way to run the command."""

import shutil

import pytest
from typer.testing import CliRunner

import eegimg

RECIPE = """
name = "quick"
[[step]]
name = "FindBadChannels"
criteria = ["flat", "nan", "deviation"]
[[step]]
name = "Filter"
l_freq = 1.0
h_freq = 40.0
[[step]]
name = "Interpolate"
[[step]]
name = "MakeEpochs"
tmin = -0.1
tmax = 0.5
[[step]]
name = "RejectPeakToPeak"
reject = {eeg = 300e-6}
"""


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """Write the dataset once; tests take copies."""
    root = tmp_path_factory.mktemp("simulated") / "faces"
    eegimg.make_dataset(root, n_subjects=2, n_images=10, n_repetitions=3, n_channels=16, sfreq=125.0)
    return root


@pytest.fixture
def bids_root(simulated, tmp_path):
    """Return a copy that a test may spoil."""
    return shutil.copytree(simulated, tmp_path / "faces")


@pytest.fixture
def recipe(tmp_path):
    """Return the file of a quick recipe."""
    file = tmp_path / "quick.toml"
    file.write_text(RECIPE, encoding="utf-8")
    return file


@pytest.fixture
def call():
    """Return a function that runs ``eegimg`` with arguments; whatever escapes it is an error of the test."""
    from eegimg.cli._app import app

    def run(*args):
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return run
