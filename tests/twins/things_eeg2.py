"""A twin of THINGS-EEG2: its files, keys, types and quirks, with planted answers to the concepts."""

import pickle

import numpy as np

from eegimg.datasets import read_descriptor

from . import planted

CONCEPTS = (
    "aardvark abacus accordion acorn air_conditioner air_mattress air_pump airbag airboat airplane alligator almond"
).split()
# With their numbers in THINGS; test folders are numbered by themselves, from 00001.
TEST_CONCEPTS = {"aircraft_carrier": 10, "antelope": 27, "backscratcher": 51, "balance_beam": 59}
POSTERIOR = "Pz P3 P7 O1 Oz O2 P4 P8 P1 P5 PO7 PO3 POz PO4 PO8 P6 P2".split()
TARGET = 99999
PARTS = {"train": "training", "test": "test"}


def make_metadata(n_concepts=4, n_images=2, n_test_concepts=3):
    """Return image_metadata.npy's dict: lists of text for both parts."""
    names = [CONCEPTS[n] if n < len(CONCEPTS) else f"thing{n}" for n in range(n_concepts)]
    train = [(n, name) for n, name in enumerate(names, 1) for _ in range(n_images)]
    test = list(enumerate(list(TEST_CONCEPTS.items())[:n_test_concepts], 1))
    return {
        "train_img_concepts": [f"{n:05d}_{name}" for n, name in train],
        "train_img_concepts_THINGS": [f"{n:05d}_{name}" for n, name in train],
        "train_img_files": [
            f"{name}_{position % n_images + 1:02d}{'bs'[position % 2]}.jpg"
            for position, (_, name) in enumerate(train)
        ],
        "test_img_concepts": [f"{n:05d}_{name}" for n, (name, _) in test],
        "test_img_concepts_THINGS": [f"{number:05d}_{name}" for _, (name, number) in test],
        "test_img_files": [f"{name}_01b.jpg" for _, (name, _) in test],
    }


def make_orders(metadata, n_sessions, seed, n_repetitions=2, n_test_repetitions=4, n_targets=1):
    """Draw codes per session and part: every other training picture in a session, all test pictures; 0 is a target."""
    rng = np.random.default_rng([seed, 5])
    n_train, n_test = len(metadata["train_img_files"]), len(metadata["test_img_files"])
    orders = []
    for session in range(n_sessions):
        train = np.repeat(np.arange(1 + session % 2, n_train + 1, 2), n_repetitions)
        test = np.repeat(np.arange(1, n_test + 1), n_test_repetitions)
        targets = np.zeros(n_targets, int)
        orders.append(
            {
                "train": rng.permutation(np.concatenate([train, targets])),
                "test": rng.permutation(np.concatenate([test, targets])),
            }
        )
    return orders


def write_things_eeg2(
    folder,
    variant,
    *,
    n_subjects=1,
    n_sessions=2,
    n_concepts=4,
    n_images=2,
    n_test_concepts=3,
    ch_names=None,
    orders=None,
    soa=200,
    lead=1000,
    gain=6.0,
    seed=0,
    **counts,
):
    """Write the files of some subjects and image_metadata.npy.

    Parameters
    ----------
    folder : pathlib.Path
        Made where it is not there.
    variant : 'raw' | 'preprocessed' | 'nice'
        Which files.
    ch_names : sequence of str | None
        EEG channels; None takes the published ones.
    orders : list of dict | None
        Codes shown, as :func:`make_orders` returns them: per session (the same for all subjects).
    soa, lead : int
        Samples from one picture to the next, and before the first and after the last.
    gain : float
        Strength of the answers to concepts.
    **counts
        For :func:`make_orders`; of the preprocessed files ``n_repetitions`` and ``n_test_repetitions``.

    Returns
    -------
    truth : dict
        ``metadata`` (what image_metadata.npy holds) and ``recordings``: for "raw" (subject, session) and else
        subject to part ("train", "test") to what was written: ``data``, and for "raw" ``samples`` and
        ``codes`` of all events, targets as 99999.
    """
    folder.mkdir(parents=True, exist_ok=True)
    metadata = make_metadata(n_concepts, n_images, n_test_concepts)
    np.save(folder / "image_metadata.npy", metadata)
    truth = {"metadata": metadata, "recordings": {}}
    for subject in range(1, n_subjects + 1):
        if variant == "raw":
            shown = orders or make_orders(metadata, n_sessions, seed + subject, **counts)
            ch_names = ch_names or list(read_descriptor("things_eeg2").ch_names)
            for session, codes in enumerate(shown, 1):
                place = folder / f"sub-{subject:02d}" / f"ses-{session:02d}"
                truth["recordings"][f"{subject:02d}", f"{session:02d}"] = {
                    part: _write_run(
                        place,
                        part,
                        codes[part],
                        metadata,
                        ch_names,
                        soa,
                        lead,
                        gain,
                        (seed, subject, session),
                    )
                    for part in PARTS
                }
        else:
            place = folder / f"sub-{subject:02d}"
            truth["recordings"][f"{subject:02d}"] = {
                part: _write_epochs(place, part, variant, metadata, ch_names, gain, (seed, subject), **counts)
                for part in PARTS
            }
    return truth


def _labels(metadata, part, pictures):
    """Return a class per picture; classes of the test part are no classes of the training part."""
    folders = metadata[f"{part}_img_concepts"]
    return [list(folders).index(folders[picture]) + (1000 if part == "test" else 0) for picture in pictures]


def _write_run(place, part, codes, metadata, ch_names, soa, lead, gain, seed):
    rng = np.random.default_rng([*seed, part == "test"])
    shown = np.flatnonzero(codes)
    samples = lead + soa * np.arange(len(codes))
    microvolts = planted.NOISE_UV * rng.standard_normal((len(ch_names), 2 * lead + soa * len(codes)))
    trials = planted.make_trials(
        _labels(metadata, part, codes[shown] - 1), len(ch_names), soa, 1000.0, gain=gain, seed=seed[0]
    )
    # Trials of one seed share their noise: runs get some of their own on top.
    for sample, trial in zip(samples[shown], trials, strict=True):
        microvolts[:, sample : sample + soa] = trial + 0.5 * microvolts[:, sample : sample + soa]
    stim = np.zeros(microvolts.shape[1])
    written = np.where(codes == 0, TARGET, codes)
    stim[samples] = written
    data = np.vstack([microvolts * 1e-6, stim])
    table = {
        "raw_eeg_data": data,
        "ch_names": [*ch_names, "stim"],
        "ch_types": ["eeg"] * len(ch_names) + ["stim"],
        "sfreq": 1000,
        "highpass": 0.01,
        "lowpass": 100,
    }
    place.mkdir(parents=True, exist_ok=True)
    np.save(place / f"raw_eeg_{PARTS[part]}.npy", table)
    return {"data": data[:-1], "samples": samples, "codes": written}


def _write_epochs(
    place, part, variant, metadata, ch_names, gain, seed, n_repetitions=4, n_test_repetitions=8
):
    n_before, n_times, sfreq = (20, 100, 100.0) if variant == "preprocessed" else (50, 250, 250.0)
    names = ch_names or (POSTERIOR if variant == "preprocessed" else read_descriptor("things_eeg2").ch_names)
    n_images = len(metadata[f"{part}_img_files"])
    n_each = n_repetitions if part == "train" else n_test_repetitions
    labels = _labels(metadata, part, np.repeat(np.arange(n_images), n_each))
    onset = n_before if variant == "preprocessed" else 0
    data = planted.make_trials(labels, len(names), n_times, sfreq, onset=onset, gain=gain, seed=seed[0])
    own = np.random.default_rng([*seed, part == "test"]).standard_normal(data.shape)
    # Whitened data have a spread of about one.
    data = data.astype(float) / planted.NOISE_UV + 0.5 * own
    data = data.reshape(n_images, n_each, len(names), n_times)
    times = (np.arange(n_times + (n_before if variant == "nice" else 0)) - n_before) / sfreq
    table = {"preprocessed_eeg_data": data, "ch_names": list(names), "times": times}
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"preprocessed_eeg_{PARTS[part]}.npy"
    if variant == "preprocessed":
        np.save(file, table)
    else:
        # A bare pickle under the name of an array: np.load gives the dict.
        file.write_bytes(pickle.dumps(table, protocol=4))
    return {"data": data}
