"""Splits as files: a table keyed by the event that each epoch comes from, and how it was made beside it."""

import csv
import pathlib

import numpy as np
import pandas as pd

from .. import __version__
from .._checks import listing
from .._paths import whole_file
from ..bids import json_text, read_json
from ..preprocessing._step import plain
from ._folds import PARTS, as_parts
from ._keys import as_names, epoch_keys, example_of, joined, read_metadata
from ._trials import RECORDING

KEYS = (*RECORDING, "source_index")
# Written along for readers, and compared on reading: a split of other events must not pass for this one.
CONTENT = ("image", "concept", "event")
_MEANINGS = {
    "subject": "Subject, as in the metadata of the epochs.",
    "session": "Session, as in the metadata of the epochs.",
    "run": "Run, as in the metadata of the epochs.",
    "source_index": "Event of the recording, from 0: source_index of the metadata, or else their index.",
    "image": "Image shown.",
    "concept": "Concept shown.",
    "event": "Name of the event.",
}
_LEVELS = {
    "train": "Models learn from it.",
    "validation": "Models are chosen by it.",
    "test": "Looked at once, to report.",
}


def write_split(split, metadata, path, *, overwrite=False):
    """Write a split as a table keyed by source_index, and how it was made as JSON beside it.

    Parameters
    ----------
    split : pandas.Series | pandas.DataFrame | array-like, shape (n_epochs,)
        Parts as :func:`make_split` returns them, or any "train", "validation" and "test"; n/a is in no part.
    metadata : pandas.DataFrame | mne.Epochs
        The epochs that were split, in the same order. The key is subject, session and run, those of them
        that are known, and source_index. Without such a column it is the metadata's own index, in which MNE
        keeps the number of the event.
    path : path-like
        File to write, ending in ".tsv". The JSON has the same name.
    overwrite : bool
        Replace files that are there.

    Returns
    -------
    path : pathlib.Path
        The table.

    Raises
    ------
    ValueError
        If the split is not one of these epochs, has other values, or two epochs have the same key.
    RuntimeError
        If a file is there and must not be replaced.
    """
    path = _tsv_path(path, "write_split")
    metadata = read_metadata(metadata, "write_split")
    keys = epoch_keys(metadata, "write_split")
    parts = _parts(split, metadata)
    content = {name: as_names(metadata[name]) for name in CONTENT if name in metadata}
    table = pd.concat([keys, pd.DataFrame(content), parts], axis=1)
    there = [str(file) for file in (path, path.with_suffix(".json")) if file.exists()]
    if there and not overwrite:
        raise RuntimeError(
            f"{listing(there)} would be replaced. Pass overwrite=True, or choose another name."
        )
    with whole_file(path) as temporary:
        table.to_csv(
            temporary,
            sep="\t",
            index=False,
            na_rep="n/a",
            lineterminator="\n",
            quoting=csv.QUOTE_NONE,
            quotechar=None,
        )
        fields = _describe(table, parts, getattr(split, "attrs", {}))
        temporary.with_suffix(".json").write_text(json_text(fields), encoding="utf-8")
    return path


def _tsv_path(path, caller):
    path = pathlib.Path(path)
    if path.suffix != ".tsv":
        raise ValueError(f"The 'path' parameter of {caller} must end in '.tsv'. Got {str(path)!r} instead.")
    return path


def _parts(split, metadata):
    """Return a split as a table of parts with a plain index, a column for each fold."""
    indexed = isinstance(split, (pd.Series, pd.DataFrame))
    table = split if isinstance(split, pd.DataFrame) else pd.DataFrame({_name_of(split): np.asarray(split)})
    if len(table) != len(metadata) or (indexed and not split.index.equals(metadata.index)):
        raise ValueError(
            f"write_split needs the split and the metadata of the same epochs in the same order. Got "
            f"{len(table)} and {len(metadata)} rows. Make the split from these metadata."
        )
    table = pd.DataFrame({str(name): as_parts(table[name]) for name in table})
    taken = [name for name in table if name in (*KEYS, *CONTENT)]
    strange = sorted({str(value) for name in table for value in set(table[name].dropna()) - set(PARTS)})
    if taken or strange or table.shape[1] == 0:
        what = f"a part called {listing(strange)}" if strange else f"a fold called {listing(taken)}"
        raise ValueError(
            f"write_split needs folds of 'train', 'validation' and 'test' whose names are no key. Got {what}."
        )
    return table


def _name_of(split):
    name = getattr(split, "name", None)
    return "split" if name is None else name


def _describe(table, parts, made):
    """Return the sidecar's fields: what each column means, then how the split was made and how it fell."""
    fields = {
        name: {"Description": _MEANINGS.get(name, "Part of the epoch.")}
        | ({"Levels": _LEVELS} if name in parts else {})
        for name in table
    }
    counts = {name: parts[name].fillna("n/a").value_counts().sort_index().to_dict() for name in parts}
    how = {"eegimg": __version__, "MadeBy": plain(made) or "not recorded", "EpochsPerPart": plain(counts)}
    return fields | {"SplitProvenance": how}


def read_split(path, metadata):
    """Read a split and give each epoch its part by its key, whatever the order and whichever were dropped.

    Parameters
    ----------
    path : path-like
        A table that :func:`write_split` wrote.
    metadata : pandas.DataFrame | mne.Epochs
        One row per epoch: those that were split, or some of them.

    Returns
    -------
    split : pandas.Series | pandas.DataFrame
        "train", "validation" or "test" per epoch, None where an epoch is in no part, with the index of the
        metadata: a Series for one split, a table for folds. ``split.attrs`` says how it was made.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the table is no split, two of its rows have the same key, it lacks an epoch, or an epoch has
        another image, concept or event there.
    """
    path = _tsv_path(path, "read_split")
    metadata = read_metadata(metadata, "read_split")
    keys = epoch_keys(metadata, "read_split")
    table, folds = _read_table(path)
    theirs = [name for name in KEYS if name in table]
    unknown = [name for name in keys if name not in theirs]
    if unknown:
        raise ValueError(
            f"{path} tells epochs apart by {listing(theirs)} only; the metadata have {listing(unknown)} too. "
            "Make the split from metadata with these columns."
        )
    keys = keys.reindex(columns=theirs).astype(object)
    known = pd.Index(joined(table[name] for name in theirs))
    if known.has_duplicates:
        twice = known[known.duplicated()][0].replace("\t", ", ")
        raise ValueError(f"{path} has two rows for {listing(theirs)} = {twice}. Write it again.")
    rows = known.get_indexer(joined(keys[name] for name in keys))
    _check_found(path, keys, rows)
    found = table.iloc[rows].set_axis(metadata.index)
    _check_content(path, found, metadata)
    split = found[folds] if len(folds) > 1 else found[folds[0]]
    split = split.astype(object).where(split.notna(), None)
    made = read_json(path.with_suffix(".json")).get("SplitProvenance", {}).get("MadeBy")
    split.attrs = made if isinstance(made, dict) else {}
    return split


def _read_table(path):
    """Return a table of names, and which of its columns hold parts."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no split {path}. Make one with make_split and write_split.")
    text = pd.read_csv(
        path, sep="\t", dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE, encoding="utf-8-sig"
    )
    table = text.apply(as_names)
    folds = [name for name in table if name not in (*KEYS, *CONTENT)]
    strange = sorted({str(value) for name in folds for value in set(table[name].dropna()) - set(PARTS)})
    if "source_index" not in table or not folds or strange or len(table) == 0:
        raise ValueError(
            f"{path} is not a split: it needs a column source_index and others of 'train', 'validation' and "
            f"'test'. It has the columns {listing(table, 20)}{f' and {listing(strange)}' * bool(strange)}."
        )
    return table, folds


def _check_found(path, keys, rows):
    missing = keys[rows < 0]
    if len(missing):
        raise ValueError(
            f"{path} lacks {len(missing)} of {len(keys)} epochs, for example {example_of(missing)}. It was "
            "made for other epochs: make a split for these."
        )


def _check_content(path, found, metadata):
    """Raise ValueError if the epochs of the table were others than these."""
    for name in CONTENT:
        if name not in found or name not in metadata:
            continue
        here, there = as_names(metadata[name]).to_numpy(), found[name].to_numpy()
        other = np.flatnonzero(pd.Series(here).fillna("n/a") != pd.Series(there).fillna("n/a"))
        if len(other):
            raise ValueError(
                f"{path} was made for other events: {len(other)} of {len(here)} epochs have another {name}, "
                f"for example {here[other[0]]!r} here and {there[other[0]]!r} there. Make a split for these."
            )
