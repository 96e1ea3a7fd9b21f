"""A run over a dataset: everything done once, failures kept apart, nothing half written."""

import errno
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sysconfig

import mne
import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.bids import read_result
from eegimg.runner import _recording

RECIPE = """
name = "fast"
[[step]]
name = "FindBadChannels"
criteria = ["flat", "nan", "deviation"]
[[step]]
name = "Filter"
l_freq = 1.0
[[step]]
name = "Interpolate"
[[step]]
name = "MakeEpochs"
tmin = -0.1
tmax = 0.5
[[step]]
name = "RejectPeakToPeak"
reject = {eeg = 250e-6}
"""


@pytest.fixture(scope="session")
def _dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("simulated") / "bids"
    eegimg.make_dataset(root, n_subjects=3, n_images=10, n_repetitions=3, n_channels=16, random_state=5)
    return root


@pytest.fixture
def root(_dataset, tmp_path):
    """Return a copy of the dataset that a test may spoil."""
    return pathlib.Path(shutil.copytree(_dataset, tmp_path / "study"))


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "fast.toml"
    path.write_text(RECIPE)
    return path


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


@pytest.mark.parametrize("epochs", [True, False])
def test_the_bids_validator_finds_no_error(run, out, tmp_path, epochs):
    validator = shutil.which(
        "bids-validator-deno", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    )
    if validator is None:
        pytest.skip("needs bids-validator-deno, which is not installed")
    raw_only = tmp_path / "rawonly.toml"
    raw_only.write_text('[[step]]\nname = "Filter"\nl_freq = 1.0\n')
    summary = run(subjects=["01"], report=True, **({} if epochs else {"recipe": raw_only}))
    assert not summary.failed
    result = subprocess.run([validator, str(out), "--json"], capture_output=True, text=True)
    issues = [
        issue for issue in json.loads(result.stdout)["issues"]["issues"] if issue["severity"] == "error"
    ]
    assert not issues
    assert result.returncode == 0


def test_an_unchanged_rerun_does_nothing(run, out, root, monkeypatch):
    run()
    before = digest(out)
    times = {file: file.stat().st_mtime_ns for file in out.rglob("*.fif")}
    for file in root.rglob("*.tsv"):
        os.utime(file)  # touched, not changed
    monkeypatch.setattr(_recording, "_run", lambda job: pytest.fail("a finished recording was done again"))
    summary = run()
    assert list(summary.table["status"]) == ["cached"] * 3
    assert list(summary.table["n_epochs"]) == [row["n_epochs"] for row in summary.rows]
    assert digest(out) == before
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*.fif")} == times


def test_whatever_changes_the_result_makes_it_anew(run, root, recipe):
    run()
    events = eeg_file(root, "02", "_events.tsv")
    events.write_text("".join(events.read_text().splitlines(keepends=True)[:-1]))
    assert list(run().table["status"]) == ["cached", "done", "cached"]
    recipe.write_text(recipe.read_text().replace("250e-6", "240e-6"))
    assert list(run().table["status"]) == ["done"] * 3
    assert list(run(line_freq=60.0).table["status"]) == ["done"] * 3
    assert list(run(line_freq=60.0).table["status"]) == ["cached"] * 3


def test_a_killed_run_goes_on_where_it_stopped(run, out, monkeypatch):
    real = _recording.bids.write_derivative

    def killed(inst, bids_path, *args, **kwargs):
        if bids_path.subject == "02":
            raise KeyboardInterrupt
        return real(inst, bids_path, *args, **kwargs)

    monkeypatch.setattr(_recording.bids, "write_derivative", killed)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.setattr(_recording.bids, "write_derivative", real)
    assert list(run().table["status"]) == ["cached", "done", "done"]


def test_a_recording_that_fails_stops_no_other(run, root, out):
    data = eeg_file(root, "02", "_eeg.eeg")
    data.write_bytes(b"")
    summary = run()
    assert list(summary.table["status"]) == ["done", "failed", "done"]
    assert summary.failed == ["sub-02_task-images"]
    assert re.search(r"_eeg.eeg is empty \(0 bytes\)", summary.table["reason"][1])
    assert "Traceback" in (out / "logs" / "sub-02_task-images_desc-fast.log").read_text()
    assert not list((out / "sub-02").rglob("*_epo.*")) if (out / "sub-02").exists() else True


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


def test_a_line_frequency_that_is_missing_is_asked_for(run, root, tmp_path):
    file = eeg_file(root, "01", "_eeg.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"PowerLineFrequency": "n/a"}))
    notch = tmp_path / "notch.toml"
    notch.write_text('[[step]]\nname = "Notch"\n[[step]]\nname = "MakeEpochs"\n')
    summary = run(recipe=notch, subjects=["01"])
    assert "needs the power line frequency" in summary.table["reason"][0]
    assert run(recipe=notch, subjects=["01"], line_freq=50.0).table["status"][0] == "done"


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


def test_a_dry_run_writes_nothing(run, out):
    summary = run(dry_run=True)
    assert list(summary.table["status"]) == ["planned"] * 3
    assert not out.exists()


def test_names_from_files_are_neither_followed_nor_run(run, root, out):
    events = eeg_file(root, "01", "_events.tsv")
    table = pd.read_csv(events, sep="\t", keep_default_na=False)
    table["stim_file"] = table["stim_file"].astype(object)
    table.loc[0, "stim_file"] = "../../../../etc/passwd"
    table.loc[1, "trial_type"] = "<script>alert(1)</script>"
    table.to_csv(events, sep="\t", index=False)
    summary = run(subjects=["01"], report=True)
    assert summary.table["status"][0] == "done"
    for page in (out / "report").glob("*.html"):
        assert "<script>alert(1)" not in page.read_text()
    images = eegimg.load_dataset(None, root=root).images.set_index("stim_file")
    assert not images.loc["../../../../etc/passwd", "found"]


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


def test_a_scheduler_that_is_not_there_is_said(run, monkeypatch):
    import distributed

    def silent(address, timeout):
        raise OSError(f"Timed out trying to connect to {address}")

    monkeypatch.setattr(distributed, "Client", silent)
    with pytest.raises(RuntimeError, match="The Dask scheduler 'tcp://127.0.0.1:9' does not answer"):
        run(scheduler="tcp://127.0.0.1:9")
