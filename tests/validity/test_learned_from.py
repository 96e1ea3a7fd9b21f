"""What steps learned from, read from sidecars as the runner writes them and as they may be found."""

import json

import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.preprocessing import MVNN, Filter, FindBadChannels, MakeEpochs, Scale
from eegimg.validity._check_split import check_split


@pytest.fixture
def metadata():
    rows = np.arange(40)
    split = np.where(rows % 4 == 0, "test", "train")
    return pd.DataFrame({"subject": "01", "image": [f"i{row}" for row in rows], "split": split})


def sidecar(*records, split="split", **fields):
    log = [{"step": step, "fit_scope": scope, "fitted_on": fitted_on} for step, scope, fitted_on in records]
    return {"Split": split, "Transductive": False, "Log": log} | fields


TRAINED = ("Scale", "train", "30 training epochs")
ON_ALL = ("Scale", "train", "all epochs (no split was given)")
WHITENED = ("MVNN", "all", "all 40 epochs, 10 of them outside the training part (transductive)")
FILTERED = ("Filter", "none", "nothing")
CLEANED = ("ICA", "recording", "this recording")


def rows_of(metadata, sidecars, **options):
    table = check_split(metadata, sidecars=sidecars, **options).table.set_index("check")
    return table.loc[["transductive", "fitted on", "per recording"]]


@pytest.mark.parametrize(
    ("content", "severities"),
    [
        (sidecar(FILTERED), ["ok", "ok", "ok"]),
        (sidecar(FILTERED, TRAINED), ["ok", "ok", "ok"]),
        (sidecar(CLEANED, TRAINED), ["ok", "ok", "note"]),
        (sidecar(WHITENED, Transductive=True), ["leak", "ok", "ok"]),
        (sidecar(FILTERED, Transductive=True), ["leak", "ok", "ok"]),
        (sidecar(FILTERED, TransductiveSteps=["MVNN"]), ["leak", "ok", "ok"]),
        (sidecar(ON_ALL, split=None), ["ok", "leak", "ok"]),
        (sidecar(TRAINED, split="other"), ["ok", "leak", "ok"]),
    ],
)
def test_every_kind_of_learning_is_judged(metadata, content, severities):
    assert rows_of(metadata, content)["severity"].tolist() == severities


def test_steps_are_named(metadata):
    rows = rows_of(metadata, [sidecar(WHITENED, Transductive=True), sidecar(CLEANED, ON_ALL, split=None)])
    assert rows.loc["transductive", "meaning"] == (
        "'MVNN' learned from epochs outside the training part ('sidecar 0')."
    )
    assert rows.loc["fitted on", "meaning"] == (
        "'Scale' learned from all epochs of a recording, as no split was given, test epochs included."
    )
    assert rows.loc["per recording", "meaning"] == (
        "'ICA' learned from whole recordings, test trials included but labels unseen."
    )
    assert rows.loc["fitted on", ["count", "of"]].tolist() == [1, 2]


def test_learning_within_recordings_that_are_whole_parts_is_a_caution(metadata):
    metadata["subject"] = np.where(metadata["split"] == "test", "02", "01")
    assert rows_of(metadata, sidecar(ON_ALL, split=None)).loc["fitted on", "severity"] == "caution"


def test_one_training_part_cannot_be_that_of_all_folds(metadata):
    folds = pd.DataFrame({"a": metadata["split"], "b": metadata["split"][::-1].to_numpy()})
    assert rows_of(metadata, sidecar(TRAINED), split=folds).loc["fitted on", "severity"] == "leak"
    values = metadata.pop("split")
    assert rows_of(metadata, sidecar(TRAINED), split=values).loc["fitted on", "severity"] == "not checked"


def test_the_metadata_column_names_transductive_steps(metadata):
    assert check_split(metadata.assign(transductive="")).ok
    report = check_split(metadata.assign(transductive="MVNN, Scale"))
    assert report.leaks == [
        "transductive: 'MVNN' and 'Scale' learned from epochs outside the training part ('40 epochs')."
    ]
    with pytest.raises(ValueError, match="Preprocess again with split= set to this split"):
        report.raise_if_leaking()


def test_without_sidecars_nothing_passes(metadata):
    assert rows_of(metadata, None)["severity"].tolist() == ["not checked"] * 3


def test_what_is_no_sidecar_is_refused(metadata, tmp_path):
    with pytest.raises(ValueError, match=r"sidecar 0 has none: it was not written by eegimg\.$"):
        check_split(metadata, sidecars={"a": 1})
    with pytest.raises(FileNotFoundError, match=r"asked to read .*gone\.json\. There is no such file\.$"):
        check_split(metadata, sidecars=tmp_path / "gone.json")
    with pytest.raises(TypeError, match=r"must be files, folders or dicts\. Got 3 instead\.$"):
        check_split(metadata, sidecars=3)
    (tmp_path / "dataset_description.json").write_text("{}")
    with pytest.raises(ValueError, match=r"none of its 1 JSON files is one\. Name the folder"):
        check_split(metadata, sidecars=tmp_path)
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ValueError, match=r"needs JSON in .*broken\.json\. It is not"):
        check_split(metadata, sidecars=tmp_path / "broken.json")


@pytest.fixture(scope="module")
def derivatives(tmp_path_factory):
    """Preprocess one short recording in three ways: with the split, without, and transductively."""
    folder = tmp_path_factory.mktemp("derivatives")
    root = folder / "bids"
    eegimg.make_dataset(root, n_subjects=1, n_images=20, n_repetitions=2, n_channels=16, sfreq=125.0)
    start = [FindBadChannels(criteria=("flat",)), Filter(l_freq=1.0, h_freq=30.0), MakeEpochs(tmax=0.5)]

    def run(name, step, **options):
        pipeline = eegimg.Pipeline(*start, step, name=name)
        recipe = eegimg.write_recipe(pipeline, folder / f"{name}.toml")
        summary = eegimg.preprocess_dataset(root, folder / name, recipe=recipe, report=False, **options)
        assert summary.table["status"].tolist() == ["done"], summary.table["reason"].tolist()

    run("trained", Scale())
    run("blind", Scale(), split=None)
    run("whitened", MVNN(fit_scope="all"), allow_transductive=True)
    return folder


def test_sidecars_of_the_runner_are_read(derivatives):
    (file,) = (derivatives / "trained").rglob("*_epo.json")
    epochs = eegimg.bids.read_result(file)
    severities = {
        name: rows_of(epochs.metadata.drop(columns="transductive", errors="ignore"), derivatives / name)[
            "severity"
        ].tolist()
        for name in ("trained", "blind", "whitened")
    }
    assert severities["trained"] == ["ok", "ok", "note"]
    assert severities["blind"][1:] == ["leak", "note"]
    assert severities["whitened"][0] == "leak"
    report = check_split(epochs, sidecars=file)
    assert report.ok, report.leaks
    assert json.loads(file.read_text())["Split"] == "split"
