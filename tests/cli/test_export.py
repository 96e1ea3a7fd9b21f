"""``eegimg export``: a store and one file from a folder of results, and what it says."""

import re

import pytest

import eegimg
from eegimg.preprocessing import MakeEpochs
from eegimg.store import read_store


@pytest.fixture(scope="session")
def derivatives(simulated, tmp_path_factory):
    """Preprocess the simulated dataset once."""
    out = tmp_path_factory.mktemp("export") / "derivatives"
    recipe = eegimg.Pipeline(MakeEpochs(tmin=-0.1, tmax=0.4), name="quick")
    eegimg.preprocess_dataset(simulated, out, recipe=recipe, report=False)
    return out


def test_a_store_is_written_and_summed_up(call, derivatives, tmp_path):
    result = call("export", derivatives, "--out", tmp_path / "store")
    assert result.exit_code == 0
    store = read_store(tmp_path / "store").verify()
    counts = ", ".join(f"{part} {count}" for part, count in store.manifest["split"]["counts"].items())
    first, second = result.stdout.splitlines()
    assert re.fullmatch(
        rf"{tmp_path / 'store'}: 60 epochs of 2 recordings, 16 channels, 63 samples at 125 Hz, 0\.2 MB\.",
        first,
    )
    assert second == f"Split: {counts}. Design: {store.manifest['audit']['verdict']}."
    assert len(store) == 60
    assert result.stderr.count("done") == 2


def test_subjects_are_added_one_by_one_and_one_file_is_written(call, derivatives, tmp_path):
    for subject in ("02", "01"):
        options = ("--subject", subject, "--add", "--recipe", "quick")
        assert call("export", derivatives, "--out", tmp_path / "store", *options).exit_code == 0
    again = call("export", derivatives, "--out", tmp_path / "store", "--add", "--hdf5", tmp_path / "one.h5")
    assert again.stderr.count("cached") == 2
    assert re.search(rf"^Copy: {tmp_path / 'one.h5'}, 0\.\d MB\.$", again.stdout, re.MULTILINE)
    assert read_store(tmp_path / "one.h5").fingerprint == read_store(tmp_path / "store").fingerprint
    assert read_store(tmp_path / "store").metadata["subject"].unique().tolist() == ["01", "02"]


def test_errors_are_one_sentence_and_exit_code_2(call, derivatives, tmp_path):
    call("export", derivatives, "--out", tmp_path / "store")
    for arguments, sentence in {
        (
            derivatives,
            "--out",
            tmp_path / "store",
        ): "holds a finished store of 60 epochs. Choose another folder",
        (tmp_path, "--out", tmp_path / "other"): "holds no finished epochs",
        (derivatives, "--out", tmp_path / "other", "--recipe", "quik"): "Did you mean 'quick'?",
        (derivatives, "--out", tmp_path / "other", "--split", "fold"): "Got 'fold' instead; they have",
    }.items():
        result = call("export", *arguments)
        assert result.exit_code == 2
        assert sentence in result.stderr
    assert (
        call("export", derivatives, "--out", tmp_path / "store", "--overwrite", "--split", "").exit_code == 0
    )
    assert read_store(tmp_path / "store").manifest["split"] is None
