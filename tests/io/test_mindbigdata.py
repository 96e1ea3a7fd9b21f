"""MindBigData's ImageNet: read from the zip or unpacked, late, exactly, and wrong files are told."""

import zipfile

import numpy as np
import pytest
from twins import mindbigdata as twin
from twins import planted

from eegimg import io
from eegimg.datasets import read_descriptor
from eegimg.io import mindbigdata

FIRST = "MindBigData_Imagenet_Insight_n02951358_1_1_1.csv"
SECOND = "MindBigData_Imagenet_Insight_n02951358_2_1_2.csv"
ROWS = np.random.default_rng(0).normal(4100, 10, (5, 8)).round(3)
SOUND = twin.as_csv(ROWS)


@pytest.fixture(scope="module")
def facts():
    return read_descriptor("mindbigdata_imagenet")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Return a folder with the zip, and the samples that were planted by file name."""
    folder = tmp_path_factory.mktemp("mindbigdata")
    return folder, twin.write(folder)


def load(folder, facts, **options):
    (recording,) = io.open_source("mindbigdata", folder, facts, **options).recordings
    return recording.load()


def by_session(truth):
    return sorted(truth, key=lambda name: (int(name[:-4].split("_")[-1]), name))


def test_one_raw_recording_of_one_person(published, facts):
    source = io.open_source("mindbigdata", published[0], facts)
    (recording,) = source.recordings
    assert (recording.subject, recording.session, recording.task) == ("01", None, "images")
    assert [file.name for file in source.files] == [twin.ZIP]
    assert source.description is None


@pytest.mark.parametrize("zipped", [True, False])
def test_samples_come_back_exactly(tmp_path, facts, zipped):
    truth = twin.write(tmp_path, zipped=zipped, n_images=4)
    content = load(tmp_path, facts)
    assert len(content.segments) == len(truth) == 12
    for segment, name in zip(content.segments, by_session(truth), strict=True):
        np.testing.assert_array_equal(segment, truth[name], strict=True)
    assert len({segment.shape[1] for segment in content.segments}) > 3
    assert content.ch_names == ("AF3", "AF4", "T7", "T8", "Pz")
    assert content.sfreq == 128.0
    assert not list(tmp_path.glob("**/*.tmp"))


def test_nothing_is_unpacked(published, facts):
    before = sorted(published[0].rglob("*"))
    list(load(published[0], facts).segments)
    assert sorted(published[0].rglob("*")) == before == [published[0] / twin.ZIP]


def test_events_say_picture_and_session(published, facts):
    folder, truth = published
    events = load(folder, facts).events
    parts = [name[:-4].split("_")[3:] for name in by_session(truth)]
    assert events["concept"].tolist() == events["trial_type"].tolist() == [part[0] for part in parts]
    assert events["image"].tolist() == [f"{part[0]}_{part[1]}" for part in parts]
    assert events["image_path"][0] == f"{parts[0][0]}/{parts[0][0]}_{parts[0][1]}.JPEG"
    assert events["block"].tolist() == sorted(int(part[3]) for part in parts)
    assert events["segment"].tolist() == events["source_index"].tolist() == list(range(60))
    assert set(events["repetition"]) == {1}
    assert set(events["duration"]) == {3.0}
    assert not {"split", "stim_file"} & set(events)


def test_repetitions_of_a_picture_are_counted(tmp_path, facts):
    names = [FIRST, FIRST.replace("_1_1.csv", "_2_9.csv"), SECOND]
    twin.write_zip(tmp_path / twin.ZIP, dict.fromkeys(names, SOUND))
    events = load(tmp_path, facts).events
    assert events["image"].tolist() == ["n02951358_1", "n02951358_2", "n02951358_1"]
    assert events["repetition"].tolist() == [1, 1, 2]
    assert events["block"].tolist() == [1, 2, 9]


def test_planted_classes_are_decoded(published, facts):
    content = load(published[0], facts)
    trials = np.stack([segment[:, :352] for segment in content.segments])
    assert planted.decoding_accuracy(trials, content.events["concept"]) > 0.7  # chance is 1 / 3
    shuffled = np.random.default_rng(1).permutation(content.events["concept"])
    assert planted.decoding_accuracy(trials, shuffled) < 0.55


@pytest.mark.parametrize(("factor", "unit"), [(1.0, "uV"), (1e-6, "V"), (1e4, "n/a")])
def test_the_unit_is_told_by_size_whatever_the_offset(tmp_path, facts, factor, unit):
    twin.write_zip(tmp_path / twin.ZIP, {FIRST: twin.as_csv(ROWS * factor)})
    assert load(tmp_path, facts).unit == unit


def test_lines_are_told_by_name_and_may_end_with_commas_and_returns(tmp_path, facts):
    order = [4, 2, 0, 1, 3]
    text = twin.as_csv(ROWS[order], [twin.CH_NAMES[number] for number in order])
    twin.write_zip(tmp_path / twin.ZIP, {FIRST: text.replace("\n", ",\r\n") + "\r\n"})
    np.testing.assert_array_equal(load(tmp_path, facts).segments[0], ROWS)


def test_archives_of_other_systems_are_read(tmp_path, facts):
    texts = {
        f"MindBigData-Imagenet\\{FIRST}": SOUND,
        f"__MACOSX/MindBigData-Imagenet/._{FIRST}": "resource fork",
        "MindBigData-Imagenet/n02951358.png": "spectrogram",
    }
    twin.write_zip(tmp_path / twin.ZIP, texts)
    assert len(load(tmp_path, facts).segments) == 1


def test_samples_are_read_when_they_are_asked_for(tmp_path, facts, monkeypatch):
    asked = []
    parse = mindbigdata._parse
    monkeypatch.setattr(mindbigdata, "_parse", lambda *args: asked.append(args[1]) or parse(*args))
    twin.write(tmp_path, n_images=30)
    content = load(tmp_path, facts)
    assert len(asked) == 20 < len(content.segments) == 90  # some, to tell the unit
    content.segments[3]
    assert asked[20:] == [content.where(3)]


def test_a_trial_names_its_file(published, facts):
    folder, truth = published
    assert load(folder, facts).where(0) == f"{twin.ZIP}, MindBigData-Imagenet/{by_session(truth)[0]}"


def test_several_versions_must_be_chosen_between(tmp_path, facts):
    twin.write_zip(tmp_path / twin.ZIP, {FIRST: SOUND, SECOND: SOUND})
    twin.write_zip(tmp_path / "MindBigData-Imagenet-IN-v1.0.zip", {FIRST: SOUND})
    with pytest.raises(ValueError, match=r"several variants of mindbigdata_imagenet: '1\.04' and '1\.0'"):
        io.open_source("mindbigdata", tmp_path, facts)
    assert len(load(tmp_path, facts, variant="1.0").segments) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            twin.as_csv(ROWS[:4], twin.CH_NAMES[:4]),
            "must have one line for each of 'AF3', 'AF4', 'T7', 'T8' and 'Pz'. It lacks 'Pz'",
        ),
        (SOUND.replace("T8", "O1"), "must have one line for each of .* It has 'O1', which is none of them"),
        (SOUND.replace("T8", "T7"), "must have one line for each of .* It has 'T7', twice"),
        (SOUND.replace("T7,", "T7,x", 1), r", T7, sample 0 must be a number. It is 'x4\d+"),
        (SOUND.replace("T7,", "T7,1,nan,", 1), ", T7, sample 1 must be a number. It is 'nan'"),
        (SOUND.replace("T7,", "T7,,", 1), ", T7, sample 0 must be a number. It is ''"),
        (SOUND.replace("AF4,", "AF4,1.0,", 1), "as many samples on every line.*AF3 8, AF4 9, T7 8"),
        ("\n".join(twin.CH_NAMES), "as many samples on every line, and at least one. It has AF3 0"),
        ("", "It lacks 'AF3', 'AF4'"),
        ("\xff\xfe", "It has 'Ã"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, facts, text, sentence):
    twin.write_zip(tmp_path / twin.ZIP, {FIRST: text})
    with pytest.raises(ValueError, match=f"{twin.ZIP}, MindBigData-Imagenet/{FIRST}.*{sentence}"):
        load(tmp_path, facts)


@pytest.mark.parametrize("name", ["notes.csv", FIRST.replace("n0", "x0"), FIRST.replace("_1_1.csv", ".csv")])
def test_a_wrong_name_is_told(tmp_path, facts, name):
    twin.write_zip(tmp_path / twin.ZIP, {FIRST: SOUND, name: SOUND})
    with pytest.raises(
        ValueError, match=f"MindBigData-Imagenet/{name} must be called MindBigData_Imagenet_Insight_<wnid>"
    ):
        io.open_source("mindbigdata", tmp_path, facts)


def test_a_file_that_is_there_twice_is_told(tmp_path, facts):
    twin.write_zip(tmp_path / twin.ZIP, {FIRST: SOUND, f"copy/{FIRST}": SOUND})
    with pytest.raises(
        ValueError, match=f"holds {FIRST} twice: 'MindBigData-Imagenet/{FIRST}' and 'copy/{FIRST}'"
    ):
        io.open_source("mindbigdata", tmp_path, facts)


@pytest.mark.parametrize("name", [f"../{FIRST}", f"/{FIRST}", f"a\\..\\..\\{FIRST}"])
def test_a_name_that_leaves_the_archive_is_told(tmp_path, facts, name):
    twin.write_zip(tmp_path / twin.ZIP, {name: SOUND})
    with pytest.raises(ValueError, match="points outside the archive"):
        io.open_source("mindbigdata", tmp_path, facts)


def test_a_bomb_is_not_unpacked(tmp_path, facts):
    twin.write_zip(tmp_path / twin.ZIP, {FIRST: "AF3" + ",1" * 5_000_000})
    assert (tmp_path / twin.ZIP).stat().st_size < 50_000
    with pytest.raises(ValueError, match=r"at most 1000000 bytes\. It has 10000003"):
        io.open_source("mindbigdata", tmp_path, facts)


def test_an_unpacked_file_without_end_is_told(tmp_path, facts):
    (tmp_path / FIRST).write_text("AF3" + ",1" * 600_000)
    with pytest.raises(
        ValueError, match=f"{FIRST} has more than 1000000 bytes: it is not one of the published"
    ):
        load(tmp_path, facts)


def test_other_compressions_are_told(tmp_path, facts):
    with zipfile.ZipFile(tmp_path / twin.ZIP, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(FIRST, SOUND)
    with pytest.raises(ValueError, match="must be stored or deflated"):
        io.open_source("mindbigdata", tmp_path, facts)


@pytest.mark.parametrize("n_bytes", [0, 10, 3000])
def test_an_archive_cut_short_is_told(tmp_path, facts, n_bytes):
    twin.write(tmp_path, n_images=4)
    path = tmp_path / twin.ZIP
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(
        RuntimeError, match=f"{twin.ZIP} is damaged or not whole .*Delete it and fetch it again"
    ):
        io.open_source("mindbigdata", tmp_path, facts)


def test_a_damaged_member_is_told(tmp_path, facts):
    with zipfile.ZipFile(tmp_path / twin.ZIP, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(FIRST, SOUND)
    data = (tmp_path / twin.ZIP).read_bytes()
    (tmp_path / twin.ZIP).write_bytes(data.replace(b"AF3,4", b"AF3,5", 1))
    with pytest.raises(RuntimeError, match=f"{twin.ZIP}, {FIRST} cannot be read .*CRC.*fetch it again"):
        load(tmp_path, facts)


def test_an_empty_archive_and_an_empty_folder_are_told(tmp_path, facts):
    with pytest.raises(FileNotFoundError, match="holds no file of mindbigdata_imagenet"):
        io.open_source("mindbigdata", tmp_path, facts)
    twin.write_zip(tmp_path / twin.ZIP, {})
    with pytest.raises(ValueError, match=f"{twin.ZIP} holds no CSV file of a picture"):
        io.open_source("mindbigdata", tmp_path, facts)
