"""Samples of an epoch to the samples of a network: rate, window and length."""

import dataclasses
import math
from fractions import Fraction

import numpy as np

LENGTHS = ("exact", "crop", "pad", "interpolate")


@dataclasses.dataclass(frozen=True)
class TimeMap:
    """How the samples of a network are made from those of an epoch.

    Attributes
    ----------
    up, down : int
        The ratio of the rates.
    start, stop : int
        Which samples are taken, at the network's rate; either may lie outside the epoch.
    n_times : int
        How many come out.
    stretch : bool
        Whether they are stretched linearly to that number.
    record : dict
        The same in words.
    """

    up: int
    down: int
    start: int
    stop: int
    n_times: int
    stretch: bool
    record: dict

    def __call__(self, x):
        """Map samples, (..., n_times of the epoch) to (..., n_times of the network)."""
        if self.up != self.down:
            x = _resampled(x, self.up, self.down)
        n_found = x.shape[-1]
        before, behind = max(-self.start, 0), max(self.stop - n_found, 0)
        x = x[..., max(self.start, 0) : min(self.stop, n_found)]
        if before or behind:
            x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(before, behind)])
        return _stretched(x, self.n_times) if self.stretch else x


def map_times(sfreq, n_times, tmin, wanted):
    """Find how the samples of a network are made from those of an epoch.

    Parameters
    ----------
    sfreq : float
        Rate of the epochs in Hz.
    n_times : int
        Their samples.
    tmin : float
        Their start in s.
    wanted : InputSpec
        What the network expects.

    Returns
    -------
    time_map : TimeMap
        For all epochs with these times.

    Raises
    ------
    ValueError
        If the rate differs and may not be changed, or the window is not in the epochs.
    """
    target = wanted.sfreq or sfreq
    if not math.isclose(sfreq, target, rel_tol=1e-6) and not wanted.resample:
        raise ValueError(
            f"The network expects {target:g} Hz; the epochs have {sfreq:g} Hz. Resample them first, or let "
            "it be done with resample=True."
        )
    ratio = Fraction(target / sfreq).limit_denominator(1000)
    n_found = math.ceil(n_times * ratio) if ratio != 1 else n_times
    start = 0 if wanted.tmin is None else round((wanted.tmin - tmin) * target)
    stop = _stop(wanted, start, n_found, target)
    n_wanted = wanted.n_times or stop - start
    stretch = wanted.length == "interpolate" and stop - start != n_wanted
    record = {"sfreq": [sfreq, target], "start": round(tmin + start / target, 6), "length": wanted.length}
    if stretch:
        record["stretched"] = [stop - start, n_wanted]
    if not stretch and n_wanted != stop - start:
        raise ValueError(
            f"The network's window of {wanted.duration:g} s has {stop - start} samples at {target:g} Hz, and "
            f"it takes {n_wanted}. Stretch it with length='interpolate', or give duration=None."
        )
    lacking = max(-start, 0) + max(stop - n_found, 0)
    # A line needs two samples.
    enough = stop - start - lacking >= 1 + stretch
    if lacking and enough and wanted.length == "pad":
        record["zeros"] = [max(-start, 0), max(stop - n_found, 0)]
    elif lacking or not enough or (wanted.length == "exact" and (start, stop) != (0, n_found)):
        raise ValueError(_does_not_fit(target, n_wanted, tmin, (start, stop), n_times / sfreq))
    return TimeMap(ratio.numerator, ratio.denominator, start, stop, n_wanted, stretch, record)


def _does_not_fit(target, n_wanted, tmin, window, length):
    """Return what is said where the window is not in the epochs, which are so many seconds long."""
    first, last = (tmin + sample / target for sample in window)
    samples = f"{n_wanted} samples" if n_wanted > 0 else "samples"
    until = f"to {last:.3f} s" if last > first else "s on"
    return (
        f"The network expects {samples} at {target:g} Hz from {first:.3f} {until}; the epochs go from "
        f"{tmin:.3f} to {tmin + length:.3f} s. Cut them so with MakeEpochs, or take length='crop' where they "
        "hold it, length='pad' where not."
    )


def _stop(wanted, start, n_found, target):
    """Return the first sample behind the window."""
    if wanted.duration is not None:
        return start + round(wanted.duration * target)
    if wanted.length == "interpolate" or wanted.n_times is None:
        return n_found
    return start + wanted.n_times


def _resampled(x, up, down):
    """Change the rate with an anti-alias filter; first samples stay at their time."""
    from scipy.signal import resample_poly

    # Taken out beforehand, the line from end to end comes back exactly. On an offset the filter would ripple
    # by 1e-4 of it, tens of microvolts where electrodes have half a volt, and make steps at the ends.
    n_times = x.shape[-1]
    first, last = x[..., :1], x[..., -1:]
    before = np.linspace(0, 1, n_times, dtype=x.dtype)
    y = resample_poly(x - first - (last - first) * before, up, down, axis=-1)
    behind = np.arange(y.shape[-1]) * (down / up / max(n_times - 1, 1))
    return y + first + (last - first) * behind.astype(x.dtype)


def _stretched(x, n_times):
    """Interpolate linearly so that first and last sample stay what they are."""
    places = np.linspace(0, x.shape[-1] - 1, n_times)
    below = np.minimum(places.astype(int), x.shape[-1] - 2)
    low, y = np.take(x, below, axis=-1), np.take(x, below + 1, axis=-1)
    y -= low
    y *= (places - below).astype(x.dtype)
    y += low
    return y
