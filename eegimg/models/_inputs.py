"""What a network expects to be given, and how other recordings are brought there."""

import dataclasses

from mne.io.constants import FIFF

from .._checks import check_filled, check_number, check_option, check_type, listing, suggest
from ._adapter import Adapter
from ._channels import WAYS, map_channels, plain_name
from ._times import LENGTHS, map_times

SCALES = ("none", "microvolts", "zscore")
_CALLER = "InputSpec"


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
        Length of the window in s; None takes ``n_times`` samples, or where these are interpolated all until
        the end of the epoch.
    channels : 'exact' | 'interpolate' | 'zero' | 'tile'
        What becomes of channels that are not there: an error, spherical splines from the others, zeros, or
        as in the released code of DreamDiffusion (code/dataset.py) copies of all channels in the order of the
        recording until there are enough. Of more than enough the first are taken, where that code draws a
        stretch of them at random.
        Splines (Perrin et al. 1989, doi:10.1016/0013-4694(89)90180-6) need positions, eight channels, and one
        within 36 degrees of the head.
    length : 'exact' | 'crop' | 'pad' | 'interpolate'
        What becomes of samples that are too many or too few: an error, the window of them, the same with
        zeros where there are none, or the window linearly interpolated to ``n_times``, as in DreamDiffusion.
    resample : bool
        Whether another rate is changed (with an anti-alias filter) or an error.
    scale : 'none' | 'microvolts' | 'zscore'
        Volts as they are, microvolts, or each channel of each epoch with mean 0 and standard deviation 1.
        Channels whose unit the publishers scaled away are not multiplied.
    divisor : float
        What is divided by afterwards; 10 in the pretraining of DreamDiffusion, 1 in its later stages.

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
        for name in ("n_chans", "n_times"):
            self._take_number(name, int, at_least=1, integer=True, none=True)
        for name in ("sfreq", "duration"):
            self._take_number(name, float, above=0, none=True)
        self._take_number("tmin", float, none=True)
        self._take_number("divisor", float, above=0)
        check_option("channels", self.channels, WAYS, _CALLER)
        check_option("length", self.length, LENGTHS, _CALLER)
        check_option("scale", self.scale, SCALES, _CALLER)
        check_type("resample", self.resample, bool, _CALLER, "True or False")
        self._take_names()

    def _take_number(self, name, kind, **limits):
        """Keep a number as Python's own, which goes into TOML and JSON."""
        value = check_number(name, getattr(self, name), _CALLER, **limits)
        object.__setattr__(self, name, None if value is None else kind(value))

    def _take_names(self):
        """Keep names of channels as a tuple; each stands for one place."""
        wanted = "a list of names or None"
        if check_filled("ch_names", self.ch_names, (tuple, list, type(None)), _CALLER, wanted) is None:
            return
        for name in self.ch_names:
            check_type("ch_names", name, str, _CALLER, wanted)
        plain = [plain_name(name) for name in self.ch_names]
        twice = [name for name, key in zip(self.ch_names, plain, strict=True) if plain.count(key) > 1]
        if twice:
            raise ValueError(f"InputSpec names a channel twice: {listing(twice)}. Name each once.")
        if self.n_chans not in (None, len(self.ch_names)):
            raise ValueError(f"InputSpec has n_chans={self.n_chans} and names {len(self.ch_names)} channels.")
        object.__setattr__(self, "ch_names", tuple(self.ch_names))

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
        shape, zscore = (len(info["ch_names"]), n_times), self.scale == "zscore"
        return Adapter(channels, times, shape, factor / self.divisor, zscore, has_unit, record)

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
