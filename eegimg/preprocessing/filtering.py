"""What passes in time and frequency: filters, line noise, sampling rate, cropping."""

import contextlib
import dataclasses
import math
from fractions import Fraction
from typing import ClassVar

import mne
import numpy as np

from .._checks import check_filled, check_number, check_option
from ._step import Step

# Filters run separately on both sides of these marks: the samples there are not neighbours in time.
BREAKS = ("edge", "bad_acq_skip", "boundary", "bad boundary")


@dataclasses.dataclass(kw_only=True, eq=False)
class Filter(Step):
    """Filter with MNE's zero-phase FIR filter (Hamming window, transition bands by Widmann et al. 2015).

    Parameters
    ----------
    l_freq : float | None
        High-pass in Hz. 0.1 Hz keeps slow evoked responses undistorted (Tanner et al. 2015); higher ones
        move them.
    h_freq : float | None
        Low-pass in Hz.
    phase : 'zero' | 'zero-double' | 'minimum'
        'minimum' does not look into the future, for questions of onset.
    """

    l_freq: float | None = 0.1
    h_freq: float | None = 40.0
    phase: str = "zero"

    def check(self):
        """Look at the parameters."""
        check_number("l_freq", self.l_freq, "Filter", above=0, none=True)
        check_number("h_freq", self.h_freq, "Filter", above=0, none=True)
        check_option("phase", self.phase, ("zero", "zero-double", "minimum"), "Filter")
        if self.l_freq is not None and self.h_freq is not None and self.l_freq >= self.h_freq:
            raise ValueError(
                f"The 'l_freq' parameter of Filter must be below 'h_freq' ({self.h_freq} Hz). Got "
                f"{self.l_freq} instead."
            )

    def apply(self, inst):
        """Filter a copy."""
        sfreq, h_freq = inst.info["sfreq"], self.h_freq
        found = {"l_freq": self.l_freq, "h_freq": h_freq}
        if h_freq is not None and h_freq >= sfreq / 2:
            found |= {
                "h_freq": None,
                "note": f"no low-pass: {h_freq:g} Hz is not below half the rate of {sfreq:g} Hz",
            }
            h_freq = None
        if self.l_freq is not None and self.l_freq >= sfreq / 2:
            raise RuntimeError(
                f"Filter was asked for a high-pass at {self.l_freq:g} Hz; at a rate of {sfreq:g} Hz there is "
                f"nothing above {sfreq / 2:g} Hz. Lower l_freq, or put Filter before Resample."
            )
        out = _loaded(inst)
        if self.l_freq is None and h_freq is None:
            return out, found
        taps = mne.filter.create_filter(None, sfreq, self.l_freq, h_freq, phase=self.phase, verbose="error")
        found["filter_length_seconds"] = round(len(taps) / sfreq, 3)
        what = f"Filter at l_freq={self.l_freq} Hz, h_freq={h_freq} Hz"
        check_stretches(inst, len(taps), what, "Raise l_freq, or leave the high-pass out.")
        with joins_as_points(out) as marks:
            out.filter(self.l_freq, h_freq, picks=_picks(out), phase=self.phase, verbose="error", **marks)
        return out, found


def _picks(inst):
    """Pick EEG and what is compared with it (EOG, ECG, EMG), bad channels included."""
    return mne.pick_types(inst.info, eeg=True, eog=True, ecg=True, emg=True, exclude=[])


def _loaded(inst):
    with mne.utils.use_log_level("error"):  # epochs take no verbose here
        return inst.copy().load_data()


@contextlib.contextmanager
def joins_as_points(inst):
    """Give the arguments that keep MNE's filters from crossing breaks; marks are shortened meanwhile.

    MNE leaves out what lies under such a mark. For a gap in acquisition that is right. The duration of a
    boundary says how much was cut out there (EEGLAB): what follows it is data, and would stay unfiltered.
    """
    if not isinstance(inst, mne.io.BaseRaw):
        yield {}
        return
    durations = inst.annotations.duration.copy()
    for position, name in enumerate(inst.annotations.description):
        if name.lower().startswith(BREAKS) and not name.lower().startswith("bad_acq_skip"):
            inst.annotations.duration[position] = 0.0
    try:
        yield {"skip_by_annotation": BREAKS}
    finally:
        inst.annotations.duration[:] = durations


def check_stretches(inst, n_taps, what, advice):
    """Refuse to filter with more taps than the shortest stretch between two breaks has samples."""
    shortest = _shortest_stretch(inst)
    if n_taps > shortest:
        sfreq = inst.info["sfreq"]
        raise RuntimeError(
            f"{what} needs stretches of {n_taps / sfreq:.1f} s; the shortest one here lasts "
            f"{shortest / sfreq:.1f} s. {advice}"
        )


def _shortest_stretch(inst):
    """Count the samples of the shortest stretch that is filtered by itself."""
    if not isinstance(inst, mne.io.BaseRaw):
        return len(inst.times)
    # Raw counts onsets from its measurement, so that they stay when it is cropped.
    cuts = [
        annotation["onset"] - inst.first_time
        for annotation in inst.annotations
        if annotation["description"].lower().startswith(BREAKS)
    ]
    edges = np.unique(np.clip(np.round(np.array([0, *cuts]) * inst.info["sfreq"]), 0, inst.n_times))
    lengths = np.diff([*edges, inst.n_times])
    return int(lengths[lengths > 1].min(initial=inst.n_times))


@dataclasses.dataclass(kw_only=True, eq=False)
class Notch(Step):
    """Remove the power line and its harmonics with MNE's FIR notch filter.

    Parameters
    ----------
    freqs : 'line' | sequence of float
        Frequencies in Hz. 'line' takes the recording's line frequency (PowerLineFrequency in BIDS) and every
        harmonic below half the sampling rate.
    """

    freqs: str | tuple = "line"

    def check(self):
        """Look at the parameters."""
        check_filled("freqs", self.freqs, (str, list, tuple), "Notch", "'line' or a list of Hz")
        if isinstance(self.freqs, str):
            check_option("freqs", self.freqs, ("line",), "Notch")
        else:
            for freq in self.freqs:
                check_number("freqs", freq, "Notch", above=0)

    def apply(self, inst):
        """Filter a copy."""
        half = inst.info["sfreq"] / 2
        if isinstance(self.freqs, str):
            line = inst.info["line_freq"]
            if not line:
                raise RuntimeError(
                    "Notch(freqs='line') needs the power line frequency; this recording does not state it. "
                    "Set PowerLineFrequency in its eeg.json, pass line_freq=50 (--line-freq 50), or name "
                    "freqs in the recipe."
                )
            freqs = np.arange(line, half - 1, line)
        else:
            freqs = np.array([freq for freq in self.freqs if freq < half - 1], float)
        out = _loaded(inst)
        if len(freqs):
            # MNE's notch has transition bands of 0.5 Hz on both sides: 3.3 / 0.5 s with a Hamming window.
            n_taps = int(6.6 * inst.info["sfreq"])
            check_stretches(inst, n_taps, "Notch", "Leave the step out, and low-pass below the power line.")
            with joins_as_points(out) as marks:
                out.notch_filter(freqs, picks=_picks(out), verbose="error", **marks)
        return out, {"freqs": freqs.tolist()}


@dataclasses.dataclass(kw_only=True, eq=False)
class Resample(Step):
    """Lower the sampling rate; recordings already at or below it are left as they are.

    Data and annotations keep their times. So that the new samples fit, up to 10 ms of a recording are left
    out at its end; where more would be needed (512 to 250 Hz), its end can be off by up to half a new sample.

    Parameters
    ----------
    sfreq : float
        Rate in Hz.
    method : 'fft' | 'polyphase'
        As in :meth:`mne.io.Raw.resample`; both filter against aliasing.
    """

    sfreq: float = 250.0
    method: str = "fft"

    def check(self):
        """Look at the parameters."""
        check_number("sfreq", self.sfreq, "Resample", above=0)
        check_option("method", self.method, ("fft", "polyphase"), "Resample")

    def apply(self, inst):
        """Resample a copy."""
        before = inst.info["sfreq"]
        out = _loaded(inst)
        if before <= self.sfreq:
            return out, {"sfreq": before, "note": f"left at {before:g} Hz"}
        whole = Fraction(self.sfreq / before).limit_denominator(10_000).denominator
        surplus = len(out.times) % whole
        if isinstance(out, mne.io.BaseRaw) and 0 < surplus <= 0.01 * before and surplus < out.n_times:
            out.crop(tmax=out.times[-1 - surplus], verbose="error")
        # MNE's own padding is no whole number of new samples, and moves all data by up to half of one: 2 ms.
        padding = {"npad": whole * math.ceil(100 / whole)} if self.method == "fft" else {}
        out.resample(self.sfreq, method=self.method, verbose="error", **padding)
        if isinstance(out, mne.io.BaseRaw):
            # A cropped recording begins at another time: MNE rounds its start to the new samples.
            out.annotations.onset[:] += out.first_time - inst.first_time
        return out, {"sfreq": float(self.sfreq), "from": before}


@dataclasses.dataclass(kw_only=True, eq=False)
class Crop(Step):
    """Keep the part between two times.

    Parameters
    ----------
    tmin : float
        Start in seconds.
    tmax : float | None
        End in seconds, None for the end; beyond the end of a recording its end is taken.
    """

    tmin: float = 0.0
    tmax: float | None = None
    takes_nan: ClassVar[bool] = True

    def check(self):
        """Look at the parameters."""
        check_number("tmin", self.tmin, "Crop")
        check_number("tmax", self.tmax, "Crop", none=True)
        if self.tmax is not None and self.tmax <= self.tmin:
            raise ValueError(
                f"The 'tmax' parameter of Crop must be above 'tmin' ({self.tmin} s). Got {self.tmax} instead."
            )

    def apply(self, inst):
        """Crop a copy."""
        first, last = float(inst.times[0]), float(inst.times[-1])
        if self.tmin < first and isinstance(inst, mne.io.BaseRaw):
            raise RuntimeError(f"Crop was asked to start at {self.tmin} s; a recording starts at 0 s.")
        if self.tmin >= last:
            raise RuntimeError(f"Crop was asked to start at {self.tmin} s; the data end at {last:.3f} s.")
        tmax = last if self.tmax is None else min(self.tmax, last)
        return inst.copy().crop(tmin=self.tmin, tmax=tmax, verbose="error"), {"tmin": self.tmin, "tmax": tmax}
