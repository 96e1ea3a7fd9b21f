"""A pipeline leaves its input alone, accounts for what it does, and learns from nothing it must not see."""

import json

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import eegimg
from eegimg.preprocessing import (
    MVNN,
    Apply,
    AutoReject,
    Filter,
    FindBadChannels,
    Interpolate,
    MakeEpochs,
    RejectPeakToPeak,
    Scale,
)


@pytest.fixture(scope="module")
def simulated():
    return eegimg.make_recording(
        n_images=20, n_repetitions=2, n_channels=16, artifacts=False, bad_channels=False, random_state=3
    )[0]


@pytest.fixture
def raw(simulated):
    return simulated.copy()


def test_the_log_accounts_for_everything_and_the_input_stays(raw):
    raw.info["bads"] = ["Cz"]
    before = raw.get_data().copy()
    pipe = eegimg.Pipeline(
        Filter(l_freq=1.0, h_freq=30.0), Interpolate(), MakeEpochs(tmax=0.5), RejectPeakToPeak()
    )
    epochs = pipe.fit_transform(raw)
    assert raw.info["bads"] == ["Cz"]
    np.testing.assert_array_equal(raw.get_data(), before)
    assert [record["step"] for record in pipe.log_] == [
        "Filter",
        "Interpolate",
        "MakeEpochs",
        "RejectPeakToPeak",
    ]
    json.dumps(pipe.log_, allow_nan=False)
    for record, following in zip(pipe.log_, pipe.log_[1:], strict=False):
        assert record["after"] == following["before"]
    assert pipe.log_[1]["lost"]["channels"] == -1
    last = pipe.log_[-1]
    assert last["before"]["n_epochs"] - last["lost"]["epochs"] == len(epochs) == last["after"]["n_epochs"]
    assert sum(last["after"]["conditions"].values()) == len(epochs)
    assert pipe.log_[0]["after"]["sd_uv"] < pipe.log_[0]["before"]["sd_uv"]


def test_the_fingerprint_sees_values_not_their_spelling():
    one = eegimg.Pipeline(Filter(l_freq=1, h_freq=40.0), MakeEpochs(baseline=[None, 0]))
    same = eegimg.Pipeline(Filter(l_freq=1.0, h_freq=40), MakeEpochs(baseline=(None, 0.0)), name="other")
    assert one.fingerprint() == same.fingerprint()
    assert one == same
    for other in (
        eegimg.Pipeline(Filter(l_freq=1.5, h_freq=40.0), MakeEpochs()),
        eegimg.Pipeline(MakeEpochs(), Filter(l_freq=1, h_freq=40.0)),
        eegimg.Pipeline(Filter(l_freq=1, h_freq=40.0)),
    ):
        assert other.fingerprint() != one.fingerprint()


@pytest.mark.parametrize(
    "step", [MVNN(condition="concept"), Scale(), Scale(method="robust"), AutoReject(cv=3)]
)
def test_test_epochs_cannot_reach_what_is_learned(raw, step):
    epochs = MakeEpochs(tmin=-0.1, tmax=0.5).transform(raw)
    training = (epochs.metadata["split"] == "train").to_numpy()
    assert 0 < training.sum() < len(epochs)
    spoiled = epochs.copy()
    rng = np.random.default_rng(0)
    spoiled._data[~training] += 50e-6 * rng.standard_normal(spoiled._data[~training].shape)
    results = []
    for inst in (epochs, spoiled):
        out = eegimg.Pipeline(step).fit_transform(inst, split="split")
        kept = out.metadata["split"] == "train"
        results.append(out[kept.to_numpy()].get_data())
    np.testing.assert_array_equal(*results)
    pipe = eegimg.Pipeline(step)
    other = pipe.fit_transform(spoiled)
    assert pipe.log_[0]["fitted_on"] == "all epochs (no split was given)"
    same = other[(other.metadata["split"] == "train").to_numpy()].get_data()
    assert same.shape != results[0].shape or not np.array_equal(same, results[0])


def test_learning_from_test_epochs_is_refused_and_else_marked(raw):
    epochs = MakeEpochs().transform(raw)
    pipe = eegimg.Pipeline(MVNN(condition="concept", fit_scope="all"))
    with pytest.raises(ValueError, match="MVNN would learn from test epochs"):
        pipe.fit_transform(epochs, split="split")
    pipe.fit_transform(epochs, split="split", allow_transductive=True)
    assert pipe.transductive_
    assert "transductive" in pipe.log_[0]["fitted_on"]
    pipe.fit_transform(epochs[(epochs.metadata["split"] == "train").to_numpy()])
    assert not pipe.transductive_


@pytest.mark.parametrize(
    ("split", "sentence"),
    [("fold", "training part of 'fold'; the metadata have"), ("image", "marks no epoch as 'train'")],
)
def test_a_split_that_cannot_be_used_is_said(raw, split, sentence):
    with pytest.raises(ValueError, match=sentence):
        eegimg.Pipeline(Scale()).fit_transform(MakeEpochs().transform(raw), split=split)


def test_transform_uses_training_state_for_epochs_and_looks_at_each_recording_anew(raw):
    pipe = eegimg.Pipeline(FindBadChannels(criteria=("flat",)), MakeEpochs(), Scale())
    pipe.fit_transform(raw)
    scale = pipe.steps[-1].scale_.copy()
    other = raw.copy().load_data()
    other._data[:16] *= 2
    other._data[3] = 0
    out = pipe.transform(other)
    assert out.info["bads"] == [raw.ch_names[3]]
    np.testing.assert_array_equal(pipe.steps[-1].scale_, scale)
    assert pipe.log_[-1]["fitted_on"] == "an earlier fit"


def test_a_recording_without_positions_is_refused_before_any_work(raw):
    raw.set_montage(None)
    pipe = eegimg.Pipeline(Filter(l_freq=1.0), Interpolate(), MakeEpochs(), AutoReject())
    with pytest.raises(
        RuntimeError, match="'Interpolate' and 'AutoReject' need electrode positions; 16 of 16"
    ):
        pipe.fit_transform(raw)
    assert not getattr(pipe, "log_", [])
    placed = eegimg.Pipeline(Apply("set_montage", montage="colin27_1005"), Interpolate(), MakeEpochs())
    assert len(placed.fit_transform(raw)) == 40
    assert len(eegimg.read_recipe("nopositions").fit_transform(raw)) > 0


def test_missing_samples_are_named_where_they_would_spread(raw):
    raw.load_data()._data[2, 100] = np.nan
    with pytest.raises(
        RuntimeError, match=rf"Filter met samples that are not numbers \(NaN\) in '{raw.ch_names[2]}'"
    ):
        eegimg.Pipeline(Filter(l_freq=1.0), MakeEpochs()).fit_transform(raw)
    pipe = eegimg.Pipeline(
        FindBadChannels(criteria=("nan",)), Filter(l_freq=1.0), Interpolate(), MakeEpochs()
    )
    assert np.isfinite(pipe.fit_transform(raw).get_data(picks="eeg")).all()


def test_steps_work_in_a_scikit_learn_pipeline(raw):
    ours = eegimg.Pipeline(Filter(l_freq=1.0), MakeEpochs(), Scale()).fit_transform(raw)
    theirs = make_pipeline(Filter(l_freq=1.0), MakeEpochs(), Scale())
    np.testing.assert_array_equal(theirs.fit_transform(raw).get_data(), ours.get_data())
    np.testing.assert_array_equal(theirs.transform(raw).get_data(), ours.get_data())


def test_only_steps_and_plain_names_are_taken():
    with pytest.raises(TypeError, match=r"made of steps such as Filter\(l_freq=0.1\)"):
        eegimg.Pipeline(Filter)
    with pytest.raises(ValueError, match="must be letters and digits. Got 'a/b'"):
        eegimg.Pipeline(Filter(), name="a/b")
    with pytest.raises(ValueError, match="must be below 'h_freq'"):
        eegimg.Pipeline(Filter(l_freq=50.0, h_freq=40.0))


def test_where_the_volt_is_lost_the_log_has_no_microvolt(raw):
    pipe = eegimg.Pipeline(MakeEpochs(), Scale(), Apply("crop", tmin=0.0))
    pipe.fit_transform(raw)
    assert pipe.log_[0]["after"]["sd_uv"] > 0
    assert [record["after"]["sd_uv"] for record in pipe.log_[1:]] == [None, None]


def test_a_parameter_spoiled_after_construction_is_refused(raw):
    pipe = eegimg.Pipeline(Filter())
    pipe.steps[0].l_freq = "low"
    with pytest.raises(TypeError, match="'l_freq' parameter of Filter must be a number"):
        pipe.fit_transform(raw)


def test_no_eeg_channels_are_said(raw):
    with pytest.raises(RuntimeError, match="work on EEG channels; this recording has none. Set the channel"):
        eegimg.Pipeline(Interpolate()).fit_transform(raw.pick(["HEOG"]))
