"""THINGS-EEG2, raw: samples, codes and pictures come back as published, and wrong files are told."""

import mne
import numpy as np
import pytest
import scipy.io
from twins import planted
from twins import things_eeg2 as twin

import eegimg

PARTS = ("train", "test")


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Return a folder with two subjects of three sessions, and what was planted in them."""
    folder = tmp_path_factory.mktemp("things") / "raw_data"
    return folder, twin.write_things_eeg2(folder, "raw", n_subjects=2, n_sessions=3)


def test_a_recording_is_a_session_with_its_training_and_its_test_run(raw, facts, open_source):
    folder, truth = raw
    source = open_source(folder)
    assert source.description is None
    assert len(source.files) == 13
    assert [(one.subject, one.session) for one in source.recordings] == list(truth["recordings"])
    assert {one.task for one in source.recordings} == {facts.task}
    for recording in (source.recordings[0], source.recordings[4]):
        content, parts = recording.load(), truth["recordings"][recording.subject, recording.session]
        assert (content.unit, content.sfreq) == ("V", 1000.0)
        assert content.ch_names == facts.ch_names
        for segment, part in enumerate(PARTS):
            np.testing.assert_array_equal(content.segments[segment], parts[part]["data"])
            events = content.events[content.events["segment"] == segment]
            is_picture = parts[part]["codes"] != twin.TARGET
            np.testing.assert_array_equal(events["sample"], parts[part]["samples"][is_picture])
            np.testing.assert_array_equal(events["source_index"], np.flatnonzero(is_picture))
            pictures = parts[part]["codes"][is_picture] - 1
            files = np.array(truth["metadata"][f"{part}_img_files"])[pictures]
            assert list(events["image"] + ".jpg") == list(files)
            assert set(events["split"]) == {part}
        assert (
            content.where(0)
            == f"sub-{recording.subject}/ses-{recording.session}/raw_eeg_training.npy, raw_eeg_data"
        )
        assert content.where(1).endswith("raw_eeg_test.npy, raw_eeg_data")


def test_events_say_what_was_shown(raw, load):
    events = load(raw[0]).events
    assert list(events) == (
        "segment sample duration trial_type image image_path concept label repetition split source_index".split()
    )
    assert (events["duration"] == 0.1).all()
    train = events[events["split"] == "train"]
    one = train[train["concept"] == "acorn"].iloc[0]
    assert one["image_path"] == "training_images/00004_acorn/acorn_01b.jpg"
    assert (one["trial_type"], one["label"]) == ("acorn", 3)
    test = events[events["split"] == "test"]
    one = test[test["concept"] == "aircraft_carrier"].iloc[0]
    assert one["image_path"] == "test_images/00001_aircraft_carrier/aircraft_carrier_01b.jpg"
    assert (one["image"], one["label"]) == ("aircraft_carrier_01b", 0)
    assert not set(train["concept"]) & set(test["concept"])


def test_repetitions_count_on_over_sessions_whichever_is_loaded_first(raw, open_source, load):
    folder, _ = raw
    in_order = [recording.load().events for recording in open_source(folder).recordings]
    alone = load(folder, number=2).events
    np.testing.assert_array_equal(alone["repetition"], in_order[2]["repetition"])
    # The third session shows the training pictures of the first again; test pictures are in all.
    for number, part, expected in ((0, "train", {1, 2}), (1, "train", {1, 2}), (2, "train", {3, 4})):
        events = in_order[number]
        assert set(events.loc[events["split"] == part, "repetition"]) == expected
    for number in range(3):
        events = in_order[number]
        counts = set(events.loc[events["split"] == "test", "repetition"])
        assert counts == set(range(4 * number + 1, 4 * number + 5))
    # The second subject starts anew.
    assert in_order[3]["repetition"].min() == 1


def test_a_missing_session_is_told(small, open_source):
    folder = small()
    (folder / "sub-01" / "ses-01").rename(folder / "sub-01" / "ses-03")
    remarks = open_source(folder).remarks
    assert "sub-01 lacks the sessions '01' and '02': 'repetition' counts from what is there." in remarks


def test_planted_concepts_can_be_decoded(tmp_path, load):
    twin.write_things_eeg2(
        tmp_path, "raw", n_sessions=1, n_repetitions=15, ch_names=twin.POSTERIOR, gain=12.0
    )
    content = load(tmp_path)
    events = content.events[content.events["split"] == "train"]
    trials = np.array([content.segments[0][:, sample : sample + 200] for sample in events["sample"]])
    assert planted.decoding_accuracy(trials, events["concept"]) > 0.6
    shifted = np.roll(events["concept"], 1)
    assert planted.decoding_accuracy(trials, shifted) < 0.5


def test_the_recipe_cuts_epochs_as_the_authors_do(raw, load):
    content = load(raw[0])
    info = mne.create_info(list(content.ch_names), content.sfreq, "eeg")
    recording = mne.io.RawArray(content.segments[0], info, verbose="error")
    events = content.events[content.events["segment"] == 0]
    extras = events[["image_path", "image", "concept", "split"]].to_dict("records")
    recording.set_annotations(
        mne.Annotations(events["sample"] / content.sfreq, 0.1, events["trial_type"], extras=extras)
    )
    expected = mne.Epochs(
        recording,
        np.column_stack([events["sample"], np.zeros_like(events["sample"]), events["label"] + 1]),
        tmin=-0.2,
        tmax=0.8,
        baseline=(None, 0),
        picks=mne.pick_channels_regexp(recording.ch_names, "^O *|^P *"),
        preload=True,
        verbose="error",
    ).resample(100)
    assert expected.get_data().shape == (len(events), 17, 100)
    recipe = eegimg.read_recipe("things_eeg2")
    *cutting, whitening = recipe.steps
    epochs = eegimg.Pipeline(*cutting).fit_transform(recording)
    assert epochs.ch_names == expected.ch_names
    np.testing.assert_allclose(epochs.times, expected.times)
    np.testing.assert_allclose(epochs.get_data(), expected.get_data(), rtol=0, atol=1e-15)
    assert whitening == eegimg.preprocessing.MVNN()
    white = recipe.fit_transform(recording, split="split")
    np.testing.assert_array_equal(white.get_data(), whitening.transform(epochs).get_data())


PUBLISHED = {
    "train_img_concepts": [f"{n // 10 + 1:05d}_thing{n // 10}" for n in range(16540)],
    "train_img_files": [f"thing{n // 10}_{n % 10 + 1:02d}s.jpg" for n in range(16540)],
    "test_img_concepts": [f"{n + 1:05d}_test{n}" for n in range(200)],
    "test_img_files": [f"test{n}_01b.jpg" for n in range(200)],
}


@pytest.mark.data
def test_the_published_orders_are_numbered_over_sessions(test_data, tmp_path, open_source):
    orders = [
        scipy.io.loadmat(test_data / "things_meta" / f"stimOrder_sub-1_sess-{n}.mat")["stimOrder"]
        for n in (1, 2, 3, 4)
    ]
    # Trials in time: sequences within runs; the first axis changes slowest.
    codes = [{"train": order.astype(int).ravel(), "test": np.arange(201)} for order in orders]
    twin.write_things_eeg2(
        tmp_path, "raw", n_concepts=1654, n_images=10, n_test_concepts=4, ch_names=("Oz", "Pz"),
        orders=[{"train": np.array([1]), "test": np.array([1])}],
    )  # fmt: skip
    np.save(tmp_path / "image_metadata.npy", PUBLISHED)
    _write_codes(tmp_path, codes)
    shown = {}
    for recording, order in zip(open_source(tmp_path).recordings, orders, strict=True):
        events = recording.load().events
        train = events[events["split"] == "train"]
        assert len(train) == order.size - 90  # the catch trials of a session
        assert train["image"].nunique() == 8270
        for image, repetition in zip(train["image"], train["repetition"], strict=True):
            shown.setdefault(image, []).append(repetition)
        np.testing.assert_array_equal(train["label"], (order[order > 0].astype(int) - 1) // 10)
    assert len(shown) == 16540
    assert all(counts == list(range(1, len(counts) + 1)) for counts in shown.values())
    n_shown = np.array([len(counts) for counts in shown.values()])
    assert n_shown.min() == 4
    assert n_shown.max() == 6
    assert (n_shown > 4).sum() == 674


def _write_codes(folder, sessions):
    """Write runs of two channels in which a picture follows every fourth sample."""
    rng = np.random.default_rng(0)
    for session, parts in enumerate(sessions, 1):
        for part, name in twin.PARTS.items():
            codes = np.where(parts[part] == 0, twin.TARGET, parts[part])
            stim = np.zeros(4 * len(codes) + 4)
            stim[2:-2:4] = codes
            eeg = 1e-5 * rng.standard_normal((2, len(stim)))
            place = folder / "sub-01" / f"ses-{session:02d}"
            place.mkdir(parents=True, exist_ok=True)
            table = {
                "raw_eeg_data": np.vstack([eeg, stim]), "ch_names": ["Oz", "Pz", "stim"],
                "ch_types": ["eeg", "eeg", "stim"], "sfreq": 1000, "highpass": 0.01, "lowpass": 100,
            }  # fmt: skip
            np.save(place / f"raw_eeg_{name}.npy", table)


def test_held_codes_and_codes_that_rise_from_one_to_another_are_events(small, load):
    def hold(data):
        data[-1] = 0
        data[-1, 100:110] = 2
        data[-1, 110:120] = 5  # rises from 2
        data[-1, 120:130] = 3  # falls: the end of an event
        data[-1, 200] = twin.TARGET
        data[-1, 300] = 8
        return data

    folder = small(raw_eeg_data=hold)
    events = load(folder).events
    train = events[events["split"] == "train"]
    assert list(train["sample"]) == [100, 110, 300]
    assert list(train["source_index"]) == [0, 1, 3]
    assert list(train["label"]) == [0, 2, 3]
    # The authors' way.
    table = np.load(folder / "sub-01" / "ses-01" / "raw_eeg_training.npy", allow_pickle=True).item()
    info = mne.create_info(table["ch_names"], table["sfreq"], table["ch_types"])
    raw = mne.io.RawArray(table["raw_eeg_data"], info, verbose="error")
    found = mne.find_events(raw, stim_channel="stim", verbose="error")
    assert list(train["sample"]) == list(found[found[:, 2] != twin.TARGET, 0])


def test_a_stim_channel_that_is_not_the_last_is_found_by_its_type(small, load):
    folder = small(
        raw_eeg_data=lambda data: data[[2, 0, 1]],
        ch_names=lambda names: [names[row] for row in (2, 0, 1)],
        ch_types=["stim", "eeg", "eeg"],
    )
    other = load(small())
    small(
        raw_eeg_data=lambda data: data[[2, 0, 1]],
        ch_names=lambda names: [names[row] for row in (2, 0, 1)],
        ch_types=["stim", "eeg", "eeg"],
    )
    content = load(folder)
    assert content.ch_names == ("Oz", "Pz")
    np.testing.assert_array_equal(content.segments[0], other.segments[0])
    assert content.events.equals(other.events)


@pytest.mark.parametrize(("factor", "unit"), [(1.0, "V"), (1e6, "uV")])
def test_the_unit_is_told_by_size(small, factor, unit, load):
    folder = small()
    for file in folder.rglob("raw_eeg_*.npy"):
        table = np.load(file, allow_pickle=True).item()
        table["raw_eeg_data"][:-1] *= factor
        table["raw_eeg_data"][0, 5] = np.nan  # another check's business
        np.save(file, table)
    content = load(folder)
    assert content.unit == unit
    assert 1e-6 < np.nanstd(content.segments[1]) / factor < 1e-4


WRONG_RAW = [
    ({"raw_eeg_data": lambda data: np.vstack([data[:-1] * 1e3, data[-1:]])}, "standard deviation of 0.01.*, so that this is neither volts nor microvolts. Take"),
    ({"raw_eeg_data": lambda data: np.vstack([data[:-1] * 1e6, data[-1:]])}, "^By their size sub-01/ses-01/raw_eeg_training.npy is in uV and .*test.npy in V"),
    ({"raw_eeg_data": None}, "^sub-01/ses-01/raw_eeg_training.npy lacks the key 'raw_eeg_data'; it has 'ch_names'"),
    ({"sfreq": None, "ch_types": None}, "lacks the keys 'ch_types' and 'sfreq'"),
    ({"raw_eeg_data": lambda data: data[0]}, r"'raw_eeg_data' must be numbers of the shape \(channels, samples\). It is float64 of the shape"),
    ({"raw_eeg_data": lambda data: data[1:]}, "'ch_names' has 3 names for 2 channels of samples"),
    ({"ch_names": ["Oz", "Oz", "stim"]}, "'ch_names' has 'Oz' more than once"),
    ({"ch_names": ["Pz", "Oz", "stim"]}, "must have the same channels in the same order. They differ in their order"),
    ({"ch_names": ["Oz", "POz", "stim"]}, "They differ in 'POz' and 'Pz'"),
    ({"ch_types": ["eeg", "eeg", "eeg"]}, "'ch_types' must say 'eeg' for all 3 channels but one, 'stim'. It has 3 eeg"),
    ({"ch_types": ["eeg", "misc", "stim"]}, "It has 1 eeg, 1 misc, 1 stim"),
    ({"sfreq": 500}, "'sfreq' must be 1000 Hz, as published. It is 500"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "sentence"), WRONG_RAW, ids=[sentence for _, sentence in WRONG_RAW])
def test_a_wrong_raw_file_is_told(small, changed, sentence, load):
    with pytest.raises(ValueError, match=sentence):
        load(small(**changed))


@pytest.mark.parametrize(("code", "written"), [(9, "9"), (2.5, "2.5"), (np.nan, "nan"), (70000, "70000")])
def test_a_code_without_a_picture_is_told_with_its_place(small, code, written, load):
    def spoil(data):
        data[-1, 77] = code
        return data

    with pytest.raises(
        ValueError,
        match=f"^sub-01/ses-01/raw_eeg_training.npy: the channel 'stim' has the code {written} at sample 77; "
        "image_metadata.npy has the pictures 1 to 8. The two do not belong together.$",
    ):
        load(small(raw_eeg_data=spoil))


def test_a_silent_stim_channel_is_told(small, load):
    with pytest.raises(ValueError, match="raw_eeg_test.npy: the channel 'stim' has no code above 0"):
        load(small("test", raw_eeg_data=lambda data: data * [[1], [1], [0]]))
