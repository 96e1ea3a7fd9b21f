"""NICE's encoder (Song et al. 2024, arXiv:2308.13234): convolutions over time and channels, projected."""

from torch import nn

from ..._checks import check_number
from ._network import Network
from ._shallow import Projector, ShallowConvolution, check_signal, count_features


class NICE(Network):
    """EEG encoder of NICE, to be aligned with the embedding of the image that was seen.

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
        Width of the embedding; 768 is that of CLIP ViT-L/14.
    drop_prob : float
        Share of values that is dropped in training.

    Notes
    -----
    Sizes are those of the paper's code (https://github.com/eeyhsong/NICE-EEG): 40 filters of 25 samples,
    averages of 51 in steps of 5, 1,440 features of 63 channels at 250 samples. The variants with attention
    over channels are not here.
    """

    def __init__(
        self,
        n_chans=63,
        n_times=250,
        n_outputs=None,
        sfreq=None,
        chs_info=None,
        *,
        embed_dim=768,
        drop_prob=0.5,
    ):
        super().__init__()
        check_number("n_chans", n_chans, "NICE", at_least=1, integer=True)
        self.n_chans, self.n_times = n_chans, n_times
        self.encoder = ShallowConvolution(n_chans, drop_prob)
        self.projector = Projector(count_features(n_times, "NICE"), embed_dim, drop_prob)
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
        return self.head(self.projector(self.encoder(x)))
