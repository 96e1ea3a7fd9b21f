import itertools
import re

import mne
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegimg.validity._make_split import make_split

PARTS = ["test", "train", "validation"]


def make_metadata(n_subjects=3, n_concepts=4, n_images=10, n_sessions=4, n_blocks=5, drop=0.0, seed=0):
    """Every image once in every block, blocks numbered from 1 in each session, in random order."""
    rng = np.random.default_rng(seed)
    rows = []
    for subject, session, block in itertools.product(
        range(n_subjects), range(n_sessions), range(1, n_blocks + 1)
    ):
        for image in rng.permutation(n_concepts * n_images):
            rows.append(
                (f"{subject + 1:02d}", f"{session + 1}", block, f"i{image:03d}", f"c{image % n_concepts}")
            )
    table = pd.DataFrame(rows, columns=["subject", "session", "block", "image", "concept"])
    table["source_index"] = table.groupby(["subject", "session"]).cumcount()
    return table[rng.random(len(table)) >= drop].reset_index(drop=True)


def parts_per(table, split, columns):
    """Count in how many parts each group is."""
    return split.groupby([table[column] for column in columns]).nunique()


def test_images_stay_whole_in_all_subjects_and_labels_are_spread_exactly():
    table = make_metadata()
    split = make_split(table, by="image")
    assert split.name == "split"
    assert split.index.equals(table.index)
    assert (parts_per(table, split, ["image"]) == 1).all()
    counts = table.assign(split=split).drop_duplicates("image").groupby(["concept", "split"]).size().unstack()
    assert counts[PARTS].to_numpy().tolist() == [[2, 7, 1]] * 4


def test_a_dropped_epoch_moves_no_image():
    table = make_metadata()
    rest = make_metadata(drop=0.3)
    assert len(rest) < len(table)
    whole, some = (dict(zip(t["image"], make_split(t), strict=True)) for t in (table, rest))
    assert whole == some


def test_concepts_in_test_are_never_in_training():
    table = make_metadata(n_concepts=20, n_images=2)
    split = make_split(table, by="concept")
    assert (parts_per(table, split, ["concept"]) == 1).all()
    assert table.assign(split=split).groupby("split")["concept"].nunique()[PARTS].tolist() == [4, 14, 2]


def test_concepts_are_spread_over_another_label():
    table = make_metadata(n_concepts=20, n_images=2)
    table["category"] = np.where(table["concept"].str[1:].astype(int) % 2, "odd", "even")
    counts = make_split(table, by="concept", label="category").groupby(table["category"]).value_counts()
    assert counts["odd"].to_dict() == counts["even"].to_dict()


@pytest.mark.parametrize(
    ("by", "keys", "n_test", "n_validation"),
    [("block", ["subject", "session", "block"], 4, 2), ("session", ["subject", "session"], 1, 1)],
)
def test_stretches_of_time_are_drawn_within_each_subject(by, keys, n_test, n_validation):
    table = make_metadata()
    split = make_split(table, by=by)
    assert (parts_per(table, split, keys) == 1).all()
    groups = table.assign(split=split).drop_duplicates(keys).groupby(["subject", "split"]).size().unstack()
    assert groups["test"].tolist() == [n_test] * 3
    assert groups["validation"].tolist() == [n_validation] * 3
    alone = table[table["subject"] == "02"]
    assert make_split(alone, by=by).equals(split[alone.index])


def test_a_block_number_means_another_block_in_another_subject_session_and_run():
    table = make_metadata()
    split = make_split(table, by="block")
    assert (parts_per(table, split, ["block"]) > 1).any()
    table["run"] = np.where(table["block"] < 3, 1, 2)
    by_run = make_split(table, by="run", random_state=3)
    assert (parts_per(table, by_run, ["subject", "session", "run"]) == 1).all()
    assert (parts_per(table, by_run, ["run"]) == 3).all()


def test_any_other_column_means_the_same_everywhere():
    table = make_metadata()
    table["screen"] = table["block"]
    split = make_split(table, by="screen")
    assert (parts_per(table, split, ["screen"]) == 1).all()


def test_trials_are_drawn_one_by_one_within_each_subject():
    table = make_metadata()
    split = make_split(table, by="trial")
    assert (parts_per(table, split, ["image"]) > 1).any()
    for _, part in split.groupby(table["subject"]):
        assert part.value_counts().to_dict() == {"train": 560, "test": 160, "validation": 80}


def test_subjects_stay_whole():
    table = make_metadata(n_subjects=10)
    split = make_split(table, by="subject")
    assert (parts_per(table, split, ["subject"]) == 1).all()
    assert split.groupby(table["subject"]).first().value_counts().to_dict() == {
        "train": 7,
        "test": 2,
        "validation": 1,
    }


def test_each_subject_is_left_out_once_with_others_for_validation():
    table = make_metadata(n_subjects=4)
    folds = make_split(table, by="leave-one-subject-out")
    assert list(folds) == ["01", "02", "03", "04"]
    for left_out in folds:
        part = folds[left_out].groupby(table["subject"]).agg(["nunique", "first"])
        assert (part["nunique"] == 1).all()
        assert part["first"].value_counts().to_dict() == {"train": 2, "test": 1, "validation": 1}
        assert part["first"][left_out] == "test"
    assert folds.attrs["by"] == "leave-one-subject-out"
    assert folds.attrs["test_size"] is None


@pytest.mark.parametrize("by", ["image", "concept", "block", "subject"])
def test_folds_test_every_group_once(by):
    table = make_metadata(n_subjects=6, n_concepts=6, n_sessions=1, n_blocks=7)
    folds = make_split(table, by=by, n_folds=4)
    assert list(folds) == ["fold-1", "fold-2", "fold-3", "fold-4"]
    assert ((folds == "test").sum(axis=1) == 1).all()
    keys = ["subject", "session", "block"] if by == "block" else [by]
    for fold in folds:
        assert (parts_per(table, folds[fold], keys) == 1).all()
        assert set(folds[fold]) == set(PARTS)


def test_integers_count_groups_and_no_validation_may_be_asked():
    table = make_metadata()
    images = table.assign(split=make_split(table, test_size=4, validation_size=0)).drop_duplicates("image")
    assert images["split"].value_counts().to_dict() == {"train": 36, "test": 4}
    assert images[images["split"] == "test"]["concept"].nunique() == 4


def test_the_seed_changes_the_draw_and_nothing_else_does():
    table = make_metadata()
    first = make_split(table)
    assert first.equals(make_split(table))
    assert not first.equals(make_split(table, random_state=1))
    as_numbers = table.assign(image=pd.Categorical(table["image"]), block=table["block"].astype(float))
    assert first.equals(make_split(as_numbers))


def test_the_draw_is_the_same_on_every_machine_and_version():
    table = pd.DataFrame({"image": list("abcdefghij"), "concept": ["cat"] * 5 + ["dog"] * 5})
    split = make_split(table)
    assert "".join(split.map({"train": ".", "validation": "v", "test": "x"})) == "..xv...x.."


def test_epochs_take_the_split_as_a_column_also_after_drops():
    table = make_metadata(n_subjects=1, n_sessions=1)
    info = mne.create_info(["Oz"], 100.0, "eeg")
    epochs = mne.EpochsArray(np.zeros((len(table), 1, 10)), info, metadata=table, verbose="error")
    epochs.drop([0, 7, 30], verbose="error")
    epochs.metadata["split"] = make_split(epochs, by="image")
    assert epochs.metadata["split"].tolist() == make_split(table)[epochs.selection].tolist()


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    by=st.sampled_from(["image", "concept", "block", "subject", "trial", "leave-one-subject-out"]),
    n_folds=st.sampled_from([None, 2, 3]),
    seed=st.integers(0, 5),
)
def test_no_group_is_in_two_parts_and_the_order_of_rows_has_no_say(data, by, n_folds, seed):
    row = st.tuples(*(st.integers(1, n) for n in (3, 2, 4, 12)))
    rows = data.draw(st.lists(row, min_size=8, max_size=40))
    table = pd.DataFrame(rows, columns=["subject", "session", "block", "image"])
    table["concept"] = table["image"] % 5
    table["source_index"] = range(len(table))
    options = {"by": by, "label": None, "random_state": seed}
    if by != "leave-one-subject-out":
        options["n_folds"] = n_folds
    try:
        split = pd.DataFrame(make_split(table, **options))
    except ValueError as err:
        if not re.search("at least one for training|Ask for fewer folds", str(err)):
            raise
        return
    keys = {
        "block": ["subject", "session", "block"],
        "trial": ["source_index"],
        "leave-one-subject-out": ["subject"],
    }.get(by, [by])
    for fold in split:
        assert (parts_per(table, split[fold], keys) == 1).all()
        assert set(split[fold]) == set(PARTS)
    order = data.draw(st.permutations(range(len(table))))
    assert pd.DataFrame(make_split(table.iloc[order], **options)).equals(split.iloc[order])


@settings(max_examples=30, deadline=None)
@given(
    counts=st.lists(st.integers(3, 9), min_size=2, max_size=6),
    test_size=st.floats(0.2, 0.45),
    seed=st.integers(0, 9),
)
def test_every_label_is_in_training_and_test_where_it_has_groups_for_it(counts, test_size, seed):
    concepts = np.repeat(np.arange(len(counts)), counts)
    table = pd.DataFrame({"image": np.arange(len(concepts)), "concept": concepts})
    n_test = max(len(counts), round(test_size * len(table)))
    split = make_split(table, test_size=n_test, validation_size=0, random_state=seed)
    shares = table.assign(split=split).groupby(["concept", "split"]).size().unstack()
    assert (shares > 0).all().all()


@pytest.mark.parametrize(("counts", "n_test"), [([3, 7, 7, 9], 6), ([3, 3, 3, 9], 5), ([2] * 10 + [20], 11)])
def test_labels_of_unlike_size_all_find_room(counts, n_test):
    concepts = np.repeat(np.arange(len(counts)), counts)
    table = pd.DataFrame({"image": np.arange(len(concepts)), "concept": concepts})
    for seed in range(20):
        split = make_split(table, test_size=n_test, validation_size=0, random_state=seed)
        tested = table[split == "test"]["concept"].value_counts().sort_index().to_numpy()
        even = np.array(counts) * n_test / len(table)
        # As near to an even share as whole images go, once each label has its one.
        assert len(tested) == len(counts)
        assert (np.abs(tested - even)[even >= 1] < 1).all() or n_test == len(counts)


def test_a_block_for_each_label_cannot_be_split_by_block():
    table = make_metadata(n_subjects=1, n_sessions=1, n_blocks=1)
    table["block"] = table["concept"]
    message = (
        "make_split by 'block' leaves training of subject '01' without the 'concept' 'c1' and 'c3', which would "
        "be tested: they have too few groups to be in both. Make the parts smaller, drop those epochs, split by "
        "another column, or give label=None if something else is decoded."
    )
    with pytest.raises(ValueError, match=r"^make_split by 'block' leaves training") as caught:
        make_split(table, by="block")
    assert re.sub(r"'c\d'", "C", str(caught.value)) == re.sub(r"'c\d'", "C", message)
    assert set(make_split(table, by="block", label=None)) == set(PARTS)


def test_labels_that_are_not_tested_are_named():
    table = make_metadata(n_images=2)
    sentence = (
        r"make_split by 'image' leaves the test part without the 'concept' 'c\d' and 'c\d': too few groups\. "
        r"Enlarge test_size, or use n_folds\."
    )
    with pytest.warns(UserWarning, match=f"^{sentence}$"):
        split = make_split(table, test_size=2, validation_size=0)
    assert table[split == "train"]["concept"].nunique() == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"by": "imagge"},
            "make_split was asked for the column 'imagge'; the metadata have 'subject', 'session', 'block', "
            "'image', 'concept' and 'source_index'. Name one of them, 'trial' or 'leave-one-subject-out'. Did "
            "you mean 'image'?",
        ),
        (
            {"label": "category"},
            "make_split was asked for the column 'category'; the metadata have 'subject', 'session', 'block', "
            "'image', 'concept' and 'source_index'. Name what is decoded as the label, or give label=None to "
            "spread nothing.",
        ),
        (
            {"by": "session", "n_folds": 5},
            "make_split was asked for 5 folds by 'session' of subject '01'. There are 4 groups. Ask for fewer "
            "folds, or split by another column.",
        ),
        (
            {"by": "subject", "test_size": 2},
            "make_split by 'subject' needs 2 groups for test and 1 for validation, and at least one for "
            "training. There are 3. Make the parts smaller (validation_size=0 makes none), or split by another "
            "column.",
        ),
        (
            {"test_size": 1.5},
            "The 'test_size' parameter of make_split must be a share below 1 or a whole number of groups. Got "
            "1.5 instead.",
        ),
        ({"test_size": 0}, "The 'test_size' parameter of make_split must be above 0. Got 0 instead."),
        (
            {"by": "leave-one-subject-out", "n_folds": 3},
            "make_split by 'leave-one-subject-out' makes one fold per subject. Leave n_folds out, or ask "
            "by='subject'.",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_split(make_metadata(), **options)


def test_gaps_and_lacking_metadata_are_said():
    table = make_metadata()
    table.loc[[3, 5], "image"] = [None, "n/a"]
    message = (
        "make_split needs 'image' of every epoch. 2 of 2400 have none, the first at row 3. Drop those epochs, or "
        "fill the column."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_split(table)
    bare = mne.EpochsArray(np.zeros((2, 1, 5)), mne.create_info(1, 100.0, "eeg"), verbose="error")
    with pytest.raises(
        ValueError, match=r"^make_split needs epochs with metadata\. These have none: cut them"
    ):
        make_split(bare)
    with pytest.raises(
        ValueError, match=r"^make_split needs at least one epoch\. The metadata have no rows\.$"
    ):
        make_split(table.iloc[:0])
    with pytest.raises(
        TypeError, match=r"^The 'metadata' parameter of make_split must be a table with one row"
    ):
        make_split([1, 2])
    twice = pd.concat([table, table]).drop(columns="source_index")
    with pytest.raises(
        ValueError, match=r"^make_split cannot tell epochs apart: 2400 have the subject and session"
    ):
        make_split(twice, by="trial")
