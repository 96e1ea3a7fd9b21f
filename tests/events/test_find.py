"""What marks an event, and what is known of it."""

import mne
import numpy as np
import pytest

from eegimg.events import find_events, stimulus_annotations
from eegimg.preprocessing import MakeEpochs


def recording(descriptions, onsets=None, extras=None, first=0.0, duration=0.1):
    """Make one channel of 20 s at 100 Hz, cropped at its start, with annotations a second apart."""
    onsets = np.arange(1.0, 1.0 + len(descriptions)) if onsets is None else onsets
    data = 1e-6 * np.random.default_rng(0).standard_normal((1, int(100 * (20 + first))))
    raw = mne.io.RawArray(data, mne.create_info(["Cz"], 100.0, "eeg"), verbose="error")
    raw.set_annotations(
        mne.Annotations(np.add(onsets, first), duration, descriptions, extras=extras or [{}] * len(onsets))
    )
    return raw.crop(first)


def test_marks_are_no_events_whatever_their_case():
    marks = ["BAD_segment", "bad", "EDGE boundary", "boundary", "New Segment/", "Comment/x"]
    assert stimulus_annotations(recording([*marks, "face", "house", "face"])) == ["face", "house"]
    assert stimulus_annotations(recording(marks)) == []


@pytest.mark.parametrize("nothing", ["n/a", "", "nan", None, float("nan")])
def test_events_with_a_picture_are_chosen_alone(nothing):
    extras = [{"stim_file": "a.png"}, {"stim_file": nothing}, {}]
    assert stimulus_annotations(recording(["face", "button", "cue"], extras=extras)) == ["face"]


@pytest.mark.parametrize("first", [0.0, 3.0])
def test_a_badger_is_a_picture_and_no_bad_span(first):
    extras = [{"stim_file": "badger.png"}, {}, {"stim_file": "edge_tool.png"}, {}, {"stim_file": "badge.png"}]
    names = ["badger", "boundary", "edge tool", "BAD_move", "badge"]
    # The last picture is shown inside a span that is really bad.
    raw = recording(names, onsets=[1.0, 2.5, 4.0, 7.9, 8.0], extras=extras, first=first, duration=0.3)
    epochs = MakeEpochs(tmin=-0.1, tmax=0.2).transform(raw)
    assert list(epochs.metadata["image"]) == ["badger", "edge_tool"]
    assert list(epochs.events[:, 0] - raw.first_samp) == [100, 400]
    assert epochs.drop_log[-1] == ("BAD_move",)
    everything = MakeEpochs(tmin=-0.1, tmax=0.2, reject_by_annotation=False).transform(raw)
    assert len(everything) == 3


def test_marks_that_are_asked_for_by_name_are_events():
    events, event_id, metadata, source = find_events(recording(["Comment/left", "face"]), ["Comment/left"])
    assert (event_id, source, len(events)) == ({"Comment/left": 1}, "annotations", 1)
    assert list(metadata["event"]) == ["Comment/left"]


def test_metadata_stay_with_their_events_when_onsets_meet():
    extras = [{"n": str(k), "stim_file": f"{k}.png"} for k in range(4)]
    raw = recording(["b", "a", "b", "a"], onsets=[1.0, 1.004, 2.0, 3.0], extras=extras)
    events, event_id, metadata, _ = find_events(raw)
    assert event_id == {"a": 1, "b": 2}
    codes = {name: code for name, code in event_id.items()}
    assert [codes[name] for name in metadata["event"]] == events[:, 2].tolist()
    assert sorted(metadata["n"].astype(int)) == [0, 1, 2, 3]
    assert metadata["image"].astype(int).tolist() == metadata["n"].astype(int).tolist()


@pytest.mark.parametrize(
    ("file", "image", "path"),
    [
        ("faces/a.b.png", "a.b", "faces/a.b.png"),
        ("faces\\a.png", "a", "faces/a.png"),
        ("../../etc/passwd", "passwd", "../../etc/passwd"),
        ("<script>.png", "<script>", "<script>.png"),
    ],
)
def test_a_stimulus_name_is_text_and_never_opened(file, image, path):
    _, _, metadata, _ = find_events(recording(["x"], extras=[{"stim_file": file}]))
    assert (metadata["image"][0], metadata["image_path"][0]) == (image, path)


def test_columns_of_the_table_win_over_what_the_file_name_says():
    extras = [{"stim_file": "a.png", "image": "other"}]
    assert find_events(recording(["x"], extras=extras))[2]["image"][0] == "other"


def test_codes_asked_for_are_kept():
    _, event_id, _, _ = find_events(recording(["a", "b", "c"]), {"c": 30, "a": 10})
    assert event_id == {"c": 30, "a": 10}


def with_stim(codes):
    raw = recording([])
    stim = np.zeros((1, raw.n_times))
    for position, code in enumerate(codes):
        stim[0, 100 * (position + 1) : 100 * (position + 1) + 5] = code
    info = mne.create_info(["STI"], 100.0, "stim")
    return raw.add_channels([mne.io.RawArray(stim, info, verbose="error")], force_update_info=True)


def test_a_stim_channel():
    raw = with_stim([1, 2, 1])
    events, event_id, metadata, source = find_events(raw)
    assert (event_id, source) == ({"1": 1, "2": 2}, "STI")
    assert events[:, 0].tolist() == [100, 200, 300]
    assert list(find_events(raw, {"face": 1})[2]["event"]) == ["face", "face"]
    raw.set_annotations(mne.Annotations([0.5], [0], ["face"]))
    assert find_events(raw)[3] == "annotations"
    assert find_events(raw, stim_channel="STI")[3] == "STI"


@pytest.mark.parametrize(
    ("codes", "arguments", "sentence"),
    [
        ([], {}, "the stim channel 'STI' never leaves zero. Name another"),
        ([1], {"stim_channel": "ST"}, "asked for the stim channel 'ST'; .* Did you mean 'STI'"),
        ([4], {"event_id": ["face"]}, r"must map names to codes .* for example \{'face': 4\}. Got"),
        ([4], {"event_id": {"face": 5}}, r"asked for the codes \[5\]; the stim channel 'STI' has \[4\]"),
    ],
)
def test_a_stim_channel_that_does_not_serve(codes, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        find_events(with_stim(codes), **arguments)


def test_no_events_and_wrong_names():
    with pytest.raises(ValueError, match="no annotations that mark events and no stim channel. Add an"):
        find_events(recording(["boundary"]))
    with pytest.raises(ValueError, match="events 'fase'; the recording has 'face'. Did you mean 'face'"):
        find_events(recording(["face"]), ["fase"])
