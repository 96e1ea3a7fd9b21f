"""Epochs in .npy files: written a stretch at a time, gathered through memory maps."""

import hashlib
import mmap
import os

import numpy as np

from .._paths import whole_file

DTYPE = np.dtype("<f4")
_CHUNK = 2**25  # bytes that are turned to float32 at a time


def write_shard(path, blocks, shape):
    """Write one shard whole, and return what the manifest says of it.

    Parameters
    ----------
    path : pathlib.Path
        A .npy file.
    blocks : iterable of ndarray, shape (n, n_channels, n_times)
        Stretches of it in order, together ``shape[0]`` epochs.
    shape : tuple of int
        (n_epochs, n_channels, n_times).

    Returns
    -------
    entry : dict
        ``file`` (its name), ``shape``, ``bytes`` and ``sha256`` of the whole file.
    """
    digest = hashlib.sha256()
    with whole_file(path) as temporary:
        with open(temporary, "wb") as stream:
            header = {"descr": DTYPE.str, "fortran_order": False, "shape": tuple(shape)}
            np.lib.format.write_array_header_1_0(stream, header)
            stream.flush()
            digest.update(temporary.read_bytes())
            for block in blocks:
                # Not tofile, which says nothing of a disk that is full.
                samples = np.ascontiguousarray(block, dtype=DTYPE).data
                stream.write(samples)
                digest.update(samples)
        size = temporary.stat().st_size
    return {"file": path.name, "shape": list(shape), "bytes": size, "sha256": digest.hexdigest()}


def epochs_at_a_time(shape):
    """Return how many epochs of a shape (n_channels, n_times) are converted at a time."""
    return max(1, _CHUNK // (8 * int(np.prod(shape))))


def check_shard(path, entry):
    """Raise RuntimeError if a file is missing or has another size than the manifest says."""
    try:
        size = path.stat().st_size
    except OSError as err:
        raise RuntimeError(
            f"The shard {path.name} of the store {_store_of(path)} is missing. Copy the store again, or "
            "write it anew."
        ) from err
    if size != entry["bytes"]:
        what = "truncated" if size < entry["bytes"] else "not the one that was written"
        raise RuntimeError(
            f"The shard {path.name} of the store {_store_of(path)} is {what}: {size:,} bytes, the manifest "
            f"says {entry['bytes']:,}. Copy the store again, or write it anew."
        )


def _store_of(path):
    return path.parents[2]


class ShardReader:
    """Gather epochs from the shards of a store, each mapped when it is first read in a process.

    Parameters
    ----------
    files : list of pathlib.Path
        Shards, by number.
    entries : list of dict
        What the manifest says of each.
    shape : tuple of int
        (n_channels, n_times).

    Notes
    -----
    A slice of a memoryview costs a fifth of what a view of an array does, and copying through it is one call
    of memmove: one shard or a thousand make no difference. Python's maps hold a file descriptor each, so that
    no more than half of what the process may have are kept open.
    """

    def __init__(self, files, entries, shape):
        self.files, self.entries, self.shape = list(files), list(entries), tuple(shape)
        self._maps = {}

    def __getstate__(self):
        return self.__dict__ | {"_maps": {}}

    def gather(self, shards, rows, out):
        """Copy epochs into an array.

        Parameters
        ----------
        shards, rows : ndarray of int, shape (n,)
            Where each epoch lies.
        out : ndarray of float32, shape (n, n_channels, n_times)
            C order.
        """
        if not out.size:
            return
        target = memoryview(out).cast("B")
        size = DTYPE.itemsize * self.shape[0] * self.shape[1]
        maps, end = self._maps, 0
        for shard, start in zip(shards.tolist(), (rows * size).tolist(), strict=True):
            source = maps.get(shard)
            if source is None:
                source = self._open(shard)
            begin, end = end, end + size
            target[begin:end] = source[start : start + size]

    def verify(self):
        """Raise RuntimeError if a file is not the one that was written."""
        for path, entry in zip(self.files, self.entries, strict=True):
            check_shard(path, entry)
            if file_digest(path) != entry["sha256"]:
                raise RuntimeError(
                    f"The shard {path.name} of the store {_store_of(path)} has changed: its SHA-256 is not "
                    "the one in the manifest. Copy the store again, or write it anew."
                )

    def _open(self, shard):
        """Map a shard and return its samples as bytes."""
        path, entry = self.files[shard], self.entries[shard]
        check_shard(path, entry)
        with open(path, "rb") as stream:
            try:
                np.lib.format.read_magic(stream)
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
            except ValueError as err:
                raise RuntimeError(
                    f"The shard {path.name} of the store {_store_of(path)} is no .npy file."
                ) from err
            if (list(shape), fortran, dtype) != (entry["shape"], False, DTYPE):
                raise RuntimeError(
                    f"The shard {path.name} of the store {_store_of(path)} holds {dtype} {shape}, the "
                    f"manifest says {DTYPE} {tuple(entry['shape'])}. Copy the store again, or write it anew."
                )
            begin = stream.tell()
            if len(self._maps) >= _most_open():
                self._maps.clear()
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._maps[shard] = memoryview(mapped)[begin:]
        return self._maps[shard]


def _most_open():
    """Return how many files one reader may hold open."""
    if os.name == "nt":
        return 512
    import resource

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 4096 if soft == resource.RLIM_INFINITY else min(4096, max(16, soft // 2))


def file_digest(path):
    """Return the SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
