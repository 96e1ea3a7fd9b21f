"""Labels that only tell the time, the twin's drift, and what was committed of benchmarks/validity/recordings.py."""

import importlib
import json
import pathlib

import mne
import numpy as np
import pandas as pd
import pytest

BENCHMARKS = pathlib.Path(__file__).parents[2] / "benchmarks"
RESULT = BENCHMARKS / "results" / "validity_recordings.json"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "validity"))
    return importlib.import_module("recordings")


@pytest.fixture
def overview(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "validity"))
    return importlib.import_module("overview")


@pytest.fixture
def epochs():
    metadata = pd.DataFrame({"subject": ["a"] * 8 + ["b"] * 16})
    return mne.EpochsArray(
        np.zeros((24, 1, 2)), mne.create_info(1, 100.0, "eeg"), metadata=metadata, verbose="error"
    )


def test_labels_tell_the_stretch_of_each_recording(script, epochs):
    assert script.tell_time(epochs, "subject", 2).tolist() == [0] * 4 + [1] * 4 + [0] * 8 + [1] * 8
    assert script.tell_time(epochs, "subject", 2, 2).tolist() == np.repeat([0, 1] * 2, 2).tolist() + (
        np.repeat([0, 1] * 2, 4).tolist()
    )


def test_other_orders_keep_the_stretches_and_change_their_labels(script):
    people = np.repeat(np.arange(20), 8)
    labels = np.tile(np.repeat(np.arange(4), 2), 20)
    other = script.shuffle_labels(labels, people).reshape(20, 4, 2)
    assert (other[:, :, 0] == other[:, :, 1]).all()
    assert (np.sort(other[:, :, 0], axis=1) == np.arange(4)).all()
    assert len({tuple(row) for row in other[:, :, 0]}) > 5


def test_the_overview_shows_every_case_with_its_verdict(overview):
    case = {"accuracy": 0.6, "null_accuracy": None, "chance": 0.5, "verdict": "ok"}
    other = case | {"null_accuracy": 0.55, "verdict": "confounded"}
    fig = overview.plot_cases({"one, a": case, "two, b": other})
    (ax,) = fig.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["one, a", "two, b"]
    assert [text.get_text() for text in ax.texts] == ["ok", "confounded"]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"] == pytest.approx([55.0])


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(("drift", "verdict"), [(0.0, "caution"), (0.5, "confounded")])
def test_drift_planted_in_the_twin_is_decoded_without_any_signal(tmp_path, drift, verdict):
    pytest.importorskip("torch")
    from twins.imagenet_eeg import write_imagenet_eeg

    import eegimg
    from eegimg.validity import audit_design, make_split

    write_imagenet_eeg(tmp_path / "published", n_subjects=3, n_images=25, n_classes=4, gain=0.0, drift=drift)
    eegimg.convert_dataset("imagenet_eeg", tmp_path / "published", tmp_path / "bids", progress=False)
    epochs = eegimg.load_dataset("imagenet_eeg", root=tmp_path / "bids").epochs()
    folds = make_split(epochs.metadata, by="image", n_folds=5, validation_size=0)
    audit = audit_design(epochs, split=folds, explain=False)
    assert (audit.verdict, audit.accuracy > 0.35) == (verdict, drift > 0)


@pytest.fixture(scope="module")
def result():
    return json.loads(RESULT.read_text(encoding="utf-8"))


def test_every_committed_verdict_was_expected(result):
    assert len(result["cases"]) == 49
    assert [name for name, case in result["cases"].items() if not case["as_expected"]] == []


def test_committed_verdicts_keep_what_was_asked_of_real_recordings(result):
    verdicts = {name: case["verdict"] for name, case in result["cases"].items()}
    true = [verdicts[name] for name in verdicts if "match or not" in name or "face or house" in name]
    assert true == ["ok"] * 8
    time = [verdicts[name] for name in verdicts if "in one order for all" in name or "halves of runs" in name]
    assert len(time) == 10
    assert "ok" not in time


def test_nothing_of_single_trials_was_committed(result):
    for case in result["cases"].values():
        assert not {"trials", "decoders", "epochs"} & set(case)
        assert all(len(value) < 10 for value in case.values() if isinstance(value, list))


def test_an_audit_of_two_thousand_epochs_takes_fifteen_seconds_at_most(result):
    assert result["speed"]["what"].startswith("2,000 epochs x 64 channels")
    assert result["speed"]["median_seconds"] < 15
