"""What an audit found, as an object that prints, plots and is written."""

import dataclasses
import json
import math
import pathlib
import textwrap

import numpy as np
import pandas as pd

from .._paths import write_text
from ._describe import describe_numbers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Audit:
    """What a decoding result is worth; made by :func:`audit_design`.

    Attributes
    ----------
    verdict : 'ok' | 'caution' | 'confounded'
        "ok": nothing slow tells the labels under this split. "caution": it could, or could not be checked.
        "confounded": the number is no evidence; that is not to say that there is no signal.
    reason : str
        Why, in one or two sentences.
    flags : tuple of str
        What was found, in order of weight.
    remedy : str
        What would lift the verdict.
    accuracy : float | None
        Balanced accuracy that is judged: given, of the estimator, or of the best built-in decoder.
    null_accuracy : float | None
        Balanced accuracy that a label-free copy of the design reaches: the mean over labels moved from run to
        run, of the decoder that gains most. None where runs cannot be relabelled.
    clock_accuracy : float | None
        Balanced accuracy of votes by nearness in time alone, without EEG.
    chance : float
        1 / number of labels.
    decoder : str | None
        Whose accuracy it is.
    label, split : str
        What was decoded, and the split in words.
    n_epochs, n_labels, n_recordings : int
        What was looked at.
    statistics : dict of str to float
        All numbers.
    decoders : dict of str to dict
        For each decoder ``kappa``, ``null`` (kappas of relabellings, see notes) and ``p`` (share of
        relabellings of the epochs as they are that reach kappa).
    remarks : tuple of str
        What was assumed or left out.
    seconds : float
        How long it took.
    trials : pandas.DataFrame
        One row per epoch looked at: recording, position, label, run, fold (-1: never tested), and the fold it
        would be tested in under the remedy (-1: there is no such split).

    Notes
    -----
    Labels are moved from run to run twice: on the epochs as they are, where a signal helps to
    tell runs and the result is too high, and without what trials of one label have in common, where few
    short runs make it too high. The lower mean counts: on simulated designs it lies nearest to what the
    same design reaches without any signal (``leak_against_truth`` in
    ``benchmarks/results/validity_rates.json``).
    """

    verdict: str
    reason: str
    flags: tuple
    remedy: str
    accuracy: float | None
    null_accuracy: float | None
    clock_accuracy: float | None
    chance: float
    decoder: str | None
    label: str
    split: str
    n_epochs: int
    n_labels: int
    n_recordings: int
    statistics: dict
    decoders: dict
    remarks: tuple
    seconds: float
    trials: pd.DataFrame = dataclasses.field(repr=False)

    @property
    def table(self):
        """One row per statistic: name, value, threshold, whether it votes, and what it means (DataFrame)."""
        return describe_numbers(self.statistics)

    def __repr__(self):
        size = f"{self.n_labels} labels, {self.n_epochs} epochs"
        return f"<Audit: {self.verdict} | {self.label}, {size}, {self.split}>"

    def __str__(self):
        lines = [f"{self.verdict.upper()}: {self.reason}", self.compare(), f"Remedy: {self.remedy}"]
        lines += [f"Note: {remark}" for remark in self.remarks]
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines if line)

    def compare(self):
        """Say in one sentence what the accuracy has to be compared with."""
        if self.accuracy is None:
            return f"Nothing was decoded; chance is {_percent(self.chance)}."
        text = f"Of {_percent(self.accuracy)} balanced accuracy ({self.decoder}), "
        if self.null_accuracy is None:
            text += "how much the design alone would give cannot be known, as no run can be relabelled"
        else:
            text += f"a label-free copy of the design gives {_percent(self.null_accuracy)}"
        if self.clock_accuracy is not None and "exposed" in self.flags and "order-unknown" not in self.flags:
            text += f"; the clock alone tells {_percent(self.clock_accuracy)}"
        return f"{text}; chance is {_percent(self.chance)}."

    def to_dict(self):
        """Return everything but the trials, as JSON holds it (dict)."""
        fields = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "trials"
        }
        return as_json(fields) | {"comparison": self.compare()}

    def to_json(self, path):
        """Write :meth:`to_dict` to a file, and return its path."""
        path = pathlib.Path(path)
        write_text(path, json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n")
        return path

    def plot(self):
        """Plot order, accuracy beside its null, and drift (see :func:`eegimg.viz.plot_audit`).

        Returns
        -------
        fig : matplotlib.figure.Figure
            Three panels.
        """
        from ..viz import plot_audit

        return plot_audit(self.to_dict(), self.trials)


def make_result(scope, *, verdict, reason, flags, remedy, numbers, decoders, accuracy, seconds):
    """Put an Audit together."""
    trials, facts = scope.trials, scope.facts
    n_labels = len(trials.names)
    chance = 1.0 / n_labels
    best = max(decoders, key=lambda name: decoders[name]["kappa"]) if decoders else None
    decoder = "estimator" if "estimator" in decoders else best
    if facts["new_labels"]:
        decoder = None  # what was decoded is not what the user decodes
    if accuracy is not None:
        decoder = "given"
    elif decoder is not None:
        accuracy = _accuracy(decoders[decoder]["kappa"], chance)
    leak, clock = _null_kappa(numbers, flags), numbers.get("exposure", math.nan)
    return Audit(
        verdict=verdict,
        reason=reason,
        flags=tuple(flags),
        remedy=_remedy(verdict, flags, remedy[0]),
        accuracy=accuracy,
        null_accuracy=_accuracy(max(leak, 0.0), chance) if math.isfinite(leak) else None,
        clock_accuracy=_accuracy(clock, chance) if math.isfinite(clock) else None,
        chance=chance,
        decoder=decoder,
        label=scope.label,
        split=scope.split,
        n_epochs=len(trials),
        n_labels=n_labels,
        n_recordings=len(np.unique(trials.recordings)),
        statistics=numbers,
        decoders=decoders,
        remarks=scope.remarks,
        seconds=round(seconds, 3),
        trials=_table(scope, remedy[1]),
    )


def _table(scope, remedy):
    """Return one row per epoch that was looked at."""
    trials = scope.trials
    fold = np.full(len(trials), -1)
    for number, (_, test) in enumerate(scope.folds):
        fold[test] = number
    return pd.DataFrame(
        {
            "recording": trials.recordings,
            "position": trials.positions,
            "label": np.array(trials.names)[trials.labels],
            "run": trials.runs,
            "fold": fold,
            "remedy": -1 if remedy is None else remedy,
        }
    )


def _null_kappa(numbers, flags):
    """Return what labels reach that only the design tells."""
    if "unidentifiable" in flags:
        return math.nan
    leak = numbers.get("leak", math.nan)
    return max(leak, numbers["position_leak"]) if "exposed-by-position" in flags else leak


_HOLD_OUT = {
    "rounds": "hold whole rounds out, each with a run of every label",
    "runs": "hold whole runs out",
    "recordings": "hold whole recordings out (make_split by='session' or by='subject')",
}


def _remedy(verdict, flags, found):
    """Say what would lift a verdict."""
    if verdict == "ok":
        return "none needed."
    if found in _HOLD_OUT:
        return f"{_HOLD_OUT[found]}: under split=audit.trials['remedy'] time does not tell the labels."
    if "unidentifiable" in flags or "block-design" in flags:
        return (
            "no split helps. Record again with labels in random order, or at least four runs of each "
            "label in random order, and hold runs out."
        )
    if "order-unknown" in flags:
        return "say when trials were recorded (order=...), or which run each belongs to (group=...)."
    if "few-runs" in flags:
        return (
            "record more runs of each label (at least four, better eight for two labels), and test over runs."
        )
    if "biased-downwards" in flags or "previous-label" in flags:
        return (
            "record again with labels in random order; test against labels permuted within the previous one."
        )
    return "no other split of these epochs keeps time from telling the labels."


def _accuracy(kappa, chance):
    return chance + kappa * (1.0 - chance)


def _percent(share):
    return f"{100 * share:.0f} %"


def as_json(value):
    """Return a value as JSON holds it: tuples as lists, numbers that are none as None."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
