"""Local autoreject: thresholds per channel learned from the epochs; repair few channels, else drop."""

import dataclasses
import warnings
from typing import ClassVar

import mne
import numpy as np

from .._checks import check_filled, check_number
from ._step import Step
from .epoching import drop_findings


@dataclasses.dataclass(kw_only=True, eq=False)
class AutoReject(Step):
    """Repair or drop epochs by autoreject's cross-validated thresholds.

    Parameters
    ----------
    n_interpolate : sequence of int
        Numbers of channels that may be interpolated in an epoch; the best one is chosen by cross-validation.
    consensus : sequence of float | None
        Shares of bad channels beyond which an epoch is dropped. None tries 0, 0.1, ... 1.
    cv : int
        Folds.
    random_state : int
        Seed of the splits from which thresholds are learned.

    Attributes
    ----------
    autoreject_ : autoreject.AutoReject
        The fitted estimator.

    Notes
    -----
    Method, defaults and implementation are those of Jas et al. (2017), NeuroImage 159:417-429,
    doi:10.1016/j.neuroimage.2017.06.030, in the package autoreject. Another seed moves some epochs across the
    cut: the thresholds rest on ten random splits.
    """

    n_interpolate: tuple = (1, 4, 16)
    consensus: tuple | None = None
    cv: int = 5
    random_state: int = 0
    fit_scope: ClassVar[str] = "train"
    needs_positions: ClassVar[bool] = True

    def check(self):
        """Look at the parameters."""
        check_number("cv", self.cv, "AutoReject", at_least=2, integer=True)
        wanted = "a list of numbers of channels"
        check_filled("n_interpolate", self.n_interpolate, (list, tuple), "AutoReject", wanted)
        wanted = "a list of numbers between 0 and 1, or None"
        check_filled("consensus", self.consensus, (list, tuple, type(None)), "AutoReject", wanted)
        for value in self.n_interpolate:
            check_number("n_interpolate", value, "AutoReject", at_least=0, integer=True)
        for value in self.consensus or ():
            check_number("consensus", value, "AutoReject", at_least=0, at_most=1)

    def fit(self, inst, y=None):
        """Learn thresholds from epochs."""
        from autoreject import AutoReject as Package

        self.check()
        if not isinstance(inst, mne.BaseEpochs):
            raise TypeError("AutoReject needs epochs. Put it after MakeEpochs.")
        picks = mne.pick_types(inst.info, eeg=True)
        if len(inst) < 2 * self.cv:
            raise RuntimeError(
                f"AutoReject learns by {self.cv}-fold cross-validation and needs {2 * self.cv} epochs; "
                f"there are {len(inst)}. "
                "Use RejectPeakToPeak for so few."
            )
        if len(picks) < 4:
            raise RuntimeError(
                f"AutoReject interpolates from at least 4 good EEG channels; there are {len(picks)}."
            )
        grid = [value for value in self.n_interpolate if value < len(picks)] or [1]
        consensus = np.linspace(0, 1, 11) if self.consensus is None else np.asarray(self.consensus, float)
        self.autoreject_ = Package(
            n_interpolate=np.array(grid),
            consensus=consensus,
            cv=self.cv,
            picks=picks,
            random_state=self.random_state,
            n_jobs=1,
            verbose=False,
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*n_quantiles|.*did not converge|.*lbfgs")
            self.autoreject_.fit(inst.copy())
        return self

    def apply(self, inst):
        """Repair and drop on a copy."""
        if not hasattr(self, "autoreject_"):
            raise RuntimeError("AutoReject is not fitted. Call fit on training epochs before transform.")
        with warnings.catch_warnings(), mne.use_log_level("error"):
            warnings.filterwarnings("ignore", message="All epochs were dropped")
            out, log = self.autoreject_.transform(inst.copy(), return_log=True)
        if len(out) == 0:
            raise RuntimeError(
                f"AutoReject would drop all {len(inst)} epochs. Mark bad channels first "
                "(FindBadChannels), or use RejectPeakToPeak."
            )
        kept = ~log.bad_epochs
        names = [log.ch_names[pick] for pick in self.autoreject_.picks_]
        labels = log.labels[:, self.autoreject_.picks_]
        found = drop_findings(inst, out) | {
            "n_interpolated_cells": int((labels[kept] == 2).sum()),
            "n_bad_cells_left": int((labels[kept] == 1).sum()),
            "bad_cells": {
                name: int(count) for name, count in zip(names, (labels > 0).sum(axis=0), strict=True) if count
            },
            "n_interpolate": int(self.autoreject_.n_interpolate_["eeg"]),
            "consensus": float(self.autoreject_.consensus_["eeg"]),
            "thresholds": {name: float(f"{self.autoreject_.threshes_[name]:.4g}") for name in names},
        }
        return out, found
