"""The derivative dataset: where it may be, what lies in it, and that nothing half written is left."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mne
import mne_bids
import numpy as np
import pandas as pd
import pytest

from eegimg.bids import (
    check_outside,
    derivative_path,
    prepare_derivatives,
    read_raw,
    read_result,
    write_derivative,
)
from eegimg.preprocessing import MakeEpochs


@pytest.fixture(scope="session")
def validate():
    """Return a function that gives the errors of the BIDS validator for a folder."""
    program = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent)) or shutil.which(
        "bids-validator-deno"
    )
    if program is None:
        pytest.skip("needs bids-validator-deno (pip install eegimg[test])")

    def run(folder):
        command = [program, "--format", "json", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        issues = json.loads(done.stdout)["issues"]["issues"]
        return [issue for issue in issues if issue["severity"] == "error"]

    return run


def cut(raw):
    return MakeEpochs(tmin=-0.2, tmax=0.5, baseline=None).transform(raw)


def read_table(file):
    return pd.read_csv(file, sep="\t", dtype=str, keep_default_na=False)


@pytest.fixture
def recording(make_raw, write_bids):
    """Return a BIDS path whose dataset has pictures, as a valid dataset must."""
    path = write_bids(make_raw(), session="a")
    (path.root / "stimuli").mkdir()
    for row in range(17):
        (path.root / "stimuli" / f"{'house' if row % 2 else 'face'}_{row:02d}.png").write_bytes(b"x")
    return path


def test_names_follow_the_recording(recording, tmp_path):
    folder = tmp_path / "out" / "sub-01" / "ses-a" / "eeg"
    stem = "sub-01_ses-a_task-images_desc-p300"
    assert derivative_path(recording, tmp_path / "out", "p300") == folder / f"{stem}_epo.fif"
    assert derivative_path(recording, tmp_path / "out", "p300", epochs=False) == folder / f"{stem}_eeg.vhdr"
    assert not folder.exists()


def test_epochs_and_raw_make_a_valid_dataset(recording, tmp_path, validate, digests):
    before, out = digests(recording.root), tmp_path / "out"
    assert validate(recording.root) == []
    prepare_derivatives(recording.root, out, "p300")
    raw = read_raw(recording)
    write_derivative(cut(raw), recording, derivative_path(recording, out, "p300"), {"Description": "x"})
    fields = {
        "TaskName": "images",
        "SamplingFrequency": 128,
        "EEGReference": "n/a",
        "PowerLineFrequency": 50,
        "SoftwareFilters": {"01 Filter": {"l_freq": 1}},
        "RecordingDuration": 20,
        "RecordingType": "continuous",
    }
    write_derivative(raw, recording, derivative_path(recording, out, "clean", epochs=False), fields)
    assert validate(out) == []
    assert digests(recording.root) == before
    assert not [*out.rglob(".eegimg-*")]


def test_epochs_come_back_to_single_precision_with_their_metadata(recording, tmp_path):
    epochs = cut(read_raw(recording))
    path = derivative_path(recording, tmp_path, "x")
    side = write_derivative(epochs, recording, path, {"Description": "µV"})
    assert side == path.with_suffix(".json")
    back = read_result(side)
    np.testing.assert_allclose(back.get_data(), epochs.get_data(), rtol=1e-6, atol=1e-12)
    pd.testing.assert_frame_equal(back.metadata, epochs.metadata, check_dtype=False)
    assert json.loads(side.read_text(encoding="utf-8")) == {"Description": "µV"}


def test_raw_comes_back_to_single_precision(recording, tmp_path):
    raw = read_raw(recording).load_data()
    raw.info["bads"] = ["P3"]
    path = derivative_path(recording, tmp_path, "x", epochs=False)
    back = read_result(write_derivative(raw, recording, path, {}))
    np.testing.assert_allclose(back.get_data(), raw.get_data(), rtol=1e-6, atol=1e-11)
    channels = read_table(path.with_name(path.name.replace("_eeg.vhdr", "_channels.tsv")))
    assert list(channels["name"]) == back.ch_names
    assert list(channels["status"]) == ["bad" if name == "P3" else "good" for name in raw.ch_names]
    assert set(channels["type"]) == {"EEG"}


def test_a_raw_derivative_is_a_recording_that_mne_bids_reads(recording, tmp_path):
    raw = read_raw(recording).load_data()
    prepare_derivatives(recording.root, tmp_path / "out", "x")
    path = derivative_path(recording, tmp_path / "out", "x", epochs=False)
    write_derivative(raw, recording, path, {"PowerLineFrequency": 50})
    again = mne_bids.BIDSPath(
        root=tmp_path / "out",
        subject="01",
        session="a",
        task="images",
        description="x",
        suffix="eeg",
        extension=".vhdr",
        datatype="eeg",
    )
    back = mne_bids.read_raw_bids(again, verbose="error")
    np.testing.assert_allclose(back.get_data(), raw.get_data(), rtol=1e-6, atol=1e-11)
    np.testing.assert_allclose(back.annotations.onset, raw.annotations.onset, atol=1e-6)
    for mine, theirs in zip(back.info["chs"], raw.info["chs"], strict=True):
        np.testing.assert_allclose(mine["loc"][:3], theirs["loc"][:3], atol=1e-6)


def test_kept_marks_the_events_whose_epochs_are_there(recording, tmp_path):
    epochs = cut(read_raw(recording))[[0, 3, 8]]
    path = derivative_path(recording, tmp_path, "x")
    write_derivative(epochs, recording, path, {})
    table = read_table(path.with_name(path.name.replace("_epo.fif", "_events.tsv")))
    assert len(table) == 17
    assert list(table.index[table["kept"] == "True"]) == [0, 3, 8]
    assert list(table["image"][table["kept"] == "True"]) == list(epochs.metadata["image"])
    columns = json.loads(path.with_name(path.name.replace("_epo.fif", "_events.json")).read_text())
    assert columns["kept"]["Levels"].keys() == {"True", "False"}
    assert columns["image"]["Description"] == "Its name."


def test_pictures_are_named_and_not_looked_for_in_the_derivative(recording, tmp_path):
    path = derivative_path(recording, tmp_path, "x")
    write_derivative(cut(read_raw(recording)), recording, path, {})
    table = read_table(path.with_name(path.name.replace("_epo.fif", "_events.tsv")))
    assert "stim_file" not in table
    assert table["image_path"][1] == "house_01.png"


def test_cells_of_the_events_stay_as_they_are_written(recording, tmp_path):
    file = recording.copy().update(suffix="events", extension=".tsv").fpath
    table = read_table(file).iloc[:4]
    odd = {"image": ["001", "n/a", 'a "b"', "<b>"], "stim_file": "n/a", "score": ["1", "n/a", "3", "1.50"]}
    table.assign(**odd).to_csv(file, sep="\t", index=False, quoting=3)
    path = derivative_path(recording, tmp_path, "x")
    write_derivative(cut(read_raw(recording)), recording, path, {})
    lines = path.with_name(path.name.replace("_epo.fif", "_events.tsv")).read_text().splitlines()
    cells = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    assert [row["image"] for row in cells] == odd["image"]
    assert [row["score"] for row in cells] == odd["score"]


def test_events_of_a_cropped_recording_count_from_its_start(recording, tmp_path):
    raw = read_raw(recording)
    cropped = raw.copy().crop(tmin=5.25, tmax=9.9).load_data()
    path = derivative_path(recording, tmp_path, "x", epochs=False)
    write_derivative(cropped, recording, path, {}, first_time=raw.first_time)
    table = read_table(path.with_name(path.name.replace("_eeg.vhdr", "_events.tsv")))
    assert list(table["image"]) == ["face_04", "house_05", "face_06", "house_07"]
    np.testing.assert_allclose(table["onset"].astype(float), [0.75, 1.75, 2.75, 3.75], atol=1e-6)
    assert "sample" not in table


def test_epochs_from_a_stim_channel_bring_their_own_events(make_raw, write_bids, tmp_path):
    raw = make_raw()
    path = write_bids(raw)
    path.copy().update(suffix="events", extension=".tsv").fpath.unlink()
    events = np.array([[300, 0, 1], [600, 0, 2]])
    epochs = mne.Epochs(
        raw,
        events,
        {"face\thalf": 1, "house": 2},
        tmin=0,
        tmax=0.5,
        baseline=None,
        preload=True,
        verbose="error",
    )
    target = derivative_path(path, tmp_path, "x")
    write_derivative(epochs, path, target, {}, first_time=100 / 128)
    table = read_table(target.with_name(target.name.replace("_epo.fif", "_events.tsv")))
    np.testing.assert_allclose(table["onset"].astype(float), [200 / 128, 500 / 128])
    assert list(table["trial_type"]) == ["face half", "house"]


@pytest.mark.data
def test_places_are_carried_without_a_space_entity(tiny_bids, tmp_path, validate):
    path = mne_bids.BIDSPath(
        root=tiny_bids,
        subject="01",
        session="eeg",
        task="rest",
        datatype="eeg",
        suffix="eeg",
        extension=".vhdr",
    )
    raw = read_raw(path)
    prepare_derivatives(tiny_bids, tmp_path / "out", "x")
    target = derivative_path(path, tmp_path / "out", "x")
    epochs = MakeEpochs(tmin=0.0, tmax=0.3, baseline=None).transform(raw)
    write_derivative(epochs, path, target, {})
    names = {file.name for file in target.parent.iterdir()}
    assert {"sub-01_ses-eeg_electrodes.tsv", "sub-01_ses-eeg_coordsystem.json"} <= names
    assert not [name for name in names if "space-" in name]
    assert validate(tmp_path / "out") == []


def test_the_description_says_what_made_it_and_from_what(recording, tmp_path, edit_json):
    edit_json(
        recording.root / "dataset_description.json", DatasetDOI="doi:10.1/x", License="CC0", Name="Faces"
    )
    prepare_derivatives(recording.root, tmp_path / "out", "p300")
    fields = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    assert fields["DatasetType"] == "derivative"
    assert fields["Name"].startswith("Faces")
    assert fields["License"] == "CC0"
    assert fields["GeneratedBy"][0]["Name"] == "eegimg"
    assert fields["GeneratedBy"][0]["Version"]
    assert fields["SourceDatasets"] == [{"URL": recording.root.resolve().as_uri(), "DOI": "doi:10.1/x"}]
    assert fields["DatasetLinks"] == {"raw": recording.root.resolve().as_uri()}


def test_preparing_again_changes_nothing(recording, tmp_path, digests):
    prepare_derivatives(recording.root, tmp_path / "out", "p300")
    first = digests(tmp_path / "out")
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()}
    prepare_derivatives(recording.root, tmp_path / "out", "p300")
    assert digests(tmp_path / "out") == first
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()} == times


@pytest.mark.parametrize("inside", [".", "out", "sub-01", "derivatives", "derivatives/../code", "stimuli/x"])
def test_a_folder_inside_the_dataset_is_refused(recording, digests, inside):
    before = digests(recording.root)
    with pytest.raises(
        ValueError, match="lies inside the dataset.*Choose a folder outside, or .*derivatives"
    ):
        prepare_derivatives(recording.root, recording.root / inside, "x")
    assert digests(recording.root) == before
    with pytest.raises(ValueError, match="The report folder .* lies inside"):
        check_outside(recording.root, recording.root / inside, "report folder")


def test_a_link_into_the_dataset_is_inside(recording, tmp_path):
    (tmp_path / "link").symlink_to(recording.root / "sub-01")
    with pytest.raises(ValueError, match="lies inside the dataset"):
        prepare_derivatives(recording.root, tmp_path / "link" / "out", "x")


def test_a_folder_in_derivatives_is_allowed_and_no_recording_of_the_dataset(recording, validate):
    out = recording.root / "derivatives" / "mine"
    prepare_derivatives(recording.root, out, "x")
    write_derivative(read_raw(recording), recording, derivative_path(recording, out, "x", epochs=False), {})
    assert (out / "dataset_description.json").is_file()
    assert validate(recording.root) == []


def test_the_folder_of_another_dataset_is_refused_and_left_alone(recording, tmp_path, digests):
    other = shutil.copytree(recording.root, tmp_path / "other")
    before = digests(other)
    with pytest.raises(ValueError, match="holds another dataset"):
        prepare_derivatives(recording.root, other, "x")
    assert digests(other) == before


def test_a_simulated_dataset_is_another_dataset(recording, tmp_path, edit_json):
    # Its description names eegimg as its maker, as ours does.
    prepare_derivatives(recording.root, tmp_path / "out", "x")
    edit_json(tmp_path / "out" / "dataset_description.json", DatasetType="raw")
    with pytest.raises(ValueError, match="holds another dataset"):
        prepare_derivatives(recording.root, tmp_path / "out", "x")


def test_a_readme_of_something_else_is_not_written_over(recording, tmp_path):
    (tmp_path / "README").write_text("my thesis")
    with pytest.raises(ValueError, match="holds other files .'README'."):
        prepare_derivatives(recording.root, tmp_path, "x")
    assert (tmp_path / "README").read_text() == "my thesis"


def test_a_file_in_the_way_is_a_sentence(recording, tmp_path):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(RuntimeError, match="The output folder .* cannot be written"):
            prepare_derivatives(recording.root, out, "x")


@pytest.mark.parametrize("kind", ["epochs", "raw"])
def test_a_failure_in_the_middle_leaves_no_half_result(recording, tmp_path, monkeypatch, kind):
    raw = read_raw(recording).load_data()
    inst = cut(raw) if kind == "epochs" else raw
    path = derivative_path(recording, tmp_path, "x", epochs=kind == "epochs")
    side = write_derivative(inst, recording, path, {"Description": "first"})
    assert side.is_file()
    whole = {file.name: file.read_bytes() for file in path.parent.iterdir() if file != side}

    def half(*args, **kwargs):
        target = Path(args[0] if kind == "raw" else args[1])
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    if kind == "raw":
        monkeypatch.setattr(mne.export, "export_raw", half)
    else:
        monkeypatch.setattr(mne.BaseEpochs, "save", half)
    with pytest.raises(OSError, match="No space left"):
        write_derivative(inst, recording, path, {"Description": "second"})
    # No sidecar says that the result is finished; what was whole before is still whole.
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == whole


def test_numbers_that_json_does_not_have_are_refused_and_nothing_claims_to_be_done(recording, tmp_path):
    path = derivative_path(recording, tmp_path, "x")
    with pytest.raises(ValueError, match="JSON"):
        write_derivative(cut(read_raw(recording)), recording, path, {"x": float("nan")})
    assert not path.with_suffix(".json").exists()


def test_large_epochs_in_several_files_are_whole(recording, tmp_path, monkeypatch):
    epochs = cut(read_raw(recording))
    many = mne.concatenate_epochs([epochs] * 300, verbose="error")
    save = type(many).save
    monkeypatch.setattr(
        type(many), "save", lambda self, name, **kwargs: save(self, name, split_size="2MB", **kwargs)
    )
    path = derivative_path(recording, tmp_path, "x")
    back = read_result(write_derivative(many, recording, path, {}))
    assert len(list(path.parent.glob("*_epo*.fif"))) > 1
    assert len(back) == len(many)
