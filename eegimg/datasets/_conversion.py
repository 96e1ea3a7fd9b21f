"""How far a conversion has come: written beside what it made, read before anything of it is loaded."""

import hashlib
import pathlib
import shutil

from .. import __version__
from .._checks import listing
from .._paths import data_root, write_text
from ..bids import json_text, read_json

RECORD = pathlib.PurePath("sourcedata", "eegimg", "conversion.json")
TEMPORARY = ".eegimg-"
_ENDS = 2**20


def converted_root(name):
    """Return the folder that a dataset is converted into where the user names none."""
    return data_root() / name / "bids"


def read_conversion(bids_root):
    """Return the record of the conversion that made a BIDS folder, empty where none did."""
    return read_json(pathlib.Path(bids_root) / RECORD)


def check_finished(bids_root, subjects):
    """Refuse to load what a conversion has not finished.

    Parameters
    ----------
    bids_root : path-like
        A BIDS folder, converted or not.
    subjects : str | list of str | None
        Those that the user asked for.

    Raises
    ------
    RuntimeError
        If a subject asked for is not converted yet.
    """
    record = read_conversion(bids_root)
    if not record:
        return
    asked = [subjects] if isinstance(subjects, str) else subjects
    asked = record["Wanted"] if asked is None else [str(label).removeprefix("sub-") for label in asked]
    missing = [label for label in asked if label in record["Wanted"] and label not in record["Subjects"]]
    if missing:
        done = sorted(record["Subjects"])
        rest = f", or load only subjects={done}" if done else ""
        raise RuntimeError(
            f"The conversion of {record['Dataset']} into {bids_root} is not finished: {listing(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. Run eegimg.convert_dataset again, which goes "
            f"on where it stopped{rest}."
        )


def start_record(bids_root, facts, source, wanted):
    """Begin or go on with a conversion: refuse foreign folders, clear what was cut off.

    Parameters
    ----------
    bids_root : pathlib.Path
        New, empty, or begun by the same conversion.
    facts : Descriptor
        The dataset.
    source : eegimg.io.Source
        The published files.
    wanted : list of str
        Labels of the subjects asked for now.

    Returns
    -------
    record : dict
        Dataset, Description, SourceFiles, Wanted, Subjects (label to what was written), GeneratedBy.

    Raises
    ------
    ValueError
        If the folder holds something else, or the same dataset made of other files.
    """
    record = read_conversion(bids_root)
    files = [_describe(file) for file in source.files]
    if not record:
        if bids_root.is_dir() and any(bids_root.iterdir()):
            raise ValueError(
                f"The BIDS folder {bids_root} of convert_dataset must be new or empty. It holds other files; "
                "choose another folder."
            )
        record = {
            "Dataset": facts.name,
            "Description": source.description,
            "SourceFiles": files,
            "Wanted": [],
            "Subjects": {},
            "GeneratedBy": {"Name": "eegimg", "Version": __version__},
        }
    made_of = (record["Dataset"], record["Description"])
    if made_of != (facts.name, source.description):
        raise ValueError(
            f"The BIDS folder {bids_root} holds {made_of[0]} ({made_of[1] or 'raw'}); {facts.name} "
            f"({source.description or 'raw'}) was to be written. Choose another folder."
        )
    if record["SourceFiles"] != files:
        raise ValueError(
            f"The BIDS folder {bids_root} was begun with other published files than "
            f"{listing(file.name for file in source.files)} as they are now. Choose an empty folder."
        )
    for rest in bids_root.glob(f"{TEMPORARY}*"):
        shutil.rmtree(rest)
    record["Wanted"] = sorted({*record["Wanted"], *wanted})
    write_record(bids_root, record)
    return record


def write_record(bids_root, record):
    """Write the record whole."""
    write_text(bids_root / RECORD, json_text(record))


def _describe(file):
    """Tell a file from another of its name by its size and its two ends, whatever its date."""
    size = file.stat().st_size
    with open(file, "rb") as stream:
        digest = hashlib.sha256(stream.read(_ENDS))
        stream.seek(max(0, size - _ENDS))
        digest.update(stream.read(_ENDS))
    return {"Name": file.name, "Size": size, "Sha256OfEnds": digest.hexdigest()}
