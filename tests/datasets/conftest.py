"""Published files that need no reader: a source made in memory, and what the BIDS validator says."""

import pathlib

import numpy as np
import pandas as pd
import pytest
from twins.planted import make_trials

from eegimg import io

CH_NAMES = ("Fz", "Cz", "Pz", "O1", "Oz", "O2")


def make_content(subject=1, lengths=(100, 90, 120, 100), unit="uV", spoil=None):
    """Return the content of one recording: a trial per stretch, concepts in turn."""
    labels = [number % 2 for number in range(len(lengths))]
    trials = make_trials(labels, len(CH_NAMES), max(lengths), 200.0, seed=subject)
    segments = [trial[:, :length].copy() for trial, length in zip(trials, lengths, strict=True)]
    if unit == "V":
        segments = [segment * 1e-6 for segment in segments]
    if spoil is not None:
        spoil(segments)
    names = [f"{'ab'[label]}_{number:02d}" for number, label in enumerate(labels)]
    events = pd.DataFrame(
        {
            "segment": range(len(lengths)),
            "sample": 10,
            "duration": 0.1,
            "trial_type": ["ab"[label] for label in labels],
            "image": names,
            "image_path": [f"{name[0]}/{name}.JPEG" for name in names],
            "concept": ["ab"[label] for label in labels],
            "label": labels,
            "repetition": 1,
            "split": ["train" if number < len(lengths) - 2 else "test" for number in range(len(lengths))],
            "source_index": [7 * number for number in range(len(lengths))],
            "original_length": lengths,
        }
    )
    return io.Content(
        ch_names=CH_NAMES,
        sfreq=200.0,
        unit=unit,
        segments=segments,
        events=events,
        where=lambda segment: f"trials.pkl, dataset[{segment}]['eeg']",
    )


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Return a function that places published files of made-up people, and says what reads them."""
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "trials.pkl").write_bytes(b"published")

    def place(n_subjects=2, *, description=None, content=make_content, **options):
        def read(layout, where, facts, variant):
            recordings = tuple(
                io.SourceRecording(
                    subject=f"{subject:02d}",
                    task="images",
                    load=lambda subject=subject: content(subject, **options),
                )
                for subject in range(1, n_subjects + 1)
            )
            processing = {"Band-pass": {"l_freq (Hz)": 5.0}} if description else {}
            return io.Source(
                files=(pathlib.Path(where) / "trials.pkl",),
                recordings=recordings,
                description=description,
                processing=processing,
            )

        monkeypatch.setattr(io, "open_source", read)
        return folder

    return place


@pytest.fixture
def joined():
    """Return a function that puts the stretches of a content one after the other, in volts or as they are."""

    def join(content):
        scale = {"uV": 1e-6, "V": 1.0, "n/a": 1.0}[content.unit]
        return np.concatenate(content.segments, axis=1).astype(float) * scale

    return join
