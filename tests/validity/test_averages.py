import re
import warnings

import mne
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegimg.validity._averages import average_repetitions
from eegimg.validity._make_split import make_split


@pytest.fixture
def make_epochs():
    """Epochs of images shown in random order, 2 channels of noise around -0.1 to 0.2 s."""
    return _make_epochs


def _make_epochs(n_images=6, n_repetitions=5, n_subjects=2, seed=0):
    rng = np.random.default_rng(seed)
    n_each = n_images * n_repetitions
    image = np.concatenate(
        [rng.permutation(np.repeat(np.arange(n_images), n_repetitions)) for _ in range(n_subjects)]
    )
    metadata = pd.DataFrame(
        {
            "subject": np.repeat([f"{number:02d}" for number in range(1, n_subjects + 1)], n_each),
            "image": [f"i{number}" for number in image],
            "concept": [f"c{number % 2}" for number in image],
            "split": np.where(image % 3 == 0, "test", "train"),
            "repetition": pd.Series(image).groupby([np.repeat(range(n_subjects), n_each), image]).cumcount()
            + 1,
            "source_index": np.tile(np.arange(n_each) + 100, n_subjects),
        }
    )
    events = np.column_stack([50 * np.arange(len(image)), np.zeros(len(image), int), image + 1])
    info = mne.create_info(["O1", "O2"], 100.0, "eeg")
    info["bads"] = ["O2"]
    return mne.EpochsArray(
        1e-5 * rng.standard_normal((len(image), 2, 31)),
        info,
        events,
        tmin=-0.1,
        event_id={f"i{number}": number + 1 for number in range(n_images)},
        metadata=metadata,
        baseline=(None, 0),
        verbose="error",
    )


def members_of(averages, epochs):
    """Find the rows of the epochs in each average by subject and source_index."""
    rows = {
        key: row
        for row, key in enumerate(
            zip(epochs.metadata["subject"], epochs.metadata["source_index"], strict=True)
        )
    }
    return [
        [rows[subject, int(number)] for number in text.split(",")]
        for subject, text in zip(averages.metadata["subject"], averages.metadata["source_index"], strict=True)
    ]


def test_each_average_is_the_mean_of_the_epochs_it_names(make_epochs):
    epochs = make_epochs()
    before = epochs.get_data(copy=True)
    averages = average_repetitions(epochs, 2)
    members = members_of(averages, epochs)
    assert len(averages) == 2 * 6 * 2
    assert averages.get_data(copy=False) == pytest.approx(
        np.stack([before[rows].mean(axis=0) for rows in members])
    )
    assert averages.events[:, 0].tolist() == [epochs.events[rows[0], 0] for rows in members]
    assert (np.diff(averages.events[:, 0]) > 0).all()
    assert all(rows == sorted(rows) for rows in members)
    assert epochs.get_data(copy=False).tobytes() == before.tobytes()
    assert "n_averaged" not in epochs.metadata


def test_what_epochs_are_stays_and_what_varies_goes(make_epochs):
    epochs = make_epochs()
    averages = average_repetitions(epochs, 2)
    assert list(averages.metadata) == ["subject", "image", "concept", "split", "n_averaged", "source_index"]
    assert (averages.metadata["n_averaged"] == 2).all()
    assert averages.event_id == epochs.event_id
    assert [f"i{code - 1}" for code in averages.events[:, 2]] == averages.metadata["image"].tolist()
    assert averages.info["bads"] == ["O2"]
    assert averages.get_channel_types(unique=True) == ["eeg"]
    assert averages.baseline == epochs.baseline == (-0.1, 0.0)
    assert averages.times.tolist() == epochs.times.tolist()


def test_baseline_is_not_subtracted_again_where_it_was_cropped_away(make_epochs):
    epochs = make_epochs().crop(0.05, 0.2)
    averages = average_repetitions(epochs, 1)
    assert averages.get_data(copy=False).tobytes() == epochs.get_data(copy=False).tobytes()
    assert averages.baseline == (-0.1, 0.0)


def test_one_repetition_is_the_single_trial(make_epochs):
    epochs = make_epochs()
    averages = average_repetitions(epochs, 1)
    assert averages.get_data(copy=False).tobytes() == epochs.get_data(copy=False).tobytes()
    assert averages.events.tolist() == epochs.events.tolist()
    same = [name for name in epochs.metadata if name != "source_index"]
    assert averages.metadata[same].equals(epochs.metadata[same])
    assert averages.metadata["source_index"].tolist() == epochs.metadata["source_index"].astype(str).tolist()


def test_noise_falls_with_the_root_of_the_number(make_epochs):
    epochs = make_epochs(n_images=20, n_repetitions=16)
    averages = average_repetitions(epochs, 16)
    ratio = epochs.get_data(copy=False)[..., 11:].std() / averages.get_data(copy=False)[..., 11:].std()
    assert ratio == pytest.approx(4.0, rel=0.1)


def test_leftover_epochs_are_dropped_or_averaged_by_fewer(make_epochs):
    epochs = make_epochs()
    dropped = average_repetitions(epochs, 2)
    kept = average_repetitions(epochs, 2, leftover="average")
    assert sum(dropped.metadata["n_averaged"]) == len(epochs) - 2 * 6
    assert kept.metadata["n_averaged"].value_counts().to_dict() == {2: 24, 1: 12}
    assert sorted(sum(members_of(kept, epochs), [])) == list(range(len(epochs)))


def test_the_draw_is_random_over_time_and_the_same_every_time(make_epochs):
    epochs = make_epochs(n_repetitions=40)
    first, again = (average_repetitions(epochs, 20) for _ in range(2))
    other = average_repetitions(epochs, 20, random_state=1)
    assert first.get_data(copy=False).tobytes() == again.get_data(copy=False).tobytes()
    assert first.metadata.equals(again.metadata)
    assert not first.metadata["source_index"].equals(other.metadata["source_index"])
    spans = [rows[-1] - rows[0] for rows in members_of(first, epochs)]
    assert np.median(spans) > 0.75 * 240  # stretches of time would span half of the 240 epochs
    backwards = average_repetitions(epochs[::-1], 20)
    assert backwards.get_data(copy=False).tobytes() == first.get_data(copy=False).tobytes()


@settings(max_examples=25, deadline=None)
@given(
    k=st.integers(1, 4),
    seed=st.integers(0, 50),
    leftover=st.sampled_from(["drop", "average"]),
    by=st.sampled_from(["image", "concept"]),
)
def test_averages_never_mix_parts_subjects_or_images(k, seed, leftover, by):
    epochs = _make_epochs(n_images=4, n_repetitions=4, seed=seed)
    epochs.metadata["session"] = np.random.default_rng(seed).choice(["a", "b"], len(epochs))
    epochs.metadata["split"] = make_split(
        epochs, by="trial", validation_size=0.2, label=None, random_state=seed
    )
    epochs = epochs[np.random.default_rng(seed).permutation(len(epochs))]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "[0-9]+ of [0-9]+ groups of one")
            averages = average_repetitions(epochs, k, by=by, leftover=leftover, random_state=seed)
    except ValueError as err:
        if not re.search(r"no (image|concept) in .* has that many", str(err)):
            raise
        return
    members = members_of(averages, epochs)
    used = sum(members, [])
    assert len(used) == len(set(used))
    for rows in members:
        assert len(epochs.metadata.iloc[rows][["subject", "session", "split", by]].drop_duplicates()) == 1
        assert len(rows) == k or (leftover == "average" and len(rows) < k)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 50), scale=st.floats(0.1, 1e3), drop=st.booleans())
def test_test_epochs_have_no_say_in_averages_for_training(seed, scale, drop):
    epochs = _make_epochs(seed=seed)
    test = (epochs.metadata["split"] == "test").to_numpy()
    changed = epochs.copy()
    changed._data[test] *= scale
    if drop:
        changed = changed[~test | (np.arange(len(test)) % 3 > 0)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "[0-9]+ of [0-9]+ groups of one")
        first, second = (
            average_repetitions(inst, 2, leftover="average")["split == 'train'"] for inst in (epochs, changed)
        )
    assert first.get_data(copy=False).tobytes() == second.get_data(copy=False).tobytes()
    assert first.metadata.equals(second.metadata) or drop
    assert first.metadata["source_index"].tolist() == second.metadata["source_index"].tolist()


def test_averages_over_several_images_are_named_after_what_they_share(make_epochs):
    averages = average_repetitions(make_epochs(), 4, by="concept")
    assert averages.event_id == {"c0": 1, "c1": 2}
    assert [f"c{code - 1}" for code in averages.events[:, 2]] == averages.metadata["concept"].tolist()
    assert "image" not in averages.metadata


@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame:DeprecationWarning")  # mne's, pandas 3.1
def test_epochs_on_disk_are_read(make_epochs, tmp_path):
    epochs = make_epochs()
    epochs.save(tmp_path / "a_epo.fif", fmt="double", verbose="error")
    lazy = mne.read_epochs(tmp_path / "a_epo.fif", preload=False, verbose="error")
    averages = average_repetitions(lazy, 2)
    assert not lazy.preload
    assert averages.get_data(copy=False) == pytest.approx(
        average_repetitions(epochs, 2).get_data(copy=False), abs=1e-15
    )


def test_a_missing_split_is_refused_unless_none_is_asked(make_epochs):
    epochs = make_epochs()
    epochs.metadata = epochs.metadata.drop(columns="split")
    message = (
        "average_repetitions was asked for the column 'split'; the metadata have 'subject', 'image', 'concept', "
        "'repetition' and 'source_index'. Make one with make_split before averaging, or give split=None if there "
        "will be none."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        average_repetitions(epochs, 2)
    assert len(average_repetitions(epochs, 5, split=None)) == 12


def test_images_and_parts_with_too_few_epochs_are_said(make_epochs):
    epochs = make_epochs()
    images = epochs.metadata["image"]
    some = epochs[~((images == "i1") & epochs.metadata["repetition"].gt(2))]
    message = (
        "2 of 12 groups of one image in one part have fewer than 5 epochs and are left out. Lower k, or use "
        "leftover='average'."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        averages = average_repetitions(some, 5)
    assert sorted(set(averages.metadata["image"])) == ["i0", "i2", "i3", "i4", "i5"]
    message = (
        "average_repetitions was asked for averages of 6 epochs; no image in 'test' and 'train' has that many. "
        "Lower k, or use leftover='average'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        average_repetitions(epochs, 6)
    with pytest.raises(ValueError, match=r"averages of 6 epochs; no image has that many\. Lower k"):
        average_repetitions(epochs, 6, split=None)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"k": 0},
            ValueError,
            "The 'k' parameter of average_repetitions must be an integer of at least 1. Got 0 instead.",
        ),
        (
            {"k": 1.5},
            TypeError,
            "The 'k' parameter of average_repetitions must be an integer of at least 1. Got 1.5 instead.",
        ),
        (
            {"k": 2, "leftover": "keep"},
            ValueError,
            "The 'leftover' parameter of average_repetitions must be 'drop' or 'average'. Got 'keep' instead.",
        ),
    ],
)
def test_wrong_parameters_are_said(make_epochs, options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        average_repetitions(make_epochs(), **options)


def test_gaps_in_the_split_are_said(make_epochs):
    epochs = make_epochs()
    epochs.metadata["split"] = epochs.metadata["split"].where(epochs.metadata["image"] != "i4", None)
    message = (
        "average_repetitions needs 'split' of every epoch. 10 of 60 have none, the first at row "
        f"{int(np.flatnonzero(epochs.metadata['image'] == 'i4')[0])}. Drop those epochs, or fill the column."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        average_repetitions(epochs, 2)
