"""How far a conversion has come: one at a time in a folder, written down after every subject."""

import contextlib
import hashlib
import shutil

import locket

from .. import __version__, bids
from .._checks import listing
from .._paths import data_root, write_text

_ENDS = 2**20


def converted_root(name):
    """Return the folder that a dataset is converted into where the user names none."""
    return data_root() / name / "bids"


def workplace(bids_root):
    """Return the folder in which a subject is written before it is moved into place."""
    return bids_root / bids.RECORD.parent / "unfinished"


@contextlib.contextmanager
def alone(bids_root):
    """Hold a folder for one conversion, or raise RuntimeError where another has it; a killed one lets go."""
    file = bids_root / bids.RECORD.parent / "lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with locket.lock_file(str(file), timeout=0):
            yield
    except locket.LockError as err:
        raise RuntimeError(
            f"Another process is converting into {bids_root}. Wait until it has finished, or choose another "
            "folder."
        ) from err


def check_target(bids_root, facts, source):
    """Refuse a folder that holds anything but the same dataset made of the same files; write nothing.

    Parameters
    ----------
    bids_root : pathlib.Path
        New, empty, or begun by the same conversion.
    facts : Descriptor
        The dataset.
    source : eegimg.io.Source
        The published files.

    Returns
    -------
    record : dict
        As :func:`eegimg.bids.read_conversion` gives it; new where nothing was begun.

    Raises
    ------
    ValueError
        If the folder holds something else.
    """
    record = bids.read_conversion(bids_root)
    files = [_describe(file) for file in source.files]
    if not record:
        # A folder that only has the lock was begun and cut off before anything was written down.
        if bids_root.is_dir() and {path.name for path in bids_root.iterdir()} - {bids.RECORD.parts[0]}:
            raise ValueError(
                f"The BIDS folder {bids_root} of convert_dataset must be new or empty. It holds other files; "
                "choose another folder."
            )
        return {
            "Dataset": facts.name,
            "Description": source.description,
            "SourceFiles": files,
            "Wanted": [],
            "Subjects": {},
            "GeneratedBy": {"Name": "eegimg", "Version": __version__},
        }
    made_of = (record["Dataset"], record.get("Description"))
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
    return record


def start_record(bids_root, record, wanted):
    """Put the subjects asked for on record; forget those that are damaged, clear what was cut off."""
    record["Wanted"] = sorted({*record["Wanted"], *wanted})
    record["Subjects"] = {
        label: written
        for label, written in record["Subjects"].items()
        if label not in wanted or bids.find_damage(bids_root, label, written) is None
    }
    write_record(bids_root, record)
    if workplace(bids_root).is_dir():
        shutil.rmtree(workplace(bids_root))


def place_subject(bids_root, folder, label, record):
    """Move a finished subject into place; one that stands there must be ours.

    Raises
    ------
    RuntimeError
        If there is a folder, file or link of that name that no conversion has made.
    """
    target = bids_root / f"sub-{label}"
    if target.is_symlink() or target.exists():
        if label not in record.get("Replaceable", []) or target.is_symlink() or not target.is_dir():
            raise RuntimeError(
                f"{target} is there already, and eegimg has not made it. Move it elsewhere and convert again."
            )
        extra = [file for file in _files(target) if file not in _files(folder / target.name)]
        if extra:
            raise RuntimeError(
                f"{target} holds {extra[0]}, which eegimg has not made. Move it elsewhere and convert again."
            )
        shutil.rmtree(target)
    # Should we be killed between the move and the record of it, the next run knows that the folder is ours.
    record["Replaceable"] = sorted({*record.get("Replaceable", []), label})
    write_record(bids_root, record)
    (folder / f"sub-{label}").rename(target)


def _files(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir())


def write_record(bids_root, record):
    """Write the record whole."""
    write_text(bids_root / bids.RECORD, bids.json_text(record))


def _describe(file):
    """Tell a file from another of its name by its size and its two ends, whatever its date."""
    size = file.stat().st_size
    with open(file, "rb") as stream:
        digest = hashlib.sha256(stream.read(_ENDS))
        stream.seek(max(0, size - _ENDS))
        digest.update(stream.read(_ENDS))
    return {"Name": file.name, "Size": size, "Sha256OfEnds": digest.hexdigest()}
