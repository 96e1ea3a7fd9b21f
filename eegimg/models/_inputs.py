"""What a network expects to be given, and how other recordings are brought there."""

import dataclasses

import mne
import numpy as np
from mne.io.constants import FIFF

from .._checks import check_number, check_option, check_type, listing, suggest
from ._channels import WAYS, map_channels
from ._times import LENGTHS, map_times

SCALES = ("none", "microvolts", "zscore")
# The largest cap offsets are below a tenth of this; EEG in microvolts is a thousand times above it.
_NO_VOLTS = 1e-2


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputSpec:
    """What a network expects: channels, rate, window and unit, and what to do where a recording differs.

    Parameters
    ----------
    n_chans : int | None
        Channels; None takes as many as there are.
    n_times : int | None
        Samples; None takes as many as there are.
    ch_names : sequence of str | None
        Names of the channels in order; None where it does not matter which they are.
    sfreq : float | None
        Rate in Hz; None takes that of the recording.
    tmin : float | None
        Start of the window in s; None starts with the epoch.
    duration : float | None
        Length of the window in s before it is interpolated; None ends with the epoch.
    channels : 'exact' | 'interpolate' | 'zero' | 'tile'
        What becomes of channels that are not there: an error, spherical splines from the others, zeros, or
        copies of those there are, in order, as in the released code of DreamDiffusion.
    length : 'exact' | 'crop' | 'pad' | 'interpolate'
        What becomes of samples that are too many or too few: an error, the window of them, the same with
        zeros where there are none, or the window linearly interpolated to ``n_times``, as in DreamDiffusion.
    resample : bool
        Whether another rate is changed (with an anti-alias filter) or an error.
    scale : 'none' | 'microvolts' | 'zscore'
        Volts as they are, microvolts, or each channel of each epoch with mean 0 and standard deviation 1.
        Channels whose unit the publishers scaled away are not multiplied.
    divisor : float
        What is divided by afterwards; 10 in DreamDiffusion.

    Raises
    ------
    TypeError, ValueError
        If a value is not what it must be.
    """

    n_chans: int | None = None
    n_times: int | None = None
    ch_names: tuple | None = None
    sfreq: float | None = None
    tmin: float | None = None
    duration: float | None = None
    channels: str = "exact"
    length: str = "exact"
    resample: bool = True
    scale: str = "microvolts"
    divisor: float = 1.0

    def __post_init__(self):
        caller = "InputSpec"
        for name in ("n_chans", "n_times"):
            check_number(name, getattr(self, name), caller, at_least=1, integer=True, none=True)
        for name in ("sfreq", "duration"):
            check_number(name, getattr(self, name), caller, above=0, none=True)
        check_number("tmin", self.tmin, caller, none=True)
        check_number("divisor", self.divisor, caller, above=0)
        check_option("channels", self.channels, WAYS, caller)
        check_option("length", self.length, LENGTHS, caller)
        check_option("scale", self.scale, SCALES, caller)
        check_type("resample", self.resample, bool, caller, "True or False")
        if self.ch_names is not None:
            check_type("ch_names", self.ch_names, (tuple, list), caller, "a list of names or None")
            object.__setattr__(self, "ch_names", tuple(self.ch_names))
            if self.n_chans not in (None, len(self.ch_names)):
                raise ValueError(
                    f"InputSpec has n_chans={self.n_chans} and names {len(self.ch_names)} channels."
                )

    @classmethod
    def from_facts(cls, facts):
        """Make one of a table of plain values, as cards and recipes have it.

        Parameters
        ----------
        facts : dict
            Parameters by name.

        Returns
        -------
        spec : InputSpec
            What they say.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in facts:
            if name not in known:
                raise ValueError(
                    f"The input of a network is described by {listing(known, 20)}. Got {name!r}."
                    f"{suggest(name, known)}"
                )
        return cls(**facts)

    def facts(self):
        """Return the parameters that differ from their defaults.

        Returns
        -------
        facts : dict
            Plain values, which :meth:`from_facts` reads.
        """
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != defaults[name]
        }

    def adapter(self, info, n_times, tmin):
        """Find how epochs are brought to what the network expects.

        Parameters
        ----------
        info : mne.Info
            Channels with positions, those marked as bad, units and the rate.
        n_times : int
            Samples of an epoch.
        tmin : float
            Their start in s.

        Returns
        -------
        adapter : Adapter
            For all epochs of this kind.

        Raises
        ------
        ValueError
            If they cannot be brought there without guessing.
        """
        channels = map_channels(info, self.n_chans, self.ch_names, self.channels)
        times = map_times(info["sfreq"], n_times, tmin, self)
        units = {info["chs"][pick]["unit"] for pick in channels.picks}
        has_unit = units == {FIFF.FIFF_UNIT_V}
        if not has_unit and len(units) > 1:
            raise ValueError("Some EEG channels are in volts and some have no unit. Give epochs of one kind.")
        factor = 1e6 if self.scale == "microvolts" and has_unit else 1.0
        record = channels.record | times.record | {"unit": "V" if has_unit else "n/a", "scale": self.scale}
        return Adapter(channels, times, factor / self.divisor, self.scale == "zscore", has_unit, record)

    def adapter_for(self, data):
        """Find how epochs or a store are brought to what the network expects.

        Parameters
        ----------
        data : mne.BaseEpochs | Store
            The epochs.

        Returns
        -------
        adapter : Adapter
            As from :meth:`adapter`.

        Raises
        ------
        ValueError
            If they cannot be brought there without guessing.
        """
        return self.adapter(data.info, len(data.times), float(data.times[0]))


@dataclasses.dataclass(frozen=True)
class Adapter:
    """Brings epochs of one kind to what a network expects; it can be pickled and holds no data.

    Attributes
    ----------
    record : dict
        What was chosen: channels measured, interpolated, repeated or zero; rate, window, stretch; unit.
    """

    channels: object
    times: object
    factor: float
    zscore: bool
    has_unit: bool
    record: dict

    @property
    def mask(self):
        """Which channels of the network were measured (array of bool, shape (n_chans,))."""
        return self.channels.mask

    def __call__(self, x):
        """Bring epochs to what the network expects.

        Parameters
        ----------
        x : array, shape (n_epochs, n_channels, n_times)
            All channels of the recording, in volts. What is not finite stays so.

        Returns
        -------
        y : array, shape (n_epochs, n_chans, n_times)
            float32; a copy.

        Raises
        ------
        ValueError
            If these cannot be volts.
        """
        picked = np.asarray(x)[:, self.channels.picks].astype(
            np.float32 if x.dtype == np.float32 else np.float64
        )
        self._check_volts(picked)
        if self.channels.matrix is not None:
            picked = np.matmul(self.channels.matrix.astype(picked.dtype), picked)
        y = self.times(picked)
        if self.zscore:
            y = y - y.mean(axis=-1, keepdims=True)
            spread = y.std(axis=-1, keepdims=True)
            # A flat channel stays flat.
            y = y / np.where(spread > 0, spread, 1.0)
        return np.ascontiguousarray(y * y.dtype.type(self.factor), dtype=np.float32)

    def _check_volts(self, x):
        """Refuse what is a thousand times too large for EEG in volts."""
        if self.has_unit and x.size:
            typical = float(np.median(np.abs(x[0] - x[0].mean(axis=-1, keepdims=True))))
            if typical > _NO_VOLTS:
                raise ValueError(
                    f"EEG was expected in volts, as MNE keeps it; typical values here are {typical:.3g}. If "
                    "they are microvolts, multiply them by 1e-6 when the epochs are made."
                )


def broken_epochs(x, ch_names):
    """Return a sentence about the first epoch that has something else than numbers, or nothing.

    Parameters
    ----------
    x : array, shape (n_epochs, n_channels, n_times)
        Samples.
    ch_names : sequence of str
        Their channels.

    Returns
    -------
    sentence : str
        Empty where all is finite.
    """
    wrong = np.argwhere(~np.isfinite(x).all(axis=-1))
    if not len(wrong):
        return ""
    epoch, channel = wrong[0]
    others = len(np.unique(wrong[:, 0])) - 1
    more = f", and {others} more epochs have some" if others else ""
    return f"Epoch {epoch} has NaN or infinite values in channel {ch_names[channel]!r}{more}."


def eeg_names(info):
    """Return the names of the EEG channels that are not marked as bad (list of str)."""
    return [info["ch_names"][pick] for pick in mne.pick_types(info, eeg=True, exclude="bads")]
