"""Find channels that record no brain."""

import warnings

import mne
import numpy as np
import pandas as pd

from .._checks import check_filled, listing, suggest
from ..bids import has_positions

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
    Criteria and thresholds are those of PREP [1]_, computed by pyprep. An amplitude must stand out twice: as
    recorded, and after the channels' median is subtracted, where PREP's robust reference starts from. The
    neighbours of the online reference look weak and so noisy in the first, channels close to the median in
    the second. RANSAC needs electrode positions and enough channels that are not bad by the other criteria;
    where it cannot run it is skipped, and said so.

    References
    ----------
    .. [1] Bigdely-Shamlo N. et al. (2015). The PREP pipeline. Front. Neuroinform. 9:16.
       doi:10.3389/fninf.2015.00016
    """
    check_criteria(criteria, "find_bad_channels")
    names = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True, exclude=[])]
    if not names:
        raise ValueError(
            "FindBadChannels looks at EEG channels; this recording has none. Set the channel types."
        )
    if not raw.preload:  # read the file once, not once per channel
        raw = raw.copy().pick(names, verbose="error").load_data(verbose="error")
    found, scores, skipped, compared_names = _dead(raw, names), {}, [], names
    n_usable = len(set(names) - {*found["nan"], *found["flat"], *raw.info["bads"]})
    compared = set(criteria) - {"flat", "nan"}
    if compared and (n_usable < 3 or raw.times[-1] <= 2):
        skipped.append(
            "all but flat and nan: they compare at least 3 usable channels over more than 2 s; "
            f"there are {n_usable} over {raw.times[-1]:.1f} s"
        )
    elif compared:
        detector = _detector(raw, found, random_state)
        compared_names = list(detector.ch_names_original)
        skipped += _amplitudes(detector, criteria, found, scores, deviation_threshold, hf_noise_threshold)
        if {"correlation", "dropout"} & compared:
            detector.find_bad_by_correlation(1.0, correlation_threshold, correlation_fraction)
            found["correlation"], found["dropout"] = detector.bad_by_correlation, detector.bad_by_dropout
            scores["bad_seconds"] = detector._extra_info["bad_by_correlation"]["bad_window_fractions"]
        if "ransac" in compared:
            reason = _ransac(raw, detector, found, scores, ransac_threshold, ransac_fraction)
            skipped += [reason] if reason else []
    table = pd.DataFrame(scores, index=compared_names, dtype=float).reindex(names)
    table.loc[[*found["nan"], *found["flat"]]] = np.nan
    reasons = {name: ["marked"] if name in raw.info["bads"] else [] for name in names}
    for criterion in criteria:
        for name in found.get(criterion, ()):
            reasons[name].append(criterion)
    table.insert(0, "reasons", [reasons[name] for name in names])
    table.insert(0, "bad", [bool(reasons[name]) for name in names])
    table.attrs["skipped"] = skipped
    return table


def check_criteria(criteria, caller):
    """Raise TypeError or ValueError, in one sentence, if these are not criteria."""
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
    """Give pyprep the channels that live."""
    from pyprep.find_noisy_channels import NoisyChannels

    eeg = raw.copy().pick("eeg", exclude=[], verbose="error").load_data(verbose="error")
    dead = [*found["nan"], *found["flat"]]
    eeg.pick([name for name in eeg.ch_names if name not in dead], exclude=[], verbose="error")
    with warnings.catch_warnings(), mne.use_log_level("error"):
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        detector = NoisyChannels(eeg, random_state=random_state)
    found["flat"] += detector.bad_by_flat
    return detector


def _amplitudes(detector, criteria, found, scores, deviation_threshold, hf_noise_threshold):
    """Compare amplitudes as recorded and against the channels' median; return what could not be compared.

    What a channel adds by itself stands out against both; what a reference takes away, against one only.
    """
    skipped = []
    if "hf_noise" in criteria and detector.sample_rate <= 100:
        skipped.append(f"hf_noise: at {detector.sample_rate:g} Hz there is no power above 50 Hz")
    as_recorded = detector.EEGData
    for data in (as_recorded - np.median(as_recorded, axis=0), as_recorded):
        detector.EEGData, detector.EEGFiltered = data, None
        if "deviation" in criteria:
            detector.find_bad_by_deviation(deviation_threshold)
            z_scores = detector._extra_info["bad_by_deviation"]["robust_channel_deviations"]
            _agree("deviation", detector.bad_by_deviation, z_scores, found, scores)
        if "hf_noise" in criteria and not skipped:
            detector.find_bad_by_hfnoise(hf_noise_threshold)
            z_scores = detector._extra_info["bad_by_hf_noise"]["hf_noise_zscores"]
            _agree("hf_noise", detector.bad_by_hf_noise, z_scores, found, scores)
    return skipped


def _agree(criterion, bads, z_scores, found, scores):
    """Keep the channels that an earlier look found too, and of each score the one nearer to zero."""
    column = f"{criterion}_z"
    earlier = scores.get(column)
    found[criterion] = [name for name in bads if earlier is None or name in found[criterion]]
    scores[column] = z_scores.copy()
    if earlier is not None:
        scores[column] = np.where(np.abs(earlier) < np.abs(z_scores), earlier, z_scores)


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
