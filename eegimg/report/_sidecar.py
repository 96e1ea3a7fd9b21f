"""Read what the pages are made of: the sidecar JSON of a derivative, and nothing else on disk."""

import json
import pathlib

KINDS = ("epo", "raw", "eeg")


def read_sidecar(sidecar_path):
    """Read the sidecar of a derivative.

    Parameters
    ----------
    sidecar_path : path-like
        A ``..._desc-<recipe>_epo.json`` or ``..._raw.json``.

    Returns
    -------
    sidecar : dict
        Its content.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not JSON, or not the sidecar of an eegimg derivative.
    """
    path = pathlib.Path(sidecar_path)
    if not path.is_file():
        raise FileNotFoundError(f"The sidecar {path} was asked for a report. There is no such file.")
    try:
        sidecar = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"The sidecar {path} must be JSON. It is not: {error}. Preprocess it again."
        ) from error
    if not isinstance(sidecar, dict) or not isinstance(sidecar.get("Log"), list):
        raise ValueError(
            f"The sidecar {path} must hold the 'Log' of a preprocessed recording. It does not: it was not "
            "written by eegimg, or by another version. Preprocess the recording again."
        )
    return sidecar


def page_stem(sidecar_path):
    """Return the name of a recording's page without its ending, ``sub-01_task-x_desc-default``."""
    stem, _, kind = pathlib.Path(sidecar_path).stem.rpartition("_")
    return stem if stem and kind in KINDS else pathlib.Path(sidecar_path).stem


def is_epoched(sidecar_path):
    """Tell whether a sidecar belongs to epochs."""
    return pathlib.Path(sidecar_path).stem.endswith("_epo")


def get(sidecar, *keys, default=None):
    """Look up nested keys, with a default where one is absent or empty of value."""
    value = sidecar
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return default if value is None else value


def records(sidecar, *steps):
    """Return the log records of the named steps, or all."""
    return [record for record in sidecar["Log"] if not steps or record.get("step") in steps]


def epochs_lost(record):
    """Count the epochs that a step lost; cutting epochs loses the events that gave none."""
    events, cut = get(record, "found", "n_events"), get(record, "after", "n_epochs")
    if record.get("step") == "MakeEpochs" and None not in (events, cut):
        return events - cut
    return get(record, "lost", "epochs")


def bad_channels(sidecar):
    """Collect the channels that were bad at any time.

    Returns
    -------
    bads : dict of str to list of str
        What flagged each channel, in the order of finding.
    """
    bads = {name: ["marked"] for name in get(sidecar, "Input", "bads", default=[])}
    for record in records(sidecar):
        for name, criteria in (get(record, "found", "bads", default={}) or {}).items():
            known = bads.setdefault(name, [])
            known += [criterion for criterion in criteria if criterion not in known]
    for channel in sidecar.get("Channels") or []:
        if channel.get("bad") or channel.get("interpolated"):
            bads.setdefault(channel["name"], ["criterion not recorded"])
    return bads


def conditions(sidecar):
    """Count what there was and what is left per condition.

    Returns
    -------
    counts : dict of str to tuple of (int, int)
        Before and after the steps that drop epochs.
    before : 'events' | 'epochs cut'
        What the first number counts: events where the log holds them per condition, otherwise the
        epochs that were cut (events that gave no epoch are then missing).
    """
    made = records(sidecar, "MakeEpochs")
    if not made:
        return {}, "events"
    cut = get(made[-1], "after", "conditions", default={})
    events = get(made[-1], "found", "conditions") or get(sidecar, "Input", "events", default={})
    all_known = bool(cut) and all(name in events for name in cut)
    names = get(made[-1], "found", "event_id", default=cut)
    first = {name: events[name] for name in events if name in names} if all_known else cut
    kept = get(sidecar, "Summary", "conditions", default={})
    return {
        name: (n, kept.get(name, 0)) for name, n in first.items()
    }, "events" if all_known else "epochs cut"
