"""Which dataset a folder holds, by what fetching or converting has left in it."""

import logging
import pathlib

from ..bids import read_conversion, read_json
from ..pipeline import list_recipes
from ._descriptor import list_datasets, read_descriptor
from ._fetch import RECORD
from .simulation import NAME as SIMULATED

logger = logging.getLogger("eegimg.datasets")


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
        If another dataset was fetched or converted into it, or its rate is another. BIDS as the publishers
        give it is only warned of: there are copies with other rates.
    """
    held = identify_dataset(root)
    if held not in (None, name):
        raise ValueError(f"{name} was asked for; {root} holds {held}. Give its own folder.")
    if held is None:
        _compare(root, read_descriptor(name))


def _compare(root, facts):
    """Compare a folder of which nothing is written down with what is known of the dataset."""
    called = read_json(pathlib.Path(root) / "dataset_description.json").get("Name", "no name")
    if facts.layout == "simulated":
        if called != SIMULATED:
            raise ValueError(
                f"simulated was asked for; {root} holds {called!r}, which make_dataset has not made. Load it "
                "with load_dataset(None, root=...)."
            )
        return
    sidecar = next(iter(sorted(pathlib.Path(root).glob("sub-*/**/*_eeg.json"))), None)
    rate = None if sidecar is None else read_json(sidecar).get("SamplingFrequency")
    if rate not in (None, facts.sfreq):
        sentence = (
            f"{facts.name} was asked for, which has {facts.sfreq:g} Hz; {root} holds {called!r} with {rate} "
            "Hz. If it is another dataset, load it with load_dataset(None, root=...)."
        )
        if facts.layout != "bids":
            raise ValueError(sentence)
        logger.warning(sentence)


def own_recipe(name, descriptions):
    """Return the recipe of a dataset's variant, of the dataset, or "default".

    Parameters
    ----------
    name : str | None
        The dataset.
    descriptions : iterable of str | None
        BIDS descriptions of its recordings, which are called as the variants.

    Returns
    -------
    recipe : str
        For :func:`eegimg.read_recipe`.
    """
    variants = [f"{name}_{label}" for label in sorted({label for label in descriptions if label})]
    known = list_recipes()
    return next((recipe for recipe in (*variants, name) if recipe in known), "default")


def known_recipe(root):
    """Return the recipe for a folder: its dataset's own where that was fetched or converted, or "default"."""
    return own_recipe(identify_dataset(root), [read_conversion(root).get("Description")])


def known_design(root):
    """Return the design of the dataset in a folder, None where nobody knows."""
    name = identify_dataset(root)
    return read_descriptor(name).design if name and name != SIMULATED else None


def known_columns(root):
    """Return which columns of events.tsv play the part of ours in a folder, none where nobody knows."""
    name = identify_dataset(root)
    return read_descriptor(name).columns if name else {}
