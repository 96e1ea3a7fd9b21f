"""What preprocessing learned from, as the sidecars of derivatives and the metadata tell it."""

import json
import os
import pathlib

import numpy as np

from .._checks import listing
from ._folds import TEST, TRAIN
from ._in_time import recording_codes
from ._leak_report import finding, worst_fold

_REMEDY = "Preprocess again with split= set to this split, and without allow_transductive."
_NO_SIDECARS = "Give the sidecars of the derivatives in 'sidecars' to see what steps learned from."


def read_sidecars(sidecars):
    """Read the sidecars of derivatives.

    Parameters
    ----------
    sidecars : path-like | dict | list of path-like or dict | None
        Files, folders (searched for sidecars, also in folders inside), or the content of files.

    Returns
    -------
    sidecars : dict of str to dict
        Content by name.

    Raises
    ------
    FileNotFoundError
        If a file or folder is not there.
    TypeError, ValueError
        If something is no sidecar, or a folder holds none.
    """
    if sidecars is None:
        return {}
    found = {}
    for number, given in enumerate(sidecars if isinstance(sidecars, (list, tuple)) else [sidecars]):
        if isinstance(given, dict):
            found[f"sidecar {number}"] = _checked(given, f"sidecar {number}")
        elif isinstance(given, (str, os.PathLike)):
            found |= _read(pathlib.Path(given))
        else:
            raise TypeError(
                "The 'sidecars' parameter of check_split must be files, folders or dicts. Got "
                f"{given!r} instead."
            )
    return found


def _read(path):
    if path.is_dir():
        files = sorted(path.rglob("*.json"))
        read = {str(file): read_json(file) for file in files}
        kept = {name: content for name, content in read.items() if _is_sidecar(content)}
        if not kept:
            raise ValueError(
                f"check_split was asked for sidecars in {path}; none of its {len(files)} JSON files is one. "
                "Name the folder that preprocess_dataset wrote."
            )
        return kept
    return {str(path): _checked(read_json(path), path)}


def read_json(path):
    """Read a JSON file, or raise FileNotFoundError or ValueError in one sentence."""
    if not path.is_file():
        raise FileNotFoundError(f"check_split was asked to read {path}. There is no such file.")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as err:
        raise ValueError(f"check_split needs JSON in {path}. It is not: {err}.") from err


def _is_sidecar(content):
    return isinstance(content, dict) and isinstance(content.get("Log"), list)


def _checked(content, name):
    if not _is_sidecar(content):
        raise ValueError(
            f"check_split needs sidecars with the 'Log' of a preprocessed recording. {name} has none: it was "
            "not written by eegimg."
        )
    return content


def check_learning(metadata, folds, sidecars, split):
    """Look for preprocessing that learned from test epochs.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row per epoch; its column "transductive" names steps that did.
    folds : list of tuple of (str, ndarray of object, shape (n_epochs,))
        Name and parts of each fold.
    sidecars : dict of str to dict
        As :func:`read_sidecars` gives them.
    split : str | None
        Name of the column that is checked; None where the split is no column.

    Returns
    -------
    rows : list of dict
        "transductive", "fitted on" and "per recording".
    """
    records = [
        (name, record)
        for name, content in sidecars.items()
        for record in content["Log"]
        if isinstance(record, dict)
    ]
    rows = [
        _transductive(metadata, sidecars),
        _fitted_on(metadata, folds, sidecars, records, split),
        _per_recording(sidecars, records),
    ]
    return [worst_fold([row]) for row in rows]


def _transductive(metadata, sidecars):
    check, steps, affected = "transductive", {}, []
    if "transductive" in metadata.columns:
        values = metadata["transductive"].fillna("").astype(str).str.strip()
        marked = values[~values.str.lower().isin(["", "n/a", "nan", "none", "false"])]
        steps |= {step.strip(): None for text in marked.unique() for step in text.split(",")}
        if len(marked):
            affected.append(f"{len(marked)} epochs")
    for name, content in sidecars.items():
        named = _transductive_steps(content)
        steps |= dict.fromkeys(named)
        if named:
            affected.append(pathlib.Path(name).name)
    if affected:
        text = f"{listing(steps)} learned from epochs outside the training part ({listing(affected, 3)})."
        return finding(check, "leak", text, parts="", count=len(affected), examples=affected, remedy=_REMEDY)
    if sidecars:
        text = f"No step of {len(sidecars)} recordings is marked so."
        return finding(check, "ok", text, parts="", count=0, of=len(sidecars))
    return finding(check, "not checked", _NO_SIDECARS, parts="")


def _transductive_steps(content):
    """Name the steps of a recording that learned from test epochs, by any of the marks."""
    named = list(content.get("TransductiveSteps") or [])
    for record in content["Log"]:
        fitted_on = str(record.get("fitted_on")) if isinstance(record, dict) else ""
        if "(transductive)" in fitted_on or (fitted_on and record.get("transductive")):
            named.append(str(record.get("step")))
    return named or (["a step of an earlier run"] if content.get("Transductive") else [])


def _fitted_on(metadata, folds, sidecars, records, split):
    """Compare what the learning steps took for training with the split that is checked."""
    check = "fitted on"
    if not sidecars:
        return finding(check, "not checked", _NO_SIDECARS, parts="")
    learning = [entry for entry in records if entry[1].get("fit_scope") in ("train", "all")]
    numbers = {"count": 0, "of": len(sidecars)}
    if not learning:
        return finding(check, "ok", "No step learned from epochs.", parts="", **numbers)
    on_all = [entry for entry in learning if "no split was given" in str(entry[1].get("fitted_on"))]
    if on_all:
        whole = _recordings_are_whole(metadata, folds)
        text = f"{listing(_steps(on_all))} learned from all epochs of a recording, as no split was given"
        text += "; here every recording is in one part as a whole." if whole else ", test epochs included."
        numbers["count"] = len({name for name, _ in on_all})
        severity = "caution" if whole else "leak"
        return finding(check, severity, text, parts="", remedy="" if whole else _REMEDY, **numbers)
    used = sorted({str(sidecars[name].get("Split")) for name, _ in learning})
    if split is None or len(folds) > 1:
        text = f"{listing(_steps(learning))} learned from the training part of {listing(used)}, "
        if len(folds) > 1:
            text += f"which cannot be that of all {len(folds)} folds."
            return finding(check, "leak", text, parts="", remedy="Preprocess once per fold.", **numbers)
        text += "and whether that is this split could not be seen: name the column in 'split'."
        return finding(check, "not checked", text, parts="")
    others = [entry for entry in learning if sidecars[entry[0]].get("Split") != split]
    if others:
        numbers["count"] = len({name for name, _ in others})
        text = (
            f"{listing(_steps(others))} learned from the training part of {listing(used)}, not of {split!r}."
        )
        return finding(check, "leak", text, parts="", remedy=_REMEDY, **numbers)
    text = f"{listing(_steps(learning))} learned from the training part of {split!r}."
    return finding(check, "ok", text, parts="", **numbers)


def _steps(entries):
    return list(dict.fromkeys(str(record.get("step")) for _, record in entries))


def _recordings_are_whole(metadata, folds):
    """Tell whether no recording has both training and test epochs, in any fold."""
    recordings = recording_codes(metadata)
    return all(not np.isin(recordings[parts == TEST], recordings[parts == TRAIN]).any() for _, parts in folds)


def _per_recording(sidecars, records):
    check = "per recording"
    if not sidecars:
        return finding(check, "not checked", _NO_SIDECARS, parts="")
    steps = _steps([entry for entry in records if entry[1].get("fit_scope") == "recording"])
    if not steps:
        return finding(check, "ok", "No step learned from whole recordings.", parts="")
    text = f"{listing(steps)} learned from whole recordings, test trials included but labels unseen."
    return finding(check, "note", text, parts="", count=len(steps))
