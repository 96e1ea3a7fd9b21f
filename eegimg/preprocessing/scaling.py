"""Put channels on one scale."""

import dataclasses
from typing import ClassVar

import mne
import numpy as np

from .._checks import check_option, listing
from ._step import Step


@dataclasses.dataclass(kw_only=True, eq=False)
class Scale(Step):
    """Subtract each channel's centre and divide by its spread, both learned from training epochs.

    The unit volt is lost.

    Parameters
    ----------
    method : 'standard' | 'robust'
        Mean and standard deviation, or median and interquartile range (which a few large artefacts leave
        alone).

    Attributes
    ----------
    center_, scale_ : ndarray, shape (n_channels,)
        In volts, for the good EEG channels ``ch_names_``.
    """

    method: str = "standard"
    fit_scope: ClassVar[str] = "train"

    def check(self):
        """Look at the parameters."""
        check_option("method", self.method, ("standard", "robust"), "Scale")

    def fit(self, inst, y=None):
        """Learn centre and spread of every good EEG channel."""
        self.check()
        picks = mne.pick_types(inst.info, eeg=True)
        data = inst.get_data(picks=picks)
        data = np.moveaxis(data, -2, 0).reshape(len(picks), -1)
        if self.method == "standard":
            self.center_, self.scale_ = data.mean(axis=1), data.std(axis=1)
        else:
            low, self.center_, high = np.percentile(data, (25, 50, 75), axis=1)
            self.scale_ = high - low
        self.ch_names_ = [inst.ch_names[pick] for pick in picks]
        flat = [name for name, scale in zip(self.ch_names_, self.scale_, strict=True) if not scale > 0]
        if flat:
            raise ValueError(
                f"Scale cannot divide by the spread of {', '.join(flat)}: flat. Mark such channels bad first."
            )
        return self

    def apply(self, inst):
        """Scale a copy."""
        if not hasattr(self, "scale_"):
            raise RuntimeError("Scale is not fitted. Call fit on training epochs before transform.")
        rows = fitted_rows(self, inst)
        out = inst.copy().load_data()
        out._data[..., rows, :] = (out._data[..., rows, :] - self.center_[:, None]) / self.scale_[:, None]
        return out, {"method": self.method, "unit": "n/a"}


def fitted_rows(step, inst):
    """Return where the channels that a step was fitted on are in an instance."""
    missing = [name for name in step.ch_names_ if name not in inst.ch_names]
    if missing:
        raise ValueError(
            f"{type(step).__name__} was fitted with the channels {listing(missing)}, which these data do not "
            "have. Fit it on data with the same channels."
        )
    return [inst.ch_names.index(name) for name in step.ch_names_]
