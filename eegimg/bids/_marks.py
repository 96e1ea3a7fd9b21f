"""The mark that travels with data from which a step learned what it must not see."""

import mne
import pandas as pd

COLUMN = "transductive"


def column_values(inst, column):
    """Return what stands in a column for each epoch, or for each annotation of a recording.

    Parameters
    ----------
    inst : mne.io.BaseRaw | mne.BaseEpochs
        Epochs with metadata, or a recording whose annotations carry the columns of events.tsv.
    column : str
        Its name.

    Returns
    -------
    values : list of str
        In order, "" where nothing is known.
    """
    if isinstance(inst, mne.BaseEpochs):
        metadata = inst.metadata
        known = metadata is not None and column in metadata.columns
        values = metadata[column].tolist() if known else [None] * len(inst)
    else:
        values = [(extra or {}).get(column) for extra in inst.annotations.extras]
    return ["" if pd.isna(value) or value == "n/a" else str(value) for value in values]


def marked_steps(inst):
    """Name the steps that learned outside the training part, as the column "transductive" has them."""
    marks = dict.fromkeys(column_values(inst, COLUMN))
    return list(dict.fromkeys(step for mark in marks for step in mark.split(",") if step))


def mark_steps(inst, steps):
    """Add names of steps to the column "transductive" of every epoch or annotation, in place."""
    marks = [
        ",".join(dict.fromkeys([*filter(None, mark.split(",")), *steps]))
        for mark in column_values(inst, COLUMN)
    ]
    if isinstance(inst, mne.BaseEpochs):
        table = pd.DataFrame(index=range(len(inst))) if inst.metadata is None else inst.metadata
        with mne.utils.use_log_level("error"):
            inst.metadata = table.assign(**{COLUMN: marks})
        return
    for extra, mark in zip(inst.annotations.extras, marks, strict=True):
        extra[COLUMN] = mark
