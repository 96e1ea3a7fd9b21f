"""The command eegimg train: networks, from a recipe to weights with a card."""

import contextlib
import pathlib
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ._errors import one_sentence

app = typer.Typer(name="train", help="Train networks.", no_args_is_help=True)


@app.callback()
def _options():
    pass


@app.command()
def pretrain(
    recipe: Annotated[
        pathlib.Path, typer.Argument(help="TOML file: [model], [input], [[corpus]] and [training].")
    ],
    out: Annotated[pathlib.Path, typer.Option("--out", help="Folder for the network, its log and its card.")],
    cache: Annotated[
        pathlib.Path | None, typer.Option(help="Folder for stores made of the corpus; without, OUT/stores.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew, not from the last checkpoint.")] = False,
    accept_license: Annotated[
        bool, typer.Option("--accept-license", help="You have read and accept the terms of closed licences.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the corpus; do nothing.")] = False,
):
    """Pretrain a network by hiding stretches of EEG, on a corpus of stores and public datasets.

    Several devices or machines: accelerate launch -m eegimg train pretrain RECIPE --out DIR.
    """
    with one_sentence():
        from ..training._corpus import describe_corpus
        from ..training._recipe import read_training_recipe

        read = read_training_recipe(recipe)
        if dry_run:
            _show_corpus(describe_corpus(read.corpus))
            return
        from ..training._pretrain import pretrain as train

        with _progress(read.name) as watch:
            result = train(
                read, out, resume=not fresh, accept_license=accept_license, cache=cache, watch=watch
            )
    _show_result(result)


def _show_corpus(table):
    """Show what a corpus holds, as far as it is known without opening it."""
    console = Console(highlight=False)
    shown = Table(show_edge=False, pad_edge=False)
    names = {"n_subjects": "subjects", "n_channels": "channels", "n_epochs": "epochs", "sfreq": "Hz"}
    names |= {"size_gb": "GB"}
    for column in table.drop(columns="local"):
        text = column in ("source", "kind", "licence")
        shown.add_column(names.get(column, column), justify="left" if text else "right", overflow="fold")
    for row in table.drop(columns="local").itertuples(index=False):
        shown.add_row(*map(_cell, row))
    console.print(shown)
    totals = {name: table[name].dropna().sum() for name in ("n_subjects", "hours", "size_gb")}
    wrapped = Console(highlight=False, soft_wrap=True)
    wrapped.print(
        f"{len(table)} sources: at least {totals['n_subjects']:,.0f} subjects, {totals['hours']:,.0f} hours, "
        f"{totals['size_gb']:,.0f} GB; what is not known is not counted. Nothing was downloaded."
    )


def _cell(value):
    if value is None or value != value:
        return "?"
    return f"{value:g}" if isinstance(value, float) else escape(str(value))


@contextlib.contextmanager
def _progress(title):
    """Show a bar of updates on terminals; yield the function that moves it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[found]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(escape(title), total=None, found="")

        def watch(found):
            text = f"epoch {found['epoch']}, loss {found['loss']:.4g}, rate {found['lr']:.2g}"
            bar.update(task, completed=found["step"], total=found["n_steps"], found=text)

        yield watch


def _show_result(result):
    """Show losses beside those of predictors that learned nothing, and where the network is."""
    console = Console(highlight=False, soft_wrap=True)
    part = "held-out subjects" if result.held_out else "the training part"
    console.print(f"Loss on {part}, mean squared error over what was hidden:")
    for name, loss in result.losses.items():
        console.print(f"  {name:<14} {loss:.4g}")
    console.print(f"Chosen: epoch {result.selection['epoch']}, {result.selection['policy']}.")
    console.print(f"Network: {escape(str(result.out / 'model'))}")
