"""Copies of epochs and of pictures, planted exactly, up to rounding, and just not."""

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.validity._check_split import check_split
from eegimg.validity._duplicates import find_duplicates


def make_epochs(data, split):
    info = mne.create_info(data.shape[1], 100.0, "eeg")
    metadata = pd.DataFrame({"image": [f"i{row}" for row in range(len(data))], "split": split})
    events = np.column_stack([np.arange(len(data)) * 200, np.zeros(len(data), int), np.ones(len(data), int)])
    return mne.EpochsArray(data, info, events=events, metadata=metadata, verbose="error")


@pytest.fixture
def data():
    return np.random.default_rng(0).standard_normal((40, 4, 60)) * 1e-5


SPLIT = ["train"] * 20 + ["validation"] * 8 + ["test"] * 12


def same_samples(report):
    rows = report.table[report.table["check"] == "same samples"].set_index("parts")
    return {parts: (row["count"], row["severity"]) for parts, row in rows.iterrows()}


def test_no_copies_are_found_where_there_are_none(data):
    report = check_split(make_epochs(data, SPLIT))
    assert same_samples(report) == {"train/test": (0, "ok"), "train/val": (0, "ok"), "val/test": (0, "ok")}


def test_exact_copies_across_parts_are_leaks(data):
    data[35] = data[3]
    data[36] = data[3]
    data[22] = data[39]
    report = check_split(make_epochs(data, SPLIT))
    assert same_samples(report) == {
        "train/test": (2, "leak"),
        "train/val": (0, "ok"),
        "val/test": (1, "caution"),
        "all": (3, "note"),
    }
    assert "epoch 35, epoch 36" in str(report.table["examples"].tolist())


def test_copies_within_a_part_are_a_note(data):
    data[1] = data[0]
    report = check_split(make_epochs(data, SPLIT))
    assert same_samples(report)["train/test"] == (0, "ok")
    assert same_samples(report)["all"] == (1, "note")


def test_copies_up_to_rounding_are_found_in_a_thousand_epochs():
    data = np.random.default_rng(1).standard_normal((1000, 8, 100)) * 1e-5
    pairs = [(number, 999 - number) for number in range(20)]
    for one, other in pairs:
        data[other] = data[one].astype(np.float32) * (1 + 3e-7)
    group, n_flat = find_duplicates(make_epochs(data, ["train", "test"] * 500))
    assert n_flat == 0
    assert [group[other] for _, other in pairs] == [one for one, _ in pairs]
    assert len(np.unique(group)) == 980


def test_what_differs_by_more_than_rounding_is_no_copy(data):
    data[35] = data[3] * (1 + 1e-4)
    data[36] = data[4]
    data[36, 2, 10] += 1e-8
    assert len(np.unique(find_duplicates(make_epochs(data, SPLIT))[0])) == 40


def test_flat_epochs_and_gaps_are_not_copies(data):
    data[[2, 35]] = 0.0
    data[[4, 36], 0, 0] = np.nan
    group, n_flat = find_duplicates(make_epochs(data, SPLIT))
    assert n_flat == 2
    assert len(np.unique(group)) == 40


def test_only_eeg_channels_are_compared(data):
    info = mne.create_info(5, 100.0, ["eeg"] * 4 + ["misc"])
    data[35] = data[3]
    data = np.concatenate([data, np.random.default_rng(2).standard_normal((40, 1, 60))], axis=1)
    epochs = mne.EpochsArray(data, info, verbose="error")
    assert find_duplicates(epochs)[0][35] == 3


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(bytes([number]) * 100)
    (tmp_path / "outside.jpg").write_bytes(bytes([0]) * 100)
    return folder


def same_picture(paths, images):
    metadata = pd.DataFrame({"image_path": paths, "split": ["train", "train", "test", "test"]})
    table = check_split(metadata, images=images).table
    return table[table["check"] == "same picture"].iloc[0]


def test_pictures_of_the_same_bytes_are_found(pictures):
    names = ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert same_picture(names, pictures)["severity"] == "ok"
    (pictures / "3.jpg").write_bytes((pictures / "0.jpg").read_bytes())
    found = same_picture(names, pictures)
    assert (found["count"], found["severity"], found["examples"]) == (1, "leak", "0.jpg = 3.jpg")


def test_pictures_that_are_not_there_or_outside_are_not_read(pictures):
    found = same_picture(["0.jpg", "1.jpg", "2.jpg", "../outside.jpg"], pictures)
    assert found["severity"] == "not checked"
    assert found["meaning"] == "1 picture files are not there ('../outside.jpg'); the others differ."
    assert same_picture(["a", "b", "c", "d"], pictures)["severity"] == "not checked"
    assert same_picture(["0.jpg", "1.jpg", "2.jpg", "3.jpg"], None)["severity"] == "not checked"
    with pytest.raises(
        FileNotFoundError, match=r"asked to read pictures in .*nowhere\. There is no such folder\.$"
    ):
        same_picture(["0.jpg", "1.jpg", "2.jpg", "3.jpg"], pictures / "nowhere")
