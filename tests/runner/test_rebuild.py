"""The report of a finished folder, written again from its sidecars."""

import shutil

import pytest

import eegimg
from eegimg.preprocessing import Filter
from eegimg.runner import rebuild_report


@pytest.mark.slow
def test_a_report_is_made_again_from_the_sidecars_alone(bids_root, pipeline, tmp_path):
    out = tmp_path / "out"
    first = eegimg.preprocess_dataset(bids_root, out, recipe=pipeline, subjects=["01", "02"])
    continuous = eegimg.Pipeline(Filter(l_freq=1.0), name="raw")
    eegimg.preprocess_dataset(bids_root, out, recipe=continuous, subjects="01", report=False)
    shutil.rmtree(out / "report")
    shutil.rmtree(bids_root)
    summary = rebuild_report(out)
    assert [(row["recording"], row["subject"]) for row in summary.rows] == [
        ("sub-01_task-images", "01"),
        ("sub-01_task-images", "01"),
        ("sub-02_task-images", "02"),
    ]
    counts = [row["n_epochs"] for row in first.rows]
    assert [row["n_epochs"] for row in summary.rows] == [counts[0], None, counts[1]]
    assert all((out / "report" / row["page"]).is_file() for row in summary.rows)
    assert summary.report == out / "report" / "index.html"
    elsewhere = rebuild_report(out, tmp_path / "pages")
    assert elsewhere.report == tmp_path / "pages" / "index.html"


def test_a_folder_without_results_is_told_so(tmp_path):
    with pytest.raises(
        FileNotFoundError, match="holds no finished recording. Run eegimg preprocess BIDS_ROOT"
    ):
        rebuild_report(tmp_path)
    assert not (tmp_path / "report").exists()
