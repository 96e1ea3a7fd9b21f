"""ImageNet-EEG (Spampinato et al. 2017, Palazzo et al. 2020): one .pth file with a dict per trial.

Layout: ``{"dataset": [{"eeg": (128, T), "image": i, "label": k, "subject": 1..6}], "labels", "images"}``, as
distributed with the code of perceivelab/eeg_visual_classification, and block_splits_by_image_all.pth with the
published splits as positions in that list.
"""

import functools

import pandas as pd

from ._layout import check_whole, choose_variant, require_keys, unit_by_size
from ._rows import check_trial, picture_file, place, read_list, rows_by_subject, trials_as_content
from ._source import Source, SourceRecording
from ._torch_files import read_torch

FILES = {
    "5to95": "eeg_5_95_std.pth",
    "14to70": "eeg_14_70_std.pth",
    "55to95": "eeg_55_95_std.pth",
    "raw": "eeg_signals_raw_with_mean_std.pth",
}
SPLITS = "block_splits_by_image_all.pth"
SHOWN_SECONDS = 0.5  # Spampinato et al. 2017, section 3.1
_KEYS = ("eeg", "image", "label", "subject")


def open_source(folder, facts, variant=None):
    """Find the recordings of one variant; see :func:`eegimg.io.open_source`."""
    variant, (file,) = choose_variant(folder, FILES, variant, facts.name)
    table = require_keys(read_torch(file), ("dataset", "labels", "images"), file.name)
    rows, labels, images = (read_list(table, key, file.name) for key in ("dataset", "labels", "images"))
    subjects = rows_by_subject(rows, _KEYS, file, 1, facts.n_subjects)
    splits_file = folder / SPLITS
    there = splits_file.is_file()
    splits = _read_splits(splits_file, len(rows)) if there else {}
    unit = "n/a"
    if variant == "raw":
        some = range(0, len(rows), max(1, len(rows) // 50))
        trials = (check_trial(rows[row]["eeg"], place(file, row, "eeg"), len(facts.ch_names)) for row in some)
        unit = unit_by_size(trials)
    recordings = tuple(
        SourceRecording(
            subject=f"{subject:02d}",
            task=facts.task,
            load=functools.partial(_load, file, facts, rows, positions, labels, images, splits, unit),
        )
        for subject, positions in subjects.items()
    )
    remarks = ["Trials stand in the order of the published list, which was shuffled: it is not that of time."]
    if not there:
        remarks.append(f"{SPLITS} is not in {folder}: events have no published split.")
    if variant == "raw":
        remarks.append(f"Nobody has published the unit of the raw samples; by their size it is {unit}.")
    return Source(
        files=(file, splits_file) if there else (file,),
        recordings=recordings,
        description=None if variant == "raw" else variant,
        processing=_processing(variant),
        remarks=tuple(remarks),
    )


def _processing(variant):
    """Say in BIDS's terms what the publishers did."""
    if variant == "raw":
        return {}
    low, high = variant.split("to")
    return {
        "Band-pass": {"l_freq (Hz)": float(low), "h_freq (Hz)": float(high)},
        "z-score": {"per": "channel", "statistics": "not published with the file"},
    }


def _read_splits(file, n_rows):
    """Return column name -> {row: part}; split 0 is "split", the others "split_1" and so on."""
    splits = read_list(require_keys(read_torch(file), ("splits",), file.name), "splits", file.name)
    columns = {}
    for number, parts in enumerate(splits):
        where = f"{file.name}, splits[{number}]"
        require_keys(parts, ("train", "val", "test"), where)
        column = columns.setdefault(f"split_{number}" if number else "split", {})
        for part in ("train", "val", "test"):
            for position, row in enumerate(read_list(parts, part, where, empty=True)):
                name = f"{where}[{part!r}][{position}]"
                row = check_whole(row, name, 0, n_rows - 1)
                if row in column:
                    raise ValueError(f"{name} is row {row}, which is in {column[row]!r} too.")
                column[row] = part
    return columns


def _load(file, facts, rows, positions, labels, images, splits, unit):
    events = []
    for segment, position in enumerate(positions):
        row, where = rows[position], place(file, position)
        samples = check_trial(row["eeg"], f"{where}['eeg']", len(facts.ch_names))
        label = check_whole(row["label"], f"{where}['label']", 0, len(labels) - 1)
        image = str(images[check_whole(row["image"], f"{where}['image']", 0, len(images) - 1)])
        event = {
            "segment": segment,
            "sample": 0,
            "duration": SHOWN_SECONDS,
            "trial_type": str(labels[label]),
            "image": image.removesuffix(".JPEG"),
            "image_path": picture_file(image),
            "concept": str(labels[label]),
            "label": label,
            **{column: parts.get(position) for column, parts in splits.items()},
            "source_index": position,
            "original_length": samples.shape[1],
        }
        events.append(event)
    return trials_as_content(rows, positions, "eeg", pd.DataFrame(events), file, facts, unit)
