"""Learning rates: a linear rise, and half a cosine down."""

import math


def learning_rate(step, n_steps, settings):
    """Return the learning rate of one update.

    Parameters
    ----------
    step : int
        Number of the update, from 0.
    n_steps : int
        How many there will be.
    settings : Settings
        ``lr``, ``min_lr`` and ``warmup``.

    Returns
    -------
    rate : float
        It depends on nothing else, so that no scheduler has a state to save.
    """
    n_warmup = settings.warmup * n_steps
    if step < n_warmup:
        return settings.lr * step / n_warmup
    done = (step - n_warmup) / max(n_steps - n_warmup, 1)
    return settings.min_lr + (settings.lr - settings.min_lr) * 0.5 * (1 + math.cos(math.pi * done))
