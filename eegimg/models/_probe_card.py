"""What a probe found: a result card that also holds every prediction on the test part."""

import dataclasses
import textwrap

import numpy as np
import pandas as pd

from .._checks import listing, suggest
from ..validity import ResultCard

_MANY = 8  # subjects that are named one by one


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeCard(ResultCard):
    """A result card of :func:`probe`, with the choices that were made and the predictions.

    Attributes
    ----------
    choices : tuple of dict
        For each fold ``C``, ``chosen_on`` (which epochs) and ``scores`` (balanced accuracy there, by C).
    predictions : pandas.DataFrame
        One row per test epoch: ``epoch`` (row of the metadata), ``fold``, ``true``, ``predicted``, ``unit``
        (the run, or the trial where labels come in random order: what counts as independent) and those of
        subject, session, run and block that the metadata have.
    source : dict
        Record of the features: model, weights, data.
    remarks : tuple of str
        What was assumed or left out.
    """

    choices: tuple = ()
    predictions: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame, repr=False)
    source: dict = dataclasses.field(default_factory=dict)
    remarks: tuple = ()

    def __repr__(self):
        return super().__repr__().replace("ResultCard", "ProbeCard", 1)

    def __str__(self):
        strengths = [choice["C"] for choice in self.choices if choice["C"] is not None]
        lines = []
        if strengths:
            values = ", ".join(f"{value:g}" for value in dict.fromkeys(strengths))
            lines.append(f"C = {values}, chosen on {self.choices[0]['chosen_on']}.")
        if "subject" in self.predictions and self.predictions["subject"].nunique() > 1:
            lines.append(f"By subject: {_subjects(self.by('subject')['balanced accuracy'])}.")
        lines += [f"Note: {remark}" for remark in self.remarks]
        return "\n".join(
            [super().__str__(), *(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)]
        )

    def by(self, column):
        """Return scores apart for each value of a column of the predictions.

        Parameters
        ----------
        column : str
            "subject", "session", "run" or "block" where the metadata have them, "fold", or "true": the
            accuracy for each label.

        Returns
        -------
        table : pandas.DataFrame
            One row per value: ``n_epochs``, ``accuracy`` and ``balanced accuracy`` (mean over the labels that
            occur there).

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if column not in self.predictions:
            raise ValueError(
                f"ProbeCard.by was asked for {column!r}; the predictions have "
                f"{listing(self.predictions, 20)}.{suggest(column, self.predictions)}"
            )
        table = self.predictions.assign(hit=self.predictions["true"] == self.predictions["predicted"])
        groups = table.groupby(column, dropna=False)
        by_label = table.groupby([column, "true"], dropna=False)["hit"].mean()
        return pd.DataFrame(
            {
                "n_epochs": groups.size(),
                "accuracy": groups["hit"].mean(),
                "balanced accuracy": by_label.groupby(level=0, dropna=False).mean(),
            }
        )

    @property
    def confusion(self):
        """How often each label (row) was taken for each other (column): counts (DataFrame)."""
        names = np.unique(self.predictions[["true", "predicted"]].to_numpy().astype(str))
        counts = pd.crosstab(self.predictions["true"], self.predictions["predicted"])
        return counts.reindex(index=names, columns=names, fill_value=0)

    def to_dict(self):
        """Return the card as JSON holds it (dict), with scores by subject in place of the predictions."""
        more = {
            "choices": [
                choice | {"scores": {f"{strength:g}": score for strength, score in choice["scores"].items()}}
                for choice in self.choices
            ],
            "source": self.source,
            "remarks": list(self.remarks),
        }
        if "subject" in self.predictions:
            more["by_subject"] = {str(name): row for name, row in self.by("subject").to_dict("index").items()}
        return super().to_dict() | more


def _subjects(scores):
    if len(scores) <= _MANY:
        return ", ".join(f"{name} {score:.3f}" for name, score in scores.items())
    return f"{len(scores)}, {scores.min():.3f} to {scores.max():.3f}, median {scores.median():.3f}"
