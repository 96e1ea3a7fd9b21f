"""From published files to BIDS: one subject at a time, whole or not at all."""

import contextlib
import errno
import hashlib
import logging
import os
import pathlib
import shutil
import tempfile

import mne_bids
import numpy as np
import pandas as pd

from .. import __version__, bids, io
from .._checks import check_type, listing, suggest
from .._paths import check_writable, data_root, is_inside
from ._conversion import TEMPORARY, converted_root, start_record, write_record
from ._descriptor import read_descriptor
from ._progress import counter

logger = logging.getLogger("eegimg.datasets")
MANY = 3  # stretches: trials, among which a row may be there twice, not whole recordings


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
    subjects : str | list of str | None
        Labels of the subjects to convert ("01"). None takes all.
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
        If a subject could not be converted; the others are, and the sentence names file, row and key.

    Notes
    -----
    Samples are stored as 32-bit floats: voltages in microvolts, others as published. A subject appears in
    ``bids_root`` only when it is whole. A conversion that was cut off goes on when called again, and what it
    has made is not loaded before it is finished.
    """
    facts = read_descriptor(name)
    if facts.layout not in io.LAYOUTS:
        how = "make_dataset" if facts.layout == "simulated" else "fetch_dataset"
        raise ValueError(
            f"{name} needs no conversion: it is BIDS as it comes. Use eegimg.{how} and eegimg.load_dataset."
        )
    source = data_root() / name if source is None else pathlib.Path(source)
    bids_root = converted_root(name) if bids_root is None else pathlib.Path(bids_root)
    found = io.open_source(facts.layout, source, facts, variant)
    if is_inside(source, bids_root):
        raise ValueError(
            f"The BIDS folder {bids_root} of convert_dataset holds the published files. Choose another."
        )
    chosen = _choose(found.recordings, subjects, name)
    check_writable(bids_root)
    record = start_record(bids_root, facts, found, list(chosen))
    _describe_dataset(bids_root, facts, found)
    for remark in found.remarks:
        logger.warning("%s: %s", name, remark)
    failed = {}
    with counter(f"Converting {name}", len(chosen), progress) as advance:
        for label, recordings in chosen.items():
            if label not in record["Subjects"]:
                try:
                    record["Subjects"][label] = _convert_subject(bids_root, label, recordings, facts, found)
                except (ValueError, RuntimeError, MemoryError) as err:
                    # Isolation: one subject must not stop the others; the sentence is told at the end.
                    failed[label] = str(err) or "not enough memory"
                else:
                    _write_participants(bids_root, record)
                    write_record(bids_root, record)
            advance(f"sub-{label}")
    if failed:
        reasons = " ".join(f"sub-{label}: {reason}" for label, reason in failed.items())
        raise RuntimeError(
            f"{len(failed)} of {len(chosen)} subjects of {name} could not be converted. {reasons}"
        )
    return bids_root


def _choose(recordings, subjects, name):
    """Return label -> recordings of the subjects asked for."""
    check_type("subjects", subjects, (str, list, tuple, type(None)), "convert_dataset", "labels or None")
    by_label = {}
    for recording in recordings:
        by_label.setdefault(recording.subject, []).append(recording)
    if subjects is None:
        return by_label
    asked = [subjects] if isinstance(subjects, str) else subjects
    asked = [str(label).removeprefix("sub-") for label in asked]
    for label in asked:
        if label not in by_label:
            raise ValueError(
                f"Subject {label!r} of {name} was asked for; the published files have "
                f"{listing(by_label, 20)}.{suggest(label, by_label)}"
            )
    return {label: by_label[label] for label in asked}


def _convert_subject(bids_root, label, recordings, facts, found):
    """Write a subject into a hidden folder, move it into place, and return what was written."""
    written = {"Recordings": 0, "Events": 0, "Bytes": 0}
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=bids_root) as folder, _full_disk(bids_root):
        for recording in recordings:
            n_bytes, n_events = _convert_recording(folder, recording, facts, found)
            written["Recordings"] += 1
            written["Events"] += n_events
            written["Bytes"] += n_bytes
        target = bids_root / f"sub-{label}"
        if target.exists():  # whole, but cut off before it was put on record
            shutil.rmtree(target)
        os.replace(pathlib.Path(folder) / f"sub-{label}", target)
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
        _events(content),
        ch_names=content.ch_names,
        sfreq=content.sfreq,
        unit=content.unit,
        sidecar=_sidecar(facts, found, recording),
        montage=facts.montage,
        space=found.description is None,
    )
    return n_bytes, len(content.events)


@contextlib.contextmanager
def _full_disk(folder):
    """Turn the error of a full disk into its sentence; what was half written goes with its folder."""
    try:
        yield
    except OSError as err:
        if err.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise RuntimeError(
            f"The disk of {folder} is full. Make room and convert again: finished subjects are kept."
        ) from err


def checked_segments(content):
    """Yield the stretches of a recording, or raise ValueError naming the place of what cannot be right."""
    seen = {}
    for segment, samples in enumerate(content.segments):
        samples = np.asarray(samples)
        finite = np.isfinite(samples)
        if not finite.all():
            bad = np.argwhere(~finite)
            channel, time = bad[0]
            raise ValueError(
                f"{content.where(segment)} holds {len(bad)} numbers that are not finite, the first in "
                f"channel {content.ch_names[channel]} at sample {time}. Get the file again, or ask its "
                "publishers."
            )
        if len(content.segments) >= MANY:
            digest = hashlib.blake2b(np.ascontiguousarray(samples), digest_size=16).digest()
            if digest in seen:
                raise ValueError(
                    f"{content.where(segment)} repeats {content.where(seen[digest])} sample by sample: one "
                    "row is there twice. Get the file again, or ask its publishers."
                )
            seen[digest] = segment
        yield samples


def _events(content):
    """Return the events; pictures that are not in the dataset have no stim_file that BIDS would look for."""
    events = content.events
    return events if "stim_file" in events else events.assign(stim_file=None)


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
        f"Converted from the published files ({', '.join(file.name for file in found.files)}) by eegimg "
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
