"""Which recordings a BIDS dataset has, and which files belong to each."""

import json
import pathlib

import mne_bids

from .._checks import listing, suggest

EXTENSIONS = (".vhdr", ".edf", ".bdf", ".set", ".fif")


def find_recordings(bids_root, *, subjects=None, sessions=None, tasks=None, runs=None):
    """List the EEG recordings of a BIDS dataset.

    Parameters
    ----------
    bids_root : path-like
        Folder with dataset_description.json and sub-* folders.
    subjects, sessions, tasks, runs : str | list of str | None
        Keep only these labels ("01", not "sub-01"). None keeps all.

    Returns
    -------
    bids_paths : list of mne_bids.BIDSPath
        Sorted by name; a split recording once.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, no EEG in it, or an asked subject is not there.
    """
    root = pathlib.Path(bids_root)
    if not root.is_dir():
        raise FileNotFoundError(f"The BIDS dataset {root} was asked for; there is no such folder.")
    found = mne_bids.find_matching_paths(root, datatypes="eeg", suffixes="eeg", extensions=EXTENSIONS)
    found = [path for path in found if path.split in (None, "01", "1") and path.description is None]
    if not found:
        raise FileNotFoundError(
            f"{root} holds no EEG recording. Looked for sub-*/[ses-*/]eeg/*_eeg with the endings "
            f"{', '.join(EXTENSIONS)}. Give the folder that holds dataset_description.json."
        )
    for entity, wanted in {"subject": subjects, "session": sessions, "task": tasks, "run": runs}.items():
        found = _only(found, entity, wanted, root)
    return sorted(found, key=lambda path: str(path.fpath))


def _only(found, entity, wanted, root):
    if wanted is None:
        return found
    short = {"subject": "sub-", "session": "ses-", "task": "task-", "run": "run-"}[entity]
    wanted = [str(label).removeprefix(short) for label in ([wanted] if isinstance(wanted, str) else wanted)]
    there = sorted({str(getattr(path, entity)) for path in found})
    for label in wanted:
        if label not in there:
            raise FileNotFoundError(
                f"The {entity} {label!r} was asked for; {root} has {listing(there)}.{suggest(label, there)}"
            )
    return [path for path in found if str(getattr(path, entity)) in wanted]


def read_sidecar(bids_path):
    """Return the merged eeg.json fields of a recording (empty where there is none)."""
    fields = {}
    for folder in reversed([bids_path.directory, *bids_path.directory.parents]):
        if folder != bids_path.root and pathlib.Path(bids_path.root) not in folder.parents:
            continue
        for candidate in sorted(folder.glob("*_eeg.json"), key=lambda file: len(file.name)):
            entities = candidate.name.removesuffix("_eeg.json").split("_")
            if set(entities) <= set(bids_path.basename.split("_")):
                fields |= json.loads(candidate.read_text(encoding="utf-8-sig"))
        for candidate in sorted(folder.glob("eeg.json")):
            fields |= json.loads(candidate.read_text(encoding="utf-8-sig"))
    return fields


def recording_files(bids_path):
    """List the files that make up one recording: data, and every sidecar of it beside them, sorted."""
    stem = bids_path.basename.removesuffix(bids_path.fpath.suffix).removesuffix("_eeg")
    directory = bids_path.directory
    own = [file for file in directory.glob(f"{stem}_*") if file.is_file()]
    shared_names = [directory.glob(f"*{suffix}") for suffix in ("electrodes.tsv", "coordsystem.json")]
    shared = [file for names in shared_names for file in names if f"sub-{bids_path.subject}" in file.name]
    inherited = [
        file
        for name in ("eeg", "events", "channels")
        for file in pathlib.Path(bids_path.root).glob(f"*{name}.json")
    ]
    return sorted({*own, *shared, *inherited})
