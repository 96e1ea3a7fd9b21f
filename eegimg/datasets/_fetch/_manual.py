"""Datasets that users ask for and place themselves: what to do, and a look at what was placed."""

import pathlib
import tarfile
import zipfile

from ..._checks import listing
from ._record import describe_file, hash_as
from ._registry import RECORD
from ._space import human


def instructions(facts, folder, entries):
    """Say how to get the files of a manual dataset, and where to put them.

    Parameters
    ----------
    facts : eegimg.datasets.Descriptor
        Of the dataset.
    folder : pathlib.Path
        Where they go.
    entries : list of Entry
        The manual ones; empty where their names are not known.

    Returns
    -------
    text : str
        Sentences.
    """
    if not entries:
        what = "its files"
    else:
        what = listing([_named(entry) for entry in entries], 50)
    return (
        f"{facts.name} cannot be downloaded by a program. How to get it: {facts.access.rstrip('.')}. Put "
        f"{what} into {folder} and fetch again, which looks at what is there."
    )


def _named(entry):
    notes = [human(entry.size)] if entry.size else []
    notes += ["if you need it"] if entry.optional else []
    return f"{entry.file} ({', '.join(notes)})" if notes else entry.file


def check_placed(facts, folder, entries, record, watch):
    """Look at the files that a user has placed, and record their hashes.

    Parameters
    ----------
    facts : eegimg.datasets.Descriptor
        Of the dataset.
    folder : pathlib.Path
        Where they are.
    entries : list of Entry
        The manual ones; empty where their names are not known.
    record : dict
        As :func:`read_record` returns it; its ``files`` are added to.
    watch : Watch
        Told about bytes.

    Raises
    ------
    FileNotFoundError
        If files are missing, naming them, with the instructions.
    ValueError
        If a file is empty, cut, damaged, or not the one that was published or looked at before.
    """
    there = [entry.file for entry in entries if (folder / entry.file).is_file()]
    missing = [entry.file for entry in entries if entry.file not in there and not entry.optional]
    if not entries:
        there = _anything(folder)
    if missing or not there:
        lacks = listing(missing, 50) if missing else "every one of its files"
        raise FileNotFoundError(f"{folder} lacks {lacks}. {instructions(facts, folder, entries)}")
    known = {entry.file: entry for entry in entries}
    watch.expect(f"Looking at {facts.name}", sum((folder / name).stat().st_size for name in there))
    for name in there:
        record["files"][name] = _look(folder / name, name, known.get(name), record["files"].get(name))
        watch.advance((folder / name).stat().st_size)


def _anything(folder):
    """Return the files in a folder by name, those of ours and hidden ones left out."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in paths
        if path.as_posix() != RECORD and not any(part.startswith(".") for part in path.parts)
    )


def _look(path, name, entry, before):
    """Return the row of the record of one file, or raise ValueError saying what is wrong with it."""
    advice = "Get it again from the publishers."
    size = path.stat().st_size
    if not size:
        raise ValueError(f"{path} is empty. {advice}")
    if entry and entry.size and size != entry.size:
        how = "cut" if size < entry.size else "another file"
        raise ValueError(f"{path} has {size} bytes instead of {entry.size}: it is {how}. {advice}")
    _check_directory(path, advice)
    published = entry.hash if entry else None
    if published:
        found = hash_as(path, published)
        if found != published:
            raise ValueError(f"{path} has the hash {found} instead of {published}. {advice}")
    row = describe_file(path, hash_as(path, "sha256:"), "manual", bool(published))
    if before and before["sha256"] != row["sha256"]:
        raise ValueError(
            f"{path} has the sha256 {row['sha256']} and had {before['sha256']} on {before['date']}. If you "
            f"have replaced it on purpose, remove its entry from {RECORD}."
        )
    return before or row


def _check_directory(path, advice):
    """Raise ValueError where an archive's table of contents, at its end in a zip, is not whole.

    Files of torch.save are zips since torch 1.6; older ones are pickles, of which the end cannot be seen from
    outside, and are left to their reader.
    """
    name = pathlib.PurePath(path).name
    with open(path, "rb") as stream:
        is_zip = stream.read(4) == b"PK\x03\x04"
    try:
        if is_zip or name.endswith(".zip"):
            with zipfile.ZipFile(path) as opened:
                opened.infolist()
        elif name.endswith((".tar", ".tar.gz", ".tgz")):
            with tarfile.open(path) as opened:
                opened.next()
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as err:
        raise ValueError(f"{path} is cut or damaged ({err}). {advice}") from err
