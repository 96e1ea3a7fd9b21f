"""What a network expects: channels by name, rate, window and unit, on planted epochs."""

import json
import pickle

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegimg.models import InputSpec
from eegimg.models._channels import plain_name

NAMES = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2".split()


def make_epochs(names=NAMES, sfreq=250.0, n_times=100, tmin=-0.1, positions=True, n_epochs=3, seed=0):
    """Make epochs of noise in volts, with an EOG channel at the end."""
    info = mne.create_info([*names, "EOG"], sfreq, ["eeg"] * len(names) + ["eog"])
    data = np.random.default_rng(seed).normal(scale=1e-5, size=(n_epochs, len(names) + 1, n_times))
    epochs = mne.EpochsArray(data, info, tmin=tmin, verbose="error")
    if positions:
        epochs.set_montage("colin27_1020", match_case=False)
    return epochs


def adapted(epochs, **facts):
    return InputSpec(**facts).adapter_for(epochs)(epochs.get_data(copy=True))


def test_channels_are_found_by_name_whatever_their_order():
    epochs = make_epochs()
    data = epochs.get_data()
    y = adapted(epochs, ch_names=["O1", "FP2", "cz"])
    assert y.dtype == np.float32
    for place, name in enumerate(["O1", "Fp2", "Cz"]):
        np.testing.assert_allclose(y[:, place], 1e6 * data[:, NAMES.index(name)], rtol=1e-6)


@given(order=st.permutations(range(len(NAMES))))
@settings(max_examples=20, deadline=None)
def test_another_order_of_channels_changes_nothing(order):
    epochs = make_epochs(positions=False)
    facts = {"ch_names": ["O1", "Oz", "Fp2"], "channels": "zero"}
    shuffled = epochs.copy().reorder_channels([NAMES[place] for place in order] + ["EOG"])
    np.testing.assert_array_equal(adapted(epochs, **facts), adapted(shuffled, **facts))


@pytest.mark.parametrize(
    ("old", "new"), [("T3", "T7"), ("t4", "T8"), ("T5", "P7"), ("T6", "P8"), ("Fp1.", "FP1")]
)
def test_old_and_new_names_are_the_same_place(old, new):
    assert plain_name(old) == plain_name(new)


def test_missing_channels_become_zeros_and_are_told():
    epochs = make_epochs(positions=False)
    adapter = InputSpec(ch_names=["Oz", "Cz", "PO7"], channels="zero").adapter_for(epochs)
    y = adapter(epochs.get_data())
    assert adapter.mask.tolist() == [False, True, False]
    assert adapter.record["zero"] == ["Oz", "PO7"]
    assert not y[:, [0, 2]].any()
    np.testing.assert_allclose(y[:, 1], 1e6 * epochs.get_data()[:, NAMES.index("Cz")], rtol=1e-6)


def test_interpolation_is_mnes_and_leaves_measured_channels_alone():
    epochs = make_epochs()
    data = epochs.get_data(copy=True)
    y = adapted(epochs, ch_names=["Cz", "P4", "Fp1"], channels="interpolate")
    np.testing.assert_allclose(y[:, 0], 1e6 * data[:, NAMES.index("Cz")], rtol=1e-6)
    bad = epochs.copy().pick("eeg")
    bad.info["bads"] = ["P4"]
    theirs = bad.copy().interpolate_bads(verbose="error").get_data()[:, NAMES.index("P4")]
    ours = adapted(bad, ch_names=["P4"], channels="interpolate")[:, 0]
    # The two fit the head to other points; on noise, the hardest field there is, that shows.
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.95


def test_a_smooth_field_is_interpolated_to_its_true_value():
    epochs = make_epochs()
    places = np.array([epochs.info["chs"][n]["loc"][:3] for n in range(len(NAMES))])
    field = places @ [2.0, -1.0, 0.5] + 0.3
    values = np.broadcast_to(1e-4 * field[None, :, None], (3, len(NAMES), 100))
    smooth = mne.EpochsArray(np.concatenate([values, values[:, :1]], axis=1), epochs.info, verbose="error")
    wanted = {"Oz", "FC1", "CP6", "AF3"}
    montage = epochs.copy().get_montage()
    assert not wanted & set(montage.ch_names)
    full = mne.create_info(sorted(wanted), 250.0, "eeg").set_montage("colin27_1005")
    y = adapted(smooth, ch_names=full["ch_names"], channels="interpolate", scale="none")
    truth = np.array([channel["loc"][:3] for channel in full["chs"]]) @ [2.0, -1.0, 0.5] + 0.3
    np.testing.assert_allclose(y[0, :, 0] / 1e-4, truth, atol=0.03)


def test_bad_channels_are_never_taken_for_good():
    epochs = make_epochs()
    epochs.info["bads"] = ["Cz"]
    with pytest.raises(ValueError, match="the epochs lack 'Cz', or they are marked as bad"):
        InputSpec(ch_names=["Cz", "Pz"]).adapter_for(epochs)
    y = adapted(epochs, ch_names=["Cz", "Pz"], channels="zero")
    assert not y[:, 0].any()


def test_copies_in_the_order_of_the_released_code():
    epochs = make_epochs(names=NAMES[:5])
    adapter = InputSpec(n_chans=12, channels="tile").adapter_for(epochs)
    y = adapter(epochs.get_data())
    np.testing.assert_array_equal(y[:, 5:10], y[:, :5])
    np.testing.assert_array_equal(y[:, 10:], y[:, :2])
    assert adapter.mask.tolist() == [True] * 5 + [False] * 7
    assert adapter.record["repeated"] == 7
    assert InputSpec(n_chans=3, channels="tile").adapter_for(epochs).record["left_out"] == NAMES[3:5]


@pytest.mark.parametrize(
    ("options", "facts", "sentence"),
    [
        ({}, {"n_chans": 8}, "takes 8 channels; the epochs have 19 of EEG that are not marked as bad"),
        ({}, {"ch_names": ["A1", "A2"], "channels": "zero"}, "needs channels such as 'A1' and 'A2'"),
        ({"positions": False}, {"ch_names": ["Oz"], "channels": "interpolate"}, "the epochs have none for 'Fp1'"),
        ({"names": NAMES[:4]}, {"ch_names": ["Oz"], "channels": "interpolate"}, "from at least 8; the epochs have 4"),
        ({}, {"ch_names": ["Cz", "Q7"], "channels": "interpolate"}, "channels 'Q7' are not in the 10-05 system"),
        ({}, {"sfreq": 200.0, "resample": False}, "expects 200 Hz; the epochs have 250 Hz"),
        ({}, {"n_times": 90}, "expects 90 samples at 250 Hz from -0.100 to 0.260 s; the epochs go from -0.100 to 0.3"),
        ({}, {"n_times": 101, "length": "crop"}, "length='pad' where not"),
        ({}, {"tmin": 0.1, "n_times": 60, "length": "crop"}, "from 0.100 to 0.340 s"),
        ({}, {"tmin": 5.0, "n_times": 10, "length": "pad"}, "from 5.000 to 5.040 s"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_both_sides(options, facts, sentence):
    with pytest.raises(ValueError, match=sentence):
        InputSpec(**facts).adapter_for(make_epochs(**options))


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"chanels": "zero"}, r"Got 'chanels'. Did you mean 'channels'\?"),
        ({"channels": "zeros"}, r"Got 'zeros' instead. Did you mean 'zero'\?"),
        ({"n_chans": 2, "ch_names": ["Cz"]}, "n_chans=2 and names 1 channels"),
        ({"divisor": 0}, "'divisor' parameter of InputSpec must be a number above 0"),
        (
            {"ch_names": ["T3", "Cz", "T7"]},
            "^InputSpec names a channel twice: 'T3' and 'T7'. Name each once.$",
        ),
        ({"ch_names": []}, r"must be a list of names or None. Got \[\] instead, which is empty."),
    ],
)
def test_facts_that_say_nothing_are_refused(facts, sentence):
    with pytest.raises(ValueError, match=sentence):
        InputSpec.from_facts(facts)


def test_facts_come_back():
    facts = {"n_chans": 2, "ch_names": ["Cz", "Pz"], "channels": "zero", "sfreq": 200.0, "divisor": 10.0}
    assert InputSpec.from_facts(facts).facts() == facts
    assert InputSpec().facts() == {}
    assert json.dumps(InputSpec(n_chans=np.int64(2), sfreq=np.float32(250)).facts())


def test_names_are_text():
    with pytest.raises(TypeError, match="'ch_names' parameter of InputSpec must be a list of names or None"):
        InputSpec(ch_names=["Cz", 3])


def test_a_window_is_cut_by_time():
    epochs = make_epochs()
    y = adapted(epochs, tmin=0.02, n_times=50, length="crop")
    first = np.flatnonzero(np.isclose(epochs.times, 0.02))[0]
    wanted = 1e6 * epochs.get_data(picks="eeg")[..., first : first + 50]
    np.testing.assert_allclose(y, wanted, rtol=1e-6)


def test_what_lies_outside_is_filled_with_zeros_where_asked():
    epochs = make_epochs()
    adapter = InputSpec(tmin=-0.14, n_times=120, length="pad").adapter_for(epochs)
    y = adapter(epochs.get_data())
    assert y.shape[-1] == 120
    assert adapter.record["zeros"] == [10, 10]
    assert not y[..., :10].any()
    assert not y[..., 110:].any()
    np.testing.assert_allclose(y[..., 10:110], 1e6 * epochs.get_data(picks="eeg"), rtol=1e-6)


def test_stretching_is_linear_between_first_and_last_sample():
    epochs = make_epochs(n_times=110, tmin=0.0)
    y = adapted(epochs, tmin=0.02, duration=0.4, n_times=128, length="interpolate")
    part = 1e6 * epochs.get_data(picks="eeg")[..., 5:105]
    wanted = np.apply_along_axis(lambda x: np.interp(np.linspace(0, 99, 128), np.arange(100), x), -1, part)
    np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("sfreq", [100.0, 200.0, 256.0, 1000.0])
def test_another_rate_keeps_a_slow_wave_at_its_time(sfreq):
    epochs = make_epochs(n_times=250, tmin=-0.2)
    wave = 1e-5 * np.sin(2 * np.pi * 5 * epochs.times)
    slow = mne.EpochsArray(
        np.broadcast_to(wave, (3, 20, 250)).copy(), epochs.info, tmin=-0.2, verbose="error"
    )
    n_times = int(0.5 * sfreq)
    adapter = InputSpec(sfreq=sfreq, tmin=0.0, n_times=n_times, length="crop").adapter_for(slow)
    y = adapter(slow.get_data())
    assert abs(adapter.record["start"]) <= 0.5 / sfreq  # between two samples there is none
    times = adapter.record["start"] + np.arange(n_times) / sfreq
    np.testing.assert_allclose(y[0, 0], 10 * np.sin(2 * np.pi * 5 * times), atol=0.1)


def test_what_is_above_the_new_rate_is_filtered_away():
    epochs = make_epochs(n_times=500, sfreq=1000.0, tmin=0.0)
    hum = mne.EpochsArray(
        np.broadcast_to(1e-5 * np.sin(2 * np.pi * 180 * epochs.times), (3, 20, 500)).copy(),
        epochs.info,
        verbose="error",
    )
    assert (
        np.abs(adapted(hum, sfreq=200.0)[..., 10:-10]).max() < 0.2
    )  # of 10 microvolts; aliased it would be 10


@pytest.mark.parametrize("scale", ["none", "microvolts", "zscore"])
def test_scales(scale):
    epochs = make_epochs()
    data = epochs.get_data(picks="eeg")
    y = adapted(epochs, scale=scale, divisor=10.0)
    wanted = {"none": data, "microvolts": 1e6 * data}
    wanted["zscore"] = (data - data.mean(-1, keepdims=True)) / data.std(-1, keepdims=True)
    np.testing.assert_allclose(y, wanted[scale] / 10, rtol=1e-4, atol=1e-7 * np.abs(wanted[scale]).max())


def test_a_flat_channel_stays_flat():
    epochs = make_epochs()
    epochs._data[:, 3] = 2e-6
    assert not adapted(epochs, scale="zscore")[:, 3].any()


def test_channels_without_a_unit_are_not_multiplied():
    epochs = make_epochs()
    for channel in epochs.info["chs"]:
        channel["unit"] = mne.io.constants.FIFF.FIFF_UNIT_NONE
    data = epochs.get_data(picks="eeg") * 1e5
    adapter = InputSpec(divisor=10.0).adapter_for(epochs)
    assert adapter.record["unit"] == "n/a"
    np.testing.assert_allclose(adapter(1e5 * epochs.get_data()), data / 10, rtol=1e-5)


def test_microvolts_in_the_place_of_volts_are_refused():
    epochs = make_epochs()
    with pytest.raises(
        ValueError, match="EEG was expected in volts, as MNE keeps it; typical values here are 6"
    ):
        InputSpec().adapter_for(epochs)(epochs.get_data() * 1e6)


def test_an_adapter_can_be_sent_to_a_worker_and_changes_nothing():
    epochs = make_epochs()
    adapter = InputSpec(ch_names=["Cz", "Oz"], channels="interpolate", sfreq=200.0).adapter_for(epochs)
    x = epochs.get_data(copy=True)
    before = x.copy()
    y = adapter(x)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(adapter))(x), y)
    single = adapter(x.astype(np.float32))
    np.testing.assert_allclose(single, y, atol=1e-3)
    np.testing.assert_allclose(np.concatenate([adapter(x[:1]), adapter(x[1:])]), y, rtol=1e-6)
