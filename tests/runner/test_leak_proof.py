"""From raw files to derivatives: training epochs hang on nothing else, and what learned from more says so."""

import json
import pathlib

import mne
import numpy as np
import pandas as pd
import pytest

import eegimg
from eegimg.bids import read_result
from eegimg.preprocessing import MVNN, AutoReject, FindBadChannels, MakeEpochs, RejectPeakToPeak, Scale

DEAD = FindBadChannels(criteria=("flat",))
EPOCHS = MakeEpochs(tmin=-0.1, tmax=0.5)
QUICK = AutoReject(n_interpolate=(1, 2), consensus=(0.6, 0.9), cv=2)
LEARNING = eegimg.Pipeline(DEAD, EPOCHS, QUICK, MVNN(), Scale(), name="learning")
WHITE = eegimg.Pipeline(DEAD, EPOCHS, MVNN(fit_scope="all", covariance="epochs"), name="white")
LOUD = "Decoding scores computed from these data are transductive and must be reported as such."


def file_of(root, ending, subject="01"):
    (file,) = (root / f"sub-{subject}" / "eeg").glob(f"*{ending}")
    return file


def read_events(root):
    return pd.read_csv(file_of(root, "_events.tsv"), sep="\t", dtype=str, keep_default_na=False)


def write_events(root, table):
    table.to_csv(file_of(root, "_events.tsv"), sep="\t", index=False)


@pytest.fixture
def root(bids_root):
    """Return a dataset whose first subject has test, validation and nameless trials, 10 of 30."""
    table = read_events(bids_root)
    parts = np.array(["test", "validation", "n/a"])[np.arange(len(table)) % 3]
    write_events(bids_root, table.assign(split=np.where(table["repetition"] == "3", parts, "train")))
    return bids_root


@pytest.fixture
def run(root, tmp_path):
    """Return a function that preprocesses the first subject and gives its sidecar's path and content."""

    def run(pipeline, **options):
        options = {"report": False, "subjects": "01"} | options
        summary = eegimg.preprocess_dataset(root, tmp_path / "out", recipe=pipeline, **options)
        (row,) = summary.rows
        assert row["status"] == "done", row["reason"]
        return pathlib.Path(row["sidecar"]), json.loads(pathlib.Path(row["sidecar"]).read_text())

    return run


def spoil_samples(root):
    """Make noise of what was recorded in the epochs outside the training part."""
    table = read_events(root)
    samples = np.memmap(file_of(root, "_eeg.eeg"), dtype="<f4", mode="r+").reshape(-1, 18)
    rng = np.random.default_rng(0)
    for onset in table.loc[table["split"] != "train", "onset"].astype(float):
        span = slice(int((onset - 0.15) * 125), int((onset + 0.55) * 125))
        samples[span] *= rng.normal(scale=30, size=samples[span].shape)
    samples.flush()


def spoil_labels(root):
    """Swap all that is known of the trials outside the training part, but for when they were and the split."""
    table = read_events(root)
    rest = np.flatnonzero(table["split"] != "train")
    columns = table.columns.difference(["onset", "duration", "sample", "split"])
    table.loc[rest, columns] = table.loc[np.roll(rest, 3), columns].to_numpy()
    write_events(root, table)


def training_bytes(path):
    epochs = read_result(path)
    epochs = epochs[(epochs.metadata["split"] == "train").to_numpy()]
    return epochs.get_data().tobytes(), epochs.metadata.to_csv(index=False)


def learned(fields):
    """Return what the log says that each step learned."""
    keys = "n_interpolate consensus thresholds n_fit conditions shrinkage whiteners".split()
    return [
        (record["fitted_on"], {key: record["found"].get(key) for key in keys})
        for record in fields["Log"]
        if record["fit_scope"] == "train"
    ]


def test_trials_outside_the_training_part_cannot_reach_what_is_learned(run, root):
    path, fields = run(LEARNING)
    expected = training_bytes(path), learned(fields)
    assert expected[1][0][0] == "20 training epochs"
    assert fields["Transductive"] is False
    assert fields["TransductiveSteps"] == []
    spoil_labels(root)
    path, fields = run(LEARNING)
    assert (training_bytes(path), learned(fields)) == expected
    before = file_of(root, "_eeg.eeg").read_bytes()
    spoil_samples(root)
    assert file_of(root, "_eeg.eeg").read_bytes() != before
    path, fields = run(LEARNING)
    assert (training_bytes(path), learned(fields)) == expected
    assert "transductive" not in read_result(path).metadata


def test_without_a_split_they_do_and_sidecar_page_and_index_say_so(run, root, tmp_path):
    """The control, too: the comparison above can fail."""
    pipe = eegimg.Pipeline(DEAD, EPOCHS, RejectPeakToPeak(reject={"eeg": 1e-3}), Scale(), name="scaled")
    expected = training_bytes(run(pipe)[0])
    path, fields = run(pipe, split=None, report=True)
    assert training_bytes(path) != expected
    assert fields["Split"] is None
    assert fields["Transductive"] is True
    assert fields["TransductiveSteps"] == ["Scale"]
    sentence = (
        "Scale learned from all epochs, 10 of 30 trials outside the training part of 'split' included: no "
        "split was given."
    )
    assert fields["Warnings"][0] == sentence
    assert set(read_result(path).metadata["transductive"]) == {"Scale"}
    page = (tmp_path / "out" / "report" / f"{path.stem.removesuffix('_epo')}.html").read_text()
    assert "<strong>Transductive: Scale learned from all epochs, test epochs included." in page
    assert LOUD in page
    assert page.count(f"<li>{sentence.replace(chr(39), '&#39;')}</li>") == 1
    assert "Scale (standard) was applied, learned from all epochs, test epochs included." in page
    index = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "1 recording transductive: steps learned from test epochs too." in index
    assert '<span class="status">done</span><br><strong class="lost">transductive: Scale</strong>' in index


def test_the_index_of_clean_recordings_says_nothing_of_it(run, tmp_path):
    pipe = eegimg.Pipeline(DEAD, EPOCHS, Scale(), name="scaled")
    run(pipe, report=True)
    for page in (tmp_path / "out" / "report").glob("*.html"):
        assert "ransductive: " not in page.read_text()


def test_the_mark_travels_from_the_derivative_to_whoever_reads_it(run, root, tmp_path):
    summary = eegimg.preprocess_dataset(
        root,
        root / "derivatives" / "eegimg",
        recipe=WHITE,
        subjects=["01"],
        allow_transductive=True,
        report=False,
    )
    path = pathlib.Path(summary.rows[0]["sidecar"])
    fields = json.loads(path.read_text())
    assert fields["Transductive"] is True
    assert fields["TransductiveSteps"] == ["MVNN"]
    assert fields["Warnings"][0] == (
        "MVNN learned from all epochs, 10 of 30 trials outside the training part of 'split' included."
    )
    assert summary.rows[0]["reason"].startswith("MVNN learned from all epochs")
    events = pd.read_csv(str(path).replace("_epo.json", "_events.tsv"), sep="\t")
    assert set(events["transductive"]) == {"MVNN"}
    described = json.loads(pathlib.Path(str(path).replace("_epo.json", "_events.json")).read_text())
    assert described["transductive"]["LongName"] == "Transductive steps"
    epochs = eegimg.load_dataset(None, root=root).epochs(subject="01", split="test")
    assert set(epochs.metadata["transductive"]) == {"MVNN"}
    pipe = eegimg.Pipeline(RejectPeakToPeak(reject=None, flat=None))
    pipe.fit_transform(epochs)
    assert pipe.transductive_steps_ == ["MVNN"]


@pytest.mark.parametrize("log", ["whole", "empty"])
def test_derivatives_from_before_there_was_a_column_get_it_when_read(run, log):
    path, fields = run(WHITE, allow_transductive=True)
    epochs = read_result(path)
    with mne.use_log_level("error"):
        epochs.metadata = epochs.metadata.drop(columns="transductive")
    epochs.save(path.with_suffix(".fif"), overwrite=True, verbose="error")
    del fields["TransductiveSteps"]
    if log == "empty":
        fields["Log"] = []
    path.write_text(json.dumps(fields))
    assert set(read_result(path).metadata["transductive"]) == {"MVNN" if log == "whole" else "unknown"}
    path.write_text(json.dumps(fields | {"Transductive": False}))
    assert "transductive" not in read_result(path).metadata


def test_a_continuous_result_hands_its_mark_to_the_epochs_cut_from_it(run, root, tmp_path):
    path, fields = run(eegimg.Pipeline(DEAD, Scale(), name="scaledraw"), split=None)
    assert fields["TransductiveSteps"] == ["Scale"]
    assert fields["Warnings"][0].startswith("Scale learned from the whole recording, 10 of 30 trials outside")
    pipe = eegimg.Pipeline(EPOCHS, name="cut")
    summary = eegimg.preprocess_dataset(tmp_path / "out", tmp_path / "again", recipe=pipe, report=False)
    (row,) = summary.rows
    assert row["status"] == "done", row["reason"]
    fields = json.loads(pathlib.Path(row["sidecar"]).read_text())
    assert fields["TransductiveSteps"] == ["Scale"]
    assert fields["Transductive"] is True
    assert fields["Warnings"][0] == "Before this, 'Scale' learned from trials outside the training part."
    assert set(read_result(row["sidecar"]).metadata["transductive"]) == {"Scale"}
