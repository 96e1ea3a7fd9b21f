"""Datasets of OpenNeuro and NEMAR by way of EEGDash, opened as BIDS so that every epoch keeps its picture."""

import re
from pathlib import Path

import pandas as pd

from .. import bids
from .._checks import check_type, listing
from .._optional import require
from .._paths import check_writable, data_root
from ._braindecode import import_known
from ._descriptor import read_descriptor
from ._fetch._terms import check_terms
from ._load import load_dataset

# What this package knows more of: names of columns in events.tsv, terms, a recipe.
KNOWN = {
    "ds003825": "things_eeg1",
    "nm000133": "alljoined1",
    "nm000134": "alljoined_16m",
    "nm000232": "things_eeg2",
}
# Is there while a download runs, and stays when it breaks off.
_UNFINISHED = ".eegimg-unfinished"


def from_eegdash(name, root=None, subjects=None, *, accept_license=False):
    """Open a dataset that EEGDash knows, downloading what is not there.

    Parameters
    ----------
    name : str
        Its name at OpenNeuro or NEMAR, or the one that eegimg has for it ("things_eeg1"). Some that show
        pictures, as EEGDash 0.9.1 lists them: ``"ds003825"``
        (THINGS-EEG1), ``"nm000232"`` (THINGS-EEG2), ``"nm000133"`` (Alljoined1), ``"nm000134"``
        (Alljoined-1.6M), ``"ds004018"`` (200 objects at 5 and 20 Hz), ``"nm000132"`` (ERP CORE).
    root : path-like | None
        Folder that has, or gets, a folder of that name; EEGDash's ``cache_dir``. None takes ``eegdash`` in
        the data folder (EEGIMG_DATA).
    subjects : str | list of str | None
        BIDS labels ("01"). None takes all.
    accept_license : bool
        Whether you have read and accept the terms, which a download of Alljoined asks for: sources disagree
        on its licence.

    Returns
    -------
    dataset : Dataset
        The BIDS folder itself, with all that its events.tsv says of the pictures.

    Raises
    ------
    ImportError
        If something must be downloaded and EEGDash is not installed.
    TypeError, ValueError
        If ``name`` is no name, or terms must be accepted and are not.
    RuntimeError
        If the download fails.

    Notes
    -----
    The network is not used where the folder has everything: each subject that was asked for (all in
    participants.tsv for None) with the data file of each recording that is there, and no download of this
    function broken off. EEGDash gets recordings and their sidecars; pictures are not among them.
    """
    check_type("name", name, str, "from_eegdash", 'a name such as "ds003825"')
    name = next((accession for accession, ours in KNOWN.items() if ours == name), name)
    if not re.fullmatch("[A-Za-z0-9_-]+", name):
        raise ValueError(
            f"The 'name' parameter of from_eegdash must be a name such as 'ds003825'. Got {name!r} instead."
        )
    subjects = [subjects] if isinstance(subjects, str) else subjects
    root = data_root() / "eegdash" if root is None else Path(root)
    folder = root / name
    missing = _missing(folder, subjects)
    if missing:
        if name in KNOWN:
            check_terms(read_descriptor(KNOWN[name]), accept_license)
        _download(name, root, subjects, missing)
    return load_dataset(KNOWN.get(name), root=folder, subjects=subjects)


def _missing(folder, subjects):
    """Say what a folder lacks of what was asked for, as far as the folder itself can tell; or nothing."""
    if not folder.is_dir():
        return "there is no such folder"
    if (folder / _UNFINISHED).exists():
        return "a download of it was broken off"
    try:
        paths = bids.find_recordings(folder)
    except FileNotFoundError:
        return "it holds no recording"
    if subjects is None:
        table = folder / "participants.tsv"
        if not table.is_file():
            return "it has no participants.tsv that lists the subjects"
        people = pd.read_csv(table, sep="\t", dtype=str, encoding="utf-8-sig").get("participant_id", [])
        subjects = [str(label).removeprefix("sub-") for label in people]
    absent = sorted(set(subjects) - {path.subject for path in paths})
    if absent:
        return f"it has no recording of the subjects {listing(absent)}"
    broken = [path.fpath.name for path in paths if path.subject in subjects and not _has_data(path)]
    return f"it lacks the data of {listing(broken)}" if broken else ""


def _has_data(path):
    """Tell whether the files with a recording's samples are there; links of git-annex may lead nowhere."""
    files = [file.suffix for file in bids.recording_files(path)]
    return path.fpath.is_file() and (path.extension != ".vhdr" or bool({".eeg", ".dat"} & set(files)))


def _download(name, root, subjects, missing):
    """Have EEGDash download a dataset, or some subjects of it."""
    # eegdash itself is quick to import; the warnings come with the module that has the class.
    require("eegdash", f"from_eegdash: {root / name} is not complete ({missing}), and the download", "data")
    package = import_known("eegdash.dataset", "from_eegdash", "data")
    mark = check_writable(root / name) / _UNFINISHED
    mark.touch()
    query = {} if subjects is None else {"subject": list(subjects)}
    try:
        dataset = package.EEGDashDataset(cache_dir=root, dataset=name, **query)
        dataset.download_all()
    except Exception as err:
        # Three clients for three kinds of server raise what they like: one sentence for all of it.
        lines = [line.strip(" .") for line in str(err).splitlines() if line.strip()] or [type(err).__name__]
        raise RuntimeError(
            f"EEGDash could not download {name}: {lines[0]}. Look at the name and the connection; or open "
            f"what is in {root / name} with eegimg.load_dataset(None, root=...)."
        ) from err
    lost = [str(part.bidspath.basename) for part in dataset.datasets if not Path(part.filecache).exists()]
    if lost:
        raise RuntimeError(
            f"EEGDash downloaded {name} without {listing(lost)}. Call again; what is there is kept."
        )
    mark.unlink()
