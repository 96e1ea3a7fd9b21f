"""Layouts that are a list of trials, each a dict: rows by subject, checked before anything is written."""

import numpy as np

from ._layout import as_array, check_whole, require_keys
from ._source import Content


def read_list(table, key, where, *, empty=False):
    """Return a list that stands under a key, or raise ValueError naming the place."""
    rows = table[key].tolist() if isinstance(table[key], np.ndarray) else table[key]
    is_list = isinstance(rows, list | tuple)
    if not is_list or not (rows or empty):
        raise ValueError(
            f"{where}: {key!r} must be a list that holds something. It is {type(rows).__name__}"
            f"{' of length 0' if is_list else ''}."
        )
    return rows


def picture_file(name):
    """Return the path of an ImageNet picture below its class, whether or not its name has an ending."""
    return f"{name.split('_')[0]}/{name.removesuffix('.JPEG')}.JPEG"


def rows_by_subject(rows, keys, file, first_subject, n_subjects):
    """Sort the positions of rows by their subject.

    Parameters
    ----------
    rows : list of dict
        Trials as published.
    keys : sequence of str
        What each must have, "subject" among them.
    file : pathlib.Path
        For the sentence.
    first_subject, n_subjects : int
        How the publishers count.

    Returns
    -------
    positions : dict of int to list of int
        Published number of a subject to the positions of its rows, both ascending.

    Raises
    ------
    ValueError
        If a row lacks a key or has a subject of which nobody knows.
    """
    found = {}
    for position, row in enumerate(rows):
        where = place(file, position)
        require_keys(row, keys, where)
        subject = check_whole(
            row["subject"], f"{where}['subject']", first_subject, first_subject + n_subjects - 1
        )
        found.setdefault(subject, []).append(position)
    return dict(sorted(found.items()))


def place(file, position, key=None):
    """Name a row of a published list as one would write it in Python."""
    return f"{file.name}, dataset[{position}]" + (f"[{key!r}]" if key else "")


def check_trial(samples, where, n_channels):
    """Return the samples of one trial as an array (n_channels, n_times), or raise ValueError."""
    samples = as_array(samples, where)
    if samples.dtype.kind not in "fiu":
        raise ValueError(f"{where} must hold numbers. It holds {samples.dtype}.")
    if samples.ndim != 2 or samples.shape[0] != n_channels or samples.shape[1] == 0:
        raise ValueError(
            f"{where} must have the shape ({n_channels} channels, samples). It has {samples.shape}."
        )
    return samples


def trials_as_content(rows, positions, key, events, file, facts, unit):
    """Return the trials of one subject as the content of a recording.

    Parameters
    ----------
    rows : list of dict
        Trials as published.
    positions : list of int
        Those of this subject.
    key : str
        Under which the samples stand.
    events : pandas.DataFrame
        One row per trial; the column ``repetition`` is added.
    file : pathlib.Path
        For sentences.
    facts : eegimg.datasets.Descriptor
        Channels and rate.
    unit : 'V' | 'uV' | 'n/a'
        Of the samples.

    Returns
    -------
    content : Content
        Samples are where they were.
    """
    return Content(
        ch_names=tuple(facts.ch_names),
        sfreq=facts.sfreq,
        unit=unit,
        segments=[rows[position][key] for position in positions],
        events=events.assign(repetition=events.groupby("image").cumcount() + 1),
        where=lambda segment: place(file, positions[segment], key),
    )
