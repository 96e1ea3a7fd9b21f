"""Files in the layout of ImageNet-EEG, tiny: ragged trials, one list for all subjects, splits by position."""

import numpy as np

from .planted import NOISE_UV, make_trials

WNIDS = ("n02106662", "n02124075", "n02281787", "n02389026")
N_CHANNELS = 128
# Most trials last about half a second; a few are too short or too long for the loaders that people use.
LENGTHS = (500, 499, 501, 500, 455, 500, 430, 620)


def write_imagenet_eeg(
    folder,
    variant="5to95",
    *,
    n_subjects=2,
    n_images=6,
    n_classes=3,
    gain=6.0,
    drift=0.0,
    splits=True,
    seed=0,
):
    """Write the published files of a few made-up people.

    Parameters
    ----------
    folder : pathlib.Path
        Where to.
    variant : '5to95' | '14to70' | '55to95' | 'raw'
        Which file. Only raw has means and stddevs, the former in a list of one element.
    n_subjects, n_images, n_classes : int
        People, pictures of each class, classes.
    gain : float
        Strength of what depends on the class; 0 for none.
    drift : float
        Strength of what changes from block to block whatever is shown, in standard deviations of the noise.
    splits : bool
        Whether to write block_splits_by_image_all.pth too, with two splits.
    seed : int
        Of everything random.

    Returns
    -------
    truth : dict
        ``table`` as written, ``splits`` and ``file``.
    """
    import torch

    from eegimg.io.imagenet_eeg import FILES, SPLITS

    rng = np.random.default_rng(seed)
    images = [
        f"{wnid}_{number}"
        for wnid in WNIDS[:n_classes]
        for number in rng.choice(9000, n_images, replace=False)
    ]
    order = [(subject, image) for subject in range(1, n_subjects + 1) for image in range(len(images))]
    rng.shuffle(order)  # no order of time is left in what is published
    labels = [image // n_images for _, image in order]
    trials = make_trials(labels, N_CHANNELS, max(LENGTHS), 1000.0, gain=gain, seed=seed)
    if drift:
        trials += drift * _make_drift(order, labels, n_images, seed)
    if variant != "raw":
        trials = (trials - trials.mean(axis=2, keepdims=True)) / trials.std(axis=2, keepdims=True)
    rows = [
        {
            "eeg": torch.from_numpy(trial[:, : LENGTHS[number % len(LENGTHS)]].copy()),
            "image": int(image),
            "label": label,
            "subject": int(subject),
        }
        for number, (trial, (subject, image), label) in enumerate(zip(trials, order, labels, strict=True))
    ]
    table = {"dataset": rows, "labels": list(WNIDS[:n_classes]), "images": images}
    if variant == "raw":
        table |= {"means": [torch.zeros(N_CHANNELS, 1)], "stddevs": torch.ones(N_CHANNELS)}
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(table, folder / FILES[variant])
    parts = [_split(rng, order, len(images)) for _ in range(2)]
    if splits:
        torch.save({"splits": parts}, folder / SPLITS)
    return {"table": table, "splits": parts, "file": folder / FILES[variant]}


def _make_drift(order, labels, n_images, seed):
    """Make sources whose strength wanders over a recording of one block per class, (n_trials, 128, n_times).

    Blocks come in another order for each person. Neither a band-pass nor a z-score takes such drift away.
    """
    rng = np.random.default_rng([seed, 79])
    n_sources, n_classes = 4, max(labels) + 1
    maps = rng.standard_normal((N_CHANNELS, n_sources)) / np.sqrt(n_sources)
    people = sorted({subject for subject, _ in order})
    blocks = {subject: rng.permutation(n_classes) for subject in people}
    courses = {subject: _wander(rng, n_sources, n_classes * n_images) for subject in people}
    added = np.empty((len(order), N_CHANNELS, max(LENGTHS)), np.float32)
    for trial, (subject, image) in enumerate(order):
        place = blocks[subject][labels[trial]] * n_images + image % n_images
        waves = rng.standard_normal((n_sources, max(LENGTHS)))
        added[trial] = NOISE_UV * maps @ (courses[subject][:, place, np.newaxis] * waves)
    return added


def _wander(rng, n_courses, n_trials):
    """Draw random walks of zero mean and unit variance."""
    walks = np.cumsum(rng.standard_normal((n_courses, n_trials)), axis=1)
    return (walks - walks.mean(axis=1, keepdims=True)) / walks.std(axis=1, keepdims=True)


def _split(rng, order, n_images):
    """Hold out whole pictures; a row may be in no part."""
    kind = rng.permutation(["train"] * (n_images - 3) + ["val", "test", "test"])
    parts = {"train": [], "val": [], "test": []}
    for position, (_, image) in enumerate(order):
        parts[kind[image]].append(position)
    return parts
