"""Published files as BIDS: valid, sample by sample the same, whole or not there."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import mne
import mne_bids
import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.bids import _write
from eegimg.datasets import convert_dataset, load_dataset
from eegimg.preprocessing import Filter, MakeEpochs

from .conftest import make_content

NAME = "imagenet_eeg"  # any dataset whose published files are converted


@pytest.mark.parametrize(("unit", "description"), [("uV", None), ("V", None), ("n/a", "5to95")])
def test_the_validator_accepts_it_and_samples_come_back(
    published, validate, joined, tmp_path, unit, description
):
    root = convert_dataset(NAME, published(description=description, unit=unit), tmp_path / "bids")
    assert root == tmp_path / "bids"
    assert validate(root) == []
    dataset = load_dataset(NAME, root=root)
    assert list(dataset.recordings["subject"]) == ["01", "02"]
    for number, subject in enumerate(("01", "02"), 1):
        content, raw = make_content(number, unit=unit), dataset.raw(subject=subject)
        assert raw.ch_names == list(content.ch_names)
        assert raw.info["sfreq"] == 200.0
        wanted = joined(content)
        np.testing.assert_allclose(raw.get_data(), wanted, rtol=2e-7, atol=np.abs(wanted).max() * 1e-12)
        assert raw.info["temp"]["unit"] == ("n/a" if unit == "n/a" else "V")
        assert raw.info["temp"]["positions"] == "electrodes.tsv"
    facts = json.loads((root / "dataset_description.json").read_text(encoding="utf-8"))
    assert facts["DatasetType"] == ("derivative" if description else "raw")


def test_a_derivative_says_what_was_done_and_has_no_volts(published, tmp_path):
    root = convert_dataset(NAME, published(description="5to95", unit="n/a"), tmp_path / "bids")
    stem = root / "sub-01" / "eeg" / "sub-01_task-images_desc-5to95"
    header = pathlib.Path(f"{stem}_eeg.vhdr").read_text(encoding="utf-8")
    assert "Ch1=Fz,,1,n/a" in header
    assert "V" not in header.partition("[Channel Infos]")[2].partition("Ch1=")[2].replace("Ch", "")
    channels = pd.read_csv(f"{stem}_channels.tsv", sep="\t", keep_default_na=False)
    assert set(channels["units"]) == {"n/a"}
    sidecar = json.loads(pathlib.Path(f"{stem}_eeg.json").read_text(encoding="utf-8"))
    assert sidecar["SoftwareFilters"] == {"Band-pass": {"l_freq (Hz)": 5.0}}
    assert "They are no raw recording." in (root / "README").read_text(encoding="utf-8")


def test_what_is_made_of_it_has_no_volts_either(published, tmp_path):
    root = convert_dataset(NAME, published(1, description="5to95", unit="n/a"), tmp_path / "bids")
    pipe = eegimg.Pipeline(MakeEpochs(tmin=0.0, tmax=0.3, baseline=None), name="cut")
    summary = eegimg.preprocess_dataset(root, tmp_path / "out", recipe=pipe, report=False)
    (row,) = summary.rows
    assert pathlib.Path(row["output"]).name == "sub-01_task-images_desc-5to95cut_epo.fif"
    sidecar = json.loads(pathlib.Path(row["sidecar"]).read_text(encoding="utf-8"))
    assert sidecar["Units"] == "n/a"
    epochs = eegimg.bids.read_result(row["sidecar"])
    assert {channel["unit"] for channel in epochs.info["chs"]} == {mne.io.constants.FIFF.FIFF_UNIT_NONE}


def test_events_have_all_that_is_known(published, tmp_path):
    root = convert_dataset(NAME, published(1), tmp_path / "bids")
    folder = root / "sub-01" / "eeg"
    table = pd.read_csv(folder / "sub-01_task-images_events.tsv", sep="\t", na_values="n/a")
    content = make_content(1)
    shown = table[table["image"].notna()].reset_index(drop=True)
    for column in ("image", "image_path", "concept", "label", "split", "source_index", "original_length"):
        assert list(shown[column]) == list(content.events[column]), column
    starts = np.cumsum([0, 100, 90, 120])
    np.testing.assert_allclose(shown["onset"], (starts + 10) / 200)
    joins = table[table["image"].isna()]
    assert list(joins["trial_type"]) == ["BAD boundary", "EDGE boundary"] * 3
    np.testing.assert_allclose(joins["onset"], np.repeat(starts[1:] / 200, 2))
    sidecar = json.loads((folder / "sub-01_task-images_eeg.json").read_text(encoding="utf-8"))
    assert sidecar["RecordingType"] == "discontinuous"
    described = json.loads((folder / "sub-01_task-images_events.json").read_text(encoding="utf-8"))
    assert set(table) - {"onset", "duration", "trial_type"} == set(described)


def test_metadata_are_those_of_the_design(published, tmp_path):
    root = convert_dataset(NAME, published(), tmp_path / "bids")
    pipe = eegimg.Pipeline(MakeEpochs(tmin=0.0, tmax=0.3, baseline=None))
    dataset = load_dataset(NAME, root=root)
    epochs = dataset.epochs(pipeline=pipe)
    assert len(epochs) == 8
    row = epochs.metadata.iloc[5]
    assert row[["subject", "image", "image_path", "concept"]].tolist() == ["02", "b_01", "b/b_01.JPEG", "b"]
    assert row[["repetition", "split", "source_index", "label"]].tolist() == [1, "train", 7, 1]
    # Who is left out changes nothing about the published split.
    for subject in ("01", "02"):
        part = dataset.epochs(split="test", subject=subject, pipeline=pipe)
        assert list(part.metadata["source_index"]) == [14, 21]


def test_no_filter_crosses_a_join(published, tmp_path):
    root = convert_dataset(NAME, published(1), tmp_path / "bids")
    content = make_content(1)
    path = mne_bids.BIDSPath(subject="01", task="images", datatype="eeg", root=root)
    by_mne = mne_bids.read_raw_bids(path, verbose="error").load_data().filter(None, 30.0, verbose="error")
    by_step = Filter(l_freq=None, h_freq=30.0).transform(load_dataset(NAME, root=root).raw())
    starts = np.cumsum([0, 100, 90, 120, 100])
    for start, stop, samples in zip(starts, starts[1:], content.segments, strict=False):
        alone = mne.filter.filter_data(samples.astype(float) * 1e-6, 200.0, None, 30.0, verbose="error")
        for raw in (by_mne, by_step):
            np.testing.assert_allclose(raw.get_data(start=start, stop=stop), alone, atol=1e-12)
    wrong = mne.filter.filter_data(
        np.concatenate(content.segments, axis=1).astype(float) * 1e-6, 200.0, None, 30.0, verbose="error"
    )
    assert np.abs(by_mne.get_data() - wrong).max() > 1e-7


def test_no_epoch_crosses_a_join(published, tmp_path):
    root = convert_dataset(NAME, published(1), tmp_path / "bids")
    dataset = load_dataset(NAME, root=root)
    for tmax, kept in ((0.395, [0, 7, 14, 21]), (0.4, [0, 14, 21]), (0.445, [0, 14, 21]), (0.45, [14])):
        pipe = eegimg.Pipeline(MakeEpochs(tmin=-0.05, tmax=tmax, baseline=None))
        assert list(dataset.epochs(pipeline=pipe).metadata["source_index"]) == kept, tmax


@pytest.mark.parametrize("sfreq", [62.5, 128.0, 250.0, 512.0, 1000.0, 1024.0])
def test_epochs_may_begin_and_end_at_joins_at_any_rate(published, tmp_path, sfreq):
    def content(subject):
        made = make_content(subject, lengths=(32,) * 60)
        made.events["sample"] = 0
        return dataclasses.replace(made, sfreq=sfreq)

    root = convert_dataset(NAME, published(1, content=content), tmp_path / "bids")
    dataset = load_dataset(NAME, root=root)
    whole = MakeEpochs(tmin=0.0, tmax=31 / sfreq, baseline=None)
    epochs = dataset.epochs(pipeline=eegimg.Pipeline(whole))
    wanted = np.stack(make_content(1, lengths=(32,) * 60).segments)
    np.testing.assert_allclose(epochs.get_data() * 1e6, wanted, rtol=1e-6)
    longer = MakeEpochs(tmin=0.0, tmax=32 / sfreq, baseline=None)
    with pytest.raises(RuntimeError, match="BAD boundary"):
        dataset.epochs(pipeline=eegimg.Pipeline(longer))


def test_what_is_there_is_not_converted_again(published, tmp_path):
    source = published()
    root = convert_dataset(NAME, source, tmp_path / "bids", subjects="02")
    assert list(load_dataset(NAME, root=root).recordings["subject"]) == ["02"]
    samples = root / "sub-02" / "eeg" / "sub-02_task-images_eeg.eeg"
    before = samples.stat().st_mtime_ns
    convert_dataset(NAME, source, root)
    assert samples.stat().st_mtime_ns == before
    assert list(load_dataset(NAME, root=root).recordings["subject"]) == ["01", "02"]
    participants = (root / "participants.tsv").read_text(encoding="utf-8").split()
    assert participants == ["participant_id", "sub-01", "sub-02"]


def test_one_bad_subject_does_not_stop_the_others(published, validate, tmp_path):
    def content(subject):
        def spoil(segments):
            if subject == 2:
                segments[1][3, 17] = np.nan

        return make_content(subject, spoil=spoil)

    root = tmp_path / "bids"
    sentence = (
        r"^1 of 3 subjects of imagenet_eeg could not be converted. sub-02: trials.pkl, dataset\[1\]\['eeg'\] "
        "holds 1 numbers that are not finite, the first in channel O1 at sample 17. Get the file again"
    )
    with pytest.raises(RuntimeError, match=sentence):
        convert_dataset(NAME, published(3, content=content), root)
    assert sorted(path.name for path in root.glob("*sub-*")) == ["sub-01", "sub-03"]
    assert not list(root.glob(".eegimg*"))
    assert validate(root) == []
    with pytest.raises(
        RuntimeError, match=r"is not finished: '02' is missing.*take only the subjects '01' and '03'"
    ):
        load_dataset(NAME, root=root)
    with pytest.raises(RuntimeError, match="is not finished: '02' is missing"):
        load_dataset(None, root=root)
    assert len(load_dataset(NAME, root=root, subjects=["01", "03"]).recordings) == 2
    convert_dataset(NAME, published(3), root)
    assert len(load_dataset(NAME, root=root).recordings) == 3


def repeat(segments):
    segments[3] = segments[0].copy()


def narrow(segments):
    segments[2] = segments[2][:5]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            repeat,
            r"dataset\[3\]\['eeg'\] repeats trials.pkl, dataset\[0\]\['eeg'\] sample by sample: one row",
        ),
        (narrow, r"must have the shape \(6 channels, samples\). It has \(5, 120\)"),
    ],
)
def test_what_cannot_be_right_is_named_and_leaves_nothing(published, tmp_path, spoil, sentence):
    root = tmp_path / "bids"
    with pytest.raises(RuntimeError, match=sentence):
        convert_dataset(NAME, published(1, spoil=spoil), root)
    assert not list(root.glob("sub-*"))
    assert not list(root.glob(".eegimg*"))
    with pytest.raises(RuntimeError, match="is not finished"):
        load_dataset(NAME, root=root)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(published, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    root, source = tmp_path / "bids", published()
    monkeypatch.setattr(_write, "_add_joins", full)
    with pytest.raises(RuntimeError, match=r"The disk of .*bids is full. Make room and convert again"):
        convert_dataset(NAME, source, root)
    assert not list(root.glob("sub-*"))
    monkeypatch.undo()
    published()
    assert len(load_dataset(NAME, root=convert_dataset(NAME, source, root)).recordings) == 2


def test_a_conversion_killed_half_way_goes_on(tmp_path, repository):
    from twins.oced import write

    source, root = tmp_path / "published", tmp_path / "bids"
    source.mkdir()
    write(source, subjects=(1, 2, 3), n_repetitions=1)
    script = textwrap.dedent(
        """
        import os, signal, sys
        from eegimg.bids import _write
        from eegimg.datasets import convert_dataset

        add = _write._add_joins

        def dies(file, joins):  # with the samples of the second person on disk
            if file.name.startswith("sub-02"):
                os.kill(os.getpid(), signal.SIGKILL)
            add(file, joins)

        _write._add_joins = dies
        convert_dataset("oced", sys.argv[1], sys.argv[2])
        """
    )
    command = [sys.executable, "-c", script, str(source), str(root)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.name for path in root.glob("sub-*")] == ["sub-01"]
    with pytest.raises(RuntimeError, match=r"is not finished: '02' and '03' are missing"):
        load_dataset("oced", root=root)
    first = (root / "sub-01" / "eeg").stat().st_mtime_ns
    convert_dataset("oced", source, root)
    assert (root / "sub-01" / "eeg").stat().st_mtime_ns == first
    assert not list(root.glob(".eegimg*"))
    assert len(load_dataset("oced", root=root).recordings) == 3


def test_a_folder_that_holds_something_else_is_refused(published, tmp_path):
    source, root = published(), tmp_path / "bids"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(
        ValueError, match="mine of convert_dataset must be new or empty. It holds other files"
    ):
        convert_dataset(NAME, source, tmp_path / "mine")
    assert os.listdir(tmp_path / "mine") == ["notes.txt"]
    with pytest.raises(ValueError, match="holds the published files. Choose another"):
        convert_dataset(NAME, source, source)
    convert_dataset(NAME, source, root)
    with pytest.raises(ValueError, match=r"holds imagenet_eeg \(raw\); oced \(raw\) was to be written"):
        convert_dataset("oced", source, root)
    with pytest.raises(
        ValueError, match="oced was asked for; .*bids holds imagenet_eeg. Give its own folder"
    ):
        load_dataset("oced", root=root)
    published(description="5to95")
    with pytest.raises(ValueError, match=r"holds imagenet_eeg \(raw\); imagenet_eeg \(5to95\) was to be"):
        convert_dataset(NAME, source, root)
    published()
    (source / "trials.pkl").write_bytes(b"another")
    with pytest.raises(
        ValueError, match="was begun with other published files than 'trials.pkl' as they are"
    ):
        convert_dataset(NAME, source, root)


def test_wrong_arguments_are_told(published, tmp_path):
    source = published()
    with pytest.raises(
        ValueError, match="Subject '3' of imagenet_eeg was asked for; the published files have"
    ):
        convert_dataset(NAME, source, tmp_path / "bids", subjects=["01", "3"])
    for wrong in (1.5, [None]):
        with pytest.raises(TypeError, match="'subjects' parameter of convert_dataset must be labels such as"):
            convert_dataset(NAME, source, tmp_path / "bids", subjects=wrong)
    with pytest.raises(ValueError, match="must be labels such as '01', or None for all. Got none"):
        convert_dataset(NAME, source, tmp_path / "bids", subjects=[])
    with pytest.raises(
        TypeError, match="'variant' parameter of convert_dataset must be the name of a variant"
    ):
        convert_dataset(NAME, source, tmp_path / "bids", variant=["raw"])
    with pytest.raises(
        ValueError, match="simulated needs no conversion: it is BIDS as it comes.*make_dataset"
    ):
        convert_dataset("simulated", source, tmp_path / "bids")
    with pytest.raises(ValueError, match="things_eeg1 needs no conversion: .*fetch_dataset"):
        convert_dataset("things_eeg1", source, tmp_path / "bids")
    assert not (tmp_path / "bids").exists()


def test_without_folders_all_is_in_the_data_folder(published, tmp_path, monkeypatch):
    monkeypatch.setenv("EEGIMG_DATA", str(tmp_path / "data"))
    published().rename(tmp_path / "moved")
    (tmp_path / "data").mkdir()
    (tmp_path / "moved").rename(tmp_path / "data" / NAME)
    with pytest.raises(
        FileNotFoundError, match=r"imagenet_eeg was looked for in .*bids; there is no such fold"
    ):
        load_dataset(NAME)
    assert convert_dataset(NAME) == tmp_path / "data" / NAME / "bids"
    assert len(load_dataset(NAME).recordings) == 2


def test_published_files_are_not_taken_for_bids(published):
    with pytest.raises(
        FileNotFoundError, match="published holds no BIDS dataset. Convert the published files"
    ):
        load_dataset(NAME, root=published())


@pytest.mark.parametrize("subjects", ["1", 1, "sub-01", ["01"], {"01"}, np.array(["01"])])
def test_labels_are_taken_as_people_write_them(published, tmp_path, subjects):
    root = convert_dataset(NAME, published(), tmp_path / "bids", subjects=subjects)
    dataset = load_dataset(NAME, root=root, subjects=subjects)
    assert list(dataset.recordings["subject"]) == ["01"]
    assert dataset.raw(subject="sub-01").n_times == dataset.raw(subject=1).n_times


def test_concepts_that_mne_takes_for_bad_spans_are_kept(published, tmp_path):
    def content(subject):
        made = make_content(subject)
        names = ["badger", "edge", "badge", "BAD boundary"]
        return dataclasses.replace(made, events=made.events.assign(concept=names, trial_type=names))

    root = convert_dataset(NAME, published(1, content=content), tmp_path / "bids")
    dataset = load_dataset(NAME, root=root)
    epochs = dataset.epochs(pipeline=eegimg.Pipeline(MakeEpochs(tmin=0.0, tmax=0.3, baseline=None)))
    assert list(epochs.metadata["concept"]) == ["badger", "edge", "badge", "BAD boundary"]
    assert len(epochs["badger"]) == 1
    by_mne = mne.Epochs(dataset.raw(), *mne.events_from_annotations(dataset.raw(), verbose="error"),
                        tmin=0.0, tmax=0.3, baseline=None, event_repeated="drop", verbose="error").drop_bad()  # fmt: skip
    assert len(by_mne["image/badger"]) == 1


def spoil_text(events):
    return events.assign(image=['a "quoted" name', *events["image"][1:]])


def test_a_name_that_no_table_can_hold_is_told(published, tmp_path):
    def content(subject):
        made = make_content(subject)
        return dataclasses.replace(made, events=spoil_text(made.events))

    with pytest.raises(
        RuntimeError, match=r"dataset\[0\]\['eeg'\]: the image 'a \"quoted\" name' has a tab, a"
    ):
        convert_dataset(NAME, published(1, content=content), tmp_path / "bids")


def test_dead_trials_are_alike_without_being_one(published, tmp_path):
    def flat(segments):
        segments[0][:] = 0.0
        segments[3][:] = 0.0

    root = convert_dataset(NAME, published(1, spoil=flat), tmp_path / "bids")
    assert len(load_dataset(NAME, root=root).recordings) == 1


def test_numbers_that_single_precision_does_not_have_are_told(published, tmp_path):
    def huge(segments):
        segments[1] = segments[1].astype(float)
        segments[1][2, 5] = 1e39

    with pytest.raises(RuntimeError, match=r"dataset\[1\]\['eeg'\] holds numbers as large as 1e\+39"):
        convert_dataset(NAME, published(1, spoil=huge), tmp_path / "bids")


def test_a_converted_folder_says_what_it_holds(published, tmp_path):
    root = convert_dataset(NAME, published(1, description="5to95", unit="n/a"), tmp_path / "bids")
    assert load_dataset(None, root=root).name == NAME
