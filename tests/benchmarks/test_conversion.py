"""What makes converting and loading fast and small stays so, and the benchmark measures it."""

import gc
import importlib
import json
import pathlib
import sys
import weakref

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg import io
from eegimg.bids import _write
from eegimg.datasets import convert_dataset
from eegimg.preprocessing import MakeEpochs

BENCHMARKS = pathlib.Path(__file__).parents[2] / "benchmarks"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc or /dev/full")


@pytest.fixture
def script(monkeypatch):
    """Import the benchmark as it imports its neighbours when it is run."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("conversion")


@LINUX
def test_converting_more_subjects_takes_no_more_memory(script, tmp_path):
    numbers = script.measure_dataset("oced", tmp_path, tasks=("read_raw",), n_trials=1296)
    first, last = (numbers[f"convert {count} of 3 subjects"] for count in (1, 3))
    assert last["source_mb"] == pytest.approx(3 * 1296 * 124 * 32 * 8 / 1e6, rel=0.01)
    # A subject's array, 41 MB, and not two of them.
    assert 41 <= first["peak_anonymous_mb"] < 80
    assert last["peak_anonymous_mb"] < first["peak_anonymous_mb"] + 20
    assert numbers["read_raw"]["peak_mb"] > 0


@LINUX
@pytest.mark.torch
def test_a_mapped_file_takes_a_trial_at_a_time(script, tmp_path):
    pytest.importorskip("torch")
    numbers = script.measure_dataset("imagenet_eeg", tmp_path, tasks=(), n_trials=300)
    found = numbers["convert 6 of 6 subjects"]
    assert found["source_mb"] > 70
    assert found["peak_anonymous_mb"] < 20


@LINUX
def test_a_task_that_fails_says_why(script, tmp_path):
    with pytest.raises(RuntimeError, match="holds no file of oced"):
        script.measure("convert", "oced", tmp_path, tmp_path / "bids", 1)


def make_source(loaded):
    """Return a source of three sessions that looks, at each, whether an earlier one is still there."""

    def load():
        gc.collect()
        assert not [samples for samples in loaded if samples() is not None]
        samples = np.random.default_rng(len(loaded)).standard_normal((2, 50))
        loaded.append(weakref.ref(samples))
        events = pd.DataFrame({"segment": [0], "sample": [5], "duration": [0.1], "trial_type": ["cat"]})
        return io.Content(
            ch_names=("Fz", "Cz"), sfreq=100.0, unit="uV", segments=[samples], events=events, where=str
        )

    sessions = [
        io.SourceRecording(subject="01", session=f"{n:02d}", task="images", load=load) for n in range(3)
    ]
    return io.Source(files=(), recordings=tuple(sessions))


def test_no_two_recordings_of_a_person_are_in_memory(tmp_path, monkeypatch):
    loaded = []
    monkeypatch.setattr(io, "open_source", lambda *args: make_source(loaded))
    convert_dataset("things_eeg2", tmp_path / "source", tmp_path / "bids", progress=False)
    assert len(loaded) == 3


@LINUX
def test_a_disk_that_is_full_is_noticed_however_few_samples_there_are():
    with pytest.raises(OSError, match="No space left on device"):
        _write._write_samples(pathlib.Path("/dev/full"), [np.ones((2, 10))], 2, 1.0)


def test_epochs_keep_all_marks_but_joins():
    raw = mne.io.RawArray(np.zeros((2, 1000)), mne.create_info(2, 100.0, "eeg"), verbose="error")
    names = ["cat", "badger", "BAD blink", "BAD boundary", "EDGE boundary", "cat"]
    onsets, durations = [1.0, 2.0, 3.0, 5.0, 5.0, 3.1], [0.0, 0.0, 0.5, 0.0, 0.0, 0.0]
    extras = [{"image": name} for name in names]
    raw.set_annotations(mne.Annotations(onsets, durations, names, extras=extras))
    epochs = MakeEpochs(tmin=0.0, tmax=0.2, baseline=None, event_id=["cat", "badger"]).transform(raw)
    assert epochs.drop_log == ((), (), ("BAD blink",))
    assert list(epochs.annotations.description) == ["cat", "BAD blink", "cat"]
    epochs.annotations.extras[0]["image"] = "changed"
    assert [extra["image"] for extra in raw.annotations.extras][:2] == ["cat", "badger"]
    assert len(raw.annotations) == 6


def test_the_result_says_what_is_claimed():
    result = json.loads((BENCHMARKS / "results" / "conversion.json").read_text(encoding="utf-8"))
    ratios = result["one subject, our writer and mne-bids"]["ours_to_mne_bids"]
    assert ratios["seconds"]["range"][1] < 1
    assert ratios["peak_anonymous_mb"]["range"][1] < 0.5
    few, many = result["things_eeg2"], result["things_eeg2, 82,160 epochs"]
    assert many["read_epochs"]["seconds"] < 1.5 * 82160 / 20000 * few["read_epochs"]["seconds"]
    assert many["read_epochs"]["peak_mb"] < 4000
