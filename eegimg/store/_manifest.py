"""The manifest of a store: what a reader must know, written last and read first."""

import hashlib
import json
import pathlib

from .. import __version__
from .._checks import listing
from ._layout import FIELDS, Layout

MANIFEST, INDEX = "manifest.json", "index.parquet"
FORMAT, VERSION = "eegimg store", 1
# A verdict that nobody reached is no "ok".
_GRAVEST = ("confounded", "caution", "unknown", "ok")


def make_manifest(parts, about, split, index):
    """Make the manifest of recordings.

    Parameters
    ----------
    parts : list of dict
        Records of recordings, in the order of the rows, at least one with epochs.
    about : dict
        ``dataset``, ``licence`` and ``doi``.
    split : dict | None
        ``column`` and ``counts`` of the split.
    index : dict
        ``file``, ``bytes`` and ``sha256`` of the index, and ``rows``, a digest of what it holds.

    Returns
    -------
    manifest : dict
        As JSON holds it.
    """
    first = parts[0]["layout"]
    placed = next((part for part in parts if part["layout"]["positions"]), None)
    recipes = {json.dumps(part["recipe"], sort_keys=True): part["recipe"] for part in parts if part["recipe"]}
    bads = {name for part in parts for name in part["bads"]}
    own = ("layout", "picks", "shard_epochs")
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "eegimg": __version__,
        **about,
        **first,
        "positions": placed["layout"]["positions"] if placed else {},
        "positions_of": placed["name"] if placed else None,
        "bads": [name for name in first["ch_names"] if name in bads],
        "dtype": "<f4",
        "n_epochs": sum(part["n_epochs"] for part in parts),
        "split": split,
        "audit": _worst_audit(parts),
        "transductive_steps": list(
            dict.fromkeys(step for part in parts for step in part["transductive_steps"])
        ),
        "recipes": list(recipes.values()),
        "recordings": [{key: part[key] for key in part if key not in own} for part in parts],
        "index": index,
    }
    return manifest | {"fingerprint": _fingerprint(manifest)}


def _worst_audit(parts):
    """Return the gravest verdict over recordings, and how many recordings have which."""
    verdicts = [(part["audit"] or {}).get("verdict") or "unknown" for part in parts]
    counts = {verdict: verdicts.count(verdict) for verdict in _GRAVEST if verdict in verdicts}
    return {"verdict": next(iter(counts)), "recordings": counts}


def layout_of_manifest(manifest):
    """Return channels, rate, window and unit of a store."""
    return Layout(**{field: manifest[field] for field in FIELDS})


def content_digest(*things):
    """Return a digest of 16 characters of things that JSON can hold."""
    return hashlib.sha256(json.dumps(things, sort_keys=True).encode()).hexdigest()[:16]


def _fingerprint(manifest):
    """Return what changes when samples, metadata or channels change, and with nothing else."""
    shards = [entry["sha256"] for part in manifest["recordings"] for entry in part["shards"]]
    return content_digest({field: manifest[field] for field in FIELDS}, shards, manifest["index"]["rows"])


def read_manifest(folder):
    """Read the manifest of a folder.

    Parameters
    ----------
    folder : pathlib.Path
        A store.

    Returns
    -------
    manifest : dict
        Checked.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    RuntimeError
        If it is no store, one that is not finished, damaged or of a later version.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"The store {folder} was asked for; there is no such folder or file.")
    file = folder / MANIFEST
    if not file.is_file():
        begun = (folder / "recordings").is_dir()
        raise RuntimeError(
            f"The store {folder} is not finished: it has no {MANIFEST}. Call write_store again, which goes "
            "on where it stopped."
            if begun
            else f"{folder} is no store: it has no {MANIFEST}. Give a folder that write_store or "
            "eegimg export wrote."
        )
    return check_manifest(file.read_text(encoding="utf-8"), file)


def check_manifest(text, where):
    """Return the manifest in a text, or raise RuntimeError saying what is wrong with it."""
    try:
        manifest = json.loads(text)
    except ValueError as err:
        raise RuntimeError(f"{where} is damaged: it is not JSON. Copy the store again.") from err
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise RuntimeError(f"{where} is not the manifest of a store of eegimg.")
    if manifest.get("version") != VERSION:
        raise RuntimeError(
            f"{where} has version {manifest.get('version')!r} of the format; this eegimg ({__version__}) "
            f"reads version {VERSION}. Install {manifest.get('eegimg')}, which wrote it, or a later one."
        )
    absent = [
        key for key in (*FIELDS, "recordings", "n_epochs", "fingerprint", "bads") if key not in manifest
    ]
    if absent:
        raise RuntimeError(f"{where} is damaged: it lacks {listing(absent)}. Copy the store again.")
    return manifest


def index_bytes(folder, manifest):
    """Read the index of a store, or raise RuntimeError if it is not the one that the manifest knows."""
    file = folder / INDEX
    if not file.is_file():
        raise RuntimeError(f"The store {folder} lacks its {INDEX}. Copy the store again.")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest["index"]["sha256"]:
        raise RuntimeError(
            f"The {INDEX} of the store {folder} is not the one that its manifest knows: a writer was "
            "stopped, or the file is damaged. Call write_store again with add=True, or copy the store again."
        )
    return content


def shard_files(folder, manifest):
    """List the shards of a store and what the manifest says of each.

    Parameters
    ----------
    folder : pathlib.Path
        The store.
    manifest : dict
        Its manifest.

    Returns
    -------
    files : list of pathlib.Path
        By number.
    entries : list of dict
        File, shape, bytes and SHA-256.

    Raises
    ------
    RuntimeError
        If a name leads out of the folder.
    """
    files, entries = [], []
    for part in manifest["recordings"]:
        for entry in part["shards"]:
            names = (part["name"], entry["file"])
            if any(name in ("", ".", "..") or pathlib.PurePath(name).name != name for name in names):
                raise RuntimeError(
                    f"{folder / MANIFEST} names {'/'.join(names)}, which is no file of the store. Do not use "
                    "this store."
                )
            files.append(folder / "recordings" / names[0] / names[1])
            entries.append(entry)
    return files, entries


def as_text(manifest):
    """Return a manifest as its file holds it."""
    return json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
