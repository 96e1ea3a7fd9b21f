"""THINGS-EEG2, which files, which variant and which list of pictures are found, and what is no such file."""

import numpy as np
import pytest
from twins import things_eeg2 as twin

PARTS = ("train", "test")


@pytest.mark.parametrize("variant", ["raw", "preprocessed"])
@pytest.mark.parametrize("name", ["sub-11", "sub-1", "sub-00"])
def test_an_unexpected_subject_is_told(tmp_path, name, variant, open_source):
    twin.write_things_eeg2(tmp_path, variant, ch_names=("Oz", "Pz"))
    (tmp_path / "sub-01").rename(tmp_path / name)
    with pytest.raises(
        ValueError, match=f"holds the folder '{name}'; THINGS-EEG2 has sub-01 to sub-10. Move"
    ):
        open_source(tmp_path)


def test_an_unexpected_session_is_told(small, open_source):
    folder = small()
    (folder / "sub-01" / "ses-01").rename(folder / "sub-01" / "ses-05")
    with pytest.raises(ValueError, match="'ses-05'; THINGS-EEG2 has ses-01 to ses-04. Move it elsewhere"):
        open_source(folder)


@pytest.mark.parametrize("variant", ["raw", "preprocessed", "nice"])
def test_files_that_are_cut_short_or_missing_are_told(tmp_path, variant, open_source, load):
    twin.write_things_eeg2(tmp_path, variant, ch_names=("Oz", "Pz"))
    file = next(tmp_path.rglob("*_training.npy"))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RuntimeError, match=f"^{file.name} is damaged"):
        load(tmp_path, variant)
    file.unlink()
    with pytest.raises(
        FileNotFoundError, match=f"must hold '{file.name}' and '.*_test.npy'. It has '.*_test.npy'"
    ):
        open_source(tmp_path, variant)


def test_nothing_of_a_file_is_run(small, tmp_path, load):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trap"), "w"))

    with pytest.raises(RuntimeError, match="^raw_eeg_training.npy asks for the global 'io.open'"):
        load(small(sfreq=Trap()))
    assert not (tmp_path / "trap").exists()


def test_the_list_of_pictures_is_found_beside_above_and_in_image_set(small, open_source):
    above = small()
    folder = above / "eeg_dataset" / "raw_data"
    folder.mkdir(parents=True)
    (above / "sub-01").rename(folder / "sub-01")
    for place in (above, above / "image_set", folder, folder / "image_set"):
        place.mkdir(exist_ok=True)
        next(above.rglob("image_metadata.npy")).rename(place / "image_metadata.npy")
        assert open_source(folder).files[-1] == place / "image_metadata.npy"
    (folder / "image_set" / "image_metadata.npy").unlink()
    with pytest.raises(
        FileNotFoundError, match="^things_eeg2 needs image_metadata.npy, the list of pictures"
    ):
        open_source(folder)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("test_img_files", None, "^image_metadata.npy lacks the key 'test_img_files'"),
        ("train_img_files", ["a.jpg"], "'train_img_files' has 1 entries and 'train_img_concepts' 8"),
    ],
)
def test_a_wrong_list_of_pictures_is_told(small, key, value, sentence, open_source):
    folder = small()
    table = twin.make_metadata() | {key: value}
    np.save(folder / "image_metadata.npy", {k: item for k, item in table.items() if item is not None})
    with pytest.raises(ValueError, match=sentence):
        open_source(folder)


def test_several_variants_in_one_folder_must_be_named(tmp_path, open_source, load):
    for variant, name in (("raw", "raw_data"), ("preprocessed", "authors"), ("nice", "nice[63]")):
        twin.write_things_eeg2(tmp_path / name, variant, ch_names=("Oz", "Pz"))
    with pytest.raises(
        ValueError, match="several variants of things_eeg2: 'raw', 'preprocessed' and 'nice'. Name one"
    ):
        open_source(tmp_path)
    for variant, sfreq in (("raw", 1000.0), ("preprocessed", 100.0), ("nice", 250.0)):
        assert load(tmp_path, variant).sfreq == sfreq
    twin.write_things_eeg2(tmp_path / "again", "raw", ch_names=("Oz", "Pz"))
    with pytest.raises(
        ValueError, match="holds the variant 'raw' in 2 places: 'again' and 'raw_data'. Give one"
    ):
        open_source(tmp_path, "raw")
    twin.write_things_eeg2(tmp_path / "also", "nice", ch_names=("Oz", "Pz"))
    with pytest.raises(ValueError, match="holds the variant 'nice' in 2 places: 'also' and 'nice.63.'"):
        open_source(tmp_path, "nice")
