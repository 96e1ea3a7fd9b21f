"""What readers of published layouts share: which file, which keys, which unit, in one sentence each."""

import numpy as np

from .._checks import listing, suggest

# Standard deviation in microvolts of a channel of raw scalp EEG, slow drifts and poor contacts included.
PLAUSIBLE_UV = (1.0, 1000.0)


def check_folder(folder, dataset):
    """Return a folder that exists, or raise FileNotFoundError."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"The published files of {dataset} were looked for in {folder}; there is no such folder. "
            f'Fetch them with eegimg.fetch_dataset("{dataset}"), or give the folder that holds them.'
        )
    return folder


def choose_variant(folder, files, variant, dataset):
    """Choose among several published versions of the same recordings.

    Parameters
    ----------
    folder : pathlib.Path
        Where the published files are.
    files : dict
        Name of a version to the pattern (for ``Path.glob``) of its files, relative to the folder.
    variant : str | None
        The version asked for; None takes the only one that is there.
    dataset : str
        For the sentence.

    Returns
    -------
    variant : str
        The version.
    paths : list of pathlib.Path
        Its files, sorted.

    Raises
    ------
    FileNotFoundError
        If no file of the version, or of any, is there.
    ValueError
        If there is no such version, or several are there and none was asked for.
    """
    check_folder(folder, dataset)
    if variant is not None and variant not in files:
        raise ValueError(
            f"The variant {variant!r} of {dataset} was asked for; there are {listing(files, 20)}."
            f"{suggest(variant, files)}"
        )
    there = {name: sorted(folder.glob(pattern)) for name, pattern in files.items()}
    found = [name for name in files if there[name] and variant in (None, name)]
    if not found:
        wanted = [files[variant]] if variant else files.values()
        raise FileNotFoundError(
            f"{folder} holds no file of {dataset}. Looked for {listing(wanted, 20)}. Give the folder that "
            "holds the published files."
        )
    if len(found) > 1:
        raise ValueError(
            f"{folder} holds several variants of {dataset}: {listing(found, 20)}. Name one with "
            "'variant'; each becomes a BIDS dataset of its own."
        )
    return found[0], there[found[0]]


def require_keys(table, keys, where):
    """Return a dict that has some keys, or raise ValueError naming the place and what it has."""
    if not isinstance(table, dict):
        raise ValueError(
            f"{where} must be a table with the keys {listing(keys, 20)}. It is {type(table).__name__}."
        )
    missing = [key for key in keys if key not in table]
    if missing:
        raise ValueError(
            f"{where} lacks the {'key' if len(missing) == 1 else 'keys'} {listing(missing)}; it has "
            f"{listing(table, 20)}. It is not the published file, or another version of it."
        )
    return table


def as_array(values, where):
    """Return what a file holds as an array, or raise ValueError naming the place where that cannot be."""
    try:
        return np.asarray(values)
    except ValueError as err:
        raise ValueError(f"{where} must be an array. Its parts have different lengths.") from err


def check_whole(value, where, low, high):
    """Return a whole number that lies between two bounds as int, or raise ValueError naming the place."""
    number = np.asarray(value)
    numeric = number.size == 1 and np.issubdtype(number.dtype, np.number)
    if not numeric or number.item() != number.item() // 1:
        raise ValueError(f"{where} must be a whole number from {low} to {high}. It is {value!r}.")
    if not low <= int(number.item()) <= high:
        raise ValueError(f"{where} must lie between {low} and {high}. It is {int(number.item())}.")
    return int(number.item())


def unit_by_size(samples):
    """Tell microvolts from volts, where nobody has published the unit, by how large scalp EEG is.

    Parameters
    ----------
    samples : iterable of ndarray, shape (n_channels, n_times)
        Some stretches of raw EEG.

    Returns
    -------
    unit : 'uV' | 'V' | 'n/a'
        uV or V where the median channel's standard deviation lies between 1 and 1000 microvolts in that unit,
        n/a where neither does. Stretches with samples that are no numbers do not count.
    """
    spreads = [np.median(np.std(stretch, axis=-1)) for stretch in samples if np.isfinite(stretch).all()]
    spread = float(np.median(spreads)) if spreads else 0.0
    low, high = PLAUSIBLE_UV
    return "uV" if low <= spread <= high else "V" if low <= spread * 1e6 <= high else "n/a"
