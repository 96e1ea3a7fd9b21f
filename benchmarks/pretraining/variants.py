"""What is varied: how the input is prepared, what is to be predicted, and the network."""

import dataclasses

import numpy as np
import people
from scipy import signal

from eegimg.preprocessing.whitening import compute_mvnn

INPUTS = ("scaled", "mvnn", "white", "sphere")
FLOOR = 0.05
TARGETS = ("self", "lowpass", "patch", "repeats", "people")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant:
    """One training; the defaults are the form of the paper at a small size.

    Parameters
    ----------
    input : str
        ``"scaled"``: channels divided by their standard deviation; ``"mvnn"``: by ``compute_mvnn``,
        each person's noise uncorrelated between channels; ``"white"``: so, too, after 5 % of the mean
        variance was added to each channel, which keeps weak directions weak; ``"sphere"``: as "mvnn", then
        uncorrelated between time points.
    target : str
        ``"self"``: the hidden patches; ``"lowpass"``: below 12 Hz; ``"patch"``: each patch with mean 0 and
        variance 1 (MAE's norm_pix_loss); ``"repeats"``: mean of the person's other trials of the same image,
        less the person's mean; ``"people"``: the same of all other people.
    mask_ratio : float
        Share of hidden patches; 0 predicts all patches from all.
    loss_on : str
        ``"hidden"`` or ``"all"`` patches.
    tokens : str
        ``"time"``: a patch holds all channels; ``"channel"``: one channel, 24 samples.
    n_people, steps, batch_size, lr : number
        Training.
    width, depth, decoder_width, decoder_depth, patch_size, n_heads, mlp_ratio : number
        Sizes.
    own_matrix : bool
        Whether each person of the training has an input matrix of their own, learned from the identity.
    seed : int
        Weights, order and masks.
    """

    input: str = "scaled"
    target: str = "self"
    mask_ratio: float = 0.75
    loss_on: str = "hidden"
    tokens: str = "time"
    n_people: int = 16
    steps: int = 1000
    batch_size: int = 128
    lr: float = 1e-3
    width: int = 96
    depth: int = 4
    n_heads: int = 4
    mlp_ratio: float = 1.0
    decoder_width: int = 64
    decoder_depth: int = 1
    patch_size: int = 4
    own_matrix: bool = False
    seed: int = 0

    @property
    def name(self):
        """What differs from the paper's form, such as "input=white target=repeats"; "paper" if nothing."""
        differs = [
            f"{field.name}={getattr(self, field.name)}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default and field.name != "seed"
        ]
        return " ".join(differs) or "paper"


def prepare(person, how):
    """Return a linear map of a person's epochs, learned without labels from the images that are not held out.

    Parameters
    ----------
    person : dict
        As :func:`people.make_person` returns it.
    how : str
        One of ``INPUTS``.

    Returns
    -------
    apply : callable
        (n_epochs, 32, 96) to the same shape.
    """
    if how == "scaled":
        return lambda X: X
    X = person["X"][~person["test"]]
    if how == "white":
        channels = whitener(X)
        return lambda X: people.mix(channels, X)
    # One condition for all trials: with the 5 trials of an image Ledoit and Wolf shrink half of it away.
    same = np.zeros(len(X))
    channels, _ = compute_mvnn(X, same)
    if how == "mvnn":
        return lambda X: people.mix(channels, X)
    times, _ = compute_mvnn(people.mix(channels, X).transpose(0, 2, 1), same)
    return lambda X: people.mix(times, people.mix(channels, X).transpose(0, 2, 1)).transpose(0, 2, 1)


def whitener(X, floor=FLOOR):
    """Compute the symmetric matrix that makes channels nearly uncorrelated.

    Parameters
    ----------
    X : array, shape (n_epochs, n_channels, n_times)
        Epochs of one person.
    floor : float
        What is added to each channel's variance, as a share of the mean variance.

    Returns
    -------
    matrix : numpy.ndarray, shape (n_channels, n_channels)
        Inverse square root of that covariance of the epochs around their mean over epochs.
    """
    rest = X - X.mean(axis=0)
    covariance = np.einsum("nct,ndt->cd", rest, rest, optimize=True) / (len(X) * X.shape[2])
    covariance += floor * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    return (vectors / np.sqrt(values)) @ vectors.T


def make_targets(X, image, subject, how, patch_size):
    """Compute what the network is to predict.

    Parameters
    ----------
    X : array, shape (n_epochs, n_channels, n_times)
        Prepared epochs.
    image, subject : array, shape (n_epochs,)
        Which image was seen by whom.
    how : str
        One of ``TARGETS``.
    patch_size : int
        Samples.

    Returns
    -------
    targets : numpy.ndarray, shape of ``X``
        float32.
    """
    if how == "self":
        return X
    if how == "lowpass":
        sos = signal.butter(4, 12.0, fs=people.SFREQ, output="sos")
        return signal.sosfiltfilt(sos, X, axis=2).astype(np.float32)
    if how == "patch":
        cut = X.reshape(*X.shape[:2], -1, patch_size)
        mean, scale = cut.mean(axis=(1, 3), keepdims=True), cut.std(axis=(1, 3), keepdims=True)
        return ((cut - mean) / scale).reshape(X.shape)
    rest = X.copy()
    for name in np.unique(subject):
        rest[subject == name] -= rest[subject == name].mean(axis=0)
    group = image if how == "people" else image + (image.max() + 1) * subject
    targets = np.empty_like(X)
    for key in np.unique(group):
        rows = np.flatnonzero(group == key)
        total = rest[rows].sum(axis=0)
        for own in np.unique(subject[rows]) if how == "people" else rows:
            mine = rows[subject[rows] == own] if how == "people" else [own]
            targets[mine] = (total - rest[mine].sum(axis=0)) / (len(rows) - len(mine))
    return targets / targets.std()
