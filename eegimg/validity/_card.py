"""A result with what is needed to judge it: no number without its null and its verdict."""

import dataclasses
import importlib.metadata
import json
import pathlib
import textwrap

from .. import __version__
from .._checks import check_type
from .._paths import write_text
from ._result import Audit, as_json

_PACKAGES = ("mne", "numpy", "pandas", "scikit-learn")


def software_versions():
    """Return the versions that a result depends on."""
    return {"eegimg": __version__} | {name: importlib.metadata.version(name) for name in _PACKAGES}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResultCard:
    """What was reached, what a label-free copy of the design reaches, and the verdict on the design.

    Attributes
    ----------
    task, method : str
        What was decoded or made, and with what.
    metrics : dict of str to dict
        For each metric ``value``, ``chance``, ``null`` (mean over labels moved from run to run; None where
        runs cannot be relabelled), ``null_sd``, ``p`` (share of relabellings that do as well) and ``clock``
        (balanced accuracy of the time of recording alone, None where it is not known).
    audit : Audit
        Of the same epochs and split.
    leaks : tuple of str
        What :func:`check_split` found between the parts.
    transductive : tuple of str
        Steps that learned from epochs outside the training part.
    accept_confound : bool
        Whether the user asked for the numbers of a confounded design.
    versions : dict of str to str
        Software.

    Raises
    ------
    ValueError
        If the audit says "confounded" and ``accept_confound`` is False.
    """

    task: str
    method: str
    metrics: dict
    audit: Audit
    leaks: tuple = ()
    transductive: tuple = ()
    accept_confound: bool = False
    versions: dict = dataclasses.field(default_factory=software_versions)

    def __post_init__(self):
        check_type("audit", self.audit, Audit, "ResultCard", "an Audit, from audit_design")
        refuse_confounded(self.audit, self.accept_confound, "ResultCard")

    def __repr__(self):
        return f"<ResultCard: {self.task}, {', '.join(self.metrics)}; design {self.audit.verdict}>"

    def __str__(self):
        lines = [f"{self.task}, {self.method}"]
        lines += [f"{name}: {_with_null(entry)}" for name, entry in self.metrics.items()]
        lines.append(f"Design {self.audit.verdict}: {self.audit.reason}")
        lines += [f"Leak: {sentence}" for sentence in self.leaks]
        if self.transductive:
            lines.append(f"Transductive: {', '.join(self.transductive)} learned from test epochs.")
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)

    def to_dict(self):
        """Return the card as JSON holds it (dict); ``verdict`` stands at the top."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(ResultCard)}
        return as_json({"verdict": self.audit.verdict, **fields, "audit": self.audit.to_dict()})

    def to_json(self, path):
        """Write :meth:`to_dict` to a file, and return its path."""
        path = pathlib.Path(path)
        write_text(path, json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n")
        return path


def refuse_confounded(audit, accept_confound, caller):
    """Raise ValueError for a confounded design unless the user accepts it with its null."""
    if audit.verdict == "confounded" and not accept_confound:
        raise ValueError(
            f"{caller} gives no bare accuracy for a confounded design. {audit.reason} What would help: "
            f"{audit.remedy} With accept_confound=True the number comes with its null beside it."
        )


def _with_null(entry):
    text = f"{entry['value']:.3f}"
    if entry.get("null") is None:
        most = 1.0 if entry["clock"] is None else entry["clock"]
        text += f", and what the design alone would give cannot be known: up to {most:.3f}"
    else:
        text += f" beside {entry['null']:.3f} for labels moved from run to run"
        if entry.get("p") is not None:
            text += f" (p = {entry['p']:.3f})"
    return f"{text}; chance {entry['chance']:.3f}"
