"""Bad channels: found, named with their reasons, and rebuilt."""

import mne
import numpy as np
import pytest

import eegimg
from eegimg.preprocessing import FindBadChannels, Interpolate, Rereference, find_bad_channels


def spoil(raw, **kinds):
    """Plant bad channels: a name for each kind."""
    rng = np.random.default_rng(0)
    for kind, name in kinds.items():
        channel = raw._data[raw.ch_names.index(name)]
        if kind == "flat":
            channel[:] = 3e-6
        elif kind == "nan":
            channel[500:510] = np.nan
        elif kind == "inf":
            channel[500] = np.inf
        elif kind == "loud":
            channel *= 30
        elif kind == "hiss":
            channel += 50e-6 * np.sign(np.arange(len(channel)) % 2 - 0.5)
        elif kind == "stranger":
            channel[:] = mne.filter.filter_data(
                10e-6 * rng.standard_normal(len(channel)), raw.info["sfreq"], None, 20.0, verbose="error"
            )
    return raw


def reasons(table):
    return {name: row for name, row in table["reasons"].items() if row}


def test_planted_bad_channels_are_found(raw, truth):
    table = find_bad_channels(raw)
    found = set(table.index[table["bad"]])
    assert set(truth["bad_channels"]) <= found
    assert len(found) <= len(truth["bad_channels"]) + 2
    kinds = {kind: reasons(table)[name] for name, kind in truth["bad_channels"].items()}
    assert kinds["flat"] == ["flat"]
    assert "deviation" in kinds["drifting"]
    assert "hf_noise" in kinds["noisy"]


def test_a_clean_recording_has_few_bad_channels(clean):
    table = find_bad_channels(clean)
    assert table["bad"].sum() <= 1
    assert list(table.index) == [name for name in clean.ch_names if name not in ("HEOG", "VEOG")]


@pytest.mark.parametrize(
    ("kind", "criterion"),
    [
        ("flat", "flat"),
        ("nan", "nan"),
        ("inf", "nan"),
        ("loud", "deviation"),
        ("hiss", "hf_noise"),
        ("stranger", "correlation"),
    ],
)
def test_each_kind_is_found_by_its_criterion(clean, kind, criterion):
    spoil(clean, **{kind: "Cz"})
    assert criterion in find_bad_channels(clean)["reasons"]["Cz"]
    alone = find_bad_channels(clean, criteria=(criterion,))
    assert alone["reasons"]["Cz"] == [criterion]


def test_one_missing_sample_leaves_the_other_channels_as_they_were(clean):
    before = find_bad_channels(clean.copy().drop_channels(["Cz"]), criteria=("deviation", "hf_noise"))
    after = find_bad_channels(spoil(clean, nan="Cz"), criteria=("nan", "deviation", "hf_noise"))
    np.testing.assert_allclose(after["deviation_z"].drop("Cz"), before["deviation_z"], rtol=1e-10)
    assert np.isnan(after["deviation_z"]["Cz"])


def test_marked_channels_stay_marked_and_do_not_count_for_the_others(clean):
    before = find_bad_channels(clean.copy().drop_channels(["Cz"]))
    spoil(clean, loud="Cz").info["bads"] = ["Cz"]
    table = find_bad_channels(clean)
    assert table["reasons"]["Cz"] == ["marked"]
    np.testing.assert_allclose(table["deviation_z"].drop("Cz"), before["deviation_z"], rtol=1e-6)


def test_the_step_marks_says_why_and_keeps_what_was_marked(raw, truth):
    raw.info["bads"] = ["HEOG", "O1"]
    step = FindBadChannels().fit(raw)
    out, found = step.apply(raw)
    assert raw.info["bads"] == ["HEOG", "O1"]
    assert {"HEOG", "O1", *truth["bad_channels"]} <= set(out.info["bads"])
    assert found["bads"]["O1"] == ["marked"]
    assert set(found["bads"]) == set(out.info["bads"]) - {"HEOG"}
    assert found["skipped"] == []
    noisy = next(name for name, kind in truth["bad_channels"].items() if kind == "noisy")
    assert found["scores"]["hf_noise_z"][noisy] > 5
    np.testing.assert_array_equal(out.get_data(), raw.get_data())


def test_ransac_finds_a_channel_that_is_like_none_of_its_neighbours(raw, truth):
    raw.info["bads"] = list(truth["bad_channels"])
    names = raw.ch_names[:32]
    one, other = (raw.ch_names.index(name) for name in ("O1", "Fp2"))
    raw._data[one] = raw._data[other]  # a wrong plug: correlates well, with the wrong place
    table = find_bad_channels(raw, criteria=("ransac",))
    assert table["reasons"]["O1"] == ["ransac"]
    assert table["ransac_bad_windows"]["O1"] > 0.4
    assert len(table) == len(names)


def test_ransac_is_seeded(raw):
    one, again = (find_bad_channels(raw, random_state=4) for _ in range(2))
    assert one.equals(again)


def test_without_positions_ransac_is_skipped_and_said(raw, truth):
    raw.set_montage(None)
    table = find_bad_channels(raw)
    assert table.attrs["skipped"] == ["ransac: it needs electrode positions"]
    assert set(truth["bad_channels"]) <= set(table.index[table["bad"]])
    assert find_bad_channels(raw, criteria=("flat",)).attrs["skipped"] == []


def test_too_few_channels_for_ransac(clean):
    clean.drop_channels(["Cz"])
    skipped = find_bad_channels(clean).attrs["skipped"]
    assert skipped == ["ransac: it predicts channels from others and needs 16 that are not bad; there are 15"]


def test_too_few_channels_or_seconds_to_compare(clean):
    few = spoil(clean.copy().pick(["Cz", "P7"]), flat="Cz")
    table = find_bad_channels(few)
    assert reasons(table) == {"Cz": ["flat"]}
    assert "at least 3 usable channels" in table.attrs["skipped"][0]
    assert "there are 1 over" in table.attrs["skipped"][0]
    short = find_bad_channels(clean.copy().crop(0, 1.5))
    assert "over 1.5 s" in short.attrs["skipped"][0]
    short = find_bad_channels(clean.copy().crop(0, 4.5))
    assert "ransac" in short.attrs["skipped"][0]


def test_at_a_low_rate_there_is_no_noise_above_50_hz_to_see(clean):
    table = find_bad_channels(clean.resample(100.0), criteria=("hf_noise", "deviation"))
    assert table.attrs["skipped"] == ["hf_noise: at 100 Hz there is no power above 50 Hz"]
    assert "deviation_z" in table


def test_no_eeg(clean):
    with pytest.raises(ValueError, match="looks at EEG channels; this recording has none. Set the channel"):
        find_bad_channels(clean.pick(["HEOG", "VEOG"]))


@pytest.mark.parametrize(("value", "kind"), [(0.0, "flat"), (np.nan, "nan")])
def test_a_dead_recording_is_refused_with_the_reason(clean, value, kind):
    clean._data[:16] = value
    step = FindBadChannels().fit(clean)
    with pytest.raises(
        RuntimeError, match=rf"^All 16 EEG channels are bad \({kind} 16\); at most 50% may be"
    ):
        step.apply(clean)
    assert FindBadChannels(max_fraction=1.0).fit(clean).apply(clean)[0].info["bads"] == clean.ch_names[:16]


def test_too_many_bad_channels_are_counted_by_reason(clean):
    clean._data[:9] = 0.0
    with pytest.raises(RuntimeError, match=r"of 16 EEG channels are bad \(flat 9[,)]"):
        FindBadChannels(criteria=("flat",)).fit_transform(clean)
    clean._data[8] = clean._data[9] + 1e-7 * np.sin(np.arange(clean.n_times))
    assert len(FindBadChannels(criteria=("flat",)).fit_transform(clean).info["bads"]) == 8


def test_unknown_criteria():
    raw = mne.io.RawArray(np.zeros((1, 10)), mne.create_info(1, 100.0, "eeg"), verbose="error")
    with pytest.raises(ValueError, match="of find_bad_channels may hold .*Did you mean 'correlation'?"):
        find_bad_channels(raw, criteria=("corelation",))


def test_interpolation_comes_nearer_to_the_truth_than_noise():
    shared = {"n_images": 10, "n_repetitions": 2, "n_channels": 32, "artifacts": False, "random_state": 5}
    good, _ = eegimg.make_recording(bad_channels=False, **shared)
    spoiled, truth = eegimg.make_recording(bad_channels=True, **shared)
    bads = list(truth["bad_channels"])
    spoiled.info["bads"] = bads
    out, found = Interpolate().apply(spoiled)
    assert found == {"interpolated": [name for name in spoiled.ch_names if name in bads]}
    assert out.info["bads"] == []
    for name in bads:
        wanted, had, got = (inst.get_data(picks=[name])[0] for inst in (good, spoiled, out))
        assert np.corrcoef(wanted, got)[0, 1] > 0.8
        assert np.std(got - wanted) < 0.6 * np.std(had - wanted)
    others = [name for name in good.ch_names if name not in bads]
    np.testing.assert_array_equal(out.get_data(picks=others), spoiled.get_data(picks=others))


def test_a_channel_of_missing_samples_is_rebuilt(clean):
    spoil(clean, nan="Cz").info["bads"] = ["Cz", "HEOG"]
    out = Interpolate().transform(clean)
    assert np.isfinite(out.get_data()).all()
    assert out.info["bads"] == ["HEOG"]


def test_nothing_to_interpolate(clean):
    clean.set_montage(None)
    clean.info["bads"] = ["VEOG"]
    out, found = Interpolate().apply(clean)
    assert found == {"interpolated": []}
    assert out.info["bads"] == ["VEOG"]
    np.testing.assert_array_equal(out.get_data(), clean.get_data())


def test_interpolation_needs_positions_and_neighbours(clean):
    few = clean.copy().pick(clean.ch_names[:5])
    few.info["bads"] = few.ch_names[:2]
    with pytest.raises(
        RuntimeError, match="from at least 4 good EEG channels; 3 are left. Leave the step out"
    ):
        Interpolate().transform(few)
    clean.set_montage(None).info["bads"] = ["Cz"]
    with pytest.raises(RuntimeError, match="'Cz' from neighbours and needs electrode positions. Add electr"):
        Interpolate().transform(clean)


def test_epochs_are_interpolated_too(epochs):
    epochs.info["bads"] = ["Cz"]
    epochs._data[:, epochs.ch_names.index("Cz")] = 0
    out = Interpolate().transform(epochs)
    assert out.get_data(picks=["Cz"]).std() > 1e-6
    assert out.info["bads"] == []


def test_bad_channels_of_an_average_reference_stay_out_of_interpolation(raw, truth):
    raw.info["bads"] = list(truth["bad_channels"])
    out = Interpolate().transform(Rereference().transform(raw))
    assert out.info["bads"] == []
    assert out.get_data(picks="eeg").std() < 60e-6


def test_all_live_channels_marked(clean):
    clean.info["bads"] = clean.ch_names[:16]
    table = find_bad_channels(clean)
    assert all(row[0] == "marked" for row in table["reasons"])
    assert table.attrs["skipped"]


@pytest.mark.filterwarnings("ignore:This filename")
def test_a_recording_on_disk_is_read_once_and_stays_there(clean, tmp_path, monkeypatch):
    clean.info["bads"] = ["HEOG"]
    clean.save(tmp_path / "a_raw.fif", fmt="double", verbose="error")
    on_disk = mne.io.read_raw_fif(tmp_path / "a_raw.fif", preload=False, verbose="error")
    reads = []
    read = type(on_disk)._read_segment
    monkeypatch.setattr(
        type(on_disk),
        "_read_segment",
        lambda self, *args, **kwargs: reads.append(1) or read(self, *args, **kwargs),
    )
    assert find_bad_channels(on_disk).equals(find_bad_channels(clean))
    assert len(reads) == 1
    assert not on_disk.preload
