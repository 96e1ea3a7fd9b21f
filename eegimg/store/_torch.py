"""A store as PyTorch's loaders want it."""

from collections.abc import Callable

import numpy as np

from .._checks import check_type
from .._optional import require


class StoreDataset:
    """Epochs of a store as a map-style dataset. :meth:`Store.to_torch` makes one.

    Parameters
    ----------
    store : Store
        The epochs.
    codes : ndarray of int, shape (n_epochs,) | None
        Code of each epoch's target.
    classes : list | None
        What the codes stand for: ``classes[code]``.
    transform : callable | None
        Called with each epoch, a tensor.

    Notes
    -----
    ``dataset[3]`` is a float32 tensor (n_channels, n_times) in the unit of the store, volts, or that and its
    code. A DataLoader asks for a whole batch at once (``__getitems__``), which is read into one tensor. Its
    own way of putting items together would copy that tensor once more; :meth:`collate` passes it on::

        loader = torch.utils.data.DataLoader(dataset, batch_size=64, shuffle=True, collate_fn=dataset.collate)

    :meth:`loader` says the same shorter. Any sampler can be used, torch's DistributedSampler included, and
    workers may be forked or spawned: each opens the files itself.
    """

    def __init__(self, store, codes=None, classes=None, transform=None):
        _torch()
        check_type("transform", transform, (type(None), Callable), "Store.to_torch", "a function or None")
        self.store, self.classes, self.transform = store, classes, transform
        self._codes = codes

    def __len__(self):
        return len(self.store)

    def __getitem__(self, index):
        epoch = _torch().from_numpy(self.store[int(index)])
        epoch = epoch if self.transform is None else self.transform(epoch)
        return epoch if self._codes is None else (epoch, int(self._codes[index]))

    def __getitems__(self, indices):
        """Read a batch.

        Parameters
        ----------
        indices : list of int
            Which epochs.

        Returns
        -------
        items : list
            One item for each, as ``dataset[index]`` gives it; ``items.batch`` is all of them in one tensor
            (n, n_channels, n_times), with a target (that, codes of shape (n,)).
        """
        torch = _torch()
        indices = np.asarray(indices)
        batch = torch.from_numpy(self.store.take(indices))
        if self.transform is not None:
            batch = torch.stack([self.transform(epoch) for epoch in batch])
        if self._codes is None:
            return _Items(batch, batch.unbind())
        codes = torch.from_numpy(self._codes[indices])
        return _Items((batch, codes), zip(batch.unbind(), codes.tolist(), strict=True))

    @staticmethod
    def collate(items):
        """Return the tensor in which a batch was read, as the ``collate_fn`` of a DataLoader.

        Parameters
        ----------
        items : list
            As ``__getitems__`` gives it.

        Returns
        -------
        batch : Tensor, shape (n, n_channels, n_times) | tuple of Tensor
            With a target also the codes, shape (n,).
        """
        return items.batch

    def loader(self, batch_size=64, **options):
        """Return a DataLoader over the epochs.

        Parameters
        ----------
        batch_size : int
            Epochs of a batch.
        **options
            As for ``torch.utils.data.DataLoader``: shuffle, sampler, num_workers, drop_last, generator ...

        Returns
        -------
        loader : torch.utils.data.DataLoader
            Its batches are float32 tensors (n, n_channels, n_times), or those and their codes.
        """
        data = require("torch.utils.data", "Store.to_torch", "models")
        return data.DataLoader(self, batch_size, collate_fn=self.collate, **options)


class _Items(list):
    """Items of a batch, and the batch that they are parts of."""

    def __init__(self, batch, items):
        super().__init__(items)
        self.batch = batch


def _torch():
    return require("torch", "Store.to_torch", "models")
