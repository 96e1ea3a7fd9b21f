"""The networks that people compare with: shapes, sizes of the papers, and that they learn."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    # What importing braindecode 1.8 warns of.
    pytest.mark.filterwarnings("ignore:Montage name 'standard_10:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame:DeprecationWarning"),
]

from eegimg.models.networks.atm import ATM  # noqa: E402
from eegimg.models.networks.eegnet import EEGNet  # noqa: E402
from eegimg.models.networks.linear import Linear  # noqa: E402
from eegimg.models.networks.nice import NICE  # noqa: E402

NETWORKS = [NICE, ATM, Linear, EEGNet]
every_network = pytest.mark.parametrize("kind", NETWORKS, ids=lambda kind: kind.__name__)


def planted(n_epochs=90, n_chans=4, n_times=100, n_classes=3):
    """Make epochs of noise in which each class has a wave of its own on a channel of its own."""
    rng = np.random.default_rng(0)
    y = np.arange(n_epochs) % n_classes
    x = rng.normal(size=(n_epochs, n_chans, n_times)).astype(np.float32)
    wave = np.sin(2 * np.pi * np.arange(n_times) / 25)
    x[np.arange(n_epochs), y] += 3 * wave
    return x, y


@every_network
@pytest.mark.parametrize(("n_chans", "n_times"), [(63, 250), (1, 75), (17, 101), (32, 440), (4, 255)])
def test_any_number_of_channels_and_samples(kind, n_chans, n_times):
    x = torch.randn(3, n_chans, n_times)
    network = kind(n_chans=n_chans, n_times=n_times).eval()
    y = network(x)
    assert y.ndim == 2
    assert len(y) == 3
    logits = kind(n_chans=n_chans, n_times=n_times, n_outputs=5)(x)
    assert logits.shape == (3, 5)
    torch.testing.assert_close(network(x[:1]), y[:1], rtol=1e-4, atol=1e-5)


@every_network
def test_a_signal_of_another_shape_is_refused(kind):
    with pytest.raises(
        ValueError, match=rf"{kind.__name__} was made for signals of shape \(batch, 4, 100\). Got"
    ):
        kind(n_chans=4, n_times=100)(torch.zeros(1, 4, 101))


@pytest.mark.parametrize(("kind", "n_least"), [(NICE, 75), (ATM, 75), (EEGNet, 32)])
def test_too_short_a_window_is_refused_with_the_shortest_that_would_do(kind, n_least):
    with pytest.raises(ValueError, match=f"must be at least {n_least}"):
        kind(n_chans=4, n_times=n_least - 1)
    kind(n_chans=4, n_times=n_least)


def test_sizes_of_the_papers():
    nice = NICE()
    assert nice.projector.first.in_features == 1440
    assert nice(torch.zeros(1, 63, 250)).shape == (1, 768)
    # 1,040 and 100,840 in the convolutions, 1,640 after them, 160 of norms; 1,106,688 + 590,592 + 1,536 behind.
    assert sum(parameter.numel() for parameter in nice.parameters()) == 1_802_496
    assert ATM()(torch.zeros(1, 63, 250)).shape == (1, 1024)
    with pytest.raises(ValueError, match="must be a multiple of its 4 heads. Got 250 instead"):
        ATM(attention_dim=250)


def test_the_linear_baseline_is_linear_and_averages_over_time():
    network = Linear(n_chans=2, n_times=12, embed_dim=3, n_bins=4).eval()
    x = torch.randn(5, 2, 12)
    torch.testing.assert_close(network(2 * x) - network(0 * x), 2 * (network(x) - network(0 * x)))
    smooth = x.unflatten(2, (4, 3)).mean(-1, keepdim=True).expand(-1, -1, -1, 3).flatten(2)
    torch.testing.assert_close(network(smooth), network(x))


@every_network
def test_they_learn_in_braindecode_and_in_a_pipeline_of_scikit_learn(kind):
    from braindecode import EEGClassifier
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    torch.manual_seed(0)
    x, y = planted()
    classifier = EEGClassifier(
        kind,
        module__n_chans=4,
        module__n_times=100,
        module__n_outputs=3,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        lr=3e-3,
        max_epochs=12,
        batch_size=30,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
        classes=[0, 1, 2],
    )
    pipeline = make_pipeline(FunctionTransformer(), classifier)
    assert cross_val_score(pipeline, x, y, cv=3).mean() > 0.7


@every_network
def test_gradients_reach_every_weight(kind):
    network = kind(n_chans=4, n_times=100, n_outputs=3)
    network(torch.randn(6, 4, 100)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
