"""What all files share: a dict under an .npy name, channel names, folders numbered from 01."""

import re

import numpy as np

from ..._checks import listing
from .._layout import as_array, require_keys
from .._pickles import read_npy


def place(file):
    """Name a file with the folders that say whose it is."""
    kept = [part for part in file.parts if part.startswith(("sub-", "ses-"))]
    return "/".join((*kept, file.name))


def read_table(file, keys):
    """Return the dict that a file holds, with some keys, or raise ValueError."""
    return require_keys(read_npy(file), keys, place(file))


def check_array(table, key, n_dims, axes, where):
    """Return an array of numbers with so many dimensions, or raise ValueError naming its axes."""
    data = as_array(table[key], f"{where}: {key!r}")
    if data.dtype.kind not in "fiu" or data.ndim != n_dims or 0 in data.shape:
        raise ValueError(
            f"{where}: {key!r} must be numbers of the shape ({axes}). It is {data.dtype} of the shape "
            f"{data.shape}."
        )
    return data


def check_names(table, n_channels, where):
    """Return the channel names, one for each channel and each once, or raise ValueError."""
    names = [str(name) for name in np.ravel(table["ch_names"])]
    if len(names) != n_channels:
        raise ValueError(f"{where}: 'ch_names' has {len(names)} names for {n_channels} channels of samples.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{where}: 'ch_names' has {listing(twice)} more than once. It is damaged.")
    return names


def check_number(folder, prefix, last):
    """Return the two digits of a folder such as "sub-01", or raise ValueError."""
    match = re.fullmatch(rf"{prefix}-(\d\d)", folder.name)
    if not match or not 1 <= int(match[1]) <= last:
        raise ValueError(
            f"{folder.parent} holds the folder {folder.name!r}; THINGS-EEG2 has {prefix}-01 to "
            f"{prefix}-{last:02d}. Move it elsewhere, or give it its published name."
        )
    return match[1]
