"""Networks inside braindecode's classifier and scikit-learn: cloned, searched over, and better than chance."""

import mne
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("braindecode.models")
pytestmark = pytest.mark.torch

from eegimg.models.networks._designs import TEN_TWENTY  # noqa: E402
from eegimg.models.networks.eegnet import EEGNet  # noqa: E402
from eegimg.models.networks.foundation import Foundation  # noqa: E402
from eegimg.models.networks.linear import Linear  # noqa: E402
from eegimg.models.networks.nice import NICE  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    """Make random weights the same in every test, and leave the other cores alone."""
    torch.set_num_threads(1)
    torch.manual_seed(0)


def planted(n_chans, n_times, sfreq, amplitude, n_epochs=80):
    """Make noise, and for the second of two classes a wave of 10 Hz on every second channel."""
    rng = np.random.default_rng(0)
    y = np.arange(n_epochs) % 2
    x = rng.normal(size=(n_epochs, n_chans, n_times))
    x[y == 1, ::2] += amplitude * np.sin(2 * np.pi * 10 * np.arange(n_times) / sfreq)
    return x.astype(np.float32), y


def classifier(module, **words):
    from braindecode import EEGClassifier

    fixed = {"train_split": None, "batch_size": 20, "verbose": 0, "classes": [0, 1], "lr": 3e-3}
    fixed |= {"optimizer": torch.optim.AdamW, "criterion": torch.nn.CrossEntropyLoss, "max_epochs": 6}
    return EEGClassifier(module, **fixed | words)


@pytest.mark.parametrize("kind", [NICE, Linear, EEGNet], ids=lambda kind: kind.__name__)
def test_sizes_are_inferred_from_epochs_when_a_class_is_given(kind):
    x, y = planted(4, 100, 100.0, 2.0)
    fitted = classifier(kind, max_epochs=1).fit(x, y)
    assert (fitted.module_.n_chans, fitted.module_.n_times) == (4, 100)
    assert fitted.predict_proba(x).shape == (80, 2)


@pytest.mark.parametrize("kind", [NICE, Linear, EEGNet], ids=lambda kind: kind.__name__)
def test_a_network_that_is_already_built_is_trained(kind):
    x, y = planted(4, 100, 100.0, 2.0)
    network = kind(n_chans=4, n_times=100, n_outputs=2)
    # A first score is that of random weights.
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fitted = classifier(network, max_epochs=12).fit(x[:60], y[:60])
    assert fitted.score(x[60:], y[60:]) > 0.7
    assert any(not torch.equal(value, before[name]) for name, value in fitted.module_.state_dict().items())


def test_a_search_sets_the_words_of_the_constructor():
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV

    x, y = planted(4, 100, 100.0, 2.0)
    words = {"module__n_chans": 4, "module__n_times": 100, "module__n_outputs": 2}
    whole = clone(classifier(Linear, **words))
    assert whole.get_params()["module__n_times"] == 100
    search = GridSearchCV(whole, {"module__n_bins": [1, 50]}, cv=2).fit(x, y)
    # One average over a whole number of waves leaves nothing of them.
    assert search.best_params_ == {"module__n_bins": 50}
    assert search.best_score_ > 0.7


def test_a_foundation_model_learns_in_a_pipeline():
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    info = mne.create_info(list(TEN_TWENTY), 250.0, "eeg")
    volts, y = planted(19, 110, 250.0, 1.5)
    model = classifier(
        Foundation,
        module__which="labram",
        module__sizes={"num_layers": 1},
        module__sfreq=250.0,
        module__chs_info=info["chs"],
        max_epochs=8,
    )
    pipeline = make_pipeline(FunctionTransformer(lambda x: np.float32(1e6) * x), model)
    assert cross_val_score(pipeline, 2e-5 * volts, y, cv=2).mean() > 0.75
