"""Errors about what was asked: a sentence on the screen and exit code 2."""

import contextlib

import typer

from . import _screen


@contextlib.contextmanager
def one_sentence():
    """Turn an error about what was asked into its sentence and exit code 2."""
    try:
        yield
    except (ValueError, TypeError, RuntimeError, ImportError, OSError) as err:
        _screen.error(" ".join(str(err).split()))
        raise typer.Exit(2) from err
