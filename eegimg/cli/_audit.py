"""Audits of epochs on disk: one subject at a time, or all together where the split or the label needs it."""

import functools
import pathlib
import re
import urllib.parse
import urllib.request
import warnings

import mne

from .. import bids
from .._checks import listing
from .._paths import check_writable
from ..datasets import load_dataset, read_descriptor
from ..datasets._identity import identify_dataset
from ..datasets._load._design import with_design
from ..datasets._load._epochs import join_epochs
from ..report import write_audit_report
from ..validity import audit_design

_EPOCHS = ("epo.fif", "epo.fif.gz")


def run_audits(path, *, subjects=None, recipe=None, together=False, out=None, watch=None, **options):
    """Audit the epochs of each subject, and write a JSON and a page of each audit.

    Parameters
    ----------
    path : path-like
        A file of epochs, a folder that ``eegimg preprocess`` wrote, or a BIDS dataset.
    subjects : list of str | None
        Which subjects. None takes all.
    recipe : str | None
        Of a folder with results of several recipes, or to run on a BIDS dataset.
    together : bool
        One audit of all subjects. So it is as well where the split or the label does not change within the
        first one.
    out : path-like | None
        Folder for ``sub-01_audit.json`` and ``.html``, ``audit.json`` and ``.html`` of all together.
    watch : callable | None
        Called with (row, n_done, n_total) after each audit.
    **options
        As for :func:`eegimg.validity.audit_design`.

    Returns
    -------
    rows : list of dict
        recording, status (the verdict, or failed), reason, audit (None where it failed), page, seconds.
    remarks : list of str
        What was decided on the way.

    Raises
    ------
    FileNotFoundError
        If there are no such epochs.
    ValueError
        If the first audit is refused: what is wrong with the options is wrong with all.
    """
    path = pathlib.Path(path).expanduser()
    names, read = open_epochs(path, subjects, recipe)
    read = functools.lru_cache(maxsize=1)(read)
    if out is not None:
        if bids.read_json(path / "dataset_description.json").get("DatasetType") != "derivative":
            bids.check_outside(path, out, "output folder")
        out = check_writable(out)
    remarks, chosen = [], [None] if together and len(names) > 1 else names or [None]
    if len(chosen) > 1:
        column = _constant(read(names[0]), options)
        if column is not None:
            remarks.append(f"{column!r} does not change within a subject: all subjects are audited together.")
            chosen = [None]
    rows = []
    for name in chosen:
        try:
            row = _audit_one(name, read(name), out, options)
        except (ValueError, TypeError, RuntimeError, OSError) as err:
            if not rows:
                raise
            reason = " ".join(str(err).split())
            row = {"status": "failed", "reason": reason, "audit": None, "page": None, "seconds": None}
        rows.append({"recording": _call(name, names, path)} | row)
        if watch is not None and len(chosen) > 1:
            watch(rows[-1], len(rows), len(chosen))
    return rows, remarks


def _call(name, names, path):
    if name is None:
        return f"all {len(names)} subjects" if names else path.name
    return f"sub-{name}"


def _audit_one(name, epochs, out, options):
    audit = audit_design(epochs, **options)
    page = None
    if out is not None:
        stem = "audit" if name is None else f"sub-{name}_audit"
        audit.to_json(out / f"{stem}.json")
        page = write_audit_report(audit, out / f"{stem}.html")
    return {
        "status": audit.verdict,
        "reason": audit.reason,
        "audit": audit,
        "page": page,
        "seconds": audit.seconds,
    }


def _constant(epochs, options):
    """Name the column, of the split or the label, that has one value in these epochs; None for none."""
    metadata, split = epochs.metadata, options.get("split") or "split"
    columns = [name for name in (split, options.get("label", "concept")) if isinstance(name, str)]
    known = [name for name in columns if metadata is not None and name in metadata]
    return next((name for name in known if metadata[name].nunique(dropna=False) == 1), None)


def open_epochs(path, subjects=None, recipe=None):
    """Find epochs on disk.

    Parameters
    ----------
    path : pathlib.Path
        As for :func:`run_audits`.
    subjects : list of str | None
        Which subjects.
    recipe : str | None
        Which recipe.

    Returns
    -------
    names : list of str
        Subjects; empty where the file does not say.
    read : callable
        Gives the epochs of one of the names, or for None of all.

    Raises
    ------
    FileNotFoundError
        If there is no such path, or no epochs in it.
    ValueError
        If it is another kind of file, or several recipes are there and none is named.
    """
    if path.is_file():
        return _open_file(path, subjects, recipe)
    if not path.is_dir():
        raise FileNotFoundError(f"{path} was asked for; there is no such file or folder.")
    sidecars = sorted(path.glob("sub-*/**/*_desc-*_epo.json"))
    if sidecars:
        return _open_derivatives(path, sidecars, subjects, recipe)
    dataset = load_dataset(None, root=path, subjects=subjects)
    return sorted(dataset.recordings["subject"].unique()), lambda name: dataset.epochs(
        subject=name, pipeline=recipe
    )


def _open_file(path, subjects, recipe):
    if not path.name.endswith(_EPOCHS):
        raise ValueError(
            f"{path.name} is no file of epochs. Give one whose name ends in epo.fif, a folder that eegimg "
            "preprocess wrote, or a BIDS dataset."
        )
    if recipe is not None:
        raise ValueError(
            f"The recipe {recipe!r} was asked for; {path.name} holds epochs that are made already."
        )
    with warnings.catch_warnings():
        # MNE 1.13 reads metadata in a way that pandas 3.1 means to drop, and has opinions on names of files.
        warnings.filterwarnings("ignore", message="The inplace keyword in DataFrame.set_index")
        warnings.filterwarnings("ignore", message="This filename")
        epochs = mne.read_epochs(path, verbose="error")
    if epochs.metadata is not None and "subject" in epochs.metadata:
        of = epochs.metadata["subject"].astype(str)
        there = sorted(of.unique())
        odd = [name for name in there if not name.isalnum()]
        if odd:
            raise ValueError(
                f"{path.name} has the subject {odd[0]!r}; a subject's name must be letters and digits, "
                "because files are named after it."
            )
        names = _chosen(there, subjects, path)
        return names, lambda name: epochs[of.isin(names if name is None else [name]).to_numpy()]
    found = re.match(r"sub-([A-Za-z0-9]+)_", path.name)
    return _chosen([found[1]] if found else [], subjects, path), lambda name: epochs


def _open_derivatives(path, sidecars, subjects, recipe):
    of = {file: re.search(r"_desc-([A-Za-z0-9]+)_epo$", file.stem)[1] for file in sidecars}
    recipes = sorted(set(of.values()))
    if recipe is None and len(recipes) > 1:
        raise ValueError(f"{path} holds epochs of the recipes {listing(recipes)}. Choose one with --recipe.")
    wanted = recipes[0] if recipe is None else recipe
    if wanted not in recipes:
        raise ValueError(f"The recipe {wanted!r} was asked for; {path} holds epochs of {listing(recipes)}.")
    by_subject = {}
    for file in sidecars:
        if of[file] == wanted:
            subject = file.name.split("_")[0].removeprefix("sub-")
            by_subject.setdefault(subject, []).append(file)
    names, facts = _chosen(sorted(by_subject), subjects, path), _known_facts(path)

    def read(name):
        files = [file for subject in (names if name is None else [name]) for file in by_subject[subject]]
        epochs = join_epochs([bids.read_result(file) for file in files], [file.stem for file in files])
        if epochs.metadata is not None:
            with mne.utils.use_log_level("error"):
                epochs.metadata = with_design(epochs.metadata, facts)
        return epochs

    return names, read


def _known_facts(path):
    """Return what is known of the dataset that results come from, where it is on this machine, or None."""
    links = bids.read_json(path / "dataset_description.json").get("DatasetLinks")
    link = urllib.parse.urlparse(str(links.get("raw", "")) if isinstance(links, dict) else "")
    source = pathlib.Path(urllib.request.url2pathname(link.path))
    name = identify_dataset(source) if link.scheme == "file" and source.is_dir() else None
    return read_descriptor(name) if name else None


def _chosen(there, subjects, path):
    """Return the subjects asked for, as they are called there."""
    if subjects is None:
        return there
    names = [bids.find_label(subject, there, "subject") for subject in subjects]
    if None in names:
        asked = subjects[names.index(None)]
        raise ValueError(f"The subject {asked!r} was asked for; {path} has {listing(there)}.")
    return list(dict.fromkeys(names))
