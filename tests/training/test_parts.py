"""People are held out whole, in all sources that share them, and test epochs are read by nobody."""

import types

import numpy as np
import pandas as pd
import pytest

from eegimg.training._parts import hold_out


def source(name, subjects, people=None, **columns):
    metadata = pd.DataFrame({"subject": np.repeat(subjects, 10), **columns})
    store = types.SimpleNamespace(metadata=metadata)
    return types.SimpleNamespace(name=name, store=store, entry=types.SimpleNamespace(people=people))


def test_nobody_is_in_both_parts():
    lab = source("lab", [f"{n:02d}" for n in range(20)])
    (parts,), held = hold_out([lab], 0.2, seed=0)
    subjects = lab.store.metadata["subject"]
    assert len(held["lab"]) == 4
    assert set(subjects[parts == "validation"]) == set(held["lab"])
    assert not set(subjects[parts == "train"]) & set(held["lab"])
    assert (parts == "validation").sum() == 40


def test_sources_with_the_same_people_hold_out_the_same():
    both = [source("faces", ["a", "b", "c", "d"], "crew"), source("cars", ["a", "b", "c", "d"], "crew")]
    parts, held = hold_out(both, 0.25, seed=3)
    assert list(held) == ["crew"]
    for of, each in zip(parts, both, strict=True):
        assert set(each.store.metadata["subject"][of == "validation"]) == set(held["crew"])


def test_a_further_source_changes_nothing_for_the_others():
    lab = source("lab", list("abcdefgh"))
    (alone,), _ = hold_out([lab], 0.25, seed=0)
    (first, _), _ = hold_out([lab, source("other", list("abcdefgh"))], 0.25, seed=0)
    assert (alone == first).all()


def test_test_epochs_are_in_no_part():
    split = (["train"] * 6 + ["validation"] * 2 + ["test"] * 2) * 4
    lab = source("lab", list("abcd"), split=split)
    (parts,), _ = hold_out([lab], 0.25, seed=0)
    table = pd.crosstab(lab.store.metadata["split"], parts)
    assert (table.loc["test", ""], table.loc["train", "train"], table.loc["validation", "validation"]) == (
        8,
        18,
        2,
    )
    assert table.loc["validation", ""] == 6  # of people who train


def test_one_person_trains_where_others_validate():
    parts, held = hold_out([source("one", ["a"]), source("two", ["a", "b"])], 0.1, seed=0)
    assert (parts[0] == "train").all()
    assert list(held) == ["two"]


def test_nobody_to_hold_out_is_one_sentence():
    with pytest.raises(
        ValueError, match="The validation part is empty: no source of the corpus has two subjects"
    ):
        hold_out([source("one", ["a"])], 0.1, seed=0)
    (parts,), held = hold_out([source("one", ["a"])], 0, seed=0)
    assert (parts == "train").all()
    assert held == {}


def test_no_training_epochs_is_one_sentence():
    with pytest.raises(
        ValueError, match=r"The source lab has no training epochs; its column 'split' has \['test'\]"
    ):
        hold_out([source("lab", ["a", "b"], split=["test"] * 20)], 0, seed=0)


def test_a_store_must_say_whose_epochs_they_are():
    lab = source("lab", ["a"])
    lab.store.metadata = lab.store.metadata.drop(columns="subject")
    with pytest.raises(ValueError, match="The store lab does not say of each epoch whose it is"):
        hold_out([lab], 0, seed=0)
