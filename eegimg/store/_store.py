"""A store as it is read: epochs by number, a table of them, and what all of them share."""

import functools
import numbers
import pathlib

import mne
import numpy as np

from .._checks import check_option, listing
from ._layout import make_info
from ._manifest import content_digest, index_bytes, layout_of_manifest
from ._table import PLACE, target_codes


class Store:
    """Epochs on disk, read by number. :func:`read_store` makes one.

    Attributes
    ----------
    path : pathlib.Path
        The folder, or the HDF5 file.
    manifest : dict
        What is known of the whole store, as ``manifest.json`` has it.
    metadata : pandas.DataFrame
        One row per epoch, numbered from 0: recording, subject, session, task and run where known, event, and
        what the epochs' metadata had.
    ch_names : list of str
        Channels in order.
    sfreq : float
        Hz.
    tmin : float
        Time of the first sample, in seconds from the event.
    times : ndarray, shape (n_times,)
        In seconds from the event.
    n_channels, n_times : int
        Shape of an epoch.
    info : mne.Info
        Channels with their types and places.
    fingerprint : str
        Changes when samples, metadata or the choice of epochs change, and with nothing else.

    See Also
    --------
    write_store : Write one.

    Notes
    -----
    ``store[3]`` is one epoch, float32, (n_channels, n_times), in the unit of the manifest (volts);
    ``store[[3, 0]]``, ``store[:8]`` and ``store[mask]`` are several, (n, n_channels, n_times), in the order
    asked for. What is returned is a copy. Files are opened when they are first read, by each process itself:
    a store can be pickled and used in worker processes, forked or not.
    """

    def __init__(self, path, manifest, table, reader, rows=None):
        self.path, self.manifest = path, manifest
        self._table, self._reader = table, reader
        self._rows = np.arange(len(table)) if rows is None else rows
        self._place = [table[name].to_numpy(np.int64)[self._rows] for name in PLACE]
        self._layout = layout_of_manifest(manifest)

    def __repr__(self):
        n_channels, n_times = self._layout.shape
        return (
            f"<Store {self.path.name}: {len(self)} epochs, {n_channels} channels, {n_times} samples at "
            f"{self.sfreq:g} Hz>"
        )

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, key):
        if isinstance(key, numbers.Integral) and not isinstance(key, (bool, np.bool_)):
            return self.take([key])[0]
        return self.take(key)

    ch_names = property(lambda self: list(self._layout.ch_names))
    sfreq = property(lambda self: self._layout.sfreq)
    tmin = property(lambda self: self._layout.tmin)
    n_times = property(lambda self: self._layout.n_times)
    n_channels = property(lambda self: len(self._layout.ch_names))
    times = property(lambda self: self.tmin + np.arange(self.n_times) / self.sfreq)
    info = property(lambda self: make_info(self._layout, self.manifest["bads"]))

    @property
    def metadata(self):
        """One row per epoch, numbered from 0."""
        return self._metadata.copy(deep=False)

    @functools.cached_property
    def _metadata(self):
        return self._table.iloc[self._rows].drop(columns=list(PLACE)).reset_index(drop=True)

    @functools.cached_property
    def fingerprint(self):
        """Sixteen characters that change with samples, metadata and the choice of epochs."""
        whole = self.manifest["fingerprint"]
        if np.array_equal(self._rows, np.arange(len(self._table))):
            return whole
        return content_digest(whole, self._rows.tolist())

    def __getstate__(self):
        return {
            name: value for name, value in self.__dict__.items() if name not in ("_metadata", "fingerprint")
        }

    def take(self, indices, out=None):
        """Read epochs into an array.

        Parameters
        ----------
        indices : slice | array-like of int | array-like of bool
            Which epochs, in this order; negative numbers count from the end.
        out : ndarray of float32, shape (n, n_channels, n_times) | None
            Where to, in C order. None makes an array.

        Returns
        -------
        data : ndarray of float32, shape (n, n_channels, n_times)
            In the unit of the manifest (volts).

        Raises
        ------
        IndexError
            If there is no such epoch.
        TypeError, ValueError
            If the indices are none, or ``out`` does not fit.
        """
        chosen = self._numbers(indices)
        shape = (len(chosen), *self._layout.shape)
        if out is None:
            out = np.empty(shape, dtype=np.float32)
        elif (
            out.shape != shape
            or out.dtype != np.float32
            or not out.flags.c_contiguous
            or not out.flags.writeable
        ):
            raise ValueError(
                f"The 'out' parameter of Store.take must be a float32 array of shape {shape} in C order. Got "
                f"{out.dtype} of shape {out.shape}."
            )
        self._reader.gather(self._place[0][chosen], self._place[1][chosen], out)
        return out

    def _numbers(self, indices):
        """Return indices as numbers from 0."""
        if isinstance(indices, slice):
            return np.arange(len(self))[indices]
        chosen = np.asarray(indices)
        if chosen.dtype == bool and chosen.shape == (len(self),):
            return np.flatnonzero(chosen)
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
            raise TypeError(
                f"Epochs of a store are chosen by a number, a slice, a list of numbers, or a mask of "
                f"{len(self)} booleans. Got {chosen.dtype} of shape {chosen.shape} instead."
            )
        chosen = chosen.astype(np.int64)
        if chosen.size and not (-len(self) <= chosen.min() and chosen.max() < len(self)):
            odd = chosen[(chosen < -len(self)) | (chosen >= len(self))][0]
            raise IndexError(f"The epoch {odd} was asked for; the store has {len(self)}, numbered from 0.")
        return np.where(chosen < 0, chosen + len(self), chosen)

    def select(self, indices=None, *, split=None):
        """Return some of the epochs as a store of the same files; nothing is copied.

        Parameters
        ----------
        indices : slice | array-like of int | array-like of bool | None
            Which epochs, in this order. A mask of the metadata chooses by what they are:
            ``store.select(store.metadata["subject"] == "01")``.
        split : str | None
            Instead, one part of the split: "train".

        Returns
        -------
        store : Store
            May be without epochs where indices choose none.

        Raises
        ------
        ValueError
            If the store has no split, or none of its epochs is in that part.
        IndexError, TypeError
            If there is no such epoch, or the indices are none.
        """
        if (indices is None) == (split is None):
            raise ValueError("Store.select needs either indices or split=. Give one of the two.")
        if split is not None:
            indices = self._part(split)
        return Store(self.path, self.manifest, self._table, self._reader, self._rows[self._numbers(indices)])

    def _part(self, split):
        known = self.manifest["split"]
        if known is None:
            raise ValueError(
                f"The split {split!r} was asked for; {self.path.name} has none. Write it with split= a "
                f"column of the metadata: {listing(self.metadata, 20)}."
            )
        check_option("split", split, list(known["counts"]), "Store.select")
        chosen = self.metadata[known["column"]].astype(str).to_numpy() == split
        if not chosen.any():
            there = sorted(set(self.metadata[known["column"]].astype(str)))
            raise ValueError(
                f"The split {split!r} is empty: of the {len(self)} epochs chosen from {self.path.name} none "
                f"is in it; they are in {listing(there)}."
            )
        return chosen

    def to_torch(self, target=None, transform=None):
        """Return the epochs as a map-style dataset of PyTorch.

        Parameters
        ----------
        target : str | None
            Column of the metadata whose code goes with each epoch. Codes count the values of the whole store,
            sorted, so that parts of it agree.
        transform : callable | None
            Called with each epoch, a tensor (n_channels, n_times), in the process that reads it.

        Returns
        -------
        dataset : StoreDataset
            With ``loader(batch_size=64, shuffle=True)`` and, for a DataLoader of your own, ``collate``.

        Raises
        ------
        ValueError
            If there is no such column, or it has gaps.
        ImportError
            If torch is not installed.
        """
        from ._torch import StoreDataset

        codes, classes = (None, None) if target is None else target_codes(self._table, self._rows, target)
        return StoreDataset(self, codes, classes, transform)

    def to_epochs(self, indices=None):
        """Read epochs into memory as MNE's.

        Parameters
        ----------
        indices : slice | array-like of int | array-like of bool | None
            Which epochs. None takes all.

        Returns
        -------
        epochs : mne.EpochsArray
            With the metadata; they follow each other without a gap, since a store does not know when they
            were recorded.
        """
        chosen = np.arange(len(self)) if indices is None else self._numbers(indices)
        metadata = self.metadata.iloc[chosen].reset_index(drop=True)
        names = sorted(set(metadata["event"].astype(str)))
        event_id = {name: code for code, name in enumerate(names, 1)}
        codes = metadata["event"].astype(str).map(event_id).to_numpy(int)
        onsets = np.arange(len(chosen)) * self.n_times
        return mne.EpochsArray(
            self.take(chosen).astype(float),
            self.info,
            np.column_stack([onsets, np.zeros_like(onsets), codes]),
            self.tmin,
            event_id,
            metadata=metadata,
            verbose="error",
        )

    def verify(self):
        """Read every byte of the files and compare with the checksums in the manifest.

        Returns
        -------
        store : Store
            The same, so that ``read_store(path).verify()`` can be used.

        Raises
        ------
        RuntimeError
            If a file is missing, truncated or changed; the sentence names it.
        """
        self._reader.verify()
        if self.path.is_dir():
            index_bytes(self.path, self.manifest)
        return self

    def to_hdf5(self, path):
        """Write the epochs into one HDF5 file, to hand them on.

        Parameters
        ----------
        path : path-like
            New file, ``.h5`` or ``.hdf5``.

        Returns
        -------
        store : Store
            The same epochs, read from the file. Each is a chunk of the dataset ``epochs``; ``metadata`` has a
            dataset for each column, and the attribute ``manifest`` is the manifest as JSON.

        Raises
        ------
        ValueError
            If the file is there, has another ending, or there are no epochs.
        """
        from ._hdf5 import write_hdf5
        from ._read import read_store

        write_hdf5(self, pathlib.Path(path).expanduser())
        return read_store(path)
