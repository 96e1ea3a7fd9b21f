"""A twin of OCED: S<n>.mat with the published variables, a text beside them, and planted answers to the six categories."""

import dataclasses
import pathlib

import numpy as np
import scipy.io
from twins import planted

N_CHANNELS, N_TIMES, SFREQ = 124, 32, 62.5
# Two of the twelve exemplars of each category.
EXEMPLARS = (1, 2, 13, 14, 25, 26, 37, 38, 49, 50, 61, 72)


@dataclasses.dataclass
class Planted:
    """One subject: trials (n_channels, n_times, n_trials) in microvolts, and the label lists."""

    path: pathlib.Path
    trials: np.ndarray
    category: np.ndarray
    exemplar: np.ndarray


def write(folder, subjects=(1, 10), n_repetitions=10, gain=12.0, seed=0, **changed):
    """Write the files of some subjects; ``changed`` replaces variables, None leaves one out."""
    return {
        subject: _write_subject(folder / f"S{subject}.mat", n_repetitions, gain, seed + subject, changed)
        for subject in subjects
    }


def _write_subject(path, n_repetitions, gain, seed, changed):
    rng = np.random.default_rng(seed)
    exemplar = rng.permutation(np.repeat(EXEMPLARS, n_repetitions))
    category = (exemplar - 1) // 12 + 1
    trials = planted.make_trials(category, N_CHANNELS, N_TIMES, SFREQ, gain=gain, seed=seed)
    trials = np.moveaxis(trials, 0, 2).astype(float)
    variables = {
        "X_3D": trials,
        # Matlab's numbers are double matrices.
        "categoryLabels": category[np.newaxis].astype(float),
        "exemplarLabels": exemplar[np.newaxis].astype(float),
        "Fs": np.array([[SFREQ]]),
        "sub": path.stem,
    }
    variables = {key: item for key, item in (variables | changed).items() if item is not None}
    scipy.io.savemat(path, variables, do_compression=True)
    return Planted(path, trials, category, exemplar)
