"""Pictures that are not part of a dataset: in a folder, in a zip file, in an ImageNet tree."""

import dataclasses
import zipfile

import numpy as np
import PIL.Image
import pytest

import eegimg
from eegimg.datasets import convert_dataset, load_dataset
from eegimg.datasets._load._pictures import Pictures
from eegimg.preprocessing import MakeEpochs

from .conftest import make_content

NAME = "n02951358/n02951358_31190.JPEG"


def draw(path, value=7):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.full((4, 4, 3), value, np.uint8)).save(path, format="PNG")


@pytest.mark.parametrize(
    "place",
    [
        "n02951358/n02951358_31190.JPEG",
        "train/n02951358/n02951358_31190.JPEG",
        "ILSVRC/Data/CLS-LOC/train/n02951358/n02951358_31190.JPEG",
        "n02951358_31190.JPEG",
        "n02951358/n02951358_31190.png",
        "n02951358_31190.jpg",
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_picture_is_found_where_people_keep_them(tmp_path, place, zipped):
    draw(tmp_path / "pictures" / place)
    where = tmp_path / "pictures"
    if zipped:
        where = tmp_path / "pictures.zip"
        with zipfile.ZipFile(where, "w") as archive:
            archive.write(tmp_path / "pictures" / place, f"somebodys folder/{place}")
    pictures = Pictures(tmp_path / "bids", where)
    found = pictures.find(NAME)
    assert found.endswith(place)
    assert np.asarray(pictures.read(found)).shape == (4, 4, 3)
    assert np.asarray(pictures.read(found)).max() == 7
    assert pictures.find("n02951358/n02951358_4.JPEG") is None
    assert pictures.find(None) is None


def test_numbered_folders_of_concepts_are_found_without_their_number(tmp_path):
    draw(tmp_path / "object_images" / "cat" / "cat_05s.jpg")
    pictures = Pictures(tmp_path / "bids", tmp_path / "object_images")
    assert pictures.find("training_images\\00234_cat\\cat_05s.jpg").endswith("cat/cat_05s.jpg")


def test_the_datasets_own_pictures_come_first(tmp_path):
    draw(tmp_path / "bids" / "stimuli" / NAME, 1)
    draw(tmp_path / "pictures" / NAME, 2)
    pictures = Pictures(tmp_path / "bids", tmp_path / "pictures")
    assert np.asarray(pictures.read(pictures.find(NAME))).max() == 1


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "a/../../secret.png", "..\\secret.png"])
def test_a_name_does_not_lead_out_of_the_pictures(tmp_path, name):
    draw(tmp_path / "secret.png")
    (tmp_path / "pictures").mkdir()
    assert Pictures(tmp_path / "bids", tmp_path / "pictures").find(name) is None


def test_what_is_no_collection_of_pictures_is_told(tmp_path):
    (tmp_path / "notes.txt").write_text("no zip", encoding="utf-8")
    with pytest.raises(
        FileNotFoundError, match="pictures were looked for in .*nowhere; there is no such folder"
    ):
        Pictures(tmp_path, tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"notes.txt must be a folder or a zip file. It is neither"):
        Pictures(tmp_path, tmp_path / "notes.txt")
    with pytest.raises(
        TypeError, match="'images' parameter of load_dataset must be a folder, a zip file or None"
    ):
        Pictures(tmp_path, 5)


def test_epochs_know_the_file_of_their_picture(published, tmp_path):
    root = convert_dataset("imagenet_eeg", published(1), tmp_path / "bids")
    draw(tmp_path / "pictures" / "a" / "a_00.JPEG", 11)
    dataset = load_dataset("imagenet_eeg", root=root, images=tmp_path / "pictures")
    images = dataset.images.set_index("image")
    assert list(images.index[images["found"]]) == ["a_00"]
    assert list(images.index[~images["found"]]) == ["a_02", "b_01", "b_03"]
    epochs = dataset.epochs(pipeline=eegimg.Pipeline(MakeEpochs(tmin=0.0, tmax=0.2, baseline=None)))
    paths = list(epochs.metadata["image_path"])
    assert paths == [
        str(tmp_path / "pictures" / "a" / "a_00.JPEG"),
        "b/b_01.JPEG",
        "a/a_02.JPEG",
        "b/b_03.JPEG",
    ]
    assert np.asarray(dataset.read_image("a_00")).max() == 11
    with pytest.raises(FileNotFoundError, match="'b_01' was shown, and its file is not here"):
        dataset.read_image("b_01")
    # A picture that is placed later is found.
    draw(tmp_path / "pictures" / "b_01.JPEG", 12)
    assert np.asarray(dataset.read_image("b_01")).max() == 12


@pytest.mark.data
def test_the_thumbnails_of_a_real_zip_are_found_and_read(test_data, published, tmp_path):
    archive = test_data / "images" / "imagenet1000_64px.zip"
    with zipfile.ZipFile(archive) as opened:
        member = next(name for name in opened.namelist() if name.lower().endswith(".jpg"))
    pictures = Pictures(tmp_path, archive)
    image = pictures.read(pictures.find(member.rsplit("/", 1)[-1]))
    assert image.mode == "RGB"
    assert max(image.size) == 64


@pytest.mark.parametrize("zipped", [False, True])
def test_a_picture_of_the_same_name_in_another_folder_is_not_taken_for_it(published, tmp_path, zipped):
    def content(subject):
        made = make_content(subject)
        paths = ["faces/01.jpg", "houses/01.jpg", "faces/02.jpg", "houses/02.jpg"]
        return dataclasses.replace(
            made, events=made.events.assign(image_path=paths, image=["01", "01", "02", "02"])
        )

    root = convert_dataset("imagenet_eeg", published(1, content=content), tmp_path / "bids")
    draw(tmp_path / "pictures" / "set" / "faces" / "01.jpg", 5)
    draw(tmp_path / "pictures" / "02.jpg", 6)
    where = tmp_path / "pictures"
    if zipped:
        where = tmp_path / "pictures.zip"
        with zipfile.ZipFile(where, "w") as archive:
            for name in ("set/faces/01.jpg", "02.jpg"):
                archive.write(tmp_path / "pictures" / name, name)
    dataset = load_dataset("imagenet_eeg", root=root, images=where)
    images = dataset.images.set_index("stim_file")
    assert list(images.index[images["found"]]) == (["faces/01.jpg"] if zipped else [])
    with pytest.raises(
        ValueError, match="'01' was asked for; several are called so: 'faces/01.jpg' and 'houses"
    ):
        dataset.read_image("01")
    with pytest.raises(FileNotFoundError, match="'houses/01.jpg' was shown, and its file is not here"):
        dataset.read_image("houses/01.jpg")


def test_a_name_that_ends_several_paths_of_an_archive_means_none_of_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name in ("a/cat/1.png", "b/cat/1.png", "a/dog/1.png", "owl/1.png", "a/owl/1.png"):
            archive.writestr(name, b"")
    pictures = Pictures(tmp_path / "bids", tmp_path / "pictures.zip")
    assert pictures.find("cat/1.png") is None
    assert pictures.find("a/cat/1.png").endswith("a/cat/1.png")
    assert pictures.find("dog/1.png").endswith("a/dog/1.png")
    assert pictures.find("owl/1.png").endswith(".zip/owl/1.png")


def test_what_is_no_picture_is_a_sentence(tmp_path):
    (tmp_path / "cat.png").write_text("no picture", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.writestr("cat.png", b"no picture")
    for where in (tmp_path, tmp_path / "pictures.zip"):
        pictures = Pictures(tmp_path / "bids", where)
        with pytest.raises(RuntimeError, match=r"cat.png cannot be read as a picture. Copy it again"):
            pictures.read(pictures.find("cat.png"))
