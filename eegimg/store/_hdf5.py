"""A store as one HDF5 file: to hand it on, not to train from."""

import hashlib
import os
import pathlib

import h5py
import numpy as np
import pandas as pd

from .._paths import whole_file
from ._manifest import as_text, check_manifest
from ._table import PLACE, split_counts

_EPOCHS, _METADATA, _MANIFEST = "epochs", "metadata", "manifest"
_ENDINGS = (".h5", ".hdf5")
_MISSING = "n/a"
_BLOCK = 64


def write_hdf5(store, path):
    """Write a store into a new file.

    Parameters
    ----------
    store : Store
        Its epochs are read a few at a time.
    path : pathlib.Path
        Ends in .h5 or .hdf5.

    Raises
    ------
    ValueError
        If the file is there, has another ending, or the store is empty.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise ValueError(f"The file {path.name} must end in .h5 or .hdf5. Rename it.")
    if path.exists():
        raise ValueError(f"The file {path} is there already. Choose another name, or remove it first.")
    if not len(store):
        raise ValueError(
            f"No epochs of {store.path.name} are chosen: there is nothing to write into {path.name}."
        )
    shape = (len(store), store.n_channels, store.n_times)
    # v110: chunks are found by their number, not through a tree. HDF5 1.10 (2016) and later read it.
    with whole_file(path) as temporary, h5py.File(temporary, "w", libver=("v110", "v110")) as file:
        epochs = file.create_dataset(_EPOCHS, shape, "<f4", chunks=(1, *shape[1:]))
        digest = hashlib.sha256()
        for start in range(0, len(store), _BLOCK):
            block = store[start : start + _BLOCK]
            epochs[start : start + len(block)] = block
            digest.update(block)
        epochs.attrs["unit"] = store.manifest["unit"]
        epochs.attrs["dimensions"] = "epoch, channel, time"
        columns = _write_columns(file.create_group(_METADATA), store.metadata)
        manifest = _manifest(store) | {"sha256": digest.hexdigest(), "columns": columns}
        file[_MANIFEST] = as_text(manifest)


def _manifest(store):
    """Return the manifest of the epochs that are written, without the files of the folder."""
    split = store.manifest["split"]
    return {
        key: value for key, value in store.manifest.items() if key not in ("index", "sha256", "columns")
    } | {
        "n_epochs": len(store),
        "fingerprint": store.fingerprint,
        "split": split and split_counts(store.metadata, split["column"]),
        "recordings": [
            {key: value for key, value in part.items() if key not in ("shards", "n_epochs")}
            for part in store.manifest["recordings"]
        ],
    }


def _write_columns(group, table):
    """Write a dataset for each column, numbers as they are and all else as text; return their names in order.

    The checksum of HDF5's own says on reading whether they are as they were written.
    """
    for number, name in enumerate(table):
        column = table[name]
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
            values = column.to_numpy()
        elif column.dtype.name in ("Int64", "UInt64", "Float64"):
            values = column.to_numpy(float, na_value=np.nan)
        else:
            known = zip(column, column.isna(), strict=True)
            texts = np.array([(_MISSING if missing else str(value)).encode() for value, missing in known])
            values = texts.astype(h5py.string_dtype("utf-8", max(1, texts.dtype.itemsize)))
        group.create_dataset(_key(number, name), data=values, chunks=True, fletcher32=True)
    return list(table)


def _key(number, name):
    """Name the dataset of a column: HDF5 takes a slash for a folder."""
    return name if name and "/" not in name and name != "." else f"column {number}"


def open_hdf5(path):
    """Open a file that :func:`write_hdf5` wrote.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    manifest : dict
        Checked.
    table : pandas.DataFrame
        One row per epoch, with the store's own columns.
    reader : Hdf5Reader
        Of the samples.

    Raises
    ------
    RuntimeError
        If it is no HDF5 file, truncated, or not one of a store.
    """
    if not h5py.is_hdf5(path):
        raise RuntimeError(f"{path} is no HDF5 file. Give a folder or a file that eegimg wrote as a store.")
    try:
        with h5py.File(path, "r") as file:
            if any(name not in file for name in (_EPOCHS, _METADATA, _MANIFEST)):
                raise RuntimeError(f"{path} is an HDF5 file, but not one of a store of eegimg.")
            manifest = check_manifest(file[_MANIFEST][()].decode(), f"The manifest in {path}")
            columns = enumerate(manifest["columns"])
            table = {name: _read_column(file[_METADATA][_key(number, name)]) for number, name in columns}
            shape = (manifest["n_epochs"], len(manifest["ch_names"]), manifest["n_times"])
            found = file[_EPOCHS].shape
    except (OSError, KeyError) as err:
        raise RuntimeError(f"{path} is truncated or damaged: {err}. Copy it again.") from err
    if found != shape or any(len(values) != shape[0] for values in table.values()):
        raise RuntimeError(
            f"{path} is damaged: its manifest says {shape} epochs, channels and samples, it holds {found} "
            f"and metadata of {len(table)}. Copy it again."
        )
    table = pd.DataFrame(table)
    for name, values in zip(PLACE, (0, np.arange(len(table))), strict=True):
        table[name] = values
    return manifest, table, Hdf5Reader(path, manifest["sha256"])


def _read_column(stored):
    """Return the values of a column."""
    values = stored[()]
    if values.dtype.kind == "S":
        return [None if value == _MISSING.encode() else value.decode() for value in values]
    return values


class Hdf5Reader:
    """Read epochs from the file, opened when it is first read in a process.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    digest : str
        SHA-256 of all samples in order.
    """

    def __init__(self, path, digest):
        self.path, self.digest = pathlib.Path(path), digest
        self._file = self._process = None

    def __getstate__(self):
        return self.__dict__ | {"_file": None, "_process": None}

    def _epochs(self):
        # A file that was opened before a fork shares its position with the other process.
        if self._process != os.getpid():
            try:
                self._file = h5py.File(self.path, "r")
            except OSError as err:
                raise RuntimeError(f"The store {self.path} cannot be read any more: {err}.") from err
            self._process = os.getpid()
        return self._file[_EPOCHS]

    def gather(self, shards, rows, out):
        """Copy epochs into an array.

        Parameters
        ----------
        shards : ndarray of int, shape (n,)
            Not used: there is one file.
        rows : ndarray of int, shape (n,)
            Which epochs.
        out : ndarray of float32, shape (n, n_channels, n_times)
            C order.
        """
        epochs = self._epochs()
        try:
            for number, row in enumerate(rows.tolist()):
                epochs.read_direct(out, np.s_[row], np.s_[number])
        except OSError as err:
            raise RuntimeError(
                f"The store {self.path} is truncated or damaged: {err}. Copy it again."
            ) from err

    def verify(self):
        """Raise RuntimeError if the samples are not those that were written."""
        epochs, digest = self._epochs(), hashlib.sha256()
        try:
            for start in range(0, len(epochs), _BLOCK):
                digest.update(epochs[start : start + _BLOCK])
        except OSError as err:
            raise RuntimeError(
                f"The store {self.path} is truncated or damaged: {err}. Copy it again."
            ) from err
        if digest.hexdigest() != self.digest:
            raise RuntimeError(
                f"The samples in {self.path} are not those that were written: their SHA-256 differs. Copy "
                "the file again."
            )
