"""What came out of a pretraining, and how it is written down."""

import dataclasses
import pathlib

import pandas as pd

from ._parts import TRAIN, VALIDATION
from ._record import select


@dataclasses.dataclass(frozen=True)
class PretrainResult:
    """What came out of a pretraining.

    Attributes
    ----------
    out : pathlib.Path
        The folder: ``model/`` (weights, sizes, card), ``log.jsonl``, ``training_log.json``,
        ``reconstruction.png``, ``tensorboard/`` and ``checkpoints/``.
    log : pandas.DataFrame
        One row per epoch: epoch, step, train_loss, validation_loss, lr, grad_norm, samples_per_second. Losses
        are mean squared errors over hidden patches, in the unit of the input squared.
    losses : dict of str to float
        ``"network"``, and predictors that learned nothing: ``"zero"``, ``"visible mean"``,
        ``"interpolation"``; on the held-out subjects, or on the training part where nobody was held out.
    selection : dict
        By what the network was chosen: part, metric, epoch, policy.
    corpus : pandas.DataFrame
        One row per source: source, weight, n_subjects, n_train, n_validation, licence.
    held_out : dict of str to list of str
        Subjects of the validation part, by group of people.
    """

    out: pathlib.Path
    log: pd.DataFrame
    losses: dict
    selection: dict
    corpus: pd.DataFrame
    held_out: dict

    def __repr__(self):
        others = ", ".join(f"{name} {loss:.3g}" for name, loss in self.losses.items() if name != "network")
        return f"<Pretraining of {len(self.log)} epochs: loss {self.losses['network']:.3g} ({others})>"

    def facts(self):
        """Return losses, selection, corpus and held-out subjects as plain values (dict)."""
        return {
            "losses": self.losses,
            "selection": self.selection,
            "corpus": self.corpus.to_dict("records"),
            "held_out": self.held_out,
        }

    @classmethod
    def sum_up(cls, out, loop, sources, parts, held, losses):
        """Sum up a finished training.

        Parameters
        ----------
        out : pathlib.Path
            Its folder.
        loop : Loop
            Its log, and by what the network is chosen.
        sources : list of Source
            What it was trained on.
        parts : list of array of str
            The part of each epoch of each source.
        held : dict of str to list of str
            Held-out subjects.
        losses : dict of str to float
            Of the network, and of predictors that learned nothing.

        Returns
        -------
        result : PretrainResult
            All of it.
        """
        log = pd.DataFrame(loop.state["rows"])
        chosen = select(loop.settings, loop.state)
        corpus = [
            {
                "source": source.name,
                "weight": source.entry.weight,
                "n_subjects": int(source.store.metadata["subject"].nunique()),
                "n_train": int((of == TRAIN).sum()),
                "n_validation": int((of == VALIDATION).sum()),
                "licence": source.licence,
            }
            for source, of in zip(sources, parts, strict=True)
        ]
        return cls(out, log, losses, chosen, pd.DataFrame(corpus), held)
