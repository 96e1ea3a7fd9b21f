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

    def forward(self, x, scratch=None):
        """Mix tokens of shape (batch, n_tokens, dim)."""
        batch, n_tokens, dim = x.shape
        qkv = _linear(self.qkv, x, scratch).view(batch, n_tokens, 3, self.num_heads, dim // self.num_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return mixed.transpose(1, 2).reshape(batch, n_tokens, dim)


class Perceptron(nn.Module):
    """Two linear layers with a GELU between them; the second is left to the block."""

    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x, scratch=None):
        """Return the hidden values, shape (batch, n_tokens, hidden_dim)."""
        return functional.gelu(_linear(self.fc1, x, scratch))


class Block(nn.Module):
    """Attention and perceptron, each behind a norm and added to what came in (Dosovitskiy et al. 2021)."""

    def __init__(self, dim, num_heads, mlp_ratio):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim)
        # A ratio of two widths must give the width again, whatever was rounded.
        self.mlp = Perceptron(dim, int(dim * mlp_ratio + 1e-6))

    def forward(self, x, scratch=None):
        """Return tokens of shape (batch, n_tokens, dim)."""
        x = _add_linear(x, self.attn.proj, self.attn(self.norm1(x), scratch), scratch)
        return _add_linear(x, self.mlp.fc2, self.mlp(self.norm2(x), scratch), scratch)


def run_blocks(blocks, x):
    """Return tokens of shape (batch, n_tokens, dim) after all blocks.

    Where nothing is to be learned, blocks write what none of them keeps into the same memory: to get new
    memory from the system takes up to a tenth of their time.
    """
    # A compiler plans memory by itself, and autocast chooses the types of products.
    plain = torch.is_grad_enabled() or torch.compiler.is_compiling()
    scratch = None if plain or torch.is_autocast_enabled(x.device.type) else {}
    for block in blocks:
        # Something else in place of a block knows nothing of scratch memory.
        x = block(x, scratch) if type(block) is Block else block(x)
    return x


def _linear(layer, x, scratch):
    """Return ``layer(x)``, in scratch memory where there is some and the layer is no more than that."""
    if scratch is None or type(layer) is not nn.Linear:
        return layer(x)
    rows, width = x.flatten(0, 1), layer.out_features
    if width not in scratch:
        scratch[width] = x.new_empty(len(rows), width)
    out = torch.addmm(layer.bias, rows, layer.weight.t(), out=scratch[width])
    return out.view(*x.shape[:2], width)


def _add_linear(x, layer, change, scratch):
    """Return ``x + layer(change)``, as one product that adds to a sum where there is scratch memory."""
    if scratch is None or type(layer) is not nn.Linear:
        return x + layer(change)
    total = (x + layer.bias).flatten(0, 1)
    return total.addmm_(change.flatten(0, 1), layer.weight.t()).view_as(x)


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
