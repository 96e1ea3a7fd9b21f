"""Multivariate noise normalisation: weigh channels by how reliable they are."""

import dataclasses

import mne
import numpy as np

from .._checks import check_option, check_type, listing
from ._step import Step
from .scaling import fitted_rows

RANK_TOLERANCE = 1e-10


def compute_mvnn(data, conditions, *, covariance="time"):
    """Compute the whitening matrix of multivariate noise normalisation.

    Parameters
    ----------
    data : ndarray, shape (n_epochs, n_channels, n_times)
        Training epochs, in any unit.
    conditions : array-like, shape (n_epochs,)
        What was shown in each epoch. Noise is what differs between epochs of one condition.
    covariance : 'time' | 'epochs'
        Covariance across epochs at each time, averaged over times; or across times in each epoch, averaged
        over epochs.

    Returns
    -------
    whitener : ndarray, shape (n_channels, n_channels)
        Inverse square root of the noise covariance (pseudo-inverse where it lacks rank, as after an average
        reference): ``whitener @ data`` is whitened.
    shrinkage : float
        Mean Ledoit-Wolf shrinkage used, between 0 and 1.

    Raises
    ------
    ValueError
        If no condition has two epochs (for covariance='time'), or a channel is flat.

    Notes
    -----
    Guggenmos et al. (2018), NeuroImage 173:434-447, doi:10.1016/j.neuroimage.2018.02.044: channels are put
    on one scale, shrunk as Ledoit and Wolf (2004) say and scaled back, averaged over times and over
    conditions.
    """
    check_option("covariance", covariance, ("time", "epochs"), "compute_mvnn")
    data, conditions = np.asarray(data, float), np.asarray(conditions)
    names = [
        name
        for name in dict.fromkeys(conditions.tolist())
        if covariance == "epochs" or (conditions == name).sum() > 1
    ]
    if not names:
        raise ValueError(
            f"MVNN needs a condition with at least two epochs; {len(data)} epochs have "
            f"{len(set(conditions.tolist()))} conditions. "
            "Name a column that repeats, or use covariance='epochs'."
        )
    flat = int((data.std(axis=(0, 2)) == 0).sum())
    if flat:
        raise ValueError(
            f"MVNN cannot whiten flat channels; {flat} of {data.shape[1]} {'is' if flat == 1 else 'are'} "
            "flat. Mark them bad or interpolate them first."
        )
    total, shrinkages = np.zeros((data.shape[1], data.shape[1])), []
    for name in names:
        epochs = data[conditions == name]
        samples = epochs.transpose(2, 0, 1) if covariance == "time" else epochs.transpose(0, 2, 1)
        covariances, shrinkage = _shrunk_covariances(samples)
        total += covariances.mean(axis=0)
        shrinkages.append(shrinkage.mean())
    values, vectors = np.linalg.eigh(total / len(names))
    # An average reference or interpolated channels leave directions without noise: nothing to weigh.
    kept = values > values[-1] * RANK_TOLERANCE
    whitener = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    return whitener, float(np.mean(shrinkages))


def _shrunk_covariances(samples):
    """Shrink the covariance of each batch of samples (n_batches, n_samples, n_channels), all at once."""
    centred = samples - samples.mean(axis=1, keepdims=True)
    scale = centred.std(axis=1, keepdims=True)
    scale[scale == 0] = 1.0
    scaled = centred / scale
    n_samples, n_channels = scaled.shape[1:]
    empirical = scaled.transpose(0, 2, 1) @ scaled / n_samples
    mean = np.trace(empirical, axis1=1, axis2=2) / n_channels
    square = (empirical**2).sum(axis=(1, 2))
    fourth = ((scaled**2).sum(axis=2) ** 2).sum(axis=1)
    spread = (fourth / n_samples - square) / (n_channels * n_samples)
    distance = (square - 2 * mean * np.trace(empirical, axis1=1, axis2=2)) / n_channels + mean**2
    spread = np.minimum(spread, distance)
    shrinkage = np.divide(spread, distance, out=np.zeros_like(spread), where=spread > 0)
    target = np.eye(n_channels) * mean[:, None, None]
    shrunk = (1 - shrinkage)[:, None, None] * empirical + shrinkage[:, None, None] * target
    factors = scale[:, 0]
    return shrunk * factors[:, :, None] * factors[:, None, :], shrinkage


@dataclasses.dataclass(kw_only=True, eq=False)
class MVNN(Step):
    """Whiten epochs by the noise covariance of training epochs (see :func:`compute_mvnn`).

    The unit volt is lost.

    Parameters
    ----------
    condition : str | None
        Metadata column that says what was shown; None takes the events' names.
    covariance : 'time' | 'epochs'
        As in :func:`compute_mvnn`.
    fit_on : 'train' | 'all'
        Learn from training epochs, or from all, test epochs included: transductive, as in the published
        THINGS-EEG2 preprocessing, and marked so in what is written.

    Attributes
    ----------
    whitener_ : ndarray, shape (n_channels, n_channels)
        For the good EEG channels ``ch_names_``.
    """

    condition: str | None = "image"
    covariance: str = "time"
    fit_on: str = "train"

    @property
    def fit_scope(self):
        """What the step learns from."""
        return self.fit_on

    def check(self):
        """Look at the parameters."""
        check_option("covariance", self.covariance, ("time", "epochs"), "MVNN")
        check_option("fit_on", self.fit_on, ("train", "all"), "MVNN")
        check_type("condition", self.condition, (str, type(None)), "MVNN", "a metadata column or None")

    def fit(self, inst, y=None):
        """Learn the whitening matrix."""
        self.check()
        if not isinstance(inst, mne.BaseEpochs):
            raise TypeError("MVNN needs epochs. Put it after MakeEpochs.")
        picks = mne.pick_types(inst.info, eeg=True)
        columns = [] if inst.metadata is None else list(inst.metadata.columns)
        known = np.ones(len(inst), bool)
        if self.condition is None:
            conditions = inst.events[:, 2]
        elif self.condition in columns:
            column = inst.metadata[self.condition]
            # Epochs of which nobody knows what was shown are no condition of their own.
            known = (column.notna() & ~column.isin(["n/a", ""])).to_numpy()
            conditions = column.astype(str).to_numpy()
        else:
            raise ValueError(
                f"MVNN was asked for the metadata column {self.condition!r}; the epochs have "
                f"{listing(columns)}. "
                "Name another in 'condition', or None for the events' names."
            )
        self.whitener_, self.shrinkage_ = compute_mvnn(
            inst.get_data(picks=picks)[known], conditions[known], covariance=self.covariance
        )
        self.ch_names_ = [inst.ch_names[pick] for pick in picks]
        counts = np.unique(conditions[known], return_counts=True)[1]
        used = counts[counts >= (2 if self.covariance == "time" else 1)]
        self.n_fit_, self.n_conditions_ = int(used.sum()), len(used)
        return self

    def apply(self, inst):
        """Whiten a copy."""
        if not hasattr(self, "whitener_"):
            raise RuntimeError("MVNN is not fitted. Call fit on training epochs before transform.")
        rows = fitted_rows(self, inst)
        out = inst.copy().load_data()
        out._data[:, rows] = self.whitener_ @ out._data[:, rows]
        found = {
            "n_fit": self.n_fit_,
            "conditions": self.n_conditions_,
            "shrinkage": round(self.shrinkage_, 4),
            "unit": "n/a",
        }
        return out, found
