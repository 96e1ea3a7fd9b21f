"""The command line: what each command says, where it says it, and with which exit code it ends."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mne
import pytest

import eegimg


def sentence(result):
    """Return the one line that an error is."""
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("eegimg: ")
    return lines[0]


def events_of(root, subject="01"):
    return root / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-images_events.tsv"


def test_the_command_is_there_and_says_what_it_can():
    program = shutil.which("eegimg", path=str(Path(sys.executable).parent))
    command = [program] if program else [sys.executable, "-c", "from eegimg.cli import main; main()"]
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    for name in ("demo", "preprocess", "report", "datasets", "info"):
        assert name in done.stdout
    assert done.stderr == ""


def test_the_version_is_that_of_the_package(call):
    assert call("--version").stdout.strip() == f"eegimg {eegimg.__version__}"


def test_a_dataset_is_preprocessed_and_told(call, bids_root, recipe, tmp_path):
    out = tmp_path / "out"
    result = call("preprocess", bids_root, "--out", out, "--recipe", recipe)
    assert result.exit_code == 0
    assert "2 recordings: 2 done." in result.stdout
    assert "sub-01_task-images" in result.stdout
    assert str(out / "report" / "index.html") in result.stdout.replace("\n", "")
    assert (out / "report" / "index.html").is_file()
    again = call("preprocess", bids_root, "--out", out, "--recipe", recipe)
    assert again.exit_code == 0
    assert "2 recordings: 2 cached." in again.stdout


def test_options_reach_the_run(call, bids_root, recipe, tmp_path):
    out = tmp_path / "out"
    options = [
        "--subject",
        "02",
        "--line-freq",
        "60",
        "--events-past-end",
        "drop",
        "--split",
        "",
        "--no-report",
    ]
    result = call("preprocess", bids_root, "--out", out, "--recipe", recipe, *options)
    assert result.exit_code == 0
    (side,) = out.rglob("*_epo.json")
    assert side.name.startswith("sub-02")
    fields = json.loads(side.read_text(encoding="utf-8"))
    assert fields["Options"]["line_freq"] == 60
    assert fields["Options"]["events_past_end"] == "drop"
    assert fields["Options"]["split"] is None
    assert not (out / "report").exists()


def test_a_dry_run_writes_nothing(call, bids_root, recipe, tmp_path):
    result = call("preprocess", bids_root, "--out", tmp_path / "out", "--recipe", recipe, "--dry-run")
    assert result.exit_code == 0
    assert "2 recordings: 2 planned." in result.stdout
    assert not (tmp_path / "out").exists()


def zero_bytes(root):
    events_of(root).with_name("sub-01_task-images_eeg.eeg").write_bytes(b"")


def truncated(root):
    file = events_of(root).with_name("sub-01_task-images_eeg.eeg")
    file.write_bytes(file.read_bytes()[:9000])
    events_of(root).write_text("".join(events_of(root).read_text().splitlines(keepends=True)[:2]))


def no_events(root):
    events_of(root).write_text(events_of(root).read_text().splitlines()[0] + "\n")


def past_end(root):
    events_of(root).write_text(events_of(root).read_text().replace("\n3.", "\n3000."))


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (zero_bytes, "is empty (0 bytes)"),
        (truncated, "is truncated"),
        (no_events, "MakeEpochs found no events"),
        (past_end, "--events-past-end drop"),
    ],
)
def test_some_recordings_failed_is_exit_1(call, bids_root, recipe, tmp_path, spoil, text):
    spoil(bids_root)
    result = call("preprocess", bids_root, "--out", tmp_path / "out", "--recipe", recipe, "--no-report")
    assert result.exit_code == 1
    assert text in result.stdout
    assert "2 recordings: 1 failed, 1 done." in result.stdout
    assert [file.name[:6] for file in (tmp_path / "out").rglob("*_epo.fif")] == ["sub-02"]


def test_a_missing_line_frequency_is_helped_by_its_option(call, bids_root, tmp_path):
    for file in bids_root.rglob("*_eeg.json"):
        fields = json.loads(file.read_text(encoding="utf-8")) | {"PowerLineFrequency": "n/a"}
        file.write_text(json.dumps(fields), encoding="utf-8")
    recipe = tmp_path / "notch.toml"
    recipe.write_text('name = "notch"\n[[step]]\nname = "Notch"\n', encoding="utf-8")
    command = ["preprocess", bids_root, "--out", tmp_path / "out", "--recipe", recipe, "--no-report"]
    result = call(*command)
    assert result.exit_code == 1
    assert "--line-freq 50" in result.stdout
    assert call(*command, "--line-freq", "50").exit_code == 0


def empty(root, out, recipe):
    shutil.rmtree(root / "sub-01")
    shutil.rmtree(root / "sub-02")
    return [root, "--out", out, "--recipe", recipe]


def blocked(root, out, recipe):
    out.write_text("in the way")
    return [root, "--out", out / "deeper", "--recipe", recipe]


def typo(root, out, recipe):
    recipe.write_text(recipe.read_text().replace("l_freq", "l_frq"))
    return [root, "--out", out, "--recipe", recipe]


def not_toml(root, out, recipe):
    recipe.write_text("name = \n")
    return [root, "--out", out, "--recipe", recipe]


def foreign(root, out, recipe):
    shutil.copytree(root, out)
    return [root, "--out", out, "--recipe", recipe]


@pytest.mark.parametrize(
    ("prepare", "text"),
    [
        (lambda root, out, recipe: [root / "nowhere", "--out", out], "there is no such folder"),
        (empty, "holds no EEG recording"),
        (lambda root, out, recipe: [root, "--out", root / "out"], "lies inside the dataset"),
        (lambda root, out, recipe: [root, "--out", root], "lies inside the dataset"),
        (foreign, "holds another dataset"),
        (blocked, "cannot be written"),
        (typo, "Did you mean 'l_freq'?"),
        (not_toml, "is not TOML"),
        (lambda root, out, recipe: [root, "--out", out, "--recipe", "defalt"], "Did you mean 'default'?"),
        (lambda root, out, recipe: [root, "--out", out, "--subject", "011"], "Did you mean '01'?"),
        (lambda root, out, recipe: [root, "--out", out, "--run", "7"], "The run '7' was asked for"),
        (lambda root, out, recipe: [root, "--out", out, "--n-jobs", "0"], "at least 1"),
        (lambda root, out, recipe: [root, "--out", out, "--line-freq", "-1"], "'line_freq' parameter"),
        (lambda root, out, recipe: [root, "--out", out, "--events-past-end", "keep"], "'raise' or 'drop'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(call, bids_root, recipe, tmp_path, prepare, text):
    result = call("preprocess", *prepare(bids_root, tmp_path / "out", recipe))
    assert result.exit_code == 2
    assert text in sentence(result)
    assert result.stdout == ""


def test_a_disk_that_is_full_before_the_start_is_a_sentence(call, bids_root, recipe, tmp_path, monkeypatch):
    from eegimg.bids import _sidecars

    def full(path, text):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(_sidecars, "write_text", full)
    result = call("preprocess", bids_root, "--out", tmp_path / "out", "--recipe", recipe)
    assert result.exit_code == 2
    assert "No space left on device" in sentence(result)


def test_a_disk_that_fills_up_is_exit_1(call, bids_root, recipe, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mne.BaseEpochs, "save", full)
    result = call("preprocess", bids_root, "--out", tmp_path / "out", "--recipe", recipe, "--no-report")
    assert result.exit_code == 1
    assert "The disk of the output folder is full" in result.stdout


@pytest.mark.parametrize("args", [["preprocess"], ["preprocess", "x"], ["prepocess"], ["info"], ["--wrong"]])
def test_missing_arguments_are_exit_2(call, args):
    result = call(*args)
    assert result.exit_code == 2
    assert result.stderr


def test_a_report_is_written_again(call, bids_root, recipe, tmp_path):
    out = tmp_path / "out"
    call("preprocess", bids_root, "--out", out, "--recipe", recipe, "--no-report")
    result = call("report", out)
    assert result.exit_code == 0
    assert len(list((out / "report").glob("sub-*.html"))) == 2
    assert (out / "report" / "index.html").is_file()
    result = call("report", bids_root)
    assert result.exit_code == 2
    assert "holds no finished recording" in sentence(result)


def test_datasets_are_listed(call):
    result = call("datasets")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in eegimg.list_datasets())


def test_info_tells_of_datasets_and_recipes(call, recipe):
    dataset = call("info", "simulated")
    assert dataset.exit_code == 0
    assert eegimg.read_descriptor("simulated").title in dataset.stdout
    assert "caveat" in dataset.stdout
    default = call("info", "default")
    assert default.exit_code == 0
    assert "[[step]]" in default.stdout
    assert eegimg.read_recipe("default").fingerprint() in default.stdout
    assert 'name = "RejectPeakToPeak"' in call("info", recipe).stdout


@pytest.mark.parametrize(("name", "meant"), [("simulate", "simulated"), ("defalt", "default")])
def test_info_of_an_unknown_name_suggests_one(call, name, meant):
    result = call("info", name)
    assert result.exit_code == 2
    assert f"Did you mean '{meant}'?" in sentence(result)


def test_names_with_brackets_are_text_on_the_screen(call, bids_root, recipe, tmp_path):
    odd = bids_root.rename(tmp_path / "[red]faces")
    result = call("preprocess", odd, "--out", tmp_path / "[bold]out", "--recipe", recipe, "--no-report")
    assert result.exit_code == 0
    result = call("preprocess", odd, "--out", odd, "--recipe", recipe)
    assert "[red]faces" in sentence(result)


@pytest.mark.slow
def test_the_demo_finds_what_was_planted(call, tmp_path):
    result = call("demo", "--out", tmp_path / "demo", "--n-subjects", "1")
    assert result.exit_code == 0
    assert "1 recordings: 1 done." in result.stdout
    assert "Found and planted" in result.stdout
    assert (tmp_path / "demo" / "report" / "index.html").is_file()
    assert list((tmp_path / "demo" / "derivatives").rglob("*_epo.fif"))
    again = call("demo", "--out", tmp_path / "demo", "--n-subjects", "1")
    assert again.exit_code == 0
    assert "1 recordings: 1 cached." in again.stdout


def test_an_unchanged_rerun_loads_nothing_that_only_work_needs(call, bids_root, recipe, tmp_path):
    command = ["preprocess", str(bids_root), "--out", str(tmp_path / "out"), "--recipe", str(recipe)]
    assert call(*command).exit_code == 0
    script = (
        "import sys\nfrom eegimg.cli._app import app\n"
        f"app({command!r}, standalone_mode=False)\n"
        "heavy = {'matplotlib', 'sklearn', 'distributed', 'pyprep', 'autoreject', 'onnxruntime', 'torch'}\n"
        "print('loaded:', *sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert "2 recordings: 2 cached." in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded:"
