"""Masks of one update or one validation batch: a pure function of a seed, whatever number of processes."""

import numpy as np

TRIVIAL = ("zero", "visible mean", "interpolation")


def seed_of(*words):
    """Return a seed for one purpose.

    Parameters
    ----------
    *words : int
        The training's seed and what the seed is for, such as the number of the update.

    Returns
    -------
    seed : int
        Below 2 ** 63, as torch wants it.
    """
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))


def draw_noise(seed, n_epochs, n_patches):
    """Draw the numbers by which patches are chosen: those with the largest are hidden.

    Parameters
    ----------
    seed : int
        As :func:`seed_of` returns it.
    n_epochs, n_patches : int
        Size of the whole batch.

    Returns
    -------
    noise : torch.Tensor, shape (n_epochs, n_patches)
        Uniform between 0 and 1, drawn on the CPU so that it is the same on every device.
    """
    import torch

    return torch.rand(n_epochs, n_patches, generator=torch.Generator().manual_seed(seed))


def check_masking(mask_ratio, n_patches):
    """Raise ValueError if a mask would hide every patch, or none.

    Parameters
    ----------
    mask_ratio : float
        Share of the patches to hide.
    n_patches : int
        Patches of one epoch.
    """
    n_kept = int(n_patches * (1 - mask_ratio))
    if not 0 < n_kept < n_patches:
        hidden = "all" if n_kept == 0 else "none"
        raise ValueError(
            f"A mask_ratio of {mask_ratio:g} hides {hidden} of the {n_patches} patches of an epoch. Choose "
            f"one between {1 / n_patches:.3g} and {1 - 1 / n_patches:.3g}, or smaller patches."
        )


def cut_patches(x, n_patches):
    """Cut epochs along time.

    Parameters
    ----------
    x : array, shape (n_epochs, n_chans, n_times)
        A network's input.
    n_patches : int
        How many; they divide ``n_times``.

    Returns
    -------
    patches : array, shape (n_epochs, n_patches, n_times / n_patches, n_chans)
        The same numbers.
    """
    n_epochs, n_chans, _ = x.shape
    return x.transpose(0, 2, 1).reshape(n_epochs, n_patches, -1, n_chans)


def predict_trivially(patches, mask):
    """Predict hidden patches without any network.

    Parameters
    ----------
    patches : array, shape (n_epochs, n_patches, patch_size, n_chans)
        The signal, cut along time.
    mask : array of bool, shape (n_epochs, n_patches)
        True where a patch is hidden; at least one is visible.

    Returns
    -------
    predicted : dict of str to array, shape of ``patches``
        ``"zero"``; ``"visible mean"``, each channel's mean over the visible patches; ``"interpolation"``, a
        straight line between the last sample before a gap and the first behind it, level at the ends.
    """
    patches = np.asarray(patches, float)
    n_epochs, n_patches, size, n_chans = patches.shape
    visible = ~mask[:, :, None, None]
    mean = (patches * visible).sum((1, 2), keepdims=True) / (visible.sum((1, 2), keepdims=True) * size)
    signal = patches.reshape(n_epochs, n_patches * size, n_chans)
    lines = np.empty_like(signal)
    every = np.arange(n_patches * size)
    for epoch, hidden in enumerate(mask):
        known = np.flatnonzero(np.repeat(~hidden, size))
        right = np.clip(np.searchsorted(known, every), 0, len(known) - 1)
        left = np.clip(np.searchsorted(known, every, side="right") - 1, 0, len(known) - 1)
        gap = np.maximum(known[right] - known[left], 1)
        share = np.clip((every - known[left]) / gap, 0, 1)[:, None]
        lines[epoch] = signal[epoch, known[left]] * (1 - share) + signal[epoch, known[right]] * share
    guesses = (np.zeros_like(patches), np.broadcast_to(mean, patches.shape), lines.reshape(patches.shape))
    return dict(zip(TRIVIAL, guesses, strict=True))
