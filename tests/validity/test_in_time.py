"""Training and test epochs that lie side by side, or over each other, in known amounts."""

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.validity._check_split import check_split
from eegimg.validity._in_time import nearest_training


def make_epochs(samples, split, concept=None, n_times=100, **columns):
    """Return epochs of one second at 100 Hz; nothing is said of their order but by the events."""
    n_epochs = len(samples)
    concept = np.random.default_rng(0).integers(0, 4, n_epochs) if concept is None else concept
    metadata = pd.DataFrame({"concept": concept, "split": split, **columns})
    events = np.column_stack([samples, np.zeros(n_epochs, int), np.ones(n_epochs, int)])
    data = np.random.default_rng(1).standard_normal((n_epochs, 2, n_times))
    info = mne.create_info(2, 100.0, "eeg")
    return mne.EpochsArray(data, info, events=events, metadata=metadata, verbose="error")


def time_rows(data, **options):
    table = check_split(data, **options).table.set_index("check")
    return table.loc[["shared time", "near in time"]]


def alternating(n_epochs):
    return np.where(np.arange(n_epochs) % 2, "test", "train")


def halves(n_epochs):
    return np.where(np.arange(n_epochs) < n_epochs // 2, "train", "test")


def test_epochs_that_do_not_touch_share_nothing():
    rows = time_rows(make_epochs(np.arange(40) * 100, alternating(40)))
    assert rows.loc["shared time", "severity"] == "ok"
    assert rows.loc["near in time", ["count", "of", "severity"]].tolist() == [20, 20, "note"]


def test_epochs_that_lie_mostly_over_each_other_are_a_leak():
    found = time_rows(make_epochs(np.arange(40) * 20, alternating(40))).loc["shared time"]
    assert (found["count"], found["severity"]) == (20, "leak")
    assert found["meaning"].startswith(
        "20 of 20 test epochs share samples with a training epoch, up to 80 % of"
    )
    assert "by='run'" in found["remedy"]


def test_a_small_overlap_is_a_leak_only_where_labels_go_with_it_or_are_unknown():
    samples = np.arange(200) * 90
    mixed = time_rows(make_epochs(samples, alternating(200)))
    assert mixed.loc["shared time", ["count", "severity"]].tolist() == [100, "caution"]
    blocks = time_rows(make_epochs(samples, alternating(200), concept=np.arange(200) // 50))
    assert blocks.loc["shared time", "severity"] == "leak"
    assert blocks.loc["near in time", "severity"] == "leak"
    assert "the nearest one predicts their label" in blocks.loc["near in time", "meaning"]
    one = time_rows(make_epochs(samples, alternating(200), concept=np.zeros(200, int)))
    assert one["severity"].tolist() == ["leak", "caution"]


def test_halves_meet_at_one_border_only():
    rows = time_rows(make_epochs(np.arange(40) * 90, halves(40)))
    assert rows["count"].tolist() == [1, 2]


def test_other_recordings_are_not_near():
    split = np.repeat(["train", "test"], 20)
    samples = np.tile(np.arange(20) * 90, 2)
    samples[20:] += 45
    apart = make_epochs(samples, split, run=np.repeat([1, 2], 20))
    assert time_rows(apart)["severity"].tolist() == ["ok", "ok"]
    assert time_rows(apart)["count"].tolist() == [0, 0]
    together = make_epochs(samples, split)
    assert time_rows(together)["count"].tolist() == [20, 20]


def test_events_count_samples_of_the_recording_also_after_resampling():
    epochs = make_epochs(np.arange(40) * 100, alternating(40))
    epochs.resample(25.0, verbose="error")
    assert time_rows(epochs).loc["shared time", "severity"] == "ok"
    close = make_epochs(np.arange(40) * 50, alternating(40))
    close.resample(25.0, verbose="error")
    assert time_rows(close).loc["shared time", "count"] == 20


def test_onsets_of_metadata_are_enough_for_nearness_but_not_for_overlap():
    metadata = make_epochs(np.arange(40) * 90, alternating(40)).metadata.assign(onset=np.arange(40) * 0.9)
    rows = time_rows(metadata)
    assert rows["severity"].tolist() == ["not checked", "note"]
    metadata["split"] = halves(40)
    assert time_rows(metadata).loc["near in time", "count"] == 2


@pytest.mark.parametrize("unknown", ["numbers", "column"])
def test_an_unknown_order_is_not_checked(unknown):
    epochs = make_epochs(np.arange(40) * (1 if unknown == "numbers" else 100), alternating(40))
    if unknown == "column":
        epochs.metadata["order"] = "unknown"
    rows = time_rows(epochs)
    assert rows["severity"].tolist() == ["not checked", "not checked"]
    assert "unknown" in rows.loc["near in time", "meaning"]


def test_the_nearest_training_epoch_is_found_on_either_side():
    rng = np.random.default_rng(4)
    times, recordings = rng.uniform(0, 100, 300), rng.integers(0, 3, 300)
    train, test = np.arange(200), np.arange(200, 300)
    distance, nearest = nearest_training(times, recordings, train, test)
    for row, away, found in zip(test, distance, nearest, strict=True):
        same = train[recordings[train] == recordings[row]]
        wanted = np.abs(times[same] - times[row])
        assert away == wanted.min()
        assert found == same[wanted.argmin()]
