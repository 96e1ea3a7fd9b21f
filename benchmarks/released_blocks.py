"""What the code that DreamDiffusion released computes with: blocks as timm 0.5 writes them, written anew.

Attention is two products and a softmax, dropout of nothing stands behind each layer, and each sum of what
came in and its change makes a new array. Names are those of timm, so that the weights of eegimg load.
"""

from torch import nn


class Attention(nn.Module):
    """Self-attention with every step written out."""

    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads, self.scale = num_heads, (dim // num_heads) ** -0.5
        self.qkv, self.attn_drop = nn.Linear(dim, 3 * dim), nn.Dropout(0.0)
        self.proj, self.proj_drop = nn.Linear(dim, dim), nn.Dropout(0.0)

    def forward(self, x):
        """Mix tokens of shape (batch, n_tokens, dim)."""
        batch, n_tokens, dim = x.shape
        qkv = self.qkv(x).reshape(batch, n_tokens, 3, self.num_heads, dim // self.num_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        weights = ((query @ key.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        mixed = (self.attn_drop(weights) @ value).transpose(1, 2).reshape(batch, n_tokens, dim)
        return self.proj_drop(self.proj(mixed))


class Perceptron(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, dim)
        self.drop = nn.Dropout(0.0)

    def forward(self, x):
        """Change each token by itself."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class Block(nn.Module):
    """Attention and perceptron, each behind a norm and added to what came in."""

    def __init__(self, dim, num_heads, hidden_dim):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim), Attention(dim, num_heads)
        self.norm2, self.mlp = nn.LayerNorm(dim), Perceptron(dim, hidden_dim)
        self.drop_path = nn.Identity()

    def forward(self, x):
        """Return tokens of shape (batch, n_tokens, dim)."""
        x = x + self.drop_path(self.attn(self.norm1(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))


def released_block(block):
    """Return the released code's block with the weights of one of eegimg."""
    other = Block(block.norm1.normalized_shape[0], block.attn.num_heads, block.mlp.fc1.out_features)
    other.load_state_dict(block.state_dict())
    return other


class Encoder(nn.Module):
    """The released code's encoder, with the weights of eegimg's."""

    def __init__(self, encoder):
        super().__init__()
        self.patches, self.positions = encoder.patch_embed.proj, encoder.pos_embed
        self.blocks = nn.ModuleList(released_block(block) for block in encoder.blocks)
        self.norm = encoder.norm

    def forward(self, x):
        """Turn signals of shape (batch, n_chans, n_times) into tokens."""
        tokens = self.patches(x).transpose(1, 2).contiguous() + self.positions[:, 1:]
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)
