"""Recordings as they come: every format, events with their columns, and what is wrong with a file."""

import numpy as np
import pandas as pd
import pytest

from eegimg.bids import find_recordings, read_events_table, read_raw
from eegimg.preprocessing import MakeEpochs, Notch


def events_file(path):
    return path.copy().update(suffix="events", extension=".tsv").fpath


def rewrite_events(path, change):
    """Change the table of a recording's events, every cell as text."""
    file = events_file(path)
    table = change(pd.read_csv(file, sep="\t", dtype=str, keep_default_na=False))
    table.to_csv(file, sep="\t", index=False)


def extras(raw, key):
    return [annotation["extras"].get(key) for annotation in raw.annotations]


@pytest.mark.parametrize("format", ["BrainVision", "EDF", "BDF", "EEGLAB", "FIF"])
def test_samples_units_events_and_places_arrive_in_every_format(make_raw, write_bids, digests, format):
    raw = make_raw()
    path = write_bids(raw, format, session="x", run="02")
    before = digests(path.root)
    (found,) = find_recordings(path.root)
    back = read_raw(found)
    assert digests(path.root) == before
    # 16 bits over the range of the data, in volts: 1 nV is a thousandth of what an amplifier resolves.
    np.testing.assert_allclose(back.get_data()[:, : raw.n_times], raw.get_data(), rtol=0, atol=1e-9)
    assert back.ch_names == raw.ch_names
    assert back.info["line_freq"] == 50.0
    assert list(back.annotations.description) == list(raw.annotations.description)
    np.testing.assert_allclose(back.annotations.onset, raw.annotations.onset, atol=1e-9)
    assert extras(back, "image") == extras(raw, "image")
    assert extras(back, "source_index") == list(range(len(raw.annotations)))
    assert set(extras(back, "subject")) == {"01"}
    assert set(extras(back, "session")) == {"x"}
    assert set(extras(back, "run")) == {"02"}
    assert back.info["temp"] == {
        "positions": "electrodes.tsv",
        "unit": "V",
        "reference": "n/a",
        "remarks": [],
    }
    for name, place in raw.get_montage().get_positions()["ch_pos"].items():
        np.testing.assert_allclose(back.get_montage().get_positions()["ch_pos"][name], place, atol=1e-4)


def test_a_recording_that_starts_late_keeps_its_rows(make_raw, write_bids):
    raw = make_raw(seconds=30).crop(tmin=4.5)
    raw.set_meas_date(1_600_000_000)
    path = write_bids(raw, "FIF")
    back = read_raw(path)
    assert back.first_samp > 0
    table = read_events_table(path)
    assert extras(back, "source_index") == list(range(len(table)))
    assert [table.at[row, "image"] for row in extras(back, "source_index")] == extras(back, "image")
    np.testing.assert_allclose(back.annotations.onset - back.first_time, table["onset"], atol=1e-6)


def test_rows_are_numbered_where_readers_leave_some_out(make_raw, write_bids):
    path = write_bids(make_raw())

    def spoil(table):
        table.loc[3, "trial_type"] = "n/a"
        table.loc[5, "onset"] = "n/a"
        table.loc[7, "duration"] = "n/a"
        return table

    rewrite_events(path, spoil)
    raw = read_raw(path)
    assert extras(raw, "source_index") == [row for row in range(17) if row not in (3, 5)]
    assert extras(raw, "image")[4] == "face_06"


def test_rows_at_one_onset_are_told_apart(make_raw, write_bids):
    path = write_bids(make_raw())
    table = pd.DataFrame(
        {
            "onset": ["2.0", "2.0", "4.0", "4.0", "6.0000004", "6.0000004", "5.0"],
            "duration": ["0.1", "0.1", "0.2", "0.5", "0.1", "0.1", "0.1"],
            "trial_type": ["house", "face", "face", "face", "face", "face", "face"],
            "image": ["h", "f", "short", "long", "first", "second", "out of order"],
        }
    )
    rewrite_events(path, lambda _: table)
    raw = read_raw(path)
    rows = extras(raw, "source_index")
    assert sorted(rows) == list(range(7))
    assert [table.at[row, "image"] for row in rows] == extras(raw, "image")
    assert [table.at[row, "trial_type"] for row in rows] == list(raw.annotations.description)


def test_names_that_mne_bids_makes_from_two_columns_find_their_rows(make_raw, write_bids):
    path = write_bids(make_raw())
    table = pd.DataFrame(
        {
            "onset": ["2.0", "2.0", "3.0"],
            "duration": ["0", "0", "0"],
            "trial_type": ["face", "face", "face"],
            "value": ["12", "11", "11"],
            "image": ["a", "b", "c"],
        }
    )
    rewrite_events(path, lambda _: table)
    raw = read_raw(path)
    assert set(raw.annotations.description) == {"face/11", "face/12"}
    assert [table.at[row, "image"] for row in extras(raw, "source_index")] == extras(raw, "image")


def test_names_of_digits_keep_their_zeros(make_raw, write_bids):
    path = write_bids(make_raw())
    rewrite_events(
        path,
        lambda table: table.assign(image=[f"{i:05d}" for i in range(len(table))], trial="7", stim_file="n/a"),
    )
    raw = read_raw(path)
    assert extras(raw, "image")[:2] == ["00000", "00001"]
    assert extras(raw, "trial")[0] == 7
    assert read_events_table(path).at[2, "image"] == "00002"
    assert MakeEpochs(tmax=0.5).transform(raw).metadata["image"].iloc[3] == "00003"


def test_an_own_source_index_is_left_alone(make_raw, write_bids):
    path = write_bids(make_raw())
    rewrite_events(path, lambda table: table.assign(source_index=[str(100 + i) for i in range(len(table))]))
    assert extras(read_raw(path), "source_index")[:2] == [100, 101]


def test_events_of_a_task_may_stand_at_the_top(make_raw, write_bids):
    path = write_bids(make_raw())
    events_file(path).rename(path.root / "task-images_events.tsv")
    raw = read_raw(path)
    assert len(read_events_table(path)) == 17
    assert extras(raw, "source_index") == list(range(17))


def test_without_events_a_recording_is_read(make_raw, write_bids):
    path = write_bids(make_raw())
    events_file(path).unlink()
    assert read_events_table(path) is None
    raw = read_raw(path)
    assert "source_index" not in {key for annotation in raw.annotations for key in annotation["extras"]}


def test_events_without_onsets_are_named(make_raw, write_bids):
    path = write_bids(make_raw())
    rewrite_events(path, lambda table: table.rename(columns={"onset": "time"}))
    with pytest.raises(RuntimeError, match="onset"):
        read_raw(path)


def test_events_past_the_end_raise_or_are_dropped_and_counted(make_raw, write_bids):
    path = write_bids(make_raw())

    def add(table):
        late = table.iloc[:2].assign(onset=["20.5", "99"])
        return pd.concat([table, late], ignore_index=True)

    rewrite_events(path, add)
    with pytest.raises(
        RuntimeError, match=r"2 of 19 events of \S+.vhdr lie past the end .*\(20 s; last .* 99 s"
    ):
        read_raw(path)
    raw = read_raw(path, events_past_end="drop")
    assert len(raw.annotations) == 17
    assert [text for text in raw.info["temp"]["remarks"] if "2 of 19 events" in text and "dropped" in text]
    with pytest.raises(
        ValueError, match="must be 'raise' or 'drop'. Got 'dropp' instead. Did you mean 'drop'"
    ):
        read_raw(path, events_past_end="dropp")


def test_events_before_the_start_are_counted(make_raw, write_bids):
    path = write_bids(make_raw())
    rewrite_events(path, lambda table: table.assign(onset=["-3", *table["onset"][1:]]))
    raw = read_raw(path)
    assert extras(raw, "source_index") == list(range(1, 17))
    assert raw.info["temp"]["remarks"] == ["1 of 17 events lie before the recording and were left out."]


def test_an_empty_file_is_named(make_raw, write_bids):
    path = write_bids(make_raw())
    data = path.fpath.with_suffix(".eeg")
    data.write_bytes(b"")
    with pytest.raises(RuntimeError, match=r"sub-01_task-images_eeg.eeg is empty \(0 bytes\)"):
        read_raw(path)
    path.fpath.write_bytes(b"")
    with pytest.raises(RuntimeError, match=r"_eeg\.(eeg|vhdr) is empty"):
        read_raw(path)


@pytest.mark.parametrize("format", ["BrainVision", "EDF", "BDF"])
@pytest.mark.parametrize("stated", [True, False])
def test_a_truncated_file_is_refused(make_raw, write_bids, edit_json, format, stated):
    path = write_bids(make_raw(), format)
    rewrite_events(path, lambda table: table.iloc[:3])
    if not stated:
        edit_json(path.fpath.with_suffix(".json"), RecordingDuration=None)
    data = path.fpath.with_suffix(".eeg") if format == "BrainVision" else path.fpath
    whole = data.read_bytes()
    data.write_bytes(whole[: len(whole) // 2 + 1])
    with pytest.raises(RuntimeError, match=f"{path.fpath.name} is truncated.*Copy the file again"):
        read_raw(path)


def test_a_shorter_recording_that_says_so_is_read(make_raw, write_bids, edit_json):
    path = write_bids(make_raw(), "EDF")
    whole = path.fpath.read_bytes()
    path.fpath.write_bytes(whole[: len(whole) - 4096])
    rewrite_events(path, lambda table: table.iloc[:3])
    edit_json(path.fpath.with_suffix(".json"), RecordingDuration=15.0)
    raw = read_raw(path)
    assert 15 < raw.times[-1] < 19.9


@pytest.mark.parametrize("format", ["EEGLAB", "FIF", "EDF", "BDF"])
def test_a_file_of_something_else_is_one_sentence(make_raw, write_bids, format):
    path = write_bids(make_raw(), format)
    path.fpath.write_bytes(
        path.fpath.read_bytes()[:100] if format == "EEGLAB" else b"\x89PNG not EEG at all" * 50
    )
    with pytest.raises(RuntimeError, match=f"{path.fpath.name} cannot be read: ") as caught:
        read_raw(path)
    assert "\n" not in str(caught.value)


def test_channels_that_do_not_match_their_table_are_refused(make_raw, write_bids):
    path = write_bids(make_raw())
    table = path.copy().update(suffix="channels", extension=".tsv").fpath
    table.write_text(table.read_text().replace("F3", "FX"))
    with pytest.raises(RuntimeError, match=r"cannot be read: Channel mismatch.*channels.tsv"):
        read_raw(path)


def test_bad_channels_of_the_dataset_are_marked(make_raw, write_bids):
    raw = make_raw()
    raw.info["bads"] = ["P4"]
    assert read_raw(write_bids(raw)).info["bads"] == ["P4"]


def test_a_missing_line_frequency_can_be_given_and_notch_asks_for_it(make_raw, write_bids, edit_json):
    path = write_bids(make_raw())
    edit_json(path.fpath.with_suffix(".json"), PowerLineFrequency="n/a")
    raw = read_raw(path)
    assert raw.info["line_freq"] is None
    with pytest.raises(RuntimeError, match="Notch.*power line frequency.*PowerLineFrequency.*--line-freq"):
        Notch().transform(raw)
    assert read_raw(path, line_freq=60).info["line_freq"] == 60.0
    edit_json(path.fpath.with_suffix(".json"), PowerLineFrequency=50)
    assert read_raw(path, line_freq=60).info["line_freq"] == 50.0


def test_a_split_recording_is_read_whole(make_raw, write_bids, tmp_path):
    raw = make_raw(sfreq=1000.0, seconds=100.0)
    path = write_bids(make_raw(sfreq=1000.0, seconds=100.0, names=["Fz", "Cz"]), "FIF")
    path.fpath.unlink()
    path.copy().update(suffix="channels", extension=".tsv").fpath.unlink()
    raw.save(path.fpath, split_size="2MB", split_naming="bids", verbose="error")
    (found,) = find_recordings(path.root)
    assert found.split == "01"
    back = read_raw(found)
    assert back.n_times == raw.n_times
    assert extras(back, "source_index") == list(range(len(raw.annotations)))


def test_the_reference_is_remembered(make_raw, write_bids, edit_json):
    path = write_bids(make_raw())
    edit_json(path.fpath.with_suffix(".json"), EEGReference="FCz")
    assert read_raw(path).info["temp"]["reference"] == "FCz"


def test_eye_channels_without_places_are_nothing_to_remark(make_raw, write_bids):
    raw = make_raw()
    raw.set_channel_types({raw.ch_names[-1]: "eog"}, verbose="error")
    raw.info["chs"][-1]["loc"][:3] = np.nan
    back = read_raw(write_bids(raw))
    assert back.get_channel_types()[-1] == "eog"
    assert back.info["temp"] == {
        "positions": "electrodes.tsv",
        "unit": "V",
        "reference": "n/a",
        "remarks": [],
    }


def test_nothing_is_said_on_the_screen(make_raw, write_bids, capfd):
    path = write_bids(make_raw(), "EEGLAB")
    capfd.readouterr()
    read_raw(path)
    assert capfd.readouterr() == ("", "")
