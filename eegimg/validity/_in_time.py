"""How near training and test epochs of one recording lie in time, and whether they share samples."""

import mne
import numpy as np
import pandas as pd

from ._folds import TEST, TRAIN
from ._keys import as_names, joined
from ._leak_report import finding, worst_fold
from ._overlaps import label_follows
from ._trials import RECORDING

# In median intervals: the trial before, the trial after, and their neighbours.
_NEAR = 2.0
# A test epoch of which training has more than this share of samples is, for the most part, a training epoch.
_MOSTLY = 0.5
_REMEDY = "Hold out whole runs or blocks: make_split(metadata, by='run') or by='block'."


def check_time(data, metadata, folds, labels):
    """Look for test epochs that lie beside training epochs, or overlap them.

    Parameters
    ----------
    data : mne.BaseEpochs | pandas.DataFrame
        Times come from the events, or from a column "onset" in seconds.
    metadata : pandas.DataFrame
        One row per epoch.
    folds : list of tuple of (str, ndarray of object, shape (n_epochs,))
        Name and parts of each fold.
    labels : ndarray of int, shape (n_epochs,) | None
        Codes of what is decoded, -1 where unknown.

    Returns
    -------
    rows : list of dict
        "shared time" and "near in time".
    """
    times, window, reason = read_times(data, metadata)
    if times is None:
        rows = [finding(check, "not checked", reason, parts="") for check in ("shared time", "near in time")]
        return [worst_fold([row]) for row in rows]
    recordings = recording_codes(metadata)
    interval = _median_interval(times, recordings)
    shared, near = [], []
    for name, parts in folds:
        train, test = (np.flatnonzero((parts == part) & np.isfinite(times)) for part in (TRAIN, TEST))
        distance, nearest = nearest_training(times, recordings, train, test)
        follows = None
        if labels is not None:
            inside = np.isfinite(distance)
            follows = label_follows(train, labels[train], nearest[inside], labels[test[inside]])
        shared.append(_shared(distance, window, follows, test) | {"fold": name})
        near.append(_near(distance, interval, follows, test) | {"fold": name})
    return [worst_fold(shared), worst_fold(near)]


def read_times(data, metadata):
    """Read when each epoch was recorded.

    Returns
    -------
    times : ndarray of float, shape (n_epochs,) | None
        In seconds; None where the order of recording is unknown.
    window : float | None
        Length of an epoch in seconds.
    reason : str
        Why times are unknown.
    """
    if "order" in metadata.columns and (metadata["order"].astype(str) == "unknown").any():
        return None, None, "The metadata say that the order of recording is unknown."
    if not isinstance(data, mne.BaseEpochs):
        if "onset" not in metadata.columns:
            return None, None, "Times are unknown: give the epochs, or a column 'onset' in seconds."
        times = pd.to_numeric(metadata["onset"], errors="coerce").to_numpy(float)
        return (
            (times, None, "")
            if np.isfinite(times).any()
            else (None, None, "The column 'onset' has no times.")
        )
    samples = np.sort(data.events[:, 0])
    if len(samples) < 2 or np.median(np.diff(samples)) <= 1:
        return None, None, "The events lie one sample apart, so they are no onsets: times are unknown."
    # Events count samples of the recording, also after the epochs were decimated or resampled.
    rate = float(np.ravel(getattr(data, "_raw_sfreq", data.info["sfreq"]))[0])
    return data.events[:, 0] / rate, len(data.times) / data.info["sfreq"], ""


def recording_codes(metadata):
    """Give each recording a number (ndarray of int, shape (n_epochs,)); nothing named means one recording."""
    named = [name for name in RECORDING if name in metadata.columns]
    if not named:
        return np.zeros(len(metadata), int)
    return pd.factorize(joined([as_names(metadata[name]) for name in named]))[0]


def _median_interval(times, recordings):
    order = np.lexsort((times, recordings))
    steps = np.diff(times[order])[np.diff(recordings[order]) == 0]
    steps = steps[np.isfinite(steps) & (steps > 0)]
    return float(np.median(steps)) if len(steps) else 0.0


def nearest_training(times, recordings, train, test):
    """Find the training epoch nearest in time to each test epoch.

    Parameters
    ----------
    times : ndarray of float, shape (n_epochs,)
        In seconds.
    recordings : ndarray of int, shape (n_epochs,)
        Times of different recordings are not compared.
    train, test : ndarray of int, shape (n_train,) and (n_test,)
        Epochs of the parts.

    Returns
    -------
    distance : ndarray of float, shape (n_test,)
        In seconds; infinite where the recording has no training epoch.
    nearest : ndarray of int, shape (n_test,)
        That training epoch, -1 where there is none.
    """
    distance, nearest = np.full(len(test), np.inf), np.full(len(test), -1)
    for recording in np.unique(recordings[test]):
        rows = train[recordings[train] == recording]
        if not len(rows):
            continue
        rows = rows[np.argsort(times[rows], kind="stable")]
        mine = np.flatnonzero(recordings[test] == recording)
        after = np.searchsorted(times[rows], times[test[mine]])
        sides = np.stack([np.maximum(after - 1, 0), np.minimum(after, len(rows) - 1)])
        away = np.abs(times[rows[sides]] - times[test[mine]])
        side = away.argmin(axis=0)
        columns = np.arange(len(mine))
        distance[mine], nearest[mine] = away[side, columns], rows[sides[side, columns]]
    return distance, nearest


def _examples(test, chosen):
    return [f"epoch {row}" for row in test[chosen][:4].tolist()]


def _shared(distance, window, follows, test):
    check = "shared time"
    if window is None:
        return finding(
            check, "not checked", "Give the epochs: how long they are is unknown.", parts="train/test"
        )
    share = np.maximum(0.0, 1 - distance / window)
    chosen = share > 1e-6
    numbers = {"count": int(chosen.sum()), "of": len(test)}
    if not chosen.any():
        return finding(check, "ok", "No test epoch shares samples with a training epoch.", **numbers)
    text = (
        f"{numbers['count']} of {len(test)} test epochs share samples with a training epoch, up to "
        f"{100 * share.max():.0f} % of them"
    )
    severe = share.max() > _MOSTLY or follows is not False
    if follows is False:
        text += "; the labels of the two are unrelated"
    elif follows:
        text += ", and the label with it"
    return finding(
        check,
        "leak" if severe else "caution",
        f"{text}.",
        examples=_examples(test, chosen),
        remedy=_REMEDY if severe else "",
        **numbers,
    )


def _near(distance, interval, follows, test):
    check = "near in time"
    chosen = distance <= _NEAR * interval * (1 + 1e-9)
    numbers = {"count": int(chosen.sum()), "of": len(test)}
    if not chosen.any():
        text = f"No test epoch has a training epoch within {_NEAR * interval:.3g} s."
        return finding(check, "ok", text, **numbers)
    text = (
        f"{numbers['count']} of {len(test)} test epochs have a training epoch within {_NEAR * interval:.3g} s"
    )
    if follows:
        text += ", and the nearest one predicts their label: drift can pass for it (Li et al. 2021)."
        return finding(check, "leak", text, examples=_examples(test, chosen), remedy=_REMEDY, **numbers)
    if follows is None:
        text += "; whether it has the same label could not be seen."
        return finding(check, "caution", text, **numbers)
    return finding(check, "note", f"{text}; its label says nothing about theirs.", **numbers)
