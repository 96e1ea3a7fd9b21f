"""In which order epochs are seen: a pure function of the seed and the number of the update."""

import itertools

import numpy as np


class BatchOrder:
    """Yield the batches of a training, from any update on.

    Every source is shuffled for itself in each epoch of training, taken as often as its weight says, and
    mixed with the others. Nothing is remembered: the same seed and update always give the same batch,
    whatever number of processes shares it.

    Parameters
    ----------
    sizes : sequence of int
        Epochs of each source.
    weights : sequence of float
        How often each epoch of a source is seen in one epoch of training. A share that is left over is drawn
        anew each time.
    batch_size : int
        Epochs per update. What is left over at the end of an epoch of training is left out of it; another
        remainder each time.
    seed : int
        Seed of the order.
    start : int
        First update.
    rank, n_ranks : int
        Which process this is, of how many; each gets every ``n_ranks``-th of a batch.

    Raises
    ------
    ValueError
        If a batch cannot be shared, or there is not one batch.
    """

    def __init__(self, sizes, weights, batch_size, seed, start=0, rank=0, n_ranks=1):
        counts = [max(round(size * weight), 1) for size, weight in zip(sizes, weights, strict=True)]
        self.steps_per_epoch = sum(counts) // batch_size
        if not self.steps_per_epoch:
            raise ValueError(
                f"A batch of {batch_size} was asked for; the training part of the corpus has {sum(counts)} "
                "epochs. Make batch_size smaller, or the corpus larger."
            )
        if batch_size % n_ranks:
            raise ValueError(
                f"A batch of {batch_size} cannot be shared by {n_ranks} processes. Choose a batch_size that "
                f"is a multiple of {n_ranks}; it counts all processes together."
            )
        self._sizes, self._counts = list(sizes), counts
        self._firsts = np.cumsum([0, *sizes[:-1]])
        self._batch_size, self._seed = batch_size, seed
        self._start, self._stop = start, start
        self._rank, self._n_ranks = rank, n_ranks

    def stop_at(self, step):
        """Set the number of updates at which to stop, which may follow from ``steps_per_epoch``."""
        self._stop = step

    def __len__(self):
        return self._stop - self._start

    def epoch(self, epoch):
        """Return the order of one epoch of training.

        Parameters
        ----------
        epoch : int
            From 0.

        Returns
        -------
        order : array of int, shape (n_seen,)
            Positions in all sources put one behind the other.
        """
        rng = np.random.default_rng([self._seed, epoch])
        drawn = []
        for first, size, count in zip(self._firsts, self._sizes, self._counts, strict=True):
            rounds = [rng.permutation(size) for _ in range(-(-count // size))]
            drawn.append(first + np.concatenate(rounds)[:count])
        return rng.permutation(np.concatenate(drawn))

    def batch(self, step):
        """Return the batch of one update, all processes together (array of int, shape (batch_size,))."""
        epoch, place = divmod(step, self.steps_per_epoch)
        return self.epoch(epoch)[place * self._batch_size : (place + 1) * self._batch_size]

    def __iter__(self):
        for epoch in itertools.count(self._start // self.steps_per_epoch):
            order = self.epoch(epoch)
            for place in range(self.steps_per_epoch):
                step = epoch * self.steps_per_epoch + place
                if step >= self._stop:
                    return
                if step >= self._start:
                    batch = order[place * self._batch_size : (place + 1) * self._batch_size]
                    yield batch[self._rank :: self._n_ranks].tolist()
