"""A simulated dataset of three short recordings, and a recipe that takes a fraction of a second."""

import shutil

import pytest

import eegimg
from eegimg.preprocessing import Filter, FindBadChannels, Interpolate, MakeEpochs, RejectPeakToPeak


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """Write the dataset once; tests take copies."""
    root = tmp_path_factory.mktemp("simulated") / "faces"
    eegimg.make_dataset(root, n_subjects=3, n_images=10, n_repetitions=3, n_channels=16, sfreq=125.0)
    return root


@pytest.fixture
def bids_root(simulated, tmp_path):
    """Return a copy that a test may spoil."""
    return shutil.copytree(simulated, tmp_path / "faces")


@pytest.fixture
def pipeline():
    """Return a quick pipeline from raw to epochs."""
    return eegimg.Pipeline(
        FindBadChannels(criteria=("flat", "nan", "deviation")),
        Filter(l_freq=1.0, h_freq=40.0),
        Interpolate(),
        MakeEpochs(tmin=-0.1, tmax=0.5),
        RejectPeakToPeak(reject={"eeg": 300e-6}),
        name="quick",
    )


@pytest.fixture
def jobs_run(monkeypatch):
    """Return the list of recordings that were computed, filled as they are."""
    from eegimg.runner import _execute

    ran, process = [], _execute.process_recording

    def noted(job):
        ran.append(job.name)
        return process(job)

    monkeypatch.setattr(_execute, "process_recording", noted)
    return ran
