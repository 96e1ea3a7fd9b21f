"""The whitening of THINGS-EEG2: per session, training and test with equal weight, or training alone."""

import mne
import numpy as np
import pandas as pd
import pytest
from scipy.linalg import fractional_matrix_power
from sklearn.covariance import ledoit_wolf
from sklearn.preprocessing import StandardScaler

import eegimg
from eegimg.preprocessing import MVNN

# Per session as in the dataset, on a small scale: pictures and repetitions of the training and the test part.
PARTS = {"train": (9, 2), "test": (3, 20)}
N_CHANNELS, N_TIMES = 5, 24


def shrunk_covariance(samples):
    """Put channels on one scale, shrink, scale back: what scikit-learn does for shrinkage="auto"."""
    scaler = StandardScaler()
    shrunk = ledoit_wolf(scaler.fit_transform(samples))[0]
    return scaler.scale_[:, None] * shrunk * scaler.scale_[None, :]


def published_whitener(pictures_of_parts, covariance):
    """Follow the paper word by word for one session.

    A part is a list of pictures, a picture an array (n_repetitions, n_channels, n_times).
    """
    of_parts = []
    for pictures in pictures_of_parts:
        of_pictures = []
        for trials in pictures:
            if covariance == "time":
                each = [shrunk_covariance(trials[:, :, time]) for time in range(trials.shape[2])]
            else:
                each = [shrunk_covariance(trial.T) for trial in trials]
            of_pictures.append(np.mean(each, axis=0))
        of_parts.append(np.mean(of_pictures, axis=0))
    return fractional_matrix_power(np.mean(of_parts, axis=0), -0.5)


@pytest.fixture
def sessions():
    """Return epochs of two sessions in mixed order whose noise differs between sessions and parts."""
    rng = np.random.default_rng(5)
    rows, data = [], []
    for session in ("01", "02"):
        for split, (n_images, n_repetitions) in PARTS.items():
            mixing = np.eye(N_CHANNELS) + 0.4 * rng.standard_normal((N_CHANNELS, N_CHANNELS))
            for image in range(n_images):
                evoked = rng.standard_normal((N_CHANNELS, N_TIMES))
                for _ in range(n_repetitions):
                    rows.append({"image": f"{split}_{image}", "split": split, "session": session})
                    noise = np.cumsum(rng.standard_normal((N_CHANNELS, N_TIMES)), axis=1)
                    data.append((evoked + mixing @ noise) * 1e-6)
    order = rng.permutation(len(rows))
    info = mne.create_info(N_CHANNELS, 100.0, "eeg")
    return mne.EpochsArray(
        np.array(data)[order],
        info,
        metadata=pd.DataFrame(rows).iloc[order].reset_index(drop=True),
        verbose="error",
    )


def published(epochs, covariance, splits):
    """Whiten all epochs by the published formula, learned from the named parts."""
    data, about = epochs.get_data(), epochs.metadata
    out = np.empty_like(data)
    for session in about["session"].unique():
        here = (about["session"] == session).to_numpy()
        parts = [
            [
                data[here & (about["image"] == image).to_numpy()]
                for image in about["image"][here & (about["split"] == split)].unique()
            ]
            for split in splits
        ]
        whitener = published_whitener(parts, covariance)
        out[here] = (data[here].swapaxes(1, 2) @ whitener).swapaxes(1, 2)
    return out


def relative_error(one, other):
    return np.abs(one - other).max() / np.abs(other).max()


@pytest.mark.parametrize("covariance", ["time", "epochs"])
def test_all_averages_the_parts_with_equal_weight_in_each_session(sessions, covariance):
    pipe = eegimg.Pipeline(MVNN(covariance=covariance, fit_scope="all"))
    out = pipe.fit_transform(sessions, split="split", allow_transductive=True).get_data()
    expected = published(sessions, covariance, ("train", "test"))
    assert relative_error(out, expected) < 1e-6
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-9)
    assert pipe.transductive_
    found = pipe.log_[0]["found"]
    assert found["parts"] == {"test": 120, "train": 36}
    assert found["whiteners"] == {"session": list(sessions.metadata["session"].unique())}
    # By itself the step finds the same parts.
    alone = MVNN(covariance=covariance, fit_scope="all").fit_transform(sessions)
    np.testing.assert_array_equal(alone.get_data(), out)
    # All pictures as one part is another result: larger parts would weigh more.
    pooled = MVNN(covariance=covariance, fit_scope="all", split=None).fit_transform(sessions)
    assert relative_error(pooled.get_data(), expected) > 0.01


@pytest.mark.parametrize("covariance", ["time", "epochs"])
def test_train_learns_from_the_training_part_of_each_session(sessions, covariance):
    pipe = eegimg.Pipeline(MVNN(covariance=covariance))
    out = pipe.fit_transform(sessions, split="split").get_data()
    expected = published(sessions, covariance, ("train",))
    assert relative_error(out, expected) < 1e-6
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-9)
    assert not pipe.transductive_
    both = published(sessions, covariance, ("train", "test"))
    assert relative_error(out, both) > 0.01


def test_one_session_is_whitened_as_if_it_were_alone(sessions):
    both = MVNN().fit_transform(sessions)
    first = sessions[(sessions.metadata["session"] == "01").to_numpy()]
    chosen = (both.metadata["session"] == "01").to_numpy()
    unnamed = first.copy()
    unnamed.metadata = first.metadata.drop(columns="session")
    for one in (first, unnamed):
        np.testing.assert_array_equal(MVNN().fit_transform(one).get_data(), both[chosen].get_data())
    joined = MVNN(within=None).fit(sessions)
    assert list(joined.whiteners_) == [""]
    assert relative_error(joined.transform(sessions).get_data(), both.get_data()) > 0.01


def test_subjects_have_whiteners_of_their_own(sessions):
    apart = sessions.copy()
    apart.metadata = apart.metadata.rename(columns={"session": "subject"}).assign(session="01")
    step = MVNN().fit(apart)
    assert sorted(step.whiteners_) == ["01/01", "02/01"]
    expected = MVNN().fit_transform(sessions)
    np.testing.assert_array_equal(step.transform(apart).get_data(), expected.get_data())


def test_a_session_that_was_not_learned_is_refused(sessions):
    first = sessions[(sessions.metadata["session"] == "01").to_numpy()]
    step = MVNN().fit(first)
    with pytest.raises(
        ValueError,
        match="^MVNN was fitted for session '01'; 78 epochs are of '02'. Fit it on training epochs of each, or",
    ):
        step.transform(sessions)
    sessions.metadata = sessions.metadata.drop(columns="session")
    with pytest.raises(
        ValueError,
        match="^MVNN was asked for the metadata column 'session'; the epochs have 'image' and 'split'.",
    ):
        step.transform(sessions)


def test_columns_that_are_not_there_are_named(sessions):
    with pytest.raises(
        ValueError, match="column 'run'; the epochs have .* Name another in 'within', or None"
    ):
        MVNN(within=("session", "run")).fit(sessions)
    with pytest.raises(ValueError, match="column 'splits'; .* in 'split', or None .* Did you mean 'split'?"):
        MVNN(fit_scope="all", split="splits").fit(sessions)
    sessions.metadata = sessions.metadata.assign(fold=sessions.metadata["split"])
    with pytest.raises(
        ValueError,
        match="^MVNN averages over the parts of 'split', and the pipeline was given the split 'fold'. Give both",
    ):
        eegimg.Pipeline(MVNN(fit_scope="all")).fit_transform(sessions, split="fold", allow_transductive=True)


def test_a_part_in_which_nothing_repeats_is_named_with_its_session(sessions):
    about = sessions.metadata
    once = about["split"].eq("train") | ~about.duplicated(["image", "session"])
    with pytest.raises(
        ValueError,
        match="two epochs; 3 epochs of the part 'test' have 3 conditions. .* This is session '0[12]'.$",
    ):
        MVNN(fit_scope="all").fit(sessions[once.to_numpy()])


def test_epochs_of_no_part_are_left_out(sessions):
    expected = MVNN(fit_scope="all").fit(sessions)
    extra = sessions.copy()
    extra.metadata = extra.metadata.assign(split="n/a")
    joined = mne.concatenate_epochs([sessions, extra], verbose="error")
    step = MVNN(fit_scope="all").fit(joined)
    for session in ("01", "02"):
        np.testing.assert_array_equal(step.whiteners_[session], expected.whiteners_[session])
