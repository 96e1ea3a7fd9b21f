"""Files in the layout of ImageNet-EEG, tiny: ragged trials, one list for all subjects, splits by position."""

import numpy as np

from .planted import make_trials

WNIDS = ("n02106662", "n02124075", "n02281787", "n02389026")
N_CHANNELS = 128
# Most trials last about half a second; a few are too short or too long for the loaders that people use.
LENGTHS = (500, 499, 501, 500, 455, 500, 430, 620)


def write_imagenet_eeg(
    folder, variant="5to95", *, n_subjects=2, n_images=6, n_classes=3, splits=True, seed=0
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
    trials = make_trials(labels, N_CHANNELS, max(LENGTHS), 1000.0, seed=seed)
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


def _split(rng, order, n_images):
    """Hold out whole pictures; a row may be in no part."""
    kind = rng.permutation(["train"] * (n_images - 3) + ["val", "test", "test"])
    parts = {"train": [], "val": [], "test": []}
    for position, (_, image) in enumerate(order):
        parts[kind[image]].append(position)
    return parts
