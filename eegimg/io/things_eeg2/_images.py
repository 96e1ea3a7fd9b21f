"""What was shown: image_metadata.npy, and the events that point into it."""

import pathlib
import re

import numpy as np
import pandas as pd

from .._layout import require_keys
from .._pickles import read_npy

FILE = "image_metadata.npy"
FOLDERS = {"train": "training_images", "test": "test_images"}
SHOWN_SECONDS = 0.1  # Gifford et al. 2022, doi:10.1016/j.neuroimage.2022.119754; one picture every 0.2 s


def read_images(root, dataset):
    """Read the two lists of pictures.

    Parameters
    ----------
    root : pathlib.Path
        The folder that holds those of the subjects. The file is looked for there, in the three folders above
        it, and in ``image_set`` of each, as the authors' project has it.
    dataset : str
        For the sentence.

    Returns
    -------
    file : pathlib.Path
        What was read.
    images : dict of str to pandas.DataFrame
        "train" and "test" to one row per picture, in the order that codes count: ``image_path``, ``image``
        (file without extension), ``concept`` (THINGS's uniqueID) and ``label`` (of the concept in its list,
        from 0).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it lacks a list, or lists are of different lengths.
    """
    bases = [root.resolve(), *root.resolve().parents[:3]]
    places = [base / inner / FILE for base in bases for inner in ("", "image_set")]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise FileNotFoundError(
            f"{dataset} needs {FILE}, the list of pictures that events point into; neither {root} nor a "
            "folder above it, nor 'image_set' in one of them, has it. It comes with the pictures, OSF y63gw. "
            f"Put it into {root}."
        )
    table = read_npy(file)
    return file, {split: _read_list(table, split) for split in FOLDERS}


def _read_list(table, split):
    keys = f"{split}_img_files", f"{split}_img_concepts"
    require_keys(table, keys, FILE)
    files, folders = (np.ravel(table[key]).astype(str).tolist() for key in keys)
    if len(files) != len(folders) or not files:
        raise ValueError(
            f"{FILE}: {keys[0]!r} has {len(files)} entries and {keys[1]!r} {len(folders)}. They must have as "
            "many, one per picture: take the file as published."
        )
    return pd.DataFrame(
        {
            "image_path": [
                f"{FOLDERS[split]}/{folder}/{file}" for folder, file in zip(folders, files, strict=True)
            ],
            "image": [pathlib.PurePosixPath(file).stem for file in files],
            # Folders are numbered within each list: "00001_aardvark", "00001_aircraft_carrier".
            "concept": [re.sub(r"^\d+_", "", folder) for folder in folders],
            "label": pd.factorize(np.array(folders))[0],
        }
    )


def make_events(images, split, pictures, **columns):
    """Make one row per event from positions in a list of pictures and what else is known of each event."""
    shown = images[split].iloc[pictures].reset_index(drop=True)
    events = pd.DataFrame(columns | {"split": split, "duration": SHOWN_SECONDS}, index=shown.index)
    events = events.join(shown).assign(trial_type=shown["concept"])
    order = "segment sample duration trial_type image image_path concept label repetition split source_index"
    return events[order.split()]
