"""How much of a planted truth the default recipe brings back: python benchmarks/recover_truth.py [N_SEEDS].

For each seed one simulated recording (32 and 64 channels in turn, 160 trials) goes through the recipe
"simulated", which is the default one with shorter epochs. Written to benchmarks/results/recover_truth.json:
precision and recall of bad channels, correlation of the average and of concept differences with the planted
ones before and after, and the power that is left at planted blinks. The truth is used for scoring only.
"""

import datetime
import json
import pathlib
import sys
import time

import mne
import numpy as np
from machine import describe_machine
from threadpoolctl import threadpool_limits

import eegimg
from eegimg.datasets import compare_with_truth
from eegimg.preprocessing import MakeEpochs

RESULT = pathlib.Path(__file__).parent / "results" / "recover_truth.json"
FIRST_SEED = 3000  # no other number here was chosen on these seeds


def score(seed):
    """Run one recording and compare it with its truth."""
    raw, truth = eegimg.make_recording(
        n_images=40, n_repetitions=4, n_channels=(32, 64)[seed % 2], random_state=seed
    )
    pipeline = eegimg.read_recipe("simulated")
    start = time.perf_counter()
    with threadpool_limits(1):
        after = pipeline.fit_transform(raw)
    seconds = round(time.perf_counter() - start, 2)
    (cut,) = [step for step in pipeline.steps if isinstance(step, MakeEpochs)]
    before = eegimg.Pipeline(cut).fit_transform(raw)
    bads = [name for record in pipeline.log_ for name in record["found"].get("bads", {})]
    components = [
        c for record in pipeline.log_ for c in record["found"].get("components", []) if c["excluded"]
    ]
    return {
        "seed": seed,
        "n_channels": len(truth["ch_names"]),
        **compare_with_truth(before, after, truth, bads),
        "reasons": pipeline.log_[0]["found"]["bads"],
        "excluded_components": [c["label"] for c in components],
        "n_epochs_kept": len(after),
        "n_epochs": len(before),
        "seconds": seconds,
    }


def main():
    """Score all seeds and write the result."""
    n_seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    mne.set_log_level("error")
    rows = []
    for seed in range(FIRST_SEED, FIRST_SEED + n_seeds):
        rows.append(score(seed))
        shown = ("seed", "recall", "precision", "correlation_after", "seconds")
        print(json.dumps({key: rows[-1][key] for key in shown}))
    numbers = [key for key, value in rows[0].items() if isinstance(value, (int, float)) and key != "seed"]
    values = {key: [row[key] for row in rows] for key in numbers}
    found = sum(len(row["found"]) for row in rows)
    planted = sum(len(row["planted"]) for row in rows)
    hits = sum(len(set(row["found"]) & set(row["planted"])) for row in rows)
    result = {
        "what": __doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "recipe_fingerprint": eegimg.read_recipe("simulated").fingerprint(),
        "bad_channels": {
            "planted": planted,
            "found": found,
            "precision": hits / found,
            "recall": hits / planted,
        },
        "mean": {key: round(float(np.mean(column)), 4) for key, column in values.items()},
        "min": {key: round(float(np.min(column)), 4) for key, column in values.items()},
        "max": {key: round(float(np.max(column)), 4) for key, column in values.items()},
        "recordings": rows,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("bad_channels", "mean")}, indent=1))


if __name__ == "__main__":
    main()
