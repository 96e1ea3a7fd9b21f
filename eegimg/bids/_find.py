"""Which recordings a BIDS dataset has, and which files belong to each."""

import pathlib
import re

import mne_bids

from .._checks import listing, suggest
from ._conversion import check_finished
from ._labels import as_labels, find_label
from ._sidecars import read_json

EXTENSIONS = (".vhdr", ".edf", ".bdf", ".set", ".fif")


def find_recordings(bids_root, *, subjects=None, sessions=None, tasks=None, runs=None):
    """List the EEG recordings of a BIDS dataset.

    Parameters
    ----------
    bids_root : path-like
        Folder with dataset_description.json and sub-* folders.
    subjects, sessions, tasks, runs : str | int | list of str or int | None
        Keep only these; "01", "1", 1 and "sub-01" are the same. None keeps all.

    Returns
    -------
    bids_paths : list of mne_bids.BIDSPath
        Sorted by name; a split recording once.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, no EEG in it, or an asked subject is not there.
    RuntimeError
        If one recording is there in two formats, or the conversion that made the dataset is not finished.
    """
    root = pathlib.Path(bids_root).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"The BIDS dataset {root} was asked for; there is no such folder.")
    check_finished(root, subjects)
    # ignore_nosub: what lies in derivatives/ and sourcedata/ is no recording of this dataset.
    found = mne_bids.find_matching_paths(
        root, datatypes="eeg", suffixes="eeg", extensions=EXTENSIONS, ignore_nosub=True
    )
    # Results beside the raw data that they come from are no recordings; a derivative dataset holds only such.
    derivative = read_json(root / "dataset_description.json").get("DatasetType") == "derivative"
    found = [
        path for path in found if path.split in (None, "01", "1") and (derivative or path.description is None)
    ]
    if not found:
        raise FileNotFoundError(
            f"{root} holds no EEG recording. Looked for sub-*/[ses-*/]eeg/*_eeg with the endings "
            f"{', '.join(EXTENSIONS)}. Give the folder that holds dataset_description.json."
        )
    for entity, wanted in {"subject": subjects, "session": sessions, "task": tasks, "run": runs}.items():
        found = _only(found, entity, wanted, root)
    _refuse_doubles(found)
    return sorted(found, key=lambda path: str(path.fpath))


def _refuse_doubles(found):
    files = {}
    for path in found:
        other = files.setdefault((path.directory, path.fpath.stem), path)
        if other is path:
            continue
        if other.fpath == path.fpath:
            raise RuntimeError(
                f"{path.fpath.name} lies in two folders. The name of a recording must begin with that of its "
                "folder, sub-01; rename one, or move it out of the dataset."
            )
        raise RuntimeError(
            f"The recording {path.fpath.stem} is there twice, as {other.fpath.name} and {path.fpath.name}. "
            "Keep one of them in the dataset, the other in its sourcedata folder."
        )


def _only(found, entity, wanted, root):
    if wanted is None:
        return found
    there = sorted({str(getattr(path, entity)) for path in found})
    chosen = []
    for asked in as_labels(wanted, f"{entity}s", "find_recordings"):
        label = find_label(asked, there, entity)
        if label is None:
            raise FileNotFoundError(
                f"The {entity} {str(asked)!r} was asked for; {root} has {listing(there)}."
                f"{suggest(asked, there)}"
            )
        chosen.append(label)
    return [path for path in found if str(getattr(path, entity)) in chosen]


def read_sidecar(bids_path):
    """Return the merged eeg.json fields of a recording (empty where there is none)."""
    fields = {}
    for file in inherited_files(bids_path, "eeg.json"):
        fields |= read_json(file)
    return fields


def inherited_files(bids_path, ending):
    """List the files of one kind that apply to a recording, the most general first.

    BIDS lets task-x_eeg.json at the top of a dataset stand for every recording of that task.
    """
    root, entities = pathlib.Path(bids_path.root), set(bids_path.basename.split("_"))
    folders = [folder for folder in bids_path.directory.parents if folder == root or root in folder.parents]
    files = []
    for folder in [*reversed(folders), bids_path.directory]:
        for file in sorted(folder.glob(f"*{ending}"), key=lambda file: (len(file.name), file.name)):
            if {part for part in file.name.removesuffix(ending).split("_") if part} <= entities:
                files.append(file)
    return files


def recording_files(bids_path):
    """List the files that make up one recording: data, and every sidecar that applies to it, sorted."""
    stem = re.sub(r"_split-[0-9]+", "", bids_path.fpath.stem).removesuffix("_eeg")
    directory = bids_path.directory
    own = [file for file in directory.glob(f"{stem}_*") if file.is_file()]
    shared_names = [directory.glob(f"*{suffix}") for suffix in ("electrodes.tsv", "coordsystem.json")]
    shared = [file for names in shared_names for file in names]
    inherited = [
        file
        for ending in ("eeg.json", "events.json", "channels.json", "events.tsv", "channels.tsv")
        for file in inherited_files(bids_path, ending)
    ]
    return sorted({*own, *shared, *inherited})
