"""Bars and remarks on standard error while files arrive, or silence."""

import contextlib


class Watch:
    """Silence: what a download calls when nobody looks."""

    def say(self, sentence):
        """Show a sentence."""

    def expect(self, title, n_bytes):
        """Begin something that has a number of bytes, or None where that is unknown."""

    def advance(self, n_bytes):
        """Count bytes that have been dealt with; fewer than none where work starts again."""


class _Bar(Watch):
    """A rich progress bar, and sentences above it."""

    def __init__(self, console, bar):
        self._console, self._bar, self._task = console, bar, None

    def say(self, sentence):
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def expect(self, title, n_bytes):
        from rich.markup import escape

        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(escape(title), total=n_bytes)

    def advance(self, n_bytes):
        if self._task is not None:
            self._bar.advance(self._task, n_bytes)


@contextlib.contextmanager
def watching(progress):
    """Yield what a download reports to; bars are drawn on terminals only."""
    if not progress:
        yield Watch()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        yield _Bar(console, bar)
