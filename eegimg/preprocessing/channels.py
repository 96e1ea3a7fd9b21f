"""Channels that record no brain: find them, and rebuild them from their neighbours."""

import dataclasses
import warnings
from typing import ClassVar

import mne
import numpy as np
import pandas as pd

from .._checks import check_number, listing, suggest
from ..bids import has_positions
from ._step import Step

CRITERIA = ("flat", "nan", "deviation", "hf_noise", "correlation", "dropout", "ransac")


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
    for criterion in criteria:
        if criterion not in CRITERIA:
            raise ValueError(
                f"The 'criteria' parameter of find_bad_channels may hold {listing(CRITERIA, 9)}. "
                f"Got {criterion!r} instead.{suggest(criterion, CRITERIA)}"
            )
    names = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True, exclude=[])]
    if not names:
        raise ValueError(
            "FindBadChannels looks at EEG channels; this recording has none. Set the channel types."
        )
    detector = _detector(raw, random_state)
    found = {"nan": detector.bad_by_nan, "flat": detector.bad_by_flat}
    scores, skipped = {}, []
    n_usable = detector.n_chans_new
    if n_usable >= 3 and detector.n_samples > 2 * detector.sample_rate:
        _amplitudes(detector, criteria, found, scores, deviation_threshold, hf_noise_threshold)
        if {"correlation", "dropout"} & set(criteria):
            detector.find_bad_by_correlation(1.0, correlation_threshold, correlation_fraction)
            found["correlation"], found["dropout"] = detector.bad_by_correlation, detector.bad_by_dropout
            scores["bad_seconds"] = detector._extra_info["bad_by_correlation"]["bad_window_fractions"]
    elif set(criteria) - {"flat", "nan"}:
        skipped.append(
            "all but flat and nan: they compare at least 3 usable channels over more than 2 s; "
            f"there are {n_usable} over {raw.times[-1]:.1f} s"
        )
    if "ransac" in criteria and not skipped:
        reason = _ransac(raw, detector, found, scores, ransac_threshold, ransac_fraction)
        skipped += [reason] if reason else []
    table = pd.DataFrame(scores, index=detector.ch_names_original).reindex(names)
    reasons = {name: ["marked"] if name in raw.info["bads"] else [] for name in names}
    for criterion in criteria:
        for name in found.get(criterion, ()):
            reasons[name].append(criterion)
    table.insert(0, "reasons", [reasons[name] for name in names])
    table.insert(0, "bad", [bool(reasons[name]) for name in names])
    table.attrs["skipped"] = skipped
    return table


def _detector(raw, random_state):
    from pyprep.find_noisy_channels import NoisyChannels

    eeg = raw.copy().pick("eeg", exclude=[], verbose="error").load_data(verbose="error")
    data = eeg.get_data()
    unusable = ~np.isfinite(data).all(axis=1)
    # pyprep's detrending would spread one missing sample over the channel and over nothing else: flag it
    # there.
    with warnings.catch_warnings(), mne.use_log_level("error"):
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        finite = (
            eeg
            if not unusable.any()
            else mne.io.RawArray(np.where(unusable[:, None], 0.0, data), eeg.info, verbose="error")
        )
        detector = NoisyChannels(finite, random_state=random_state)
    lost = [eeg.ch_names[k] for k in np.flatnonzero(unusable)]
    detector.bad_by_nan = lost
    detector.bad_by_flat = [name for name in detector.bad_by_flat if name not in lost]
    return detector


def _amplitudes(detector, criteria, found, scores, deviation_threshold, hf_noise_threshold):
    if "deviation" in criteria:
        detector.find_bad_by_deviation(deviation_threshold)
        found["deviation"] = detector.bad_by_deviation
        scores["deviation_z"] = detector._extra_info["bad_by_deviation"]["robust_channel_deviations"]
    if "hf_noise" in criteria and detector.sample_rate > 100:
        detector.find_bad_by_hfnoise(hf_noise_threshold)
        found["hf_noise"] = detector.bad_by_hf_noise
        scores["hf_noise_z"] = detector._extra_info["bad_by_hf_noise"]["hf_noise_zscores"]


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
        for criterion in self.criteria:
            if criterion not in CRITERIA:
                raise ValueError(
                    f"The 'criteria' parameter of FindBadChannels may hold {listing(CRITERIA, 9)}. "
                    f"Got {criterion!r} instead.{suggest(criterion, CRITERIA)}"
                )

    def fit(self, inst, y=None):
        """Find the bad channels of a continuous recording."""
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
        others = [name for name in inst.info["bads"] if name not in bads]
        if isinstance(out, mne.io.BaseRaw):
            out.load_data(verbose="error")
        out.info["bads"] = bads
        out.interpolate_bads(reset_bads=True, method={"eeg": "spline"}, verbose="error")
        out.info["bads"] = others
        return out, {"interpolated": bads}
