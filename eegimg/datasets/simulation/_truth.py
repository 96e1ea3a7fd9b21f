"""What was planted in a simulated recording, kept beside it: numbers in .npz, the rest in .json."""

import json
from pathlib import Path

import numpy as np


def write_truth(truth, path):
    """Write the truth of one recording.

    Parameters
    ----------
    truth : dict
        As returned by ``make_recording``.
    path : path-like
        Name of the JSON file; the arrays go into a file of the same name that ends in ``.npz``.

    Returns
    -------
    paths : tuple of two pathlib.Path
        The JSON and the npz file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: value for name, value in truth.items() if isinstance(value, np.ndarray)}
    rest = {name: value for name, value in truth.items() if name not in arrays}
    path.write_text(json.dumps(rest, indent=2) + "\n", encoding="utf-8")
    np.savez(path.with_suffix(".npz"), **arrays)
    return path, path.with_suffix(".npz")


def read_truth(path):
    """Read the truth of one recording back.

    Parameters
    ----------
    path : path-like
        The JSON file, ``<root>/sourcedata/eegimg/sub-<label>_truth.json``.

    Returns
    -------
    truth : dict
        As returned by ``make_recording``.

    Raises
    ------
    FileNotFoundError
        If the JSON file or the npz file beside it is missing.
    """
    path = Path(path)
    for needed in (path, path.with_suffix(".npz")):
        if not needed.is_file():
            raise FileNotFoundError(
                f"The truth of a simulated recording is a .json file and a .npz file of the same name. "
                f"{needed} is missing; simulate the dataset again with eegimg.make_dataset."
            )
    truth = json.loads(path.read_text(encoding="utf-8"))
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as arrays:
        truth.update({name: arrays[name] for name in arrays.files})
    return truth
