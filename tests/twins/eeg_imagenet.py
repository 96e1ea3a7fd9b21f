"""Files in the layout of EEG-ImageNet, tiny: subjects counted from 0, coarse and fine classes, rows in order."""

import numpy as np

from .planted import make_trials

N_CHANNELS = 62


def write_eeg_imagenet(folder, *, subjects=((0, 1), (8,)), n_coarse=1, n_fine=1, length=501, seed=0):
    """Write the two published files of a few made-up people.

    Parameters
    ----------
    folder : pathlib.Path
        Where to.
    subjects : sequence of sequence of int
        Whose rows stand in which file.
    n_coarse, n_fine : int
        Classes of either kind; each has 50 pictures, in a row.
    length : int
        Samples of a trial, one less in every tenth.
    seed : int
        Of everything random.

    Returns
    -------
    truth : dict
        ``tables`` as written, one per file, and ``files``.
    """
    import torch

    labels = [f"n{10000000 + 7 * number}" for number in range(n_coarse + n_fine)]
    images = [f"{wnid}_{number}.JPEG" for wnid in labels for number in range(100, 150)]
    tables, files = [], []
    folder.mkdir(parents=True, exist_ok=True)
    for number, people in enumerate(subjects, 1):
        classes = np.repeat(np.arange(len(labels)), 50)
        trials = make_trials(np.tile(classes, len(people)), N_CHANNELS, length, 1000.0, seed=seed)
        rows = [
            {
                "eeg_data": torch.from_numpy(trials[row][:, : length - (row % 10 == 9)] * 1e-6),
                "granularity": "coarse" if classes[row % len(classes)] < n_coarse else "fine",
                "subject": people[row // len(classes)],
                "label": labels[classes[row % len(classes)]],
                "image": images[row % len(classes)],
            }
            for row in range(len(trials))
        ]
        tables.append({"dataset": rows, "labels": labels, "images": images})
        files.append(folder / f"EEG-ImageNet_{number}.pth")
        torch.save(tables[-1], files[-1])
    return {"tables": tables, "files": files}
