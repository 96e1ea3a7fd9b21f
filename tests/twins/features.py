"""Features with a mean of its own for each label: what probes are tested on."""

import numpy as np
import pandas as pd

NAMES = ("a", "b", "c")


def planted(signal=1.0, n_each=60, n_features=10, seed=0, n_subjects=3):
    """Return features with a mean of its own for each label, and metadata in random order."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(NAMES)), n_each))
    n_epochs = len(labels)
    means = np.random.default_rng(99).standard_normal((len(NAMES), n_features))
    values = rng.standard_normal((n_epochs, n_features)) + signal * means[labels]
    each = n_epochs // n_subjects
    metadata = pd.DataFrame(
        {
            "concept": np.array(NAMES)[labels],
            "subject": np.repeat([f"{number:02d}" for number in range(1, n_subjects + 1)], each),
            "onset": np.tile(2.0 * np.arange(each), n_subjects),
            "split": rng.permutation(
                np.resize(["train", "train", "train", "validation", "test", "test"], n_epochs)
            ),
        }
    )
    return values, metadata
