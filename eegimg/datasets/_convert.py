"""From published files to BIDS: one subject at a time, whole or not at all."""

import logging
import os
import pathlib
import tempfile

import mne_bids
import pandas as pd

from .. import __version__, bids, io
from .._checks import check_type, listing, suggest
from .._paths import check_writable, data_root, disk_is_full, is_inside
from ._checked import checked_events, checked_segments
from ._conversion import (
    alone,
    check_target,
    converted_root,
    place_subject,
    start_record,
    workplace,
    write_record,
)
from ._descriptor import read_descriptor
from ._progress import counter

logger = logging.getLogger("eegimg.datasets")


def convert_dataset(name, source=None, bids_root=None, subjects=None, *, variant=None, progress=True):
    """Convert published files of a dataset to BIDS.

    Parameters
    ----------
    name : str
        One of :func:`list_datasets`.
    source : path-like | None
        Folder with the published files. None takes the folder of that name in the data folder (EEGIMG_DATA),
        where :func:`fetch_dataset` puts them.
    bids_root : path-like | None
        Folder to write: new, empty, or one that an earlier call with the same files has begun. None takes
        ``bids`` in the dataset's folder in the data folder, where :func:`load_dataset` looks.
    subjects : str | int | list of str or int | None
        Which subjects; "01", "1", 1 and "sub-01" are the same. None takes all.
    variant : str | None
        Which of several published versions ("5to95", "raw"); see ``eegimg info NAME``. None takes the only
        one that is there.
    progress : bool
        Whether to show a bar where standard error is a terminal.

    Returns
    -------
    bids_root : pathlib.Path
        A raw BIDS dataset, or a derivative one (``desc-5to95_eeg.vhdr``) where the publishers have filtered
        or scaled the samples. Trials that are no neighbours in time are one discontinuous recording with
        "BAD boundary" and "EDGE boundary" at the joins, which no filter and no epoch crosses.

    Raises
    ------
    FileNotFoundError
        If a folder or file is missing.
    ValueError
        If the files do not have the published layout, or ``bids_root`` holds something else.
    RuntimeError
        If a subject could not be converted; the others are, and the sentence names file, row and key. If a
        file is damaged or asks for code to be run, the disk is full, or another process converts into the
        same folder.

    Notes
    -----
    Samples are stored as 32-bit floats: voltages in microvolts, others as published. A subject appears in
    ``bids_root`` only when it is whole. A conversion that was cut off goes on when called again, and what it
    has made is not loaded before it is finished. Events are called "image/<concept>", so that
    ``epochs["cat"]`` selects a concept.
    """
    facts = read_descriptor(name)
    check_type("variant", variant, (str, type(None)), "convert_dataset", "the name of a variant or None")
    if facts.layout not in io.LAYOUTS:
        how = "make_dataset" if facts.layout == "simulated" else "fetch_dataset"
        raise ValueError(
            f"{name} needs no conversion: it is BIDS as it comes. Use eegimg.{how} and eegimg.load_dataset."
        )
    source = _folder("source", source, data_root() / name)
    bids_root = _folder("bids_root", bids_root, converted_root(name))
    found = io.open_source(facts.layout, source, facts, variant)
    if is_inside(source, bids_root):
        raise ValueError(
            f"The BIDS folder {bids_root} of convert_dataset holds the published files. Choose another."
        )
    chosen = _choose(found.recordings, subjects, name)
    check_target(bids_root, facts, found)
    check_writable(bids_root)
    for remark in found.remarks:
        logger.warning("%s: %s", name, remark)
    with alone(bids_root), counter(f"Converting {name}", len(chosen), progress) as advance:
        record = check_target(bids_root, facts, found)
        start_record(bids_root, record, list(chosen))
        _describe_dataset(bids_root, facts, found)
        failed = _convert_subjects(bids_root, chosen, facts, found, record, advance)
    if failed:
        reasons = " ".join(f"sub-{label}: {reason}" for label, reason in failed.items())
        raise RuntimeError(
            f"{len(failed)} of {len(chosen)} subjects of {name} could not be converted. {reasons}"
        )
    return bids_root


def _folder(name, value, default):
    """Return a folder that the user named, the home folder written out, or the default."""
    check_type(name, value, (str, os.PathLike, type(None)), "convert_dataset", "a folder or None")
    return pathlib.Path(default if value is None else value).expanduser().absolute()


def _choose(recordings, subjects, name):
    """Return label -> recordings of the subjects asked for."""
    by_label = {}
    for recording in recordings:
        by_label.setdefault(recording.subject, []).append(recording)
    if subjects is None:
        return by_label
    chosen = {}
    for asked in bids.as_labels(subjects, "subjects", "convert_dataset"):
        label = bids.find_label(asked, by_label, "subject")
        if label is None:
            raise ValueError(
                f"Subject {asked!r} of {name} was asked for; the published files have "
                f"{listing(by_label, 20)}.{suggest(asked, by_label)}"
            )
        chosen[label] = by_label[label]
    return chosen


def _convert_subjects(bids_root, chosen, facts, found, record, advance):
    """Convert those that are not on record, and return label -> sentence of those that could not be."""
    failed = {}
    for label, recordings in chosen.items():
        if label not in record["Subjects"]:
            try:
                written = _convert_subject(bids_root, label, recordings, facts, found, record)
            except (ValueError, RuntimeError, MemoryError, OSError) as err:
                if disk_is_full(err):
                    raise RuntimeError(
                        f"The disk of {bids_root} is full. Make room and convert again: finished subjects "
                        "are kept."
                    ) from err
                # Isolation: one subject must not stop the others; the sentence is told at the end.
                failed[label] = str(err) or "There is not enough memory."
            else:
                record["Subjects"][label] = written
                _write_participants(bids_root, record)
                write_record(bids_root, record)
        advance(f"sub-{label}")
    return failed


def _convert_subject(bids_root, label, recordings, facts, found, record):
    """Write a subject aside, move it into place, and return what was written."""
    written = {"Recordings": len(recordings), "Events": 0, "Bytes": 0}
    workplace(bids_root).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workplace(bids_root)) as folder:
        folder = pathlib.Path(folder)
        for recording in recordings:
            n_bytes, n_events = _convert_recording(folder, recording, facts, found)
            written["Events"] += n_events
            written["Bytes"] += n_bytes
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        written["Files"] = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
        place_subject(bids_root, folder, label, record)
    return written


def _convert_recording(folder, recording, facts, found):
    """Write a recording and forget it: no two are in memory. Return its size in bytes and events."""
    content = recording.load()
    path = mne_bids.BIDSPath(
        subject=recording.subject,
        session=recording.session,
        task=recording.task,
        description=found.description,
        datatype="eeg",
        suffix="eeg",
        extension=".vhdr",
        root=folder,
    )
    n_bytes = bids.write_recording(
        path,
        checked_segments(content),
        checked_events(content),
        ch_names=content.ch_names,
        sfreq=content.sfreq,
        unit=content.unit,
        sidecar=_sidecar(facts, found, recording),
        montage=facts.montage,
        space=found.description is None,
    )
    return n_bytes, len(content.events)


def _sidecar(facts, found, recording):
    return {
        "TaskName": recording.task,
        "TaskDescription": facts.title,
        "EEGReference": facts.reference,
        "PowerLineFrequency": facts.line_freq or "n/a",
        "SoftwareFilters": found.processing or "n/a",
        "EEGPlacementScheme": f"positions of the template {facts.montage}" if facts.montage else "n/a",
    }


def _describe_dataset(bids_root, facts, found):
    """Write dataset_description.json and README."""
    fields = {
        "Name": facts.title,
        "BIDSVersion": bids.BIDS_VERSION,
        "DatasetType": "derivative" if found.description else "raw",
        "License": facts.licence,
        "ReferencesAndLinks": [text for text in (facts.doi, facts.url) if text not in ("", "none")],
        "GeneratedBy": [
            {
                "Name": "eegimg",
                "Version": __version__,
                "Description": f"eegimg.convert_dataset({facts.name!r}) of the published files",
            }
        ],
    }
    if found.description:
        fields["SourceDatasets"] = [{"URL": facts.url or f"https://doi.org/{facts.doi}"}]
    bids.write_if_changed(bids_root / "dataset_description.json", bids.json_text(fields))
    done = "; ".join(f"{step}: {what}" for step, what in found.processing.items())
    text = [
        f"{facts.title}\n{'=' * len(facts.title)}\n",
        f"Converted from the published files ({listing(file.name for file in found.files)}) by eegimg "
        f"{__version__}. sourcedata/eegimg/conversion.json says from which files exactly.\n",
        f"The publishers had processed the samples: {done}. They are no raw recording.\n" if done else "",
        *(f"- {text}" for text in (*found.remarks, *facts.caveats)),
        "",
    ]
    bids.write_if_changed(bids_root / "README", "\n".join(text))


def _write_participants(bids_root, record):
    labels = sorted(record["Subjects"])
    table = pd.DataFrame({"participant_id": [f"sub-{label}" for label in labels]})
    bids.write_table(bids_root / "participants.tsv", table)
