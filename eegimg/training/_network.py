"""The network that is trained, and what of it is optimized how."""

import numpy as np

from ..models import InputSpec
from ..models._registry import create_model
from ._masks import draw_noise


def build_network(recipe):
    """Build a masked network for an input.

    Parameters
    ----------
    recipe : TrainingRecipe
        Its ``model`` and ``input``.

    Returns
    -------
    network : torch.nn.Module
        Freshly initialized.
    spec : InputSpec
        What it expects.

    Raises
    ------
    TypeError, ValueError
        If the input or a size is not what it must be, or the model learns nothing by masks.
    """
    spec = InputSpec.from_facts(recipe.input)
    for name in ("n_chans", "n_times", "sfreq"):
        if getattr(spec, name) is None:
            raise ValueError(
                f"The [input] table of the recipe does not say {name!r}, which sources of several kinds must "
                "be brought to. Add it."
            )
    sizes = {key: value for key, value in recipe.model.items() if key != "name"}
    name = recipe.model["name"]
    network = create_model(name, **{"n_chans": spec.n_chans, "n_times": spec.n_times, **sizes})
    if network.card.kind != "masked":
        raise ValueError(
            f"The model {name!r} was asked for; it is of the kind {network.card.kind!r} and learns nothing "
            "by masks. Name one such as 'dreamdiffusion_mae'."
        )
    return network, spec


def count_patches(network, spec):
    """Return into how many patches an input is cut (int)."""
    import torch

    return int(network.patchify(torch.zeros(1, spec.n_chans, spec.n_times)).shape[1])


def make_optimizer(network, settings):
    """Return AdamW with weight decay on matrices only, as masked autoencoders are trained.

    Parameters
    ----------
    network : torch.nn.Module
        Its parameters.
    settings : Settings
        Rate, betas and weight decay.

    Returns
    -------
    optimizer : torch.optim.AdamW
        Two groups of parameters.
    """
    import torch

    trained = [value for value in network.parameters() if value.requires_grad]
    groups = [
        {"params": [value for value in trained if value.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [value for value in trained if value.ndim <= 1], "weight_decay": 0.0},
    ]
    # One pass over all parameters instead of a dozen per tensor; not every device has it.
    fused = trained[0].device.type in ("cpu", "cuda")
    return torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas, fused=fused)


def reconstruct(network, x, loop, accelerator):
    """Let a network fill in what is hidden of some epochs.

    Parameters
    ----------
    network : torch.nn.Module
        Trained.
    x : array, shape (n_epochs, n_chans, n_times)
        Its input.
    loop : Loop
        Settings and number of patches.
    accelerator : accelerate.Accelerator
        The device.

    Returns
    -------
    x, predicted : array, shape (n_epochs, n_chans, n_times)
        The input, and the prediction of all patches.
    hidden : array of bool, shape (n_epochs, n_times)
        True where the network saw nothing.
    """
    import torch

    noise = draw_noise(loop.settings.seed, len(x), loop.n_patches).to(accelerator.device)
    with torch.no_grad():
        seen = torch.from_numpy(x).to(accelerator.device)
        out = network(seen, mask_ratio=loop.settings.mask_ratio, noise=noise)
        predicted = network.unpatchify(out.pred).float().cpu().numpy()
    size = x.shape[2] // loop.n_patches
    hidden = np.repeat(out.mask.cpu().numpy().astype(bool), size, axis=1)
    return x, predicted, hidden
