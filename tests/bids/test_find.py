"""Which recordings a dataset has, and which files belong to each."""

import json
import shutil

import pytest

from eegimg.bids import find_recordings, read_sidecar, recording_files


@pytest.fixture
def root(tmp_path):
    """Return a dataset of file names only: two subjects, two sessions, two runs, and what is not EEG."""
    root = tmp_path / "bids"
    for subject in ("01", "02"):
        for session in ("a", "b"):
            folder = root / f"sub-{subject}" / f"ses-{session}" / "eeg"
            folder.mkdir(parents=True)
            for run in ("01", "02"):
                stem = f"sub-{subject}_ses-{session}_task-look_run-{run}"
                for ending in ("eeg.vhdr", "eeg.vmrk", "eeg.eeg", "events.tsv", "channels.tsv"):
                    (folder / f"{stem}_{ending}").write_text("x")
                (folder / f"{stem}_eeg.json").write_text("{}")
    (root / "sub-01" / "ses-a" / "anat").mkdir()
    (root / "sub-01" / "ses-a" / "anat" / "sub-01_ses-a_T1w.nii.gz").write_text("x")
    return root


def names(paths):
    return [path.fpath.name for path in paths]


def test_every_recording_is_found_once_and_in_order(root):
    found = find_recordings(root)
    assert names(found) == sorted(names(found))
    assert len(found) == 8
    assert {path.fpath.suffix for path in found} == {".vhdr"}
    assert all(path.fpath.is_file() for path in found)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"subjects": "01"}, 4),
        ({"subjects": ["sub-01", "02"]}, 8),
        ({"sessions": "ses-b"}, 4),
        ({"subjects": "02", "sessions": "a", "runs": ["02"]}, 1),
        ({"tasks": "look", "runs": "01"}, 4),
    ],
)
def test_entities_choose(root, wanted, count):
    assert len(find_recordings(root, **wanted)) == count


def test_an_unknown_subject_is_named_with_the_nearest_one(root):
    sentence = r"The subject '011' was asked for.*has '01' and '02'\. Did you mean '01'\?"
    with pytest.raises(FileNotFoundError, match=sentence):
        find_recordings(root, subjects=["01", "011"])
    with pytest.raises(FileNotFoundError, match="session 'c' was asked for.*has 'a' and 'b'"):
        find_recordings(root, sessions="c")


def test_what_others_derived_is_no_recording(root):
    for folder in ("derivatives/cleaned", "sourcedata", "code/old"):
        shutil.copytree(root / "sub-01", root / folder / "sub-01")
    assert len(find_recordings(root)) == 8


def test_a_folder_that_is_not_there_or_has_no_eeg(root, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        find_recordings(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"holds no EEG recording.*\.vhdr.*dataset_description\.json"):
        find_recordings(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="holds no EEG recording"):
        find_recordings(root / "sub-01" / "ses-a" / "anat")


def test_one_recording_in_two_formats_is_refused(root):
    folder = root / "sub-02" / "ses-b" / "eeg"
    (folder / "sub-02_ses-b_task-look_run-01_eeg.edf").write_text("x")
    with pytest.raises(
        RuntimeError, match=r"is there twice, as \S+\.(edf|vhdr) and \S+\.(edf|vhdr)\. Keep one"
    ):
        find_recordings(root)
    assert len(find_recordings(root, subjects="01")) == 4


def test_a_copy_in_another_folder_is_refused(root):
    shutil.copytree(root / "sub-01", root / "sub-01-copy")
    with pytest.raises(RuntimeError, match=r"sub-01_\S+_eeg.vhdr lies in two folders"):
        find_recordings(root)


def test_a_split_recording_is_one_and_its_parts_belong_to_it(tmp_path):
    folder = tmp_path / "sub-01" / "eeg"
    folder.mkdir(parents=True)
    for part in ("split-01_eeg.fif", "split-02_eeg.fif", "events.tsv", "eeg.json"):
        (folder / f"sub-01_task-look_{part}").write_text("{}")
    (path,) = find_recordings(tmp_path)
    assert path.split == "01"
    assert {file.name for file in recording_files(path)} == {file.name for file in folder.iterdir()}


def test_files_of_a_recording_are_its_own_and_those_it_inherits(root):
    (root / "task-look_events.json").write_text("{}")
    (root / "task-rest_events.json").write_text("{}")
    (root / "sub-01" / "ses-a" / "eeg" / "sub-01_ses-a_space-CapTrak_electrodes.tsv").write_text("x")
    (path,) = find_recordings(root, subjects="01", sessions="a", runs="01")
    files = {file.name for file in recording_files(path)}
    assert "task-look_events.json" in files
    assert "task-rest_events.json" not in files
    assert "sub-01_ses-a_space-CapTrak_electrodes.tsv" in files
    assert "sub-01_ses-a_task-look_run-01_eeg.eeg" in files
    assert not [name for name in files if "run-02" in name]


def test_sidecars_are_merged_from_the_top_down(root):
    (path,) = find_recordings(root, subjects="01", sessions="a", runs="02")
    (root / "task-look_eeg.json").write_text(json.dumps({"PowerLineFrequency": 50, "EEGReference": "Cz"}))
    (root / "task-rest_eeg.json").write_text(json.dumps({"PowerLineFrequency": 60}))
    (root / "sub-01" / "sub-01_eeg.json").write_text(json.dumps({"EEGReference": "FCz"}))
    path.fpath.with_suffix(".json").write_text(json.dumps({"EEGGround": "AFz"}))
    assert read_sidecar(path) == {"PowerLineFrequency": 50, "EEGReference": "FCz", "EEGGround": "AFz"}


@pytest.mark.parametrize(("text", "sentence"), [("", "is not JSON"), ("{", "is not JSON"), ("[1]", "a list")])
def test_a_broken_sidecar_is_named(root, text, sentence):
    path = find_recordings(root)[0]
    path.fpath.with_suffix(".json").write_text(text)
    with pytest.raises(RuntimeError, match=f"sub-01_ses-a_task-look_run-01_eeg.json.*{sentence}"):
        read_sidecar(path)
