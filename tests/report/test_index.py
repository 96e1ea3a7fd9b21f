import re
import subprocess
import sys
import textwrap

import pytest

from eegimg.report import write_index


def make_row(recording, status="done", **fields):
    return {"recording": recording, "status": status, "reason": "", "page": f"{recording}.html"} | fields


def test_failed_recordings_come_first_and_say_why(tmp_path):
    rows = [
        make_row("sub-01", n_epochs=276, n_bads=3, seconds=12.34, peak_memory_mb=411.8),
        make_row("sub-02", "cached", n_epochs=1200),
        make_row("sub-03", "failed", page=None, reason="sub-03_eeg.edf is truncated."),
        make_row("sub-04", "excluded", page=None, reason="asked for"),
    ]
    text = write_index(rows, tmp_path, "Faces & houses").read_text(encoding="utf-8")
    order = re.findall(r'<th scope="row"[^>]*>(?:<a [^>]*>)?(sub-\d+)', text)
    assert order == ["sub-03", "sub-04", "sub-01", "sub-02"]
    assert '<tr class="failed">' in text
    assert "1 recording failed" in text
    assert "sub-03_eeg.edf is truncated." in text
    assert '<a href="./sub-01.html">sub-01</a>' in text
    assert "<title>Faces &amp; houses</title>" in text
    assert '<html lang="en">' in text
    assert "1,476" in text


def test_sidecars_add_conditions_recipe_and_versions(make_derivative, tmp_path):
    first = make_derivative({"face": 30, "house": 24}, stem="sub-01_desc-default")
    other = {"eegimg": "0.2.0", "mne": "1.13.2"}
    second = make_derivative(
        {"face": 10}, stem="sub-02_desc-default", change=lambda s: s.update(PackageVersions=other)
    )
    rows = [make_row("sub-01", sidecar=str(first)), make_row("sub-02", "cached", sidecar=str(second))]
    text = write_index(rows, tmp_path, "t").read_text(encoding="utf-8")
    assert re.search(r">face</th><td[^>]*>40</td><td[^>]*>2 of 2</td>", text)
    assert re.search(r">house</th><td[^>]*>24</td><td[^>]*>1 of 2</td>", text)
    assert re.search(r">Filter <code[^>]*>l_freq=0.1, h_freq=40.0</code>", text)
    assert "0.1.0 (1 recording), 0.2.0 (1 recording)" in text
    assert "different recipes" not in text


def test_different_recipes_are_a_warning(make_derivative, tmp_path):
    def change(sidecar):
        sidecar["Recipe"]["fingerprint"] = "another"

    paths = [make_derivative(stem="a_desc-x"), make_derivative(stem="b_desc-x", change=change)]
    rows = [make_row(path.stem, sidecar=str(path)) for path in paths]
    assert "2 different recipes made these" in write_index(rows, tmp_path, "t").read_text(encoding="utf-8")


def test_the_sidecar_of_an_earlier_run_of_a_failed_recording_does_not_count(make_derivative, tmp_path):
    rows = [make_row("sub-01", "failed", sidecar=str(make_derivative({"face": 30})))]
    text = write_index(rows, tmp_path, "t").read_text(encoding="utf-8")
    assert "face" not in text
    assert "No recording was finished" in text


def test_a_dataset_without_recordings_has_an_index(tmp_path):
    text = write_index([], tmp_path / "new" / "folder", "Empty").read_text(encoding="utf-8")
    assert "There is no recording in this dataset" in text
    assert "no recipe was applied" in text


def test_an_unknown_status_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'done'"):
        write_index([make_row("sub-01", "don")], tmp_path, "t")
    assert not (tmp_path / "index.html").exists()


def test_the_index_needs_no_heavy_library(make_derivative, tmp_path):
    path = make_derivative()
    code = f"""
        import sys
        from eegimg.report import write_index
        row = dict(recording="a", status="cached", page="a.html", sidecar={str(path)!r})
        write_index([row], {str(tmp_path / "report")!r}, "t")
        heavy = {{"matplotlib", "mne", "numpy", "pandas", "scipy", "PIL", "jinja2"}}
        sys.exit(" ".join(heavy & {{name.partition(".")[0] for name in sys.modules}}) or 0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "face" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
