"""What somebody who trusts nothing tried on the audit, and what must come of it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from eegimg.validity import audit_design, check_split, evaluate
from eegimg.validity._estimator import takes_epochs


class MyRegression(LogisticRegression):
    """A class of the user's own."""


@pytest.mark.parametrize(("n_blocks", "length"), [(1, 6), (1, 8), (2, 5), (3, 4)])
def test_blocks_of_few_epochs_are_never_ok(make_epochs, n_blocks, length):
    labels = np.repeat(np.tile(list("ab"), n_blocks), length)
    assert audit_design(make_epochs(labels, power=0.8, means=1.0), split=2).verdict != "ok"


def test_an_epoch_in_both_parts_is_refused(make_epochs):
    epochs = make_epochs(np.tile(list("ab"), 20))
    everything = [(np.arange(40), np.arange(30, 40))]
    for ask in (audit_design, lambda epochs, split: check_split(epochs, split)):
        with pytest.raises(ValueError, match="10 epochs in training and in test, the first is 30"):
            ask(epochs, split=everything)


def test_true_and_false_are_no_parts(make_epochs):
    with pytest.raises(ValueError, match="cannot tell which of True and False is the test part"):
        audit_design(make_epochs(np.tile(list("ab"), 20)), split=np.arange(40) < 20)


@pytest.mark.parametrize(
    "onsets", [np.tile(np.arange(40), 3), np.concatenate([np.arange(60), np.arange(60) + 0.5])]
)
def test_times_of_several_files_in_one_recording_are_no_order(make_epochs, onsets):
    labels = np.tile(np.repeat(list("ab"), 20), 3)
    epochs = make_epochs(labels, power=0.8)
    audit = audit_design(epochs, order=onsets, explain=False)
    assert audit.verdict != "ok"
    assert "order-unknown" in audit.flags
    assert "Name the run that each epoch belongs to in 'group'" in audit.remarks[-1]


def test_rows_in_another_order_are_an_order_all_the_same(make_epochs):
    epochs = make_epochs(np.repeat(list("ab"), 40), power=0.8)
    rows = np.random.default_rng(0).permutation(80)
    assert audit_design(epochs[rows], explain=False).verdict == audit_design(epochs, explain=False).verdict


def test_a_session_that_some_people_lack_is_one_of_its_own(make_epochs):
    epochs = make_epochs(np.tile(list("ab"), 40), recordings=np.repeat([1, 2], 40))
    people = {"subject": np.repeat(["01", "02"], 40), "session": np.repeat([None, "1"], 40)}
    epochs.metadata = epochs.metadata.assign(**people)
    assert audit_design(epochs, explain=False).n_recordings == 2


def test_samples_that_are_no_numbers_are_named(make_epochs):
    epochs = make_epochs(np.tile(list("ab"), 20))
    epochs._data[3, 0, 5] = np.nan
    with pytest.raises(ValueError, match="some epochs hold NaN or infinity"):
        audit_design(epochs)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.2, 0.8)])
def test_the_null_of_pictures_in_random_order_is_chance(make_epochs, shares):
    rng = np.random.default_rng(1)
    labels = rng.choice(list("ab"), 300, p=shares)
    audit = audit_design(make_epochs(labels, power=0.6, means=1.0))
    assert audit.verdict == "ok"
    assert audit.null_accuracy == pytest.approx(0.5, abs=0.04)


def test_plain_accuracy_has_the_chance_of_the_most_frequent_label(make_epochs):
    labels = np.random.default_rng(0).permutation(np.repeat(list("ab"), [30, 90]))
    card = evaluate(make_epochs(labels), LogisticRegression(), split=3, n_relabel=2)
    assert card.metrics["accuracy"]["chance"] == pytest.approx(0.75)
    assert card.metrics["balanced accuracy"]["chance"] == 0.5


def test_recordings_of_one_label_are_the_unit(make_epochs):
    recordings = np.repeat(np.arange(4), 30)
    onsets = np.concatenate([np.arange(30) * 60 + (np.arange(30) > 15) * 3000 for _ in range(4)])
    epochs = make_epochs(
        np.repeat(list("abcd"), 30), recordings=recordings, onsets=onsets + recordings * 20000
    )
    epochs._data *= (1 + recordings)[:, None, None]
    audit = audit_design(epochs, explain=False)
    assert "unidentifiable" in audit.flags
    assert audit.null_accuracy is None


def test_estimators_of_scikit_learn_are_flat_however_they_are_wrapped():
    from mne.decoding import Vectorizer
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    assert not takes_epochs(MyRegression())
    assert not takes_epochs(GridSearchCV(MyRegression(), {}))
    assert takes_epochs(make_pipeline(Vectorizer(), LogisticRegression()))
    assert takes_epochs(GridSearchCV(make_pipeline(Vectorizer(), LogisticRegression()), {}))


def test_folds_of_a_splitter_or_its_generator_are_the_same(make_epochs):
    labels = np.tile(list("ab"), 30)
    epochs, folds = make_epochs(labels), StratifiedKFold(3)
    first = audit_design(epochs, split=folds, explain=False)
    again = audit_design(epochs, split=folds.split(labels, labels), explain=False)
    pairs = pd.DataFrame([first.statistics, again.statistics])
    assert first.statistics == pytest.approx(again.statistics, nan_ok=True), pairs
