"""EEG-ImageNet: two files, subjects from 0, a split by counting rows."""

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from twins.eeg_imagenet import N_CHANNELS, write_eeg_imagenet
from twins.planted import decoding_accuracy

from eegimg.datasets import convert_dataset, load_dataset, read_descriptor
from eegimg.io import open_source

pytestmark = pytest.mark.torch
FACTS = read_descriptor("eeg_imagenet")


def test_rows_of_both_files_become_recordings(tmp_path):
    truth = write_eeg_imagenet(tmp_path)
    source = open_source("eeg_imagenet", tmp_path, FACTS)
    assert [recording.subject for recording in source.recordings] == ["00", "01", "08"]
    assert source.description is None
    for recording, table, shift in zip(
        source.recordings, [truth["tables"][0]] * 2 + [truth["tables"][1]], (0, 100, 0), strict=True
    ):
        content = recording.load()
        assert (content.unit, content.sfreq, len(content.ch_names)) == ("V", 1000.0, N_CHANNELS)
        assert list(content.events["source_index"]) == list(range(shift, shift + 100))
        assert (content.events["split"] == (["train"] * 30 + ["test"] * 20) * 2).all()
        assert content.events["fine_group"].isna().tolist() == [True] * 50 + [False] * 50
        for samples, event in zip(content.segments, content.events.to_dict("records"), strict=True):
            row = table["dataset"][event["source_index"]]
            np.testing.assert_array_equal(samples, row["eeg_data"])
            assert event["image_path"] == f"{row['label']}/{row['image']}"
            assert f"{event['image']}.JPEG" == row["image"]
            assert event["concept"] == row["label"] == table["labels"][event["label"]]
            assert event["granularity"] == row["granularity"]
            assert event["original_length"] == row["eeg_data"].shape[1]


def test_a_twin_becomes_valid_bids_and_decodes(tmp_path, validate):
    write_eeg_imagenet(tmp_path / "published", subjects=((0,), (15,)))
    root = convert_dataset("eeg_imagenet", tmp_path / "published", tmp_path / "bids")
    assert validate(root) == []
    epochs = load_dataset("eeg_imagenet", root=root).epochs()
    assert epochs.get_data().shape == (200, N_CHANNELS, 400)
    assert set(epochs.metadata["subject"]) == {"00", "15"}
    assert decoding_accuracy(epochs.get_data()[:100], epochs.metadata["concept"][:100]) > 0.9
    assert 1e-6 < epochs.get_data().std() < 1e-4


def test_a_subject_in_both_files_is_told(tmp_path):
    write_eeg_imagenet(tmp_path, subjects=((0, 1), (1,)))
    sentence = "Subject 1 has rows in EEG-ImageNet_1.pth and in EEG-ImageNet_2.pth"
    with pytest.raises(ValueError, match=sentence):
        open_source("eeg_imagenet", tmp_path, FACTS)


def test_a_split_that_cuts_through_classes_is_remarked(tmp_path):
    table = write_eeg_imagenet(tmp_path, subjects=((3,),))["tables"][0]
    del table["dataset"][10]
    torch.save(table, tmp_path / "EEG-ImageNet_1.pth")
    source = open_source("eeg_imagenet", tmp_path, FACTS)
    assert any("Subject 3 has 99 trials, no multiple of 50" in remark for remark in source.remarks)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"subject": 16},
            r"EEG-ImageNet_1.pth, dataset\[7\]\['subject'\] must lie between 0 and 15. It is 16",
        ),
        ({"label": "n1"}, r"dataset\[7\]\['label'\] is 'n1', which is none of the 2 'labels'"),
        (
            {"image": "n1_5.JPEG"},
            r"dataset\[7\]\['image'\] is 'n1_5.JPEG', which is none of the 100 'images'",
        ),
        (
            {"granularity": "finer"},
            r"dataset\[7\]\['granularity'\] must be 'coarse' or 'fine'. It is 'finer'",
        ),
        ({"eeg_data": torch.zeros(61, 501)}, r"dataset\[7\]\['eeg_data'\] must have the shape \(62 channels"),
    ],
)
def test_what_cannot_be_right_is_named(tmp_path, change, sentence):
    table = write_eeg_imagenet(tmp_path / "published", subjects=((0,),))["tables"][0]
    table["dataset"][7].update(change)
    torch.save(table, tmp_path / "published" / "EEG-ImageNet_1.pth")
    with pytest.raises((ValueError, RuntimeError), match=sentence):
        convert_dataset("eeg_imagenet", tmp_path / "published", tmp_path / "bids")
