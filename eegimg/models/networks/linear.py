"""The baseline: one linear layer on the epochs."""

from torch import nn
from torch.nn import functional

from ..._checks import check_number
from ._network import Network
from ._shallow import check_signal


class Linear(Network):
    """Averages over stretches of time, and one linear layer on all of them: what a network must beat.

    Parameters
    ----------
    n_chans : int
        Channels of the signal.
    n_times : int
        Its samples.
    n_outputs : int | None
        Classes; None gives an embedding of ``embed_dim``.
    sfreq : float | None
        Hz; not used, here for braindecode.
    chs_info : list of dict | None
        Channels as in ``info["chs"]``; not used, here for braindecode.
    embed_dim : int
        Width of the embedding.
    n_bins : int | None
        Stretches of time that are averaged, as equal as can be; None takes every sample.
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
        n_bins=None,
    ):
        super().__init__()
        for name, value in (("n_chans", n_chans), ("n_times", n_times), ("embed_dim", embed_dim)):
            check_number(name, value, "Linear", at_least=1, integer=True)
        check_number("n_bins", n_bins, "Linear", at_least=1, at_most=n_times, integer=True, none=True)
        self.n_chans, self.n_times, self.n_bins = n_chans, n_times, n_bins
        self.head = nn.Linear(n_chans * (n_bins or n_times), embed_dim if n_outputs is None else n_outputs)

    def forward(self, x):
        """Embed or classify signals.

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
        x = x if self.n_bins is None else functional.adaptive_avg_pool1d(x, self.n_bins)
        return self.head(x.flatten(1))
