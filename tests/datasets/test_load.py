"""A dataset as recordings, images and epochs; of any lab that keeps to BIDS."""

import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.datasets._load import _epochs
from eegimg.preprocessing import MVNN, Crop, Filter, FindBadChannels, Interpolate, MakeEpochs, Resample


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Write a dataset of two short recordings once; tests that spoil it take copies."""
    root = tmp_path_factory.mktemp("simulated") / "faces"
    eegimg.make_dataset(root, n_subjects=2, n_images=20, n_repetitions=2, n_channels=16, sfreq=125.0)
    return root


@pytest.fixture
def bids_root(simulated, tmp_path):
    return shutil.copytree(simulated, tmp_path / "faces")


@pytest.fixture
def pipeline():
    return eegimg.Pipeline(
        FindBadChannels(criteria=("flat", "nan", "deviation")),
        Filter(l_freq=1.0, h_freq=40.0),
        Interpolate(),
        MakeEpochs(tmin=-0.1, tmax=0.5),
        name="quick",
    )


def edit_events(root, subject, change):
    file = root / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-images_events.tsv"
    change(pd.read_csv(file, sep="\t", dtype=str)).to_csv(file, sep="\t", index=False, na_rep="n/a")


def test_recordings_are_a_table(simulated):
    dataset = eegimg.load_dataset(None, root=simulated)
    assert list(dataset.recordings.columns) == ["subject", "session", "task", "run", "path"]
    assert list(dataset.recordings["subject"]) == ["01", "02"]
    assert all(os.path.isfile(path) for path in dataset.recordings["path"])
    assert repr(dataset) == "<Dataset faces: 2 recordings of 2 subjects>"
    assert len(eegimg.load_dataset("simulated", root=simulated, subjects=["02"]).recordings) == 1


def test_images_are_a_table_with_their_files(bids_root):
    (bids_root / "stimuli" / "sun_001.png").unlink()
    images = eegimg.load_dataset(None, root=bids_root).images.set_index("image")
    assert len(images) == 20
    assert set(images["n_shown"]) == {4}  # twice in each of two recordings
    assert images.loc["car_001", "concept"] == "car"
    assert images.loc["car_001", "path"] == str(bids_root / "stimuli" / "car_001.png")
    assert list(images.index[~images["found"]]) == ["sun_001"]
    assert images.loc["sun_001", "path"] is None or pd.isna(images.loc["sun_001", "path"])


def test_a_name_that_leads_out_of_the_stimuli_is_not_followed(bids_root, tmp_path):
    (tmp_path / "secret.png").write_text("x")
    (bids_root / "secret.png").write_text("x")
    (bids_root / "stimuli" / "link.png").symlink_to(tmp_path / "secret.png")
    evil = [
        "../../secret.png",
        "../secret.png",
        str(tmp_path / "secret.png"),
        "..\\..\\secret.png",
        "link.png",
    ]
    evil += ["x" * 5000, "/etc/passwd", "C:\\secret.png"]
    names = [*evil, "sun_001.png", "car_001.png"]

    def spoil(table):
        table["stim_file"] = [*names, *["sun_001.png"] * len(table)][: len(table)]
        return table

    edit_events(bids_root, "01", spoil)
    images = eegimg.load_dataset(None, root=bids_root, subjects="01").images.set_index("stim_file")
    assert not images.loc[evil, "found"].any()
    assert images.loc[["sun_001.png", "car_001.png"], "found"].all()


def test_pictures_behind_links_of_an_annex_are_found(bids_root):
    annex = bids_root / ".git" / "annex" / "objects"
    annex.mkdir(parents=True)
    picture = bids_root / "stimuli" / "sun_001.png"
    shutil.move(picture, annex / "key.png")
    picture.symlink_to(os.path.relpath(annex / "key.png", picture.parent))
    images = eegimg.load_dataset(None, root=bids_root).images.set_index("image")
    assert images.loc["sun_001", "found"]


def test_names_of_digits_find_their_pictures(bids_root):
    (bids_root / "stimuli" / "007").write_text("x")
    edit_events(
        bids_root, "01", lambda table: table.assign(stim_file="007").drop(columns=["image", "concept"])
    )
    images = eegimg.load_dataset(None, root=bids_root, subjects="01").images
    assert list(images["image"]) == ["007"]
    assert images["found"].all()


def test_without_pictures_the_table_is_empty(bids_root):
    for subject in ("01", "02"):
        edit_events(bids_root, subject, lambda table: table.drop(columns=["stim_file", "image"]))
    images = eegimg.load_dataset(None, root=bids_root).images
    assert len(images) == 0
    assert {"image", "stim_file", "n_shown", "path", "found"} <= set(images.columns)


def test_pictures_that_are_only_named_are_listed_as_missing(bids_root):
    edit_events(bids_root, "01", lambda table: table.drop(columns="stim_file"))
    dataset = eegimg.load_dataset(None, root=bids_root, subjects="01")
    assert len(dataset.images) == 20
    assert not dataset.images["found"].any()
    with pytest.raises(FileNotFoundError, match="'car_001' was shown, and its file is not here. Name the"):
        dataset.read_image("car_001")
    with pytest.raises(ValueError, match=r"'car_01' was asked for; none of .* Did you mean 'car_001'\?"):
        dataset.read_image("car_01")


def test_raw_is_one_recording(simulated):
    dataset = eegimg.load_dataset(None, root=simulated)
    raw = dataset.raw(subject="02")
    assert raw.annotations[0]["extras"]["subject"] == "02"
    with pytest.raises(ValueError, match="raw reads one recording; 2 fit: 'sub-01_task-images_eeg' and"):
        dataset.raw()
    with pytest.raises(ValueError, match="subject='7' was asked for; .* has the subjects '01' and '02'"):
        dataset.raw("7")


def test_epochs_come_from_a_pipeline_with_their_image(simulated, pipeline):
    dataset = eegimg.load_dataset(None, root=simulated)
    epochs = dataset.epochs(pipeline=pipeline)
    assert len(epochs) == 80
    assert {"subject", "image", "image_path", "concept", "repetition", "split", "source_index"} <= set(
        epochs.metadata.columns
    )
    assert (epochs.metadata.groupby("subject")["source_index"].nunique() == 40).all()
    assert list(epochs.metadata["event"]) == list(epochs.metadata["concept"])
    train, test = (dataset.epochs(split=part, pipeline=pipeline) for part in ("train", "test"))
    assert set(train.metadata["split"]) == {"train"}
    assert len(train) + len(test) == 80
    assert not set(train.metadata["image"]) & set(test.metadata["image"])
    one = dataset.epochs(subject="02", pipeline=pipeline)
    np.testing.assert_array_equal(one.get_data(), epochs[40:].get_data())


def test_a_split_that_is_not_there_is_named(bids_root, pipeline):
    dataset = eegimg.load_dataset(None, root=bids_root)
    with pytest.raises(ValueError, match="The split 'validation' was asked for; there are"):
        dataset.epochs(split="validation", subject="01", pipeline=pipeline)
    edit_events(bids_root, "01", lambda table: table.drop(columns="split"))
    with pytest.raises(ValueError, match="the events have no column 'split', only"):
        dataset.epochs(split="train", subject="01", pipeline=pipeline)


def test_the_training_part_alone_teaches_the_whitening(simulated):
    dataset = eegimg.load_dataset(None, root=simulated)
    find = FindBadChannels(criteria=("flat", "nan", "deviation"))
    pipe = eegimg.Pipeline(find, Filter(l_freq=1.0), MakeEpochs(tmin=-0.1, tmax=0.4), MVNN())
    dataset.epochs(subject="01", pipeline=pipe)
    assert "training epochs" in pipe.log_[-1]["fitted_on"]


def test_finished_epochs_are_read_and_nothing_is_run(bids_root, pipeline, monkeypatch):
    out = bids_root / "derivatives" / "eegimg"
    summary = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, report=False)
    monkeypatch.setattr(
        eegimg.Pipeline, "fit_transform", lambda *args, **kwargs: pytest.fail("ran a pipeline")
    )
    epochs = eegimg.load_dataset(None, root=bids_root).epochs()
    assert len(epochs) == sum(row["n_epochs"] for row in summary.rows)
    assert set(epochs.metadata["subject"]) == {"01", "02"}
    assert len(eegimg.load_dataset(None, root=bids_root).epochs(split="test", subject="01")) > 0


def test_epochs_of_different_recipes_are_never_mixed(bids_root, pipeline):
    out = bids_root / "derivatives" / "eegimg"
    eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, report=False)
    other = eegimg.Pipeline(Filter(l_freq=1.0), MakeEpochs(tmin=0.0, tmax=0.3, baseline=None), name="newer")
    eegimg.preprocess_dataset(bids_root, out, recipe=other, subjects="02", report=False)
    dataset = eegimg.load_dataset(None, root=bids_root)
    assert dataset.epochs().tmin < 0  # the newer recipe is not finished for subject 01
    assert dataset.epochs(subject="02").tmin == 0.0
    changed = eegimg.Pipeline(*pipeline.steps[:-1], MakeEpochs(tmin=-0.1, tmax=0.2), name="quick")
    eegimg.preprocess_dataset(bids_root, out, recipe=changed, subjects="01", report=False)
    for side in out.rglob("*_epo.json"):  # one name, two recipes: neither is finished for both
        assert json.loads(side.read_text(encoding="utf-8"))["Recipe"]["name"] in ("quick", "newer")
    finished = _epochs.find_finished(bids_root, dataset._bids_paths)
    assert finished is None


def test_people_who_saw_different_things_are_joined_by_name(bids_root, pipeline):
    edit_events(bids_root, "01", lambda table: table[table["concept"].isin(["car", "boat", "sun"])])
    edit_events(bids_root, "02", lambda table: table[table["concept"].isin(["tree", "sun", "fish"])])
    epochs = eegimg.load_dataset(None, root=bids_root).epochs(pipeline=pipeline)
    assert set(epochs.event_id) == {"boat", "car", "fish", "sun", "tree"}
    for name in epochs.event_id:
        assert set(epochs[name].metadata["concept"]) == {name}
    assert len(epochs["sun"]) == 8


def test_a_channel_that_is_bad_in_one_is_bad_in_all(bids_root):
    for subject, name in (("01", "Fz"), ("02", "O1")):
        file = bids_root / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-images_channels.tsv"
        table = pd.read_csv(file, sep="\t", dtype=str, keep_default_na=False)
        table.loc[table["name"] == name, "status"] = "bad"
        assert (table["status"] == "bad").sum() == 1
        table.to_csv(file, sep="\t", index=False)
    pipe = eegimg.Pipeline(Filter(l_freq=1.0), MakeEpochs(tmin=-0.1, tmax=0.3))
    epochs = eegimg.load_dataset(None, root=bids_root).epochs(pipeline=pipe)
    assert set(epochs.info["bads"]) == {"Fz", "O1"}


def test_recordings_that_cannot_be_joined_are_named(bids_root, tmp_path):
    other = tmp_path / "other"
    eegimg.make_dataset(other, n_subjects=1, n_images=10, n_repetitions=3, n_channels=32, sfreq=250.0)
    for file in (other / "sub-01" / "eeg").iterdir():
        content = file.read_bytes()
        if file.suffix in (".vhdr", ".vmrk"):
            content = content.replace(b"sub-01", b"sub-02")
        (bids_root / "sub-02" / "eeg" / file.name.replace("sub-01", "sub-02")).write_bytes(content)
    dataset = eegimg.load_dataset(None, root=bids_root)
    cut = MakeEpochs(tmin=-0.1, tmax=0.3)
    with pytest.raises(ValueError, match="sub-02_task-images has other channels than sub-01_task-images"):
        dataset.epochs(pipeline=eegimg.Pipeline(Filter(l_freq=1.0), cut))
    shared = eegimg.preprocessing.Apply("pick", picks=["Fz", "Cz", "O1"])
    with pytest.raises(ValueError, match="sub-02_task-images has 101 samples per epoch at 250 Hz.*Resample"):
        dataset.epochs(pipeline=eegimg.Pipeline(shared, cut))
    joined = dataset.epochs(pipeline=eegimg.Pipeline(shared, Resample(sfreq=125.0), cut))
    assert set(joined.metadata["subject"]) == {"01", "02"}


def test_a_pipeline_without_epochs_is_told(simulated):
    with pytest.raises(ValueError, match="must make epochs. Add MakeEpochs"):
        eegimg.load_dataset(None, root=simulated).epochs(
            subject="01", pipeline=eegimg.Pipeline(Crop(tmax=5.0))
        )


def test_what_is_not_there_is_told(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="needs the name of a dataset or the root"):
        eegimg.load_dataset()
    with pytest.raises(ValueError, match=r"The dataset 'simulatd' was asked for.*Did you mean 'simulated'\?"):
        eegimg.load_dataset("simulatd", root=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"there is no such folder\.$"):
        eegimg.load_dataset(None, root=tmp_path / "nowhere")
    monkeypatch.setenv("EEGIMG_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match="simulated was looked for in .*Make it with eegimg.make_dataset"
    ):
        eegimg.load_dataset("simulated")
    with pytest.raises(FileNotFoundError, match="holds no EEG recording"):
        eegimg.load_dataset(None, root=tmp_path)
