"""Epochs whose every value says which recording, epoch, channel and sample it is, and a folder of results."""

import mne
import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.preprocessing import MakeEpochs

CHANNELS = ("Cz", "Pz", "Oz")


@pytest.fixture
def make_epochs():
    """Return a function that makes epochs with planted values."""

    def make(n=6, subject="01", ch_names=CHANNELS, n_times=50, sfreq=100.0, tmin=-0.1, number=0, **columns):
        place = {name: k for k, name in enumerate(["Cz", "Pz", "Oz", "Fz", "EOG"])}
        channel = np.array([place[name] for name in ch_names])
        value = number * 1000 + 10 * np.arange(n)[:, None, None] + channel[:, None]
        data = 1e-6 * (value + np.arange(n_times) / n_times)
        types = ["eog" if name == "EOG" else "eeg" for name in ch_names]
        info = mne.create_info(list(ch_names), sfreq, types)
        info.set_montage("colin27_1005", on_missing="ignore")
        metadata = {
            "subject": subject,
            "run": "1",
            "concept": [("cat", "dog", "owl")[k % 3] for k in range(n)],
            "split": ["test" if k % 3 == 2 else "train" for k in range(n)],
        }
        events = np.column_stack([n_times * np.arange(n), np.zeros(n, int), 1 + np.arange(n) % 2])
        return mne.EpochsArray(
            data,
            info,
            events,
            tmin,
            {"face": 1, "house": 2} if n > 1 else {"face": 1},
            metadata=pd.DataFrame(metadata | columns, index=range(n)),
            verbose="error",
        )

    return make


@pytest.fixture(scope="session")
def derivatives(tmp_path_factory):
    """Preprocess three short simulated recordings once; nobody writes here."""
    root = tmp_path_factory.mktemp("results")
    eegimg.make_dataset(root / "faces", n_subjects=3, n_images=8, n_repetitions=2, n_channels=16, sfreq=100.0)
    recipe = eegimg.Pipeline(MakeEpochs(tmin=-0.1, tmax=0.4), name="quick")
    eegimg.preprocess_dataset(root / "faces", root / "derivatives", recipe=recipe, report=False)
    return root / "derivatives"
