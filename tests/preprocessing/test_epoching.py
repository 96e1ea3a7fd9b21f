"""Every epoch knows its image, and every lost one has a reason."""

import mne
import numpy as np
import pytest

from eegimg.events import find_events, stimulus_annotations
from eegimg.preprocessing import MakeEpochs, RejectPeakToPeak


def test_metadata_follows_the_events(clean, epochs):
    assert len(epochs) == len(clean.annotations)
    assert list(epochs.metadata["event"]) == list(clean.annotations.description)
    assert list(epochs.metadata["image"]) == [extra["image"] for extra in clean.annotations.extras]
    assert list(epochs.metadata.columns[:3]) == ["event", "image", "image_path"]
    names = {code: name for name, code in epochs.event_id.items()}
    assert [names[code] for code in epochs.events[:, 2]] == list(epochs.metadata["concept"])
    assert epochs.metadata["repetition"].dtype.kind in "iu"


def test_the_baseline_is_subtracted_or_left(clean):
    corrected = MakeEpochs(tmin=-0.2, tmax=0.5).transform(clean)
    np.testing.assert_allclose(corrected.copy().crop(None, 0.0).get_data().mean(axis=-1), 0, atol=1e-12)
    assert MakeEpochs(baseline=None).transform(clean).baseline is None
    with pytest.raises(ValueError, match="'baseline' parameter of MakeEpochs must lie between"):
        MakeEpochs(baseline=(-0.5, 0)).transform(clean)


def test_marks_are_no_events_and_bad_spans_drop_epochs(clean):
    n_events = len(clean.annotations)
    first = clean.annotations.onset[0]
    clean.annotations.append([first, 1.0, 2.0], [0.1, 0.0, 0.0], ["BAD_jump", "boundary", "New Segment/"])
    epochs, found = MakeEpochs().apply(clean)
    assert found["n_events"] == n_events
    assert found["dropped"] == {"BAD_jump": n_events - len(epochs)}
    assert len(epochs) < n_events
    assert sum(found["conditions"].values()) == n_events
    assert len(MakeEpochs(reject_by_annotation=False).transform(clean)) == n_events


def test_events_with_a_picture_come_before_others(clean):
    clean.annotations.append(5.0, 0.0, "button")
    assert "button" not in stimulus_annotations(clean)
    assert "button" in MakeEpochs(event_id=["button"]).transform(clean).event_id
    clean.annotations.append(6.0, 0.0, "badger", extras=[{"stim_file": "badger.png"}])
    assert "badger" in MakeEpochs().transform(clean).event_id


@pytest.mark.parametrize(
    ("event_id", "sentence"),
    [
        (["hoose"], "asked for the events 'hoose'; the recording has .*Did you mean 'house'"),
        ({"sun": 1, "moon": 2}, "'moon'"),
    ],
)
def test_events_that_are_not_there_are_named(clean, event_id, sentence):
    with pytest.raises(ValueError, match=sentence):
        MakeEpochs(event_id=event_id).transform(clean)


def test_a_stim_channel_serves_where_there_are_no_annotations(clean):
    onsets = clean.annotations.onset
    stim = np.zeros(clean.n_times)
    samples = np.round(onsets * clean.info["sfreq"]).astype(int)
    stim[samples] = np.where(np.arange(len(samples)) % 2, 2, 1)
    info = mne.create_info(["STI 014"], clean.info["sfreq"], "stim")
    clean.set_annotations(None)
    with pytest.raises(
        ValueError, match="found no events: the recording has no annotations .* no stim channel"
    ):
        MakeEpochs().transform(clean)
    raw = clean.add_channels([mne.io.RawArray(stim[None], info, verbose="error")], force_update_info=True)
    epochs, found = MakeEpochs(event_id={"face": 1, "house": 2}).apply(raw)
    assert found["source"] == "STI 014"
    assert found["conditions"] == {"face": 20, "house": 20}
    np.testing.assert_array_equal(epochs.events[:, 0], samples)
    assert set(MakeEpochs().transform(raw).event_id) == {"1", "2"}
    with pytest.raises(ValueError, match=r"asked for the codes \[7\]; the stim channel"):
        MakeEpochs(event_id={"face": 7}).transform(raw)
    with pytest.raises(ValueError, match="asked for the stim channel 'STI014'.*Did you mean 'STI 014'"):
        MakeEpochs(stim_channel="STI014").transform(raw)


def test_numbers_become_numbers_and_names_stay(clean):
    part = clean.copy()
    part.set_annotations(
        mne.Annotations(
            [5.0, 7.0], 0.0, "face", extras=[{"trial": "3", "item": "007"}, {"trial": "12", "item": "12"}]
        )
    )
    metadata = find_events(part)[2]
    assert metadata["trial"].tolist() == [3, 12]
    assert metadata["item"].tolist() == ["007", "12"]


def test_events_at_one_sample_and_at_the_end_are_said(clean):
    onset = clean.annotations.onset[0]
    twice = clean.copy()
    twice.annotations.append(onset, 0.0, "sun", extras=[{"stim_file": "sun.png"}])
    with pytest.raises(RuntimeError, match="two events at one sample. Name the wanted ones in event_id"):
        MakeEpochs().transform(twice)
    clean.set_annotations(mne.Annotations([clean.times[-1] - 0.1], 0.0, "face"))
    with pytest.raises(RuntimeError, match="cut no epoch from 1 events: (TOO_SHORT|NO_DATA) 1"):
        MakeEpochs().transform(clean)
    with pytest.raises(TypeError, match="needs a continuous recording. Got Epochs"):
        MakeEpochs().transform(
            MakeEpochs().transform(twice.set_annotations(mne.Annotations([5.0], 0.0, "face")))
        )


def test_large_epochs_are_dropped_and_counted_by_condition_and_channel(epochs):
    worst = [3, 7]
    epochs._data[worst, 2, 50] += 1e-3
    out, found = RejectPeakToPeak(reject={"eeg": 500e-6}).apply(epochs)
    assert len(out) == len(epochs) - 2
    assert found["drop_reasons"] == {epochs.ch_names[2]: 2}
    expected = epochs.metadata["concept"].iloc[worst].value_counts().to_dict()
    assert {name: count for name, count in found["dropped"].items() if count} == expected
    assert list(out.metadata.index) == [i for i in range(len(epochs)) if i not in worst]


def test_a_threshold_that_leaves_nothing_is_refused(epochs):
    with pytest.raises(
        RuntimeError, match=r"would drop all 40 epochs at reject=\{'eeg': 1e-09\} V \(.* Check the units"
    ):
        RejectPeakToPeak(reject={"eeg": 1e-9}).transform(epochs)
    found = RejectPeakToPeak(reject={"eeg": 1.0, "emg": 1.0}).apply(epochs)[1]
    assert "no channels of type emg" in found["note"]


def test_channel_types_that_are_not_there_are_said(epochs):
    step = RejectPeakToPeak(reject={"eeg": 1.0, "ecg": 1e-3})
    assert step.apply(epochs)[1]["note"] == "there are no channels of type ecg to look at"
