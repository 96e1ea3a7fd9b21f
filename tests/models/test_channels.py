"""Channels found by name and interpolated from where they were measured, against fields of dipoles."""

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegimg.models import _channels
from eegimg.models._channels import map_channels

CAP = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2".split()
BACK = "P7 P5 P3 P1 Pz P2 P4 P6 P8 PO7 PO3 POz PO4 PO8 O1 Oz O2".split()
WANTED = "AF3 AF4 FT9 FC1 FC2 FT10 C1 C6 CP1 CP6 TP9 PO3 PO8 Oz Iz".split()


def make_info(names, positions=True, extra=()):
    info = mne.create_info([*names, *extra], 100.0, "eeg")
    if positions:
        info.set_montage("colin27_1005", on_missing="ignore", verbose="error")
    return info


def mapped(channels, x):
    x = x[channels.picks]
    return x if channels.matrix is None else channels.matrix @ x


@pytest.fixture(scope="module")
def fields():
    """Return what the whole 10-05 system measures of 60 dipoles in a sphere: names, (n_channels, n_dipoles)."""
    names = mne.channels.make_standard_montage("colin27_1005").ch_names
    info = make_info([name for name in names if name not in ("T3", "T4", "T5", "T6", "M1", "M2", "A1", "A2")])
    sphere = mne.make_sphere_model("auto", "auto", info, verbose="error")
    rng = np.random.default_rng(0)
    ways, along = rng.standard_normal((2, 60, 3))
    ways[:, 2] = np.abs(ways[:, 2])
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    places = sphere["r0"] + ways * rng.uniform(0.3, 0.75, (60, 1)) * 0.09
    src = mne.setup_volume_source_space(pos={"rr": places, "nn": along}, verbose="error")
    forward = mne.make_forward_solution(info, None, src, sphere, meg=False, verbose="error")
    gain = forward["sol"]["data"].reshape(len(info["ch_names"]), 60, 3)
    field = np.einsum("csk,sk->cs", gain, along)
    field -= field.mean(axis=0)
    return info["ch_names"], field / np.sqrt((field**2).mean(axis=0))


def correlations(names, field, cap, wanted):
    """Return how interpolated and true values of each channel agree over dipoles."""
    channels = map_channels(make_info(cap), None, wanted, "interpolate")
    ours = mapped(channels, field[[names.index(name) for name in cap]])
    truth = field[[names.index(name) for name in wanted]]
    return np.array([np.corrcoef(one, other)[0, 1] for one, other in zip(ours, truth, strict=True)])


def test_fields_of_dipoles_are_interpolated_nearly_as_they_are(fields):
    names, field = fields
    found = correlations(names, field, CAP, WANTED)
    assert found.min() > 0.9
    assert np.median(found) > 0.97


def test_beyond_the_limit_it_would_be_a_guess(fields, monkeypatch):
    names, field = fields
    with pytest.raises(
        ValueError, match="channels 'Fp1', 'F7' and 'Fz' are up to [0-9]+ degrees of the head away"
    ):
        correlations(names, field, BACK, ["Fp1", "CP3", "F7", "Fz"])
    assert correlations(names, field, BACK, ["CP3", "CPz", "TP8"]).min() > 0.9
    monkeypatch.setattr(_channels, "_FARTHEST", 180.0)
    assert correlations(names, field, BACK, ["Fp1", "F7", "Fz"]).max() < 0.75


def test_every_place_of_the_10_05_system_is_near_enough_to_a_cap_of_19(fields):
    names, _ = fields
    assert map_channels(make_info(CAP), None, names, "interpolate").record["measured"] == 19


@pytest.mark.parametrize(
    ("template", "least"), [("colin27_1020", 0.95), ("spherical_1020", 0.9), ("fsaverage_1020", 0.9)]
)
def test_heads_of_another_shape_have_their_channels_in_the_same_places(fields, template, least):
    names, field = fields
    info = mne.create_info(CAP, 100.0, "eeg").set_montage(template)
    channels = map_channels(info, None, WANTED, "interpolate")
    ours = mapped(channels, field[[names.index(name) for name in CAP]])
    truth = field[[names.index(name) for name in WANTED]]
    assert min(np.corrcoef(a, b)[0, 1] for a, b in zip(ours, truth, strict=True)) > least


def test_electrodes_with_names_of_their_own_are_taken_where_they_are(fields):
    names, field = fields
    info = make_info(CAP)
    mne.rename_channels(info, {name: f"E{number}" for number, name in enumerate(CAP)})
    channels = map_channels(info, None, WANTED, "interpolate")
    ours = mapped(channels, field[[names.index(name) for name in CAP]])
    truth = field[[names.index(name) for name in WANTED]]
    assert min(np.corrcoef(a, b)[0, 1] for a, b in zip(ours, truth, strict=True)) > 0.95
    assert not channels.mask.any()


@given(order=st.permutations(range(len(CAP))))
@settings(max_examples=5, deadline=None)
def test_another_order_of_channels_is_interpolated_the_same(order):
    x = np.random.default_rng(0).standard_normal((len(CAP), 30))
    usual = mapped(map_channels(make_info(CAP), None, ["Cz", *WANTED], "interpolate"), x)
    info = make_info([CAP[place] for place in order])
    np.testing.assert_allclose(
        mapped(map_channels(info, None, ["Cz", *WANTED], "interpolate"), x[order]), usual, atol=1e-6
    )


@given(
    wanted=st.lists(st.sampled_from(CAP), min_size=1, unique=True),
    places=st.lists(st.integers(0, 19), max_size=5),
)
@settings(max_examples=30, deadline=None)
def test_channels_that_nobody_asked_for_change_nothing(wanted, places):
    x = np.random.default_rng(0).standard_normal((len(CAP), 30))
    names = list(CAP)
    for number, place in enumerate(places):
        names.insert(place, f"X{number}")
    more = np.full((len(names), 30), np.nan)
    more[[names.index(name) for name in CAP]] = x
    for facts in ((wanted, "exact"), (["Oz", *wanted, "Iz"], "zero")):
        usual = mapped(map_channels(make_info(CAP, False), None, *facts), x)
        np.testing.assert_array_equal(
            mapped(map_channels(make_info(names, False), None, *facts), more), usual
        )


@pytest.mark.parametrize("way", ["zero", "interpolate"])
def test_measured_channels_go_through_as_they_are(way):
    x = np.random.default_rng(0).standard_normal((len(CAP), 30))
    channels = map_channels(make_info(CAP), None, ["Oz", *CAP[::-1]], way)
    np.testing.assert_array_equal(mapped(channels, x)[1:], x[::-1])
    assert channels.mask.tolist() == [False] + [True] * 19


def test_copies_where_names_are_not_all_there():
    channels = map_channels(make_info(CAP[:3], False), None, ["F7", "Oz", "Iz", "Fp1"], "tile")
    assert channels.picks[channels.order].tolist() == [0, 1, 2, 0]
    assert channels.record == {"channels": "tile", "measured": 3, "repeated": 1}
    by_name = map_channels(make_info(CAP[:3], False), None, ["F7", "Fp1"], "tile")
    assert by_name.picks.tolist() == [2, 0]


def test_the_same_spelling_goes_before_an_older_name():
    assert map_channels(make_info(["T7", "T3", "Cz"], False), None, ["T7"], "exact").picks.tolist() == [0]
    assert map_channels(make_info(["T7", "T3", "Cz"], False), None, ["t3"], "exact").picks.tolist() == [1]
    with pytest.raises(
        ValueError, match="^The network's channel 'Fc5' could be 'FC5.' and 'FC 5' of the epochs."
    ):
        map_channels(make_info(["FC5.", "FC 5"], False), None, ["Fc5"], "exact")


def test_no_channel_in_common_and_no_positions():
    info = make_info(["A1", "B7", *(f"E{n}" for n in range(9))], False)
    with pytest.raises(
        ValueError, match="the epochs have none for 'A1', 'B7', .* Set them with epochs.set_montage"
    ):
        map_channels(info, None, CAP, "interpolate")
    with pytest.raises(ValueError, match="the epochs have none of them, but 'A1', 'B7'"):
        map_channels(info, None, CAP, "zero")


def test_only_eeg_channels_that_are_not_bad():
    info = mne.create_info(["Cz", "Pz", "EOG", "STI"], 100.0, ["eeg", "eeg", "eog", "stim"])
    info["bads"] = ["Pz"]
    assert map_channels(info, None, None, "exact").picks.tolist() == [0]
    info["bads"] = ["Cz", "Pz"]
    with pytest.raises(
        ValueError, match="needs EEG channels; the epochs have none that is not marked as bad"
    ):
        map_channels(info, None, None, "exact")
