"""Stores with a planted signal, and recipes small enough to train in a test."""

import os
import tempfile

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.store import write_store

# Set by torch when it first looks for its compiler: before the first test, so that none seems to change it.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(tempfile.gettempdir(), "torchinductor"))
CH_NAMES = ["Fz", "Cz", "Pz", "Oz", "C3", "C4", "P3", "P4"]
SFREQ, N_TIMES = 64.0, 64


@pytest.fixture
def make_epochs():
    """Return a function that makes epochs of one person: waves of 4 Hz in random phase, and little noise."""

    def make(subject="01", n_epochs=20, *, seed=0, split=None, ch_names=CH_NAMES):
        rng = np.random.default_rng([seed, int(subject)])
        times = np.arange(N_TIMES) / SFREQ
        phase = rng.uniform(0, 2 * np.pi, (n_epochs, 1, 1))
        gain = np.linspace(1, 2, len(ch_names))[:, None]
        data = gain * np.sin(2 * np.pi * 4 * times + phase) + rng.normal(
            0, 0.05, (n_epochs, len(ch_names), N_TIMES)
        )
        info = mne.create_info(ch_names, SFREQ, "eeg")
        metadata = pd.DataFrame(
            {"subject": [subject] * n_epochs, "image": [f"i{n}" for n in range(n_epochs)]}
        )
        if split is not None:
            metadata["split"] = split
        events = np.column_stack(
            [np.arange(n_epochs) * N_TIMES, np.zeros(n_epochs, int), np.ones(n_epochs, int)]
        )
        epochs = mne.EpochsArray(data * 1e-5, info, events, tmin=-0.1, metadata=metadata, verbose="error")
        return epochs.set_montage("colin27_1005", verbose="error")

    return make


@pytest.fixture
def make_store(tmp_path, make_epochs):
    """Return a function that writes a store of several people."""

    def make(name="lab", subjects=("01", "02", "03", "04"), **options):
        path = tmp_path / name
        write_store([make_epochs(subject, **options) for subject in subjects], path)
        return path

    return make


@pytest.fixture
def make_recipe():
    """Return a function that makes a recipe of a tiny network."""

    def make(*stores, model=(), input=(), **training):
        return {
            "name": "tiny",
            "model": {
                "name": "dreamdiffusion_mae",
                "patch_size": 4,
                "embed_dim": 32,
                "depth": 1,
                "num_heads": 2,
                "decoder_embed_dim": 16,
                "decoder_depth": 1,
                "decoder_num_heads": 2,
                **dict(model),
            },
            "input": {
                "n_chans": 8,
                "ch_names": CH_NAMES,
                "sfreq": SFREQ,
                "n_times": N_TIMES,
                "tmin": -0.1,
                "scale": "zscore",
                "channels": "exact",
                "length": "exact",
                **dict(input),
            },
            "corpus": [store if isinstance(store, dict) else {"store": str(store)} for store in stores],
            "training": {
                **({} if "steps" in training else {"epochs": 2}),
                "batch_size": 10,
                "lr": 3e-3,
                "validation": 0.25,
                "tensorboard": False,
                **training,
            },
        }

    return make
