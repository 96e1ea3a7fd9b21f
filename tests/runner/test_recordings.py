"""What is written for each recording, and that one recording's trouble stays its own."""

import json

import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.preprocessing import MVNN, Crop, Filter, FindBadChannels, MakeEpochs, Notch

STEM = "sub-{}_task-images"


def sidecar(out, subject="01", recipe="quick", kind="epo"):
    file = out / f"sub-{subject}" / "eeg" / f"{STEM.format(subject)}_desc-{recipe}_{kind}.json"
    return json.loads(file.read_text(encoding="utf-8"), parse_constant=pytest.fail)


def file_of(root, ending, subject="01"):
    return root / f"sub-{subject}" / "eeg" / f"{STEM.format(subject)}_{ending}"


def edit_events(root, change):
    table = pd.read_csv(file_of(root, "events.tsv"), sep="\t", dtype=str, keep_default_na=False)
    change(table).to_csv(file_of(root, "events.tsv"), sep="\t", index=False)


def test_a_sidecar_holds_all_that_made_the_result(bids_root, pipeline, tmp_path):
    eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipeline, subjects="02", report=False)
    fields = sidecar(tmp_path / "out", "02")
    assert set(fields) >= set(
        """Description Sources Recipe Options Split Transductive Units InputDigest PackageVersions Input Log
        Spectra Channels Warnings Summary EpochLength SamplingFrequency""".split()
    )
    assert fields["Recipe"]["fingerprint"] == pipeline.fingerprint()
    assert [step["name"] for step in fields["Recipe"]["steps"]] == [
        type(step).__name__ for step in pipeline.steps
    ]
    recipe = tmp_path / "again.toml"
    recipe.write_text(fields["Recipe"]["toml"])
    assert eegimg.read_recipe(recipe).fingerprint() == pipeline.fingerprint()
    assert "bids:raw:sub-02/eeg/sub-02_task-images_eeg.vhdr" in fields["Sources"]
    links = json.loads((tmp_path / "out" / "dataset_description.json").read_text())["DatasetLinks"]
    assert links == {"raw": bids_root.resolve().as_uri()}
    assert {"eegimg", "mne", "numpy", "scipy", "python"} <= set(fields["PackageVersions"])
    assert fields["Input"]["n_events"] == 30
    assert fields["Input"]["line_freq"] == 50
    assert fields["Input"]["reference"] == "FCz"
    assert fields["Input"]["positions"] == "electrodes.tsv"
    assert fields["Input"]["ch_types"] == {"eeg": 16, "eog": 2}
    assert not fields["Transductive"]
    lengths = {len(column) for side in ("before", "after") for column in fields["Spectra"][side].values()}
    assert min(lengths) > 10
    interpolated = {row["name"] for row in fields["Channels"] if row["interpolated"]}
    assert interpolated == set(fields["Summary"]["bads"])
    places = {row["name"]: (row["x"], row["y"]) for row in fields["Channels"]}
    assert places["Cz"][1] == pytest.approx(0, abs=0.2)
    assert places["Fp1"][0] < 0 < places["Fp1"][1]  # nose up, left is left


def test_spectra_show_what_the_notch_took(bids_root, tmp_path):
    pipe = eegimg.Pipeline(Notch(), Filter(l_freq=1.0, h_freq=None), name="low")
    eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipe, subjects="01", report=False)
    spectra = sidecar(tmp_path / "out", recipe="low", kind="eeg")["Spectra"]
    for which, hum in (("before", True), ("after", False)):
        freqs, median = np.array(spectra[which]["freqs"]), np.array(spectra[which]["median"])
        mains, beside, alpha = (median[np.argmin(abs(freqs - hz))] for hz in (50, 45, 10))
        assert (mains > beside + 3) == hum
        assert -30 < alpha < 40  # decibel relative to 1 microvolt^2/Hz
        assert np.all(np.array(spectra[which]["low"]) <= median)
        assert np.all(median <= np.array(spectra[which]["high"]))


def test_a_failed_recording_has_its_own_log_and_no_result(bids_root, pipeline, tmp_path):
    data = file_of(bids_root, "eeg.eeg", "02")
    data.write_bytes(data.read_bytes()[:5001])
    out = tmp_path / "out"
    summary = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline)
    assert list(summary.table["status"]) == ["done", "failed", "done"]
    assert not (out / "sub-02").exists()
    log = (out / "logs" / "sub-02_task-images_desc-quick.log").read_text()
    assert "Traceback" in log
    assert "is truncated" in log
    assert "FindBadChannels: " not in log  # that was the recording before
    assert "FindBadChannels: " in (out / "logs" / "sub-01_task-images_desc-quick.log").read_text()
    assert "is truncated" in summary.report.read_text()
    assert all((out / "report" / row["page"]).is_file() for row in summary.rows if row["status"] == "done")


def test_the_users_pipeline_is_left_alone(bids_root, pipeline, tmp_path):
    eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipeline, subjects="01", report=False)
    assert not hasattr(pipeline, "log_")


def not_numbers(root):
    data = file_of(root, "eeg.eeg")
    assert "IEEE_FLOAT_32" in file_of(root, "eeg.vhdr").read_text(encoding="utf-8")
    data.write_bytes(np.full(data.stat().st_size // 4, np.nan, np.float32).tobytes())


def all_bad(root):
    file = file_of(root, "channels.tsv")
    file.write_text(file.read_text(encoding="utf-8").replace("good", "bad"), encoding="utf-8")


def broken_sidecar(root):
    file_of(root, "eeg.json").write_text('{"PowerLineFrequency": ')


def other_channels(root):
    file = file_of(root, "channels.tsv")
    file.write_text(file.read_text(encoding="utf-8").replace("Fp1", "XX1"), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (not_numbers, "(?i)(nan|not numbers|all .*channels)"),
        (all_bad, "(?i)(all|no) .*(bad|channels)"),
        (broken_sidecar, "sub-01_task-images_eeg.json is not JSON"),
        (other_channels, "cannot be read: Channel mismatch"),
    ],
)
def test_bad_recordings_fail_with_a_sentence_and_the_rest_is_finished(
    bids_root, pipeline, tmp_path, spoil, sentence
):
    spoil(bids_root)
    summary = eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipeline, report=False)
    assert list(summary.table["status"]) == ["failed", "done", "done"], summary.rows[0]
    with pytest.raises(RuntimeError, match=sentence):
        raise RuntimeError(summary.rows[0]["reason"])
    assert "\n" not in summary.rows[0]["reason"]
    assert not (tmp_path / "out" / "sub-01").exists()


def test_a_dry_run_knows_what_is_finished_and_what_is_refused(bids_root, pipeline, tmp_path, jobs_run):
    out = tmp_path / "out"
    eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, subjects="03", report=False)
    jobs_run.clear()
    summary = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, dry_run=True)
    assert list(summary.table["status"]) == ["planned", "planned", "cached"]
    assert jobs_run == []
    with pytest.raises(ValueError, match="lies inside the dataset"):
        eegimg.preprocess_dataset(bids_root, bids_root / "out", recipe=pipeline, dry_run=True)


def test_the_report_is_not_put_into_the_dataset(bids_root, pipeline, tmp_path):
    with pytest.raises(ValueError, match="The report folder .* lies inside the dataset"):
        eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipeline, report=bids_root / "report")
    assert not (bids_root / "report").exists()
    assert not (tmp_path / "out").exists()


def test_results_in_derivatives_are_no_recordings(bids_root, pipeline):
    out = bids_root / "derivatives" / "eegimg"
    for recipe in (eegimg.Pipeline(Filter(l_freq=1.0), name="raw"), pipeline):
        assert len(eegimg.preprocess_dataset(bids_root, out, recipe=recipe, report=False).rows) == 3


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"recipe": "defalt"}, FileNotFoundError, "Did you mean 'default'"),
        ({"subjects": "7"}, FileNotFoundError, "The subject '7' was asked for"),
        ({"n_jobs": 0}, ValueError, "'n_jobs' parameter of preprocess_dataset must be an integer of at lea"),
        ({"n_jobs": 1.5}, TypeError, "'n_jobs' parameter"),
        ({"line_freq": -50}, ValueError, "'line_freq' parameter"),
        ({"events_past_end": "dorp"}, ValueError, "Did you mean 'drop'"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_written(simulated, tmp_path, options, error, sentence):
    with pytest.raises(error, match=sentence):
        eegimg.preprocess_dataset(simulated, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_page_that_cannot_be_written_leaves_the_result(bids_root, pipeline, tmp_path):
    in_the_way = tmp_path / "pages" / "sub-01_task-images_desc-quick.html"
    in_the_way.mkdir(parents=True)
    run = {"recipe": pipeline, "subjects": "01", "report": tmp_path / "pages"}
    for status in ("done", "cached"):
        (row,) = eegimg.preprocess_dataset(bids_root, tmp_path / "out", **run).rows
        assert row["status"] == status
        assert "Its page could not be written" in row["reason"]
        assert row["page"] is None
    in_the_way.rmdir()
    (row,) = eegimg.preprocess_dataset(bids_root, tmp_path / "out", **run).rows
    assert row["status"] == "cached"
    assert in_the_way.is_file()


def test_a_crop_moves_the_events_of_a_raw_result(bids_root, tmp_path):
    pipe = eegimg.Pipeline(Crop(tmin=10.0, tmax=20.0), name="cropped")
    summary = eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipe, subjects="01", report=False)
    events = pd.read_csv(summary.rows[0]["output"].replace("_eeg.vhdr", "_events.tsv"), sep="\t")
    source = pd.read_csv(file_of(bids_root, "events.tsv"), sep="\t")
    inside = source[source["onset"].between(10, 20)]
    np.testing.assert_allclose(events["onset"], inside["onset"] - 10, atol=0.01)
    assert list(events["image"]) == list(inside["image"])


def test_learning_from_test_epochs_is_refused_unless_allowed(bids_root, tmp_path):
    dead = FindBadChannels(criteria=("flat",))
    steps = dead, Filter(l_freq=1.0), MakeEpochs(tmin=-0.1, tmax=0.5), MVNN(fit_scope="all")
    run = {"recipe": eegimg.Pipeline(*steps, name="white"), "subjects": "01", "report": False}
    summary = eegimg.preprocess_dataset(bids_root, tmp_path / "out", **run)
    assert "MVNN would learn from test epochs" in summary.rows[0]["reason"]
    summary = eegimg.preprocess_dataset(bids_root, tmp_path / "out", allow_transductive=True, **run)
    assert summary.rows[0]["status"] == "done", summary.rows[0]["reason"]
    assert sidecar(tmp_path / "out", recipe="white")["Transductive"] is True


def test_names_that_are_html_or_paths_are_text_on_the_page(bids_root, pipeline, tmp_path):
    evil = ["../../../etc/passwd", "<script>alert(1)</script>.png", "C:\\x\\y.png", "/etc/passwd"]
    edit_events(bids_root, lambda table: table.assign(stim_file=(evil * 8)[: len(table)]))
    edit_events(bids_root, lambda table: table.assign(trial_type=["<b>a</b>", "../b"] * (len(table) // 2)))
    summary = eegimg.preprocess_dataset(bids_root, tmp_path / "out", recipe=pipeline, subjects="01")
    (row,) = summary.rows
    assert row["status"] == "done", row["reason"]
    page = (tmp_path / "out" / "report" / row["page"]).read_text(encoding="utf-8")
    assert "&lt;b&gt;a&lt;/b&gt;" in page
    for text in (page, summary.report.read_text(encoding="utf-8")):
        assert "<script>alert(1)" not in text
        assert "<b>a</b>" not in text
        assert "root:x:0" not in text
    assert not [file for file in tmp_path.rglob("*") if file.name in ("passwd", "b", "y.png")]
