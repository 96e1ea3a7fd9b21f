"""Where the electrodes are: from electrodes.tsv, or from a template by name."""

import json

import mne
import numpy as np

TEMPLATE = "colin27_1005"


def ensure_positions(raw, bids_path, remarks):
    """Give every EEG channel a position where one can be had, and say where it came from."""
    if has_positions(raw.info):
        return "electrodes.tsv"
    eeg = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True, exclude=[])]
    table = _electrodes_table(bids_path)
    if table is not None and set(eeg) & set(table.index):
        positions = {
            name: table.loc[name, ["x", "y", "z"]].to_numpy(float) for name in eeg if name in table.index
        }
        positions = {name: xyz for name, xyz in positions.items() if np.isfinite(xyz).all()}
        raw.set_montage(
            mne.channels.make_dig_montage(positions, coord_frame="head"), on_missing="ignore", verbose="error"
        )
        if has_positions(raw.info):
            remarks.append(f"mne-bids gave no positions; those of {table.attrs['name']} were taken.")
            return "electrodes.tsv"
    template = mne.channels.make_standard_montage(TEMPLATE)
    known = {name.lower() for name in template.ch_names}
    if eeg and all(name.lower() in known for name in eeg):
        raw.set_montage(template, match_case=False, on_missing="ignore", verbose="error")
        remarks.append(f"There are no electrode positions; the template {TEMPLATE} was used by channel name.")
        return f"template {TEMPLATE}"
    return "none"


def has_positions(info, picks=None):
    """Tell whether every EEG channel, or every named one, has a finite position that is not the origin."""
    picks = (
        mne.pick_types(info, eeg=True, exclude=[])
        if picks is None
        else mne.pick_channels(info["ch_names"], picks)
    )
    places = np.array([info["chs"][pick]["loc"][:3] for pick in picks])
    return bool(len(places)) and bool(np.isfinite(places).all() and np.abs(places).sum(axis=1).all())


def _electrodes_table(bids_path):
    """Read the electrodes.tsv without a space entity, else the first in metres whose system MNE can use."""
    import pandas as pd

    files = sorted(
        bids_path.directory.glob(f"sub-{bids_path.subject}*_electrodes.tsv"), key=lambda file: len(file.name)
    )
    for file in files:
        system = file.with_name(file.name.replace("_electrodes.tsv", "_coordsystem.json"))
        fields = json.loads(system.read_text(encoding="utf-8-sig")) if system.is_file() else {}
        scale = {"m": 1.0, "cm": 0.01, "mm": 0.001}.get(fields.get("EEGCoordinateUnits"))
        if fields.get("EEGCoordinateSystem") in ("CapTrak", "EEGLAB-HJ") and scale:
            table = pd.read_csv(file, sep="\t", na_values="n/a", encoding="utf-8-sig").set_index("name")
            table[["x", "y", "z"]] = table[["x", "y", "z"]].astype(float) * scale
            table.attrs["name"] = file.name
            return table
    return None
