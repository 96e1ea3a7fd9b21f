"""Labels, recordings, order and runs of trials, from metadata and events."""

import re

import numpy as np
import pandas as pd
import pytest

from eegimg.validity._trials import read_trials


def sentence(text):
    return f"^{re.escape(text)}$"


def test_labels_are_those_of_the_column_and_runs_its_longest_stretches(make_epochs):
    trials, remarks = read_trials(make_epochs(list("bbaabbba")))
    assert trials.names == ["a", "b"]
    np.testing.assert_array_equal(trials.labels, [1, 1, 0, 0, 1, 1, 1, 0])
    np.testing.assert_array_equal(trials.runs, [0, 0, 1, 1, 2, 2, 2, 3])
    assert trials.run_table()["n"].tolist() == [2, 2, 3, 1]
    assert trials.run_table()["label"].tolist() == [1, 0, 1, 0]
    assert remarks == []
    assert (trials.ordered, trials.grouped) == (True, False)


def test_any_column_can_be_the_label(make_epochs):
    epochs = make_epochs(list("aabb"), colour=[2, 1, 2, 1])
    trials, _ = read_trials(epochs, label="colour")
    assert trials.names == ["1", "2"]
    np.testing.assert_array_equal(trials.labels, [1, 0, 1, 0])


@pytest.mark.parametrize("metadata", ["none", "no column"])
def test_without_a_column_concept_the_names_of_events_are_the_labels(make_epochs, metadata):
    epochs = make_epochs(list("abba"))
    epochs.metadata = None if metadata == "none" else epochs.metadata.rename(columns={"concept": "kind"})
    trials, remarks = read_trials(epochs)
    assert trials.names == ["a", "b"]
    np.testing.assert_array_equal(trials.labels, [0, 1, 1, 0])
    assert remarks == ["The metadata have no column 'concept': the names of the events are the labels."]


def test_a_run_ends_with_the_recording_and_time_begins_with_it(make_epochs):
    trials, _ = read_trials(make_epochs(list("aabbbbaa"), recordings=[1] * 4 + [2] * 4))
    np.testing.assert_array_equal(trials.runs, [0, 0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(trials.times, np.tile([0, 60, 120, 180], 2))
    np.testing.assert_array_equal(trials.positions, np.tile([0, 1, 2, 3], 2))
    assert trials.interval == 60
    assert trials.grouped


def test_runs_follow_time_and_not_rows(make_epochs):
    rows = [5, 0, 3, 1, 4, 2]
    trials, _ = read_trials(make_epochs(list("aaabbb"))[rows])
    np.testing.assert_array_equal(trials.runs, np.array([0, 0, 0, 1, 1, 1])[rows])


def test_subject_session_and_run_name_recordings_and_group_names_others(make_epochs):
    epochs = make_epochs(
        list("abababab"), recordings=[1, 1, 2, 2, 1, 1, 2, 2], subject=list("xxxxyyyy"), day=list("mmmmmmnn")
    )
    assert len(set(read_trials(epochs)[0].recordings)) == 4
    np.testing.assert_array_equal(read_trials(epochs, group="subject")[0].recordings, [0] * 4 + [1] * 4)
    by_two = read_trials(epochs, group=["subject", "day"])[0].recordings
    np.testing.assert_array_equal(by_two, [0, 0, 0, 0, 1, 1, 2, 2])
    given = read_trials(epochs, group=np.array([7, 7, 7, 7, 7, 7, 3, 3]))[0]
    np.testing.assert_array_equal(given.recordings, [1, 1, 1, 1, 1, 1, 0, 0])
    assert given.grouped


def test_order_can_be_a_column_or_values_and_need_not_be_that_of_the_events(make_epochs):
    epochs = make_epochs(list("abab"), place=[3, 1, 2, 0])
    for order in ("place", [3, 1, 2, 0], np.array([3.0, 1.0, 2.0, 0.0])):
        trials, _ = read_trials(epochs, order=order)
        np.testing.assert_array_equal(trials.runs, [1, 0, 1, 0])
        assert trials.ordered


def test_an_order_that_counts_on_through_recordings_starts_anew_in_each(make_epochs):
    epochs = make_epochs(list("aabbaabb"), recordings=[1] * 4 + [2] * 4)
    trials, _ = read_trials(epochs, order=np.arange(8))
    np.testing.assert_array_equal(trials.positions, np.tile(np.arange(4), 2))


def test_events_one_sample_apart_are_no_onsets(make_epochs):
    trials, remarks = read_trials(make_epochs(list("aabb"), onsets=[0, 1, 2, 3]))
    assert not trials.ordered
    np.testing.assert_array_equal(trials.times, 0)
    assert remarks == [
        "The events lie one sample apart, so they are no onsets: the order of recording is unknown. Say it in "
        "'order'."
    ]
    trials, remarks = read_trials(make_epochs(list("aabb"), onsets=[0, 1, 2, 3]), order=np.arange(4))
    assert trials.ordered
    assert remarks == []


def test_metadata_can_say_that_the_order_is_unknown(make_epochs):
    epochs = make_epochs(list("abab"), recordings=[1, 1, 2, 2], order="unknown")
    trials, remarks = read_trials(epochs)
    assert not trials.ordered
    assert remarks == ["The metadata say that the order of recording is unknown."]
    # Without an order all trials of a label in a recording are one run.
    np.testing.assert_array_equal(trials.runs, [0, 1, 2, 3])
    assert read_trials(make_epochs(list("abab"), order="presented"))[0].ordered


def test_an_order_in_the_metadata_column_order_is_used_when_it_is_named(make_epochs):
    epochs = make_epochs(list("aabb"), order=[0, 2, 1, 3])
    np.testing.assert_array_equal(read_trials(epochs, order="order")[0].runs, [0, 2, 1, 3])


def test_some_of_the_trials_keep_their_runs_and_count_labels_anew(make_epochs):
    trials, _ = read_trials(make_epochs(list("aabbcc")))
    some = trials.take(np.array([2, 3, 5]))
    assert len(some) == 3
    assert some.names == ["b", "c"]
    np.testing.assert_array_equal(some.labels, [0, 0, 1])
    np.testing.assert_array_equal(some.runs, [1, 1, 2])
    np.testing.assert_array_equal(some.times, [120, 180, 300])


def test_epochs_are_needed(make_epochs):
    with pytest.raises(TypeError, match=r"'epochs' parameter of audit_design must be .*mne Epochs"):
        read_trials(make_epochs(list("ab")).get_data(copy=True))


def test_two_labels_are_needed(make_epochs):
    with pytest.raises(
        ValueError, match=sentence("audit_design needs at least two labels in 'concept'. Got 'a'.")
    ):
        read_trials(make_epochs(list("aaa")))


@pytest.mark.parametrize("gap", [None, np.nan, "", "n/a"])
def test_every_epoch_needs_a_label(make_epochs, gap):
    epochs = make_epochs(list("abab"))
    epochs.metadata = pd.DataFrame({"concept": ["a", gap, "b", gap]}, dtype=object)
    text = (
        "audit_design needs a label for every epoch; 2 of 4 have none in 'concept'. Drop those epochs first."
    )
    with pytest.raises(ValueError, match=sentence(text)):
        read_trials(epochs)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"label": "colur"},
            "audit_design was asked for the labels 'colur'; the metadata have 'concept', 'run' and 'colour'. Did "
            "you mean 'colour'?",
        ),
        (
            {"group": "subjct"},
            "audit_design was asked for the group 'subjct'; the metadata have 'concept', 'run' and 'colour'.",
        ),
        (
            {"group": np.array([1, 2, 3])},
            "audit_design needs a group for each of 4 epochs. Got the shape (3,).",
        ),
        (
            {"order": "runs"},
            "audit_design was asked for the order 'runs'; the metadata have 'concept', 'run' and 'colour'. Did you "
            "mean 'run'?",
        ),
        ({"order": [1, 2, 3]}, "audit_design needs a time for each of 4 epochs in 'order'. Got 3."),
        ({"order": [1, 2, 3, np.nan]}, "audit_design needs a time for each of 4 epochs in 'order'. Got 3."),
        ({"order": [1, 2, 3, np.inf]}, "audit_design needs a time for each of 4 epochs in 'order'. Got 3."),
        ({"order": "colour"}, "audit_design needs a time for each of 4 epochs in 'order'. Got 0."),
    ],
)
def test_errors_say_what_was_asked_and_what_there_is(make_epochs, arguments, text):
    epochs = make_epochs(list("abab"), recordings=[1, 1, 2, 2], colour=list("rgrg"))
    with pytest.raises(ValueError, match=sentence(text)):
        read_trials(epochs, **arguments)
