"""A conversion's record: one at a time, what is lost is noticed, and nothing of the user's is touched."""

import json
import os
import shutil

import numpy as np
import pytest

import eegimg
from eegimg.datasets import convert_dataset, load_dataset
from eegimg.datasets._conversion import alone

NAME = "imagenet_eeg"  # any dataset whose published files are converted


def test_two_conversions_into_one_folder_are_refused(published, tmp_path):
    source, root = published(), tmp_path / "bids"
    convert_dataset(NAME, source, root, subjects="01")
    with (
        alone(root),
        pytest.raises(RuntimeError, match="Another process is converting into .*bids. Wait until"),
    ):
        convert_dataset(NAME, source, root)
    assert len(load_dataset(NAME, root=convert_dataset(NAME, source, root)).recordings) == 2


@pytest.mark.parametrize("lost", ["sub-02", "sub-02/eeg/sub-02_task-images_eeg.vhdr", "half"])
def test_what_is_missing_from_a_finished_conversion_is_noticed_and_made_again(published, tmp_path, lost):
    source, root = published(), tmp_path / "bids"
    convert_dataset(NAME, source, root)
    samples = root / "sub-02" / "eeg" / "sub-02_task-images_eeg.eeg"
    before = samples.read_bytes()
    if lost == "half":
        samples.write_bytes(before[: len(before) // 2])
    elif lost == "sub-02":
        shutil.rmtree(root / lost)
    else:
        (root / lost).unlink()
    with pytest.raises(
        RuntimeError, match=r"sub-02/eeg/.* is missing from .*bids, or not as it was converted"
    ):
        load_dataset(NAME, root=root)
    with pytest.raises(RuntimeError, match="is missing from"):
        eegimg.preprocess_dataset(root, tmp_path / "out", report=False)
    assert len(load_dataset(NAME, root=root, subjects="01").recordings) == 1
    convert_dataset(NAME, source, root)
    assert samples.read_bytes() == before
    assert len(load_dataset(NAME, root=root).recordings) == 2


def test_an_unfinished_conversion_is_not_preprocessed(published, tmp_path):
    def nan(segments):
        segments[0][0, 0] = np.nan

    root = tmp_path / "bids"
    with pytest.raises(RuntimeError, match="could not be converted"):
        convert_dataset(NAME, published(1, spoil=nan), root)
    with pytest.raises(RuntimeError, match="The conversion of imagenet_eeg into .* is not finished"):
        eegimg.preprocess_dataset(root, tmp_path / "out", report=False)


def test_what_the_user_has_put_there_is_never_removed(published, tmp_path):
    source, root = published(), tmp_path / "bids"
    convert_dataset(NAME, source, root, subjects="01")
    mine = root / "sub-02" / "eeg" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("keep", encoding="utf-8")
    (root / ".eegimg-notes").mkdir()
    with pytest.raises(
        RuntimeError, match="sub-02 is there already, and eegimg has not made it. Move it elsewh"
    ):
        convert_dataset(NAME, source, root)
    assert mine.read_text(encoding="utf-8") == "keep"
    assert (root / ".eegimg-notes").is_dir()
    (root / "sub-01" / "mine.txt").write_text("keep", encoding="utf-8")
    (root / "sub-01" / "eeg" / "sub-01_task-images_eeg.vhdr").unlink()
    with pytest.raises(RuntimeError, match=r"sub-01 holds mine.txt, which eegimg has not made"):
        convert_dataset(NAME, source, root, subjects="01")
    assert (root / "sub-01" / "mine.txt").is_file()


def test_a_link_in_the_place_of_a_subject_is_not_followed(published, tmp_path):
    source, root = published(), tmp_path / "bids"
    convert_dataset(NAME, source, root, subjects="01")
    (tmp_path / "elsewhere").mkdir()
    (root / "sub-02").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RuntimeError, match="sub-02 is there already"):
        convert_dataset(NAME, source, root)
    assert os.listdir(tmp_path / "elsewhere") == []


def test_the_home_folder_is_written_out(published, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    source = published()
    root = convert_dataset(NAME, f"~/{source.relative_to(tmp_path)}", "~/bids")
    assert root == tmp_path / "bids"
    assert len(load_dataset(NAME, root="~/bids").recordings) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"Wanted": None},
        {"Subjects": ["../../x"]},
        {"Subjects": {"../../x": {"Files": {}}}},
        {"Subjects": {"01": {"Files": {"../../x": 3}}}},
        {"Dataset": 5},
    ],
)
def test_a_record_that_was_edited_is_a_sentence(published, tmp_path, change):
    source, root = published(), tmp_path / "bids"
    convert_dataset(NAME, source, root)
    file = root / "sourcedata" / "eegimg" / "conversion.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")
    for use in (lambda: load_dataset(NAME, root=root), lambda: convert_dataset(NAME, source, root)):
        with pytest.raises(RuntimeError, match=r"conversion.json is not what eegimg.convert_dataset wrote: "):
            use()


def test_another_dataset_is_not_taken_for_a_known_one(tmp_path):
    eegimg.make_dataset(tmp_path / "mine", n_subjects=1, n_images=10, n_repetitions=1, n_channels=16)
    with pytest.raises(
        ValueError, match=r"oced was asked for, which has 62.5 Hz; .*mine holds 'Simulated EEG"
    ):
        load_dataset("oced", root=tmp_path / "mine")
    description = tmp_path / "mine" / "dataset_description.json"
    description.write_text(description.read_text(encoding="utf-8").replace("Simulated EEG", "EEG"), "utf-8")
    with pytest.raises(
        ValueError, match="simulated was asked for; .*mine holds 'EEG of people looking at icons"
    ):
        load_dataset("simulated", root=tmp_path / "mine")
