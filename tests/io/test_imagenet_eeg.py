"""ImageNet-EEG: what the published files say, what cannot be right in them, and what the released loader got."""

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from twins.imagenet_eeg import LENGTHS, N_CHANNELS, write_imagenet_eeg
from twins.planted import decoding_accuracy

from eegimg.datasets import convert_dataset, load_dataset, read_descriptor
from eegimg.io import open_source
from eegimg.io.imagenet_eeg import FILES, SPLITS

pytestmark = pytest.mark.torch
FACTS = read_descriptor("imagenet_eeg")
# What nearly all published work does with a trial (DreamDiffusion, arXiv 2306.16934, and its released code).
SHORTEST, LONGEST, FIRST, LAST = 450, 600, 20, 460


def open_twin(folder, variant=None):
    return open_source("imagenet_eeg", folder, FACTS, variant)


def loader_items(table, indices):
    """Give the released loader's items: samples 20..459, stretched linearly to 512, and the label."""
    for index in indices:
        row = table["dataset"][index]
        samples = row["eeg"].numpy()[:, FIRST:LAST]
        old, new = np.linspace(0, 1, samples.shape[1]), np.linspace(0, 1, 512)
        yield np.stack([np.interp(new, old, channel) for channel in samples]), row["label"]


def loader_split(table, indices, subject=0):
    """Give the positions that the released splitter keeps, its fault included: lists are filtered first."""
    rows = [row for row in table["dataset"] if subject in (0, row["subject"])]
    return [
        index
        for index in indices
        if index <= len(rows) and SHORTEST <= rows[min(index, len(rows) - 1)]["eeg"].shape[1] <= LONGEST
    ]


def test_rows_become_recordings_of_subjects(tmp_path):
    truth = write_imagenet_eeg(tmp_path)
    source = open_twin(tmp_path)
    assert [recording.subject for recording in source.recordings] == ["01", "02"]
    assert source.description == "5to95"
    assert source.processing["Band-pass"] == {"l_freq (Hz)": 5.0, "h_freq (Hz)": 95.0}
    rows, images = truth["table"]["dataset"], truth["table"]["images"]
    seen = []
    for number, recording in enumerate(source.recordings, 1):
        content = recording.load()
        assert (content.unit, content.sfreq, len(content.ch_names)) == ("n/a", 1000.0, N_CHANNELS)
        for samples, event in zip(content.segments, content.events.to_dict("records"), strict=True):
            row = rows[event["source_index"]]
            seen.append(event["source_index"])
            assert row["subject"] == number
            np.testing.assert_array_equal(samples, row["eeg"])
            assert event["original_length"] == row["eeg"].shape[1]
            assert event["image"] == images[row["image"]]
            assert event["image_path"] == f"{event['concept']}/{event['image']}.JPEG"
            assert event["concept"] == truth["table"]["labels"][row["label"]] == event["trial_type"]
            for column, parts in zip(("split", "split_1"), truth["splits"], strict=True):
                assert event["source_index"] in parts[event[column]]
    assert sorted(seen) == list(range(len(rows)))


def test_a_twin_becomes_valid_bids_and_decodes(tmp_path, validate):
    truth = write_imagenet_eeg(tmp_path / "published", n_images=12)
    root = convert_dataset("imagenet_eeg", tmp_path / "published", tmp_path / "bids")
    assert validate(root) == []
    dataset = load_dataset("imagenet_eeg", root=root)
    epochs = dataset.epochs()
    rows = truth["table"]["dataset"]
    for samples, index in zip(epochs.get_data(), epochs.metadata["source_index"], strict=True):
        np.testing.assert_array_equal(samples.astype("f4"), rows[index]["eeg"][:, FIRST:LAST])
    assert len(epochs) == sum(row["eeg"].shape[1] >= LAST for row in rows)
    assert decoding_accuracy(epochs.get_data(), epochs.metadata["concept"]) > 0.9
    assert len(dataset.images) == 36
    assert not dataset.images["found"].any()


def test_the_raw_variant_is_raw_and_tells_its_unit_by_size(tmp_path, validate):
    truth = write_imagenet_eeg(tmp_path / "published", "raw")
    root = convert_dataset("imagenet_eeg", tmp_path / "published", tmp_path / "bids")
    assert validate(root) == []
    raw = load_dataset("imagenet_eeg", root=root).raw(subject="02")
    wanted = [row["eeg"].numpy() for row in truth["table"]["dataset"] if row["subject"] == 2]
    np.testing.assert_allclose(raw.get_data() * 1e6, np.concatenate(wanted, axis=1), rtol=1e-6, atol=1e-9)
    assert raw.info["temp"]["unit"] == "V"


def test_samples_that_are_no_numbers_do_not_hide_the_unit(tmp_path):
    table = write_imagenet_eeg(tmp_path / "published", "raw")["table"]
    first = next(row for row in table["dataset"] if row["subject"] == 1)
    first["eeg"][0, 0] = torch.nan
    torch.save(table, tmp_path / "published" / FILES["raw"])
    with pytest.raises(
        RuntimeError, match=r"1 of 2 subjects of imagenet_eeg could not be converted. sub-01: "
    ):
        convert_dataset("imagenet_eeg", tmp_path / "published", tmp_path / "bids")
    raw = load_dataset("imagenet_eeg", root=tmp_path / "bids", subjects="02").raw()
    assert raw.info["temp"]["unit"] == "V"


def test_names_of_pictures_with_an_ending_have_one(tmp_path):
    table = write_imagenet_eeg(tmp_path)["table"]
    table["images"] = [f"{name}.JPEG" for name in table["images"]]
    torch.save(table, tmp_path / FILES["5to95"])
    event = open_twin(tmp_path).recordings[0].load().events.iloc[0]
    assert event["image_path"] == f"{event['concept']}/{event['image']}.JPEG"
    assert "." not in event["image"]


def test_several_variants_in_one_folder_ask_which(tmp_path):
    write_imagenet_eeg(tmp_path, "14to70")
    write_imagenet_eeg(tmp_path, "raw")
    with pytest.raises(
        ValueError, match="several variants of imagenet_eeg: '14to70' and 'raw'. Name one with"
    ):
        open_twin(tmp_path)
    assert open_twin(tmp_path, "14to70").description == "14to70"
    with pytest.raises(
        FileNotFoundError, match=r"holds no file of imagenet_eeg. Looked for 'eeg_5_95_std.pth'"
    ):
        open_twin(tmp_path, "5to95")


def test_without_the_splits_there_are_none_and_it_is_said(tmp_path):
    write_imagenet_eeg(tmp_path, splits=False)
    source = open_twin(tmp_path)
    assert any(f"{SPLITS} is not in" in remark for remark in source.remarks)
    assert "split" not in source.recordings[0].load().events


def test_the_published_split_is_the_loaders_where_its_fault_does_not_show(tmp_path):
    truth = write_imagenet_eeg(tmp_path / "published", n_images=8)
    root = convert_dataset("imagenet_eeg", tmp_path / "published", tmp_path / "bids")
    table, split = truth["table"], truth["splits"][0]
    pieces = [recording.load().events for recording in open_twin(tmp_path / "published").recordings]
    events = {row["source_index"]: row for piece in pieces for row in piece.to_dict("records")}
    usual = {index for index, row in events.items() if SHORTEST <= row["original_length"] <= LONGEST}
    for part, indices in split.items():
        ours = sorted(index for index in usual if events[index]["split"] == part)
        assert ours == sorted(loader_split(table, indices))
        # With one subject chosen first, the loader's positions point at other rows, or past the list.
        theirs = loader_split(table, indices, subject=2)
        people = {table["dataset"][index]["subject"] for index in theirs}
        own = [index for index in ours if table["dataset"][index]["subject"] == 2]
        loaded = load_dataset("imagenet_eeg", root=root).epochs(split=part, subject="02").metadata
        kept = loaded["original_length"].between(SHORTEST, LONGEST)
        # Trials of 450 to 459 samples end before the window does; none of the published ones is as short.
        long = [index for index in own if events[index]["original_length"] >= LAST]
        assert sorted(loaded["source_index"][kept]) == long
        assert people != {2} or theirs != own


@pytest.fixture(scope="module")
def reference(test_data):
    folder = test_data.parent / "golden" / "imagenet_eeg"
    if not folder.is_dir():
        pytest.skip(f"needs what the released loader returned: {folder} is not a folder")
    return folder


@pytest.mark.data
def test_converted_and_loaded_epochs_are_the_released_loaders_items(reference, tmp_path, validate):
    root = convert_dataset("imagenet_eeg", reference, tmp_path / "bids")
    assert validate(root) == []
    epochs = load_dataset("imagenet_eeg", root=root).epochs()
    metadata = epochs.metadata.reset_index(drop=True)
    wanted = np.load(reference / "reference_items.npz")
    grid = np.linspace(0, 1, 512)
    for index, item, label in zip(wanted["indices"], wanted["eeg"], wanted["label"], strict=True):
        (row,) = np.flatnonzero(metadata["source_index"] == index)
        samples = epochs.get_data()[row]
        ours = np.stack([np.interp(grid, np.linspace(0, 1, samples.shape[1]), trace) for trace in samples])
        np.testing.assert_allclose(ours, item, atol=1e-5)
        assert metadata["label"][row] == label
    usual = metadata[metadata["original_length"].between(SHORTEST, LONGEST)]
    for part in ("train", "test"):
        found = sorted(usual.loc[usual["split"] == part, "source_index"])
        assert found == sorted(wanted[f"{part}_indices"])
        assert len(found) == wanted[f"n_{part}"]


def row_without(key):
    return lambda table: table["dataset"][5].pop(key)


def put(key, value):
    return lambda table: table["dataset"][5].update({key: value})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda table: table.pop("images"), r"eeg_5_95_std.pth lacks the key 'images'; it has 'dataset' and"),
        (
            row_without("label"),
            r"eeg_5_95_std.pth, dataset\[5\] lacks the key 'label'; it has 'eeg', 'image'",
        ),
        (
            put("eeg", torch.zeros(127, 500)),
            r"dataset\[5\]\['eeg'\] must have the shape \(128 channels, samp",
        ),
        (put("eeg", torch.zeros(128)), r"dataset\[5\]\['eeg'\] must have the shape .* It has \(128,\)"),
        (
            put("eeg", [[1.0, 2.0], [3.0]]),
            r"dataset\[5\]\['eeg'\] must be an array. Its parts have different",
        ),
        (put("eeg", "none"), r"dataset\[5\]\['eeg'\] must hold numbers. It holds <U4"),
        (put("label", 3), r"dataset\[5\]\['label'\] must lie between 0 and 2. It is 3"),
        (put("label", 1.5), r"dataset\[5\]\['label'\] must be a whole number from 0 to 2. It is 1.5"),
        (put("image", 18), r"dataset\[5\]\['image'\] must lie between 0 and 17. It is 18"),
        (put("image", -1), r"dataset\[5\]\['image'\] must lie between 0 and 17. It is -1"),
        (put("subject", 7), r"dataset\[5\]\['subject'\] must lie between 1 and 6. It is 7"),
        (put("subject", 0), r"dataset\[5\]\['subject'\] must lie between 1 and 6. It is 0"),
        (
            put("eeg", torch.full((128, 500), torch.nan)),
            r"dataset\[5\]\['eeg'\] holds 64000 numbers that are",
        ),
        (
            lambda table: table["dataset"].append(dict(table["dataset"][5])),
            r"dataset\[36\]\['eeg'\] repeats eeg_5_95_std.pth, dataset\[5\]\['eeg'\] sample by sample",
        ),
        (
            lambda table: table.update(dataset=[]),
            "'dataset' must be a list that holds something. It is list of",
        ),
        (lambda table: table["dataset"].insert(5, "x"), r"dataset\[5\] must be a table with the keys 'eeg',"),
    ],
)
def test_what_cannot_be_right_is_named_by_file_row_and_key(tmp_path, spoil, sentence):
    table = write_imagenet_eeg(tmp_path / "published")["table"]
    spoil(table)
    torch.save(table, tmp_path / "published" / FILES["5to95"])
    with pytest.raises((ValueError, RuntimeError), match=sentence):
        convert_dataset("imagenet_eeg", tmp_path / "published", tmp_path / "bids")
    if (tmp_path / "bids").exists():
        with pytest.raises(RuntimeError, match="is not finished"):
            load_dataset("imagenet_eeg", root=tmp_path / "bids")


@pytest.mark.parametrize(
    ("splits", "sentence"),
    [
        (
            {"train": [0, 36], "val": [], "test": []},
            r"splits\[0\]\['train'\]\[1\] must lie between 0 and 35. It",
        ),
        (
            {"train": [0, 4], "val": [], "test": [4]},
            r"splits\[0\]\['test'\]\[0\] is row 4, which is in 'train' t",
        ),
        ({"train": [0, 4], "test": [4]}, r"splits\[0\] lacks the key 'val'"),
        (
            {"train": 5, "val": [], "test": []},
            r"splits\[0\]: 'train' must be a list that holds something. It is int",
        ),
    ],
)
def test_splits_that_cannot_be_right_are_named(tmp_path, splits, sentence):
    write_imagenet_eeg(tmp_path)
    torch.save({"splits": [splits]}, tmp_path / SPLITS)
    with pytest.raises(ValueError, match=sentence):
        open_twin(tmp_path)


def test_a_file_cut_short_is_told(tmp_path):
    file = write_imagenet_eeg(tmp_path / "published")["file"]
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(RuntimeError, match=r"eeg_5_95_std.pth"):
        convert_dataset("imagenet_eeg", tmp_path / "published", tmp_path / "bids")
    assert not (tmp_path / "bids").exists()


def test_twins_have_the_lengths_that_matter():
    assert min(LENGTHS) < SHORTEST < LONGEST < max(LENGTHS)
