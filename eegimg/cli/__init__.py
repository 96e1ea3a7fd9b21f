"""The command ``eegimg``: thin calls of the library."""

from ._app import main as main
