"""Simulated recordings with planted answers, made once and copied for each test."""

import hashlib

import pytest

import eegimg
from eegimg.preprocessing import MakeEpochs


@pytest.fixture(scope="session")
def _spoiled():
    """Blinks, muscle, and a drifting, a dead and a noisy channel."""
    return eegimg.make_recording(n_images=20, n_repetitions=2, n_channels=32, random_state=0)


@pytest.fixture(scope="session")
def _clean():
    """The response, background and line noise; nothing that a step should remove."""
    return eegimg.make_recording(
        n_images=10, n_repetitions=4, n_channels=16, artifacts=False, bad_channels=False, random_state=1
    )


@pytest.fixture(scope="session")
def _clean_epochs(_clean):
    return MakeEpochs().transform(_clean[0])


@pytest.fixture
def raw(_spoiled):
    return _spoiled[0].copy()


@pytest.fixture
def truth(_spoiled):
    return _spoiled[1]


@pytest.fixture
def clean(_clean):
    return _clean[0].copy()


@pytest.fixture
def epochs(_clean_epochs):
    return _clean_epochs.copy()


def _digest(inst):
    """Return a digest of everything a step could change in its input."""
    annotations = getattr(inst, "annotations", None)
    metadata = getattr(inst, "metadata", None)
    parts = [
        inst.get_data(copy=False).tobytes() if hasattr(inst, "events") else inst.get_data().tobytes(),
        repr((inst.ch_names, inst.get_channel_types(), inst.info["bads"], inst.info["projs"])),
        repr((inst.info["sfreq"], inst.info["highpass"], inst.info["lowpass"], inst.info.get("temp"))),
        repr([channel["loc"].tolist() for channel in inst.info["chs"]]),
        repr([dict(annotation) for annotation in annotations] if annotations is not None else None),
        repr(metadata.to_csv() if metadata is not None else None),
        repr(getattr(inst, "drop_log", None)),
    ]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


@pytest.fixture(scope="session")
def digest():
    return _digest
