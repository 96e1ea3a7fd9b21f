"""What the command line shows: tables on standard output, progress and errors on standard error."""

import contextlib

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_COLOURS = {"done": "green", "cached": "cyan", "planned": "blue", "failed": "bold red"}


def error(sentence):
    """Show one sentence about what went wrong."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]eegimg:[/] {escape(sentence)}")


@contextlib.contextmanager
def progress(title):
    """Show a bar while the block runs; yield the function that moves it."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(escape(title), total=None)

        def watch(row, n_done, n_total):
            bar.update(task, completed=n_done, total=n_total)
            colour = _COLOURS.get(row["status"], "white")
            console.print(
                f"[{colour}]{row['status']:>7}[/] {escape(row['recording'])} {_number(row['seconds'], ' s')}",
                highlight=False,
            )

        yield watch


def _number(value, unit=""):
    if value is None:
        return ""
    return f"{value:g}{unit}"


def summary(summary):
    """Show the table of a run, its remarks and where the report is."""
    console = Console(highlight=False, soft_wrap=False)
    table = Table(show_edge=False, pad_edge=False)
    for column in ("recording", "status", "epochs", "bad channels", "seconds", "peak MB"):
        justify = "left" if column in ("recording", "status") else "right"
        table.add_column(column, justify=justify, overflow="fold")
    for row in summary.rows:
        colour = _COLOURS.get(row["status"], "white")
        numbers = (_number(row.get(key)) for key in ("n_epochs", "n_bads", "seconds", "peak_memory_mb"))
        table.add_row(escape(row["recording"]), f"[{colour}]{row['status']}[/]", *numbers)
    console.print(table)
    wrapped = Console(highlight=False, soft_wrap=True)
    for row in summary.rows:
        if row["reason"]:
            colour = "red" if row["status"] == "failed" else "yellow"
            wrapped.print(f"[{colour}]{escape(row['recording'])}:[/] {escape(row['reason'])}")
    for remark in summary.remarks:
        wrapped.print(f"[yellow]note:[/] {escape(remark)}")
    counts = ", ".join(f"{count} {status}" for status, count in summary.counts().items())
    wrapped.print(f"{len(summary.rows)} recordings: {counts}.")
    if summary.report is not None:
        wrapped.print(f"Report: {escape(str(summary.report))}")


def datasets(descriptors):
    """Show the known datasets."""
    table = Table(show_edge=False, pad_edge=False)
    for column in ("name", "subjects", "channels", "rate (Hz)", "images", "design", "licence", "GB"):
        table.add_column(column)
    for facts in descriptors:
        numbers = (
            _number(value) for value in (facts.n_subjects, facts.n_channels, facts.sfreq, facts.n_images)
        )
        table.add_row(
            escape(facts.name), *numbers, facts.design, escape(facts.licence), _number(facts.size_gb)
        )
    Console(highlight=False).print(table)


def descriptor(facts):
    """Show what is known of a dataset."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{escape(facts.name)}[/]: {escape(facts.title)}")
    lines = {
        "subjects": facts.n_subjects,
        "EEG channels": facts.n_channels,
        "rate": f"{facts.sfreq:g} Hz",
        "images": f"{facts.n_images} of {facts.n_concepts} concepts",
        "design": facts.design,
        "licence": facts.licence,
        "download": f"{facts.size_gb:g} GB",
        "access": facts.access,
        "paper": facts.doi,
    }
    for name, value in lines.items():
        console.print(f"  {name:<13} {escape(str(value))}")
    for caveat in facts.caveats:
        console.print(f"  [yellow]caveat[/]        {escape(caveat)}")


def recipe(pipeline, text):
    """Show a recipe."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"[bold]{escape(pipeline.name)}[/]: {escape(repr(pipeline))}, fingerprint {pipeline.fingerprint()}\n"
    )
    console.print(escape(text))


def findings(rows):
    """Show what the demo found beside what was planted."""
    table = Table(title="Found and planted", show_edge=False, pad_edge=False, title_justify="left")
    for column in ("recording", "planted bads", "found", "evoked r", "blinks (uV)"):
        table.add_column(column, no_wrap=column == "recording")
    for row in rows:
        correlation = f"{row['correlation_before']:.2f} to {row['correlation_after']:.2f}"
        before, after, noise = (f"{row[f'blink_uv_{name}']:.0f}" for name in ("before", "after", "chance"))
        blinks = f"{before} to {after} (noise {noise})"
        table.add_row(
            row["recording"], ", ".join(row["planted"]), ", ".join(row["found"]), correlation, blinks
        )
    Console(highlight=False).print(table)
