"""The loss on held-out subjects, and what predicting without a network would lose."""

import numpy as np

from ._masks import TRIVIAL, cut_patches, draw_noise, predict_trivially, seed_of

# Tells the masks of validation from those of updates.
_PURPOSE = 1


def validate(network, mixture, settings, accelerator, n_patches):
    """Compute the loss on all epochs of the validation part.

    Parameters
    ----------
    network : torch.nn.Module
        Not wrapped; is set to evaluation and back.
    mixture : Mixture
        The validation part.
    settings : Settings
        Masking and batches.
    accelerator : accelerate.Accelerator
        Each process takes its share of the batches.
    n_patches : int
        Patches of one epoch.

    Returns
    -------
    loss : float
        Mean squared error over hidden patches; the masks are the same every time.
    """
    import torch

    total = torch.zeros(2, dtype=torch.float64)
    network.eval()
    with torch.no_grad(), accelerator.autocast():
        for number, x in _batches(mixture, settings.batch_size, accelerator):
            noise = draw_noise(seed_of(settings.seed, _PURPOSE, number), len(x), n_patches)
            out = network(
                torch.from_numpy(x).to(accelerator.device),
                mask_ratio=settings.mask_ratio,
                noise=noise.to(accelerator.device),
            )
            # Every epoch hides as many patches, so that means of batches can be weighted by their sizes.
            total += torch.tensor([out.loss.item() * len(x), len(x)], dtype=torch.float64)
    network.train()
    loss, count = _summed(total, accelerator)
    return loss / count


def _batches(mixture, size, accelerator):
    for number in range(accelerator.process_index, -(-len(mixture) // size), accelerator.num_processes):
        yield number, mixture.read(np.arange(number * size, min((number + 1) * size, len(mixture))))


def validate_trivially(network, mixture, settings, accelerator, n_patches):
    """Compute the loss of predictors that learned nothing, with the masks of :func:`validate`.

    Parameters
    ----------
    network : torch.nn.Module
        Makes the masks.
    mixture : Mixture
        The validation part, or the training part where nobody is held out.
    settings : Settings
        Masking and batches.
    accelerator : accelerate.Accelerator
        Each process takes its share of the batches.
    n_patches : int
        Patches of one epoch.

    Returns
    -------
    losses : dict of str to float
        "zero", "visible mean" and "interpolation", as :func:`predict_trivially` makes them.
    """
    import torch

    sums = torch.zeros(len(TRIVIAL) + 1, dtype=torch.float64)
    network.eval()
    for number, x in _batches(mixture, settings.batch_size, accelerator):
        noise = draw_noise(seed_of(settings.seed, _PURPOSE, number), len(x), n_patches)
        with torch.no_grad():
            seen = torch.from_numpy(x).to(accelerator.device)
            out = network(seen, mask_ratio=settings.mask_ratio, noise=noise.to(accelerator.device))
        hidden = out.mask.cpu().numpy().astype(bool)
        patches = cut_patches(x, n_patches)
        predicted = predict_trivially(patches, hidden)
        losses = [((predicted[name] - patches)[hidden] ** 2).mean() for name in TRIVIAL]
        sums += len(x) * torch.tensor([*losses, 1.0], dtype=torch.float64)
    network.train()
    *losses, count = _summed(sums, accelerator)
    return {name: loss / count for name, loss in zip(TRIVIAL, losses, strict=True)}


def _summed(values, accelerator):
    """Return the sums over all processes as a list of float."""
    values = values.float() if accelerator.device.type == "mps" else values  # which has no float64
    return accelerator.reduce(values.to(accelerator.device), "sum").tolist()
