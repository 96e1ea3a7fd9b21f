"""The same samples, or the same picture file, under two names."""

import hashlib
import pathlib

import mne
import numpy as np

from .._checks import listing
from .._paths import is_inside
from ._folds import TEST, TRAIN
from ._leak_report import finding, worst_fold
from ._overlaps import SPOKEN, pair_name, pairs_of

# What a change of unit or float32 on disk may do to a sample, relative to the largest of its epoch.
TOLERANCE = 1e-6
_PIECE = 500  # epochs read at a time
_NEIGHBOURS = 5


def check_samples(epochs, folds):
    """Look for epochs of the same samples.

    Parameters
    ----------
    epochs : mne.BaseEpochs | None
        None where only metadata are known.
    folds : list of tuple of (str, ndarray of object, shape (n_epochs,))
        Name and parts of each fold.

    Returns
    -------
    rows : list of dict
        One per pair of parts, and one for copies within a part.
    """
    check = "same samples"
    if epochs is None:
        text = "Give the epochs instead of their metadata to compare samples."
        return [worst_fold([finding(check, "not checked", text, parts="")])]
    group, n_flat = find_duplicates(epochs)
    flat = f" {n_flat} flat epochs were left out." if n_flat else ""
    rows = []
    for pair in pairs_of(folds):
        found = [_across(check, pair, parts, group, flat) | {"fold": name} for name, parts in folds]
        rows.append(worst_fold(found))
    copies = len(group) - len(np.unique(group))
    if copies:
        text = f"{copies} epochs repeat the samples of another, in whatever part: the data hold copies."
        text += flat
        row = finding(check, "note", text, parts="all", count=copies, of=len(group))
        rows.append(worst_fold([row]))
    return rows


def _across(check, pair, parts, group, flat):
    left, right = (np.flatnonzero(parts == part) for part in pair)
    twins = right[np.isin(group[right], group[left])]
    where, numbers = pair_name(pair), {"count": len(twins), "of": len(right)}
    if not len(twins):
        return finding(check, "ok", f"No epoch is in both parts.{flat}", parts=where, **numbers)
    text = (
        f"{len(twins)} of {len(right)} {pair[1]} epochs have the very samples of a {SPOKEN[pair[0]]} epoch."
    )
    return finding(
        check,
        "leak" if pair == (TRAIN, TEST) else "caution",
        text + flat,
        parts=where,
        examples=[f"epoch {row}" for row in twins[:4].tolist()],
        remedy="Drop the copies before the split is made.",
        **numbers,
    )


def find_duplicates(epochs):
    """Find epochs whose samples are equal up to rounding.

    Exact copies have the same digest of their samples as float32. Nearly exact ones are neighbours when
    epochs are put in the order of a random projection, agree in a second one, and are then compared.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        EEG channels are compared, or all channels where there is none.

    Returns
    -------
    group : ndarray of int, shape (n_epochs,)
        The first epoch with the same samples: its own number for epochs without a copy, and for flat ones.
    n_flat : int
        Number of epochs without any change, which are equal for other reasons.
    """
    picks = mne.pick_types(epochs.info, eeg=True, exclude=[])
    picks = picks if len(picks) else np.arange(len(epochs.ch_names))
    n_epochs = len(epochs)
    group, sketch, seen, n_flat = np.arange(n_epochs), np.full((n_epochs, 3), np.nan), {}, 0
    weights = np.random.default_rng(0).standard_normal((len(picks) * len(epochs.times), 2))
    for start in range(0, n_epochs, _PIECE):
        samples = _samples(epochs, slice(start, start + _PIECE), picks)
        changing = (np.ptp(samples, axis=2) != 0).any(axis=1)
        n_flat += int((~changing).sum())
        vectors = samples.reshape(len(samples), -1)
        rows = slice(start, start + len(samples))
        with np.errstate(invalid="ignore"):
            sketch[rows, :2], sketch[rows, 2] = vectors @ weights, np.abs(vectors).max(axis=1)
        for number, vector in zip(np.flatnonzero(changing) + start, vectors[changing], strict=True):
            digest = hashlib.blake2b(vector.astype(np.float32).tobytes(), digest_size=16).digest()
            group[number] = seen.setdefault(digest, number)
        sketch[rows][~changing | (group[rows] != np.arange(start, rows.stop))] = np.nan
    _join_near(epochs, group, sketch, picks)
    return group, n_flat


def _samples(epochs, rows, picks):
    data = epochs.get_data(picks=picks, item=rows, copy=False, verbose="error")
    return np.asarray(data)


def _join_near(epochs, group, sketch, picks):
    """Join, in place, epochs that differ by rounding only."""
    known = np.flatnonzero(np.isfinite(sketch).all(axis=1))
    order = known[np.argsort(sketch[known, 0], kind="stable")]
    for lag in range(1, _NEIGHBOURS + 1):
        first, second = order[:-lag], order[lag:]
        # A projection of x - y has the spread |x - y|, which is at most the tolerance times max|x| sqrt(n).
        reach = 6 * TOLERANCE * np.maximum(sketch[first, 2], sketch[second, 2])
        reach *= np.sqrt(len(picks) * len(epochs.times))
        near = (np.abs(sketch[first, :2] - sketch[second, :2]) <= reach[:, np.newaxis]).all(axis=1)
        for one, other in zip(first[near].tolist(), second[near].tolist(), strict=True):
            pair = [_samples(epochs, [row], picks)[0] for row in (one, other)]
            if np.abs(pair[0] - pair[1]).max() <= TOLERANCE * np.abs(pair[0]).max():
                low, high = sorted((group[one], group[other]))
                group[group == high] = low


def check_pictures(metadata, folds, images):
    """Look for picture files of the same content under two names in two parts.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row per epoch.
    folds : list of tuple of (str, ndarray of object, shape (n_epochs,))
        Name and parts of each fold.
    images : path-like | None
        Folder that ``image_path`` starts from; no file outside is read.

    Returns
    -------
    rows : list of dict
        One per pair of parts.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    check = "same picture"
    if images is not None and not pathlib.Path(images).is_dir():
        raise FileNotFoundError(
            f"check_split was asked to read pictures in {images}. There is no such folder."
        )
    if images is None or "image_path" not in metadata.columns:
        text = (
            "Give the folder of the pictures in 'images', and 'image_path' in the metadata, to compare files."
        )
        return [worst_fold([finding(check, "not checked", text, parts="")])]
    paths = (
        metadata["image_path"].map(lambda path: str(path).replace("\\", "/"), na_action="ignore").to_numpy()
    )
    named = sorted({path for path in paths.tolist() if isinstance(path, str)})
    content, absent = _contents(pathlib.Path(images), named)
    if not content:
        text = f"None of {len(absent)} picture files is in {images}."
        return [worst_fold([finding(check, "not checked", text, parts="", examples=absent)])]
    rows = []
    for pair in pairs_of(folds):
        found = [
            _same_pictures(check, pair, parts, paths, content, absent) | {"fold": n} for n, parts in folds
        ]
        rows.append(worst_fold(found))
    return rows


def _same_pictures(check, pair, parts, paths, content, absent):
    left, right = (set(paths[parts == part].tolist()) for part in pair)
    first = {}
    for path in sorted(left & content.keys()):
        first.setdefault(content[path], []).append(path)
    twins = [
        f"{other} = {path}"
        for path in sorted(right & content.keys())
        for other in first.get(content[path], [])[:2]
        if other != path
    ]
    where, numbers = (
        pair_name(pair),
        {"count": len({twin.split(" = ")[1] for twin in twins}), "of": len(right)},
    )
    if not twins:
        severity, text = "ok", "No two files of the parts have the same content."
        if absent:
            severity = "not checked"
            text = f"{len(absent)} picture files are not there ({listing(absent, 2)}); the others differ."
        return finding(check, severity, text, parts=where, **numbers)
    text = (
        f"{numbers['count']} of {len(right)} {pair[1]} pictures are in {SPOKEN[pair[0]]} under another name."
    )
    return finding(
        check,
        "leak" if pair == (TRAIN, TEST) else "caution",
        text,
        parts=where,
        examples=twins,
        remedy="Give one picture one name in the column 'image', and split again.",
        **numbers,
    )


def _contents(root, paths):
    """Digest the files whose size another has too, and list those that are absent or lie outside."""
    files = {path: root / path for path in paths}
    there = {path: file for path, file in files.items() if is_inside(file, root) and file.is_file()}
    sizes = {}
    for path, file in there.items():
        sizes.setdefault(file.stat().st_size, []).append(path)
    digests = {path: path for path in there}
    for path in (path for group in sizes.values() if len(group) > 1 for path in group):
        with there[path].open("rb") as file:
            digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests, [path for path in paths if path not in there]
