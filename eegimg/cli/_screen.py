"""What the command line shows: tables on standard output, progress and errors on standard error."""

import contextlib
import sys
import textwrap

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_COLOURS = {"done": "green", "cached": "cyan", "planned": "blue", "failed": "bold red"}
_COLOURS |= {"ok": "green", "caution": "yellow", "confounded": "bold red"}


def error(sentence):
    """Show one sentence about what went wrong."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]eegimg:[/] {escape(sentence)}")


def can_ask():
    """Tell whether somebody sits at a terminal to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def accepts(sentence):
    """Show the terms of a dataset, and return whether the user accepts them."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(escape(sentence))
    return typer.confirm("Have you read the publishers' terms, and do you accept them?", err=True)


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
    for column in ("recording", "status", "design", "epochs", "bad channels", "seconds", "peak MB"):
        justify = "left" if column in ("recording", "status", "design") else "right"
        table.add_column(column, justify=justify, overflow="fold")
    for row in summary.rows:
        colour = _COLOURS.get(row["status"], "white")
        numbers = (_number(row.get(key)) for key in ("n_epochs", "n_bads", "seconds", "peak_memory_mb"))
        verdict = row.get("verdict") or ""
        table.add_row(escape(row["recording"]), f"[{colour}]{row['status']}[/]", verdict, *numbers)
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


def audits(rows, remarks):
    """Show each audit in words, a table where there are several, and where the pages are."""
    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        _audit(console, row)
    for remark in remarks:
        console.print(f"[yellow]note:[/] {escape(remark)}")
    if len(rows) > 1:
        table = Table(show_edge=False, pad_edge=False)
        for column in ("recording", "verdict", "accuracy", "label-free copy", "clock alone", "chance"):
            table.add_column(column, justify="left" if column in ("recording", "verdict") else "right")
        for row in rows:
            shares = [getattr(row["audit"], f"{name}accuracy", None) for name in ("", "null_", "clock_")]
            numbers = map(_share, [*shares, getattr(row["audit"], "chance", None)])
            status = f"[{_COLOURS[row['status']]}]{row['status']}[/]"
            table.add_row(escape(row["recording"]), status, *numbers)
        Console(highlight=False).print(table)
    for row in rows:
        if row["page"] is not None:
            console.print(f"Report: {escape(str(row['page']))}")


def _audit(console, row):
    """Show one audit: verdict, comparison, reason, remedy and remarks."""
    audit, colour = row["audit"], _COLOURS[row["status"]]
    verdict = f"{escape(row['recording'])}: [{colour}]{row['status'].upper()}[/]"
    if audit is None:
        console.print(f"{verdict}: {escape(row['reason'])}")
        return
    looked_at = f"decoding of {audit.label}, {audit.n_labels} labels, {_count(audit.n_epochs, 'epoch')}"
    console.print(f"{verdict}, {escape(f'{looked_at}, {audit.split}')}")
    lines = {"result": audit.compare(), "reason": audit.reason, "remedy": audit.remedy}
    for label, text in lines.items():
        _paragraph(console, f"  {label:<7} ", text)
    for remark in audit.remarks:
        _paragraph(console, "  note    ", remark, style="yellow")


def _share(share):
    return "" if share is None else f"{100 * share:.0f} %"


def datasets(descriptors):
    """Show the known datasets, each with what decides whether it can be used."""
    console = Console(highlight=False, soft_wrap=True)
    for facts in descriptors:
        _paragraph(console, "", f"{facts.name}: {facts.title}", style="bold")
        images = f"of {facts.n_images:,} images" if facts.n_images else "without images"
        people = f"{_count(facts.n_subjects, 'subject')}, {facts.n_channels} channels, {facts.sfreq:g} Hz"
        _paragraph(console, "    ", f"{people}; {facts.n_trials:,} trials {images}")
        caveats = _count(len(facts.caveats), "caveat")
        _paragraph(console, "    ", f"design {facts.design}; {caveats}; {_size(facts)}; {_layout(facts)}")
        _paragraph(console, "    ", f"licence {facts.licence}; terms {facts.terms}")
        _paragraph(console, "    ", facts.access)
    console.print("\neegimg info NAME says more, and what to know before quoting a number.")


def descriptor(facts):
    """Show what is known of a dataset, and the commands that come next."""
    console = Console(highlight=False, soft_wrap=True)
    _paragraph(console, "", f"{facts.name}: {facts.title}", style="bold")
    lines = {
        "subjects": f"{facts.n_subjects}",
        "EEG channels": f"{facts.n_channels}, reference {facts.reference}",
        "rate": f"{facts.sfreq:g} Hz",
        "trials": f"{facts.n_trials:,}",
        "images": f"{facts.n_images:,} of {facts.n_concepts:,} concepts" if facts.n_images else "none",
        "design": facts.design,
        "licence": f"{facts.licence}; terms {facts.terms}",
        "download": _size(facts),
        "layout": _layout(facts),
        "access": facts.access,
        "paper": facts.doi,
        "home page": facts.url or "none",
    }
    for label, text in lines.items():
        _paragraph(console, f"  {label:<13} ", text)
    for caveat in facts.caveats:
        _paragraph(console, f"  {'caveat':<13} ", caveat, style="yellow")
    for label, command in _next_commands(facts).items():
        _paragraph(console, f"  {label:<13} ", command, style="green")


def _paragraph(console, label, text, style="none"):
    """Print a label and text, wrapped between words; a word that is too long for a line stays whole."""
    indent = " " * max(len(label), 4)
    width = max(console.width, len(indent) + 20)
    lines = textwrap.fill(
        label + text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    console.print(f"[{style}]{escape(lines)}[/]")


def _count(number, noun):
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(facts):
    if facts.layout == "simulated":
        return "nothing to download"
    return f"{facts.size_gb:g} GB" if facts.size_gb else "size unknown"


def _layout(facts):
    return "BIDS" if facts.layout in ("bids", "simulated") else "files for eegimg convert"


def _next_commands(facts):
    if facts.layout == "simulated":
        return {"next": "eegimg demo"}
    then = f"eegimg convert {facts.name}"
    if facts.layout == "bids":
        then = "eegimg preprocess FOLDER --out FOLDER"
    return {"next": f"eegimg fetch {facts.name}", "then": then}


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
