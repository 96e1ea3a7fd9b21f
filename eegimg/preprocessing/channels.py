"""Channels that record no brain: find them, and rebuild them from their neighbours."""

import dataclasses
import warnings
from typing import ClassVar

import mne
import numpy as np
import pandas as pd

from .._checks import check_filled, check_number, listing, suggest
from ..bids import has_positions
from ._step import Step

CRITERIA = ("flat", "nan", "deviation", "hf_noise", "correlation", "dropout", "ransac")
FLAT = 1e-15


def find_bad_channels(
    raw,
    *,
    criteria=CRITERIA,
    deviation_threshold=5.0,
    hf_noise_threshold=5.0,
    correlation_threshold=0.4,
    correlation_fraction=0.01,
    ransac_threshold=0.75,
    ransac_fraction=0.4,
    random_state=0,
):
    """Find bad EEG channels by the criteria of the PREP pipeline.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Continuous recording in volts, broadband (before any low-pass below 50 Hz). It is not changed.
    criteria : sequence of str
        Any of 'flat', 'nan', 'deviation', 'hf_noise', 'correlation', 'dropout', 'ransac'.
    deviation_threshold : float
        Robust z-score of a channel's amplitude beyond which it deviates.
    hf_noise_threshold : float
        Robust z-score of the ratio of power above 50 Hz to power below it.
    correlation_threshold : float
        Largest correlation with any other channel that still counts as a bad second.
    correlation_fraction : float
        Share of bad seconds (or of flat ones, for 'dropout') beyond which the channel is bad.
    ransac_threshold : float
        Correlation with its prediction from other channels that still counts as a bad window of 5 s.
    ransac_fraction : float
        Share of bad windows beyond which the channel is bad.
    random_state : int
        Seed of the channel subsets that RANSAC draws.

    Returns
    -------
    table : pandas.DataFrame
        One row per EEG channel: ``bad`` (bool), ``reasons`` (list of criteria, "marked" for channels that
        were already in ``raw.info["bads"]``), and the scores behind each criterion.
        ``table.attrs["skipped"]`` lists the criteria that could not be used, and why.

    Raises
    ------
    ValueError
        If a criterion is unknown or the recording has no EEG channel.

    Notes
    -----
    Thresholds are those of PREP [1]_, computed by pyprep. RANSAC needs electrode positions and enough
    channels that are not bad by the other criteria; where it cannot run it is skipped, and said so.

    References
    ----------
    .. [1] Bigdely-Shamlo N. et al. (2015). The PREP pipeline. Front. Neuroinform. 9:16.
       doi:10.3389/fninf.2015.00016
    """
    _check_criteria(criteria, "find_bad_channels")
    names = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True, exclude=[])]
    if not names:
        raise ValueError(
            "FindBadChannels looks at EEG channels; this recording has none. Set the channel types."
        )
    found, scores, skipped = _dead(raw, names), {}, []
    n_usable = len(set(names) - {name for dead in found.values() for name in dead})
    compared = set(criteria) - {"flat", "nan"}
    if compared and (n_usable < 3 or raw.times[-1] <= 2):
        skipped.append(
            "all but flat and nan: they compare at least 3 usable channels over more than 2 s; "
            f"there are {n_usable} over {raw.times[-1]:.1f} s"
        )
    elif compared:
        detector = _detector(raw, found, random_state)
        skipped += _amplitudes(detector, criteria, found, scores, deviation_threshold, hf_noise_threshold)
        if {"correlation", "dropout"} & compared:
            detector.find_bad_by_correlation(1.0, correlation_threshold, correlation_fraction)
            found["correlation"], found["dropout"] = detector.bad_by_correlation, detector.bad_by_dropout
            scores["bad_seconds"] = detector._extra_info["bad_by_correlation"]["bad_window_fractions"]
        if "ransac" in compared:
            reason = _ransac(raw, detector, found, scores, ransac_threshold, ransac_fraction)
            skipped += [reason] if reason else []
    table = pd.DataFrame(scores, index=names, dtype=float)
    table.loc[[*found["nan"], *found["flat"]]] = np.nan
    reasons = {name: ["marked"] if name in raw.info["bads"] else [] for name in names}
    for criterion in criteria:
        for name in found.get(criterion, ()):
            reasons[name].append(criterion)
    table.insert(0, "reasons", [reasons[name] for name in names])
    table.insert(0, "bad", [bool(reasons[name]) for name in names])
    table.attrs["skipped"] = skipped
    return table


def _check_criteria(criteria, caller):
    check_filled("criteria", criteria, (list, tuple), caller, "a list of criteria")
    for criterion in criteria:
        if criterion not in CRITERIA:
            raise ValueError(
                f"The 'criteria' parameter of {caller} may hold {listing(CRITERIA, 9)}. "
                f"Got {criterion!r} instead.{suggest(criterion, CRITERIA)}"
            )


def _dead(raw, names):
    """Return the channels with samples that are not numbers, and those that never move."""
    found = {"nan": [], "flat": []}
    for name in names:
        channel = raw.get_data(picks=[name])
        if not np.isfinite(channel).all():
            found["nan"].append(name)
        elif channel.std() < FLAT:
            found["flat"].append(name)
    return found


def _detector(raw, found, random_state):
    from pyprep.find_noisy_channels import NoisyChannels

    eeg = raw.copy().pick("eeg", exclude=[], verbose="error").load_data(verbose="error")
    if found["nan"]:
        # pyprep's detrending would spread one missing sample over the whole channel; zeros are flat to it.
        unusable = np.isin(eeg.ch_names, found["nan"])[:, None]
        eeg = mne.io.RawArray(np.where(unusable, 0.0, eeg.get_data()), eeg.info, verbose="error")
    with warnings.catch_warnings(), mne.use_log_level("error"):
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        detector = NoisyChannels(eeg, random_state=random_state)
    found["flat"] = [name for name in detector.bad_by_flat if name not in found["nan"]]
    return detector


def _amplitudes(detector, criteria, found, scores, deviation_threshold, hf_noise_threshold):
    """Compare amplitudes; return what could not be compared, and why."""
    if "deviation" in criteria:
        detector.find_bad_by_deviation(deviation_threshold)
        found["deviation"] = detector.bad_by_deviation
        scores["deviation_z"] = detector._extra_info["bad_by_deviation"]["robust_channel_deviations"]
    if "hf_noise" in criteria:
        if detector.sample_rate <= 100:
            return [f"hf_noise: at {detector.sample_rate:g} Hz there is no power above 50 Hz"]
        detector.find_bad_by_hfnoise(hf_noise_threshold)
        found["hf_noise"] = detector.bad_by_hf_noise
        scores["hf_noise_z"] = detector._extra_info["bad_by_hf_noise"]["hf_noise_zscores"]
    return []


def _ransac(raw, detector, found, scores, threshold, fraction):
    """Run RANSAC; return why not where it cannot."""
    good = [name for name in detector.ch_names_new if not any(name in bads for bads in found.values())]
    if not has_positions(raw.info, list(detector.ch_names_original)):
        return "ransac: it needs electrode positions"
    if len(good) < 16:
        return (
            f"ransac: it predicts channels from others and needs 16 that are not bad; there are {len(good)}"
        )
    if detector.n_samples <= 5 * detector.sample_rate:
        return "ransac: it needs more than one window of 5 s"
    with warnings.catch_warnings(), mne.use_log_level("error"):
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        detector.find_bad_by_ransac(corr_thresh=threshold, frac_bad=fraction)
    found["ransac"] = detector.bad_by_ransac
    scores["ransac_bad_windows"] = detector._extra_info["bad_by_ransac"]["bad_window_fractions"]
    return ""


@dataclasses.dataclass(kw_only=True, eq=False)
class FindBadChannels(Step):
    """Mark bad channels (see :func:`find_bad_channels`); nothing is interpolated or dropped.

    Parameters
    ----------
    criteria : sequence of str
        Which criteria to use.
    deviation_threshold, hf_noise_threshold, correlation_threshold, correlation_fraction : float
        As in :func:`find_bad_channels`.
    ransac_threshold, ransac_fraction : float
        As in :func:`find_bad_channels`.
    max_fraction : float
        Share of bad channels beyond which the recording is refused: what is left would be interpolated from
        too few.
    random_state : int
        Seed for RANSAC.

    Attributes
    ----------
    table_ : pandas.DataFrame
        What :func:`find_bad_channels` returned.
    """

    criteria: tuple = CRITERIA
    deviation_threshold: float = 5.0
    hf_noise_threshold: float = 5.0
    correlation_threshold: float = 0.4
    correlation_fraction: float = 0.01
    ransac_threshold: float = 0.75
    ransac_fraction: float = 0.4
    max_fraction: float = 0.5
    random_state: int = 0
    fit_scope: ClassVar[str] = "recording"
    takes_nan: ClassVar[bool] = True

    def check(self):
        """Look at the parameters."""
        for name in ("deviation_threshold", "hf_noise_threshold"):
            check_number(name, getattr(self, name), "FindBadChannels", above=0)
        for name in (
            "correlation_threshold",
            "correlation_fraction",
            "ransac_threshold",
            "ransac_fraction",
            "max_fraction",
        ):
            check_number(name, getattr(self, name), "FindBadChannels", at_least=0, at_most=1)
        _check_criteria(self.criteria, "FindBadChannels")

    def fit(self, inst, y=None):
        """Find the bad channels of a continuous recording."""
        self.check()
        if not isinstance(inst, mne.io.BaseRaw):
            raise TypeError("FindBadChannels needs a continuous recording. Put it before MakeEpochs.")
        options = {name: value for name, value in self.get_params().items() if name != "max_fraction"}
        self.table_ = find_bad_channels(inst, **options)
        return self

    def apply(self, inst):
        """Mark the channels found."""
        if not hasattr(self, "table_"):
            raise RuntimeError(
                "FindBadChannels is not fitted. Call fit or fit_transform on the recording first."
            )
        table = self.table_
        bads = list(table.index[table["bad"]])
        if len(bads) > self.max_fraction * len(table):
            kinds = table["reasons"].explode().dropna().value_counts()
            how = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
            raise RuntimeError(
                f"{'All' if len(bads) == len(table) else f'{len(bads)} of'} {len(table)} EEG channels are "
                f"bad ({how}); at most "
                f"{self.max_fraction:.0%} may be. Look at the recording; raise max_fraction or the "
                "thresholds if it is fine."
            )
        out = inst.copy()
        out.info["bads"] = [name for name in inst.ch_names if name in {*bads, *inst.info["bads"]}]
        scores = table.drop(columns=["bad", "reasons"]).round(4)
        found = {
            "bads": {name: list(table.loc[name, "reasons"]) for name in bads},
            "skipped": list(table.attrs["skipped"]),
            "scores": {column: scores.loc[bads, column].dropna().to_dict() for column in scores},
        }
        return out, found


@dataclasses.dataclass(kw_only=True, eq=False)
class Interpolate(Step):
    """Rebuild the channels marked bad from the good ones by spherical splines, and unmark them.

    The method is that of Perrin et al. (1989), doi:10.1016/0013-4694(89)90180-6.

    Needs positions and four good EEG channels, but only where there is a bad channel.
    """

    needs_positions: ClassVar[bool] = True
    takes_nan: ClassVar[bool] = True

    def apply(self, inst):
        """Interpolate."""
        eeg = [inst.ch_names[pick] for pick in mne.pick_types(inst.info, eeg=True, exclude=[])]
        bads = [name for name in eeg if name in inst.info["bads"]]
        out = inst.copy()
        if not bads:
            return out, {"interpolated": []}
        if len(eeg) - len(bads) < 4:
            raise RuntimeError(
                f"Interpolate rebuilds {listing(bads)} from at least 4 good EEG channels; "
                f"{len(eeg) - len(bads)} are left. "
                "Leave the step out, or drop the bad channels with Apply('drop_channels')."
            )
        if not has_positions(inst.info):
            raise RuntimeError(
                f"Interpolate rebuilds {listing(bads)} from neighbours and needs electrode positions. "
                "Add electrodes.tsv, or Apply('set_montage', montage='colin27_1005') before it."
            )
        others = [name for name in inst.info["bads"] if name not in bads]
        if isinstance(out, mne.io.BaseRaw):
            out.load_data(verbose="error")
        out.info["bads"] = bads
        out.interpolate_bads(reset_bads=True, method={"eeg": "spline"}, verbose="error")
        out.info["bads"] = others
        return out, {"interpolated": bads}
