"""Features on disk, found again by what they were made of."""

import hashlib
import json
import logging
import pathlib

import numpy as np

from .._paths import check_writable, whole_file, write_text
from ..store._store import Store

logger = logging.getLogger("eegimg.models")
_PIECE = 1 << 24  # bytes that are hashed at a time


class Cache:
    """One array on disk, and beside it a JSON file with its checksum and what it was made of.

    Parameters
    ----------
    folder : pathlib.Path
        Where; may hold features of other networks and data.
    record : dict
        What the features are made of, as JSON holds it. Another record is another file.
    """

    def __init__(self, folder, record):
        self.record = record
        key = hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()
        self.array, self.note = (folder / f"{key[:32]}{ending}" for ending in (".npy", ".json"))

    def read(self):
        """Return the features, memory-mapped, or None where there are none or they are damaged."""
        if not self.note.is_file():
            return None
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            intact = note["sha256"] == _digest_of_file(self.array)
        except (OSError, ValueError, KeyError, TypeError):
            intact = False
        if not intact:
            logger.warning("The cached features %s are damaged; they are computed again.", self.array)
            return None
        return np.load(self.array, mmap_mode="r")

    def write(self, batches, n_epochs):
        """Write features batch by batch.

        Parameters
        ----------
        batches : iterable of tuple of (ndarray of int, ndarray)
            Rows and their features.
        n_epochs : int
            Of all batches.

        Returns
        -------
        values : numpy.memmap of float32, shape (n_epochs, ...)
            Read-only.
        """
        check_writable(self.array.parent)
        self.note.unlink(missing_ok=True)
        with whole_file(self.array) as temporary:
            values = None
            for rows, features in batches:
                if values is None:
                    shape = (n_epochs, *features.shape[1:])
                    values = np.lib.format.open_memmap(temporary, "w+", np.float32, shape)
                values[rows] = features
            values.flush()
            digest = _digest_of_file(temporary)
        write_text(self.note, json.dumps({"sha256": digest, **self.record}, indent=2, default=str) + "\n")
        return np.load(self.array, mmap_mode="r")


def cache_folder(cache, data, caller):
    """Return the folder of a cache, or None without one.

    Parameters
    ----------
    cache : bool | path-like | None
        True takes the folder of a Store.
    data : object
        What features are made of.
    caller : str
        For errors.

    Returns
    -------
    folder : pathlib.Path | None
        May not be there yet.

    Raises
    ------
    ValueError
        If True is asked for and the data are no folder.
    """
    if cache is None or cache is False:
        return None
    if cache is not True:
        return pathlib.Path(cache).expanduser()
    if not isinstance(data, Store) or not data.path.is_dir():
        raise ValueError(
            f"The 'cache' parameter of {caller} can be True for a Store that is a folder. "
            "Name a folder instead."
        )
    return data.path / "features"


def digest_of_array(pieces):
    """Return the SHA-256 of arrays that follow each other, shapes and types included."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(f"{piece.dtype.str}{piece.shape}".encode())
        digest.update(np.ascontiguousarray(piece))
    return digest.hexdigest()


def digest_of_model(model):
    """Return the SHA-256 of a network: its weights, and names, classes and settings of its modules.

    Parameters
    ----------
    model : torch.nn.Module
        The network.

    Returns
    -------
    digest : str
        The same on every device.
    """
    import torch

    digest = hashlib.sha256()
    for name, module in model.named_modules():
        settings = {
            key: value for key, value in vars(module).items() if _is_plain(value) and key != "training"
        }
        digest.update(f"{name} {type(module).__module__}.{type(module).__qualname__} {settings}".encode())
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _is_plain(value):
    """Tell whether a setting's text says all of it."""
    if isinstance(value, (tuple, list)):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _digest_of_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
