"""Signals cut into patches: the first layer of DreamDiffusion, and which sizes fit together."""

from torch import nn
from torch.nn import functional

from ..._checks import check_number


class Patches(nn.Module):
    """A convolution over time that mixes all channels and steps by its own length, as one product."""

    def __init__(self, n_chans, patch_size, embed_dim):
        super().__init__()
        self.proj = nn.Conv1d(n_chans, embed_dim, patch_size, stride=patch_size)

    def cut(self, x):
        """Return what the convolution sees of each patch, shape (batch, n_patches, n_chans * patch_size)."""
        return x.unflatten(2, (-1, self.proj.stride[0])).transpose(1, 2).flatten(2)

    def forward(self, cuts):
        """Return tokens of shape (batch, n_cuts, embed_dim)."""
        return functional.linear(cuts, self.proj.weight.flatten(1), self.proj.bias)


def check_sizes(caller, prefix="", *, n_chans, n_times, patch_size, embed_dim, depth, num_heads, mlp_ratio):
    """Return the number of patches of sizes that fit together, or raise ValueError or TypeError."""
    for name, value in (("n_chans", n_chans), ("n_times", n_times), ("patch_size", patch_size)):
        check_number(name, value, caller, at_least=1, integer=True)
    widths = {"embed_dim": embed_dim, "depth": depth, "num_heads": num_heads}
    for name, value in widths.items():
        check_number(prefix + name, value, caller, at_least=1, integer=True)
    check_number("mlp_ratio", mlp_ratio, caller, above=0)
    if embed_dim % num_heads or embed_dim % 2:
        raise ValueError(
            f"The '{prefix}embed_dim' parameter of {caller} must be even and a multiple of its {num_heads} "
            f"heads. Got {embed_dim} instead."
        )
    if n_times % patch_size:
        raise ValueError(
            f"The 'n_times' parameter of {caller} must be a multiple of patch_size={patch_size}. Got "
            f"{n_times} instead; {n_times + patch_size - n_times % patch_size} would do."
        )
    return n_times // patch_size


def check_signal(x, network):
    """Refuse a signal that the network was not made for."""
    wanted = (network.n_chans, network.n_times)
    if x.ndim != 3 or tuple(x.shape[1:]) != wanted:
        raise ValueError(
            f"{type(network).__name__} was made for signals of shape (batch, {wanted[0]}, {wanted[1]}). Got "
            f"{tuple(x.shape)} instead. model.card.prepare(epochs) makes them fit."
        )


def initialise(network):
    """Draw weights as the released code does: uniform (Glorot and Bengio 2010), no biases."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv1d):
            nn.init.xavier_uniform_(module.weight.view(module.weight.shape[0], -1))
