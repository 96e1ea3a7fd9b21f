"""Epochs of several stores as one dataset that gives whole batches in the network's own shape."""

import numpy as np

from .._checks import listing


class Mixture:
    """A map-style dataset over parts of several stores.

    It is asked for whole batches, so that each source is read once per batch, and it can be pickled.

    Parameters
    ----------
    names : sequence of str
        What each source is called.
    epochs : sequence of Prepared or Adapted
        All epochs of each source, in the network's shape.
    metadata : sequence of pandas.DataFrame
        A row for each of them.
    rows : sequence of array of int, shape (n,)
        Which of them are used.
    """

    def __init__(self, names, epochs, metadata, rows):
        self.names, self.epochs, self.metadata = list(names), list(epochs), list(metadata)
        self.rows = list(rows)
        self.sizes = [len(of) for of in self.rows]
        self._firsts = np.cumsum([0, *self.sizes])

    def __len__(self):
        return int(self._firsts[-1])

    def read(self, indices):
        """Read a batch.

        Parameters
        ----------
        indices : array-like of int, shape (n,)
            Positions in all stores put one behind the other.

        Returns
        -------
        x : array, shape (n, n_chans, n_times)
            The network's input, float32, in the order asked for.
        """
        indices = np.asarray(indices)
        owners = np.searchsorted(self._firsts, indices, side="right") - 1
        x = None
        for owner in np.unique(owners):
            rows = np.flatnonzero(owners == owner)
            made = self.epochs[owner][self.rows[owner][indices[rows] - self._firsts[owner]]]
            if x is None:
                x = np.empty((len(indices), *made.shape[1:]), dtype=np.float32)
            x[rows] = made
        return x

    def __getitems__(self, indices):
        """Read a batch as a tensor: how torch's DataLoader asks, where a dataset can do it."""
        import torch

        return torch.from_numpy(self.read(indices))

    def __getitem__(self, index):
        """Read one epoch as a tensor of shape (n_chans, n_times)."""
        return self.__getitems__([index])[0]

    def describe(self, indices):
        """Say where epochs come from.

        Parameters
        ----------
        indices : array-like of int
            Positions in all stores put one behind the other.

        Returns
        -------
        sentence : str
            "epochs '3' and '4' of recording sub-01_run-1 (source lab)", source by source; numbers count the
            epochs of the source.
        """
        indices = np.asarray(indices)
        owners = np.searchsorted(self._firsts, indices, side="right") - 1
        found = []
        for owner in np.unique(owners):
            places = self.rows[owner][np.sort(indices[owners == owner] - self._firsts[owner])]
            metadata = self.metadata[owner].iloc[places]
            label = "recording" if "recording" in metadata else "subject"
            for recording, rows in metadata.assign(_row=places).groupby(label, sort=False):
                noun = "epoch" if len(rows) == 1 else "epochs"
                found.append(
                    f"{noun} {listing(rows['_row'])} of {label} {recording} (source {self.names[owner]})"
                )
        return "; ".join(found[:4]) + (f"; {len(found) - 4} more" if len(found) > 4 else "")


def whole(batch):
    """Return what was read as it is: the dataset gives whole batches."""
    return batch
