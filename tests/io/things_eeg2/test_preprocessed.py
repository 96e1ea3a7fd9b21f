"""THINGS-EEG2, preprocessed: epochs, pictures and repetitions come back as published, wrong files are told."""

import pickle

import numpy as np
import pytest
from twins import things_eeg2 as twin

PARTS = ("train", "test")


@pytest.fixture
def epochs_file(tmp_path):
    """Return a function that writes preprocessed files with a table changed."""

    def write(part="training", variant="preprocessed", **changed):
        twin.write_things_eeg2(tmp_path, variant, ch_names=("Oz", "Pz"))
        file = tmp_path / "sub-01" / f"preprocessed_eeg_{part}.npy"
        table = np.load(file, allow_pickle=True)
        table = table if isinstance(table, dict) else table.item()
        table |= {key: item(table[key]) for key, item in changed.items()}
        np.save(file, table)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("variant", "n_channels", "sfreq", "n_times", "zero"),
    [("preprocessed", 17, 100.0, 100, 20), ("nice", 63, 250.0, 250, 0)],
)
def test_preprocessed_epochs_come_back_by_picture_and_repetition(
    tmp_path, variant, n_channels, sfreq, n_times, zero, open_source
):
    truth = twin.write_things_eeg2(tmp_path, variant, n_subjects=2)
    source = open_source(tmp_path)
    assert source.description == variant
    assert source.processing["Resample"]["sfreq (Hz)"] == sfreq
    assert ("test" in source.processing["MVNN"]["learned from"]) is (variant == "preprocessed")
    assert [(one.subject, one.session) for one in source.recordings] == [("01", None), ("02", None)]
    content = source.recordings[1].load()
    assert (content.sfreq, content.unit, len(content.ch_names)) == (sfreq, "n/a", n_channels)
    train, test = (truth["recordings"]["02"][part]["data"] for part in PARTS)
    assert train.shape == (8, 4, n_channels, n_times)
    assert test.shape == (3, 8, n_channels, n_times)
    events = content.events
    assert len(content.segments) == len(events) == 32 + 24
    assert list(events["segment"]) == list(range(56))
    assert set(events["sample"]) == {zero}
    np.testing.assert_array_equal(content.segments[7], train[1, 3])
    np.testing.assert_array_equal(content.segments[32 + 9], test[1, 1])
    for row, image_path in ((7, "training_images/00001_aardvark/aardvark_02s.jpg"), (41, "test_images/00002_antelope/antelope_01b.jpg")):  # fmt: skip
        assert events.loc[row, "image_path"] == image_path
    assert list(events.loc[[7, 41], "repetition"]) == [4, 2]
    assert list(events.loc[[7, 41], "source_index"]) == [7, 9]
    assert list(events.loc[[7, 41], "split"]) == ["train", "test"]
    assert content.where(7) == "sub-02/preprocessed_eeg_training.npy, preprocessed_eeg_data[1, 3]"
    assert content.where(41) == "sub-02/preprocessed_eeg_test.npy, preprocessed_eeg_data[1, 1]"


def test_the_content_tells_the_flavours_apart_not_the_file(tmp_path, open_source, load):
    """The same bytes under np.save or as a bare pickle are one flavour."""
    for variant in ("preprocessed", "nice"):
        folder = tmp_path / variant
        twin.write_things_eeg2(folder, variant)
        for file in folder.rglob("preprocessed_eeg_*.npy"):
            table = np.load(file, allow_pickle=True)
            if variant == "preprocessed":
                file.write_bytes(pickle.dumps(table.item(), protocol=4))
            else:
                np.save(file, table)
        open_source(folder, variant)
        assert load(folder).sfreq == {"preprocessed": 100.0, "nice": 250.0}[variant]
        other = {"preprocessed": "nice", "nice": "preprocessed"}[variant]
        with pytest.raises(
            FileNotFoundError, match=r"holds no file of things_eeg2. Looked for '.* at \d+ Hz'"
        ):
            open_source(folder, other)


def test_flavours_mixed_among_subjects_are_told(tmp_path, open_source):
    twin.write_things_eeg2(tmp_path, "nice", n_subjects=2, ch_names=("Oz", "Pz"))
    twin.write_things_eeg2(tmp_path, "preprocessed", ch_names=("Oz", "Pz"))
    recordings = open_source(tmp_path, "preprocessed").recordings
    assert recordings[0].load().sfreq == 100.0
    with pytest.raises(
        ValueError, match="^sub-02/.*: 'times' has 250 samples a second, other subjects have 100"
    ):
        recordings[1].load()


WRONG_EPOCHS = [
    ({"preprocessed_eeg_data": lambda data: data[:, 0]}, r"shape \(pictures, repetitions, channels, times\). It is float64"),
    ({"preprocessed_eeg_data": lambda data: data[:5]}, "has 5 pictures; image_metadata.npy has 8. The two do not belong"),
    ({"preprocessed_eeg_data": lambda data: data[..., :90]}, "'times' has 100 entries for 90 samples. It must have as many, or 50 more"),
    ({"ch_names": lambda names: names[:1]}, "'ch_names' has 1 names for 2 channels"),
    ({"ch_names": lambda names: ["Oz", "Oz"]}, "'ch_names' has 'Oz' more than once"),
    ({"ch_names": lambda names: ["Oz", "P3"]}, "must have the same 'ch_names' and 'times'. They differ"),
    ({"times": lambda times: times[::-1]}, "'times' must rise in equal steps"),
    ({"times": lambda times: times + 3}, "the samples must include the picture's onset, 0 s. They run from 2.8 to 3.79 s"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "sentence"), WRONG_EPOCHS, ids=[s for _, s in WRONG_EPOCHS])
def test_a_wrong_preprocessed_file_is_told(epochs_file, changed, sentence, load):
    with pytest.raises(ValueError, match=sentence):
        load(epochs_file(**changed))


def test_a_rate_that_nobody_publishes_is_told(epochs_file, open_source):
    folder = epochs_file(times=lambda times: times * 2)
    epochs_file("test", times=lambda times: times * 2)
    with pytest.raises(ValueError, match="'times' has 50 samples a second. The authors publish 100 Hz"):
        open_source(folder)
