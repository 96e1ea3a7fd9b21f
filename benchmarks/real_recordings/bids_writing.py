"""Write one recording into a BIDS dataset, and ask the BIDS validator about the result."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mne
import pandas as pd
from mne_bids import BIDSPath, make_dataset_description, update_sidecar_json, write_raw_bids

TEMPLATE = "colin27_1005"


def template_montage(ch_names, spelled=None, at_least=0.75):
    """Give channels the positions of their 10-05 names on MNE's template head.

    Parameters
    ----------
    ch_names : list of str
        EEG channels, spelled as in the recording.
    spelled : dict or None
        ``{name in the recording: 10-05 name}`` where the two differ in more than case.
    at_least : float
        Share of ``ch_names`` that must be found. Below it the names belong to another scheme
        (BioSemi's A1 ... H16 also hold an "A1" and an "A2") and nothing is returned.

    Returns
    -------
    montage : mne.channels.DigMontage or None
        Positions under the recording's own names; channels without a 10-05 name are absent.
    """
    template = mne.channels.make_standard_montage(TEMPLATE)
    positions = template.get_positions()
    by_lower = {name.lower(): xyz for name, xyz in positions["ch_pos"].items()}
    spelled = {} if spelled is None else spelled
    found = {}
    for name in ch_names:
        xyz = by_lower.get(spelled.get(name, name).lower())
        if xyz is not None:
            found[name] = xyz
    if len(found) < at_least * len(ch_names):
        return None
    fiducials = {key: positions[key] for key in ("nasion", "lpa", "rpa")}
    return mne.channels.make_dig_montage(found, coord_frame="mri", **fiducials)


def write_recording(raw, bids_path, sidecar=None):
    """Write one recording; a file in a format that BIDS knows is copied, an array is written as BrainVision.

    Parameters
    ----------
    raw : mne.io.Raw
        Read from a file (not preloaded), or made from an array.
    bids_path : BIDSPath
        Where it goes: subject, task and, where there are some, session and run; ``root``.
    sidecar : dict or None
        What is known for ``_eeg.json`` and cannot be held by ``raw``: RecordingType, EEGReference.

    Returns
    -------
    bids_path : BIDSPath
        The data file that was written.
    """
    in_memory = bool(raw.preload)
    written = write_raw_bids(
        raw,
        bids_path.copy().update(datatype="eeg"),
        allow_preload=in_memory,
        format="BrainVision" if in_memory else "auto",
        readme=False,
        verbose="error",
    )
    if sidecar:
        json_path = written.copy().update(suffix="eeg", extension=".json", datatype="eeg")
        update_sidecar_json(json_path, sidecar, verbose="error")
    return written


def describe_dataset(root, name, source, participants=None):
    """Write dataset_description.json and the README, and add columns to participants.tsv.

    Parameters
    ----------
    root : Path
        The BIDS dataset.
    name, source : str
        The dataset's name; what it was made from and how, for the README.
    participants : dict or None
        ``{column: {subject label: value}}``.
    """
    root = Path(root)
    make_dataset_description(
        path=root,
        name=name,
        dataset_type="raw",
        generated_by=[{"Name": "eegimg benchmarks/real_recordings"}],
        overwrite=True,
        verbose="error",
    )
    (root / "README").write_text(f"{name}\n{'=' * len(name)}\n\n{source.strip()}\n", encoding="utf-8")
    if participants:
        path = root / "participants.tsv"
        table = pd.read_csv(path, sep="\t", keep_default_na=False, dtype=str)
        about = json.loads((root / "participants.json").read_text(encoding="utf-8"))
        for column, values in participants.items():
            table[column] = [values[label.removeprefix("sub-")] for label in table["participant_id"]]
            about[column] = {"Description": f"{column} as given by the source"}
        table.to_csv(path, sep="\t", index=False)
        (root / "participants.json").write_text(json.dumps(about, indent=2), encoding="utf-8")


def validate(root):
    """Run bids-validator-deno on a dataset.

    Returns
    -------
    verdict : dict
        ``exit`` (0 is valid), ``errors`` and ``warnings`` (how many), ``error_codes`` and
        ``warning_codes`` ({code: how many files}).

    Raises
    ------
    FileNotFoundError
        The validator is neither beside this Python nor on PATH.
    """
    beside = Path(sys.executable).with_name("bids-validator-deno")
    command = str(beside) if beside.exists() else shutil.which("bids-validator-deno")
    if command is None:
        raise FileNotFoundError("bids-validator-deno was not found. Run: pip install bids-validator-deno")
    arguments = [command, str(root), "--format", "json"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    verdict = {"exit": done.returncode}
    for severity in ("error", "warning"):
        codes = [issue["code"] for issue in issues if issue["severity"] == severity]
        verdict[f"{severity}s"] = len(codes)
        verdict[f"{severity}_codes"] = {code: codes.count(code) for code in sorted(set(codes))}
    return verdict


def recording_path(root, subject, task, session=None, run=None):
    """Return the BIDSPath of one recording; labels as in the file name, without their keys."""
    return BIDSPath(root=root, subject=subject, session=session, task=task, run=run, datatype="eeg")
