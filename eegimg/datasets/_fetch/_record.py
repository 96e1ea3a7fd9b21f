"""What has been fetched into a folder: ``.eegimg_fetch.json``, and whether the folder is this dataset's."""

import datetime
import json

from ..._paths import write_text
from ...bids import RECORD as CONVERSION
from ._registry import RECORD


def read_record(folder, name):
    """Read what has been fetched into a folder.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist.
    name : str
        The dataset that the folder is for.

    Returns
    -------
    record : dict
        ``dataset``; ``files``: path to ``sha256``, ``size`` in bytes, ``url``, ``date`` and ``hash``, which
        is "published" or "recorded"; ``unpacked``: path of an archive to its ``sha256`` and ``members``;
        ``listings``: address of a tree to the files that its host lists.

    Raises
    ------
    ValueError
        If the folder holds another dataset, or the record is no JSON of ours.
    """
    found = _read(folder / RECORD)
    converted = _read(folder / CONVERSION)
    for file, other in ((RECORD, found.get("dataset")), (CONVERSION, converted.get("Dataset"))):
        if other not in (None, name):
            raise ValueError(
                f"{name} was to go into {folder}, which holds {other!r} according to {file}. Give "
                "another root."
            )
    return {"dataset": name, "files": {}, "unpacked": {}, "listings": {}, **found}


def _read(file):
    """Read a JSON table; empty where there is none."""
    if not file.is_file():
        return {}
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        kinds = {"files": dict, "unpacked": dict, "listings": dict}
        if isinstance(facts, dict) and all(
            isinstance(facts.get(key, {}), kind) for key, kind in kinds.items()
        ):
            return facts
        reason = "it is no table of tables"
    except ValueError as err:
        reason = err
    raise ValueError(f"{file} cannot be read: {reason}. Move it away; what it told will be found again.")


def write_record(folder, record):
    """Write what has been fetched, whole."""
    write_text(folder / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")


def describe_file(path, found, url, published):
    """Return a file's row of the record, from its hash as "sha256:..."."""
    return {
        "sha256": found.removeprefix("sha256:"),
        "size": path.stat().st_size,
        "url": url,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "hash": "published" if published else "recorded",
    }


def hash_as(path, known):
    """Return a file's hash with the algorithm of a known one, both "md5:..." or "sha256:..."."""
    import pooch

    algorithm = known.partition(":")[0]
    return f"{algorithm}:{pooch.file_hash(path, algorithm)}"
