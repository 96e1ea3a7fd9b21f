"""From a registry's lines to files in a folder: what is asked for, what is missing, what has arrived."""

from ..._paths import check_writable
from ._download import download, part_size
from ._hosts import list_files
from ._http import open_session
from ._record import describe_file, hash_as, write_record
from ._space import check_room
from ._subjects import choose_files
from ._terms import describe_plan
from ._unpack import unpack

# The record is written again after so many bytes: what a kill may make us look at or fetch once more.
_UNWRITTEN = 1e8


def fetch_files(facts, folder, entries, subjects, record, watch):
    """Download what is missing, and unpack what is to be unpacked.

    Parameters
    ----------
    facts : eegimg.datasets.Descriptor
        Of the dataset.
    folder : pathlib.Path
        Where its files go.
    entries : list of Entry
        Lines of the registry, none of them manual.
    subjects : None | str | list of str
        As in :func:`fetch_dataset`.
    record : dict
        As :func:`read_record` returns it; what arrives is added.
    watch : Watch
        Told what is done.
    """
    with open_session() as session:
        files, wanted = _plan(facts, folder, entries, subjects, record, session, watch)
        watch.say(describe_plan(folder, wanted, len(files) - len(wanted)))
        room = sum(max(0, (file.size or 0) - part_size(file, folder)) for file in wanted)
        check_room(folder, room, facts.name)
        if wanted:
            check_writable(folder)
        sizes = [file.size for file in wanted]
        watch.expect(f"Fetching {facts.name}", None if None in sizes else sum(sizes))
        unwritten = 0
        for file in wanted:
            path = download(file, folder, session, watch, _known_hash(file, record))
            _note(file, path, record)
            unwritten += path.stat().st_size
            if unwritten > _UNWRITTEN:
                write_record(folder, record)
                unwritten = 0
    n_recorded = sum(file.hash is None for file in wanted)
    if n_recorded:
        watch.say(
            f"The publishers give no hash for {n_recorded} of these files; their sha256 was recorded, and "
            "later calls are held to it."
        )
    for file in files:
        if file.unpack:
            _unpack_once(file, folder, record, watch)


def _plan(facts, folder, entries, subjects, record, session, watch):
    """Return the files that were asked for, and those among them that must be downloaded."""
    # What hosts listed before is taken while all of it is there, so that this needs no network.
    known = {entry.url: record["listings"].get(entry.url) for entry in entries if entry.is_tree}
    if None not in known.values():
        files = choose_files(list_files(entries, session, known), subjects, facts.name)
        if all((folder / file.path).is_file() for file in files):
            wanted = _find_missing(files, folder, record, watch)
            if not wanted:
                return files, wanted
    listings = {}
    files = choose_files(list_files(entries, session, listings), subjects, facts.name)
    record["listings"] = listings
    return files, _find_missing(files, folder, record, watch)


def _known_hash(file, record):
    """Return what a file is held to: the publishers' hash, or the one of its first download, or None."""
    row = record["files"].get(file.path)
    return file.hash or (f"sha256:{row['sha256']}" if row else None)


def _find_missing(files, folder, record, watch):
    """Return the files that are not there, or are not known to be right."""
    there = [file for file in files if (folder / file.path).is_file() and _known_hash(file, record)]
    right = set()
    watch.expect("Looking at what is there", sum((folder / file.path).stat().st_size for file in there))
    for file in there:
        path = folder / file.path
        watch.advance(path.stat().st_size)
        known = _known_hash(file, record)
        if hash_as(path, known) == known:
            right.add(file.path)
            if file.path not in record["files"]:
                _note(file, path, record)
    return [file for file in files if file.path not in right]


def _note(file, path, record):
    """Add a file that is right to the record."""
    known = _known_hash(file, record) or ""
    found = known if known.startswith("sha256:") else hash_as(path, "sha256:")
    record["files"][file.path] = describe_file(path, found, file.url, file.hash is not None)


def _unpack_once(file, folder, record, watch):
    """Unpack an archive, unless this very archive has been unpacked and its members are there."""
    archive, sha256 = folder / file.path, record["files"][file.path]["sha256"]
    before = record["unpacked"].get(file.path, {"sha256": None, "members": []})
    whole = all((archive.parent / name).is_file() for name in before["members"])
    if before["sha256"] == sha256 and whole:
        return
    watch.say(f"Unpacking {file.path}.")
    members = unpack(archive, mine=before["members"])
    record["unpacked"][file.path] = {"sha256": sha256, "members": members}
