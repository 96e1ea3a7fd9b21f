"""Bars for work that takes long, on standard error, and only where that is a terminal."""

import contextlib


@contextlib.contextmanager
def counter(title, total, shown):
    """Show how many of ``total`` things are done; yield a function to call with the name of each that is.

    Parameters
    ----------
    title : str
        What is done.
    total : int
        How many.
    shown : bool
        Whether the user wants to see it.

    Yields
    ------
    advance : callable
        ``advance(name)``.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    hidden = not (shown and console.is_terminal)
    with Progress(*columns, console=console, disable=hidden, transient=True) as bar:
        task = bar.add_task(title, total=total)

        def advance(name):
            bar.update(task, advance=1, description=f"{title}: {name}")

        yield advance
