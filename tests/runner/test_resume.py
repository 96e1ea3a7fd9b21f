"""What is done is not done again, and what has changed is."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

import eegimg
from eegimg.preprocessing import Filter


@pytest.fixture
def out(bids_root, pipeline, tmp_path, jobs_run):
    """Return a finished folder of three recordings, made without pages."""
    eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipeline, report=False)
    assert len(jobs_run) == 3
    jobs_run.clear()
    return tmp_path / "out"


def statuses(summary):
    return list(summary.table["status"])


def touch(file):
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))


def file_of(root, ending, subject="02"):
    return root / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-images_{ending}"


def test_an_unchanged_rerun_computes_nothing_and_writes_nothing(bids_root, pipeline, tmp_path, jobs_run):
    out = tmp_path / "out"
    first = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline)
    jobs_run.clear()
    times = {file: file.stat().st_mtime_ns for file in out.rglob("*")}
    again = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline)
    assert jobs_run == []
    assert statuses(again) == ["cached"] * 3
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*")} == times
    for key in ("n_epochs", "n_bads", "seconds", "peak_memory_mb", "output", "page", "reason"):
        assert [row[key] for row in again.rows] == [row[key] for row in first.rows]
    assert again.report == first.report


def test_a_file_that_was_only_touched_is_unchanged(bids_root, pipeline, out, jobs_run):
    touch(file_of(bids_root, "eeg.eeg"))
    touch(file_of(bids_root, "events.tsv"))
    assert (
        statuses(eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, report=False)) == ["cached"] * 3
    )
    assert jobs_run == []


@pytest.mark.parametrize("ending", ["events.tsv", "channels.tsv", "eeg.json", "eeg.eeg"])
def test_a_recording_with_a_changed_file_is_computed_again(bids_root, pipeline, out, jobs_run, ending):
    file = file_of(bids_root, ending)
    content = bytearray(file.read_bytes())
    if ending == "eeg.eeg":
        content[400] ^= 1
    elif ending == "events.tsv":
        content = content.replace(b"\t0.1\t", b"\t0.2\t", 1)
    elif ending == "channels.tsv":
        content = content.replace(b"good", b"bad", 1)
    else:
        content = content.replace(b"FCz", b"AFz", 1)
    assert content != file.read_bytes()
    file.write_bytes(content)
    touch(file)
    summary = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, report=False)
    assert jobs_run == ["sub-02_task-images"]
    assert statuses(summary) == ["cached", "done", "cached"]


def test_an_inherited_file_concerns_every_recording(bids_root, pipeline, out, jobs_run):
    (bids_root / "task-images_eeg.json").write_text('{"PowerLineFrequency": 60}')
    eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, report=False)
    assert len(jobs_run) == 3


def test_a_changed_recipe_or_option_computes_again(bids_root, pipeline, out, jobs_run):
    run = {"subjects": "01", "report": False}
    pipeline.steps[1] = Filter(l_freq=1.0, h_freq=39.0)
    for options in ({}, {"line_freq": 50}, {"split": None}, {"events_past_end": "drop"}):
        eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, **run, **options)
        assert len(jobs_run) == 1, options
        eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, **run, **options)
        assert jobs_run == ["sub-01_task-images"], options
        jobs_run.clear()


def test_another_name_of_a_recipe_is_another_result(bids_root, pipeline, out, jobs_run):
    other = eegimg.Pipeline(*pipeline.steps, name="other")
    eegimg.preprocess_dataset(bids_root, out, recipe=other, subjects="01", report=False)
    assert jobs_run == ["sub-01_task-images"]
    assert (out / "sub-01" / "eeg" / "sub-01_task-images_desc-quick_epo.json").is_file()


@pytest.mark.parametrize("damage", ["no sidecar", "no data", "half a sidecar", "older version"])
def test_an_unfinished_result_is_made_again(bids_root, pipeline, out, jobs_run, damage):
    side = out / "sub-03" / "eeg" / "sub-03_task-images_desc-quick_epo.json"
    text = side.read_text(encoding="utf-8")
    if damage == "no sidecar":
        side.unlink()
    elif damage == "no data":
        side.with_suffix(".fif").unlink()
    elif damage == "half a sidecar":
        side.write_text(text[: len(text) // 2], encoding="utf-8")
    else:
        side.write_text(
            text.replace(f'"eegimg": "{eegimg.__version__}"', '"eegimg": "0.0.1"'), encoding="utf-8"
        )
        assert side.read_text(encoding="utf-8") != text
    assert statuses(eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, report=False)) == [
        "cached",
        "cached",
        "done",
    ]
    assert jobs_run == ["sub-03_task-images"]
    assert json.loads(side.read_text(encoding="utf-8"))["Summary"]["n_epochs"] > 0


def test_a_recording_that_failed_is_tried_again(bids_root, pipeline, tmp_path):
    data = file_of(bids_root, "eeg.eeg")
    whole = data.read_bytes()
    data.write_bytes(whole[:1000])
    run = {"recipe": pipeline, "report": False}
    assert statuses(eegimg.preprocess_dataset(bids_root, tmp_path / "out", **run)) == [
        "done",
        "failed",
        "done",
    ]
    data.write_bytes(whole)
    assert statuses(eegimg.preprocess_dataset(bids_root, tmp_path / "out", **run)) == [
        "cached",
        "done",
        "cached",
    ]


def test_pages_that_are_missing_are_made_without_computing(bids_root, pipeline, out, jobs_run):
    summary = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline)
    assert jobs_run == []
    assert statuses(summary) == ["cached"] * 3
    assert all((out / "report" / row["page"]).is_file() for row in summary.rows)
    index = summary.report.read_text(encoding="utf-8")
    assert all(row["page"] in index for row in summary.rows)


def test_the_index_keeps_what_earlier_runs_finished(bids_root, pipeline, tmp_path):
    for subject in ("01", "03"):
        summary = eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipeline, subjects=subject)
        assert list(summary.table["subject"]) == [subject]
    index = summary.report.read_text(encoding="utf-8")
    assert "sub-01_task-images_desc-quick.html" in index
    assert "sub-03_task-images_desc-quick.html" in index


def test_a_killed_run_goes_on_where_it_stopped(bids_root, pipeline, tmp_path, jobs_run, repository):
    recipe = eegimg.write_recipe(pipeline, tmp_path / "quick.toml")
    script = textwrap.dedent(
        """
        import os, signal, sys
        import eegimg
        from eegimg.bids import _sidecars

        save = _sidecars.write_text

        def dies(path, text):  # in the second recording, after the epochs and before the sidecar
            if path.name.startswith("sub-02") and path.name.endswith("_epo.json"):
                os.kill(os.getpid(), signal.SIGKILL)
            save(path, text)

        _sidecars.write_text = dies
        eegimg.preprocess_dataset(sys.argv[1], sys.argv[2], recipe=sys.argv[3], report=False)
        """
    )
    out = tmp_path / "out"
    command = [sys.executable, "-c", script, str(bids_root), str(out), str(recipe)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (out / "sub-02" / "eeg" / "sub-02_task-images_desc-quick_epo.fif").is_file()
    summary = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, report=False)
    assert statuses(summary) == ["cached", "done", "done"]
    assert jobs_run == ["sub-02_task-images", "sub-03_task-images"]
