"""Epochs in the network's own shape: brought there once and kept, or batch by batch."""

import hashlib
import json
import pathlib

import numpy as np

from .. import __version__
from .._paths import disk_is_full, whole_file

_CHUNK = 64


class Prepared:
    """Epochs of one source in a file, opened by each process when it first reads.

    Parameters
    ----------
    path : pathlib.Path
        A .npy file, float32, shape (n_epochs, n_chans, n_times).
    """

    def __init__(self, path):
        self._path, self._data = path, None

    def __getstate__(self):
        return {"_path": self._path, "_data": None}

    def __getitem__(self, rows):
        if self._data is None:
            self._data = np.load(self._path, mmap_mode="r")
        return self._data[rows]


class Adapted:
    """Epochs of one source that are brought to the network's shape when they are read.

    Parameters
    ----------
    store : eegimg.store.Store
        The epochs.
    adapter : eegimg.models.Adapter
        Brings them there.
    """

    def __init__(self, store, adapter):
        self.store, self.adapter = store, adapter

    def __getitem__(self, rows):
        return self.adapter(self.store[rows])


def prepare_source(source, spec, folder):
    """Bring the epochs of a source to the network's shape, once.

    Parameters
    ----------
    source : Source
        Its store.
    spec : InputSpec
        What the network expects.
    folder : pathlib.Path | None
        Where the result is kept, in a file named after all that it depends on; None keeps none.

    Returns
    -------
    epochs : Prepared | Adapted
        ``epochs[rows]`` is an array of shape (n, n_chans, n_times), float32, for an array of row numbers.

    Raises
    ------
    ValueError
        If the epochs cannot be brought there without guessing.
    RuntimeError
        If the disk is full.
    """
    store = source.store
    try:
        adapted = Adapted(store, spec.adapter_for(store))
    except ValueError as err:
        raise ValueError(f"The source {source.name} does not fit the network: {err}") from err
    if folder is None:
        return adapted
    content = json.dumps([store.fingerprint, spec.facts(), __version__], sort_keys=True)
    path = pathlib.Path(folder, f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.npy")
    if not path.is_file():
        try:
            with whole_file(path) as temporary:
                _write(adapted, len(store), temporary)
        except OSError as err:
            if not disk_is_full(err):
                raise
            raise RuntimeError(
                f"The disk of {folder} is full: the {len(store)} epochs of {source.name} in the network's "
                "shape need more room. Make room, or set prepared = false in [training]."
            ) from err
    return Prepared(path)


def _write(adapted, n_epochs, path):
    """Write all epochs, a few at a time."""
    first = adapted[np.arange(1)]
    data = np.lib.format.open_memmap(path, "w+", np.float32, (n_epochs, *first.shape[1:]))
    for start in range(0, n_epochs, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, n_epochs))
        data[rows] = adapted[rows]
    data.flush()
