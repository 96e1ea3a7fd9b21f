"""Write a store: each recording by itself, then one index and one manifest."""

import collections.abc
import dataclasses
import os
import pathlib
import shutil
import time

from .._checks import check_number, check_type, listing
from .._paths import check_writable, whole_file, write_text
from ._layout import check_alike
from ._manifest import INDEX, MANIFEST, as_text, layout_of_manifest, make_manifest, read_manifest
from ._part import OURS, RECORDINGS, Plan, hold, part_layout, read_part, read_rows, write_part
from ._read import read_store
from ._shards import file_digest
from ._sources import as_recordings, find_results
from ._table import check_column, join_tables, split_counts, table_digest

_CALLER = "write_store"
_LOCK = ".lock"
_WAIT = 600  # seconds for another writer's index, which takes one or two


def write_store(
    data,
    path,
    *,
    recipe=None,
    subjects=None,
    picks="eeg",
    split="split",
    n_jobs=1,
    shard_epochs=None,
    add=False,
    overwrite=False,
    watch=None,
):
    """Write epochs as a store that is read at memory speed.

    Recordings are written one at a time, so that a store may be larger than memory, and each into files of
    its own: several processes or computers may write different recordings into one folder at the same time
    (``add=True`` for all). A call adds all of its recordings or none; one that was stopped is called again
    and goes on with those that are missing.

    Parameters
    ----------
    data : path-like | mne.BaseEpochs | iterable of mne.BaseEpochs
        The folder that ``eegimg preprocess`` wrote, or epochs. A generator may make them one at a time. Rows
        come sorted by the names of the recordings, objects in their order.
    path : path-like
        Folder of the store.
    recipe : str | None
        Which recipe's epochs of a folder. None where there is one.
    subjects : str | int | list of str or int | None
        Which subjects of a folder. None takes all.
    picks : 'eeg' | 'all' | list of str
        Channels to store, bad ones included.
    split : str | None
        Column of the metadata that marks training and test epochs. Where there is no column "split", the
        store has no split.
    n_jobs : int
        Recordings of a folder that are written at a time, each in a process.
    shard_epochs : int | None
        Epochs of one file. None makes files of up to 256 MB.
    add : bool
        Add recordings to a store that is there, or that others begin at the same time.
    overwrite : bool
        Remove the store that is there first.
    watch : callable | None
        Called with (row, n_done, n_total) after each recording; row has ``recording``, ``status`` ("done" or
        "cached") and ``seconds``; n_total is None for objects.

    Returns
    -------
    store : Store
        What was written, with all that stands in the folder.

    Raises
    ------
    ValueError
        If the folder holds a finished store or other files; there are no epochs; recordings differ in
        channels, rate, window or unit; a value is no finite number; or there is no such recipe, subject,
        channel or column. The sentence names the recording.
    FileNotFoundError
        If there is no such folder, or it holds no finished epochs.
    RuntimeError
        If the folder cannot be written, the disk is full, or another process writes the same recording.

    Notes
    -----
    A store is a folder: ``recordings/<name>/*.npy``, float32 in C order, (n_epochs, n_channels, n_times);
    ``index.parquet``, one row per epoch; and ``manifest.json``. Samples are in volts unless the recipe took
    the unit away (``manifest["unit"]`` is "n/a"). float32 has 24 bits of precision: 6e-8 of a value is lost,
    6 picovolts of 100 microvolts.

    Examples
    --------
    >>> import mne, numpy as np, tempfile
    >>> from eegimg.store import write_store
    >>> info = mne.create_info(["Cz", "Pz"], 100.0, "eeg")
    >>> epochs = mne.EpochsArray(np.ones((5, 2, 50)), info, verbose="error")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = write_store(epochs, folder)
    ...     store[[3, 0]].shape
    (2, 2, 50)
    """
    root = pathlib.Path(check_type("path", path, (str, os.PathLike), _CALLER, "a folder")).expanduser()
    check_number("shard_epochs", shard_epochs, _CALLER, at_least=1, none=True, integer=True)
    check_number("n_jobs", n_jobs, _CALLER, at_least=1, integer=True)
    files = isinstance(data, (str, os.PathLike))
    if files:
        recordings, about = find_results(data, recipe, subjects)
    else:
        _refuse_for_objects(data, recipe=recipe, subjects=subjects, n_jobs=None if n_jobs == 1 else n_jobs)
    before = _prepare(root, add, overwrite)
    first = (layout_of_manifest(before), before["recordings"][0]["name"]) if before else None
    if not files:
        recordings, about = as_recordings(data, len(before["recordings"]) if before else 0), {}
    plan = Plan(root, picks, shard_epochs, first)
    names = _write_parts(recordings, plan, n_jobs, watch)
    with hold(
        root / _LOCK,
        _WAIT,
        f"Another process has held the index of the store {root} for {_WAIT} s. Try again.",
    ):
        _assemble(root, names, about, split)
    return read_store(root)


def _refuse_for_objects(data, **given):
    check_type(
        "data",
        data,
        collections.abc.Iterable,
        _CALLER,
        "epochs, a list of epochs, or the folder that eegimg preprocess wrote",
    )
    names = [name for name, value in given.items() if value is not None]
    if names:
        raise ValueError(
            f"The {names[0]!r} parameter of {_CALLER} is for a folder that eegimg preprocess wrote. Got "
            f"{given[names[0]]!r} with epochs in memory; leave it out."
        )


def _prepare(root, add, overwrite):
    """Make the folder ready, and return the manifest of the store that is added to."""
    if add and overwrite:
        raise ValueError(f"{_CALLER} cannot both add to a store and overwrite it. Choose one of the two.")
    check_writable(root)
    ours = {MANIFEST, INDEX, RECORDINGS, _LOCK}
    others = sorted(entry.name for entry in root.iterdir() if entry.name not in ours and entry.name[0] != ".")
    if others:
        raise ValueError(
            f"The folder {root} holds other files ({listing(others)}), and a store needs one of its own. "
            "Choose a new folder."
        )
    if overwrite:
        _check_ours(root)
        for name in (MANIFEST, INDEX):
            (root / name).unlink(missing_ok=True)
        shutil.rmtree(root / RECORDINGS, ignore_errors=True)
    if not (root / MANIFEST).is_file():
        return None
    manifest = read_manifest(root)
    if not add:
        raise ValueError(
            f"The folder {root} holds a finished store of {manifest['n_epochs']} epochs. Choose another "
            "folder, add recordings to it with add=True, or replace it with overwrite=True."
        )
    return manifest


def _check_ours(root):
    """Raise ValueError if there is a file that no store has: it would be removed with the store."""
    if (root / MANIFEST).is_file():
        read_manifest(root)
    files = [file for file in (root / RECORDINGS).rglob("*") if file.is_file()]
    others = sorted(file.name for file in files if file.name not in OURS and file.suffix != ".npy")
    if others:
        raise ValueError(
            f"The folder {root / RECORDINGS} holds files that are none of a store ({listing(others)}); "
            "nothing was removed. Choose a new folder."
        )


def _write_parts(recordings, plan, n_jobs, watch):
    """Write recordings, the first one before the others since it says what all must share."""
    n_total = len(recordings) if isinstance(recordings, list) else None
    names, recordings = [], iter(recordings)

    def note(row):
        names.append(row["recording"])
        if watch is not None:
            watch(row, len(names), n_total)

    for recording in recordings:
        row, part = _write_one(recording, plan)
        note(row)
        if plan.first is None:
            plan = dataclasses.replace(plan, first=(part_layout(part), part["name"]))
        if n_jobs > 1:
            break
    if n_jobs > 1:
        from joblib import Parallel, delayed

        work = (delayed(_write_one)(recording, plan) for recording in recordings)
        for row, _ in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(work):
            note(row)
    if not names:
        raise ValueError(f"{_CALLER} was given no epochs at all: the 'data' parameter is empty.")
    return names


def _write_one(recording, plan):
    start = time.perf_counter()
    part, fresh = write_part(recording, plan)
    seconds = round(time.perf_counter() - start, 2)
    row = {"recording": recording.name, "status": "done" if fresh else "cached", "seconds": seconds}
    return row, part


def _assemble(root, names, about, split):
    """Write the index and the manifest of what is there and of new recordings."""
    before = read_manifest(root) if (root / MANIFEST).is_file() else None
    listed = [part["name"] for part in before["recordings"]] if before else []
    parts = [read_part(root, name) for name in dict.fromkeys([*listed, *names])]
    parts.sort(key=lambda part: (part["position"], part["name"]))
    _check_all_alike(parts)
    tables, n_shards = {}, 0
    for part in parts:
        tables[part["name"]] = read_rows(root, part["name"]).assign(
            shard=lambda rows, n=n_shards: rows["shard"] + n
        )
        n_shards += len(part["shards"])
    table = join_tables(tables)
    if not len(table):
        raise ValueError(
            f"{_CALLER} was given no epochs: all of {listing(names)} were rejected or are empty."
        )
    if split not in (None, "split"):
        check_column(table, split, _CALLER, "split")
    with whole_file(root / INDEX) as temporary:
        table.to_parquet(temporary, index=False)
    index = {
        "file": INDEX,
        "bytes": (root / INDEX).stat().st_size,
        "sha256": file_digest(root / INDEX),
        "rows": table_digest(table),
    }
    about = _both(before or {}, about)
    write_text(root / MANIFEST, as_text(make_manifest(parts, about, split_counts(table, split), index)))


def _check_all_alike(parts):
    """Raise ValueError where writers that began at the same time laid out their epochs differently."""
    first = part_layout(parts[0])
    for part in parts[1:]:
        layout = part_layout(part)
        check_alike(layout, first, part["name"], parts[0]["name"])
        if layout.ch_names != first.ch_names:
            raise ValueError(
                f"{part['name']} has the channels of {parts[0]['name']} in another order: both were the "
                "first of a store when they were begun. Call write_store again with add=True."
            )


def _both(before, about):
    """Return name, licence and DOI of one dataset or of several."""
    known = {}
    for key in ("dataset", "licence", "doi"):
        values = [text for text in (before.get(key), about.get(key)) if text]
        texts = [text for value in values for text in str(value).split("; ")]
        known[key] = "; ".join(dict.fromkeys(texts)) or None
    return known
