"""A run over a dataset: everything done once, failures kept apart, nothing half written."""

import errno
import hashlib
import json
import pathlib
import re
import shutil

import mne
import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.bids import read_result


@pytest.fixture
def root(bids_root):
    return pathlib.Path(bids_root)


@pytest.fixture
def recipe(pipeline, tmp_path):
    return eegimg.write_recipe(pipeline, tmp_path / "quick.toml")


def digest(folder):
    """Digest every file of a folder."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def eeg_file(root, subject, ending):
    (file,) = (root / f"sub-{subject}" / "eeg").glob(f"*{ending}")
    return file


@pytest.fixture
def run(root, recipe, tmp_path):
    """Return a function that runs the fast recipe without a report."""

    def run(**options):
        options = {"recipe": recipe, "report": False} | options
        return eegimg.preprocess_dataset(options.pop("bids_root", root), tmp_path / "out", **options)

    return run


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_a_run_fills_a_valid_derivative_and_leaves_the_input(run, root, out):
    before = digest(root)
    rows = []
    summary = run(watch=lambda row, n_done, n_total: rows.append((row["recording"], n_done, n_total)))
    assert digest(root) == before
    assert list(summary.table["status"]) == ["done"] * 3
    assert rows[-1][1:] == (3, 3)
    assert not summary.failed
    for row in summary.rows:
        epochs = read_result(row["sidecar"])
        sidecar = json.loads(pathlib.Path(row["sidecar"]).read_text())
        assert len(epochs) == row["n_epochs"] == sidecar["Summary"]["n_epochs"]
        assert epochs.get_data().dtype == np.float64
        assert {"image", "concept", "subject", "source_index"} <= set(epochs.metadata.columns)
        events = pd.read_csv(row["output"].replace("_epo.fif", "_events.tsv"), sep="\t")
        assert events["kept"].sum() == len(epochs)
        assert list(events.index[events["kept"]]) == sorted(epochs.metadata["source_index"])
        assert sidecar["InputDigest"]["files"].keys() >= {
            f"sub-{row['subject']}/eeg/sub-{row['subject']}_task-images_eeg.eeg"
        }
    description = json.loads((out / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "eegimg"
    assert description["SourceDatasets"]
    assert not list(out.rglob(".eegimg-*"))


def test_a_full_disk_is_said_and_leaves_nothing_half(run, out, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mne.BaseEpochs, "save", full)
    summary = run(subjects=["01"])
    assert summary.table["reason"][0].startswith("The disk of the output folder is full")
    assert not list(out.rglob("*_epo.*"))
    assert not list(out.rglob(".eegimg-*"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ("events_past_end", r"1 of 30 events .* lie past the end of the recording"),
        ("no_events", r"MakeEpochs found no events"),
        ("truncated", r"is truncated: its sidecar says"),
        ("flat", r"All 16 EEG channels are bad \(flat 16"),
        ("names", r"'Interpolate' need electrode positions; 16 of 16 EEG channels"),
    ],
)
def test_bad_recordings_give_their_reason(run, root, spoil, sentence):
    events = eeg_file(root, "01", "_events.tsv")
    rows = events.read_text().splitlines(keepends=True)
    data = eeg_file(root, "01", "_eeg.eeg")
    if spoil == "events_past_end":
        events.write_text("".join([*rows[:-1], "9999" + rows[-1][rows[-1].index("\t") :]]))
    elif spoil == "no_events":
        events.write_text(rows[0])
    elif spoil == "truncated":
        data.write_bytes(data.read_bytes()[: data.stat().st_size // 3 // 72 * 72])
        events.write_text("".join(rows[:5]))
    elif spoil == "flat":
        data.write_bytes(bytes(data.stat().st_size))
    else:
        for file in (*root.glob("sub-01/eeg/*_channels.tsv"), eeg_file(root, "01", ".vhdr")):
            names = re.sub(
                r"\b(Fp1|Fp2|F3|F4|C3|C4|P3|P4|O1|O2|F7|F8|T7|T8|P7|P8|Fz|Cz|Pz|Oz)\b",
                r"E\1x",
                file.read_text(),
            )
            file.write_text(names)
        for file in (*root.glob("sub-01/eeg/*_electrodes.tsv"), *root.glob("sub-01/eeg/*_coordsystem.json")):
            file.unlink()
    summary = run()
    assert list(summary.table["status"]) == ["failed", "done", "done"]
    assert re.search(sentence, summary.table["reason"][0]), summary.table["reason"][0]
    if spoil == "events_past_end":
        assert run(events_past_end="drop").table["status"][0] == "done"


def test_recordings_with_other_channels_are_remarked(run, root):
    path = next(iter((root / "sub-03" / "eeg").glob("*_channels.tsv")))
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    table.loc[0, "type"] = "MISC"
    table.to_csv(path, sep="\t", index=False)
    summary = run()
    assert list(summary.table["status"]) == ["done"] * 3
    assert re.search(rf"'sub-03_task-images' came without '{table['name'][0]}'", " ".join(summary.remarks))


def test_output_folders_that_would_do_harm_are_refused(run, root, recipe, tmp_path):
    for inside in (root, root / "results", root / "derivatives"):
        with pytest.raises(ValueError, match="lies inside the dataset"):
            eegimg.preprocess_dataset(root, inside, recipe=recipe)
    assert not (root / "results").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "dataset_description.json").write_text('{"Name": "mine", "BIDSVersion": "1.9.0"}')
    with pytest.raises(ValueError, match=r"holds another dataset \(mine\)"):
        eegimg.preprocess_dataset(root, other, recipe=recipe)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RuntimeError, match="cannot be written"):
        eegimg.preprocess_dataset(root, blocked / "out", recipe=recipe)
    summary = eegimg.preprocess_dataset(
        root, root / "derivatives" / "eegimg", recipe=recipe, subjects="01", report=False
    )
    assert summary.table["status"][0] == "done"
    assert len(eegimg.load_dataset(None, root=root).epochs(subject="01")) == summary.table["n_epochs"][0]


def test_a_split_keeps_learning_to_the_training_part(run, tmp_path):
    scaled = tmp_path / "scaled.toml"
    dead = '[[step]]\nname = "FindBadChannels"\ncriteria = ["flat"]\n'
    scaled.write_text(dead + '[[step]]\nname = "MakeEpochs"\n[[step]]\nname = "Scale"\n')
    row = run(recipe=scaled, subjects=["01"]).rows[0]
    assert row["status"] == "done", row["reason"]
    sidecar = json.loads(pathlib.Path(row["sidecar"]).read_text())
    assert sidecar["Split"] == "split"
    assert "training epochs" in sidecar["Log"][-1]["fitted_on"]
    assert sidecar["Units"] == "n/a"
    row = run(recipe=scaled, subjects=["01"], split=None).rows[0]
    assert json.loads(pathlib.Path(row["sidecar"]).read_text())["Split"] is None
    assert "was asked for" in run(recipe=scaled, subjects=["01"], split="fold").table["reason"][0]


@pytest.mark.slow
def test_processes_and_clusters_give_the_same_bytes(run, out, tmp_path):
    from distributed import LocalCluster

    def results():
        epochs = [read_result(file) for file in sorted(out.rglob("*_epo.json"))]
        return [(part.get_data().tobytes(), part.metadata.to_csv()) for part in epochs]

    run()
    here = results()
    shutil.rmtree(out)
    assert list(run(n_jobs=2).table["status"]) == ["done"] * 3
    assert results() == here
    shutil.rmtree(out)
    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        assert list(run(scheduler=cluster.scheduler_address).table["status"]) == ["done"] * 3
    assert results() == here


def test_a_result_that_is_out_of_date_does_not_pass_for_a_finished_one(run, root, out):
    run(subjects=["01"])
    eeg_file(root, "01", "_eeg.eeg").write_bytes(b"")
    reason = run(subjects=["01"]).table["reason"][0]
    assert reason.endswith("The earlier result is out of date: its sidecar was removed.")
    assert not list(out.rglob("*_epo.json"))
