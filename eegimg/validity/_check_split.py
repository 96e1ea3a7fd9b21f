"""Look for what makes a decoding number too good: test data that reached training."""

import mne
import numpy as np
import pandas as pd

from .._checks import check_option, check_type, listing, suggest
from ._duplicates import check_pictures, check_samples
from ._folds import PARTS, TEST, TRAIN, VALIDATION, as_parts, make_folds
from ._in_time import check_time
from ._leak_report import LeakReport, finding, worst_fold
from ._learned_from import check_learning, read_sidecars
from ._overlaps import CLAIMS, check_overlaps, group_codes
from ._training_logs import check_selection

_CALLER = "check_split"


def check_split(
    data,
    split="split",
    *,
    label="concept",
    claim=None,
    sidecars=None,
    training_log=None,
    selected_on=None,
    images=None,
):
    """Look for overlap between the parts of a split, and for other ways in which test data reach training.

    Nothing is changed. What could not be looked at is "not checked" in the report, which says what to give.

    Parameters
    ----------
    data : pandas.DataFrame | mne.BaseEpochs
        Metadata, one row per epoch; or epochs with metadata, whose samples and times are looked at too.
        Columns that are looked at: image, exemplar (or image_path), the label, repetition, block, run,
        session, subject, transductive, order and, without epochs, onset (seconds). Blocks, runs and sessions
        are those of one person: block 3 of another is another block. Recordings are told apart by subject,
        session and run.
    split : str | array-like | pandas.DataFrame | cross-validator | list of tuple
        A column, or one value per epoch: "train", "validation" and "test", or the fold in which an epoch is
        tested. A DataFrame has one column of parts per fold, as :func:`make_split` returns it. Also a
        cross-validator, or (train, test) pairs of indices. With several folds the report tells the worst.
    label : str
        Metadata column of what is decoded. Epochs without a column "concept" take the names of their events.
    claim : str | list of str | None
        What the number is to be about: "new images", "zero-shot" (new concepts), "new subjects", "new
        sessions", "new runs" or "new blocks". What a claim excludes is a leak when both parts have it, for
        None shared images. Whatever the claim, a block, run, session or subject in both parts that predicts
        the label is a leak [1]_, as is a shared block where labels are unknown.
    sidecars : path-like | dict | list of path-like or dict | None
        Sidecars of eegimg derivatives, or folders of them: which steps learned from which epochs.
    training_log : path-like | pandas.DataFrame | dict | list of dict | None
        Log of the training (.json, .jsonl, .csv or .tsv), of which nothing is run. See the notes.
    selected_on : str | None
        The part or metric by which the model was chosen, such as "val_loss", where the log does not say it.
    images : path-like | None
        Folder that ``image_path`` starts from, to find one picture under two names.

    Returns
    -------
    report : LeakReport
        ``report.table``, ``report.leaks``, ``report.raise_if_leaking()``.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not what it must be, a column is missing, or a file cannot be read.
    FileNotFoundError
        If a file or folder is not there.

    Notes
    -----
    The checks that look for labels going with a place or with time let the training epochs of the same block
    (or the nearest one in time) vote for their label. The votes for the right label must exceed chance by
    0.1 (kappa), beyond 99 % of test labels in random order, or by 0.5.

    Two epochs have the same samples if they differ nowhere by more than 1e-6 of the largest.

    A training log as eegimg writes it says what the model was chosen by and holds one entry per epoch, with
    metrics named after their part::

        {"selection": {"part": "validation", "metric": "validation_loss", "epoch": 12},
         "epochs": [{"epoch": 1, "train_loss": 1.9, "validation_loss": 2.1}, ...]}

    Also read: a list of dicts (the history of skorch and braindecode, whose ``<metric>_best`` flags mark each
    new best), ``trainer_state.json`` of transformers, a dict of lists (Keras), and tables (Lightning's
    ``metrics.csv``). ``monitor``, ``metric_for_best_model`` or ``selected_on`` in a dict, and ``best_epoch``,
    name the choice. A metric called validation is taken at its word: code that hands the test part over as
    validation part cannot be told by its log.

    References
    ----------
    .. [1] Li, R. et al. (2021). The perils and pitfalls of block design for EEG classification experiments.
       IEEE Transactions on Pattern Analysis and Machine Intelligence 43(1), 316-333.
       https://doi.org/10.1109/TPAMI.2020.2973153

    Examples
    --------
    >>> import pandas as pd
    >>> from eegimg.validity import check_split
    >>> metadata = pd.DataFrame({"image": ["cat1", "dog1", "cat1"], "split": ["train", "train", "test"]})
    >>> check_split(metadata).leaks
    ['image: 1 of 1 test images are in training too: the number is not about new images.']
    """
    check_type("data", data, (pd.DataFrame, mne.BaseEpochs), _CALLER, "a metadata DataFrame or mne Epochs")
    epochs = data if isinstance(data, mne.BaseEpochs) else None
    metadata = data if epochs is None else epochs.metadata
    if metadata is None:
        metadata = pd.DataFrame(index=range(len(data)))
    metadata = metadata.reset_index(drop=True)
    claim = _claims(claim)
    labels = _labels(metadata, epochs, label)
    folds, description = _folds(split, metadata, labels)
    read = read_sidecars(sidecars)
    rows = [
        *check_overlaps(metadata, folds, labels, claim, label=label),
        *check_samples(epochs, folds),
        *check_pictures(metadata, folds, images),
        *check_time(data, metadata, folds, labels),
        *check_learning(metadata, folds, read, split if isinstance(split, str) else None),
        *check_selection(training_log, selected_on),
        *_left_out(folds),
    ]
    counts = {
        name: {part: int((parts == part).sum()) for part in PARTS if (parts == part).any()}
        for name, parts in folds
    }
    return LeakReport(rows=rows, split=description, claim=claim, parts=counts)


def _claims(claim):
    claims = [] if claim is None else [claim] if isinstance(claim, str) else list(claim)
    for name in claims:
        check_option("claim", name, tuple(CLAIMS), _CALLER)
    return claims


def _labels(metadata, epochs, label):
    """Return the label of each epoch as a number, -1 where unknown; None where there are no labels."""
    if label in metadata.columns:
        codes, _ = group_codes(metadata, (), label)
        return codes if (codes >= 0).any() else None
    if label != "concept":
        has = [str(name) for name in metadata.columns]
        raise ValueError(
            f"check_split was asked for the labels {label!r}; the metadata have {listing(has, 20)}."
            f"{suggest(label, has)}"
        )
    return None if epochs is None else np.unique(epochs.events[:, 2], return_inverse=True)[1]


def _folds(split, metadata, labels):
    """Return name and parts of each fold, and the split in words."""
    labels = np.zeros(len(metadata), int) if labels is None else labels
    pairs, description = make_folds(split, metadata, labels, caller=_CALLER)
    given = metadata[split] if isinstance(split, str) else split
    columns, names = [], []
    if isinstance(given, pd.DataFrame):
        columns, names = [as_parts(given[name]) for name in given], [str(name) for name in given]
    elif isinstance(given, (pd.Series, np.ndarray)) or (
        isinstance(given, list) and isinstance(given[0], str)
    ):
        columns = [as_parts(given)]
    # Each column is one fold, unless it tells folds by number.
    columns = columns if len(columns) == len(pairs) else [None] * len(pairs)
    names = names if len(names) == len(pairs) else [f"fold {number}" for number in range(1, len(pairs) + 1)]
    folds = []
    for name, (train, test), column in zip(names, pairs, columns, strict=True):
        parts = np.full(len(metadata), None, dtype=object)
        parts[train], parts[test] = TRAIN, TEST
        if column is not None:
            parts[(column == VALIDATION).to_numpy()] = VALIDATION
        folds.append((name, parts))
    return folds, description


def _left_out(folds):
    outside = min((sum(part is None for part in parts), name) for name, parts in folds)[0]
    if not outside:
        return []
    text = f"{outside} epochs are in no part and were not looked at."
    return [worst_fold([finding("no part", "note", text, parts="", count=outside, of=len(folds[0][1]))])]
