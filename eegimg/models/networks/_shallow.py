"""The convolution over time, then over channels, that NICE and ATM share, and how it ends in an embedding."""

from torch import nn

from ..._checks import check_number

N_FILTERS, KERNEL, POOL, STEP = 40, 25, 51, 5


class ShallowConvolution(nn.Module):
    """Convolve over time, average, convolve over channels (after Schirrmeister et al. 2017, ShallowNet)."""

    def __init__(self, n_chans, drop_prob):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, N_FILTERS, (1, KERNEL)),
            nn.AvgPool2d((1, POOL), (1, STEP)),
            nn.BatchNorm2d(N_FILTERS),
            nn.ELU(),
            nn.Conv2d(N_FILTERS, N_FILTERS, (n_chans, 1)),
            nn.BatchNorm2d(N_FILTERS),
            nn.ELU(),
            nn.Dropout(drop_prob),
            nn.Conv2d(N_FILTERS, N_FILTERS, (1, 1)),
        )

    def forward(self, x):
        """Return features of shape (batch, n_steps * 40), the steps one after another."""
        return self.layers(x[:, None]).squeeze(2).transpose(1, 2).flatten(1)


class Projector(nn.Module):
    """A linear layer, a second one added to it, and a LayerNorm."""

    def __init__(self, n_features, embed_dim, drop_prob):
        super().__init__()
        self.first = nn.Linear(n_features, embed_dim)
        self.second = nn.Sequential(nn.GELU(), nn.Linear(embed_dim, embed_dim), nn.Dropout(drop_prob))
        self.norm = nn.LayerNorm(embed_dim)

    def forward(self, x):
        """Return embeddings of shape (batch, embed_dim)."""
        x = self.first(x)
        return self.norm(x + self.second(x))


def count_features(n_times, caller):
    """Return how many features come out of so many samples, or raise ValueError where there are too few."""
    check_number("n_times", n_times, caller, at_least=1, integer=True)
    n_steps = (n_times - KERNEL + 1 - POOL) // STEP + 1
    if n_steps < 1:
        raise ValueError(
            f"The 'n_times' parameter of {caller} must be at least {KERNEL + POOL - 1}, the width of its "
            f"filter and average. Got {n_times} instead: take a longer window or a higher rate."
        )
    return N_FILTERS * n_steps


def check_signal(x, network):
    """Refuse a signal that a network was not made for."""
    wanted = (network.n_chans, network.n_times)
    if x.ndim != 3 or tuple(x.shape[1:]) != wanted:
        raise ValueError(
            f"{type(network).__name__} was made for signals of shape (batch, {wanted[0]}, {wanted[1]}). Got "
            f"{tuple(x.shape)} instead. model.card.prepare(epochs) makes them fit."
        )
