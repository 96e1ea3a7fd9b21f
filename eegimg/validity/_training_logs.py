"""Whether a model was chosen on the test part, as its training log tells it."""

import io
import json
import os
import pathlib
import re

import numpy as np
import pandas as pd

from .._checks import check_type
from ._folds import TEST, TRAIN, VALIDATION
from ._leak_report import finding, worst_fold
from ._learned_from import read_json

_ENDINGS = (".json", ".jsonl", ".csv", ".tsv")
_PART_WORDS = {
    "test": TEST,
    "testing": TEST,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "dev": VALIDATION,
    "train": TRAIN,
    "training": TRAIN,
}
# Where trainers say what they chose the model by: eegimg, PyTorch Lightning, Keras, transformers.
_SELECTION_KEYS = ("selected_on", "monitor", "metric_for_best_model")
_CHOSEN_KEYS = ("best_epoch", "selected_epoch")
_CHOSEN_COLUMNS = ("best", "is_best", "selected")
_LOWER_IS_BETTER = ("loss", "error", "err", "mse", "mae", "rmse", "nll", "perplexity", "fid")
_NO_METRICS = ("epoch", "step", "batch", "runtime", "second", "seconds", "samples", "steps", "dur", "event")
_REMEDY = "Choose the epoch by a validation part: make_split(metadata, validation_size=0.1)."


def check_selection(training_log, selected_on):
    """Look for a model, or an epoch of its training, that was chosen on the test part.

    Parameters
    ----------
    training_log : path-like | pandas.DataFrame | dict | list of dict | None
        As :func:`check_split` documents it.
    selected_on : str | None
        The part or metric by which the model was chosen, where the log does not say it.

    Returns
    -------
    rows : list of dict
        "model selection".
    """
    if training_log is None and selected_on is None:
        text = "Give 'training_log', or 'selected_on', to see on what the model was chosen."
        return [worst_fold([_row("not checked", text)])]
    check_type("selected_on", selected_on, (str, type(None)), "check_split", "a part or a metric, or None")
    named, chosen, epochs = read_log(training_log)
    if selected_on is not None:
        named = selected_on
    return [worst_fold([_by_name(named, epochs) if named else _by_numbers(chosen, epochs)])]


def _row(severity, text, **numbers):
    remedy = _REMEDY if severity == "leak" else ""
    return finding("model selection", severity, text, parts="", remedy=remedy, **numbers)


def read_log(training_log):
    """Read a training log, of which nothing is ever run.

    Returns
    -------
    named : str | None
        The part or metric that the model was chosen by, as the log names it.
    chosen : float | None
        The epoch that was chosen.
    epochs : pandas.DataFrame
        Metrics, one row per epoch.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError, ValueError
        If it is no log, or a kind of file that is not read.
    """
    if isinstance(training_log, (str, os.PathLike)):
        training_log = _read_file(pathlib.Path(training_log))
    if training_log is None:
        return None, None, pd.DataFrame()
    if isinstance(training_log, pd.DataFrame):
        return None, None, _per_epoch(training_log)
    if isinstance(training_log, list) and all(isinstance(entry, dict) for entry in training_log):
        return None, None, _per_epoch(pd.DataFrame([_scalars(entry) for entry in training_log]))
    if isinstance(training_log, dict):
        return _read_dict(training_log)
    raise TypeError(
        "The 'training_log' parameter of check_split must be a file, a DataFrame, a dict or a list of dicts. "
        f"Got {type(training_log).__name__} instead."
    )


def _read_file(path):
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise ValueError(
            f"check_split reads training logs that end in {', '.join(_ENDINGS)}, and runs none. Got {path}. "
            "Export the metrics to one of these."
        )
    if ending == ".json":
        return read_json(path)
    if not path.is_file():
        raise FileNotFoundError(f"check_split was asked to read {path}. There is no such file.")
    text = path.read_text(encoding="utf-8-sig")
    if ending == ".jsonl":
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError) as err:
            raise ValueError(f"check_split needs JSON in every line of {path}. It is not: {err}.") from err
    try:
        table = pd.read_csv(
            io.StringIO(text), sep="\t" if ending == ".tsv" else ",", dtype=str, index_col=False
        )
    except ValueError as err:
        raise ValueError(f"check_split needs a table in {path}. It is not: {str(err).strip()}.") from err
    return table.replace({"True": "1", "False": "0"}).apply(pd.to_numeric, errors="coerce")


def _scalars(entry):
    """Return what an entry says of an epoch; batches inside it are left out."""
    return {str(key): value for key, value in entry.items() if not isinstance(value, (list, dict))}


def _read_dict(log):
    selection = log.get("selection")
    named = chosen = None
    if isinstance(selection, dict):
        named = selection.get("part") or selection.get("metric")
        chosen = selection.get("epoch")
    named = named or next((log[key] for key in _SELECTION_KEYS if isinstance(log.get(key), str)), None)
    entries = next((log[key] for key in ("epochs", "log_history", "history") if key in log), None)
    if chosen is None:
        chosen = next((log[key] for key in _CHOSEN_KEYS if log.get(key) is not None), None)
    if entries is None:
        entries = {key: value for key, value in log.items() if isinstance(value, list)}
    if isinstance(entries, dict):
        lengths = {len(value) for value in entries.values() if isinstance(value, list)}
        if len(lengths) > 1:
            raise ValueError(
                f"check_split needs training logs with one value per epoch. The lists have {sorted(lengths)} "
                "values."
            )
        entries = pd.DataFrame(entries)
    elif isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        entries = pd.DataFrame([_scalars(entry) for entry in entries])
    else:
        raise ValueError("check_split needs training logs whose 'epochs' are one table per epoch.")
    if entries.empty and not named:
        raise ValueError(
            "check_split found neither 'epochs' nor 'selection' in the training log. It has "
            f"{sorted(map(str, log))[:8]}."
        )
    if chosen is None and log.get("best_global_step") is not None and "step" in entries:
        steps = entries["step"] == log["best_global_step"]
        chosen = entries.loc[steps, "epoch"].iloc[0] if steps.any() and "epoch" in entries else None
    elif not named and log.get("best_metric") is not None:
        named = "eval"
    return named, chosen, _per_epoch(entries)


def _per_epoch(table):
    """Join rows of one epoch, as loggers write one per part."""
    table = table.rename(columns=str)
    if "epoch" in table and table["epoch"].notna().any():
        return table.groupby("epoch", sort=True).last().reset_index()
    return table


def part_of(name):
    """Tell which part a metric is of, by the words of its name.

    Parameters
    ----------
    name : str
        Such as "val_loss", "test/acc" or "testAccuracy".

    Returns
    -------
    part : str | None
        None where the name does not say it, as "eval_loss" does not.
    """
    parts = {_PART_WORDS[word] for word in _words(name) if word in _PART_WORDS}
    return TEST if TEST in parts else next(iter(parts)) if len(parts) == 1 else None


def _words(name):
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", str(name))
    return re.sub(r"[^A-Za-z]+", " ", spaced).lower().split()


def _metrics(epochs, part):
    """Name the columns that are metrics of a part and change over epochs."""
    return [
        name
        for name in epochs.columns
        if part_of(name) == part
        and not name.endswith("_best")
        and not set(_words(name)) & set(_NO_METRICS)
        and pd.api.types.is_numeric_dtype(epochs[name])
        and epochs[name].notna().sum() > 1
    ]


def _by_name(named, epochs):
    """Judge a choice that was named."""
    part = part_of(named)
    if part == TEST:
        return _row("leak", f"The model was chosen by {named!r}: the best test score is no test of anything.")
    if part is None:
        text = f"The model was chosen by {named!r}, and whether that is of the test part the log does not say"
        if _metrics(epochs, VALIDATION):
            text += ", although there are validation metrics"
        return _row("caution", f"{text}.")
    return _row("ok", f"The model was chosen by {named!r}; the log is taken at its word.")


def _by_numbers(chosen, epochs):
    """Judge by which metric the chosen epoch is the best one, where no choice was named."""
    test, validation = _metrics(epochs, TEST), _metrics(epochs, VALIDATION)
    if not test and not validation and any("eval" in _words(name) for name in epochs.columns):
        return _row("caution", "The log has metrics of an 'eval' part, and does not say which part that is.")
    if not test:
        return _row("ok", "The log has no test metric per epoch that a model could be chosen by.")
    flags = [f"{name}_best" for name in epochs.columns if f"{name}_best" in epochs.columns]
    flagged = [name for name in flags if part_of(name) == TEST]
    place = _place(chosen, epochs)
    if place is None and flagged and not validation:
        text = f"The log marks the best epochs by {flagged[0]!r}, and has no validation metric."
        return _row("leak", text, examples=flagged)
    if place is not None:
        by_test, by_validation = (
            [name for name in names if place == _best(epochs[name], name)] for names in (test, validation)
        )
        # The last epoch is where training ends without any choice.
        if by_test and not by_validation and (validation or place < len(epochs) - 1):
            text = f"The chosen epoch is the best one by {by_test[0]!r}, and by no validation metric."
            return _row("leak", text, examples=by_test)
        if by_validation:
            return _row("ok", f"The chosen epoch is the best one by {by_validation[0]!r}.")
    if not validation:
        times = int(epochs[test].notna().any(axis=1).sum())
        text = f"Test metrics were computed in {times} epochs, and no validation metric to choose by."
        return _row("caution", text, examples=test)
    text = (
        "The log has test and validation metrics per epoch, and does not say which of them chose the model."
    )
    return _row("not checked", text, examples=test)


def _place(chosen, epochs):
    """Return the row of the chosen epoch, or None."""
    if chosen is not None and "epoch" in epochs:
        rows = np.flatnonzero(epochs["epoch"].to_numpy() == chosen)
        return int(rows[0]) if len(rows) else None
    for name in _CHOSEN_COLUMNS:
        if name in epochs:
            rows = np.flatnonzero(pd.to_numeric(epochs[name], errors="coerce").fillna(0))
            # The last mark stands where every new best is marked.
            return int(rows[-1]) if len(rows) else None
    return None


def _best(values, name):
    values = values.to_numpy(float)
    lower = bool(set(_words(name)) & set(_LOWER_IS_BETTER))
    return int(np.nanargmin(values) if lower else np.nanargmax(values))
