"""How often tests find decoding where only blocks drift: the trial as the unit, and the run as the unit.

Run ``python benchmarks/validity/nulls.py``. Several blocks of each label, 400 trials, 32 channels; means and
the amplitude of sources drift. Without any response to labels, the share of sets with p of 0.05 or less is
the rate of false positives; with strong responses it is the power of the permutation of runs. Shrinkage LDA
on window means, once with random folds and once with whole runs held out. Written to
benchmarks/results/validity_nulls.json.
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
from rates import rate
from scipy import stats
from simulate import simulate_set

from eegimg.validity._decoding import Decoders
from eegimg.validity._features import compute_features
from eegimg.validity._folds import make_folds
from eegimg.validity._relabel import make_relabellings
from eegimg.validity._trials import read_trials

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from machine import describe_machine

RESULT = pathlib.Path(__file__).parents[1] / "results" / "validity_nulls.json"
SIZES = ((2, 2), (2, 4), (2, 8), (5, 2), (5, 4))  # labels, runs of each
SPLITS = {"random": "random trials", "blocks": "runs held out"}
N_SETS, N_STRONG = 40, 20
STRONG = 1.5
N_PERMUTATIONS = 99
ALPHA = 0.05
SEED = 20263


def make_case(number, n_labels, n_blocks, split, signal=0.0):
    """Return the case of a set; the same recording under both splits."""
    return Case(
        recording=str(number),
        family="blocks",
        order="rounds",
        split=split,
        n_labels=n_labels,
        n_blocks=n_blocks,
        n_trials=400,
        n_channels=32,
        soa=0.6,
        signal=signal,
        drift_kind="1/f",
        drift_rank=0,
        means_sd=0.3,
        power_sd=0.15,
        covariance_sd=0.0,
        high_pass=0.0,
        baseline="none",
        seed=SEED + 1000 * (10 * n_labels + n_blocks) + number,
    )


def share_at_least(observed, null):
    """Return the p value of a permutation test: the observed value counts as one of its null."""
    return (1 + int(np.sum(np.asarray(null) >= observed))) / (1 + len(null))


def judge_set(case, with_trials=True):
    """Decode a set and test the result.

    Parameters
    ----------
    case : designs.Case
        Case.
    with_trials : bool
        Whether to permute trials too.

    Returns
    -------
    found : dict of str to float
        ``kappa``; p values ``binomial``, ``trials`` (permuted) and ``runs`` (permuted); ``smallest``: the
        smallest p value that a permutation of runs could have given.
    """
    rng = np.random.default_rng([case.seed, 1])
    epochs, _ = simulate_set(case, case.seed)
    trials, _ = read_trials(epochs, group="block")  # neighbours of one label stay two runs
    folds, _ = make_folds("split", epochs.metadata, trials.labels)
    decoders = Decoders(compute_features(epochs, ("means",), np.arange(len(epochs))), folds)

    def kappa(labels):
        return float(decoders.kappas(labels, case.n_labels)[0])

    labellings, _ = make_relabellings(trials, folds, rng, N_PERMUTATIONS)
    hits = int(decoders.hits(trials.labels, case.n_labels)[0].sum())
    chance = 1 / case.n_labels
    found = {
        "kappa": kappa(trials.labels),
        "binomial": float(stats.binomtest(hits, len(trials), chance, alternative="greater").pvalue),
        "smallest": 1 / (1 + len(labellings)),
    }
    found["runs"] = share_at_least(found["kappa"], [kappa(labels) for labels in labellings])
    if with_trials:
        shuffled = [kappa(rng.permutation(trials.labels)) for _ in range(N_PERMUTATIONS)]
        found["trials"] = share_at_least(found["kappa"], shuffled)
    return found


def tabulate(n_labels, n_blocks, split):
    """Return the row of a design under a split: kappa without signal, rates of p <= 0.05, and power."""
    none = [judge_set(make_case(number, n_labels, n_blocks, split)) for number in range(N_SETS)]
    strong = [
        judge_set(make_case(number, n_labels, n_blocks, split, STRONG), with_trials=False)
        for number in range(N_STRONG)
    ]
    kappas = [found["kappa"] for found in none]
    row = {
        "split": SPLITS[split],
        "n_labels": n_labels,
        "n_runs_per_label": n_blocks,
        "kappa": round(float(np.mean(kappas)), 3),
        "kappa_sd": round(float(np.std(kappas, ddof=1)), 3),
        "smallest_p_of_runs": round(max(found["smallest"] for found in none), 3),
    }
    for test in ("binomial", "trials", "runs"):
        row[f"false_{test}"] = rate(none, lambda found, test=test: found[test] <= ALPHA)
    row["kappa_with_signal"] = round(float(np.mean([found["kappa"] for found in strong])), 3)
    row["power_runs"] = rate(strong, lambda found: found["runs"] <= ALPHA)
    return row


def main():
    """Test all sets and write the result."""
    mne.set_log_level("error")
    started = time.perf_counter()
    with threadpoolctl.threadpool_limits(1):
        rows = [tabulate(*size, split) for split in SPLITS for size in SIZES]
    result = {
        "what": __doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "seed": SEED,
        "n_sets": N_SETS,
        "n_sets_with_signal": N_STRONG,
        "n_permutations": N_PERMUTATIONS,
        "rows": rows,
        "seconds": round(time.perf_counter() - started),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
