"""What the command line says of networks: a list of all, and everything about one."""

from typing import Annotated

import typer
from rich.console import Console

from .._checks import suggest
from ..models._words import input_words, weights_word, weights_words
from . import _screen
from ._errors import one_sentence


def models(
    pattern: Annotated[str, typer.Argument(help="Names to list, as in a shell: 'dreamdiffusion*'.")] = "*",
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="Only networks whose weights can be had.")
    ] = False,
):
    """List the networks that eegimg builds."""
    from ..models._registry import list_models, read_card

    with one_sentence():
        names = list_models(pattern, pretrained)
        if not names:
            having = " with weights that can be had" if pretrained else ""
            raise ValueError(f"No model{having} matches {pattern!r}.{suggest(pattern, list_models())}")
        _list([read_card(name) for name in names])


def model(card):
    """Show what is known of a network, and how to build it.

    Parameters
    ----------
    card : ModelCard
        From :func:`eegimg.models.read_card`.
    """
    console = Console(highlight=False, soft_wrap=True)
    _screen._paragraph(console, "", f"{card.name}: {card.summary}", style="bold")
    lines = {
        "kind": card.kind,
        "input": input_words(card),
        "channels": ", ".join(card.input.get("ch_names", ())),
        "sizes": ", ".join(f"{key}={value}" for key, value in card.sizes.items()),
        "parameters": f"{card.n_parameters:,}" if card.n_parameters else "",
        "recipe": card.recipe,
        "trained on": card.training_data,
        "split": card.split,
        "selection": card.selection,
        "weights": weights_words(card),
        "licence": card.licence,
        "paper": card.paper,
        "code": card.code,
    }
    for label, text in lines.items():
        if text:
            _screen._paragraph(console, f"  {label:<11} ", text)
    for score in card.scores:
        _screen._paragraph(console, f"  {'score':<11} ", _score(score))
    for caveat in card.caveats:
        _screen._paragraph(console, f"  {'caveat':<11} ", caveat, style="yellow")
    _screen._paragraph(console, f"  {'next':<11} ", _call(card), style="green")


def _list(cards):
    """Show each network with what decides whether it can be used; in a table names would be cut."""
    console = Console(highlight=False, soft_wrap=True)
    for card in cards:
        _screen._paragraph(console, "", f"{card.name}: {card.summary}", style="bold")
        parameters = f"; {card.n_parameters:,} parameters" if card.n_parameters else ""
        facts = f"{card.kind}; input {input_words(card)}{parameters}"
        _screen._paragraph(console, "    ", facts)
        _screen._paragraph(console, "    ", f"weights {weights_word(card)}; licence {card.licence}")
    console.print("\neegimg info NAME says more, and what to know before quoting a number.")


def _score(score):
    """Write a score beside what it must be compared with."""
    others = {"chance": score.chance, "null": score.null, "random weights": score.random_weights}
    others["linear on epochs"] = score.linear
    beside = ", ".join(f"{name} {value:.3g}" for name, value in others.items() if value is not None)
    source = f" ({score.source})" if score.source else ""
    return f"{score.metric} {score.value:.3g} on {score.data}; {beside}{source}"


def _call(card):
    """Write the call that builds it."""
    by_hand = card.weights is not None and bool(card.weights.page)
    how = ", checkpoint=FILE" if by_hand else ", pretrained=True" if card.weights is not None else ""
    return f'eegimg.create_model("{card.name}"{how})'
