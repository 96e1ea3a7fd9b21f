"""Where the electrodes are: from electrodes.tsv, or from a template by name."""

import mne
import numpy as np

from .._checks import listing
from ._sidecars import read_json

TEMPLATE = "colin27_1005"


def ensure_positions(raw, bids_path, remarks):
    """Give every EEG channel a position where one can be had, and say where it came from."""
    eeg = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True, exclude=[])]
    given = [name for name in eeg if has_positions(raw.info, [name])]
    if not given:
        given = _set_from_table(raw, bids_path, eeg, remarks)
    lacking = [name for name in eeg if name not in given]
    if given and not lacking:
        return "electrodes.tsv"
    template = mne.channels.make_standard_montage(TEMPLATE)
    known = {name.lower() for name in template.ch_names}
    if not eeg or not all(name.lower() in known for name in lacking):
        return "none"
    _set_from_template(raw, template, lacking)
    if given:
        remarks.append(
            f"electrodes.tsv has no position for {listing(lacking)}; the template {TEMPLATE} was used there."
        )
        return "electrodes.tsv"
    remarks.append(f"There are no electrode positions; the template {TEMPLATE} was used by channel name.")
    return f"template {TEMPLATE}"


def _set_from_table(raw, bids_path, eeg, remarks):
    """Set the positions of an electrodes.tsv that mne-bids left alone, and return the names it has."""
    table = _electrodes_table(bids_path)
    if table is None:
        return []
    positions = {
        name: table.loc[name, ["x", "y", "z"]].to_numpy(float) for name in eeg if name in table.index
    }
    positions = {name: xyz for name, xyz in positions.items() if np.isfinite(xyz).all() and xyz.any()}
    if positions:
        montage = mne.channels.make_dig_montage(positions, coord_frame="head")
        raw.set_montage(montage, on_missing="ignore", verbose="error")
        remarks.append(f"mne-bids gave no positions; those of {table.attrs['name']} were taken.")
    return list(positions)


def _set_from_template(raw, template, names):
    if len(names) == len(mne.pick_types(raw.info, eeg=True, exclude=[])):
        raw.set_montage(template, match_case=False, on_missing="ignore", verbose="error")
        return
    placed = mne.create_info(names, raw.info["sfreq"], "eeg").set_montage(template, match_case=False)
    for channel in placed["chs"]:
        raw.info["chs"][raw.ch_names.index(channel["ch_name"])]["loc"][:3] = channel["loc"][:3]


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
    """Read the electrodes.tsv without a space entity, else the first whose system MNE can use, in metres.

    CapTrak has x to the right and y to the nose as MNE has; EEGLAB has x to the nose and y to the left.
    """
    import pandas as pd

    files = sorted(
        bids_path.directory.glob(f"sub-{bids_path.subject}*_electrodes.tsv"),
        key=lambda file: (len(file.name), file.name),
    )
    for file in files:
        fields = read_json(file.with_name(file.name.replace("_electrodes.tsv", "_coordsystem.json")))
        system = fields.get("EEGCoordinateSystem")
        scale = {"m": 1.0, "cm": 0.01, "mm": 0.001}.get(fields.get("EEGCoordinateUnits"))
        if system in ("CapTrak", "EEGLAB", "EEGLAB-HJ") and scale:
            table = pd.read_csv(file, sep="\t", na_values="n/a", encoding="utf-8-sig", dtype={"name": str})
            table = table.drop_duplicates("name").set_index("name")
            table[["x", "y", "z"]] = table[["x", "y", "z"]].astype(float) * scale
            if system != "CapTrak":
                table["x"], table["y"] = -table["y"], table["x"]
            table.attrs["name"] = file.name
            return table
    return None
