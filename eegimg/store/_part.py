"""One recording of a store: shards of its own, the rows of its epochs, and a record that is written last."""

import contextlib
import dataclasses
import json
import shutil

import locket
import numpy as np
import pandas as pd

from .._paths import disk_is_full, whole_file, write_text
from ._layout import Layout, check_alike, layout_of, pick_channels
from ._manifest import MANIFEST
from ._shards import check_shard, epochs_at_a_time, write_shard
from ._table import recording_table

RECORDINGS = "recordings"
_RECORD, _ROWS, _LOCK = "part.json", "rows.parquet", ".lock"
OURS = {_RECORD, _ROWS, _LOCK}


@dataclasses.dataclass(frozen=True)
class Plan:
    """How recordings are written.

    Parameters
    ----------
    root : pathlib.Path
        The store.
    picks : 'eeg' | 'all' | list of str
        Channels.
    shard_epochs : int | None
        Epochs of a shard.
    first : tuple of (Layout, str) | None
        What all must share, and the recording it is of; None while there is none.
    """

    root: object
    picks: object
    shard_epochs: int | None
    first: object = None


@contextlib.contextmanager
def hold(file, timeout, sentence):
    """Hold a lock while the block runs; raise RuntimeError if another has it for ``timeout`` seconds."""
    try:
        with locket.lock_file(str(file), timeout=timeout):
            yield
    except locket.LockError as err:
        raise RuntimeError(sentence) from err


def write_part(recording, plan):
    """Write the part of one recording, unless it is there.

    Parameters
    ----------
    recording : Recording
        What to write.
    plan : Plan
        Where and how.

    Returns
    -------
    part : dict
        The record: name, position, source, digest, number of epochs, layout, shards and facts.
    fresh : bool
        Whether it was written now.

    Raises
    ------
    ValueError
        If the epochs differ from those of the first recording, or hold values that are not finite.
    RuntimeError
        If another process writes the same recording, or the disk is full.
    """
    folder = plan.root / RECORDINGS / recording.name
    folder.mkdir(parents=True, exist_ok=True)
    busy = (
        f"Another process is writing {recording.name} into the store {plan.root}. Wait until it has "
        "finished, or give each process recordings of its own."
    )
    try:
        with hold(folder / _LOCK, 0, busy):
            part = _finished(folder, recording, plan)
            return (part, False) if part is not None else (_write(folder, recording, plan), True)
    except OSError as err:
        if disk_is_full(err):
            raise RuntimeError(
                f"The disk of {plan.root} is full. Make room and run again: finished recordings are kept."
            ) from err
        raise


def read_part(root, name):
    """Return the record of a recording, None where it is not finished."""
    file = root / RECORDINGS / name / _RECORD
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def read_rows(root, name):
    """Return the table of a recording's epochs."""
    return pd.read_parquet(root / RECORDINGS / name / _ROWS)


def part_layout(part):
    """Return the layout of a recording from its record."""
    return Layout(**part["layout"])


def _finished(folder, recording, plan):
    """Return the record of a recording that was written of the same file in the same way, or None."""
    part = read_part(plan.root, recording.name)
    how = None if part is None else (part["digest"], part["picks"], part["shard_epochs"])
    if part is None or recording.digest is None or how != (recording.digest, _words(plan), plan.shard_epochs):
        return None
    try:
        for entry in part["shards"]:
            check_shard(folder / entry["file"], entry)
    except RuntimeError:
        # Written again, as a recording that is not finished is.
        return None
    if plan.first is not None and part["layout"]["ch_names"] != plan.first[0].ch_names:
        return None
    return part


def _words(plan):
    return plan.picks if isinstance(plan.picks, str) else list(plan.picks)


def _write(folder, recording, plan):
    _refuse_another(recording, plan)
    _clear(folder)
    digest, epochs = recording.digest, recording.read()
    facts = recording.facts(epochs)
    layout = layout_of(epochs, plan.picks, recording.name, facts.pop("unit"))
    picks = pick_channels(epochs.info, plan.picks, recording.name)
    if plan.first is not None:
        check_alike(layout, plan.first[0], recording.name, plan.first[1])
        names = plan.first[0].ch_names
        picks = [picks[layout.ch_names.index(channel)] for channel in names]
        layout = dataclasses.replace(plan.first[0], positions=layout.positions)
    table = recording_table(epochs, recording)
    size = plan.shard_epochs or max(1, 2**28 // (4 * int(np.prod(layout.shape))))
    shards = []
    for number, start in enumerate(range(0, len(epochs), size)):
        stop = min(start + size, len(epochs))
        blocks = _blocks(epochs, picks, start, stop, recording.name)
        path = folder / f"{recording.name}_{number:04d}.npy"
        shards.append(write_shard(path, blocks, (stop - start, *layout.shape)))
    table.insert(0, "shard", np.arange(len(epochs)) // size)
    table.insert(1, "row", np.arange(len(epochs)) % size)
    with whole_file(folder / _ROWS) as temporary:
        table.to_parquet(temporary)
    part = {
        "name": recording.name,
        "position": recording.position,
        "n_epochs": len(epochs),
        "digest": digest,
        "picks": _words(plan),
        "shard_epochs": plan.shard_epochs,
        "bads": [name for name in layout.ch_names if name in epochs.info["bads"]],
        **facts,
        "layout": dataclasses.asdict(layout),
        "shards": shards,
    }
    write_text(folder / _RECORD, json.dumps(part, ensure_ascii=False, indent=1) + "\n")
    return part


def _clear(folder):
    """Remove what an earlier writer left, the record first."""
    (folder / _RECORD).unlink(missing_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != _LOCK:
            entry.unlink()


def _refuse_another(recording, plan):
    """Raise ValueError if the finished store has a recording of that name: nothing is written over."""
    file = plan.root / MANIFEST
    manifest = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"recordings": []}
    if recording.name in [part["name"] for part in manifest["recordings"]]:
        raise ValueError(
            f"The store {plan.root} holds {recording.name} already, made of other epochs, other channels or "
            "in other shards. Write to another folder, or write the whole store anew with overwrite=True."
        )


def _blocks(epochs, picks, start, stop, name):
    """Yield the samples of some epochs, a stretch at a time; raise ValueError where a value is not finite."""
    step = epochs_at_a_time((len(picks), len(epochs.times)))
    for begin in range(start, stop, step):
        block = epochs.get_data(picks=picks, item=slice(begin, min(begin + step, stop)), verbose="error")
        odd = ~np.isfinite(block).all(axis=2)
        if odd.any():
            epoch, channel = np.argwhere(odd)[0]
            raise ValueError(
                f"{name} has values that are no finite numbers: {int(odd.any(axis=1).sum())} of the epochs "
                f"{begin} to {begin + len(block) - 1}, first epoch {begin + epoch}, channel "
                f"{epochs.ch_names[picks[channel]]}. Drop those epochs, or mend the channel."
            )
        yield block
