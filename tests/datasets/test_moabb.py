"""Datasets of MOABB as BIDS: every sample, marker and channel, and subjects that are whole or not there."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.datasets import from_moabb
from eegimg.datasets._braindecode import import_known

# MOABB's own simulated dataset asks for positions by a name that MNE 1.14 drops.
pytestmark = pytest.mark.filterwarnings("ignore:Montage name 'standard_1005':FutureWarning")


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Return MOABB's own simulated dataset, of two subjects with two sessions of two runs."""
    pytest.importorskip("moabb")
    kind = import_known("moabb.datasets.fake", "the test", "data").FakeDataset
    # It makes a folder that it does not use, and keeps its name in a variable.
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
    dataset = kind(seed=1, event_list=("face", "house/old"), n_subjects=2, duration=12.3, n_events=6)
    del os.environ[f"MNE_DATASETS_{dataset.code.upper()}_PATH"]
    monkeypatch.undo()
    return dataset


@pytest.fixture
def make_lab():
    """Return a function that makes a MOABB dataset of given recordings: {subject: {session: {run: Raw}}}."""
    pytest.importorskip("moabb")
    base = import_known("moabb.datasets.base", "the test", "data").BaseDataset

    class Lab(base):
        """Pictures."""

        def __init__(self, recordings, interval=(0, 1)):
            self.recordings, self.asked = recordings, []
            super().__init__(
                subjects=list(recordings),
                sessions_per_subject=1,
                events={"cat": 1, "dog": 2},
                code="Lab2026-001",
                interval=list(interval),
                paradigm="p300",
                doi="10.1000/lab",
            )

        def _get_single_subject_data(self, subject):
            self.asked.append(subject)
            recording = self.recordings[subject]
            if isinstance(recording, Exception):
                raise recording
            return recording

        def data_path(self, *args, **kwargs):
            """Have no files."""

    return Lab


def make_raw(annotations=None, codes=None, seed=0, sfreq=200.0):
    """Make 3 s of noise of four kinds of channel, with annotations or a stim channel."""
    names, kinds = ["Fz", "Oz", "eye", "ear"], ["eeg", "eeg", "eog", "misc"]
    data = np.random.default_rng(seed).standard_normal((4, 600)) * 2e-5
    if codes:
        names, kinds = [*names, "STI"], [*kinds, "stim"]
        data = np.vstack([data, np.zeros(600)])
        for sample, code in codes.items():
            data[-1, sample : sample + 3] = code
    raw = mne.io.RawArray(data, mne.create_info(names, sfreq, kinds), verbose="error")
    raw.set_montage("colin27_1005", on_missing="ignore")
    return raw.set_annotations(annotations) if annotations else raw


@pytest.mark.torch
def test_a_dataset_of_moabb_becomes_bids(fake, tmp_path):
    dataset = from_moabb(fake, tmp_path / "bids")
    assert len(dataset.recordings) == 8
    assert set(dataset.recordings["subject"]) == {"01", "02"}
    assert set(dataset.recordings["task"]) == {"imagery"}
    source = fake.get_data([2])[2]["1"]["1"]  # the seed is the subject's: the same numbers again
    raw = dataset.raw("02", session="1", run="1")
    np.testing.assert_allclose(raw.get_data(), source.get_data(picks="eeg"), rtol=0, atol=1e-11)
    assert raw.ch_names == ["C3", "Cz", "C4"]
    assert list(raw.annotations.description) == ["face", "house/old"] * 3
    np.testing.assert_allclose(raw.annotations.onset, source.annotations.onset, atol=1e-6)
    assert set(raw.annotations.duration) == {0.0}
    assert raw.info["line_freq"] is None  # nobody said
    assert raw.n_times == source.n_times  # not cut to full seconds
    for name in ("C3", "C4"):
        places = [each.get_montage().get_positions()["ch_pos"][name] for each in (raw, source)]
        np.testing.assert_allclose(*places, atol=1e-6)


@pytest.mark.torch
def test_the_folder_is_valid_bids(fake, make_lab, tmp_path):
    program = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("needs bids-validator-deno")
    extras = [{"image": "cat_1", "stim_file": "cat_1.png"}, {}]
    marks = mne.Annotations([0.5, 1.5], 0.0, ["cat", "dog"], extras=extras)
    lab = make_lab({"a-1": {"0": {"0": make_raw(marks), "1late": make_raw(marks)}}})
    from_moabb(lab, tmp_path / "lab")
    (tmp_path / "lab" / "stimuli").mkdir()
    (tmp_path / "lab" / "stimuli" / "cat_1.png").write_bytes(b"x")
    from_moabb(fake, tmp_path / "fake", subjects=[2])
    for name in ("lab", "fake"):
        done = subprocess.run([program, tmp_path / name], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.torch
def test_what_annotations_know_becomes_metadata(make_lab, tmp_path):
    extras = [{"image": "cat_1", "stim_file": "cat_1.png"}, {"image": "dog_1", "stim_file": "dog_1.png"}, {}]
    marks = mne.Annotations([0.5, 1.5, 2.5], [0.1, 0.1, 0.3], ["cat", "dog", "BAD blink"], extras=extras)
    dataset = from_moabb(make_lab({1: {"0": {"0": make_raw(marks)}}}), tmp_path / "lab")
    raw = dataset.raw()
    assert list(raw.annotations.description) == ["cat", "dog", "BAD blink"]
    np.testing.assert_allclose(raw.annotations.duration, [0.1, 0.1, 0.3])
    assert [raw.annotations[row]["extras"]["image"] for row in (0, 1)] == ["cat_1", "dog_1"]
    assert raw.get_channel_types() == ["eeg", "eeg", "eog", "misc"]
    assert list(dataset.images["image"]) == ["cat_1", "dog_1"]


@pytest.mark.torch
def test_a_stim_channel_becomes_events_at_their_own_time(make_lab, tmp_path):
    marks = mne.Annotations([0.1, 0.2], 0.1, ["BAD start", "1"])
    raw = make_raw(marks, codes={100: 1, 300: 2, 500: 7})
    # MOABB would move the events by the start of its interval, 2 s.
    dataset = from_moabb(make_lab({1: {"0": {"0": raw}}}, interval=(2, 3)), tmp_path / "lab")
    found = dataset.raw().annotations
    assert list(found.description) == ["BAD start", "cat", "dog"]  # 7 is no event of the dataset
    np.testing.assert_allclose(found.onset, [0.1, 0.5, 1.5])
    assert "STI" not in dataset.raw().ch_names
    assert raw.ch_names[-1] == "STI"


@pytest.mark.torch
def test_a_recording_that_begins_later_keeps_the_time_of_its_events(make_lab, tmp_path):
    raws = [make_raw(mne.Annotations([1.5], 0.0, ["cat"])), make_raw(codes={300: 1})]
    for raw in raws:
        raw.set_meas_date(1_000_000_000)
    cropped = {f"{run}": raw.crop(tmin=1.0) for run, raw in enumerate(raws)}
    dataset = from_moabb(make_lab({1: {"0": cropped}}), tmp_path / "lab")
    for run in ("0", "1"):
        raw = dataset.raw(run=run)
        np.testing.assert_allclose(raw.annotations.onset - raw.first_time, [0.5], atol=1e-6)


@pytest.mark.torch
def test_names_become_labels(make_lab, tmp_path):
    raw = make_raw(codes={100: 1})
    dataset = from_moabb(make_lab({"a-1": {"0first": {"3late": raw}}}), tmp_path / "lab")
    assert Path(dataset.recordings["path"][0]).name == "sub-a1_ses-0first_task-p300_acq-late_run-3_eeg.vhdr"
    with pytest.raises(
        ValueError, match="'a-1' and 'a1' become the BIDS labels 'a1' and 'a1', of which some"
    ):
        from_moabb(make_lab({"a-1": {}, "a1": {}}), tmp_path / "alike")


@pytest.mark.torch
def test_after_an_interruption_only_what_is_missing_is_read(make_lab, tmp_path, monkeypatch):
    raw = {"0": {"0": make_raw(codes={100: 1})}}
    root = tmp_path / "lab"
    lab = make_lab({1: raw, 2: OSError("the line is down"), 3: raw})
    with pytest.raises(OSError, match="the line is down"):
        from_moabb(lab, root)
    assert sorted(path.name for path in root.glob("sub-*")) == ["sub-01"]

    import mne_bids

    write, calls = mne_bids.write_raw_bids, []

    def break_off(*args, **kwargs):
        calls.append(write(*args, **kwargs))
        if len(calls) == 2:
            raise KeyboardInterrupt

    lab.recordings[2] = {"0": {"0": make_raw(codes={100: 1}), "1": make_raw(codes={100: 1})}}
    monkeypatch.setattr(mne_bids, "write_raw_bids", break_off)
    with pytest.raises(KeyboardInterrupt):
        from_moabb(lab, root)
    assert sorted(path.name for path in root.glob("*sub-*")) == ["sub-01"]
    assert not list(root.glob(".eegimg-*"))
    monkeypatch.undo()
    lab.asked.clear()
    assert len(from_moabb(lab, root).recordings) == 4
    assert lab.asked == [2, 3]
    people = pd.read_csv(root / "participants.tsv", sep="\t")["participant_id"]
    assert list(people) == ["sub-01", "sub-02", "sub-03"]
    lab.asked.clear()
    assert len(from_moabb(lab, root, subjects=[2]).recordings) == 2
    assert lab.asked == []


@pytest.mark.torch
def test_folders_of_others_are_left_alone(make_lab, tmp_path, monkeypatch):
    lab = make_lab({1: {"0": {"0": make_raw(codes={100: 1})}}})
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(
        RuntimeError, match="must be a new or empty folder, or hold Lab2026-001 .* holds other files"
    ):
        from_moabb(lab, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    monkeypatch.setenv("EEGIMG_DATA", str(tmp_path / "data"))
    assert from_moabb(lab).root == tmp_path / "data" / "moabb" / "Lab2026-001"
    lab.code = "../elsewhere"
    with pytest.raises(ValueError, match="The code '../elsewhere' of the dataset is no name for a folder"):
        from_moabb(lab)


@pytest.mark.torch
def test_what_is_no_dataset_is_told(make_lab, tmp_path):
    with pytest.raises(
        TypeError, match=r"Got 'BNCI2014-001' instead. Give moabb.datasets.BNCI2014_001\(\)\.$"
    ):
        from_moabb("BNCI2014-001")
    with pytest.raises(TypeError, match=r"Got 'kaneshiro' instead. Did you mean 'Kaneshiro2015'\?"):
        from_moabb("kaneshiro")
    with pytest.raises(
        TypeError, match="must be a dataset object of MOABB, such as .* Got <class .*Lab'> instead"
    ):
        from_moabb(make_lab)
    with pytest.raises(TypeError, match="must be a dataset object of MOABB, such as .* Got 3 instead"):
        from_moabb(3)
    lab = make_lab({1: {}})
    with pytest.raises(ValueError, match="The subject 2 of Lab2026-001 was asked for; MOABB has '1'."):
        from_moabb(lab, tmp_path, subjects=[2])
    with pytest.raises(RuntimeError, match="MOABB has no recording of subject 1 of Lab2026-001"):
        from_moabb(lab, tmp_path / "empty")


@pytest.mark.skipif(importlib.util.find_spec("moabb") is not None, reason="MOABB is installed")
def test_without_moabb_a_sentence_says_how_to_get_it(tmp_path):
    with pytest.raises(
        ImportError, match=r'^from_moabb needs moabb, which is not installed. .*"eegimg\[data\]"'
    ):
        from_moabb("BNCI2014_001", tmp_path)
