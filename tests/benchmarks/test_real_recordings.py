"""The conversions of benchmarks/real_recordings: units, events, positions, and the BIDS validator."""

import importlib
import pathlib
import shutil
import sys

import mne
import mne_bids
import numpy as np
import pandas as pd
import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks" / "real_recordings"


@pytest.fixture
def script(monkeypatch):
    """Import a script of the folder by name, as it imports its neighbours when it is run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def validate(script):
    """Return the validator's verdict on a dataset, where the validator is installed."""
    beside = pathlib.Path(sys.executable).with_name("bids-validator-deno")
    if not beside.exists() and shutil.which("bids-validator-deno") is None:
        pytest.skip("bids-validator-deno is not installed")
    return script("bids_writing").validate


def read_back(root, **entities):
    path = mne_bids.BIDSPath(root=root, datatype="eeg", suffix="eeg", **entities)
    return mne_bids.read_raw_bids(path, verbose="error").load_data(verbose="error")


def types_of(raw):
    return dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))


def positions_of(raw):
    picks = mne.pick_types(raw.info, eeg=True, exclude=[])
    return np.array([raw.info["chs"][pick]["loc"][:3] for pick in picks])


def muse_file(folder, n_times=2560):
    """Write a Muse CSV with a planted 10 uV sine, markers at 1, 2 and 3 s, and stamps in packets of 12."""
    stamps = 100 + np.arange(n_times) / 256
    late = np.random.default_rng(0).uniform(0, 0.02, n_times // 12 + 1)[np.arange(n_times) // 12]
    table = pd.DataFrame({"timestamps": stamps + late})
    for name in ("TP9", "AF7", "AF8", "TP10", "Right AUX"):
        table[name] = 10 * np.sin(2 * np.pi * 8 * np.arange(n_times) / 256)
    table["Marker0"] = 0
    table.loc[[256, 512, 768], "Marker0"] = [1, 2, 2]
    path = folder / "data_2020-01-01-10.00.00.csv.gz"
    table.to_csv(path, index=False)
    return path, stamps + late


def test_muse_csv_gives_volts_events_and_positions(script, tmp_path):
    raw, _ = script("muse_n170").read_muse(muse_file(tmp_path)[0])
    assert raw.ch_names == ["TP9", "AF7", "AF8", "TP10"]
    assert np.ptp(raw.get_data(picks="TP9")) == pytest.approx(20e-6, rel=1e-3)
    assert raw.annotations.onset.tolist() == [1.0, 2.0, 3.0]
    assert raw.annotations.description.tolist() == ["house", "face", "face"]
    left, right = positions_of(raw)[[0, 3]]
    assert left[0] < -0.05
    assert right[0] > 0.05


def test_lost_packet_is_told_from_late_packets(script, tmp_path):
    check = script("muse_n170").check_timestamps
    _, stamps = muse_file(tmp_path)
    late = check(stamps)
    assert late["max_step_s"] < 0.012
    assert late["jitter_s"] > 0.005
    lost = check(np.concatenate([stamps[:1280], stamps[1280:] + 12 / 256]))
    assert lost["max_step_s"] > 0.03


def test_names_of_another_scheme_get_no_positions(script):
    template_montage = script("bids_writing").template_montage
    biosemi = [f"{bank}{number}" for bank in "ABCD" for number in range(1, 17)]
    assert template_montage(biosemi) is None
    assert template_montage(["FP1", "CZ", "oz"]).ch_names == ["FP1", "CZ", "oz"]


def test_uci_trials_become_discontinuous_recording(script, tmp_path):
    uci_vep = script("uci_vep")
    rng = np.random.default_rng(1)
    volts = rng.normal(0, 5e-6, (6, 4, 256))
    facts = {
        "ch": np.array(["FP1", "X", "nd", "CPZ"]),
        "sfreq": np.array(256.0),
        "trial": np.array([4, 0, 2, 6, 8, 10]),
        "condition": np.array(["S2 match", "S1 obj", "S1 obj", "S2 nomatch", "S2 match", "S2 match"]),
    }
    raw = uci_vep.make_subject(volts, facts, np.array([1, 2, 0]))
    assert types_of(raw) == {"Fp1": "eeg", "HEOG": "eog", "CPz": "eeg"}
    np.testing.assert_array_equal(raw.get_data()[:, 256:512], volts[2][[0, 1, 3]])
    joins = raw.annotations[raw.annotations.description == "boundary"]
    assert joins.onset.tolist() == [1.0, 2.0]
    assert raw.annotations.description[raw.annotations.description != "boundary"].tolist() == [
        "S1 obj",
        "S1 obj",
        "S2 match",
    ]


def test_decoding_finds_planted_difference_and_chance(script):
    decode = script("decode")
    rng = np.random.default_rng(2)
    groups = np.repeat(["a", "b", "c"], 60)
    y = np.tile([True, False], 90)
    X = rng.normal(0, 1, (180, 3, 32))
    X[y, 0, 8:16] += 1.0
    features = decode.bin_means(X, 8)
    assert features.shape == (180, 12)
    assert features[0, 1] == pytest.approx(X[0, 0, 8:16].mean())
    assert min(decode.leave_one_out(features, y, groups).values()) > 0.85
    assert abs(np.mean(decode.permuted(features, y, groups, 10)) - 0.5) < 0.1


def test_eeglab_sample_keeps_its_format_events_and_positions(script, validate, test_data, tmp_path):
    script("eeglab_sample").convert(test_data, tmp_path)
    verdict = validate(tmp_path)
    assert (verdict["exit"], verdict["errors"]) == (0, 0)
    raw = read_back(tmp_path, subject="01", task="attention", extension=".set")
    counts = pd.Series(raw.annotations.description).value_counts()
    assert counts.to_dict() == {"square": 80, "rt": 74}
    assert [name for name, kind in types_of(raw).items() if kind == "eog"] == ["EOG1", "EOG2"]
    assert 5e-6 < np.median(raw.get_data(picks="eeg").std(axis=1)) < 100e-6
    assert np.isfinite(positions_of(raw)).all()
    front, back = (raw.info["chs"][raw.ch_names.index(name)]["loc"][1] for name in ("FPz", "Oz"))
    assert front > 0.05 > -0.05 > back


def test_format_samples_keep_their_formats(script, validate, test_data, tmp_path):
    positions = script("format_samples").convert(test_data, tmp_path)
    found = {"edf16": 16, "edf139": 0, "edfplus": 64, "bdf": 66, "brainvision": 26, "analyzer": 29}
    assert positions == found
    verdict = validate(tmp_path)
    assert (verdict["exit"], verdict["errors"]) == (0, 0)
    endings = {path.suffix for path in tmp_path.rglob("*_eeg.*")}
    assert endings == {".json", ".edf", ".bdf", ".vhdr", ".vmrk", ".eeg"}
    raw = read_back(tmp_path, subject="edfplus", task="sample", extension=".edf")
    assert pd.Series(raw.annotations.description).value_counts().to_dict() == {"T0": 19, "T1": 10, "T2": 9}
    assert raw.ch_names[0] == "Fc5."
    source = mne.io.read_raw(test_data / "formats" / "testbva.vhdr", verbose="error")
    copied = read_back(tmp_path, subject="analyzer", task="sample", extension=".vhdr")
    np.testing.assert_array_equal(copied.get_data(), source.get_data())


def test_muse_run_and_uci_subject_survive_the_round_trip(script, validate, test_data, tmp_path):
    muse, uci = tmp_path / "muse", tmp_path / "uci"
    facts = script("muse_n170").convert(test_data, muse, subjects=["1"], n_runs=1)
    counts = script("uci_vep").convert(test_data, uci, subjects=["co2a0000364"])
    assert counts == {"co2a0000364": 60}
    for root in (muse, uci):
        verdict = validate(root)
        assert (verdict["exit"], verdict["errors"]) == (0, 0)
    assert all(found["max_step_s"] < 12 / 256 for found in facts.values())
    raw = read_back(muse, subject="01", session="01", task="n170", run="01", extension=".vhdr")
    assert pd.Series(raw.annotations.description).value_counts().to_dict() == {"house": 108, "face": 89}
    assert 5e-6 < np.median(raw.get_data().std(axis=1)) < 50e-6
    raw = read_back(uci, subject="co2a0000364", task="matching", extension=".vhdr")
    counts = pd.Series(raw.annotations.description).value_counts()
    assert counts.to_dict() == {"boundary": 59, "S1 obj": 20, "S2 match": 20, "S2 nomatch": 20}
    assert raw.get_channel_types().count("eeg") == 61
    assert np.isfinite(positions_of(raw)).all()
    volts, facts = script("uci_vep").read_uci(test_data / "uci_vep" / "uci_vep.npz")
    rows = np.flatnonzero(facts["subject"] == "co2a0000364")
    first = rows[np.argmin(facts["trial"][rows])]
    expected = volts[first, list(facts["ch"]).index("PO8")]
    np.testing.assert_allclose(raw.get_data(picks="PO8")[0, :256], expected, atol=1e-12)


def test_tiny_bids_is_copied_writable(script, validate, test_data, tmp_path):
    assert script("tiny_bids").convert(test_data, tmp_path / "tiny") == 1
    assert validate(tmp_path / "tiny")["exit"] == 0
    for path in (tmp_path / "tiny").rglob("*"):
        assert path.stat().st_mode & 0o200
