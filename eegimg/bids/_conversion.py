"""What a conversion to BIDS has left beside what it made, read before anything of it is used."""

import pathlib

from .._checks import listing
from ._labels import as_labels, find_label
from ._sidecars import read_json

RECORD = pathlib.PurePath("sourcedata", "eegimg", "conversion.json")
_KINDS = {"Dataset": str, "SourceFiles": list, "Wanted": list, "Subjects": dict}


def read_conversion(bids_root):
    """Read the record of the conversion that made a BIDS folder.

    Parameters
    ----------
    bids_root : path-like
        Any BIDS folder.

    Returns
    -------
    record : dict
        Dataset, Description (None for raw data), SourceFiles, Wanted (labels of subjects), Subjects (label to
        Recordings, Events, Bytes and Files: path to size) and GeneratedBy; empty where no conversion was.

    Raises
    ------
    RuntimeError
        If the file is not what a conversion writes.
    """
    file = pathlib.Path(bids_root) / RECORD
    record = read_json(file)
    if not record:
        return {}
    wrong = [key for key, kind in _KINDS.items() if not isinstance(record.get(key), kind)]
    subjects = record["Subjects"] if "Subjects" not in wrong else {}
    if wrong or not all(_is_subject(label, written) for label, written in subjects.items()):
        raise RuntimeError(
            f"{file} is not what eegimg.convert_dataset wrote: {listing(wrong or ['Subjects'])} cannot be "
            "read. Convert into an empty folder again."
        )
    return record


def _is_subject(label, written):
    """Tell whether an entry of the record has a label that leads nowhere and the files of that subject."""
    return (
        label.isalnum()
        and isinstance(written, dict)
        and isinstance(written.get("Files"), dict)
        and all(name.startswith(f"sub-{label}/") and ".." not in name for name in written["Files"])
    )


def find_damage(bids_root, label, written):
    """Return the first file of a converted subject that is missing, or whose samples have another size.

    Parameters
    ----------
    bids_root : path-like
        The BIDS folder.
    label : str
        The subject.
    written : dict
        Its entry in the record.

    Returns
    -------
    name : str | None
        Path in the folder. Tables may have been edited: only the size of samples counts.
    """
    for name, size in written["Files"].items():
        file = pathlib.Path(bids_root) / name
        if not file.is_file() or (file.suffix == ".eeg" and file.stat().st_size != size):
            return name
    return None


def check_finished(bids_root, subjects):
    """Refuse to use what a conversion has not finished, or what has been damaged since.

    Parameters
    ----------
    bids_root : path-like
        A BIDS folder, converted or not.
    subjects : str | list of str | None
        Those that are to be used; None means all that were to be converted.

    Raises
    ------
    RuntimeError
        If one of them is not converted yet, or a file of it is missing.
    """
    record = read_conversion(bids_root)
    if not record:
        return
    done, wanted = record["Subjects"], record["Wanted"]
    asked = wanted if subjects is None else as_labels(subjects, "subjects", "load_dataset")
    asked = [label for label in (find_label(label, wanted, "subject") for label in asked) if label]
    missing = [label for label in asked if label not in done]
    if missing:
        rest = f", or take only the subjects {listing(sorted(done), 20)}" if done else ""
        raise RuntimeError(
            f"The conversion of {record['Dataset']} into {bids_root} is not finished: {listing(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. Run eegimg.convert_dataset again, which goes "
            f"on where it stopped{rest}."
        )
    for label in asked:
        name = find_damage(bids_root, label, done[label])
        if name:
            raise RuntimeError(
                f"{name} is missing from {bids_root}, or not as it was converted. Run "
                "eegimg.convert_dataset again, which makes that subject anew."
            )
