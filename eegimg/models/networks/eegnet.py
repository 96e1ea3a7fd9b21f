"""EEGNet (Lawhern et al. 2018, arXiv:1611.08024), braindecode's, with features as its output."""

import warnings

from torch import nn

from ..._optional import require
from ._network import Network
from ._shallow import check_signal


class EEGNet(Network):
    """Compact convolutions over time and channels; the features before the classifier, or logits.

    Parameters
    ----------
    n_chans : int
        Channels of the signal.
    n_times : int
        Its samples, at least 32.
    n_outputs : int | None
        Classes of a linear layer on the features; None gives the features.
    sfreq : float | None
        Hz; not used, here for braindecode. The filters were chosen at 128 Hz.
    chs_info : list of dict | None
        Channels as in ``info["chs"]``; not used, here for braindecode.
    n_filters : int
        Filters over time (F1).
    n_spatial : int
        Filters over channels for each of them (D).
    kernel_length : int
        Samples of a filter over time.
    drop_prob : float
        Share of values that is dropped in training.
    """

    def __init__(
        self,
        n_chans=63,
        n_times=250,
        n_outputs=None,
        sfreq=None,
        chs_info=None,
        *,
        n_filters=8,
        n_spatial=2,
        kernel_length=64,
        drop_prob=0.25,
    ):
        super().__init__()
        if n_times < 32:
            raise ValueError(
                f"The 'n_times' parameter of EEGNet must be at least 32, as it averages over 4 and 8. Got "
                f"{n_times} instead."
            )
        self.n_chans, self.n_times = n_chans, n_times
        with warnings.catch_warnings():
            # Importing braindecode 1.8 warns of other packages.
            warnings.simplefilter("ignore")
            models = require("braindecode.models", "EEGNet", "models")
            network = models.EEGNet(
                n_chans=n_chans,
                n_times=n_times,
                n_outputs=2,
                F1=n_filters,
                D=n_spatial,
                kernel_length=kernel_length,
                drop_prob=drop_prob,
                # Taken off below; the other kind of classifier prints a warning.
                final_layer_with_constraint=True,
            )
        network.final_layer = nn.Flatten()
        self.network = network
        n_features = network.F2 * network.final_conv_length
        self.head = nn.Identity() if n_outputs is None else nn.Linear(n_features, n_outputs)

    def forward(self, x):
        """Embed or classify signals.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)
            Signals as :meth:`eegimg.models.ModelCard.prepare` makes them.

        Returns
        -------
        y : Tensor, shape (batch, n_features) | (batch, n_outputs)
            Features (16 for about every 32 samples), or logits with ``n_outputs``.
        """
        check_signal(x, self)
        return self.head(self.network(x))
