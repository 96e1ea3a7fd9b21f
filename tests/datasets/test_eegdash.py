"""Datasets by way of EEGDash: what is there is opened without network, what is not is downloaded whole."""

import importlib.util
import shutil
import sys
import types
from pathlib import Path

import pandas as pd
import pytest

import eegimg
from eegimg.datasets import from_eegdash
from eegimg.datasets._braindecode import import_known
from eegimg.datasets._eegdash import KNOWN
from eegimg.preprocessing import MakeEpochs

NAME = "ds003825"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Simulate what a server has."""
    root = tmp_path_factory.mktemp("server") / NAME
    eegimg.make_dataset(root, n_subjects=2, n_images=10, n_repetitions=1, n_channels=16, sfreq=125.0)
    return root


@pytest.fixture
def local(source, tmp_path):
    """Copy it to where EEGDash would put it."""
    shutil.copytree(source, tmp_path / NAME)
    return tmp_path


@pytest.fixture
def server(source, monkeypatch):
    """Stand in for EEGDash: its dataset copies from the simulated server, or breaks off as told."""
    state = types.SimpleNamespace(asked=[], error=None, lose=None)

    class EEGDashDataset:
        def __init__(self, cache_dir, dataset, subject=("01", "02")):
            state.asked.append((dataset, list(subject)))
            self.root, self.subjects = Path(cache_dir) / dataset, subject
            if dataset != NAME:
                raise ValueError(f"No datasets found matching the query: {dataset}\nThis could mean:")
            self.datasets = [
                types.SimpleNamespace(
                    bidspath=types.SimpleNamespace(basename=f"sub-{label}"),
                    filecache=self.root / f"sub-{label}" / "eeg" / f"sub-{label}_task-images_eeg.vhdr",
                )
                for label in subject
            ]

        def download_all(self):
            shutil.copy(source / "participants.tsv", self.root)
            for label in self.subjects:
                if label != state.lose:
                    shutil.rmtree(self.root / f"sub-{label}", ignore_errors=True)
                    shutil.copytree(source / f"sub-{label}", self.root / f"sub-{label}")
                if state.error is not None:
                    raise state.error

    for name in ("eegdash", "eegdash.dataset"):
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(EEGDashDataset=EEGDashDataset))
    return state


def test_a_folder_that_is_whole_is_opened_with_its_pictures(local, server):
    dataset = from_eegdash(NAME, root=local)
    assert server.asked == []
    assert len(dataset.recordings) == 2
    epochs = dataset.epochs(pipeline=eegimg.Pipeline(MakeEpochs(tmin=-0.1, tmax=0.3)))
    assert len(epochs) == 20
    assert epochs.metadata["image"].nunique() == 10
    assert len(from_eegdash(NAME, root=local, subjects="02").recordings) == 1


def test_the_data_folder_is_the_default(local, server, monkeypatch):
    (local / "eegdash").mkdir()
    shutil.move(local / NAME, local / "eegdash" / NAME)
    monkeypatch.setenv("EEGIMG_DATA", str(local))
    assert from_eegdash(NAME).root == local / "eegdash" / NAME
    assert server.asked == []


@pytest.mark.parametrize("spoil", ["folder", "subject", "samples", "header", "participants"])
def test_what_is_missing_is_downloaded(local, server, spoil):
    root = local / NAME
    recording = root / "sub-02" / "eeg" / "sub-02_task-images_eeg"
    if spoil == "folder":
        shutil.rmtree(root)
    elif spoil == "subject":
        shutil.rmtree(root / "sub-02")
    elif spoil == "samples":
        recording.with_suffix(".eeg").unlink()
    elif spoil == "header":  # git-annex without its content
        recording.with_suffix(".vhdr").unlink()
        recording.with_suffix(".vhdr").symlink_to("nowhere.vhdr")
    else:
        (root / "participants.tsv").unlink()
    dataset = from_eegdash(NAME, root=local)
    assert server.asked == [(NAME, ["01", "02"])]
    assert len(dataset.recordings) == 2
    assert dataset.raw("02").n_times > 0
    from_eegdash(NAME, root=local)
    assert len(server.asked) == 1


def test_one_subject_does_not_need_the_others(local, server):
    shutil.rmtree(local / NAME / "sub-02")
    assert len(from_eegdash(NAME, root=local, subjects=["01"]).recordings) == 1
    assert server.asked == []
    assert len(from_eegdash(NAME, root=local, subjects=["02"]).recordings) == 1
    assert server.asked == [(NAME, ["02"])]


def test_a_download_that_broke_off_is_not_taken_for_whole(tmp_path, server):
    server.error = ConnectionError("the line is down")
    with pytest.raises(
        RuntimeError, match="EEGDash could not download ds003825: the line is down. Look at the name"
    ):
        from_eegdash(NAME, root=tmp_path)
    with pytest.raises(RuntimeError, match="the line is down"):
        from_eegdash(NAME, root=tmp_path, subjects=["01"])  # sub-01 is there, and may not be whole
    server.error, server.lose = None, "02"
    with pytest.raises(RuntimeError, match="EEGDash downloaded ds003825 without 'sub-02'. Call again"):
        from_eegdash(NAME, root=tmp_path)
    server.lose = None
    assert len(from_eegdash(NAME, root=tmp_path).recordings) == 2
    assert [len(asked) for _, asked in server.asked] == [2, 1, 2, 2]


def test_names_that_are_none_are_told(tmp_path, server):
    with pytest.raises(RuntimeError, match="EEGDash could not download ds000000: No datasets found matching"):
        from_eegdash("ds000000", root=tmp_path)
    with pytest.raises(ValueError, match="must be a name such as 'ds003825'. Got '../ds003825' instead"):
        from_eegdash("../ds003825", root=tmp_path)
    with pytest.raises(TypeError, match='must be a name such as "ds003825". Got 3825 instead'):
        from_eegdash(3825, root=tmp_path)


def test_columns_of_known_datasets_keep_the_picture(local, server):
    for label in ("01", "02"):
        file = local / NAME / f"sub-{label}" / "eeg" / f"sub-{label}_task-images_events.tsv"
        events = pd.read_csv(file, sep="\t", dtype=str)[["onset", "duration", "stim_file", "concept"]]
        events = events.rename(columns={"stim_file": "stim", "concept": "object"})
        events["stim"] = "stimuli\\" + events["object"] + "\\" + events["stim"]
        events.to_csv(file, sep="\t", index=False)
    dataset = from_eegdash(NAME, root=local)
    assert dataset.name == "things_eeg1"
    assert {"car_001", "sun_001"} <= set(dataset.images["image"])
    assert {"car", "sun"} <= set(dataset.images["concept"])


def test_terms_are_accepted_before_a_download_and_not_after(local, server):
    with pytest.raises(ValueError, match="alljoined1 .* Nothing was fetched. .* give accept_license=True"):
        from_eegdash("nm000133", root=local)
    assert server.asked == []
    with pytest.raises(RuntimeError, match="EEGDash could not download nm000133"):
        from_eegdash("nm000133", root=local, accept_license=True)
    shutil.rmtree(local / "nm000133")
    shutil.move(local / NAME, local / "nm000133")
    assert from_eegdash("nm000133", root=local).name == "alljoined1"


def test_the_known_names_have_descriptors():
    assert set(KNOWN.values()) <= set(eegimg.list_datasets())


@pytest.mark.torch
def test_eegdash_looks_for_the_same_files(local):
    if importlib.util.find_spec("eegdash") is None:
        pytest.skip("needs EEGDash")
    package = import_known("eegdash.dataset", "the test", "data")
    theirs = package.EEGDashDataset(cache_dir=local, dataset=NAME, download=False)
    ours = from_eegdash(NAME, root=local)
    assert sorted(str(part.filecache) for part in theirs.datasets) == sorted(ours.recordings["path"])
    assert callable(theirs.download_all)


@pytest.mark.skipif(importlib.util.find_spec("eegdash") is not None, reason="EEGDash is installed")
def test_without_eegdash_only_what_is_there_can_be_opened(local):
    assert len(from_eegdash(NAME, root=local).recordings) == 2
    shutil.rmtree(local / NAME / "sub-02")
    with pytest.raises(
        ImportError,
        match=r"is not complete \(it has no recording of the subjects '02'\), and the download needs eegdash, "
        r'which is not installed. .*"eegimg\[data\]"',
    ):
        from_eegdash(NAME, root=local)
