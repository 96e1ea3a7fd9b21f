"""EEG-ImageNet (Zhu et al. 2024): two .pth files with a dict per trial, subjects 0 to 7 and 8 to 15.

Layout: ``{"dataset": [{"eeg_data": (62, ~500), "granularity", "subject": 0..15, "label": wnid, "image":
"wnid_N.JPEG"}], "labels", "images"}``, as distributed with the code of Promise-Z5Q2SQ/EEG-ImageNet-Dataset.
"""

import functools

import pandas as pd

from ._layout import choose_variant, require_keys, unit_by_size
from ._rows import check_trial, picture_file, place, read_list, rows_by_subject, trials_as_content
from ._source import Source, SourceRecording
from ._torch_files import read_torch

FILES = {"published": "EEG-ImageNet_*.pth"}
SHOWN_SECONDS = 0.5
IMAGES_PER_CLASS, TRAINING_IMAGES = 50, 30
FINE_GROUP = 8
_KEYS = ("eeg_data", "granularity", "subject", "label", "image")


def open_source(folder, facts, variant=None):
    """Find the recordings; see :func:`eegimg.io.open_source`."""
    _, files = choose_variant(folder, FILES, variant, facts.name)
    recordings, samples, owner, remarks = [], [], {}, []
    for file in files:
        table = require_keys(read_torch(file), ("dataset", "labels", "images"), file.name)
        rows, labels, images = (read_list(table, key, file.name) for key in ("dataset", "labels", "images"))
        for subject, positions in rows_by_subject(rows, _KEYS, file, 0, facts.n_subjects).items():
            if subject in owner:
                raise ValueError(
                    f"Subject {subject} has rows in {owner[subject].name} and in {file.name}. Keep one file."
                )
            owner[subject] = file
            if len(positions) % IMAGES_PER_CLASS:
                remarks.append(
                    f"Subject {subject} has {len(positions)} trials, no multiple of {IMAGES_PER_CLASS}: the "
                    "published split, which counts rows, cuts through its classes."
                )
            samples += [
                check_trial(
                    rows[position]["eeg_data"], place(file, position, "eeg_data"), len(facts.ch_names)
                )
                for position in positions[:5]
            ]
            load = functools.partial(_load, file, facts, rows, positions, labels, set(map(str, images)))
            recordings.append((subject, load))
    unit = unit_by_size(samples)
    remarks.append(f"Nobody has published the unit of the samples; by their size it is {unit}.")
    return Source(
        files=tuple(files),
        recordings=tuple(
            SourceRecording(subject=f"{subject:02d}", task=facts.task, load=functools.partial(load, unit))
            for subject, load in sorted(recordings, key=lambda recording: recording[0])
        ),
        remarks=tuple(remarks),
    )


def _load(file, facts, rows, positions, labels, images, unit):
    labels = [str(label) for label in labels]
    events = []
    for segment, position in enumerate(positions):
        row, where = rows[position], place(file, position)
        trial = check_trial(row["eeg_data"], f"{where}['eeg_data']", len(facts.ch_names))
        if row["granularity"] not in ("coarse", "fine"):
            raise ValueError(
                f"{where}['granularity'] must be 'coarse' or 'fine'. It is {row['granularity']!r}."
            )
        concept, picture = str(row["label"]), str(row["image"])
        if concept not in labels:
            raise ValueError(f"{where}['label'] is {concept!r}, which is none of the {len(labels)} 'labels'.")
        if picture not in images:
            raise ValueError(f"{where}['image'] is {picture!r}, which is none of the {len(images)} 'images'.")
        label, fine = labels.index(concept), row["granularity"] == "fine"
        events.append(
            {
                "segment": segment,
                "sample": 0,
                "duration": SHOWN_SECONDS,
                "trial_type": concept,
                "image": picture.removesuffix(".JPEG"),
                "image_path": picture_file(picture),
                "concept": concept,
                "label": label,
                # The authors' loader keeps one subject's rows and then counts them.
                "split": "train" if segment % IMAGES_PER_CLASS < TRAINING_IMAGES else "test",
                "granularity": row["granularity"],
                "fine_group": label // FINE_GROUP if fine else None,
                "source_index": position,
                "source_file": file.name,
                "original_length": trial.shape[1],
            }
        )
    return trials_as_content(
        rows, positions, "eeg_data", pd.DataFrame(events).astype({"fine_group": "Int64"}), file, facts, unit
    )
