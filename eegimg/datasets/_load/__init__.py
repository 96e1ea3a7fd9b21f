"""Load a dataset from disk: its recordings, its pictures, and epochs with the picture behind each."""

import os
import pathlib

from ... import bids, io
from ..._checks import check_type
from ..._paths import data_root
from .._conversion import converted_root
from .._descriptor import read_descriptor
from .._identity import check_identity, identify_dataset
from ._dataset import Dataset as Dataset


def load_dataset(name=None, root=None, subjects=None, *, images=None):
    """Load a dataset from disk: a known one by name, or any BIDS folder.

    Parameters
    ----------
    name : str | None
        One of :func:`list_datasets`, or None for a lab's own data and for a folder that :func:`fetch_dataset`
        or :func:`convert_dataset` has filled, which says what it holds.
    root : path-like | None
        The BIDS folder. None takes the folder of that name in the data folder (EEGIMG_DATA), or ``bids`` in
        it for a dataset that is converted.
    subjects : str | int | list of str or int | None
        Which subjects; "01", "1", 1 and "sub-01" are the same. None takes all.
    images : path-like | None
        Where the pictures are that are not part of the dataset: a folder, a zip file, or an ImageNet tree
        (``<images>/<wnid>/<name>.JPEG``). Pictures that are missing are listed in :attr:`Dataset.images`.

    Returns
    -------
    dataset : Dataset
        Recordings, images, raw and epochs.

    Raises
    ------
    ValueError
        If the name is unknown, neither name nor root is given, or the folder holds another dataset.
    FileNotFoundError
        If there is no such folder or no EEG in it.
    RuntimeError
        If the conversion to BIDS that made the folder was cut off.
    """
    if name is None and root is None:
        raise ValueError(
            "load_dataset needs the name of a dataset or the root of a BIDS folder. Got neither."
        )
    facts = None if name is None else read_descriptor(name)
    converted = facts is not None and facts.layout in io.LAYOUTS
    if root is None:
        root = converted_root(name) if converted else data_root() / name
    check_type("root", root, (str, os.PathLike), "load_dataset", "a folder or None")
    root = pathlib.Path(root).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(
            f"{name or 'The dataset'} was looked for in {root}; there is no such folder.{_how_to_get(facts)}"
        )
    if facts is not None:
        check_identity(root, name)
    if converted and not (root / "dataset_description.json").is_file():
        raise FileNotFoundError(
            f"{root} holds no BIDS dataset. Convert the published files of {name} first: "
            f'eegimg.convert_dataset("{name}", source, bids_root).'
        )
    name = identify_dataset(root) if name is None else name
    facts = read_descriptor(name) if name else None
    return Dataset(name, root, bids.find_recordings(root, subjects=subjects), images, facts)


def _how_to_get(facts):
    """Say what makes the folder of a dataset that is not there."""
    if facts is None:
        return ""
    if facts.layout == "simulated":
        return " Make it with eegimg.make_dataset(root)."
    fetch = f' Run eegimg.fetch_dataset("{facts.name}")'
    if facts.layout == "bids":
        return f"{fetch} ({facts.size_gb:g} GB), or give its folder as root."
    return f'{fetch} ({facts.size_gb:g} GB), then eegimg.convert_dataset("{facts.name}", source, bids_root).'
