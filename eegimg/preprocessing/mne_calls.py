"""Anything MNE already does to a Raw or Epochs, by name, from a fixed list."""

import inspect
from typing import ClassVar

import mne

from .._checks import listing, suggest
from ._step import Step

# Methods that change an instance and can neither run code they are given, nor write or read files, nor open
# windows.
ALLOWED = (
    "anonymize apply_baseline apply_hilbert crop decimate drop_channels filter interpolate_bads "
    "notch_filter pick "
    "rename_channels reorder_channels resample rescale savgol_filter set_channel_types set_eeg_reference "
    "set_montage "
    "shift_time"
).split()


class Apply(Step):
    """Call one of MNE's methods of Raw or Epochs on a copy: ``Apply("crop", tmax=60)``.

    Parameters
    ----------
    call : str
        Name of the method. A recipe is data: only methods that cannot run code, write or read files are
        allowed.
    **params : object
        Its keyword arguments: numbers, text, lists and tables of them.

    Raises
    ------
    ValueError
        If the method is not allowed, or has no such argument.
    TypeError
        If an argument is not plain data.
    """

    takes_nan: ClassVar[bool] = True

    def __init__(self, call, **params):
        self.call = call
        self.params = params
        self.check()

    def check(self):
        """Look at the name of the method and at its arguments."""
        if self.call not in ALLOWED:
            raise ValueError(
                f"The 'call' parameter of Apply must be one of {listing(ALLOWED, 99)}. "
                f"Got {self.call!r} instead.{suggest(self.call, ALLOWED)}"
            )
        methods = [
            getattr(cls, self.call) for cls in (mne.io.BaseRaw, mne.BaseEpochs) if hasattr(cls, self.call)
        ]
        known = {name for method in methods for name in inspect.signature(method).parameters} - {
            "self",
            "fname",
            "fun",
            "events",  # with it, resample returns two things
        }
        for name, value in self.params.items():
            if name not in known:
                raise ValueError(
                    f"Apply({self.call!r}) has no argument {name!r}. It has "
                    f"{listing(sorted(known), 30)}.{suggest(name, known)}"
                )
            if isinstance(value, (list, tuple)) and not value:
                raise ValueError(
                    f"The {name!r} argument of Apply({self.call!r}) cannot be an empty list: in a recipe [] "
                    "means None."
                )
            if not _is_data(value):
                raise TypeError(
                    f"The {name!r} argument of Apply({self.call!r}) must be plain data. Got {value!r} "
                    "instead."
                )
        if (
            self.call == "set_montage"
            and self.params.get("montage") not in mne.channels.get_builtin_montages()
        ):
            raise ValueError(
                "Apply('set_montage') takes the name of one of MNE's montages. Got "
                f"{self.params.get('montage')!r} instead."
                f"{suggest(self.params.get('montage'), mne.channels.get_builtin_montages())}"
            )

    def get_params(self, deep=True):
        """Return the name of the method and its arguments."""
        return {"call": self.call, **self.params}

    def set_params(self, **params):
        """Set arguments of the method (scikit-learn's convention)."""
        changed = type(self)(**(self.get_params() | params))  # refuses before anything is set
        self.call, self.params = changed.call, changed.params
        return self

    def __repr__(self):
        arguments = [repr(self.call), *(f"{name}={value!r}" for name, value in self.params.items())]
        return f"Apply({', '.join(arguments)})"

    def apply(self, inst):
        """Call the method on a copy."""
        if not hasattr(inst, self.call):
            raise RuntimeError(
                f"Apply({self.call!r}) was put where the data are {type(inst).__name__}, which have no "
                f"{self.call}."
            )
        out = inst.copy()
        if isinstance(out, mne.io.BaseRaw):
            out.load_data(verbose="error")
        params = {
            name: tuple(value) if isinstance(value, list) and name == "baseline" else value
            for name, value in self.params.items()
        }
        result = getattr(out, self.call)(**params)
        return (out if result is None else result), {}


def _is_data(value):
    if isinstance(value, dict):
        return all(isinstance(key, (str, int, float)) and _is_data(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_data(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))
