"""ThoughtViz: windows, classes and the published split come back, and wrong files are told."""

import pickle
import pickletools

import numpy as np
import pytest
from twins import planted
from twins import thoughtviz as twin

from eegimg import io
from eegimg.datasets import read_descriptor


@pytest.fixture(scope="module")
def facts():
    return read_descriptor("thoughtviz")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Return a folder with the three sets where the authors put them, and what was planted."""
    folder = tmp_path_factory.mktemp("thoughtviz")
    return folder, twin.write(folder / "data" / "eeg")


def contents(folder, facts):
    source = io.open_source("thoughtviz", folder, facts)
    return {recording.task: recording.load() for recording in source.recordings}


def test_the_twin_is_a_pickle_of_python_2(published):
    data = published[1]["digit"].path.read_bytes()
    names = {code.name for code, _, _ in pickletools.genops(data)}
    assert "SHORT_BINSTRING" in names
    assert not names & {"BINUNICODE", "SHORT_BINBYTES", "FRAME"}
    with pytest.raises(UnicodeDecodeError):
        pickle.loads(data)
    assert set(pickle.loads(data, encoding="bytes")) == {b"x_train", b"y_train", b"x_test", b"y_test"}


def test_every_set_is_a_recording_of_pooled_people(published, facts):
    source = io.open_source("thoughtviz", published[0], facts)
    assert [(recording.subject, recording.task) for recording in source.recordings] == [
        ("pooled", "char"),
        ("pooled", "digit"),
        ("pooled", "image"),
    ]
    assert source.description == "windowed"
    assert source.processing["Windows"]["samples"] == 32
    assert any("imagined" in remark for remark in source.remarks)


def test_windows_come_back_exactly(published, facts):
    for name, content in contents(published[0], facts).items():
        truth = published[1][name]
        assert content.segments[3].shape == (14, 32)
        np.testing.assert_array_equal(np.stack(list(content.segments)), truth.windows, strict=True)
        assert content.unit == "n/a"
        assert content.sfreq == 128.0
        assert content.ch_names == tuple("AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split())


def test_events_say_class_and_split(published, facts):
    for name, content in contents(published[0], facts).items():
        truth, events = published[1][name], content.events
        assert events["label"].tolist() == truth.labels.tolist()
        assert events["split"].tolist() == ["train"] * 120 + ["test"] * 40
        assert events["segment"].tolist() == events["source_index"].tolist() == list(range(160))
        assert set(events["duration"]) == {0.25}
        assert not {"image", "stim_file"} & set(events)
        assert events["trial_type"].tolist() == events["concept"].tolist()


@pytest.mark.parametrize(
    ("name", "label", "concept"), [("digit", 7, "digit-7"), ("char", 4, "char-J"), ("image", 6, "scooter")]
)
def test_classes_have_the_names_of_the_authors_code(published, facts, name, label, concept):
    events = contents(published[0], facts)[name].events
    assert set(events.loc[events["label"] == label, "concept"]) == {concept}
    assert events["concept"].nunique() == 10


def test_planted_classes_are_decoded(published, facts):
    content = contents(published[0], facts)["digit"]
    windows = np.stack(list(content.segments))
    assert planted.decoding_accuracy(windows, content.events["label"]) > 0.4  # chance is 0.1
    shuffled = np.random.default_rng(1).permutation(content.events["label"])
    assert planted.decoding_accuracy(windows, shuffled) < 0.22


def test_a_window_names_its_array_and_row(published, facts):
    where = contents(published[0], facts)["char"].where
    assert where(119) == "char/data.pkl, x_train[119]"
    assert where(120) == "char/data.pkl, x_test[0]"


def test_one_set_is_enough_and_keys_may_be_texts(tmp_path, facts):
    truth = twin.write(tmp_path, sets=("image",), n_train=2, n_test=1)["image"]
    truth.path.write_bytes(
        pickle.dumps(
            {
                key.decode(): item
                for key, item in pickle.loads(truth.path.read_bytes(), encoding="bytes").items()
            },
            protocol=4,
        )
    )
    (content,) = contents(tmp_path, facts).values()
    np.testing.assert_array_equal(content.segments, truth.windows)


HOT = np.eye(10)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"y_test": None}, r"^digit/data\.pkl lacks the key 'y_test'; it has"),
        ({"x_train": np.zeros((10, 13, 32, 1))}, r"^digit/data\.pkl, x_train must be numbers of windows x 14 channels x 32 samples x 1\. It is 10 x 13 x 32 x 1 of float64"),
        ({"x_test": np.zeros((10, 14, 32))}, r"x_test must be numbers .* It is 10 x 14 x 32 of float64"),
        ({"x_test": np.zeros((10, 14, 32, 1), "S3")}, r"x_test must be numbers .* of \|S3"),
        ({"x_test": 3.0}, r"x_test must be numbers .* It is a single value of float64"),
        ({"y_train": HOT[:, :9]}, r"^digit/data\.pkl, y_train must be numbers of windows x 10 classes\. It is 10 x 9"),
        ({"y_train": HOT[:8]}, r"^digit/data\.pkl: x_train has 10 rows and y_train 8; each window has one class"),
        ({"y_train": np.where(HOT * np.arange(10) == 4, 0, HOT)}, r"y_train\[4\] must be one-hot: a single 1 among zeros\. It is \[0\.0, "),
        ({"y_train": HOT + np.eye(10, k=5)}, r"^digit/data\.pkl, y_train\[0\] must be one-hot"),
        ({"y_test": HOT / 2}, r"^digit/data\.pkl, y_test\[0\] must be one-hot.*\[0\.5, 0\.0"),
        ({"y_test": HOT * np.nan}, r"^digit/data\.pkl, y_test\[0\] must be one-hot.*nan"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told(tmp_path, facts, changed, sentence):
    twin.write(tmp_path, sets=("digit",), n_train=1, n_test=1, **changed)
    with pytest.raises(ValueError, match=sentence):
        contents(tmp_path, facts)


def test_a_file_that_is_no_table_is_told(tmp_path, facts):
    path = twin.write(tmp_path, sets=("digit",), n_train=1, n_test=1)["digit"].path
    path.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(
        ValueError, match=r"digit/data\.pkl must be a table with the keys 'x_train'.* It is list"
    ):
        contents(tmp_path, facts)


def test_a_file_cut_short_is_told(tmp_path, facts):
    path = twin.write(tmp_path, sets=("digit",), n_train=1, n_test=1)["digit"].path
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises((RuntimeError, ValueError), match=r"data\.pkl"):
        contents(tmp_path, facts)


class Evil:
    """Writes a file when it is unpickled by a reader that runs what it is told."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_nothing_in_a_file_is_run(tmp_path, facts):
    path = twin.write(tmp_path, sets=("digit",), n_train=1, n_test=1)["digit"].path
    path.write_bytes(pickle.dumps({b"x_train": Evil(tmp_path / "trace")}, protocol=2))
    with pytest.raises(RuntimeError, match=r"data\.pkl.*open"):
        contents(tmp_path, facts)
    assert not (tmp_path / "trace").exists()


def test_folders_that_are_no_sets_are_told(tmp_path, facts):
    path = twin.write(tmp_path, sets=("digit",), n_train=1, n_test=1)["digit"].path
    (tmp_path / "digits").mkdir()
    path.rename(tmp_path / "digits" / "data.pkl")
    with pytest.raises(
        ValueError, match="stands in a folder 'digits'; the sets of thoughtviz stand in 'digit'"
    ):
        io.open_source("thoughtviz", tmp_path, facts)


def test_a_set_that_is_there_twice_is_told(tmp_path, facts):
    for copy in ("a", "b"):
        twin.write(tmp_path / copy, sets=("char",), n_train=1, n_test=1)
    with pytest.raises(ValueError, match="are both of the set 'char'"):
        io.open_source("thoughtviz", tmp_path, facts)


def test_an_empty_folder_is_told(tmp_path, facts):
    with pytest.raises(FileNotFoundError, match="holds no file of thoughtviz"):
        io.open_source("thoughtviz", tmp_path, facts)
