"""A BIDS derivative dataset: one file of epochs (or raw) per recording, and beside it how it came about."""

import json
import pathlib
import re
import shutil

import mne
import numpy as np
import pandas as pd

from .. import __version__
from .._paths import check_writable, is_inside, whole_file, write_text
from ._events import read_events_table
from ._find import recording_files

BIDS_VERSION = "1.10.0"
_IGNORED = (
    "# BIDS has no name for epochs yet; reports and logs are no data\n*_epo.fif\n*_epo.json\nlogs/\nreport/\n"
)
_CODE = "https://pypi.org/project/eegimg/"


def prepare_derivatives(bids_root, out, name):
    """Make the folder of a derivative dataset and what describes it.

    Parameters
    ----------
    bids_root : path-like
        The dataset it is made from.
    out : path-like
        Folder of the derivatives: outside the dataset, or in its ``derivatives`` folder.
    name : str
        Name of the recipe.

    Raises
    ------
    ValueError
        If the folder lies inside the dataset, or holds another dataset.
    RuntimeError
        If it cannot be written.
    """
    root, out = pathlib.Path(bids_root), pathlib.Path(out)
    allowed = root / "derivatives"
    if is_inside(out, root) and (not is_inside(out, allowed) or out.resolve() == allowed.resolve()):
        raise ValueError(
            f"The output folder {out} lies inside the dataset {root}, whose files must stay as they are. "
            f"Choose a folder outside, or {allowed / 'eegimg'}."
        )
    description = out / "dataset_description.json"
    if description.is_file():
        fields = _read_json(description)
        makers = [entry.get("Name") for entry in fields.get("GeneratedBy", []) if isinstance(entry, dict)]
        if "eegimg" not in makers:
            raise ValueError(
                f"The output folder {out} holds another dataset ({fields.get('Name', 'without a name')}). "
                "Choose an empty folder."
            )
    check_writable(out)
    source = _read_json(root / "dataset_description.json")
    fields = {
        "Name": f"{source.get('Name', root.name)}: preprocessed with eegimg",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {"Name": "eegimg", "Version": __version__, "CodeURL": _CODE, "Description": f"recipe {name!r}"}
        ],
        "SourceDatasets": [
            {
                "URL": root.resolve().as_uri(),
                **({"DOI": source["DatasetDOI"]} if "DatasetDOI" in source else {}),
            }
        ],
        **{
            key: source[key]
            for key in ("License", "Authors", "ReferencesAndLinks", "HowToAcknowledge")
            if key in source
        },
    }
    _write_if_changed(description, _json(fields))
    _write_if_changed(out / ".bidsignore", _IGNORED)
    readme = (
        f"{fields['Name']}\n\nEpochs (*_epo.fif, read with mne.read_epochs) with a .json beside each that "
        "holds the recipe, what every step "
        "found and cost, software versions and the digest of the input. Open report/index.html first.\n"
    )
    _write_if_changed(out / "README", readme)
    for name in ("participants.tsv", "participants.json"):
        if (root / name).is_file():
            _write_if_changed(out / name, (root / name).read_text(encoding="utf-8-sig"))


def derivative_path(bids_path, out, name, *, epochs=True):
    """Name the file that holds the result of a recipe for a recording.

    Parameters
    ----------
    bids_path : mne_bids.BIDSPath
        The recording.
    out : path-like
        Folder of the derivatives.
    name : str
        Name of the recipe, the ``desc-`` entity.
    epochs : bool
        Epochs (``_epo.fif``) or a continuous recording (``_eeg.vhdr``).

    Returns
    -------
    path : pathlib.Path
        Nothing is written. The sidecar has the same name and the ending .json.
    """
    ending = "epo.fif" if epochs else "eeg.vhdr"
    folder = bids_path.directory.relative_to(bids_path.root)
    return pathlib.Path(out) / folder / f"{_stem(bids_path)}_desc-{name}_{ending}"


def _stem(bids_path):
    return bids_path.fpath.stem.removesuffix("_eeg")


def write_derivative(inst, bids_path, path, sidecar):
    """Write the result for one recording, the sidecar last: its presence says that the rest is whole.

    Parameters
    ----------
    inst : mne.io.BaseRaw | mne.BaseEpochs
        The result.
    bids_path : mne_bids.BIDSPath
        The recording it came from: its events, electrodes and coordinate system are carried along.
    path : pathlib.Path
        As :func:`derivative_path` gives it.
    sidecar : dict
        What to say about it.

    Returns
    -------
    path : pathlib.Path
        The sidecar.
    """
    side_path = path.with_suffix(".json")
    side_path.unlink(missing_ok=True)
    stem = path.name.rsplit("_", 1)[0]
    with whole_file(path) as temporary:
        if isinstance(inst, mne.BaseEpochs):
            inst.save(temporary, fmt="single", verbose="error")
        else:
            mne.export.export_raw(temporary, inst, fmt="brainvision", verbose="error")
    for name, file in _position_files(bids_path).items():
        with whole_file(path.parent / name) as temporary:
            shutil.copyfile(file, temporary)
    _write_table(path.parent / f"{stem}_channels.tsv", _channels(inst, sidecar))
    events = _events(inst, bids_path)
    if events is not None:
        _write_table(path.parent / f"{stem}_events.tsv", events)
        write_text(path.parent / f"{stem}_events.json", _json(_event_columns(events, bids_path)))
    write_text(side_path, _json(sidecar))
    return side_path


def read_result(sidecar):
    """Read the epochs or the raw that a sidecar describes.

    Parameters
    ----------
    sidecar : path-like
        A ``_epo.json`` or ``_eeg.json`` written by :func:`write_derivative`.

    Returns
    -------
    inst : mne.Epochs | mne.io.Raw
        Epochs are loaded.
    """
    sidecar = pathlib.Path(sidecar)
    if sidecar.name.endswith("_epo.json"):
        return mne.read_epochs(sidecar.with_suffix(".fif"), verbose="error")
    return mne.io.read_raw_brainvision(sidecar.with_suffix(".vhdr"), verbose="error")


def _position_files(bids_path):
    """Map names in the derivative to the files with positions, the version without a space entity first.

    The space entity is left out: in a derivative BIDS takes it for a registration to another image.
    """
    files = [
        file
        for file in recording_files(bids_path)
        if file.name.endswith(("_electrodes.tsv", "_coordsystem.json"))
    ]
    named = {}
    for file in sorted(files, key=lambda file: "_space-" in file.name):
        named.setdefault(re.sub(r"_space-[A-Za-z0-9]+", "", file.name), file)
    return named


def _channels(inst, sidecar):
    kinds = {"stim": "TRIG", "ecg": "ECG", "eog": "EOG", "emg": "EMG", "misc": "MISC", "eeg": "EEG"}
    types = inst.get_channel_types()
    units = sidecar.get("Units", "V")
    return pd.DataFrame(
        {
            "name": inst.ch_names,
            "type": [kinds.get(kind, "MISC") for kind in types],
            "units": [
                units if kind == "eeg" else "V" if kind in ("eog", "ecg", "emg") else "n/a" for kind in types
            ],
            "sampling_frequency": inst.info["sfreq"],
            "status": ["bad" if name in inst.info["bads"] else "good" for name in inst.ch_names],
        }
    )


def _events(inst, bids_path):
    """Return the recording's events with whether an epoch of each was kept, or the epochs' own events."""
    table = read_events_table(bids_path)
    metadata = inst.metadata if isinstance(inst, mne.BaseEpochs) else None
    if table is None:
        if not isinstance(inst, mne.BaseEpochs):
            return None
        names = {code: name for name, code in inst.event_id.items()}
        onsets = (inst.events[:, 0]) / inst.info["sfreq"]
        return pd.DataFrame(
            {"onset": onsets, "duration": 0.0, "trial_type": [names[code] for code in inst.events[:, 2]]}
        )
    if metadata is not None and "source_index" in metadata:
        index = table["source_index"] if "source_index" in table else pd.Series(np.arange(len(table)))
        table["kept"] = (
            index.astype(str).isin(metadata["source_index"].dropna().map(_whole).astype(str)).to_numpy()
        )
    return table


def _whole(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _event_columns(events, bids_path):
    source = bids_path.copy().update(suffix="events", extension=".json", split=None).fpath
    inherited = [*pathlib.Path(bids_path.root).glob("*events.json"), source]
    known = {}
    for file in inherited:
        known |= _read_json(file)
    if "kept" in events:
        known["kept"] = {
            "LongName": "Epoch kept",
            "Description": "Whether an epoch of this event is in the _epo.fif of the same name",
            "Levels": {"True": "kept", "False": "not an event of the recipe, or dropped"},
        }
    return {column: known[column] for column in events.columns if column in known}


def _write_table(path, table):
    write_text(path, table.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n"))


def _read_json(path):
    return json.loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}


def _json(fields):
    return json.dumps(fields, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write_if_changed(path, text):
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
