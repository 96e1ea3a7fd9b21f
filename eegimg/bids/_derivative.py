"""A BIDS derivative dataset: one file of epochs (or raw) per recording, and beside it how it came about."""

import pathlib
import re
import shutil
import warnings

import mne
import pandas as pd

from .. import __version__
from .._checks import listing
from .._paths import check_writable, is_inside, whole_file
from ._events import event_columns, result_events
from ._find import recording_files
from ._marks import COLUMN, mark_steps, marked_steps
from ._sidecars import json_text, read_json, write_if_changed, write_json, write_table

BIDS_VERSION = "1.10.0"
_IGNORED = (
    "# BIDS has no name for epochs yet; reports and logs are no data\n"
    "*_epo.fif\n*_epo-*.fif\n*_epo.json\nlogs\nreport\n"
)
_CARRIED = ("License", "Authors", "ReferencesAndLinks", "HowToAcknowledge", "HEDVersion")
_CODE = "https://pypi.org/project/eegimg/"


def check_outside(bids_root, folder, what):
    """Raise ValueError if a folder lies inside a dataset, its ``derivatives`` apart; write nothing."""
    root, folder = pathlib.Path(bids_root), pathlib.Path(folder)
    allowed = root / "derivatives"
    if is_inside(folder, root) and (not is_inside(folder, allowed) or folder.resolve() == allowed.resolve()):
        raise ValueError(
            f"The {what} {folder} lies inside the dataset {root}, whose files must stay as they are. "
            f"Choose a folder outside, or {allowed / 'eegimg'}."
        )


def check_output(bids_root, out):
    """Refuse an output folder that is not for us; write nothing.

    Parameters
    ----------
    bids_root : path-like
        The dataset that results are made from.
    out : path-like
        Where they are to go: outside the dataset, or into a folder of its ``derivatives`` folder.

    Raises
    ------
    ValueError
        If the folder lies inside the dataset, holds another dataset, or files that would be written over.
    """
    check_outside(bids_root, out, "output folder")
    out = pathlib.Path(out)
    description = out / "dataset_description.json"
    fields = read_json(description)
    makers = [entry.get("Name") for entry in fields.get("GeneratedBy", []) if isinstance(entry, dict)]
    ours = "eegimg" in makers and fields.get("DatasetType") == "derivative"
    if description.is_file() and not ours:
        raise ValueError(
            f"The output folder {out} holds another dataset ({fields.get('Name', 'without a name')}). "
            "Choose an empty folder."
        )
    others = [name for name in (".bidsignore", "README", "participants.tsv") if (out / name).exists()]
    if others and not description.is_file():
        raise ValueError(
            f"The output folder {out} holds other files ({listing(others)}). Choose an empty one."
        )


def prepare_derivatives(bids_root, out, name):
    """Make the folder of a derivative dataset and what describes it.

    Parameters
    ----------
    bids_root : path-like
        The dataset it is made from.
    out : path-like
        Folder of the derivatives, as :func:`check_output` wants it.
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
    check_output(root, out)
    check_writable(out)
    source = read_json(root / "dataset_description.json")
    maker = {"Name": "eegimg", "Version": __version__, "CodeURL": _CODE, "Description": f"recipe {name!r}"}
    origin = {"DOI": source["DatasetDOI"]} if "DatasetDOI" in source else {}
    fields = {
        "Name": f"{source.get('Name', root.name)}: preprocessed with eegimg",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [maker],
        "SourceDatasets": [{"URL": root.resolve().as_uri(), **origin}],
        "DatasetLinks": {"raw": root.resolve().as_uri()},
        **{key: source[key] for key in _CARRIED if key in source},
    }
    write_if_changed(out / "dataset_description.json", json_text(fields))
    write_if_changed(out / ".bidsignore", _IGNORED)
    readme = (
        f"{fields['Name']}\n\nEpochs (*_epo.fif, read with mne.read_epochs) with a .json beside each that "
        "holds the recipe, what every step "
        "found and cost, software versions and the digest of the input. Open report/index.html first.\n"
    )
    write_if_changed(out / "README", readme)
    for file in ("participants.tsv", "participants.json"):
        if (root / file).is_file():
            write_if_changed(out / file, (root / file).read_text(encoding="utf-8-sig"))


def derivative_path(bids_path, out, name, *, epochs=True):
    """Name the file that holds the result of a recipe for a recording.

    Parameters
    ----------
    bids_path : mne_bids.BIDSPath
        The recording.
    out : path-like
        Folder of the derivatives.
    name : str
        Name of the recipe, the ``desc-`` entity; it follows the description of a recording that has one.
    epochs : bool
        Epochs (``_epo.fif``) or a continuous recording (``_eeg.vhdr``).

    Returns
    -------
    path : pathlib.Path
        Nothing is written. The sidecar has the same name and the ending .json.
    """
    ending = "epo.fif" if epochs else "eeg.vhdr"
    folder = bids_path.directory.relative_to(bids_path.root)
    stem = bids_path.fpath.stem.removesuffix("_eeg")
    stem = f"{stem}{name}" if bids_path.description else f"{stem}_desc-{name}"
    return pathlib.Path(out) / folder / f"{stem}_{ending}"


def write_derivative(inst, bids_path, path, sidecar, *, first_time=0.0):
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
    first_time : float
        ``raw.first_time`` of the recording as it was read, in seconds.

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
            with warnings.catch_warnings():
                # Channels that are no voltages keep their numbers; channels.tsv has their unit.
                warnings.filterwarnings(
                    "ignore", message=".*unsupported non-voltage units", category=UserWarning
                )
                mne.export.export_raw(temporary, inst, fmt="brainvision", verbose="error")
    for name, file in _position_files(bids_path).items():
        with whole_file(path.parent / name) as temporary:
            shutil.copyfile(file, temporary)
    write_table(path.parent / f"{stem}_channels.tsv", _channels(inst, sidecar))
    events = result_events(inst, bids_path, first_time)
    if events is not None:
        columns = event_columns(events, bids_path)
        if sidecar.get("TransductiveSteps"):
            events[COLUMN] = ",".join(sidecar["TransductiveSteps"])
            columns[COLUMN] = {
                "LongName": "Transductive steps",
                "Description": "Steps that learned from trials outside the training part, by commas",
            }
        write_table(path.parent / f"{stem}_events.tsv", events)
        write_json(path.parent / f"{stem}_events.json", columns)
    write_json(side_path, sidecar)
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
        Epochs are loaded; where a step learned outside the training part, their metadata have a column
        ``transductive`` that names it.
    """
    sidecar = pathlib.Path(sidecar)
    if sidecar.name.endswith("_epo.json"):
        with warnings.catch_warnings():
            # MNE 1.13 reads metadata in a way that pandas 3.1 means to drop.
            warnings.filterwarnings("ignore", message="The inplace keyword in DataFrame.set_index")
            epochs = mne.read_epochs(sidecar.with_suffix(".fif"), verbose="error")
        fields = read_json(sidecar)
        if fields.get("Transductive") and not marked_steps(epochs):
            mark_steps(epochs, fields.get("TransductiveSteps") or _transductive_steps(fields))
        return epochs
    return mne.io.read_raw_brainvision(sidecar.with_suffix(".vhdr"), verbose="error")


def _transductive_steps(fields):
    """Name the steps in the log of a sidecar that says only that there are some."""
    return [
        record["step"] for record in fields.get("Log", []) if "(transductive)" in str(record.get("fitted_on"))
    ] or ["unknown"]


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
