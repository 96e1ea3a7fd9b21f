"""The average is over all good electrodes, the reference electrode among them, and taken once."""

import mne
import numpy as np
import pytest

from eegimg.preprocessing import Rereference


@pytest.fixture
def full(clean):
    """Return the recording with the online reference as an electrode of its own, at some voltage."""
    raw = mne.add_reference_channels(clean, "FCz") if "FCz" not in clean.ch_names else clean
    return raw


def eeg(inst):
    return inst.copy().pick("eeg", exclude=[])


@pytest.mark.filterwarnings("ignore:Location for this channel is unknown")
def test_the_online_reference_is_put_back_before_the_average(clean):
    recorded = eeg(clean)
    expected = np.vstack([recorded.get_data(), np.zeros(recorded.n_times)])
    expected -= expected.mean(axis=0)
    out, found = Rereference().apply(clean)
    assert found["added"] == ["FCz"]
    got = eeg(out)
    np.testing.assert_allclose(got.get_data(picks=[*recorded.ch_names, "FCz"]), expected, atol=1e-15)
    place = got.info["chs"][got.ch_names.index("FCz")]["loc"][:3]
    cz = got.info["chs"][got.ch_names.index("Cz")]["loc"][:3]
    assert np.isfinite(place).all()
    assert place[1] > cz[1]  # before the vertex
    assert np.linalg.norm(place - cz) < 0.06


def test_nothing_is_put_back_where_it_is_there_or_not_wanted(clean):
    assert Rereference(online_reference="").apply(clean)[1]["added"] == []
    assert Rereference(online_reference="cz").apply(clean)[1]["added"] == []
    clean.info["temp"] = {"reference": "linked mastoids"}
    assert Rereference().apply(clean)[1]["added"] == []


def test_bad_channels_stay_out_of_the_average(clean):
    clean.info["bads"] = ["Cz"]
    clean._data[clean.ch_names.index("Cz")] += 1.0
    out = Rereference(online_reference="").transform(clean)
    good = out.get_data(picks=[name for name in out.ch_names[:16] if name != "Cz"])
    assert len(good) == 15
    np.testing.assert_allclose(good.mean(axis=0), 0, atol=1e-15)


@pytest.mark.parametrize("route", ["again", "sidecar", "data", "projector"])
def test_a_second_average_is_refused(clean, route):
    inst = clean
    if route == "again":
        inst = Rereference().transform(clean)
    elif route == "sidecar":
        inst.info["temp"] = {"reference": "Average"}
    elif route == "data":
        inst._data[:16] -= inst._data[:16].mean(axis=0)
    else:
        inst.set_eeg_reference("average", projection=True, verbose="error")
    with pytest.raises(RuntimeError, match="the data have one already: .* Leave the step out"):
        Rereference().transform(inst)


def test_named_references_are_subtracted_and_must_exist(clean):
    out = Rereference(ref_channels=["P3", "P4"]).transform(clean)
    mean = clean.get_data(picks=["P3", "P4"]).mean(axis=0)
    np.testing.assert_allclose(
        out.get_data(picks=["Cz"])[0], clean.get_data(picks=["Cz"])[0] - mean, atol=1e-15
    )
    with pytest.raises(ValueError, match="asked for 'P33'.*Did you mean 'P3'"):
        Rereference(ref_channels=["P33"]).transform(clean)
    with pytest.raises(RuntimeError, match="needs at least two good EEG channels; there are 1"):
        Rereference().transform(clean.pick(["Cz"]))


def test_the_reference_is_put_where_the_template_has_it(clean):
    out = Rereference().transform(clean)
    template = mne.create_info(["FCz"], 1.0, "eeg").set_montage("colin27_1005")
    place = out.info["chs"][out.ch_names.index("FCz")]["loc"][:3]
    np.testing.assert_allclose(place, template["chs"][0]["loc"][:3], atol=1e-6)
    for channel in clean.info["chs"]:
        channel["loc"][:3] *= 0.9  # a smaller head
    smaller = Rereference().transform(clean)
    np.testing.assert_allclose(smaller.info["chs"][-1]["loc"][:3], 0.9 * place, atol=1e-6)


def test_the_reference_of_the_file_is_gone_once_another_was_taken(clean):
    clean.info["temp"] = {"reference": "FCz"}
    mastoids = clean.copy().set_eeg_reference(["T7", "T8"], verbose="error")
    assert Rereference().apply(mastoids)[1]["added"] == []
    assert Rereference().apply(clean)[1]["added"] == ["FCz"]


@pytest.mark.parametrize("step", [1e-7, 5e-8])
def test_an_average_stored_in_coarse_steps_is_seen(clean, step):
    clean._data[:16] -= clean._data[:16].mean(axis=0)
    clean._data[:16] = np.round(clean._data[:16] / step) * step
    clean.info["bads"] = ["Cz"]  # marked after the average was taken
    with pytest.raises(RuntimeError, match="already sum to zero"):
        Rereference().transform(clean)


def test_a_bad_reference_is_said(clean):
    clean.info["bads"] = ["P3"]
    assert "'P3' is marked bad" in Rereference(ref_channels=("P3", "P4")).apply(clean)[1]["note"]
    assert "note" not in Rereference(ref_channels=("P4",)).apply(clean)[1]
