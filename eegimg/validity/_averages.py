"""Averages of a few repetitions (pseudo-trials), made after the split and never across its parts."""

import warnings
import zlib

import mne
import numpy as np
import pandas as pd

from .._checks import check_number, check_option, check_type, listing
from ._folds import as_parts
from ._keys import as_names, event_numbers, joined, names_of, read_metadata

_CALLER = "average_repetitions"


def average_repetitions(epochs, k, *, by="image", split="split", leftover="drop", random_state=0):
    """Average k repetitions of the same image at a time, within each part of the split.

    Such averages ("pseudo-trials") raise the ratio of signal to noise (Grootswagers et al. 2017, J. Cogn.
    Neurosci. 29:677; used by Cichy & Pantazis 2017, doi 10.1016/j.neuroimage.2017.07.023, and Guggenmos et
    al. 2018, doi 10.1016/j.neuroimage.2018.02.044). A decoder of averages answers another question than one
    of single trials: report k beside the accuracy. Averages over training and test epochs would carry one
    into the other, so the split comes first.

    Which epochs are averaged is drawn at random, so that an average is not a stretch of time. It depends on
    nothing outside the image, the part, the subject and the session.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        With metadata; left as they are.
    k : int
        Epochs per average. 1 gives single trials.
    by : str
        Metadata column whose value the epochs of an average share.
    split : str | None
        Metadata column with the parts (see :func:`make_split`). None averages regardless of any split, for
        epochs that will not be split any more.
    leftover : 'drop' | 'average'
        What becomes of the fewer than k epochs that remain of an image. They are dropped, because an average
        of fewer is noisier, and images would differ in noise by how often they were shown. "average" keeps
        an average of fewer.
    random_state : int
        Seed of the draw.

    Returns
    -------
    averages : mne.EpochsArray
        In volts as the epochs are, with their info, times and baseline, in order of the first epoch in each
        average, whose time it has. Metadata: the columns that are constant in every average;
        ``n_averaged``, the number of epochs (what MNE calls nave: noise falls with its square root); and
        ``source_index``, the events averaged, as text such as "3,17". Where one average has several kinds
        of events, events are named after ``by``.

    Raises
    ------
    ValueError
        If a column is missing or has gaps, or no image of a part has k epochs.

    Warns
    -----
    UserWarning
        If images are left out because they have fewer than k epochs.
    """
    check_type("epochs", epochs, mne.BaseEpochs, _CALLER, "Epochs")
    check_number("k", k, _CALLER, at_least=1, integer=True)
    check_option("leftover", leftover, ("drop", "average"), _CALLER)
    check_number("random_state", random_state, _CALLER, at_least=0, integer=True)
    metadata = read_metadata(epochs, _CALLER)
    names = names_of(metadata, by, _CALLER)
    parts = _parts(metadata, split)
    groups = _groups(metadata, names, parts)
    epochs = epochs if epochs.preload else epochs.copy().load_data()
    members, lost = _draw(groups, epochs.events[:, 0], int(k), leftover, int(random_state))
    _check_lost(members, lost, parts, groups, k, by)
    data = epochs.get_data(copy=False)
    events, event_id = _events(epochs, members, names)
    averages = mne.EpochsArray(
        np.stack([data[rows].mean(axis=0) for rows in members]),
        epochs.info,
        events,
        tmin=epochs.tmin,
        event_id=event_id,
        metadata=_metadata(metadata, members),
        proj=False,
        verbose="error",
    )
    # Said, not done: subtracting it again would change the samples, and it may have been cropped away.
    averages.baseline = epochs.baseline
    return averages


def _parts(metadata, split):
    """Return the part of each epoch, the same for all without a split."""
    if split is None:
        return pd.Series("", index=range(len(metadata)), dtype=object)
    advice = "Make one with make_split before averaging, or give split=None if there will be none."
    names_of(metadata, split, _CALLER, advice)
    return as_parts(metadata[split])


def _groups(metadata, names, parts):
    """Return one name per epoch for what may be averaged: same subject, session, part and image."""
    owners = [as_names(metadata[name]) for name in ("subject", "session") if name in metadata]
    return joined([*owners, parts, names])


def _draw(groups, times, k, leftover, random_state):
    """Return the rows of each average, in time order, and the groups with too few epochs for any."""
    members, lost = [], []
    order = np.lexsort((times, groups.astype(str)))
    ends = np.flatnonzero(groups[order][1:] != groups[order][:-1]) + 1
    for rows in np.split(order, ends):
        group = groups[rows[0]]
        # A seed for each group: what is in the test part has no say in what is averaged in training.
        rng = np.random.default_rng([random_state, zlib.crc32(group.encode())])
        drawn = rng.permutation(rows)
        chunks = [np.sort(drawn[start : start + k]) for start in range(0, len(rows), k)]
        full = [chunk for chunk in chunks if len(chunk) == k or leftover == "average"]
        members.extend(chunk[np.argsort(times[chunk], kind="stable")] for chunk in full)
        if not full:
            lost.append(group)
    members.sort(key=lambda rows: (times[rows[0]], rows[0]))
    return members, lost


def _check_lost(members, lost, parts, groups, k, by):
    """Raise ValueError if a part is lost, and warn if single images are."""
    kept = set(parts.to_numpy()[[rows[0] for rows in members]])
    gone = sorted(set(parts) - kept)
    if gone:
        where = f" in {listing(gone)}" if gone != [""] else ""
        raise ValueError(
            f"{_CALLER} was asked for averages of {k} epochs; no {by}{where} has that many. Lower k, or use "
            "leftover='average'."
        )
    if lost:
        warnings.warn(
            f"{len(lost)} of {len(set(groups))} groups of one {by} in one part have fewer than {k} epochs "
            "and are left out. Lower k, or use leftover='average'.",
            stacklevel=3,
        )


def _events(epochs, members, names):
    """Return the events of the averages: those of the first epochs, or named anew where kinds are mixed."""
    firsts = [rows[0] for rows in members]
    events = epochs.events[firsts].copy()
    codes = epochs.events[:, 2]
    if all((codes[rows] == codes[rows[0]]).all() for rows in members):
        there = set(events[:, 2].tolist())
        return events, {name: code for name, code in epochs.event_id.items() if code in there}
    chosen = names.to_numpy()[firsts]
    event_id = {name: code for code, name in enumerate(sorted(set(chosen)), 1)}
    events[:, 2] = [event_id[name] for name in chosen]
    return events, event_id


def _metadata(metadata, members):
    """Return one row per average: the columns constant within all, how many epochs and which."""
    rows = np.concatenate(members)
    owners = np.repeat(np.arange(len(members)), [len(chunk) for chunk in members])
    numbers = event_numbers(metadata)
    names = metadata.iloc[rows].apply(as_names)
    constant = names.fillna("n/a").groupby(owners).nunique().max() == 1
    table = metadata.iloc[[chunk[0] for chunk in members]].reset_index(drop=True)
    table = table[[name for name in metadata if constant[name]]]
    return table.assign(
        n_averaged=[len(chunk) for chunk in members],
        source_index=[",".join(numbers[chunk].fillna("n/a")) for chunk in members],
    )
