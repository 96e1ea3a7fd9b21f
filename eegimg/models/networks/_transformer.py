"""Blocks of a vision transformer: timm's numbers and names, with fewer passes over memory."""

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head self-attention with one matrix for queries, keys and values (Vaswani et al. 2017).

    The projection is left to the block, which adds it to what came in.
    """

    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        """Mix tokens of shape (batch, n_tokens, dim)."""
        batch, n_tokens, dim = x.shape
        qkv = self.qkv(x).view(batch, n_tokens, 3, self.num_heads, dim // self.num_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return mixed.transpose(1, 2).reshape(batch, n_tokens, dim)


class Perceptron(nn.Module):
    """Two linear layers with a GELU between them; the second is left to the block."""

    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x):
        """Return the hidden values, shape (batch, n_tokens, hidden_dim)."""
        return functional.gelu(self.fc1(x))


class Block(nn.Module):
    """Attention and perceptron, each behind a norm and added to what came in (Dosovitskiy et al. 2021)."""

    def __init__(self, dim, num_heads, mlp_ratio):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim)
        # A ratio of two widths must give the width again, whatever was rounded.
        self.mlp = Perceptron(dim, int(dim * mlp_ratio + 1e-6))

    def forward(self, x):
        """Return tokens of shape (batch, n_tokens, dim)."""
        x = _add_linear(x, self.attn.proj, self.attn(self.norm1(x)))
        return _add_linear(x, self.mlp.fc2, self.mlp(self.norm2(x)))


def _add_linear(x, linear, change):
    """Return ``x + linear(change)``, in one product that adds to a sum where nothing is to be learned."""
    # Autocast chooses the types of the product itself; a layer in place of a linear one may do more.
    plain = type(linear) is nn.Linear and not torch.is_autocast_enabled(x.device.type)
    if torch.is_grad_enabled() or not plain:
        return x + linear(change)
    total = (x + linear.bias).flatten(0, 1)
    return total.addmm_(change.flatten(0, 1), linear.weight.t()).view_as(x)


def sincos_positions(n_positions, dim):
    """Return fixed sine-cosine position embeddings, zeros for the cls token first.

    Parameters
    ----------
    n_positions : int
        How many tokens there are besides the cls token.
    dim : int
        Width of a token, even.

    Returns
    -------
    positions : Tensor, shape (1, 1 + n_positions, dim)
        The sines of all frequencies, then their cosines (He et al. 2022, arXiv:2111.06377).
    """
    frequencies = 10000.0 ** -(torch.arange(dim // 2, dtype=torch.float64) / (dim / 2))
    angles = torch.arange(n_positions, dtype=torch.float64)[:, None] * frequencies
    table = torch.cat([angles.sin(), angles.cos()], dim=1)
    return torch.cat([torch.zeros(1, dim, dtype=torch.float64), table])[None].float()
