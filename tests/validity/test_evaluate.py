"""An accuracy never comes alone: refused where the design is confounded, else with null, p and leaks."""

import re

import numpy as np
import pandas as pd
import pytest

from eegimg.bids._marks import mark_steps
from eegimg.validity import ResultCard, audit_design, evaluate
from eegimg.validity._folds import find_validation

ROUNDS = np.repeat(np.arange(5), 32)


def several_runs(n_rounds=5, length=8, seed=3):
    rng = np.random.default_rng(seed)
    return np.repeat(np.concatenate([rng.permutation(list("abcd")) for _ in range(n_rounds)]), length)


def in_random_order(seed=1, n_each=24, names="abc"):
    return np.random.default_rng(seed).permutation(np.repeat(list(names), n_each))


@pytest.fixture
def decoder():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def small(make_epochs, labels, **options):
    return make_epochs(labels, **({"n_times": 8, "n_channels": 4} | options))


def test_a_random_design_gives_the_accuracy_with_its_null_and_p(make_epochs, decoder):
    card = evaluate(small(make_epochs, in_random_order(), evoked=2.0), decoder, n_relabel=19)
    assert isinstance(card, ResultCard)
    assert card.audit.verdict == "ok"
    assert set(card.metrics) == {"accuracy", "balanced accuracy"}
    for entry in card.metrics.values():
        assert entry["value"] > 0.6
        assert entry["chance"] == pytest.approx(1 / 3)
        assert entry["null"] == pytest.approx(1 / 3, abs=0.15)
        assert entry["null_sd"] > 0
        assert entry["p"] == pytest.approx(1 / 20)
    assert card.task == "decoding of concept under 5 stratified random folds over trials"
    assert card.method == "LinearDiscriminantAnalysis"
    assert not hasattr(decoder, "classes_")


def test_noise_is_at_chance_with_a_p_that_says_so(make_epochs, decoder):
    values = []
    for seed in range(4):
        card = evaluate(small(make_epochs, in_random_order(seed), seed=seed), decoder, n_relabel=9)
        values.append(card.metrics["accuracy"]["p"])
    assert np.mean(values) > 0.2
    assert all(value in np.arange(1, 11) / 10 for value in np.round(values, 10))


def test_the_accuracy_is_that_of_scikit_learns_own_cross_validation(make_epochs, decoder):
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_score

    labels = several_runs()
    epochs = small(make_epochs, labels, evoked=1.0)
    card = evaluate(epochs, decoder, split=ROUNDS, n_relabel=2)
    data = epochs.get_data(copy=True).reshape(len(epochs), -1)
    expected = cross_val_score(decoder, data, labels, groups=ROUNDS, cv=LeaveOneGroupOut())
    assert card.metrics["accuracy"]["value"] == pytest.approx(expected.mean())


def test_a_confounded_design_is_refused_with_reason_and_remedy(make_epochs, decoder):
    epochs = small(make_epochs, several_runs(), means=1.5)
    audit = audit_design(epochs, explain=False)
    text = (
        f"evaluate gives no bare accuracy for a confounded design. {audit.reason} What would help: "
        f"{audit.remedy} With accept_confound=True the number comes with its null beside it."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        evaluate(epochs, decoder)


def test_a_confound_that_is_accepted_stands_beside_its_null(make_epochs, decoder):
    epochs = small(make_epochs, several_runs(), means=1.5)
    card = evaluate(epochs, decoder, accept_confound=True, n_relabel=6)
    entry = card.metrics["balanced accuracy"]
    # Nothing was evoked: relabelled runs do as well, and far better than chance.
    assert entry["null"] > entry["chance"] + 0.15
    assert entry["p"] > 0.05
    assert entry["clock"] > 0.7
    assert (card.accept_confound, card.audit.verdict) == (True, "confounded")
    assert "labels moved from run to run" in str(card)
    assert "Design confounded" in str(card)


def test_where_nothing_can_be_relabelled_the_card_says_how_much_the_clock_tells(make_epochs, decoder):
    epochs = small(make_epochs, np.repeat(list("abc"), 40), means=1.5, n_channels=12)
    card = evaluate(epochs, decoder, accept_confound=True)
    entry = card.metrics["accuracy"]
    assert entry["value"] > 0.6
    assert (entry["null"], entry["null_sd"], entry["p"]) == (None, None, None)
    assert entry["clock"] > 0.9
    assert f"cannot be known: up to {entry['clock']:.3f}" in " ".join(str(card).split())


def test_labels_that_follow_from_the_place_are_shifted_for_the_null(make_epochs, decoder):
    labels, recordings = np.tile(np.repeat(list("ab"), 30), 4), np.repeat(np.arange(4), 60)
    epochs = small(make_epochs, labels, recordings=recordings, means=1.5, shared=True)
    card = evaluate(epochs, decoder, split="run", accept_confound=True)
    assert "exposed-by-position" in card.audit.flags
    assert card.metrics["accuracy"]["null"] > 0.6
    assert card.metrics["accuracy"]["p"] >= 1 / 7


def test_leaks_of_the_split_are_on_the_card(make_epochs, decoder):
    labels = in_random_order()
    image = np.array([f"{label}-{number % 3}" for number, label in enumerate(labels)])
    card = evaluate(small(make_epochs, labels, image=image, evoked=1.0), decoder, n_relabel=2)
    assert any("image" in sentence for sentence in card.leaks)
    assert "Leak: " in str(card)
    alone = evaluate(
        small(make_epochs, labels, image=[f"i{n}" for n in range(72)], evoked=1.0), decoder, n_relabel=2
    )
    assert not any("image" in sentence for sentence in alone.leaks)


def test_transductive_steps_are_on_the_card(make_epochs, decoder):
    epochs = small(make_epochs, in_random_order(), evoked=1.0)
    assert evaluate(epochs, decoder, n_relabel=2).transductive == ()
    mark_steps(epochs, ["MVNN", "ICA"])
    card = evaluate(epochs, decoder, n_relabel=2)
    assert card.transductive == ("MVNN", "ICA")
    assert "Transductive: MVNN, ICA learned from test epochs." in str(card)
    assert any("MVNN" in sentence for sentence in card.leaks)


def test_epochs_without_metadata_can_be_evaluated(make_epochs, decoder):
    epochs = small(make_epochs, in_random_order(), evoked=2.0)
    epochs.metadata = None
    card = evaluate(epochs, decoder, n_relabel=2)
    assert card.metrics["accuracy"]["value"] > 0.6
    assert card.leaks == ()


def test_epochs_whose_labels_are_the_names_of_events_can_be_evaluated(make_epochs, decoder):
    epochs = small(make_epochs, in_random_order(), evoked=2.0)
    epochs.metadata = epochs.metadata.drop(columns="concept").assign(number=range(72))
    assert evaluate(epochs, decoder, n_relabel=2).metrics["accuracy"]["value"] > 0.6


def test_a_seed_makes_a_result_repeat_and_epochs_stay(make_epochs, decoder):
    epochs = small(make_epochs, in_random_order(), evoked=1.0)
    before = epochs.get_data(copy=True)
    first, second = (evaluate(epochs, decoder, n_relabel=3, random_state=4) for _ in range(2))
    assert first.metrics == second.metrics
    np.testing.assert_array_equal(epochs.get_data(copy=False), before)


def test_pipelines_are_named_after_their_steps(make_epochs, decoder):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), decoder)
    card = evaluate(small(make_epochs, in_random_order(), evoked=1.0), pipeline, n_relabel=2)
    assert card.method == "StandardScaler + LinearDiscriminantAnalysis"


ERRORS = {
    "estimator": (
        {"estimator": "LDA"},
        TypeError,
        "^evaluate needs a classifier with fit and predict. Got 'LDA'.$",
    ),
    "accept_confound": (
        {"accept_confound": 1},
        TypeError,
        "^The 'accept_confound' parameter of evaluate must be True or False. Got 1 instead.$",
    ),
    "n_relabel": (
        {"n_relabel": 0},
        ValueError,
        "^The 'n_relabel' parameter of evaluate must be an integer of",
    ),
    "label": ({"label": "concpt"}, ValueError, "was asked for the labels 'concpt'"),
    "split": ({"split": "fold"}, ValueError, "was asked for the split 'fold'"),
}


@pytest.mark.parametrize(("arguments", "kind", "text"), ERRORS.values(), ids=ERRORS)
def test_bad_arguments_get_a_sentence(make_epochs, decoder, arguments, kind, text):
    epochs = small(make_epochs, in_random_order())
    with pytest.raises(kind, match=text):
        evaluate(**({"epochs": epochs, "estimator": decoder} | arguments))


@pytest.mark.parametrize(
    ("training", "text"),
    [
        (
            "a",
            "evaluate needs two labels in the training part; all 24 epochs there have the 'concept' 'a'. Choose "
            "another split.",
        ),
        (
            "ab",
            "evaluate needs test labels that occur in training; none of 24 epochs has one (zero-shot). Decode "
            "another label, or match features with embeddings of pictures instead.",
        ),
    ],
    ids=["one label", "new labels"],
)
def test_what_cannot_be_learned_or_shown_is_refused(make_epochs, decoder, training, text):
    labels = in_random_order()
    split = np.where(np.isin(labels, list(training)), "train", "test")
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        evaluate(small(make_epochs, labels), decoder, split=split)


def test_validation_epochs_are_found_for_every_fold():
    parts = pd.Series(["train", "val", "test", "train", None, "Validation"])
    other = pd.Series(["test", "train", "train", "train", "train", "train"])
    found = {
        "column": find_validation("part", pd.DataFrame({"part": parts}), [None]),
        "values": find_validation(parts.tolist(), None, [None]),
        "table": find_validation(pd.DataFrame({"a": parts, "b": other}), None, [None, None]),
        "folds": find_validation(["1", "2", "1", "2", "3", "3"], None, [None] * 3),
        "number": find_validation(5, None, [None] * 5),
        "pairs": find_validation([(np.arange(3), np.arange(3, 6))], None, [None]),
    }
    rows = {name: [list(held) for held in each] for name, each in found.items()}
    assert rows == {
        "column": [[1, 5]],
        "values": [[1, 5]],
        "table": [[1, 5], []],
        "folds": [[]] * 3,
        "number": [[]] * 5,
        "pairs": [[]],
    }
