"""Which files belong to which subject, read from their paths."""

import pathlib
import re

from ..._checks import check_type, listing

# sub-01_..., sub01.zip, S1.mat, s01_..., subject_3: at the start of a folder's or file's name.
_SUBJECT = re.compile(r"(?:sub-([a-z0-9]+)|(?:subject|subj|sub|s)[-_]?(\d+))(?=[_.]|$)", re.IGNORECASE)


def subject_of(path):
    """Return the label in the first part of a path that has one ("01", "xp204"), or None."""
    for part in pathlib.PurePosixPath(path).parts:
        found = _SUBJECT.match(part)
        if found:
            return found[1] or found[2]
    return None


def _same(label):
    """Return what two spellings of a label have in common: "1", "01" and "sub-01" are one subject."""
    label = str(label).removeprefix("sub-")
    return label.lstrip("0") or "0" if label.isdigit() else label


def choose_files(files, subjects, name):
    """Return the files of some subjects, and those that belong to none.

    Parameters
    ----------
    files : list of RemoteFile or Entry
        Their ``path`` is looked at.
    subjects : None | str | list of str
        Labels; None takes everything.
    name : str
        Dataset, for the sentence.

    Returns
    -------
    files : list
        In the same order.

    Raises
    ------
    ValueError
        If a subject has no file, saying which subjects have.
    """
    if subjects is None:
        return files
    check_type("subjects", subjects, (str, list, tuple, set), "fetch_dataset", "labels of subjects or None")
    wanted = [subjects] if isinstance(subjects, str) else list(subjects)
    labels = {_same(label): label for label in (subject_of(file.path) for file in files) if label is not None}
    missing = [label for label in wanted if _same(label) not in labels]
    if missing or not wanted:
        there = listing(sorted(labels.values()), 100)
        raise ValueError(
            f"The subjects {listing(missing)} of {name} were asked for; its files have the subjects {there}. "
            + ("Give some of them." if labels else "Leave 'subjects' out: the files hold everybody.")
        )
    keep = {_same(label) for label in wanted} | {None}
    return [file for file in files if _label(file.path) in keep]


def _label(path):
    label = subject_of(path)
    return None if label is None else _same(label)
