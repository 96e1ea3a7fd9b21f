"""Which trials a step may learn from, and which it learned from although they are not for training."""

import mne

from .._checks import listing
from ..events import stimulus_annotations


def training_part(epochs, split, caller):
    """Return the epochs that a split marks as 'train'; any other value, or none, is not for training."""
    metadata = getattr(epochs, "metadata", None)
    if metadata is None or split not in metadata.columns:
        has = listing([] if metadata is None else metadata.columns, 20)
        raise ValueError(
            f"{caller} should learn from the training part of {split!r}; the metadata have {has}. Put it "
            "after MakeEpochs, and name a column of events.tsv whose value 'train' marks training trials."
        )
    chosen = (metadata[split].astype(str) == "train").to_numpy()
    if not chosen.any():
        raise ValueError(
            f"The metadata column {split!r} marks no epoch as 'train'. It has "
            f"{listing(sorted(metadata[split].astype(str).unique()))}. Name another column."
        )
    return epochs[chosen]


def outside_training(inst, columns):
    """Say how many trials one of some split columns leaves outside its training part, or nothing.

    A column that is not there, or says nothing of any trial, is no split.
    """
    from ..bids._marks import column_values

    for column in dict.fromkeys(columns):
        values = column_values(inst, column)
        if isinstance(inst, mne.io.BaseRaw):
            events = set(stimulus_annotations(inst))
            names = inst.annotations.description
            values = [value for value, name in zip(values, names, strict=True) if name in events]
        outside = sum(value != "train" for value in values)
        if outside and any(values):
            return f"{outside} of {len(values)} trials outside the training part of {column!r} included"
    return ""
