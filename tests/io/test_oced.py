"""OCED: trials, labels and channels come back as published, and wrong files are told."""

import numpy as np
import pytest
from twins import oced as twin
from twins import planted

from eegimg import io
from eegimg.datasets import read_descriptor


@pytest.fixture(scope="module")
def facts():
    return read_descriptor("oced")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Return a folder with two of the ten files, and what was planted in them."""
    folder = tmp_path_factory.mktemp("oced")
    return folder, twin.write(folder)


def load(folder, facts, number=0):
    return io.open_source("oced", folder, facts).recordings[number].load()


def test_subjects_are_listed_in_order_without_reading_them(tmp_path, facts):
    for number in (10, 2, 1):
        (tmp_path / f"S{number}.mat").write_bytes(b"not read yet")
    (tmp_path / "Sources.txt").write_text("beside them")
    source = io.open_source("oced", tmp_path, facts)
    assert [recording.subject for recording in source.recordings] == ["01", "02", "10"]
    assert [file.name for file in source.files] == ["S1.mat", "S2.mat", "S10.mat"]
    assert {(recording.session, recording.task) for recording in source.recordings} == {(None, "objects")}


def test_what_was_done_before_is_said(published, facts):
    source = io.open_source("oced", published[0], facts, variant="cleaned")
    assert source.description == "cleaned"
    assert source.processing["HighPass"]["cutoff (Hz)"] == 1.0
    assert source.processing["Resample"] == {"from (Hz)": 1000.0, "to (Hz)": 62.5}


def test_samples_come_back_exactly(published, facts):
    folder, truth = published
    for number, subject in enumerate(truth):
        content = load(folder, facts, number)
        assert len(content.segments) == truth[subject].trials.shape[2] == 120
        np.testing.assert_array_equal(
            np.stack(list(content.segments), axis=2), truth[subject].trials, strict=True
        )
        assert content.segments[5].shape == (124, 32)
        assert content.unit == "uV"
        assert content.sfreq == 62.5


def test_channels_are_those_of_the_net_and_have_positions(published, facts):
    import mne

    content = load(published[0], facts)
    assert content.ch_names == tuple(f"E{number}" for number in range(1, 125))
    assert set(content.ch_names) <= set(mne.channels.make_standard_montage(facts.montage).ch_names)


def test_events_say_exemplar_category_and_repetition(published, facts):
    folder, truth = published
    events = load(folder, facts).events
    exemplar = truth[1].exemplar
    assert events["segment"].tolist() == events["source_index"].tolist() == list(range(120))
    assert set(events["sample"]) == {0}
    assert set(events["duration"]) == {0.5}
    assert events["image"].tolist() == [f"exemplar-{label:02d}" for label in exemplar]
    assert events["label"].tolist() == truth[1].category.tolist()
    assert events["trial_type"].tolist() == events["concept"].tolist()
    first = dict(zip(events["label"], events["concept"], strict=True))
    assert [first[label] for label in range(1, 7)] == [
        "human body",
        "human face",
        "animal body",
        "animal face",
        "fruit vegetable",
        "inanimate object",
    ]
    for row in (0, 40, 119):
        assert events["repetition"][row] == (exemplar[: row + 1] == exemplar[row]).sum()
    assert "split" not in events
    assert "stim_file" not in events


def test_planted_categories_are_decoded(published, facts):
    content = load(published[0], facts)
    # Every sixth channel: each answers, and the decoder's covariance grows with their square.
    trials = np.stack(list(content.segments))[:, ::6]
    assert planted.decoding_accuracy(trials, content.events["label"]) > 0.6  # chance is 1 / 6
    shuffled = np.random.default_rng(1).permutation(content.events["label"])
    assert planted.decoding_accuracy(trials, shuffled) < 0.35


def test_a_trial_names_its_place(published, facts):
    assert load(published[0], facts, 1).where(17) == "S10.mat, X_3D[:, :, 17]"


def test_labels_may_be_columns(tmp_path, facts):
    truth = twin.write(tmp_path, subjects=(1,), n_repetitions=1)[1]
    twin.write(tmp_path, subjects=(1,), n_repetitions=1, categoryLabels=truth.category[:, np.newaxis])
    assert load(tmp_path, facts).events["label"].tolist() == truth.category.tolist()


LABELS = np.repeat(np.arange(1.0, 7.0), 2)
PICTURES = np.array(twin.EXEMPLARS, float)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"exemplarLabels": None}, r"S1\.mat lacks the variable 'exemplarLabels'; it has"),
        (
            {"X_3D": np.zeros((123, 32, 12))},
            r"X_3D must be numbers of 124 channels x 32 samples x trials. It is 123 x 32 x 12",
        ),
        (
            {"X_3D": np.zeros((124, 31, 12))},
            r"S1\.mat, X_3D must be numbers .* It is 124 x 31 x 12 of float64",
        ),
        ({"X_3D": np.zeros((124, 32 * 12))}, r"S1\.mat, X_3D must be numbers .* It is 124 x 384 of float64"),
        ({"Fs": np.array([[1000.0]])}, r"S1\.mat, Fs must be 62\.5 Hz\. It is '1000\.0'"),
        ({"categoryLabels": LABELS[:-1]}, r"S1\.mat, categoryLabels has 11 labels and X_3D 12 trials"),
        (
            {"categoryLabels": LABELS - 1},
            r"S1\.mat, categoryLabels\[0\] must lie between 1 and 6\. It is 0\.",
        ),
        (
            {"categoryLabels": LABELS + 0.5},
            r"categoryLabels\[0\] must be a whole number from 1 to 6\. It is 1\.5",
        ),
        (
            {"exemplarLabels": PICTURES + 1},
            r"S1\.mat, exemplarLabels\[11\] must lie between 1 and 72\. It is 73\.",
        ),
        (
            {"exemplarLabels": np.ones(12), "categoryLabels": LABELS},
            r"S1\.mat: exemplar 1 has the category 1 in trial 0 and 2 in trial 2; every picture has one",
        ),
    ],
)
def test_a_wrong_file_is_told(tmp_path, facts, changed, sentence):
    twin.write(tmp_path, subjects=(1,), n_repetitions=1, **changed)
    with pytest.raises(ValueError, match=sentence):
        load(tmp_path, facts)


def test_a_file_cut_short_is_told(tmp_path, facts):
    path = twin.write(tmp_path, subjects=(1,), n_repetitions=1)[1].path
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises((RuntimeError, ValueError), match=r"S1\.mat"):
        load(tmp_path, facts)


def test_files_of_nobody_are_told(tmp_path, facts):
    (tmp_path / "S1.mat").touch()
    (tmp_path / "S11.mat").touch()
    with pytest.raises(
        ValueError, match=r"S11\.mat is none of the files of oced, which are S1\.mat to S10\.mat"
    ):
        io.open_source("oced", tmp_path, facts)
    (tmp_path / "S11.mat").rename(tmp_path / "S01.mat")
    with pytest.raises(ValueError, match=r"S1\.mat and S01\.mat are both of subject 1"):
        io.open_source("oced", tmp_path, facts)


def test_an_empty_folder_and_an_unknown_variant_are_told(tmp_path, facts):
    with pytest.raises(FileNotFoundError, match="holds no file of oced"):
        io.open_source("oced", tmp_path, facts)
    with pytest.raises(ValueError, match="The variant 'raw' of oced was asked for; there are 'cleaned'"):
        io.open_source("oced", tmp_path, facts, variant="raw")
