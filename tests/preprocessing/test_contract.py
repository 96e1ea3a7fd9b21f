"""What every step promises, asked of every step that a recipe may use."""

import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline as SklearnPipeline

import eegimg
from eegimg import preprocessing
from eegimg.pipeline import read_recipe, write_recipe
from eegimg.pipeline._pipeline import step_names
from eegimg.preprocessing import (
    ICA,
    MVNN,
    Apply,
    AutoReject,
    Crop,
    Filter,
    FindBadChannels,
    Interpolate,
    MakeEpochs,
    Notch,
    RejectPeakToPeak,
    Rereference,
    Resample,
    Scale,
)
from eegimg.preprocessing._step import plain

# A step that is not at its defaults, and what it works on.
STEPS = {
    "Apply": (Apply("crop", tmax=20.0), "raw"),
    "AutoReject": (AutoReject(n_interpolate=(1,), consensus=(0.2, 0.5), cv=2), "epochs"),
    "Crop": (Crop(tmin=1.0, tmax=30.0), "raw"),
    "Filter": (Filter(l_freq=1.0, h_freq=30.0), "raw"),
    "FindBadChannels": (FindBadChannels(random_state=3), "raw"),
    "ICA": (ICA(n_components=8, max_iter=30, random_state=1), "raw"),
    "Interpolate": (Interpolate(), "marked"),
    "MVNN": (MVNN(condition="concept"), "epochs"),
    "MakeEpochs": (MakeEpochs(tmin=-0.1, baseline=(None, 0)), "raw"),
    "Notch": (Notch(freqs=(50.0, 100.0)), "raw"),
    "RejectPeakToPeak": (RejectPeakToPeak(reject={"eeg": 60e-6}), "epochs"),
    "Rereference": (Rereference(ref_channels=("P7", "P8")), "raw"),
    "Resample": (Resample(sfreq=125.0), "raw"),
    "Scale": (Scale(method="robust"), "epochs"),
}
# A parameter, a value it must refuse, the error, and what its sentence must hold.
WRONG = [
    (Apply("crop"), "call", "cropp", ValueError, "Did you mean 'crop'"),
    (AutoReject(), "cv", 1, ValueError, "of at least 2"),
    (AutoReject(), "cv", 2.5, TypeError, "an integer"),
    (AutoReject(), "n_interpolate", (), ValueError, "empty"),
    (AutoReject(), "n_interpolate", 4, TypeError, "a list"),
    (AutoReject(), "consensus", (1.5,), ValueError, "of at most 1"),
    (AutoReject(), "consensus", (), ValueError, "empty"),
    (Crop(), "tmin", "1", TypeError, "a number"),
    (Crop(tmin=2.0), "tmax", 1.0, ValueError, "above 'tmin'"),
    (Filter(), "l_freq", -1, ValueError, "above 0"),
    (Filter(), "l_freq", "0.1", TypeError, "a number"),
    (Filter(), "l_freq", np.nan, TypeError, "a number"),
    (Filter(l_freq=1.0), "h_freq", 1.0, ValueError, "must be below 'h_freq'"),
    (Filter(), "phase", "zeros", ValueError, "Did you mean 'zero'"),
    (FindBadChannels(), "criteria", ("ransak",), ValueError, "Did you mean 'ransac'"),
    (FindBadChannels(), "criteria", "flat", TypeError, "a list"),
    (FindBadChannels(), "criteria", None, TypeError, "a list"),
    (FindBadChannels(), "deviation_threshold", 0, ValueError, "above 0"),
    (FindBadChannels(), "max_fraction", 1.5, ValueError, "of at most 1"),
    (ICA(), "method", "picardo", ValueError, "Did you mean 'picard'"),
    (ICA(), "labels", ("eye blinks",), ValueError, "Did you mean 'eye blink'"),
    (ICA(), "labels", "eye blink", TypeError, "a list"),
    (ICA(), "labels", (), ValueError, "empty"),
    (ICA(), "n_components", 2.5, TypeError, "an integer"),
    (ICA(), "n_components", 1, ValueError, "of at least 2"),
    (ICA(), "threshold", 1.1, ValueError, "of at most 1"),
    (ICA(), "h_freq", 0.5, ValueError, "must be below 'h_freq'"),
    (ICA(), "max_iter", 0, ValueError, "of at least 1"),
    (MVNN(), "covariance", "times", ValueError, "Did you mean 'time'"),
    (MVNN(), "fit_scope", "test", ValueError, "'train' or 'all'"),
    (MVNN(), "condition", 3, TypeError, "a metadata column"),
    (MVNN(), "split", 3, TypeError, "a metadata column"),
    (MVNN(), "within", "session", TypeError, "a list of metadata columns"),
    (MVNN(), "within", (1,), TypeError, "a list of metadata columns"),
    (MVNN(), "within", (), ValueError, "empty"),
    (MakeEpochs(), "tmax", -0.3, ValueError, "above -0.2"),
    (MakeEpochs(), "baseline", (None,), ValueError, "two times"),
    (MakeEpochs(), "baseline", (), ValueError, "empty"),
    (MakeEpochs(), "baseline", ("start", 0), TypeError, "a number"),
    (MakeEpochs(), "baseline", (-0.3, 0), ValueError, "must lie between"),
    (MakeEpochs(), "baseline", (0, -0.1), ValueError, "must lie between"),
    (MakeEpochs(), "event_repeated", "dropp", ValueError, "Did you mean 'drop'"),
    (MakeEpochs(), "event_id", "face", TypeError, "a list of names"),
    (MakeEpochs(), "event_id", (1, 2), TypeError, "a list of names"),
    (MakeEpochs(), "event_id", {"a": 1, "b": 1}, ValueError, "a code of its own"),
    (MakeEpochs(), "event_id", {"a": "1"}, TypeError, "an integer"),
    (MakeEpochs(), "stim_channel", 3, TypeError, "a channel name"),
    (MakeEpochs(), "reject_by_annotation", "no", TypeError, "True or False"),
    (Notch(), "freqs", "lines", ValueError, "Did you mean 'line'"),
    (Notch(), "freqs", (0,), ValueError, "above 0"),
    (Notch(), "freqs", 50, TypeError, "a list of Hz"),
    (Notch(), "freqs", (), ValueError, "empty"),
    (RejectPeakToPeak(), "reject", {"eegg": 1e-4}, ValueError, "Did you mean 'eeg'"),
    (RejectPeakToPeak(), "reject", {"eeg": 0}, ValueError, "above 0"),
    (RejectPeakToPeak(), "reject", 1e-4, TypeError, "a table"),
    (Rereference(), "ref_channels", (), ValueError, "empty"),
    (Rereference(), "ref_channels", (1,), TypeError, "channel names"),
    (Rereference(), "online_reference", 1, TypeError, "a channel name"),
    (Resample(), "sfreq", 0, ValueError, "above 0"),
    (Resample(), "method", "fftt", ValueError, "Did you mean 'fft'"),
    (Scale(), "method", "standart", ValueError, "Did you mean 'standard'"),
]


@pytest.fixture(params=STEPS, ids=str)
def name(request):
    return request.param


@pytest.fixture
def step(name):
    return clone(STEPS[name][0])


@pytest.fixture
def inst(name, request):
    """Return what the step works on."""
    kind = STEPS[name][1]
    if kind == "epochs":
        return request.getfixturevalue("epochs")
    clean = request.getfixturevalue("clean")
    if kind == "marked":
        clean.info["bads"] = ["P7"]
    return clean


def same_data(one, other):
    return np.array_equal(one.get_data(), other.get_data()) and one.info["bads"] == other.info["bads"]


def test_the_examples_are_all_steps():
    assert list(STEPS) == step_names()
    # Interpolate has no parameters.
    assert {type(step).__name__ for step, *_ in WRONG} == set(STEPS) - {"Interpolate"}


def test_repr_evaluates_to_an_equal_step(step):
    back = eval(repr(step), vars(preprocessing) | {key: getattr(preprocessing, key) for key in STEPS})
    assert back is not step
    assert back == step


def test_clone_is_equal_and_its_parameters_are_its_own(step):
    twin = clone(step)
    assert twin == step
    for key in step.get_params():
        if key != "call":
            twin.set_params(**{key: 99})
    assert (twin == step) is (not set(step.get_params()) - {"call"})


def test_steps_of_other_kinds_or_parameters_differ(name, step):
    others = [other for key, (other, _) in STEPS.items() if key != name]
    assert all(step != other for other in others)
    assert step != step.get_params()
    if name not in ("Apply", "Interpolate"):
        assert step != type(step)()


def test_the_input_stays_and_a_new_instance_comes_out(step, inst, digest):
    before = digest(inst)
    out = step.fit_transform(inst)
    assert digest(inst) == before
    assert out is not inst
    kept = digest(out)
    inst._data += 1.0  # whatever shares memory with the input changes too
    assert digest(out) == kept


def test_the_same_seed_gives_the_same_result(step, inst):
    one, found = clone(step).fit(inst).apply(inst)
    np.random.seed(99)  # noqa: NPY002 - a step must not draw from the global generator
    other, found_again = clone(step).fit(inst).apply(inst)
    assert same_data(one, other)
    assert plain(found) == plain(found_again)


def test_what_was_found_is_json(step, inst):
    _, found = step.fit(inst).apply(inst)
    assert isinstance(found, dict)
    assert json.loads(json.dumps(plain(found), allow_nan=False)) == plain(found)


def test_the_state_of_a_fit_does_not_change_what_the_step_is(step, inst):
    twin = clone(step)
    fingerprint = eegimg.Pipeline(step).fingerprint()
    step.fit_transform(inst)
    assert step == twin
    assert eegimg.Pipeline(step).fingerprint() == fingerprint


def test_a_recipe_brings_the_step_back(step, tmp_path):
    pipe = eegimg.Pipeline(step, name="one")
    back = read_recipe(write_recipe(pipe, tmp_path / "one.toml"))
    assert back == pipe
    assert back.name == "one"
    assert back.fingerprint() == pipe.fingerprint()
    assert repr(back.steps[0]) == repr(step)


def test_scikit_learn_runs_the_step(step, inst):
    pipe = SklearnPipeline([("step", step)])
    fitted = pipe.fit_transform(inst)
    expected = clone(step).fit_transform(inst)
    assert same_data(fitted, expected)
    assert same_data(pipe.transform(inst), expected)


def test_a_transform_before_the_fit_is_refused_where_there_is_something_to_learn(step, inst):
    if step.fit_scope == "none":
        assert step.transform(inst) is not inst
    else:
        with pytest.raises(RuntimeError, match=f"^{type(step).__name__} is not fitted. Call fit"):
            step.transform(inst)


def test_an_unknown_parameter_is_named_with_what_there_is(step, tmp_path):
    wrong = next((key for key in step.get_params() if key != "call"), "methods") + "x"
    with pytest.raises(ValueError, match=f"no (parameter|argument) '{wrong}'. It has "):
        step.set_params(**{wrong: 1})
    file = tmp_path / "r.toml"
    write_recipe(eegimg.Pipeline(step), file)
    file.write_text(file.read_text() + f"{wrong} = 1\n")
    with pytest.raises(
        ValueError, match=f"^The recipe r.toml, step 1: .*no (parameter|argument) '{wrong}'. It has "
    ):
        read_recipe(file)


def test_a_parameter_nearly_right_is_suggested():
    with pytest.raises(ValueError, match="^Filter has no parameter 'l_frq'.* Did you mean 'l_freq'?"):
        Filter().set_params(l_frq=1.0)
    with pytest.raises(ValueError, match="^Interpolate has no parameter 'a'. It has no parameters."):
        Interpolate().set_params(a=1)


@pytest.mark.parametrize(
    ("step", "parameter", "value", "error", "text"),
    WRONG,
    ids=[f"{type(step).__name__}-{parameter}-{value}" for step, parameter, value, *_ in WRONG],
)
def test_wrong_values_are_refused(step, parameter, value, error, text):
    step = clone(step)
    step.check()
    setattr(step, parameter, value)
    with pytest.raises(error) as caught:
        step.check()
    sentence = str(caught.value)
    assert text in sentence
    assert f"The '{parameter}" in sentence or "'l_freq'" in sentence
    assert "Got " in sentence
    with pytest.raises(error):
        eegimg.Pipeline(step)


@pytest.mark.parametrize("wrong", ["raw", "epochs"])
def test_steps_in_the_wrong_place_say_where_they_belong(wrong, clean, epochs):
    needs_raw, needs_epochs = (FindBadChannels(), MakeEpochs()), (RejectPeakToPeak(), AutoReject(), MVNN())
    for step in needs_raw if wrong == "epochs" else needs_epochs:
        with pytest.raises(TypeError, match="needs (epochs|a continuous recording)"):
            step.fit_transform(clean if wrong == "raw" else epochs)


def test_a_step_without_apply_says_so(clean):
    class Nothing(preprocessing.Step):
        pass

    with pytest.raises(TypeError, match="Nothing does not say what it does"):
        Nothing().transform(clean)


def test_parameters_are_written_as_json_holds_them():
    value = {"a": (1.0, np.float32(0.5), np.arange(2)), 2: np.nan, "b": True}
    assert plain(value) == {"a": [1, 0.5, [0, 1]], "2": None, "b": True}
    assert plain(40.0) == 40
    assert isinstance(plain(40.0), int)
