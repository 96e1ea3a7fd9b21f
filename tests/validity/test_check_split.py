"""Every leak that a split can have, planted and found; and nothing found where nothing was planted."""

import time

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.validity._check_split import check_split

SIZE = 96


def clean_metadata():
    """Return 96 trials of one person that two thirds of the images train: every block has every concept."""
    rows = np.arange(SIZE)
    rng = np.random.default_rng(3)
    image = np.concatenate([rng.permutation(24) for _ in range(4)])
    return pd.DataFrame(
        {
            "subject": "01",
            "session": "1",
            "run": "1",
            "block": rows // 24 + 1,
            "image": [f"picture-{number:02d}" for number in image],
            "image_path": [f"images/picture-{number:02d}.jpg" for number in image],
            "concept": [f"concept-{number % 4}" for number in image],
            "repetition": rows // 24 + 1,
            "split": np.select([image < 12, image < 16], ["train", "validation"], "test"),
        }
    )


def row_of(report, check, parts=None):
    """Return the one row of a check."""
    table = report.table
    chosen = table[(table["check"] == check) & ((table["parts"] == parts) if parts else True)]
    assert len(chosen) >= 1, f"no row {check!r}"
    return chosen.iloc[0]


def severity(report, check, parts=None):
    return row_of(report, check, parts)["severity"]


def make_epochs(metadata, samples, *, sfreq=100.0, n_times=50, n_channels=3, seed=0):
    data = np.random.default_rng(seed).standard_normal((len(metadata), n_channels, n_times)) * 1e-5
    events = np.column_stack([samples, np.zeros(len(metadata), int), np.ones(len(metadata), int)])
    info = mne.create_info(n_channels, sfreq, "eeg")
    return mne.EpochsArray(data, info, events=events, metadata=metadata, verbose="error")


def test_a_clean_split_has_no_leak_and_says_what_it_did_not_look_at():
    metadata = clean_metadata()
    before = metadata.copy()
    report = check_split(metadata)
    assert report.ok
    assert report.leaks == []
    assert report.raise_if_leaking() is None
    assert severity(report, "image", "train/test") == "ok"
    assert severity(report, "exemplar", "train/test") == "ok"
    unchecked = report.table.query("severity == 'not checked'")["check"].tolist()
    assert {"same samples", "same picture", "shared time", "transductive", "model selection"} <= set(
        unchecked
    )
    assert report.parts == {"fold 1": {"train": 48, "validation": 16, "test": 32}}
    pd.testing.assert_frame_equal(metadata, before)


def test_a_shared_image_is_a_leak_with_its_count_and_name():
    metadata = clean_metadata()
    row = metadata.index[metadata["split"] == "test"][0]
    metadata.loc[row, ["image", "image_path"]] = ["picture-00", "images/picture-00.jpg"]
    report = check_split(metadata)
    found = row_of(report, "image", "train/test")
    assert (found["count"], found["of"], found["severity"]) == (1, 9, "leak")
    assert found["examples"] == "picture-00"
    assert not report.ok
    with pytest.raises(
        ValueError,
        match=(
            r"^The split \(the column 'split'\) leaks\. image: 1 of 9 test images are in training too: the "
            r"number is not about new images; exemplar: 1 of 9 test exemplars are in training too: the number "
            r"is not about new images\. Use make_split\(metadata, by='image'\), or say what the number is "
            r"about in 'claim', for example claim='new subjects'\.$"
        ),
    ):
        report.raise_if_leaking()


def test_equal_names_of_different_files_are_a_caution():
    metadata = clean_metadata()
    test = metadata["split"] == "test"
    metadata.loc[test, "image"] = "1"
    metadata.loc[metadata["split"] == "train", "image"] = "1"
    report = check_split(metadata)
    assert severity(report, "image", "train/test") == "caution"
    assert severity(report, "exemplar", "train/test") == "ok"


@pytest.mark.parametrize(
    ("claim", "leaks"),
    [
        (None, {"image", "exemplar"}),
        ("new images", {"image", "exemplar"}),
        ("zero-shot", {"image", "exemplar", "concept"}),
        ("new subjects", {"subject"}),
        ("new sessions", {"session"}),
        ("new runs", {"run"}),
        ("new blocks", {"block"}),
        (["new images", "new subjects"], {"image", "exemplar", "subject"}),
    ],
)
def test_a_claim_decides_what_must_not_be_shared(claim, leaks):
    metadata = clean_metadata()
    # Trials in turn go to both parts: everything is shared.
    metadata["split"] = np.where(np.random.default_rng(1).random(SIZE) < 0.5, "train", "test")
    report = check_split(metadata, claim=claim)
    found = report.table.query("severity == 'leak'")["check"]
    assert set(found) == leaks
    assert severity(report, "repetition", "train/test") == "note"


@pytest.mark.parametrize("column", ["concept", "block", "run", "session", "subject", "repetition"])
def test_what_is_held_out_is_ok(column):
    metadata = clean_metadata()
    if column in ("run", "session", "subject"):
        metadata[column] = np.where(metadata["block"] <= 2, "a", "b")
    values = sorted(metadata[column].unique())
    held = metadata[column].isin(values[len(values) // 2 :])
    metadata["split"] = np.where(held, "test", "train")
    report = check_split(metadata)
    assert severity(report, column, "train/test") == "ok"


def test_a_block_of_one_label_in_both_parts_is_a_leak_although_images_are_new():
    # As published for the ImageNet-EEG recordings: fifty images of a class in a row, some of them tested.
    classes, per_class = 10, 25
    rows = np.arange(classes * per_class)
    metadata = pd.DataFrame(
        {
            "subject": "1",
            "block": rows // per_class,
            "image": [f"image-{row}" for row in rows],
            "concept": [f"class-{row // per_class}" for row in rows],
            "split": np.where(rows % 5 == 0, "test", "train"),
        }
    )
    report = check_split(metadata)
    assert severity(report, "image") == "ok"
    found = row_of(report, "block")
    assert (found["count"], found["severity"]) == (10, "leak")
    assert found["meaning"].endswith(
        "the block predicts the label, so drift can pass for it (Li et al. 2021)."
    )
    with pytest.raises(ValueError, match=r"make_split\(metadata, by='block'\)"):
        report.raise_if_leaking()
    # Blocks held out whole, two per class: nothing is left of it.
    metadata["block"] = rows // per_class * 2 + rows % 2
    metadata["split"] = np.where(rows % 2, "test", "train")
    assert severity(check_split(metadata), "block") == "ok"


def test_a_shared_block_of_mixed_labels_is_a_caution_and_of_unknown_ones_a_leak():
    metadata = clean_metadata()
    assert severity(check_split(metadata), "block", "train/test") == "caution"
    assert severity(check_split(metadata.drop(columns="concept")), "block", "train/test") == "leak"


def test_shared_subjects_that_predict_the_label_are_a_leak():
    metadata = clean_metadata()
    rng = np.random.default_rng(0)
    metadata["split"] = np.where(rng.random(SIZE) < 0.5, "train", "test")
    metadata["subject"] = metadata["concept"].str.replace("concept", "sub")
    report = check_split(metadata, claim="new runs")
    assert severity(report, "subject", "train/test") == "leak"
    assert "the subject predicts the label" in row_of(report, "subject", "train/test")["meaning"]


def test_randomised_blocks_are_seldom_said_to_predict_labels():
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(50):
        metadata = pd.DataFrame(
            {
                "block": np.arange(120) // 12,
                "concept": rng.permutation(np.arange(120) % 3),
                "split": rng.permutation(np.arange(120) % 4 == 0),
            }
        )
        metadata["split"] = np.where(metadata["split"], "test", "train")
        wrong += severity(check_split(metadata), "block") == "leak"
    assert wrong <= 2


def test_blocks_runs_and_sessions_are_those_of_one_person():
    metadata = pd.concat([clean_metadata().assign(subject=name, split=part) for name, part in PEOPLE])
    report = check_split(metadata, claim=["new subjects", "new sessions", "new runs", "new blocks"])
    for check in ("subject", "session", "run", "block"):
        assert severity(report, check) == "ok", check
    assert severity(report, "image") == "caution"
    assert report.ok


PEOPLE = (("01", "train"), ("02", "train"), ("03", "test"))


def test_an_epoch_without_a_block_keeps_the_check_from_passing():
    metadata = clean_metadata()
    metadata["split"] = np.where(metadata["block"] <= 2, "train", "test")
    metadata["block"] = metadata["block"].astype(object)
    metadata.loc[0, "block"] = "n/a"
    found = row_of(check_split(metadata), "block")
    assert found["severity"] == "not checked"
    assert found["meaning"] == "1 epochs have no block; the others share none."


def test_the_validation_part_is_compared_too():
    metadata = clean_metadata()
    row = metadata.index[metadata["split"] == "validation"][0]
    metadata.loc[row, "image"] = "picture-00"
    metadata.loc[row, "image_path"] = "images/picture-00.jpg"
    report = check_split(metadata)
    assert severity(report, "image", "train/val") == "caution"
    assert severity(report, "image", "val/test") == "ok"
    assert report.ok


def test_the_worst_of_several_folds_is_told():
    metadata = clean_metadata()
    clean = metadata["split"]
    leaking = clean.copy()
    leaking.loc[leaking.index[clean == "train"][:3]] = "test"
    report = check_split(metadata, split=pd.DataFrame({"fold-01": clean, "fold-02": leaking}))
    found = row_of(report, "image", "train/test")
    assert found["severity"] == "leak"
    assert found["meaning"].endswith(" Worst of 2 folds: 'fold-02'.")
    assert list(report.parts) == ["fold-01", "fold-02"]


def test_a_split_may_be_numbers_of_folds_values_or_indices():
    metadata = clean_metadata()
    values = metadata.pop("split")
    assert check_split(metadata, split=values).ok
    assert check_split(metadata, split=values.tolist()).parts["fold 1"]["validation"] == 16
    metadata["fold"] = metadata["block"] % 2
    assert len(check_split(metadata, split="fold").parts) == 2
    pair = (np.flatnonzero(values == "train"), np.flatnonzero(values == "test"))
    assert check_split(metadata, split=[pair]).parts == {"fold 1": {"train": 48, "test": 32}}


def test_epochs_in_no_part_are_told():
    metadata = clean_metadata()
    metadata.loc[:4, "split"] = "n/a"
    found = row_of(check_split(metadata), "no part")
    assert (found["count"], found["of"], found["severity"]) == (5, SIZE, "note")


def test_labels_may_stand_in_another_column_or_in_the_events():
    metadata = clean_metadata().rename(columns={"concept": "category"})
    assert severity(check_split(metadata, label="category"), "concept", "train/test") == "note"
    epochs = make_epochs(metadata, np.arange(SIZE) * 100 + 50)
    codes = {name: code for code, name in enumerate(sorted(metadata["category"].unique()), 1)}
    epochs.events[:, 2] = metadata["category"].map(codes)
    epochs.event_id = codes
    assert severity(check_split(epochs), "block", "train/test") == "caution"


def test_bad_input_gets_a_sentence():
    metadata = clean_metadata()
    with pytest.raises(ValueError, match=r"asked for the split 'spit'; .* Did you mean 'split'\?$"):
        check_split(metadata, split="spit")
    with pytest.raises(ValueError, match=r"asked for the labels 'conzept'; .* Did you mean 'concept'\?$"):
        check_split(metadata, label="conzept")
    with pytest.raises(
        ValueError, match=r"'claim' parameter of check_split must be 'new images' or .*zero-shot"
    ):
        check_split(metadata, claim="zeroshot")
    with pytest.raises(
        TypeError, match=r"'data' parameter of check_split must be a metadata DataFrame or mne"
    ):
        check_split(metadata.to_dict())


@pytest.mark.slow
def test_sixteen_thousand_epochs_take_less_than_ten_seconds():
    n_epochs = 16_000
    rows = np.arange(n_epochs)
    metadata = pd.DataFrame(
        {
            "subject": "01",
            "session": (rows // 4000).astype(str),
            "block": rows // 100,
            "image": [f"image-{row % 4000}" for row in rows],
            "concept": [f"concept-{row % 4000 // 10}" for row in rows],
            "split": np.where(rows % 4000 < 3000, "train", "test"),
        }
    )
    epochs = make_epochs(metadata, rows * 120 + 50, n_channels=17, n_times=100)
    epochs._data[n_epochs - 1] = epochs._data[0]
    start = time.perf_counter()
    report = check_split(epochs)
    assert time.perf_counter() - start < 10
    assert row_of(report, "same samples", "train/test")["count"] == 1
    assert [text.split(":")[0] for text in report.leaks] == ["same samples"]
