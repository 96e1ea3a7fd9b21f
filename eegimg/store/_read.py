"""Open a store: a folder of shards, or one HDF5 file."""

import io
import os
import pathlib

import pandas as pd

from .._checks import check_type
from ._hdf5 import open_hdf5
from ._manifest import index_bytes, layout_of_manifest, read_manifest, shard_files
from ._shards import ShardReader, check_shard
from ._store import Store


def read_store(path):
    """Open a store. Samples stay on disk until they are asked for.

    Parameters
    ----------
    path : path-like
        A folder that :func:`write_store` wrote, or one HDF5 file that :meth:`Store.to_hdf5` wrote.

    Returns
    -------
    store : Store
        All of its epochs.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or file.
    RuntimeError
        If it is no store, or one that is not finished, damaged, or of a later version of eegimg; or a shard
        is missing or has not the size that the manifest says (:meth:`Store.verify` looks at every byte).
    """
    path = pathlib.Path(check_type("path", path, (str, os.PathLike), "read_store", "a path")).expanduser()
    if path.is_file():
        return Store(path, *open_hdf5(path))
    manifest = read_manifest(path)
    files, entries = shard_files(path, manifest)
    for file, entry in zip(files, entries, strict=True):
        check_shard(file, entry)
    table = pd.read_parquet(io.BytesIO(index_bytes(path, manifest)))
    return Store(path, manifest, table, ShardReader(files, entries, layout_of_manifest(manifest).shape))
