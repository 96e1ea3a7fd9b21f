"""Multivariate noise normalisation: weigh channels by how reliable they are."""

import dataclasses

import mne
import numpy as np
import pandas as pd

from .._checks import check_filled, check_option, check_type, listing, suggest
from ._step import Step
from .scaling import fitted_rows

RANK_TOLERANCE = 1e-10
# Columns that are used where they exist; any other one that is named must exist.
USUAL = ("subject", "session", "split")


def compute_mvnn(data, conditions, *, covariance="time", partitions=None):
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
    partitions : array-like, shape (n_epochs,) | None
        Part of the data that each epoch belongs to, such as training and test. Covariances are averaged over
        the conditions of each part and then over parts, which so count the same however large they are. None
        takes all epochs as one part.

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
        If no condition of a part has two epochs (for covariance='time'), or a channel is flat.

    Notes
    -----
    Guggenmos et al. (2018), NeuroImage 173:434-447, doi:10.1016/j.neuroimage.2018.02.044: channels are put
    on one scale, shrunk as Ledoit and Wolf (2004) say and scaled back, averaged over times and over
    conditions. Averaged over a training and a test part: Gifford et al. (2022), NeuroImage 264:119754,
    doi:10.1016/j.neuroimage.2022.119754.
    """
    check_option("covariance", covariance, ("time", "epochs"), "compute_mvnn")
    data, conditions = np.asarray(data, float), np.asarray(conditions)
    partitions = np.zeros(len(data), int) if partitions is None else np.asarray(partitions)
    flat = int((data.std(axis=(0, 2)) == 0).sum()) if len(data) else 0
    if flat:
        raise ValueError(
            f"MVNN cannot whiten flat channels; {flat} of {data.shape[1]} {'is' if flat == 1 else 'are'} "
            "flat. Mark them bad or interpolate them first."
        )
    parts = list(dict.fromkeys(partitions.tolist())) or [0]
    total, shrinkages = np.zeros((data.shape[1], data.shape[1])), []
    for part in parts:
        inside = partitions == part
        which = f" of the part {str(part)!r}" if len(parts) > 1 else ""
        mean, shrinkage = _mean_covariance(data[inside], conditions[inside], covariance, which)
        total += mean / len(parts)
        shrinkages.append(shrinkage)
    values, vectors = np.linalg.eigh(total)
    # An average reference or interpolated channels leave directions without noise: nothing to weigh.
    kept = values > values[-1] * RANK_TOLERANCE
    whitener = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    return whitener, float(np.mean(shrinkages))


def _mean_covariance(data, conditions, covariance, which):
    """Average the shrunk covariance over conditions, and the shrinkage with it."""
    codes, names = pd.factorize(conditions)
    used = np.flatnonzero(np.bincount(codes, minlength=1) >= _epochs_needed(covariance))
    if not len(used):
        raise ValueError(
            f"MVNN needs a condition with at least two epochs; {len(data)} epochs{which} have "
            f"{len(names)} conditions. "
            "Name a column that repeats, or use covariance='epochs'."
        )
    total, shrinkages = np.zeros((data.shape[1], data.shape[1])), []
    for code in used:
        epochs = data[codes == code]
        samples = epochs.transpose(2, 0, 1) if covariance == "time" else epochs.transpose(0, 2, 1)
        covariances, shrinkage = _shrunk_covariances(samples)
        total += covariances.mean(axis=0)
        shrinkages.append(shrinkage.mean())
    return total / len(used), np.mean(shrinkages)


def _epochs_needed(covariance):
    """Return how many epochs a condition must have."""
    return 2 if covariance == "time" else 1


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
    fit_scope : 'train' | 'all'
        Learn from training epochs, or from all, test epochs included: transductive, as in the published
        THINGS-EEG2 preprocessing, and marked so in what is written.
    condition : str | None
        Metadata column that says what was shown; None takes the events' names.
    covariance : 'time' | 'epochs'
        As in :func:`compute_mvnn`.
    split : str | None
        Metadata column that says which part an epoch belongs to. With ``fit_scope='all'`` the covariances of
        the parts are averaged, each with the same weight (Gifford et al. 2022). 'split' is used where it
        exists; None takes all epochs as one part.
    within : sequence of str | None
        Metadata columns whose values have a whitener each, because caps sit anew in every session. 'subject'
        and 'session' are used where they exist; None fits one whitener.

    Attributes
    ----------
    whiteners_ : dict of str to ndarray, shape (n_channels, n_channels)
        For the good EEG channels ``ch_names_``, by the values of the columns ``within_`` ("01/02" for subject
        01 and session 02, "" where there are no such columns).
    whitener_ : ndarray, shape (n_channels, n_channels)
        The whitener, where there is one.
    """

    fit_scope: str = "train"
    condition: str | None = "image"
    covariance: str = "time"
    split: str | None = "split"
    within: tuple | None = ("subject", "session")

    def check(self):
        """Look at the parameters."""
        check_option("covariance", self.covariance, ("time", "epochs"), "MVNN")
        check_option("fit_scope", self.fit_scope, ("train", "all"), "MVNN")
        for name in ("condition", "split"):
            check_type(name, getattr(self, name), (str, type(None)), "MVNN", "a metadata column or None")
        wanted = "a list of metadata columns or None"
        for name in check_filled("within", self.within, (list, tuple, type(None)), "MVNN", wanted) or ():
            check_type("within", name, str, "MVNN", wanted)

    def fit(self, inst, y=None):
        """Learn a whitening matrix for each subject and session."""
        self.check()
        if not isinstance(inst, mne.BaseEpochs):
            raise TypeError("MVNN needs epochs. Put it after MakeEpochs.")
        picks = mne.pick_types(inst.info, eeg=True)
        self.within_ = _columns(inst, "within", self.within or (), USUAL)
        table, known = self._what_is_where(inst)
        data = inst.get_data(picks=picks)[known]
        table = table[known].reset_index(drop=True)
        self.whiteners_, shrinkages = {}, []
        for group in dict.fromkeys(table["group"]) or [""]:
            rows = (table["group"] == group).to_numpy()
            try:
                self.whiteners_[group], shrinkage = compute_mvnn(
                    data[rows],
                    table["condition"][rows],
                    covariance=self.covariance,
                    partitions=table["part"][rows],
                )
            except ValueError as err:
                if not self.within_:
                    raise
                raise ValueError(f"{err} This is {'/'.join(self.within_)} {group!r}.") from err
            shrinkages.append(shrinkage)
        self.shrinkage_ = float(np.mean(shrinkages))
        self.ch_names_ = [inst.ch_names[pick] for pick in picks]
        counts = table.value_counts()
        used = counts[counts >= _epochs_needed(self.covariance)]
        self.n_fit_ = int(used.sum())
        self.n_conditions_ = used.index.get_level_values("condition").nunique()
        self.parts_ = {str(part): int(count) for part, count in used.groupby("part").sum().items()}
        return self

    def _what_is_where(self, inst):
        """Return group, part and condition of every epoch, and which epochs are known to have them."""
        parts = _columns(inst, "split", [self.split] if self.split else [], USUAL)
        sources = {"part": parts if self.fit_scope == "all" else [], "condition": []}
        if self.condition is not None:
            sources["condition"] = _columns(inst, "condition", [self.condition])
        table = pd.DataFrame(
            {"group": _groups(inst, self.within_), "part": "", "condition": inst.events[:, 2]}
        )
        known = np.ones(len(inst), bool)
        for name, columns in sources.items():
            for column in columns:
                values = inst.metadata[column]
                # Epochs of which nobody knows what was shown are no condition of their own.
                known &= (values.notna() & ~values.isin(["n/a", ""])).to_numpy()
                table[name] = values.astype(str).to_numpy()
        return table, known

    @property
    def whitener_(self):
        """The whitener, where there is one."""
        whiteners = list(getattr(self, "whiteners_", {}).values())
        if len(whiteners) != 1:
            raise AttributeError(f"MVNN has {len(whiteners)} whiteners, one for each of whiteners_, not one.")
        return whiteners[0]

    def apply(self, inst):
        """Whiten a copy."""
        if not hasattr(self, "whiteners_"):
            raise RuntimeError("MVNN is not fitted. Call fit on training epochs before transform.")
        rows = fitted_rows(self, inst)
        groups = _groups(inst, _columns(inst, "within", self.within_))
        strange = [group for group in groups if group not in self.whiteners_]
        if strange:
            raise ValueError(
                f"MVNN was fitted for {'/'.join(self.within_)} {listing(self.whiteners_)}; {len(strange)} "
                f"epochs are of {listing(dict.fromkeys(strange))}. "
                "Fit it on training epochs of each, or set within=None for one whitener."
            )
        out = inst.copy().load_data()
        for group, whitener in self.whiteners_.items():
            cells = np.ix_(np.flatnonzero(groups == group), rows)
            out._data[cells] = whitener @ out._data[cells]
        found = {
            "n_fit": self.n_fit_,
            "conditions": self.n_conditions_,
            "shrinkage": round(self.shrinkage_, 4),
            "unit": "n/a",
        }
        if self.fit_scope == "all":
            found["parts"] = self.parts_
        if self.within_:
            found["whiteners"] = {"/".join(self.within_): list(self.whiteners_)}
        return out, found


def _columns(inst, parameter, names, optional=()):
    """Return those of some metadata columns that exist; a missing one must be optional."""
    has = [] if inst.metadata is None else list(inst.metadata.columns)
    missing = [name for name in names if name not in has and name not in optional]
    if missing:
        raise ValueError(
            f"MVNN was asked for the metadata column {listing(missing)}; the epochs have {listing(has)}. "
            f"Name another in {parameter!r}, or None to go without.{suggest(missing[0], has)}"
        )
    return [name for name in names if name in has]


def _groups(inst, columns):
    """Return the values of some columns in each epoch, as one text."""
    if not columns:
        return np.full(len(inst), "", dtype=object)
    return inst.metadata[columns].astype(str).agg("/".join, axis=1).to_numpy()
