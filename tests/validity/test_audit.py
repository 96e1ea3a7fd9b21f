"""The verdict on designs of which the answer is known, and everything that an audit says besides."""

import dataclasses
import json
import re

import mne
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import eegimg
from eegimg.validity import Audit, audit_design

ROUNDS = np.repeat(np.arange(5), 32)


def one_block(n_each=30):
    return np.repeat(list("abcd"), n_each)


def several_runs(n_rounds=5, length=8, seed=3):
    """Return labels with a run of each in every round, in random order."""
    rng = np.random.default_rng(seed)
    return np.repeat(np.concatenate([rng.permutation(list("abcd")) for _ in range(n_rounds)]), length)


def in_random_order(seed=0, n_each=40, names="abcd"):
    return np.random.default_rng(seed).permutation(np.repeat(list(names), n_each))


@pytest.fixture(scope="module")
def confounded(make_epochs):
    """Return an audit of several runs under random folds, without any signal."""
    return audit_design(make_epochs(several_runs(), power=0.8))


@pytest.mark.parametrize("kind", ["means", "power", "covariance"])
def test_one_block_of_each_label_that_drifts_is_confounded_and_cannot_be_settled(make_epochs, kind):
    audit = audit_design(make_epochs(one_block(), **{kind: 1.0}), explain=False)
    assert audit.verdict == "confounded"
    assert audit.flags == ("unidentifiable", "exposed", "drift", "above-chance")
    assert "no analysis under this split can tell them apart" in audit.reason
    assert "no split helps" in audit.remedy
    assert audit.null_accuracy is None
    assert "cannot be known" in audit.compare()


def test_one_block_with_nothing_in_it_is_still_never_ok(make_epochs):
    audit = audit_design(make_epochs(one_block()), explain=False)
    assert audit.verdict == "caution"
    assert audit.flags == ("unidentifiable", "exposed")


def test_a_classifier_that_reads_the_clock_in_noise_reaches_80_per_cent_and_the_audit_says_so(make_epochs):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    epochs = make_epochs(np.repeat(list("abcd"), 30), means=0.8)
    audit = audit_design(
        epochs, estimator=make_pipeline(StandardScaler(), LogisticRegression()), explain=False
    )
    assert audit.decoder == "estimator"
    assert audit.accuracy > 0.8
    assert audit.chance == 0.25
    assert audit.verdict == "confounded"
    assert audit.clock_accuracy > 0.95


def test_several_runs_under_random_folds_are_confounded_and_holding_runs_out_is_the_remedy(
    make_epochs, confounded
):
    assert confounded.verdict == "confounded"
    assert {"exposed", "drift", "leak"} <= set(confounded.flags)
    assert "unidentifiable" not in confounded.flags
    assert "hold whole rounds out" in confounded.remedy
    # A copy of the design without labels reaches as much as the labels.
    assert confounded.null_accuracy > confounded.chance + 0.1
    lifted = audit_design(make_epochs(several_runs(), power=0.8), split=ROUNDS, explain=False)
    assert lifted.verdict == "ok"
    assert lifted.remedy == "none needed."
    assert lifted.statistics["exposure"] < 0.1
    followed = audit_design(
        make_epochs(several_runs(), power=0.8), split=confounded.trials["remedy"], explain=False
    )
    assert followed.verdict == "ok"


def test_a_signal_does_not_clear_a_design(make_epochs, confounded):
    with_signal = audit_design(make_epochs(several_runs(), power=0.8, evoked=1.0), explain=False)
    assert with_signal.accuracy > confounded.accuracy + 0.2
    assert with_signal.verdict == "confounded"


def test_mean_amplitudes_alone_miss_drift_of_power(make_epochs):
    epochs = make_epochs(several_runs(), power=0.8)
    assert audit_design(epochs, features=("means",), explain=False).verdict != "confounded"
    audit = audit_design(epochs, features=["power"], explain=False)
    assert audit.verdict == "confounded"
    assert set(audit.decoders) == {"lda power", "5-nn"}
    assert {name for name in audit.statistics if name.startswith("drift_")} == {"drift_power"}


@pytest.mark.parametrize("evoked", [0.0, 1.0])
def test_random_order_is_ok_however_strong_the_drift(make_epochs, evoked):
    audit = audit_design(make_epochs(in_random_order(1), means=2.0, power=1.0, evoked=evoked))
    assert audit.verdict == "ok"
    assert "drift" in audit.flags
    assert audit.remedy == "none needed."
    assert (audit.accuracy > 0.6) == (evoked > 0)


def test_few_runs_that_are_held_out_call_for_caution(make_epochs):
    labels = np.repeat(list("abcdbadc"), 12)
    audit = audit_design(make_epochs(labels, power=0.5), split=np.repeat([0, 1], 48), explain=False)
    assert audit.verdict == "caution"
    assert "few-runs" in audit.flags
    assert "more runs of each label" in audit.remedy


@pytest.mark.parametrize("evoked", [0.0, 1.0])
def test_alternation_calls_for_caution_and_says_in_which_direction(make_epochs, evoked):
    audit = audit_design(make_epochs(np.tile(list("ab"), 60), means=1.0, evoked=evoked))
    assert audit.verdict == "caution"
    assert "biased-downwards" in audit.flags
    assert "downwards" in audit.reason
    assert "random order" in audit.remedy


def test_labels_that_follow_from_the_one_before_call_for_caution(make_epochs):
    audit = audit_design(make_epochs(np.tile(list("abcd"), 40)), explain=False)
    assert audit.verdict == "caution"
    assert "previous-label" in audit.flags
    assert "A label follows from the one before it" in audit.reason


def test_unknown_order_calls_for_caution_whatever_is_decoded(make_epochs):
    audit = audit_design(make_epochs(one_block(), onsets=np.arange(120), evoked=2.0), explain=False)
    assert audit.verdict == "caution"
    assert audit.flags[-1] == "order-unknown"
    assert audit.clock_accuracy is None
    assert "order=" in audit.remedy
    assert any("one sample apart" in remark for remark in audit.remarks)
    told = audit_design(
        make_epochs(one_block(), onsets=np.arange(120), evoked=2.0), order=np.arange(120), explain=False
    )
    assert told.verdict == "confounded"


@pytest.mark.parametrize(("evoked", "verdict"), [(2.0, "confounded"), (0.0, "caution")])
@pytest.mark.parametrize("told", ["argument", "column"])
def test_a_block_design_by_protocol_cannot_be_settled(make_epochs, evoked, verdict, told):
    columns = {"design": "block"} if told == "column" else {}
    epochs = make_epochs(in_random_order(), evoked=evoked, order="unknown", **columns)
    audit = audit_design(epochs, design="block" if told == "argument" else None, explain=False)
    assert audit.verdict == verdict
    assert {"unidentifiable", "block-design"} <= set(audit.flags)
    assert "no split helps" in audit.remedy


def test_a_block_design_whose_order_clears_it_still_calls_for_caution(make_epochs):
    audit = audit_design(make_epochs(in_random_order()), design="block", explain=False)
    assert (audit.verdict, audit.flags) == ("caution", ("block-design",))


def test_another_design_in_the_metadata_changes_nothing(make_epochs):
    assert audit_design(make_epochs(in_random_order(), design="rapid-event"), explain=False).verdict == "ok"


def test_blocks_in_one_order_for_all_are_confounded_even_with_recordings_held_out(make_epochs):
    recordings = np.repeat(np.arange(5), 60)
    labels = np.tile(np.repeat(list("ab"), 30), 5)
    epochs = make_epochs(labels, recordings=recordings, power=0.8, shared=True)
    audit = audit_design(epochs, split="run", explain=False)
    assert audit.verdict == "confounded"
    assert {"exposed-by-position", "position-leak", "above-chance"} <= set(audit.flags)
    assert audit.n_recordings == 5
    assert "5 folds of the column 'run'" in audit.split
    assert audit.null_accuracy > 0.6


def test_one_block_each_in_changing_order_is_lifted_by_holding_recordings_out(make_epochs):
    recordings = np.repeat(np.arange(6), 60)
    labels = np.tile(np.repeat(list("abba"), 30), 3)
    epochs = make_epochs(labels, recordings=recordings, power=1.0)
    random = audit_design(epochs, explain=False)
    assert random.verdict == "confounded"
    assert "hold whole recordings out" in random.remedy
    assert audit_design(epochs, split="run", explain=False).verdict == "ok"


def test_labels_that_training_lacks_are_looked_at_among_themselves(make_epochs):
    seen, new = in_random_order(0, 20, "abcd"), in_random_order(1, 20, "efgh")
    mixed = np.stack([seen, new], axis=1).ravel()
    split = np.tile(["train", "test"], 80)
    audit = audit_design(make_epochs(mixed, split=split, evoked=1.0))
    assert (audit.verdict, audit.flags[0]) == ("ok", "zero-shot")
    assert audit.n_labels == 4
    assert audit.decoder is None
    assert "zero-shot" in audit.remarks[0]
    blocks = np.stack([seen, np.sort(new)], axis=1).ravel()
    audit = audit_design(make_epochs(blocks, split=split, power=0.8), explain=False)
    assert audit.verdict == "caution"
    assert "exposed" in audit.flags


def test_test_epochs_of_a_label_that_training_lacks_are_left_out_and_told(make_epochs):
    labels = in_random_order(0, 30, "abc")
    split = np.where((np.arange(90) % 3 == 0) | (labels == "c"), "test", "train")
    audit = audit_design(make_epochs(labels, split=split), explain=False)
    assert audit.n_labels == 2
    assert re.match(r"30 of \d+ test epochs have a label that training lacks: left out\.", audit.remarks[0])


def test_of_many_labels_a_hundred_are_looked_at(make_epochs):
    labels = np.random.default_rng(0).permutation(np.repeat([f"c{number:03d}" for number in range(104)], 4))
    audit = audit_design(make_epochs(labels, n_channels=2, n_times=10), split=2, explain=False)
    assert audit.remarks == ("100 of 104 labels, drawn at random, were looked at.",)
    assert (audit.n_labels, audit.n_epochs, audit.chance) == (100, 400, 0.01)


def test_of_many_epochs_a_part_is_looked_at(make_epochs, monkeypatch):
    monkeypatch.setattr("eegimg.validity._scope.MAX_EPOCHS", 100)
    audit = audit_design(make_epochs(in_random_order()), explain=False)
    assert audit.remarks == ("100 of 160 epochs, evenly spread, were looked at.",)
    assert audit.n_epochs == len(audit.trials) == 100
    assert audit.trials["label"].value_counts().tolist() == [25] * 4


def test_a_split_in_the_metadata_is_used_and_one_given_goes_first(make_epochs):
    epochs = make_epochs(in_random_order(), split=np.where(np.arange(160) < 120, "train", "test"))
    audit = audit_design(epochs, explain=False)
    assert audit.split == "the column 'split'"
    assert (audit.trials["fold"] == 0).sum() == 40
    assert audit_design(epochs, split=3, explain=False).split == "3 stratified random folds over trials"


def test_an_accuracy_can_be_given(make_epochs):
    audit = audit_design(make_epochs(several_runs(), power=0.8), accuracy=0.62, explain=False)
    assert (audit.accuracy, audit.decoder) == (0.62, "given")
    assert audit.compare().startswith(
        "Of 62 % balanced accuracy (given), a label-free copy of the design gives "
    )


def test_an_estimator_is_relabelled_too_and_left_as_it_is(make_epochs):
    from sklearn.linear_model import LogisticRegression

    estimator = LogisticRegression(C=0.1)
    epochs = make_epochs(several_runs(n_rounds=4), means=1.0, n_times=10)
    audit = audit_design(epochs, estimator=estimator, explain=False, n_relabel=4)
    assert audit.decoder == "estimator"
    assert len(audit.decoders["estimator"]["null"]) == 4
    assert audit.accuracy == pytest.approx(0.25 + 0.75 * audit.decoders["estimator"]["kappa"])
    assert not hasattr(estimator, "classes_")
    assert estimator.C == 0.1


def test_an_estimator_of_three_dimensions_gets_epochs_in_volts(make_epochs):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(mne.decoding.Vectorizer(), StandardScaler(), LogisticRegression())
    epochs = make_epochs(in_random_order(n_each=20), evoked=3.0, n_channels=3, n_times=10)
    audit = audit_design(epochs, estimator=pipeline, explain=False, n_relabel=2)
    assert audit.accuracy > 0.6


def test_without_explanations_labels_that_are_not_exposed_are_not_decoded(make_epochs):
    audit = audit_design(make_epochs(in_random_order(1)), explain=False)
    assert audit.verdict == "ok"
    assert (audit.accuracy, audit.decoders) == (None, {})
    assert audit.compare() == "Nothing was decoded; chance is 25 %."


def test_explanations_do_not_vote(make_epochs):
    epochs = make_epochs(several_runs(), power=0.8, tmin=-0.1)
    with_them, without = audit_design(epochs), audit_design(epochs, explain=False)
    new = set(with_them.statistics) - set(without.statistics)
    assert new == {"high_pass", "slow_drift", "baseline_mean", "baseline_variance"}
    table = with_them.table.set_index("statistic")
    assert not table.loc[sorted(new), "votes"].any()
    assert with_them.statistics["baseline_variance"] > 0.1
    assert abs(with_them.statistics["baseline_mean"]) < 0.15
    assert with_them.statistics["high_pass"] > 0.1
    for name in ("verdict", "flags", "reason", "remedy", "accuracy", "null_accuracy"):
        assert getattr(with_them, name) == getattr(without, name)


def test_the_table_says_what_every_number_means(confounded):
    table = confounded.table.set_index("statistic")
    assert set(table.index) == set(confounded.statistics)
    assert table["meaning"].str.len().min() > 10
    assert list(table.columns) == ["value", "threshold", "votes", "meaning"]
    assert {"exposure", "drift", "leak"} <= set(table.index[table["votes"]])


def test_trials_are_a_table_with_runs_and_folds(confounded):
    trials = confounded.trials
    assert list(trials.columns) == ["recording", "position", "label", "run", "fold", "remedy"]
    assert trials["label"].tolist() == several_runs().tolist()
    assert trials["position"].tolist() == list(range(160))
    assert sorted(trials["fold"].unique()) == [0, 1, 2, 3, 4]
    assert (trials.groupby("run")["label"].nunique() == 1).all()


def test_a_seed_makes_an_audit_repeat(make_epochs):
    epochs = make_epochs(several_runs(), power=0.8)
    first, second, other = (audit_design(epochs, random_state=seed, explain=False) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first.trials, second.trials)
    assert {**first.to_dict(), "seconds": 0} == {**second.to_dict(), "seconds": 0}
    assert first.statistics != other.statistics


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of pandas, in MNE's reader
def test_epochs_are_left_as_they_are_whether_in_memory_or_not(make_epochs, tmp_path):
    epochs = make_epochs(several_runs(), power=0.8, tmin=-0.1)
    before = epochs.copy()
    audit = audit_design(epochs)
    np.testing.assert_array_equal(epochs.get_data(copy=False), before.get_data(copy=False))
    np.testing.assert_array_equal(epochs.events, before.events)
    pd.testing.assert_frame_equal(epochs.metadata, before.metadata)
    assert mne.utils.object_diff(epochs.info, before.info) == ""
    epochs.save(tmp_path / "some_epo.fif", fmt="double", verbose="error")
    on_disk = mne.read_epochs(tmp_path / "some_epo.fif", preload=False, verbose="error")
    from_disk = audit_design(on_disk)
    assert not on_disk.preload
    assert (from_disk.verdict, from_disk.flags) == (audit.verdict, audit.flags)
    assert from_disk.statistics["kappa"] == pytest.approx(audit.statistics["kappa"], abs=0.02)


@pytest.mark.parametrize("which", ["decoded", "not decoded", "cannot be relabelled"])
def test_an_audit_is_json(make_epochs, tmp_path, confounded, which):
    audit = {
        "decoded": lambda: confounded,
        "not decoded": lambda: audit_design(make_epochs(in_random_order(1)), explain=False),
        "cannot be relabelled": lambda: audit_design(make_epochs(one_block()), explain=False),
    }[which]()
    found = audit.to_dict()
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    fields = {field.name for field in dataclasses.fields(Audit)} - {"trials"}
    assert set(found) == fields | {"comparison"}
    assert found["verdict"] == audit.verdict
    assert found["comparison"] == audit.compare()
    path = audit.to_json(tmp_path / "audit.json")
    assert json.loads(path.read_text(encoding="utf-8")) == found


def test_an_audit_prints_its_verdict_its_comparison_and_its_remedy(confounded):
    text = str(confounded)
    assert text.startswith("CONFOUNDED: Training trials near in time tell ")
    assert " ".join(text.split()).count(confounded.compare()) == 1
    assert "Remedy: hold whole rounds out" in text
    assert max(map(len, text.splitlines())) <= 100
    assert repr(confounded) == (
        "<Audit: confounded | concept, 4 labels, 160 epochs, 5 stratified random folds over trials>"
    )


def test_remarks_are_printed(make_epochs):
    epochs = make_epochs(in_random_order(1))
    epochs.metadata = None
    audit = audit_design(epochs, explain=False)
    assert "Note: The metadata have no column 'concept'" in str(audit)


def test_an_audit_plots(confounded):
    figure = confounded.plot()
    assert isinstance(figure, Figure)
    assert len(figure.axes) >= 3


def test_an_audit_cannot_be_changed(confounded):
    with pytest.raises(dataclasses.FrozenInstanceError):
        confounded.verdict = "ok"


def test_a_simulated_block_design_is_confounded_and_a_rapid_one_is_not():
    verdicts = {}
    for design in ("block", "rapid-event"):
        raw, _ = eegimg.make_recording(20, 4, design, drift=20.0)
        epochs = eegimg.Pipeline(eegimg.preprocessing.MakeEpochs(baseline=None)).fit_transform(raw)
        verdicts[design] = audit_design(epochs, explain=False).verdict
    assert verdicts == {"block": "confounded", "rapid-event": "ok"}


ERRORS = {
    "no epochs": ({"epochs": np.zeros((4, 2, 3))}, TypeError, "'epochs' parameter of audit_design must be"),
    "label": ({"label": "concpt"}, ValueError, "asked for the labels 'concpt'.*Did you mean 'concept'?"),
    "one label": ({"label": "same"}, ValueError, "needs at least two labels in 'same'. Got '1'."),
    "group": ({"group": "nobody"}, ValueError, "asked for the group 'nobody'; the metadata have 'concept'"),
    "order": ({"order": "when"}, ValueError, "asked for the order 'when'; the metadata have 'concept'"),
    "split": ({"split": "fold"}, ValueError, "asked for the split 'fold'; the metadata have 'concept'"),
    "split length": ({"split": [1, 2]}, ValueError, "a split with one value per epoch, 40. Got 2."),
    "folds": ({"split": 50}, ValueError, "asked for 50 stratified random folds; the rarest label has 10"),
    "no test": ({"split": [(np.arange(40), np.array([], int))]}, ValueError, "a fold without test epochs"),
    "no train": (
        {"split": [(np.array([], int), np.arange(40))]},
        ValueError,
        "a fold without training epochs",
    ),
    "features": ({"features": ("powr",)}, ValueError, "must be 'means' or .* Did you mean 'power'?"),
    "no features": ({"features": ()}, ValueError, "'features' parameter of audit_design"),
    "features as text": ({"features": "power"}, TypeError, "'features' parameter of audit_design"),
    "accuracy": ({"accuracy": 62}, ValueError, "'accuracy' parameter of audit_design must be .*at most 1"),
    "accuracy as text": ({"accuracy": "62 %"}, TypeError, "'accuracy' parameter of audit_design must be"),
    "n_relabel": ({"n_relabel": 1}, ValueError, "'n_relabel' parameter .* an integer of at least 2"),
    "random_state": ({"random_state": None}, TypeError, "'random_state' parameter of audit_design must be"),
    "design": ({"design": "blocks"}, ValueError, "must be 'rapid-event' or 'block' .* Did you mean 'block'?"),
    "explain": ({"explain": "no"}, TypeError, "'explain' parameter of audit_design must be"),
    "estimator": ({"estimator": "LDA"}, TypeError, "audit_design needs a classifier with fit and predict"),
}


@pytest.mark.parametrize(("arguments", "kind", "text"), ERRORS.values(), ids=ERRORS)
def test_bad_arguments_get_a_sentence(make_epochs, arguments, kind, text):
    epochs = make_epochs(in_random_order(n_each=10), same=1)
    with pytest.raises(kind, match=text.replace("?", r"\?")):
        audit_design(**({"epochs": epochs} | arguments))
