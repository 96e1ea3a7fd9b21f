"""Epochs as a braindecode dataset: the same numbers, and targets that mean the same everywhere."""

import importlib.util

import mne
import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg import bids
from eegimg.datasets._braindecode import import_known, target_values, to_braindecode
from eegimg.preprocessing import Filter, MakeEpochs

CONCEPTS = "boat car fish flower heart house mushroom star sun tree".split()
PIPELINE = eegimg.Pipeline(Filter(l_freq=1.0, h_freq=40.0), MakeEpochs(tmin=-0.1, tmax=0.5), name="quick")
# braindecode 1.8 reads its descriptions in a way that pandas 4 drops.
pandas_3 = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame:DeprecationWarning")


@pytest.fixture
def braindecode():
    """Return braindecode.datasets, or skip the test."""
    if importlib.util.find_spec("braindecode") is None:
        pytest.skip("needs braindecode")
    return import_known("braindecode.datasets", "the test", "models")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("simulated") / "icons"
    eegimg.make_dataset(root, n_subjects=2, n_images=20, n_repetitions=2, n_channels=16, sfreq=125.0)
    return eegimg.load_dataset(None, root=root)


@pytest.fixture(scope="module")
def epochs(dataset):
    return dataset.epochs(pipeline=PIPELINE)


@pytest.fixture
def make_epochs():
    """Return a function that makes three-sample epochs with given metadata."""

    def make(**columns):
        n_epochs = len(next(iter(columns.values())))
        data = np.arange(n_epochs * 6, dtype=float).reshape(n_epochs, 2, 3) * 1e-6
        info = mne.create_info(["Cz", "Pz"], 100.0, "eeg")
        return mne.EpochsArray(data, info, metadata=pd.DataFrame(columns), verbose="error")

    return make


def tables(dataset):
    return [bids.read_events_table(path) for path in bids.find_recordings(dataset.root)]


@pytest.mark.torch
@pandas_3
def test_one_windows_dataset_per_recording_with_the_same_numbers(braindecode, epochs):
    before = epochs.metadata.copy()
    windows = to_braindecode(epochs)
    assert isinstance(windows, braindecode.BaseConcatDataset)
    assert [type(part) for part in windows.datasets] == [braindecode.WindowsDataset] * 2
    assert len(windows) == len(epochs) == 80
    data = epochs.get_data().astype("float32")
    for index in (0, 39, 40, 79):
        X, y, crop = windows[index]
        assert X.dtype == np.float32
        np.testing.assert_array_equal(X, data[index])
        assert y == CONCEPTS.index(epochs.metadata["concept"].iloc[index])
        assert crop == [0, 0, len(epochs.times)]
    assert list(windows.description["subject"]) == ["01", "02"]
    assert windows.description[["session", "run"]].isna().all(axis=None)
    assert windows.target_mapping == {concept: code for code, concept in enumerate(CONCEPTS)}
    pd.testing.assert_frame_equal(epochs.metadata, before)


@pytest.mark.torch
@pandas_3
def test_metadata_ride_along(braindecode, epochs):
    windows = to_braindecode(epochs)
    table = windows.get_metadata()
    for column in ("image", "image_path", "concept", "repetition", "split", "source_index"):
        assert list(table[column]) == list(epochs.metadata[column])
    assert [CONCEPTS[code] for code in table["target"]] == list(table["concept"])
    assert list(table["target"]) == [windows[index][1] for index in range(80)]


@pytest.mark.torch
@pandas_3
def test_splits_of_braindecode(braindecode, epochs):
    parts = to_braindecode(epochs).split("subject")
    assert {name: len(part) for name, part in parts.items()} == {"01": 40, "02": 40}
    np.testing.assert_array_equal(parts["02"][0][0], epochs[40].get_data()[0].astype("float32"))
    assert parts["02"].datasets[0].target_mapping["tree"] == 9
    assert "split" not in to_braindecode(epochs).description  # each recording has both
    train = to_braindecode(epochs[epochs.metadata["split"] == "train"])
    assert list(train.split("split")) == ["train"]


@pytest.mark.torch
def test_batches_for_torch(braindecode, epochs):
    import torch

    windows = to_braindecode(epochs)
    chosen = np.flatnonzero(epochs.metadata["split"] == "test")
    loader = torch.utils.data.DataLoader(torch.utils.data.Subset(windows, chosen), batch_size=len(chosen))
    X, y, crop = next(iter(loader))
    assert X.shape == (len(chosen), len(epochs.ch_names), len(epochs.times))
    assert (X.dtype, y.dtype) == (torch.float32, torch.int64)
    assert [part.tolist() for part in crop] == [[0] * len(chosen)] * 2 + [[len(epochs.times)] * len(chosen)]
    np.testing.assert_array_equal(X.numpy(), epochs.get_data()[chosen].astype("float32"))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(X[0].numel(), 10))
    torch.nn.functional.cross_entropy(model(X * 1e5), y).backward()
    assert torch.isfinite(model[1].weight.grad).all()


@pytest.mark.torch
@pytest.mark.parametrize("target", ["concept", "image", "stim_file", "repetition", "event", "subject"])
def test_a_part_alone_has_the_codes_of_the_whole(braindecode, dataset, epochs, target):
    values = target_values(dataset.recordings, tables(dataset), target)
    whole = to_braindecode(epochs, target)
    for chosen in (epochs.metadata["subject"] == "02", epochs.metadata["concept"] == "tree"):
        part = to_braindecode(epochs[chosen], target, values)
        assert part.target_mapping == whole.target_mapping
        rows = np.flatnonzero(chosen)
        assert [part[index][1] for index in range(len(part))] == [whole[row][1] for row in rows]
    assert set(whole.target_mapping) == set(epochs.metadata[target])
    assert sorted(whole.target_mapping.values()) == list(range(len(whole.target_mapping)))


@pytest.mark.torch
@pandas_3
def test_a_dataset_hands_over_one_split_of_one_subject(braindecode, dataset, epochs):
    windows = dataset.to_braindecode(split="test", subject="02", pipeline=PIPELINE, target="image")
    chosen = np.flatnonzero((epochs.metadata["split"] == "test") & (epochs.metadata["subject"] == "02"))
    assert windows.description[["subject", "split"]].to_numpy().tolist() == [["02", "test"]]
    assert windows.target_mapping == to_braindecode(epochs, "image").target_mapping
    assert len(windows) == len(chosen) > 0
    for index, row in enumerate(chosen):
        np.testing.assert_array_equal(windows[index][0], epochs[row].get_data()[0].astype("float32"))
    names = list(windows.target_mapping)
    assert [names[windows[index][1]] for index in range(len(windows))] == list(
        epochs.metadata["image"].iloc[chosen]
    )


@pytest.mark.torch
def test_codes_that_count_from_0_are_kept_and_others_sorted_by_size(braindecode, make_epochs):
    coded = to_braindecode(make_epochs(label=[2, 0, 1]), "label")
    assert [coded[index][1] for index in range(3)] == [2, 0, 1]
    sorted_by_size = to_braindecode(make_epochs(label=[100.0, 9.0, 20.0]), "label")
    assert sorted_by_size.target_mapping == {9: 0, 20: 1, 100: 2}
    names = to_braindecode(make_epochs(label=["007", "7", "10"]), "label", ["007", "10", "7", "8"])
    assert names.target_mapping == {"007": 0, "10": 1, "7": 2, "8": 3}
    # One subject's metadata have numbers where another's, or events.tsv, have text.
    mixed = to_braindecode(make_epochs(subject=["01", 10, 10]), "subject", ["01", "10", "9"])
    assert [mixed[index][1] for index in range(3)] == [0, 1, 1]
    assert [part.description["subject"] for part in mixed.datasets] == ["01", "10"]


@pytest.mark.torch
def test_recordings_are_told_apart_by_session_and_run(braindecode, make_epochs):
    epochs = make_epochs(
        subject=["01"] * 4, session=["a", "a", "b", "b"], run=[1, 2, 1, 1], label=[0, 1, 0, 1]
    )
    parts = to_braindecode(epochs, "label").datasets
    assert [len(part) for part in parts] == [1, 1, 2]
    assert [part.description[["session", "run"]].to_list() for part in parts] == [
        ["a", "1"],
        ["a", "2"],
        ["b", "1"],
    ]
    parts = to_braindecode(make_epochs(subject=["02", "02", "01"], label=[0, 1, 0]), "label").datasets
    assert [part.description["subject"] for part in parts] == ["02", "01"]  # not sorted
    alone = to_braindecode(make_epochs(label=[0, 1]), "label")
    assert alone.datasets[0].description.to_dict() == {"subject": None, "session": None, "run": None}


def test_values_come_from_events_tsv_and_file_names():
    recordings = pd.DataFrame({"subject": ["01", "02"], "session": [None, None], "task": "x", "run": None})
    first = pd.DataFrame(
        {"onset": [1.0, 2.0], "stim_file": ["a\\b\\cat_1.png", np.nan], "trial_type": ["x", "y"]}
    )
    both = [first, None]
    assert target_values(recordings, both, "image") == ["cat_1"]
    assert target_values(recordings, both, "stim_file") == ["a\\b\\cat_1.png"]
    assert target_values(recordings, both, "event") == ["x", "y"]
    assert target_values(recordings, both, "subject") == ["01", "02"]
    assert target_values(recordings, both, "concept") is None
    with pytest.raises(
        ValueError, match="'image_path' says where a file is on this machine. Take 'image' or"
    ):
        target_values(recordings, both, "image_path")


def test_what_cannot_be_a_target_is_told(make_epochs):
    with pytest.raises(ValueError, match=r"'target' parameter of to_braindecode .* Did you mean 'label'\?"):
        to_braindecode(make_epochs(label=[0, 1]), "labl")
    with pytest.raises(
        ValueError, match="1 of 2 epochs have no 'label', and y needs one for each. Leave them out"
    ):
        to_braindecode(make_epochs(label=["a", None]), "label")
    with pytest.raises(ValueError, match="Epochs have the label 'b', which is not among the 2 values"):
        to_braindecode(make_epochs(label=["a", "b"]), "label", ["a", "c"])
    with pytest.raises(
        ValueError, match="The metadata have the column 'target', a name that braindecode uses"
    ):
        to_braindecode(make_epochs(label=[0, 1], target=[0, 1]), "label")


@pytest.mark.skipif(importlib.util.find_spec("braindecode") is not None, reason="braindecode is installed")
def test_without_braindecode_a_sentence_says_how_to_get_it(make_epochs):
    with pytest.raises(
        ImportError,
        match=r'^to_braindecode needs braindecode.datasets, which is not installed. .*"eegimg\[models\]"',
    ):
        to_braindecode(make_epochs(label=[0, 1]), "label")
