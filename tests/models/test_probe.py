"""A probe reads what is planted, chooses on validation alone, refuses confounds, and says what was left out."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from twins.features import NAMES, planted

import eegimg
from eegimg.models._features import Features
from eegimg.models._probe import as_epochs, probe
from eegimg.models._readout import (
    ESTIMATORS,
    STRENGTHS,
    Readout,
    find_axes,
    fit_logistic,
    fit_ridge,
    make_plans,
    predict,
)
from eegimg.preprocessing import Filter, MakeEpochs
from eegimg.validity import ResultCard, evaluate


@pytest.fixture(scope="module")
def card():
    return probe(*planted(), n_relabel=9)


def part(metadata, name):
    return (metadata["split"] == name).to_numpy()


def sentence(text):
    return f"^{re.escape(text)}$"


def test_planted_signal_is_read_with_null_chance_and_choice_beside_it(card):
    entry = card.metrics["balanced accuracy"]
    assert isinstance(card, ResultCard)
    assert entry["value"] > 0.8
    assert entry["chance"] == pytest.approx(1 / 3)
    assert entry["null"] == pytest.approx(1 / 3, abs=0.12)
    assert entry["p"] == pytest.approx(1 / 10)
    assert card.audit.verdict == "ok"
    assert (card.task, card.method) == ("decoding of concept under the column 'split'", "ridge")
    assert card.choices[0]["chosen_on"] == "the validation part"
    assert len(card.choices[0]["scores"]) == 7
    assert f"C = {card.choices[0]['C']:g}, chosen on the validation part." in str(card)
    assert "By subject: 01 " in str(card)
    assert repr(card).startswith("<ProbeCard: decoding of concept")


def test_noise_is_at_chance():
    found = [probe(*planted(0.0, seed=seed), n_relabel=9).metrics["balanced accuracy"] for seed in range(4)]
    assert np.mean([entry["value"] for entry in found]) == pytest.approx(1 / 3, abs=0.08)
    assert np.mean([entry["p"] for entry in found]) > 0.2


@pytest.mark.parametrize("estimator", ["ridge", "logistic"])
def test_the_accuracy_is_that_of_scikit_learn_with_the_chosen_strength(estimator):
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values, metadata = planted(0.5)
    # As many training epochs of each label, where the two ways of weighting ridge are one.
    order = metadata.groupby("concept").cumcount()
    metadata["split"] = np.select([order < 30, order < 40], ["train", "validation"], "test")
    train, test = part(metadata, "train"), part(metadata, "test")
    card = probe(values, metadata, estimator=estimator, n_relabel=1)
    strength = card.choices[0]["C"]
    model = {
        "ridge": RidgeClassifier(1 / strength),
        "logistic": LogisticRegression(C=strength, class_weight="balanced", max_iter=5000),
    }[estimator]
    own = make_pipeline(StandardScaler(), model).fit(values[train], metadata["concept"][train])
    assert (own.predict(values[test]) == card.predictions["predicted"]).all()
    assert card.metrics["accuracy"]["value"] == own.score(values[test], metadata["concept"][test])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_labels_weigh_the_same_however_often_they_occur(estimator):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [900, 100])
    centre = np.array([0.6, 0.0, -0.6])
    values = rng.standard_normal((1000, 3)) + np.where(labels[:, None] == 1, centre, -centre)
    truth = np.repeat([0, 1], 2000)
    new = rng.standard_normal((4000, 3)) + np.where(truth[:, None] == 1, centre, -centre)
    (guess,) = predict(estimator, [1.0], find_axes(values, new), labels)
    # Each label is found as often as the other, as in the best rule there is: 0.80 of trials.
    rates = [np.mean(guess[truth == label] == label) for label in (0, 1)]
    assert rates == pytest.approx([0.80, 0.80], abs=0.04)


def test_predictions_are_one_row_per_test_epoch_in_the_rows_of_the_metadata(card):
    _, metadata = planted()
    rows = card.predictions["epoch"].to_numpy()
    assert rows.tolist() == np.flatnonzero(part(metadata, "test")).tolist()
    assert (metadata["concept"].to_numpy()[rows] == card.predictions["true"]).all()
    assert (metadata["subject"].to_numpy()[rows] == card.predictions["subject"]).all()


def test_scores_come_apart_by_subject_and_by_label(card):
    subjects = card.by("subject")
    assert subjects.index.tolist() == ["01", "02", "03"]
    assert subjects["n_epochs"].sum() == len(card.predictions)
    weighted = (subjects["accuracy"] * subjects["n_epochs"]).sum() / subjects["n_epochs"].sum()
    assert weighted == pytest.approx(card.metrics["accuracy"]["value"])
    assert card.by("true")["accuracy"].mean() == pytest.approx(card.metrics["balanced accuracy"]["value"])
    counts = card.confusion
    assert counts.index.tolist() == counts.columns.tolist() == list(NAMES)
    assert np.trace(counts) / counts.to_numpy().sum() == pytest.approx(card.metrics["accuracy"]["value"])
    text = (
        "ProbeCard.by was asked for 'subjcet'; the predictions have 'epoch', 'fold', 'true', 'predicted', "
        "'unit' and 'subject'. Did you mean 'subject'?"
    )
    with pytest.raises(ValueError, match=sentence(text)):
        card.by("subjcet")


def test_the_card_is_json_with_choices_subjects_and_audit(card, tmp_path):
    read = json.loads(card.to_json(tmp_path / "card.json").read_text(encoding="utf-8"))
    assert read["verdict"] == read["audit"]["verdict"] == "ok"
    assert set(read["choices"][0]["scores"]) == {"1e-06", "1e-05", "0.0001", "0.001", "0.01", "0.1", "1"}
    assert set(read["by_subject"]) == {"01", "02", "03"}
    assert "predictions" not in read


@pytest.mark.parametrize("estimator", ["logistic", "ridge"])
def test_nothing_about_the_test_part_reaches_the_decoder(estimator):
    values, metadata = planted(0.4)
    labels = np.unique(metadata["concept"], return_inverse=True)[1]
    train, held, test = (np.flatnonzero(part(metadata, name)) for name in ("train", "validation", "test"))
    spoiled, other = values.copy(), labels.copy()
    spoiled[test] = 1e3 * np.random.default_rng(1).standard_normal(values[test].shape)
    other[test] = 0

    def choose_and_fit(data, targets):
        plans = make_plans([(train, test)], [held], targets, {}, 0)
        choice = Readout(estimator, (1e-4, 1e-2, 1.0), plans).decode(data, [targets])[1][0][0]
        axes = find_axes(data[train], data[test])
        if estimator == "ridge":
            weights, offset = fit_ridge(axes, targets[train], choice["C"])
        else:
            fitted = fit_logistic(axes.fitted, targets[train], choice["C"])
            weights, offset = fitted.coef_, fitted.intercept_
        return choice, weights.tobytes(), offset.tobytes()

    before = choose_and_fit(values, labels)
    assert choose_and_fit(spoiled, other) == before
    # The same comparison, where it must fail: the validation part does decide.
    spoiled[held] = spoiled[test][: len(held)]
    assert choose_and_fit(spoiled, labels)[0] != before[0]


def test_the_whole_probe_chooses_the_same_whatever_the_test_part_holds():
    values, metadata = planted(0.5)
    before = probe(values, metadata, n_relabel=1)
    spoiled = values.copy()
    spoiled[part(metadata, "test")] = np.random.default_rng(1).standard_normal(
        values[part(metadata, "test")].shape
    )
    assert probe(spoiled, metadata, n_relabel=1).choices == before.choices


def test_validation_is_in_neither_training_nor_test():
    values, metadata = planted()
    held = part(metadata, "validation")
    before = probe(values, metadata, strengths=0.1, n_relabel=1)
    values[held] += 50.0
    after = probe(values, metadata, strengths=0.1, n_relabel=1)
    assert not set(np.flatnonzero(held)) & set(after.predictions["epoch"])
    pd.testing.assert_frame_equal(before.predictions, after.predictions)


def test_the_strength_that_suits_is_chosen():
    # As many features as training epochs: without a strong penalty the noise is fitted exactly.
    values, metadata = planted(0.2, n_each=100, n_features=150)
    scores = probe(values, metadata, estimator="ridge", n_relabel=1).choices[0]["scores"]
    assert max(scores, key=scores.get) < 0.1
    assert scores[1.0] < max(scores.values()) - 0.1


@pytest.mark.slow
def test_ridge_reads_most_from_epochs_of_few_trials():
    # Why it is the default; the numbers stand in the notes of probe.
    raw, _ = eegimg.make_recording(300, 4)
    steps = Filter(l_freq=0.5, h_freq=40.0), MakeEpochs(baseline=None)
    epochs = eegimg.Pipeline(*steps).fit_transform(raw)
    data = epochs.get_data(picks="eeg").reshape(len(epochs), -1)
    labels = np.unique(epochs.metadata["concept"], return_inverse=True)[1]
    train, test = part(epochs.metadata, "train"), part(epochs.metadata, "test")
    axes = find_axes(data[train], data[test])
    best = {
        name: max(np.mean(guess == labels[test]) for guess in predict(name, STRENGTHS, axes, labels[train]))
        for name in ESTIMATORS
    }
    assert best["ridge"] == pytest.approx(0.44, abs=0.02)
    assert best["logistic"] == pytest.approx(0.28, abs=0.02)
    assert best["lda"] == pytest.approx(0.38, abs=0.02)


@pytest.mark.parametrize(
    ("split", "text"),
    [
        ("subject", "2 folds inside the training part, each subject held out whole"),
        ("round", "5 random folds inside the training part"),
    ],
)
def test_without_a_validation_part_inner_folds_hold_out_what_the_split_does(split, text):
    values, metadata = planted()
    metadata["round"] = np.random.default_rng(5).permutation(np.resize(["1", "2", "3"], len(metadata)))
    card = probe(values, metadata, split=split, n_relabel=1)
    assert [choice["chosen_on"] for choice in card.choices] == [text] * 3
    assert card.metrics["accuracy"]["value"] > 0.8


def test_inner_folds_stay_inside_the_training_part_and_hold_units_out_whole():
    labels = np.tile([0, 1], 60)
    units = np.repeat(np.arange(12), 10)
    train, test = np.flatnonzero(units < 8), np.flatnonzero(units >= 8)
    (plan,) = make_plans([(train, test)], [np.empty(0, int)], labels, {"run": units}, 0)
    assert len(plan.inner) == 5
    assert sorted(np.concatenate([held for _, held in plan.inner])) == train.tolist()
    for fit, held in plan.inner:
        assert not set(units[fit]) & set(units[held])
        assert not (set(fit) | set(held)) - set(train)


@pytest.mark.parametrize("n_features", [12, 400])
def test_axes_keep_all_that_ridge_can_use(n_features):
    from sklearn.linear_model import RidgeClassifier

    values, metadata = planted(0.5, n_features=n_features)
    labels = np.unique(metadata["concept"], return_inverse=True)[1]
    train, test = part(metadata, "train"), part(metadata, "test")
    axes = find_axes(values[train], values[test])
    assert axes.fitted.shape[1] == min(n_features, train.sum() - 1)
    np.testing.assert_allclose(axes.fitted.T @ axes.fitted, np.diag(axes.squares), atol=1e-6)
    fitted, others = (
        (values[rows] - values[train].mean(axis=0)) / values[train].std(axis=0) for rows in (train, test)
    )
    np.testing.assert_allclose(axes.others @ axes.fitted.T, others @ fitted.T, atol=1e-6)
    whole = RidgeClassifier(alpha=10.0).fit(fitted, labels[train])
    own = RidgeClassifier(alpha=10.0).fit(axes.fitted, labels[train])
    expected = whole.decision_function(others)
    np.testing.assert_allclose(own.decision_function(axes.others), expected, atol=1e-6)


def test_constant_features_do_no_harm():
    values, metadata = planted()
    with_constant = np.hstack([values, np.full((len(values), 2), 7.0)])
    same = probe(values, metadata, n_relabel=1).predictions
    pd.testing.assert_frame_equal(probe(with_constant, metadata, n_relabel=1).predictions, same)
    dead = probe(np.full((len(values), 3), 7.0), metadata, n_relabel=1)
    assert dead.metrics["balanced accuracy"]["value"] == pytest.approx(1 / 3)


def test_a_classifier_of_ones_own_gives_what_evaluate_gives():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    values, metadata = planted(0.5)
    own = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    card = probe(values, metadata, estimator=own, n_relabel=3)
    expected = evaluate(as_epochs(values, metadata), own, "split", order="onset", n_relabel=3)
    assert card.metrics == expected.metrics
    assert card.choices[0] == {"C": None, "chosen_on": "nothing, as the estimator was given", "scores": {}}
    assert not hasattr(own, "classes_")


def drifting(n_rounds=6, length=8, seed=3):
    """Return features that drift and know nothing of labels, which come in runs."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.concatenate([rng.permutation(list("abcd")) for _ in range(n_rounds)]), length)
    time = np.arange(len(labels)) / len(labels)
    waves = np.cos(np.pi * np.outer(time, np.arange(1, 31))) @ rng.standard_normal((30, 30))
    values = waves + rng.standard_normal((len(labels), 30))
    split = rng.permutation(np.resize(["train", "train", "test"], len(labels)))
    return values, pd.DataFrame({"concept": labels, "onset": 2.0 * np.arange(len(labels)), "split": split})


def test_a_confounded_design_is_refused_and_comes_with_its_null_where_accepted():
    values, metadata = drifting()
    with pytest.raises(
        ValueError, match="^probe gives no bare accuracy for a confounded design. Training trials"
    ):
        probe(values, metadata)
    card = probe(values, metadata, accept_confound=True, n_relabel=6)
    entry = card.metrics["balanced accuracy"]
    assert entry["value"] > 0.5
    assert entry["null"] > entry["chance"] + 0.15
    assert card.audit.verdict == "confounded"


def test_a_known_block_design_is_refused_without_an_order():
    values, metadata = planted()
    metadata = metadata.drop(columns="onset").assign(design="block")
    with pytest.raises(
        ValueError, match="^probe gives no bare accuracy for a confounded design. Each label has one"
    ):
        probe(values, metadata)


def test_without_an_order_the_card_calls_for_caution_and_has_no_false_null():
    values, metadata = planted(n_subjects=1)
    card = probe(values, metadata.drop(columns=["onset", "subject"]))
    assert card.audit.verdict == "caution"
    assert "order-unknown" in card.audit.flags
    assert card.metrics["accuracy"]["null"] is None
    ordered = probe(values, metadata.drop(columns="onset"), order=np.arange(len(metadata)), n_relabel=2)
    assert ordered.audit.verdict == "ok"


def test_epochs_without_a_label_are_left_out_and_counted():
    values, metadata = planted()
    full = probe(values[6:], metadata[6:], n_relabel=1)
    metadata.loc[:4, "concept"] = None
    metadata.loc[5, "concept"] = "n/a"
    for split in ("split", metadata["split"], metadata["split"].tolist()):
        card = probe(values, metadata, split, n_relabel=1)
        assert card.remarks == ("6 of 180 epochs have no 'concept': left out.",)
        assert "Note: 6 of 180 epochs" in str(card)
        assert card.metrics["accuracy"] == full.metrics["accuracy"]
        assert (card.predictions["epoch"] == full.predictions["epoch"] + 6).all()
    pairs = [(np.arange(60), np.arange(60, 180))]
    text = (
        "probe cannot leave out epochs of a split given as indices; 6 have no 'concept'. Drop them from "
        "features, metadata and split first."
    )
    with pytest.raises(ValueError, match=sentence(text)):
        probe(values, metadata, pairs)


def test_names_of_events_are_the_labels_where_there_is_no_concept():
    values, metadata = planted()
    card = probe(values, metadata.rename(columns={"concept": "event"}), n_relabel=1)
    assert card.remarks == ("The metadata have no column 'concept': the names of the events are the labels.",)
    assert card.task.startswith("decoding of event")


def test_features_bring_their_metadata_and_record():
    values, metadata = planted()
    features = Features(values.reshape(len(values), 5, 2), metadata, {"model": "some_net"})
    card = probe(features, n_relabel=1)
    assert card.source == {"model": "some_net"}
    again = metadata.assign(fold=metadata["split"])
    assert probe(features, again, "fold", n_relabel=1).metrics == card.metrics


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (
            lambda v, m: (v[:-1], m),
            ValueError,
            "probe needs one row of metadata for each epoch. Got 179 epochs of features and 180 rows: take both "
            "from the same store, or drop from both.",
        ),
        (
            lambda v, m: (np.where(np.arange(180)[:, None] == 7, np.nan, v), m),
            ValueError,
            "probe needs features that are numbers; 1 of 180 epochs hold NaN or infinity: '7'. Drop those rows "
            "from features and metadata.",
        ),
        (
            lambda v, m: (v[:, 0], m),
            TypeError,
            "probe needs features as numbers, (n_epochs, n_features). Got float64 of the shape (180,).",
        ),
        (
            lambda v, m: (v, None),
            ValueError,
            "probe needs metadata beside an array: a DataFrame with one row per epoch.",
        ),
        (
            lambda v, m: (Features(v, m, {}), m.iloc[::-1]),
            ValueError,
            "probe got features of other epochs than the metadata: in row 0 the 'subject' is '01' for the "
            "features and '03' in the metadata. Take both from the same store, in the same order.",
        ),
        (
            lambda v, m: (
                v,
                m.rename(columns={"concept": "concpet"}).assign(event=None),
                "split",
                "concepts",
            ),
            ValueError,
            "probe was asked for the labels 'concepts'; the metadata have 'concpet', 'subject', 'onset', 'split' "
            "and 'event'. Did you mean 'concpet'?",
        ),
        (
            lambda v, m: (v, m.assign(concept=np.where(m["split"] == "train", "a", m["concept"]))),
            ValueError,
            "probe needs two labels in the training part; all 90 epochs there have the 'concept' 'a'. Choose "
            "another split.",
        ),
    ],
    ids=["length", "nan", "flat", "no table", "other store", "label", "one class"],
)
def test_bad_input_gets_one_sentence(change, error, text):
    with pytest.raises(error, match=sentence(text)):
        probe(*change(*planted()), n_relabel=1)


@pytest.mark.parametrize("part_name", ["train", "test"])
def test_an_empty_part_of_the_split_is_named(part_name):
    values, metadata = planted()
    metadata["split"] = metadata["split"].replace(part_name, "validation")
    with pytest.raises(ValueError, match="needs 'train' and 'test' in the column 'split'. It has "):
        probe(values, metadata)


def test_labels_that_training_lacks_cannot_be_probed():
    values, metadata = planted()
    metadata["concept"] = np.where(part(metadata, "test"), "new " + metadata["concept"], metadata["concept"])
    text = "^probe needs test labels that occur in training; none of 60 epochs has one \\(zero-shot"
    with pytest.raises(ValueError, match=text):
        probe(values, metadata, n_relabel=1)


def test_parameters_are_checked():
    values, metadata = planted()
    with pytest.raises(ValueError, match="'estimator' parameter of probe must be .* Did you mean 'logistic'"):
        probe(values, metadata, estimator="logistik")
    with pytest.raises(
        TypeError, match="^probe needs 'ridge', 'logistic' and 'lda' or a classifier with fit"
    ):
        probe(values, metadata, estimator=3)
    with pytest.raises(ValueError, match="'strengths' parameter of probe must be a number above 0. Got 0"):
        probe(values, metadata, strengths=[1.0, 0])
    with pytest.raises(TypeError, match="'strengths' parameter of probe must be a number above 0. Got None"):
        probe(values, metadata, strengths=[])
    with pytest.raises(ValueError, match="the metadata have 'concept', 'subject', 'onset' and 'split'. Name"):
        probe(values, metadata, "sptil")


def test_features_may_be_many():
    # As many tokens as the released encoder gives, in one row: no square of that number is ever made.
    values, metadata = planted(n_each=20, n_features=50)
    wide = np.hstack([values, np.zeros((len(values), 131_022))])
    assert as_epochs(wide, metadata).get_data(copy=False).shape == (60, 1, 131_072)
    narrow = probe(values, metadata, n_relabel=1)
    pd.testing.assert_frame_equal(probe(wide, metadata, n_relabel=1).predictions, narrow.predictions)
