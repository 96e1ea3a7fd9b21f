"""Events and what they mean: what rides along with an annotation becomes one row of metadata per epoch."""

import pathlib

import mne
import numpy as np
import pandas as pd

from .._checks import listing, suggest

NOT_EVENTS = ("bad", "edge", "boundary", "new segment", "comment")
COLUMNS = (
    "event subject session run image image_path concept repetition split source_index block stim_file".split()
)
PICTURES = ("stim_file", "image_path", "image")
PICTURE_ENDINGS = (".jpeg", ".jpg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".svg")
# Names, also where one person's happen to be numbers: "10" beside "09", the digit "3" beside the letter "A".
NAMES = ("event", "subject", "session", "run", "image", "image_path", "concept", "stim_file")
JOINS = ("bad boundary", "edge boundary")
_RESERVED = ("onset", "duration", "description", "ch_names")


def stimulus_annotations(raw):
    """Return the descriptions that mark events: those with a picture, else all that are no marks.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        A recording with annotations.

    Returns
    -------
    names : list of str
        In order of first appearance. Descriptions that start with bad, edge, boundary, new segment or comment
        (upper or lower case) are marks of the recording, not events, unless they have a stim_file, image_path
        or image: "badger" may name a picture.
    """
    named, with_file = {}, {}
    for name, extra in zip(raw.annotations.description.tolist(), raw.annotations.extras, strict=True):
        if any(_given(extra.get(column)) for column in PICTURES):
            with_file[name] = None
        elif not name.lower().startswith(NOT_EVENTS):
            named[name] = None
    return list(with_file or named)


def is_join(annotation):
    """Tell whether an annotation marks where two stretches that are no neighbours in time meet."""
    return annotation["duration"] == 0 and annotation["description"].lower().startswith(JOINS)


def find_joins(raw):
    """Find where stretches of a recording meet that are no neighbours in time.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        A recording with "BAD boundary" or "EDGE boundary" annotations of no duration, which MNE
        sets where it concatenates.

    Returns
    -------
    samples : ndarray of int, shape (n_joins,)
        The first sample of each stretch but the first, counted from the start of the recording.
    """
    onsets = np.array([annotation["onset"] for annotation in raw.annotations if is_join(annotation)])
    return np.unique(np.round((onsets - raw.first_time) * raw.info["sfreq"]).astype(int))


def _given(value):
    return value is not None and str(value) not in ("", "n/a", "nan", "None")


def find_events(raw, event_id=None, stim_channel=None, *, caller="MakeEpochs"):
    """Find the events of a recording and what is known of each.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        A recording.
    event_id : dict of str to int | list of str | None
        Which events: names of annotations, or names for the codes of a stim channel. None takes
        :func:`stimulus_annotations`, or every code.
    stim_channel : str | None
        Read events from this channel. None takes annotations, and a stim channel where there are none.
    caller : str
        Who is named where something is wrong.

    Returns
    -------
    events : ndarray of int, shape (n_events, 3)
        MNE's events.
    event_id : dict of str to int
        The codes used.
    metadata : pandas.DataFrame
        One row per event, in order.
    source : str
        "annotations" or the name of the channel.

    Raises
    ------
    ValueError
        If there are no events, or an asked one is not there.
    """
    there = set(raw.annotations.description)
    asked = [name for name in event_id or () if name in there]
    names = asked or stimulus_annotations(raw)
    if stim_channel is None and names:
        return (*_from_annotations(raw, event_id, names, caller), "annotations")
    stims = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, stim=True, exclude=[])]
    if stim_channel is not None and stim_channel not in raw.ch_names:
        raise ValueError(
            f"{caller} was asked for the stim channel {stim_channel!r}; the recording has "
            f"{listing(stims)}.{suggest(stim_channel, raw.ch_names)}"
        )
    if stim_channel is None and not stims:
        raise ValueError(
            f"{caller} found no events: the recording has no annotations that mark events and no stim "
            "channel. Add an events.tsv with onset, duration and trial_type, or give stim_channel."
        )
    channel = stim_channel or stims[0]
    return (*_from_stim(raw, event_id, channel, caller), channel)


def _from_annotations(raw, event_id, names, caller):
    counts = pd.Series(list(raw.annotations.description)).value_counts()
    wanted = names if event_id is None else list(event_id)
    missing = [name for name in wanted if name not in counts.index]
    if missing:
        raise ValueError(
            f"{caller} was asked for the events {listing(missing)}; the recording has "
            f"{listing(counts.index)}.{suggest(missing[0], counts.index)}"
        )
    codes = (
        dict(event_id)
        if isinstance(event_id, dict)
        else {name: code for code, name in enumerate(sorted(wanted), 1)}
    )
    events, codes = mne.events_from_annotations(raw, event_id=codes, regexp=None, verbose="error")
    chosen = [annotation for annotation in raw.annotations if annotation["description"] in codes]
    metadata = pd.DataFrame([_row(annotation) for annotation in chosen])
    metadata = metadata[sorted(metadata.columns, key=_place)]
    metadata = metadata.apply(lambda column: column if column.name in NAMES else _as_numbers(column))
    order = np.argsort(events[:, 0], kind="stable")
    return events[order], codes, metadata.iloc[order].reset_index(drop=True)


def _row(annotation):
    extras = {key: value for key, value in (annotation.get("extras") or {}).items() if key not in _RESERVED}
    row = {"event": str(annotation["description"])} | extras
    if _given(row.get("stim_file")):
        # A Windows path in a dataset from elsewhere is a path all the same.
        file = pathlib.PurePosixPath(str(row["stim_file"]).replace("\\", "/"))
        row.setdefault("image", picture_name(file))
        row.setdefault("image_path", str(file))
    else:
        row.pop("stim_file", None)
    return row


def picture_name(file):
    """Name a picture by its file without the ending; "house1.3" has none."""
    path = pathlib.PurePosixPath(str(file).replace("\\", "/"))
    return path.stem if path.suffix.lower() in PICTURE_ENDINGS else path.name


def _place(column):
    """Put shared columns first, others by name: readers hand extras over in no fixed order."""
    return (COLUMNS.index(column) if column in COLUMNS else len(COLUMNS), column)


def _as_numbers(column):
    """Return a column of whole numbers written as text as numbers; names such as "007" stay text."""
    given = column[column.map(_given)]
    whole = [str(value) for value in given]
    if not len(given) or any(not text.lstrip("-").isdecimal() or str(int(text)) != text for text in whole):
        return column
    numbers = pd.to_numeric(given)
    return numbers if len(given) == len(column) else numbers.reindex(column.index)


def _from_stim(raw, event_id, channel, caller):
    events = mne.find_events(raw, stim_channel=channel, shortest_event=1, consecutive=True, verbose="error")
    there = sorted({int(code) for code in events[:, 2]})
    if not there:
        raise ValueError(
            f"{caller} found no events: the stim channel {channel!r} never leaves zero. Name another in "
            "'stim_channel', or add an events.tsv."
        )
    if event_id is None:
        codes = {str(code): code for code in there}
    elif isinstance(event_id, dict):
        codes = dict(event_id)
    else:
        raise ValueError(
            f"The 'event_id' parameter of {caller} must map names to codes for the stim channel "
            f"{channel!r}, for example {{'face': {there[0]}}}. Got {event_id!r} instead."
        )
    missing = [code for code in codes.values() if code not in there]
    if missing:
        raise ValueError(
            f"{caller} was asked for the codes {missing}; the stim channel {channel!r} has {there}."
        )
    events = events[np.isin(events[:, 2], list(codes.values()))]
    names = {code: name for name, code in codes.items()}
    return events, codes, pd.DataFrame({"event": [names[code] for code in events[:, 2]]})
