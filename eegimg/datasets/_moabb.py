"""Datasets of MOABB as BIDS folders: every marker, channel and sample that MOABB reads."""

import json
import os
import re
import shutil
import tempfile
import warnings
from pathlib import Path

import mne
import numpy as np

import eegimg

from .._checks import check_type, listing, suggest
from .._optional import require
from .._paths import check_writable, data_root, whole_file, write_text
from ..events import NOT_EVENTS
from ._braindecode import import_known
from ._load import load_dataset

# At the top of a BIDS folder, shared by all subjects.
_SHARED = ("dataset_description.json", "participants.tsv", "participants.json")
# Columns that events.tsv has anyway.
_OWN_COLUMNS = {"onset", "duration", "trial_type", "value", "sample"}
_README = """{code}
{line}

Read with MOABB (moabb.datasets.{kind}) and written as BIDS by eegimg. Events are the markers as recorded, not
moved by the interval that MOABB cuts trials with; their durations are 0 where only a stim channel has them.
Paper: {doi}
"""


def from_moabb(dataset, root=None, subjects=None):
    """Open a dataset of MOABB as a BIDS folder, which is written once.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        An object such as ``moabb.datasets.Kaneshiro2015()``. MOABB downloads what it lacks into the folder of
        its own settings (MNE_DATA).
    root : path-like | None
        BIDS folder to write into and read from; new, empty, or written by this function for the same dataset.
        None takes ``moabb/<code>`` in the data folder (EEGIMG_DATA).
    subjects : list | None
        Which subjects, as ``dataset.subject_list`` has them. None takes all.

    Returns
    -------
    dataset : Dataset
        Recordings as MOABB's Raws have them: names of events, types and positions of channels, volts. Integer
        subjects become labels such as "01"; what follows the number in the name of a run becomes ``acq-``;
        the task is MOABB's paradigm.

    Raises
    ------
    ImportError
        If MOABB is not installed.
    TypeError, ValueError
        If ``dataset`` is no dataset of MOABB, or it has no such subject.
    RuntimeError
        If ``root`` holds something else, or MOABB has no recording of a subject.

    Notes
    -----
    A subject's folder appears when all its recordings are written, and is not asked of MOABB again: after an
    interruption, call again. The picture behind an event is known only where MOABB keeps it as an extra of
    the annotation. MOABB 1.7.2 has neither THINGS nor Alljoined; of pictures of objects it has Kaneshiro2015,
    with their six categories and not which of the 72 pictures it was.
    """
    require("moabb", "from_moabb", "data")
    _check_dataset(dataset)
    labels = _labels(dataset.subject_list)
    chosen = list(labels) if subjects is None else list(subjects)
    for subject in chosen:
        if subject not in labels:
            raise ValueError(
                f"The subject {subject!r} of {dataset.code} was asked for; MOABB has {listing(labels)}."
                f"{suggest(subject, labels)}"
            )
    root = data_root() / "moabb" / _folder_name(dataset.code) if root is None else Path(root)
    _claim(root, dataset)
    for subject in chosen:
        if not (root / f"sub-{labels[subject]}").is_dir():
            _write_subject(dataset, subject, labels[subject], root)
    return load_dataset(None, root=root, subjects=[labels[subject] for subject in chosen])


def _check_dataset(dataset):
    """Raise TypeError unless it is a dataset object of MOABB."""
    everything = import_known("moabb.datasets", "from_moabb", "data")
    kind = import_known("moabb.datasets.base", "from_moabb", "data").BaseDataset
    wanted = "a dataset object of MOABB, such as moabb.datasets.Kaneshiro2015()"
    if isinstance(dataset, str) or (isinstance(dataset, type) and issubclass(dataset, kind)):
        name = dataset if isinstance(dataset, str) else dataset.__name__
        known = {
            re.sub(r"\W|_", "", each).lower(): each
            for each, thing in vars(everything).items()
            if isinstance(thing, type) and issubclass(thing, kind)
        }
        # MOABB's codes and classes differ in dashes: BNCI2014-001, BNCI2014_001.
        found = known.get(re.sub(r"\W|_", "", name).lower())
        hint = f" Give moabb.datasets.{found}()." if found else suggest(name, known.values())
        raise TypeError(
            f"The 'dataset' parameter of from_moabb must be {wanted}. Got {dataset!r} instead.{hint}"
        )
    check_type("dataset", dataset, kind, "from_moabb", wanted)


def _labels(subjects):
    """Map each of MOABB's subjects to a BIDS label of its own."""
    width = max([2, *(len(str(subject)) for subject in subjects if not isinstance(subject, str))])
    labels = {
        subject: re.sub("[^A-Za-z0-9]", "", subject) if isinstance(subject, str) else f"{subject:0{width}d}"
        for subject in subjects
    }
    if len(set(labels.values())) < len(labels) or not all(labels.values()):
        raise ValueError(
            f"The subjects {listing(labels)} become the BIDS labels {listing(labels.values())}, of which "
            "some are empty or alike. Rename the subjects in the dataset object."
        )
    return labels


def _folder_name(code):
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", code):
        raise ValueError(f"The code {code!r} of the dataset is no name for a folder. Give 'root'.")
    return code


def _claim(root, dataset):
    """Describe the dataset in a new or empty folder; refuse one that holds anything else."""
    name = f"{dataset.code}, read with MOABB"
    file = root / "dataset_description.json"
    if _name_of(file) != name:
        if root.is_dir() and any(not path.name.startswith(".") for path in root.iterdir()):
            raise RuntimeError(
                f"The 'root' parameter of from_moabb must be a new or empty folder, or hold {dataset.code} "
                f"written by from_moabb. {root} holds other files; choose another folder."
            )
        check_writable(root)
        _describe(file, name, dataset)
    if not (root / "README").is_file():
        line = "=" * len(dataset.code)
        kind = type(dataset).__name__
        write_text(
            root / "README",
            _README.format(code=dataset.code, line=line, kind=kind, doi=dataset.doi or "not known"),
        )


def _name_of(file):
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts.get("Name") if isinstance(facts, dict) else None


def _describe(file, name, dataset):
    """Write dataset_description.json from what MOABB knows."""
    import mne_bids

    paper = getattr(dataset.metadata, "documentation", None)
    version = require("moabb", "from_moabb", "data").__version__
    with whole_file(file) as temporary:
        mne_bids.make_dataset_description(
            path=temporary.parent,
            name=name,
            dataset_type="raw",
            data_license=getattr(paper, "license", None) or "unknown",
            authors=list(getattr(paper, "investigators", None) or []) or None,
            references_and_links=[f"https://doi.org/{dataset.doi}"] if dataset.doi else None,
            generated_by=[
                {
                    "Name": "eegimg",
                    "Version": eegimg.__version__,
                    "Description": f"eegimg.datasets.from_moabb with MOABB {version}",
                }
            ],
            verbose="ERROR",
        )


def _write_subject(dataset, subject, label, root):
    """Write all recordings of a subject into a hidden folder, and move it into place when it is whole."""
    # MOABB has an export of its own, BaseDataset.convert_to_bids. Version 1.7.2 states 50 Hz mains where
    # nobody knows, cuts recordings to full seconds, moves and stretches events to the interval of its trials,
    # leaves EOG out unless told, takes a subject with any file for finished, and bids-validator 3.0.2 refuses
    # what it writes for an event called "house/old".
    from sklearn.pipeline import Pipeline

    # Without steps of its own MOABB hands the recording over as it read it.
    sessions = dataset.get_data([subject], process_pipeline=Pipeline([]))[subject]
    runs = [(session, run, raw) for session in sessions for run, raw in sessions[session].items()]
    if not runs:
        raise RuntimeError(f"MOABB has no recording of subject {subject!r} of {dataset.code}. Leave it out.")
    with tempfile.TemporaryDirectory(prefix=".eegimg-", dir=root) as folder:
        folder = Path(folder)
        for name in _SHARED:
            if (root / name).is_file():
                shutil.copy(root / name, folder / name)
        for session, run, raw in runs:
            _write_recording(raw, dataset, folder, label, session, run)
        for name in _SHARED[1:]:
            os.replace(folder / name, root / name)
        os.replace(folder / f"sub-{label}", root / f"sub-{label}")


def _write_recording(raw, dataset, root, label, session, run):
    """Write one recording as BrainVision with its sidecars."""
    import mne_bids

    raw = _with_events(raw, dataset.event_id)
    number, rest = re.fullmatch("([0-9]+)(.*)", run).groups()
    extras = {key for extra in raw.annotations.extras for key in extra}
    path = mne_bids.BIDSPath(
        root=root,
        subject=label,
        session=session,
        task=re.sub("[^A-Za-z0-9]", "", dataset.paradigm),
        acquisition=rest or None,
        run=number,
        datatype="eeg",
    )
    with warnings.catch_warnings():
        # BrainVision's specification knows microvolts only; pybv keeps numbers without a unit as they are.
        warnings.filterwarnings("ignore", "Encountered unsupported non-voltage units", UserWarning)
        mne_bids.write_raw_bids(
            raw,
            path,
            format="BrainVision",
            allow_preload=True,
            readme=False,
            overwrite=True,
            extra_columns_descriptions=dict.fromkeys(sorted(extras), "As MOABB hands it over."),
            verbose="ERROR",
        )


def _with_events(raw, event_id):
    """Return a recording in memory whose events are annotations, and without stim channels."""
    start = 0.0 if raw.annotations.orig_time is None else raw.first_time
    names, onsets, durations, extras = [], [], [], []
    codes = _names_of_codes(event_id)
    named = set(raw.annotations.description) & set(codes.values())
    stims = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, meg=False, stim=True)]
    for each in raw.annotations:
        # Where the stim channel has the events, annotations are marks of the recording or the same once more.
        if not named and stims and not each["description"].lower().startswith(NOT_EVENTS):
            continue
        names.append(each["description"])
        onsets.append(each["onset"] - start)
        durations.append(each["duration"])
        extras.append(
            {key: value for key, value in (each.get("extras") or {}).items() if key not in _OWN_COLUMNS}
        )
    if not named and stims:
        # The way in which MOABB reads the channel, so that the events are those of its own trials.
        found = mne.find_events(raw, shortest_event=0, verbose="error")
        for sample, _, code in found[np.isin(found[:, 2], list(codes))]:
            names.append(codes[code])
            onsets.append((sample - raw.first_samp) / raw.info["sfreq"])
            durations.append(0.0)
            extras.append({})
    # A new object: mne-bids may copy the file that a Raw was read from, and lose what MOABB mended in memory.
    plain = mne.io.RawArray(raw.get_data(), raw.info.copy(), verbose="error")
    plain.drop_channels(stims)
    plain.set_annotations(mne.Annotations(onsets, durations, names, extras=extras), verbose="error")
    return plain


def _names_of_codes(event_id):
    """Map each code of MOABB's table of events to its name; a name may have several codes."""
    return {
        code: name
        for name, codes in event_id.items()
        for code in (codes if isinstance(codes, (list, tuple)) else [codes])
    }
