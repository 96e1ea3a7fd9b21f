"""Small BIDS sets in every format, from recordings whose samples, events and places are known."""

import hashlib
import json
import shutil

import mne
import mne_bids
import numpy as np
import pytest

NAMES = "Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T7 T8 Fz Cz".split()


@pytest.fixture(scope="session")
def make_raw():
    """Return a function that makes smooth noise in which faces and houses come in turn."""

    def make(names=NAMES[:8], seconds=20.0, sfreq=128.0, seed=0, first=2.0, positions=True, line_freq=50.0):
        rng = np.random.default_rng(seed)
        n_times = round(seconds * sfreq)
        data = np.cumsum(rng.standard_normal((len(names), n_times)), axis=1)
        data = 20e-6 * (data - data.mean(axis=1, keepdims=True)) / data.std(axis=1, keepdims=True)
        info = mne.create_info(list(names), sfreq, "eeg")
        info["line_freq"] = line_freq
        raw = mne.io.RawArray(data, info, verbose="error")
        if positions:
            raw.set_montage("colin27_1005", on_missing="ignore")
        onsets = np.arange(first, seconds - 1.0, 1.0)
        kinds = ["face" if i % 2 == 0 else "house" for i in range(len(onsets))]
        extras = [
            {"stim_file": f"{kind}_{i:02d}.png", "image": f"{kind}_{i:02d}"} for i, kind in enumerate(kinds)
        ]
        raw.set_annotations(mne.Annotations(onsets, 0.1, kinds, extras=extras))
        return raw

    return make


@pytest.fixture
def write_bids(tmp_path):
    """Return a function that writes a recording into a dataset and returns its path."""

    def write(raw, format="BrainVision", root=tmp_path / "bids", subject="01", task="images", **entities):
        path = mne_bids.BIDSPath(root=root, subject=subject, task=task, datatype="eeg", **entities)
        written = mne_bids.write_raw_bids(
            raw,
            path,
            format="BrainVision" if format == "FIF" else format,
            allow_preload=True,
            overwrite=True,
            extra_columns_descriptions={"stim_file": "Picture shown.", "image": "Its name."},
            verbose="error",
        )
        if format == "FIF":  # BIDS does not know it for EEG; labs have it all the same
            for file in written.directory.glob(f"{written.fpath.stem}.[ve]*"):
                file.unlink()
            written = written.copy().update(extension=".fif", check=False)
            raw.save(written.fpath, overwrite=True, verbose="error")
        return written

    return write


@pytest.fixture
def digests():
    """Return a function that maps every file of a folder to the digest of its bytes."""

    def take(folder):
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return {
            str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
        }

    return take


@pytest.fixture
def edit_json():
    """Return a function that changes fields of a JSON file; None removes one."""

    def edit(file, **fields):
        known = json.loads(file.read_text(encoding="utf-8-sig")) | fields
        text = json.dumps({key: value for key, value in known.items() if value is not None})
        file.write_text(text, encoding="utf-8")

    return edit


@pytest.fixture
def tiny_bids(test_data, tmp_path):
    """Return a copy of a real dataset with two coordinate systems."""
    return shutil.copytree(test_data / "tiny_bids" / "tiny_bids", tmp_path / "tiny_bids")
