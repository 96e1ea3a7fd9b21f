"""What a high-pass filter leaves of drift that tells blocks apart: decoding without any response to labels.

Run ``python benchmarks/validity/high_pass.py``. 40 labels, one block of 30 trials each, 32 channels; means
drift, and in part the amplitude of sources. The same recordings are filtered at each cut-off. Written to
benchmarks/results/validity_high_pass.json: kappa (0 is chance, 1 is perfect) of shrinkage LDA on the mean of
an epoch, on log band power and on log covariance, averaged over recordings, with its standard error.
"""

import datetime
import json
import pathlib
import sys
import time

import mne
import numpy as np
import threadpoolctl
from designs import Case
from orders import N_FOLDS, contiguous_folds, make_design
from simulate import simulate_set

from eegimg.validity._decoding import Decoders
from eegimg.validity._features import compute_features

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from machine import describe_machine

RESULT = pathlib.Path(__file__).parents[1] / "results" / "validity_high_pass.json"
FEATURES = ("dc", "power", "covariance")
HIGH_PASS = (0.0, 0.1, 1.0, 5.0, 14.0)  # Hz
POWER_DRIFT = (0.0, 0.15, 0.4)  # SD of log amplitude
N_SETS = 8
SEED = 20262


def make_case(number, power_sd, high_pass):
    """Return the case of a recording; those of one number differ in drift of power and filter only."""
    return Case(
        recording=str(number),
        family="one block",
        order="rounds",
        split="random",
        n_labels=40,
        n_blocks=1,
        n_trials=1200,
        n_channels=32,
        soa=0.6,
        signal=0.0,
        drift_kind="1/f",
        drift_rank=0,
        means_sd=0.1,
        power_sd=power_sd,
        covariance_sd=0.0,
        high_pass=high_pass,
        baseline="none",
        seed=SEED + number,
    )


def make_splits(design):
    """Return the folds of both splits: random trials, and the last fifth of every block.

    Parameters
    ----------
    design : orders.Design
        In random folds.

    Returns
    -------
    splits : dict of str to list of tuple of (ndarray, ndarray)
        Training and test trials of each fold.
    """
    last = contiguous_folds(design.labels, design.blocks, None) == N_FOLDS - 1
    tests = {"random": [design.folds == fold for fold in range(N_FOLDS)], "last fifth of each block": [last]}
    return {
        name: [(np.flatnonzero(~test), np.flatnonzero(test)) for test in found]
        for name, found in tests.items()
    }


def decode(case):
    """Return the kappa of each feature under each split, as {split: {feature: kappa}}."""
    design = make_design(case)
    epochs, _ = simulate_set(case, case.seed)
    features = compute_features(epochs, FEATURES, np.arange(len(epochs)))
    found = {}
    for split, folds in make_splits(design).items():
        decoders = Decoders(features, folds)
        kappas = dict(zip(decoders.names, decoders.kappas(design.labels, case.n_labels), strict=True))
        found[split] = {feature: kappas[f"lda {feature}"] for feature in FEATURES}
    return found


def tabulate(power_sd):
    """Return one row per split and cut-off: each feature's mean kappa over recordings and its error."""
    rows = []
    for high_pass in HIGH_PASS:
        sets = [decode(make_case(number, power_sd, high_pass)) for number in range(N_SETS)]
        for split in sets[0]:
            kappas = {feature: [found[split][feature] for found in sets] for feature in FEATURES}
            rows.append(
                {"power_drift": power_sd, "split": split, "high_pass": high_pass}
                | {feature: round(float(np.mean(values)), 3) for feature, values in kappas.items()}
                | {
                    f"{feature}_se": round(float(np.std(values, ddof=1) / np.sqrt(N_SETS)), 3)
                    for feature, values in kappas.items()
                }
            )
    return rows


def main():
    """Decode all recordings and write the result."""
    mne.set_log_level("error")
    started = time.perf_counter()
    with threadpoolctl.threadpool_limits(1):
        rows = [row for power_sd in POWER_DRIFT for row in tabulate(power_sd)]
    result = {
        "what": __doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "seed": SEED,
        "n_sets": N_SETS,
        "drift_of_means": 0.1,
        "rows": rows,
        "seconds": round(time.perf_counter() - started),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
