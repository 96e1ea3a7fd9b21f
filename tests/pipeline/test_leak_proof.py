"""What a step learns, and what training data become, hangs on nothing outside the training part."""

import mne
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import eegimg
from eegimg import preprocessing
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
    RejectPeakToPeak,
    Resample,
    Scale,
)

QUICK = AutoReject(n_interpolate=(1, 2), consensus=(0.6, 0.9), cv=2)
# Every step that learns, by each scope that it may have: a new one must be added here.
LEARNING = {
    ("AutoReject", "train"): [QUICK],
    ("FindBadChannels", "recording"): [FindBadChannels()],
    ("ICA", "recording"): [ICA(n_components=6, max_iter=40)],
    ("MVNN", "all"): [MVNN(fit_scope="all", split=None), MVNN(fit_scope="all", covariance="epochs")],
    ("MVNN", "train"): [MVNN(), MVNN(covariance="epochs"), MVNN(condition=None, within=None)],
    ("Scale", "train"): [Scale(), Scale(method="robust")],
}
# One learns from what the other made, drops before learning and after, and filters whole epochs.
CHAINS = [
    (QUICK, MVNN(), Scale()),
    (Scale(), QUICK),
    (RejectPeakToPeak(reject={"eeg": 120e-6}), Scale(method="robust"), MVNN(within=None)),
    (MVNN(), Filter(l_freq=None, h_freq=30.0), Crop(tmin=0.0), Scale(), Resample(sfreq=100.0)),
]


def of_scope(wanted):
    """List the examples of a scope with a name each."""
    return [
        pytest.param(step, id=f"{name}-{number}")
        for (name, scope), steps in LEARNING.items()
        for number, step in enumerate(steps)
        if scope == wanted
    ]


@pytest.fixture(scope="module")
def recorded():
    """Return 12 images shown 4 times each, to be split by repetition."""
    return eegimg.make_recording(
        n_images=12, n_repetitions=4, n_channels=16, artifacts=False, bad_channels=False, random_state=5
    )[0]


@pytest.fixture(scope="module")
def prepared(recorded):
    """Cut epochs of two subjects in two sessions; the last repetition is test, validation or neither."""
    epochs = MakeEpochs(tmin=-0.1, tmax=0.5).transform(recorded)
    epochs.pick("eeg").pick(epochs.ch_names[4:12])
    about = epochs.metadata
    image = pd.factorize(about["image"])[0]
    parts = np.array(["test", "validation", None], dtype=object)[image % 3]
    epochs.metadata = about.assign(
        subject=[f"{number % 2 + 1:02d}" for number in image],
        session=[f"{number // 2 % 2 + 1:02d}" for number in image],
        split=np.where(about["repetition"] < 4, "train", parts),
    )
    # Strong ones, so that there is something to repair and to drop.
    rng = np.random.default_rng(0)
    epochs._data[::7, :3] += 80e-6 * rng.standard_normal((7, 3, len(epochs.times)))
    epochs._data[5] += 200e-6 * rng.standard_normal((8, len(epochs.times)))
    return epochs


@pytest.fixture
def epochs(prepared):
    return prepared.copy()


def is_training(epochs):
    return (epochs.metadata["split"].astype(str) == "train").to_numpy()


def with_noise(epochs):
    rng = np.random.default_rng(1)
    rest = ~is_training(epochs)
    epochs._data[rest] += 1e-3 * rng.standard_normal(epochs._data[rest].shape)
    return epochs


def with_labels_swapped(epochs):
    """Permute all that is known of the epochs outside the training part, but for the split."""
    rest = np.flatnonzero(~is_training(epochs))
    swapped = np.roll(rest, 1)
    about = epochs.metadata.copy()
    columns = about.columns.drop("split")
    about.loc[rest, columns] = about.loc[swapped, columns].to_numpy()
    epochs.events[rest, 2] = epochs.events[swapped, 2]
    epochs.metadata = about
    return epochs


def with_parts_renamed(epochs):
    parts = np.where(is_training(epochs), "train", "validation")
    epochs.metadata = epochs.metadata.assign(split=parts)
    return epochs


def with_training_alone(epochs):
    return epochs[is_training(epochs)]


SPOILED = [with_noise, with_labels_swapped, with_parts_renamed, with_training_alone]


def as_bytes(value):
    """Return a value so that two are equal only where every bit of them is."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, pd.DataFrame):
        return as_bytes(value.to_dict()), repr(value.attrs)
    if isinstance(value, dict):
        return [(key, as_bytes(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple, np.ndarray)):
        return [as_bytes(item) for item in value]
    if hasattr(value, "__dict__"):
        return [(key, as_bytes(item)) for key, item in vars(value).items() if key.endswith("_")]
    return repr(value)


def learned(*steps):
    """Return the bits of all that steps have learned: what ends in an underscore."""
    return [as_bytes(step) for step in steps]


def run(steps, inst, **options):
    """Return what copies of steps learned, and the training epochs that come out of them."""
    pipe = eegimg.Pipeline(*map(clone, steps))
    out = pipe.fit_transform(inst, **options)
    out = out[is_training(out)]
    return learned(*pipe.steps), (as_bytes(out.get_data()), out.metadata.to_csv(index=False))


def hangs_on_training_epochs_alone(steps, epochs):
    expected = run(steps, epochs, split="split")
    for spoil in SPOILED:
        assert run(steps, spoil(epochs.copy()), split="split") == expected, spoil.__name__
    return expected


def scopes(step_class):
    """Return every scope that a step may have."""
    if "fit_scope" not in step_class._parameter_names():
        return {step_class.fit_scope}
    taken = set()
    for scope in ("none", "recording", "train", "all"):
        try:
            step_class(fit_scope=scope).check()
        except ValueError:
            continue
        taken.add(scope)
    return taken


def test_every_step_that_learns_stands_here_with_each_of_its_scopes():
    classes = [getattr(preprocessing, name) for name in step_names()]
    found = {(kind.__name__, scope) for kind in classes for scope in scopes(kind)}
    assert {case for case in found if case[1] != "none"} == set(LEARNING)
    for (name, scope), steps in LEARNING.items():
        assert {(type(step).__name__, step.fit_scope) for step in steps} == {(name, scope)}
    for kind in classes:
        if scopes(kind) == {"none"}:
            assert kind.fit is preprocessing.Step.fit, f"{kind.__name__} learns and does not say from what"


def test_the_comparison_sees_one_bit_and_what_lies_deep(epochs):
    step = Scale().fit(epochs)
    before = learned(step)
    assert len(before[0]) == 3
    step.scale_[3] = np.nextafter(step.scale_[3], 1)
    assert learned(step) != before
    step = clone(QUICK).fit(epochs)
    before = learned(step)
    step.autoreject_.threshes_[epochs.ch_names[0]] *= 1.0001
    assert learned(step) != before


@pytest.mark.parametrize("step", of_scope("train"))
def test_steps_that_learn_from_training_epochs_hang_on_nothing_else(step, epochs):
    hangs_on_training_epochs_alone([step], epochs)


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: "-".join(type(s).__name__ for s in chain))
def test_chains_of_steps_hang_on_nothing_but_training_epochs(chain, epochs):
    hangs_on_training_epochs_alone(chain, epochs)


@pytest.mark.parametrize("step", of_scope("train"))
def test_without_a_split_test_epochs_are_learned_from_and_that_is_marked(step, epochs):
    """The control: the comparison above can fail."""
    pipe = eegimg.Pipeline(clone(step))
    out = pipe.fit_transform(epochs)
    name = type(step).__name__
    assert pipe.log_[0]["fitted_on"] == "all epochs (no split was given)"
    assert pipe.log_[0]["transductive"] == (
        f"{name} learned from all epochs, 12 of 48 trials outside the training part of 'split' included: no "
        "split was given."
    )
    assert (pipe.transductive_, pipe.transductive_steps_) == (True, [name])
    assert set(out.metadata["transductive"]) == {name}
    before = learned(*pipe.steps)
    assert run([step], with_noise(epochs))[0] != before


@pytest.mark.parametrize("step", of_scope("all"))
def test_steps_that_learn_from_all_are_refused_or_change_with_test_epochs_and_are_marked(step, epochs):
    with pytest.raises(ValueError, match=r"MVNN would learn from test epochs \(fit_scope='all'\) although"):
        run([step], epochs, split="split")
    allowed = {"split": "split", "allow_transductive": True}
    pipe = eegimg.Pipeline(clone(step))
    out = pipe.fit_transform(epochs, **allowed)
    assert set(out.metadata["transductive"]) == {"MVNN"}
    assert pipe.log_[0]["fitted_on"] == "all 48 epochs, 12 of them outside the training part (transductive)"
    assert pipe.log_[0]["transductive"] == (
        "MVNN learned from all epochs, 12 of 48 trials outside the training part of 'split' included."
    )
    before = learned(*pipe.steps)
    assert run([step], with_noise(epochs.copy()), **allowed)[0] != before
    pipe.fit_transform(with_training_alone(epochs), **allowed)
    assert learned(*pipe.steps) != before
    assert pipe.log_[0]["transductive"] == "MVNN learned from all epochs, whatever their part in 'split'."
    assert pipe.transductive_, "it was allowed, though there was nothing else to see"


@pytest.mark.parametrize(
    "value", ["test", "validation", "Train", "train ", "n/a", "", None, np.nan, pd.NA, 1]
)
def test_only_the_word_train_is_for_training(epochs, value):
    epochs.metadata["split"] = ["train" if training else value for training in is_training(epochs)]
    pipe = eegimg.Pipeline(Scale())
    out = pipe.fit_transform(epochs, split="split")
    assert pipe.log_[0]["fitted_on"] == "36 training epochs"
    assert learned(*pipe.steps) == learned(Scale().fit(epochs[is_training(epochs)]))
    assert not pipe.transductive_
    assert "transductive" not in out.metadata


@pytest.mark.parametrize(
    "step",
    [Apply("apply_baseline", baseline=(-0.1, 0.0)), Filter(h_freq=30.0, l_freq=None), Resample(sfreq=100.0)]
    + [Interpolate(), RejectPeakToPeak(reject={"eeg": 120e-6}), preprocessing.Rereference(), Crop(tmin=0.1)],
    ids=lambda step: type(step).__name__,
)
def test_steps_that_learn_nothing_look_at_one_epoch_at_a_time(step, epochs):
    epochs.info["bads"] = epochs.ch_names[:1]
    assert hangs_on_training_epochs_alone([step], epochs)[0] == [[]]


def with_other_labels(raw):
    """Permute what is known of the events, and give them names that MNE takes for marks of bad data."""
    raw = raw.copy()
    marks = raw.annotations
    order = np.random.default_rng(2).permutation(len(marks))
    extras = [dict(marks.extras[index]) for index in order]
    names = np.array(["badger", "edger", "boundary_01"])[np.arange(len(marks)) % 3]
    marks.duration[:] = 0.4
    marks = mne.Annotations(marks.onset, marks.duration, names, marks.orig_time, extras=extras)
    return raw.set_annotations(marks, verbose="error")


@pytest.mark.parametrize("step", of_scope("recording"))
def test_steps_that_learn_from_a_recording_do_not_look_at_labels(step, recorded):
    found = []
    for raw in (recorded, with_other_labels(recorded)):
        pipe = eegimg.Pipeline(clone(step))
        out = pipe.fit_transform(raw, split="split")
        assert pipe.log_[0]["fitted_on"] == "this recording"
        assert not pipe.transductive_
        found.append((learned(*pipe.steps), as_bytes(out.get_data())))
    assert found[0] == found[1]


def test_ica_of_epochs_does_not_look_at_labels_or_parts(epochs):
    step = LEARNING["ICA", "recording"][0]
    expected = learned(clone(step).fit(epochs))
    for spoil in (with_labels_swapped, with_parts_renamed):
        assert learned(clone(step).fit(spoil(epochs.copy()))) == expected
    assert learned(clone(step).fit(with_training_alone(epochs))) != expected


@pytest.mark.parametrize("step", of_scope("recording"))
def test_steps_that_learn_from_a_recording_do_look_at_its_test_trials(step, recorded):
    """So it is documented: where that matters, train and test must be different recordings."""
    raw = recorded.copy()
    onset = int(raw.annotations.onset[-1] * raw.info["sfreq"])
    noise = 50e-6 * np.random.default_rng(3).standard_normal((16, 125))
    raw._data[:16, onset : onset + 125] += noise
    assert learned(clone(step).fit(raw)) != learned(clone(step).fit(recorded))
    assert "each recording by itself, labels unseen" in " ".join(preprocessing.Step.__doc__.split())


def test_bad_spans_stay_out_of_what_ica_learns(recorded):
    """A real mark of bad data has no picture, and is no label."""
    raw = recorded.copy()
    raw.annotations.append(5.0, 4.0, "BAD_movement")
    step = LEARNING["ICA", "recording"][0]
    assert learned(clone(step).fit(raw)) != learned(clone(step).fit(recorded))


def test_the_mark_travels_through_later_pipelines(epochs):
    allowed = {"split": "split", "allow_transductive": True}
    marked = eegimg.Pipeline(Crop(tmin=0.0), MVNN(fit_scope="all", covariance="epochs"))
    marked = marked.fit_transform(epochs, **allowed)
    assert "transductive" not in epochs.metadata
    for steps, options, expected in (
        ([Crop(tmax=0.4)], {}, "MVNN"),
        ([Scale()], {"split": "split"}, "MVNN"),
        ([Scale()], {}, "MVNN,Scale"),
        ([MVNN(fit_scope="all", covariance="epochs"), Scale()], allowed, "MVNN"),
    ):
        pipe = eegimg.Pipeline(*steps)
        out = pipe.fit_transform(marked, **options)
        assert set(out.metadata["transductive"]) == {expected}
        assert (pipe.transductive_, pipe.transductive_steps_) == (True, expected.split(","))
    assert set(marked.metadata["transductive"]) == {"MVNN"}
    # Only some of the epochs: the others do not become so.
    mixed = mne.concatenate_epochs([marked[:10], Crop(tmin=0.0).transform(epochs)[10:]], verbose="error")
    pipe = eegimg.Pipeline(Scale())
    out = pipe.fit_transform(mixed, split="split")
    assert list(out.metadata["transductive"].fillna("")) == ["MVNN"] * 10 + [""] * 38
    assert pipe.transductive_
    pipe.fit_transform(mixed[10:], split="split")
    assert not pipe.transductive_


def test_what_was_learned_from_test_epochs_is_marked_where_it_is_used(epochs):
    pipe = eegimg.Pipeline(Crop(tmin=0.0), Scale(), name="one").fit(epochs)
    out = pipe.transform(epochs)
    assert set(out.metadata["transductive"]) == {"Scale"}
    assert pipe.log_[1]["fitted_on"] == "an earlier fit"
    epochs.metadata = None
    assert list(pipe.transform(epochs).metadata) == ["transductive"]
    assert pipe.transductive_steps_ == ["Scale"]
    # A later fit forgets the earlier one.
    pipe.fit(epochs)
    out = pipe.transform(epochs)
    assert not pipe.transductive_
    assert out.metadata is None


def test_learning_before_epochs_are_cut_is_refused_or_marked(recorded):
    pipe = eegimg.Pipeline(Scale(), MakeEpochs())
    with pytest.raises(ValueError, match="Put it after MakeEpochs, and name a column"):
        pipe.fit_transform(recorded, split="split")
    before = [dict(extra) for extra in recorded.annotations.extras]
    out = pipe.fit_transform(recorded)
    assert pipe.log_[0]["fitted_on"] == "the whole recording (no split was given)"
    assert pipe.log_[0]["transductive"] == (
        "Scale learned from the whole recording, 8 of 48 trials outside the training part of 'split' "
        "included: no split was given."
    )
    assert set(out.metadata["transductive"]) == {"Scale"}
    # A continuous result carries it to the epochs cut from it, with any kind of event.
    scaled = eegimg.Pipeline(Scale()).fit_transform(recorded)
    assert [dict(extra) for extra in recorded.annotations.extras] == before
    pipe = eegimg.Pipeline(MakeEpochs())
    assert set(pipe.fit_transform(scaled).metadata["transductive"]) == {"Scale"}
    assert pipe.transductive_steps_ == ["Scale"]


@pytest.mark.parametrize(
    ("split", "marked"),
    [("train", False), (None, False), ("n/a", False), ("test", True), ("validation", True)],
)
def test_without_a_split_only_what_is_known_to_be_no_training_is_marked(epochs, split, marked):
    epochs.metadata = epochs.metadata.assign(split=split)
    pipe = eegimg.Pipeline(Scale())
    out = pipe.fit_transform(epochs)
    assert pipe.transductive_ is marked
    assert ("transductive" in out.metadata) is marked


def test_a_split_that_only_the_step_knows_by_name_counts(epochs):
    epochs.metadata = epochs.metadata.rename(columns={"split": "fold"})
    for step, marked in ((Scale(), False), (MVNN(fit_scope="all", split="fold", covariance="epochs"), True)):
        pipe = eegimg.Pipeline(step)
        pipe.fit_transform(epochs)
        assert pipe.transductive_ is marked
