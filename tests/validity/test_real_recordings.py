"""The audit on two real recordings, with their true labels and with labels that only tell the time."""

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.validity import audit_design

pytestmark = [pytest.mark.data, pytest.mark.slow]

MUSE = ["TP9", "AF7", "AF8", "TP10"]


@pytest.fixture(scope="module")
def n170(test_data):
    """Return epochs of faces and houses from a four-electrode headband, 13 runs."""
    files = sorted(test_data.glob("muse/visual/N170/*/*/*.csv.gz"))
    if not files:
        pytest.skip(f"needs the Muse N170 recordings below {test_data}")
    runs = []
    for number, file in enumerate(files):
        table = pd.read_csv(file)
        raw = mne.io.RawArray(
            table[MUSE].to_numpy().T * 1e-6, mne.create_info(MUSE, 256.0, "eeg"), verbose="error"
        )
        raw.filter(1.0, None, verbose="error")
        marker = table["Marker0"].to_numpy()
        onsets = np.flatnonzero((marker != 0) & (np.r_[0, marker[:-1]] == 0))
        epochs = mne.Epochs(
            raw,
            np.column_stack([onsets, np.zeros(len(onsets), int), marker[onsets].astype(int)]),
            {"house": 1, "face": 2},
            tmin=-0.1,
            tmax=0.8,
            baseline=None,
            reject={"eeg": 200e-6},
            preload=True,
            verbose="error",
        )
        with mne.utils.use_log_level("error"):
            epochs.metadata = pd.DataFrame(
                {"run": str(number), "subject": file.parts[-3]}, index=range(len(epochs))
            )
        if len(epochs) > 40:
            runs.append(epochs)
    assert len(runs) >= 10
    return mne.concatenate_epochs(runs, verbose="error")


@pytest.fixture(scope="module")
def uci(test_data):
    """Return epochs of the matching of pictures, 61 electrodes, 12 people, in order of the trial numbers."""
    file = test_data / "uci_vep" / "uci_vep.npz"
    if not file.is_file():
        pytest.skip(f"needs {file}")
    with np.load(file, allow_pickle=False) as archive:
        volts = (archive["off"].astype(float) + archive["k"] * float(archive["lsb"])) * 1e-6
        ch_names, sfreq = [str(name) for name in archive["ch"]], float(archive["sfreq"])
        metadata = pd.DataFrame({name: archive[name] for name in ("subject", "condition", "trial")})
    number = np.unique(metadata["subject"], return_inverse=True)[1]
    onsets = 200_000 * number + 1000 * metadata["trial"].to_numpy()
    order = np.argsort(onsets, kind="stable")
    kept = [index for index, name in enumerate(ch_names) if name not in ("X", "Y", "nd")]
    return mne.EpochsArray(
        volts[order][:, kept],
        mne.create_info([ch_names[index] for index in kept], sfreq, "eeg"),
        np.column_stack([onsets[order], np.zeros(len(order), int), np.ones(len(order), int)]),
        metadata=metadata.iloc[order].reset_index(drop=True),
        verbose="error",
    )


def with_column(epochs, name, values):
    """Return epochs with another metadata column."""
    changed = epochs.copy()
    with mne.utils.use_log_level("error"):
        changed.metadata = changed.metadata.assign(**{name: values})
    return changed


def blocks_of_time(epochs, recording, n_blocks):
    """Return in which of some equal stretches of its recording each epoch lies, as text."""
    groups = epochs.metadata.groupby(recording)[recording]
    place, length = groups.cumcount().to_numpy(), groups.transform("size").to_numpy()
    return (place * n_blocks // length).astype(str)


@pytest.mark.parametrize("split", [None, "run"])
def test_faces_and_houses_in_random_order_are_ok(n170, split):
    with mne.utils.use_log_level("error"):
        audit = audit_design(n170, split=split, group="run", explain=False)
    assert audit.verdict == "ok"
    assert audit.n_recordings > 10
    assert abs(audit.statistics["exposure"]) < 0.1 or split == "run"


def test_faces_and_houses_are_ok_although_features_drift(n170):
    audit = audit_design(n170, group="run")
    assert audit.verdict == "ok"
    assert audit.statistics["drift_power"] > 3


@pytest.mark.parametrize("n_blocks", [2, 4])
def test_one_block_of_time_for_each_label_is_not_ok(n170, n_blocks):
    one = n170[n170.metadata["subject"] == "subject1"]
    blocks = np.arange(len(one)) * n_blocks // len(one)
    audit = audit_design(
        with_column(one, "block", blocks.astype(str)), label="block", group=np.zeros(len(one))
    )
    assert audit.verdict == "confounded"
    assert "unidentifiable" in audit.flags


@pytest.mark.parametrize("split", [None, "run"])
def test_halves_of_runs_are_not_ok_even_with_runs_held_out(n170, split):
    epochs = with_column(n170, "half", blocks_of_time(n170, "run", 2))
    audit = audit_design(epochs, split=split, group="run", label="half", explain=False)
    assert audit.verdict != "ok"
    assert "exposed-by-position" in audit.flags


@pytest.mark.parametrize("split", [None, "subject"])
def test_matches_in_one_sequence_for_all_are_ok(uci, split):
    epochs = uci[uci.metadata["condition"] != "S1 obj"]
    audit = audit_design(epochs, split=split, group="subject", label="condition", explain=False)
    assert audit.verdict == "ok"
    assert audit.n_recordings == 12


@pytest.mark.parametrize(("split", "n_blocks"), [(None, 2), ("subject", 2), ("subject", 4)])
def test_blocks_of_time_in_one_order_for_all_are_not_ok_even_with_people_held_out(uci, split, n_blocks):
    epochs = with_column(uci, "block", blocks_of_time(uci, "subject", n_blocks))
    audit = audit_design(epochs, split=split, group="subject", label="block", explain=False)
    assert audit.verdict != "ok"
    assert "exposed-by-position" in audit.flags
