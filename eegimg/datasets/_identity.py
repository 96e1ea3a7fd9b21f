"""Which dataset a folder holds, by what fetching or converting has left in it."""

import pathlib

from ..bids import read_json
from ._conversion import read_conversion
from ._descriptor import list_datasets, read_descriptor
from ._fetch import RECORD


def identify_dataset(root):
    """Tell which known dataset a BIDS folder holds.

    Parameters
    ----------
    root : path-like
        The folder.

    Returns
    -------
    name : str | None
        The dataset that was fetched or converted into it; None for a lab's own.
    """
    root = pathlib.Path(root)
    name = read_conversion(root).get("Dataset") or read_json(root / RECORD).get("dataset")
    return name if name in list_datasets() else None


def check_identity(root, name):
    """Refuse a folder that holds another dataset than the one asked for.

    Parameters
    ----------
    root : path-like
        The folder.
    name : str
        The dataset asked for.

    Raises
    ------
    ValueError
        If another dataset was fetched or converted into it.
    """
    held = identify_dataset(root)
    if held not in (None, name):
        raise ValueError(f"{name} was asked for; {root} holds {held}. Give its own folder.")


def known_columns(root):
    """Return which columns of events.tsv play the part of ours in a folder, none where nobody knows."""
    name = identify_dataset(root)
    return read_descriptor(name).columns if name else {}
