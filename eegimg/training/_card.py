"""The card of a network that was just trained, filled from the run."""

import dataclasses
import pathlib
import re

from ..models import Score

METRIC = "mean squared error over hidden patches"


def fill_card(network, recipe, spec, result):
    """Save a network with a card that says what it was trained on, and how well it does.

    Parameters
    ----------
    network : Network
        Trained; its card is replaced.
    recipe : TrainingRecipe
        How.
    spec : InputSpec
        What it expects.
    result : PretrainResult
        What came out.

    Returns
    -------
    folder : pathlib.Path
        ``<out>/model``: weights, sizes, card.
    """
    tag = re.sub("[^a-z0-9_]", "_", recipe.name.lower())
    settings = recipe.training
    where = "held-out subjects" if result.held_out else "the training part"
    network.card = dataclasses.replace(
        network.card,
        name=f"{network.card.arch}.{tag}",
        licence=_licence(result),
        input=spec.facts(),
        recipe="; ".join(dict.fromkeys(entry.recipe or "default" for entry in recipe.corpus)),
        training_data=_data(result),
        split=_split(result, settings),
        selection=f"{result.selection['policy']} (epoch {result.selection['epoch']} of {len(result.log)})",
        scores=(
            Score(
                data=where,
                metric=METRIC,
                value=result.losses["network"],
                chance=result.losses["zero"],
                null=result.losses["visible mean"],
                source="eegimg.training.pretrain: chance predicts zero, null each channel's visible mean",
            ),
        ),
        caveats=_caveats(result, settings),
    )
    folder = pathlib.Path(result.out, "model")
    network.save_pretrained(folder)
    return folder


def _licence(result):
    licences = list(dict.fromkeys(result.corpus["licence"]))
    return f"not stated; trained on data under: {', '.join(licences)}"


def _data(result):
    rows = result.corpus.to_dict("records")
    sources = [
        f"{row['source']} ({row['n_train']} epochs, {row['n_subjects']} subjects, licence {row['licence']}, "
        f"weight {row['weight']:g})"
        for row in rows
    ]
    return "; ".join(sources)


def _split(result, settings):
    held = [f"{', '.join(names)} of {group}" for group, names in result.held_out.items()]
    if not held:
        return "nobody was held out"
    return f"by subject, held out with seed {settings.seed}: {'; '.join(held)}"


def _caveats(result, settings):
    """Say what a low loss does not mean."""
    losses = result.losses
    lines = f"straight lines between what is visible lose {losses['interpolation']:.3g}"
    beaten = [name for name, loss in losses.items() if name != "network" and loss <= losses["network"]]
    first = f"Trained with {settings.mask_ratio:.0%} of the patches hidden; {lines}."
    if beaten:
        first += f" The network does no better than {' and '.join(beaten)}, which learned nothing."
    return (
        first,
        "A low loss says that hidden signal can be guessed, not that features help to decode anything.",
    )
