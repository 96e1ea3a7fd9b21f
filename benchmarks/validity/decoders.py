"""The audit's decoders beside scikit-learn's, with many labellings: python benchmarks/validity/decoders.py.

2,000 trials of 40 features in five folds are decoded with their true labels, and with 20 relabellings as an
audit does. Ours and scikit-learn's take turns in one process on one thread. Written to
benchmarks/results/validity_decoders.json, for 2 and 40 labels and both decoders:

- ``seconds``: of all 21 labellings, median of the repeats;
- ``ratio``: ours by theirs, median and range over repeats;
- ``accuracy``: of the true labels, mean over folds; ``null_accuracy``: of the relabellings.
"""

import datetime
import json
import os
import pathlib
import statistics
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # before numpy is imported

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier

from eegimg.validity._decoding import N_NEIGHBOURS, Decoders
from eegimg.validity._folds import make_folds

RESULT = pathlib.Path(__file__).parents[1] / "results" / "validity_decoders.json"
N_TRIALS, N_FEATURES, N_RELABELLINGS = 2000, 40, 20
DISTANCES = {2: 0.2, 40: 0.6}  # of labels, in SD of a feature: neither chance nor all right
REPEATS = 5


def make_set(n_labels, n_trials=N_TRIALS, n_features=N_FEATURES, n_relabellings=N_RELABELLINGS, seed=0):
    """Make features of falling variance, as components have, with labels that differ in their means.

    Returns
    -------
    data : ndarray, shape (n_trials, n_features)
        Features.
    labellings : list of ndarray of int, shape (n_trials,)
        The true labels, and permuted ones.
    folds : list of tuple of (ndarray, ndarray)
        Five stratified random folds.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n_trials) % n_labels)
    centres = DISTANCES[n_labels] * rng.standard_normal((n_labels, n_features))
    data = (rng.standard_normal((n_trials, n_features)) + centres[labels]) * np.geomspace(
        1.0, 0.2, n_features
    )
    labellings = [labels, *(rng.permutation(labels) for _ in range(n_relabellings))]
    return data, labellings, make_folds(None, None, labels)[0]


def decode_ours(which, data, labellings, folds, n_labels):
    """Return the accuracy of each labelling; what does not depend on labels is done once, as in an audit."""
    # Power has neighbours beside the discriminant; covariance has the discriminant alone.
    decoders = Decoders({"covariance" if which == "lda" else "power": data}, folds)
    if which == "lda":
        return [decoders.hits(labels, n_labels)[0].mean() for labels in labellings]
    return [decoders._near_hits(labels, n_labels).mean() for labels in labellings]


def decode_theirs(which, data, labellings, folds, n_labels):
    """Return the same of scikit-learn's, which starts anew for every labelling."""
    if which == "lda":
        priors = np.full(n_labels, 1.0 / n_labels)
        decoder = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=priors)
    else:
        decoder = KNeighborsClassifier(N_NEIGHBOURS)
    return [
        np.mean([decoder.fit(data[train], y[train]).score(data[test], y[test]) for train, test in folds])
        for y in labellings
    ]


SIDES = {"ours": decode_ours, "scikit-learn": decode_theirs}


def compare(which, n_labels, repeats=REPEATS, **sizes):
    """Decode with both in turns, and return seconds, their ratio and the accuracies."""
    data, labellings, folds = make_set(n_labels, **sizes)
    seconds, found = {side: [] for side in SIDES}, {}
    for _ in range(repeats):
        for side, decode in SIDES.items():
            start = time.perf_counter()
            found[side] = decode(which, data, labellings, folds, n_labels)
            seconds[side].append(time.perf_counter() - start)
    ratios = [ours / theirs for ours, theirs in zip(*seconds.values(), strict=True)]
    return {
        "seconds": {side: round(statistics.median(values), 4) for side, values in seconds.items()},
        "ratio": {
            "median": round(statistics.median(ratios), 4),
            "range": [round(min(ratios), 4), round(max(ratios), 4)],
        },
        "accuracy": {side: round(float(values[0]), 4) for side, values in found.items()},
        "null_accuracy": {side: round(float(np.mean(values[1:])), 4) for side, values in found.items()},
    }


def main():
    """Measure all and write the result."""
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
    from machine import describe_machine

    result = {
        "what": __doc__.splitlines()[0].partition(":")[0] + ".",
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "sizes": {
            "n_trials": N_TRIALS,
            "n_features": N_FEATURES,
            "n_folds": 5,
            "n_relabellings": N_RELABELLINGS,
            "repeats": REPEATS,
            "threads": 1,
        },
        "not_matched": (
            "scikit-learn shrinks the covariance of each label by itself, ours the pooled one; both hold "
            "labels to be equally frequent. Ours computes distances of neighbours once for all labellings; "
            "where labels differ in number, ours weighs votes by how many training trials a label has."
        ),
    }
    for which in ("lda", "5-nn"):
        for n_labels in DISTANCES:
            name = f"{which}, {n_labels} labels"
            result[name] = compare(which, n_labels)
            print(name, json.dumps(result[name]))
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
