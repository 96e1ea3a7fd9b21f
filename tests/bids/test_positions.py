"""Where electrodes are: the dataset's own places first, a template by name last, and always said."""

import json

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.bids import TEMPLATE, find_recordings, has_positions, read_raw


def places(raw):
    return {name: channel["loc"][:3] for name, channel in zip(raw.ch_names, raw.info["chs"], strict=True)}


def drop_positions(path):
    for file in path.directory.glob("*_electrodes.*"):
        file.unlink()
    for file in path.directory.glob("*_coordsystem.json"):
        file.unlink()


def write_positions(path, table, system, units="m", space=""):
    """Write electrodes.tsv and coordsystem.json in place of what is there."""
    stem = f"sub-{path.subject}{space}"
    table.to_csv(path.directory / f"{stem}_electrodes.tsv", sep="\t", index=False, na_rep="n/a")
    fields = {"EEGCoordinateSystem": system, "EEGCoordinateUnits": units}
    (path.directory / f"{stem}_coordsystem.json").write_text(json.dumps(fields))


def as_table(positions):
    return pd.DataFrame(
        [{"name": name, **dict(zip("xyz", xyz, strict=True))} for name, xyz in positions.items()]
    )


@pytest.mark.data
def test_two_coordinate_systems_of_a_real_dataset(tiny_bids, digests):
    before = digests(tiny_bids)
    (path,) = find_recordings(tiny_bids)
    raw = read_raw(path)
    assert digests(tiny_bids) == before
    assert raw.info["temp"]["positions"] == "electrodes.tsv"
    assert any("sub-01_ses-eeg_electrodes.tsv" in text for text in raw.info["temp"]["remarks"])
    file = path.directory / "sub-01_ses-eeg_electrodes.tsv"
    table = pd.read_csv(file, sep="\t", encoding="utf-8-sig", na_values="n/a").set_index("name")
    eeg = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True, exclude=[])]
    assert len(eeg) == 64
    for name in eeg:
        # CapTrak is MNE's head: x to the right ear, y to the nose.
        np.testing.assert_allclose(
            places(raw)[name], table.loc[name, ["x", "y", "z"]].to_numpy(float), atol=1e-6
        )
    assert {channel["coord_frame"] for channel in raw.info["chs"] if channel["ch_name"] in eeg} == {
        mne._fiff.constants.FIFF.FIFFV_COORD_HEAD
    }


def test_names_of_the_template_give_places_that_are_remarked(make_raw, write_bids):
    raw = make_raw()
    path = write_bids(raw.copy().rename_channels(str.upper))
    drop_positions(path)
    back = read_raw(path)
    assert back.info["temp"]["positions"] == f"template {TEMPLATE}"
    assert [text for text in back.info["temp"]["remarks"] if "template" in text]
    for name, place in places(raw).items():
        np.testing.assert_allclose(places(back)[name.upper()], place, atol=1e-6)


def test_unknown_names_have_no_places(make_raw, write_bids):
    names = [f"E{number}" for number in range(1, 9)]
    path = write_bids(make_raw(names=names, positions=False))
    raw = read_raw(path)
    assert raw.info["temp"]["positions"] == "none"
    assert not has_positions(raw.info)
    assert not has_positions(raw.info, ["E1"])


def test_one_missing_place_leaves_the_others_as_measured(make_raw, write_bids):
    raw = make_raw()
    path = write_bids(raw)
    (file,) = path.directory.glob("*_electrodes.tsv")
    table = pd.read_csv(file, sep="\t", na_values="n/a").set_index("name")
    table["x"] += 0.003  # measured, and not where the template has them
    table.loc["C3", ["x", "y", "z"]] = np.nan
    table.reset_index().to_csv(file, sep="\t", index=False, na_rep="n/a")
    back = read_raw(path)
    assert back.info["temp"]["positions"] == "electrodes.tsv"
    assert any("no position for 'C3'" in text for text in back.info["temp"]["remarks"])
    assert has_positions(back.info)
    np.testing.assert_allclose(places(back)["C3"], places(raw)["C3"], atol=1e-4)
    for name in set(raw.ch_names) - {"C3"}:
        np.testing.assert_allclose(places(back)[name], places(raw)[name] + [0.003, 0, 0], atol=1e-4)


@pytest.mark.parametrize("system", ["CapTrak", "EEGLAB-HJ"])
def test_two_versions_of_places_agree_whatever_the_axes_and_units(make_raw, write_bids, system):
    raw = make_raw()
    path = write_bids(raw)
    drop_positions(path)
    positions = {name: place * 1000 for name, place in places(raw).items()}
    if system == "EEGLAB-HJ":  # x to the nose, y to the left ear
        positions = {name: (y, -x, z) for name, (x, y, z) in positions.items()}
    write_positions(path, as_table(positions), system, units="mm")
    write_positions(path, as_table(positions), system, units="mm", space=f"_space-{system.replace('-', '')}")
    back = read_raw(path)
    assert back.info["temp"]["positions"] == "electrodes.tsv"
    for name, place in places(raw).items():
        np.testing.assert_allclose(places(back)[name], place, atol=1e-6)
    assert places(back)["Fp1"][1] > 0.05  # Fp1 is in front
    assert places(back)["Fp1"][0] < 0  # and left


def test_a_position_is_three_numbers_that_are_not_the_origin(make_raw):
    raw = make_raw()
    assert has_positions(raw.info)
    raw.info["chs"][2]["loc"][:3] = 0
    assert not has_positions(raw.info)
    assert has_positions(raw.info, ["Fp1", "Fp2"])
    raw.info["chs"][0]["loc"][0] = np.nan
    assert not has_positions(raw.info, ["Fp1"])
    assert not has_positions(mne.create_info(["STI"], 100.0, "stim"))
