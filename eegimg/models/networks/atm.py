"""ATM's encoder (Li et al. 2024, arXiv:2403.07721): attention between channels, then NICE's convolutions."""

from torch import nn

from ..._checks import check_number
from ._network import Network
from ._shallow import Projector, ShallowConvolution, check_signal, count_features


class ATM(Network):
    """Adaptive thinking mapper, EEG encoder to be aligned with the embedding of the image that was seen.

    Parameters
    ----------
    n_chans : int
        Channels of the signal.
    n_times : int
        Its samples, at least 75.
    n_outputs : int | None
        Classes of a linear layer on the embedding; None gives the embedding.
    sfreq : float | None
        Hz; not used, here for braindecode. The filters were chosen at 250 Hz.
    chs_info : list of dict | None
        Channels as in ``info["chs"]``; not used, here for braindecode.
    embed_dim : int
        Width of the embedding; 1024 is that of CLIP ViT-H/14.
    attention_dim : int
        Width of the attention between channels, 62 per head in the paper's code.
    num_heads : int
        Heads of the attention.
    depth : int
        Layers of attention.
    feedforward_dim : int
        Hidden width behind each attention.
    drop_prob : float
        Share of values that is dropped in the convolutions and the projection in training.
    attention_drop_prob : float
        The same in the attention.

    Notes
    -----
    Sizes are those of the paper's code (https://github.com/dongyangli-del/EEG_Image_decode). There a token of
    the subject goes before the channels, and the first 63 of the 64 tokens are kept, so that the last channel
    is lost; here there is no such token, and every channel is kept. What their network calls positions is
    added only with time stamps, which they do not give, so channels are told apart by the convolution alone.
    """

    def __init__(
        self,
        n_chans=63,
        n_times=250,
        n_outputs=None,
        sfreq=None,
        chs_info=None,
        *,
        embed_dim=1024,
        attention_dim=248,
        num_heads=4,
        depth=1,
        feedforward_dim=256,
        drop_prob=0.5,
        attention_drop_prob=0.25,
    ):
        super().__init__()
        for name, value in (("n_chans", n_chans), ("num_heads", num_heads), ("depth", depth)):
            check_number(name, value, "ATM", at_least=1, integer=True)
        if attention_dim % num_heads:
            raise ValueError(
                f"The 'attention_dim' parameter of ATM must be a multiple of its {num_heads} heads. Got "
                f"{attention_dim} instead."
            )
        self.n_chans, self.n_times = n_chans, n_times
        n_features = count_features(n_times, "ATM")
        self.embed = nn.Linear(n_times, n_times)
        self.embed_dropout = nn.Dropout(attention_drop_prob)
        self.layers = nn.ModuleList(
            ChannelAttention(n_times, attention_dim, num_heads, feedforward_dim, attention_drop_prob)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(n_times)
        self.encoder = ShallowConvolution(n_chans, drop_prob)
        self.projector = Projector(n_features, embed_dim, drop_prob)
        self.head = nn.Identity() if n_outputs is None else nn.Linear(embed_dim, n_outputs)

    def forward(self, x):
        """Embed signals.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)
            Signals as :meth:`eegimg.models.ModelCard.prepare` makes them.

        Returns
        -------
        y : Tensor, shape (batch, embed_dim) | (batch, n_outputs)
            Embeddings, or logits with ``n_outputs``.
        """
        check_signal(x, self)
        channels = self.embed_dropout(self.embed(x))
        for layer in self.layers:
            channels = layer(channels)
        return self.head(self.projector(self.encoder(self.norm(channels))))


class ChannelAttention(nn.Module):
    """Attention between channels, a token each, and a perceptron, each added and then normed."""

    def __init__(self, width, attention_dim, num_heads, feedforward_dim, drop_prob):
        super().__init__()
        self.num_heads, self.drop_prob = num_heads, drop_prob
        self.qkv = nn.Linear(width, 3 * attention_dim)
        self.project = nn.Linear(attention_dim, width)
        self.dropout = nn.Dropout(drop_prob)
        self.norm1 = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(
            nn.Linear(width, feedforward_dim),
            nn.GELU(),
            nn.Dropout(drop_prob),
            nn.Linear(feedforward_dim, width),
            nn.Dropout(drop_prob),
        )
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x):
        """Return channels of shape (batch, n_chans, width)."""
        query, key, value = self.qkv(x).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        share = self.drop_prob if self.training else 0.0
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, dropout_p=share)
        x = self.norm1(x + self.dropout(self.project(mixed.transpose(1, 2).flatten(2))))
        return self.norm2(x + self.feedforward(x))
