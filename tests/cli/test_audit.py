"""``eegimg audit``: which epochs it audits, what it says and writes, and how it ends."""

import functools
import json
import shutil

import mne
import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.cli import _audit
from eegimg.datasets._fetch import RECORD


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Leave explanations out and relabel twice: what the audit finds is tested elsewhere."""
    monkeypatch.setattr(
        _audit, "audit_design", functools.partial(_audit.audit_design, explain=False, n_relabel=2)
    )


@pytest.fixture
def write_epochs(tmp_path):
    """Return a function that writes epochs whose channels drift, one subject after the other."""

    def write(labels, subjects=None, name="faces_epo.fif", **columns):
        rng = np.random.default_rng(0)
        metadata = pd.DataFrame({"concept": list(labels)} | columns)
        if subjects is not None:
            metadata["subject"] = subjects
        n = len(metadata)
        walk = np.cumsum(rng.normal(size=(n, 6)), axis=0)
        data = 1e-6 * (rng.normal(size=(n, 6, 40)) + walk[:, :, None])
        events = np.column_stack([60 * np.arange(n), np.zeros(n, int), np.ones(n, int)])
        info = mne.create_info(6, 100.0, "eeg")
        epochs = mne.EpochsArray(data, info, events, -0.1, metadata=metadata, verbose="error")
        epochs.save(tmp_path / name, verbose="error")
        return tmp_path / name

    return write


@pytest.fixture(scope="session")
def preprocessed(simulated, tmp_path_factory):
    """Preprocess the simulated dataset once."""
    out = tmp_path_factory.mktemp("preprocessed") / "derivatives"
    recipe = eegimg.Pipeline(eegimg.preprocessing.MakeEpochs(tmin=-0.1, tmax=0.4), name="quick")
    eegimg.preprocess_dataset(simulated, out, recipe=recipe, report=False)
    return out


def blocks(n_blocks=4, length=20):
    return np.repeat([f"label{number}" for number in range(n_blocks)], length)


def mixed(n=120, seed=0):
    return np.random.default_rng(seed).permutation(np.repeat(["face", "house", "tree"], n // 3))


def words(text):
    return " ".join(text.split())


def test_a_file_is_audited_whatever_the_verdict_with_exit_0(call, write_epochs):
    file = write_epochs(blocks())
    result = call("audit", file)
    assert result.exit_code == 0
    assert result.stderr == ""
    text = words(result.stdout)
    assert text.startswith(
        "faces_epo.fif: CONFOUNDED, decoding of concept, 4 labels, 80 epochs, 5 stratified"
    )
    assert "how much the design alone would give cannot be known" in text
    assert "reason Each label has one run in a recording" in text
    assert "remedy no split helps." in text
    assert call("audit", file, "--strict").exit_code == 1


def test_a_sound_design_passes_in_strict_mode(call, write_epochs):
    result = call("audit", write_epochs(mixed()), "--strict")
    assert result.exit_code == 0
    assert "faces_epo.fif: OK" in result.stdout


def test_options_reach_the_audit(call, write_epochs):
    n = 80
    file = write_epochs(
        blocks(),
        picture=mixed(81)[:n],
        half=["train"] * 40 + ["test"] * 40,
        when=np.random.default_rng(1).permutation(n),
        lab=["a"] * 40 + ["b"] * 40,
    )
    options = ["--label", "picture", "--split", "half", "--order", "when", "--group", "lab"]
    text = words(call("audit", file, *options, "--accuracy", "0.62").stdout)
    assert "decoding of picture, 3 labels, 80 epochs, the column 'half'" in text
    assert "Of 62 % balanced accuracy (given)" in text
    assert "3 stratified random folds" in call("audit", file, "--split", "3").stdout


def test_pages_are_written_beside_their_json(call, preprocessed, tmp_path):
    out = tmp_path / "new" / "audits"
    result = call("audit", preprocessed, "--split", "3", "--out", out)
    assert result.exit_code == 0
    names = [f"sub-{subject}_audit.{ending}" for subject in ("01", "02") for ending in ("html", "json")]
    assert sorted(file.name for file in out.iterdir()) == names
    fields = json.loads((out / "sub-01_audit.json").read_text(encoding="utf-8"))
    assert (fields["label"], fields["n_epochs"]) == ("concept", 30)
    assert f"{fields['verdict'].upper()}, decoding of concept" in result.stdout
    assert f"Report: {out / 'sub-02_audit.html'}" in result.stdout
    assert "recording ┃ verdict" in result.stdout
    assert [line.split()[1] for line in result.stderr.splitlines()] == ["sub-01", "sub-02"]


def test_the_seed_decides_the_audit(call, preprocessed, tmp_path):
    def found(out, *seed):
        call("audit", preprocessed, "--split", "3", "--subject", "1", "--out", tmp_path / out, *seed)
        fields = json.loads((tmp_path / out / "sub-01_audit.json").read_text(encoding="utf-8"))
        return {name: value for name, value in fields.items() if name != "seconds"}

    assert found("a") == found("b", "--random-state", "0")
    assert found("a") != found("c", "--random-state", "1")


@pytest.mark.parametrize(
    ("options", "note"),
    [
        (["--split", "subject"], "note: 'subject' does not change within a subject"),
        (["--split", "3", "--together"], ""),
    ],
)
def test_splits_across_subjects_are_audited_together(call, preprocessed, tmp_path, options, note):
    result = call("audit", preprocessed, *options, "--out", tmp_path)
    assert result.exit_code == 0
    assert words(result.stdout).startswith("all 2 subjects: ")
    assert "60 epochs" in result.stdout
    assert note in result.stdout
    assert sorted(file.name for file in tmp_path.iterdir()) == ["audit.html", "audit.json"]


def test_a_label_that_is_the_subject_is_audited_together(call, write_epochs):
    file = write_epochs(["patient"] * 20 + ["control"] * 20, ["01"] * 20 + ["02"] * 20)
    result = call("audit", file)
    assert "'concept' does not change within a subject: all subjects are audited together." in result.stdout
    assert "all 2 subjects: CONFOUNDED" in result.stdout


def test_subjects_of_one_file_are_audited_one_by_one(call, write_epochs):
    file = write_epochs([*mixed(60), *blocks(3, 20)], ["01"] * 60 + ["02"] * 60)
    both = call("audit", file).stdout
    assert "sub-01: OK" in both
    assert "sub-02: CONFOUNDED" in both
    one = call("audit", file, "--subject", "sub-2").stdout
    assert "sub-01" not in one
    assert "sub-02: CONFOUNDED" in one


def test_a_subject_that_cannot_be_audited_leaves_the_others(call, write_epochs):
    subjects = ["01"] * 60 + ["02"] * 60 + ["03"] * 60
    file = write_epochs([*mixed(60), *["face"] * 60, *blocks(3, 20)], subjects)
    result = call("audit", file)
    assert result.exit_code == 1
    assert "sub-02: FAILED: audit_design needs at least two labels" in result.stdout
    assert "sub-03: CONFOUNDED" in result.stdout


def test_a_bids_dataset_is_audited_with_a_recipe_and_left_as_it_is(call, bids_root, recipe):
    before = sorted(bids_root.rglob("*"))
    result = call("audit", bids_root, "--recipe", recipe, "--subject", "2", "--split", "3")
    assert result.exit_code == 0
    assert result.stdout.startswith("sub-02: ")
    assert sorted(bids_root.rglob("*")) == before


def test_results_know_the_design_of_the_dataset_they_come_from(preprocessed, bids_root, tmp_path):
    out = shutil.copytree(preprocessed, tmp_path / "copy")
    _, read = _audit.open_epochs(out)
    assert "design" not in read(None).metadata
    (bids_root / RECORD).write_text(json.dumps({"dataset": "imagenet_eeg"}), encoding="utf-8")
    description = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
    description["DatasetLinks"] = {"raw": bids_root.as_uri()}
    (out / "dataset_description.json").write_text(json.dumps(description), encoding="utf-8")
    names, read = _audit.open_epochs(out)
    assert names == ["01", "02"]
    assert set(read("01").metadata["design"]) == {"block"}


def test_results_of_several_recipes_are_told_apart(call, preprocessed, tmp_path):
    out = shutil.copytree(preprocessed, tmp_path / "copy")
    for file in [*out.rglob("*_desc-quick_epo.*")]:
        shutil.copy(file, str(file).replace("desc-quick", "desc-other"))
    result = call("audit", out, "--split", "3")
    assert result.exit_code == 2
    assert "holds epochs of the recipes 'other' and 'quick'. Choose one with --recipe." in result.stderr
    assert call("audit", out, "--split", "3", "--recipe", "other", "--subject", "1").exit_code == 0


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["nowhere"], "nowhere was asked for; there is no such file or folder."),
        (["{recipe}"], "quick.toml is no file of epochs."),
        (["{out}", "--label", "conept"], "Did you mean 'concept'?"),
        (["{out}", "--split", "nothing"], "was asked for the split 'nothing'"),
        (["{out}", "--split", "999"], "999 stratified random folds"),
        (["{out}", "--group", "nothing"], "was asked for the group 'nothing'"),
        (["{out}", "--order", "nothing"], "was asked for the order 'nothing'"),
        (["{out}", "--accuracy", "62"], "The 'accuracy' parameter of audit_design must be"),
        (["{out}", "--random-state", "-1"], "The 'random_state' parameter of audit_design must be"),
        (["{out}", "--recipe", "slow"], "The recipe 'slow' was asked for"),
        (["{out}", "--subject", "7"], "The subject '7' was asked for"),
        (["{bids}", "--subject", "7"], "The subject '7' was asked for"),
        (["{bids}", "--recipe", "{recipe}", "--out", "{bids}/audits"], "lies inside the dataset"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(call, preprocessed, bids_root, recipe, args, sentence):
    places = {"out": preprocessed, "bids": bids_root, "recipe": recipe}
    result = call("audit", *(arg.format(**places) for arg in args))
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("eegimg: ")
    assert sentence in line


def test_a_subject_from_a_file_names_no_file_elsewhere(call, write_epochs, tmp_path):
    file = write_epochs(mixed(), ["../../x"] * 120)
    result = call("audit", file, "--out", tmp_path / "out" / "deep")
    assert result.exit_code == 2
    assert "a subject's name must be letters and digits" in result.stderr
    assert not (tmp_path / "out").exists()


def test_names_with_brackets_are_text(call, write_epochs):
    file = write_epochs(mixed(), name="sub-9_[red]_epo.fif", **{"[bold]": mixed(seed=2)})
    result = call("audit", file, "--label", "[bold]")
    assert result.exit_code == 0
    assert words(result.stdout).startswith("sub-9: OK, decoding of [bold], 3 labels")
