"""Which other split would lift a verdict."""

import numpy as np
import pandas as pd

from ._measure import is_exposed, measure_exposure


def find_remedy(scope, rng):
    """Look for a split under which time does not tell the labels.

    Parameters
    ----------
    scope : Scope
        Trials, and the split in use.
    rng : numpy.random.Generator
        Draws folds.

    Returns
    -------
    remedy : str | None
        "runs" or "recordings": what to hold out; None where neither helps.
    """
    trials = scope.trials
    runs_stay = scope.facts["one_run_per_label"] or scope.facts["runs_held_out"]
    for what, groups in (("runs", trials.runs), ("recordings", trials.recordings)):
        candidate = _folds_by(groups, trials.labels, rng)
        if candidate is None or (what == "runs" and runs_stay):
            continue
        if not is_exposed(measure_exposure(trials, candidate, rng)):
            return what
    return None


def _folds_by(groups, labels, rng):
    """Return folds that hold whole groups out, each label in every training part, or None."""
    from sklearn.model_selection import StratifiedGroupKFold

    together = pd.DataFrame({"group": groups, "label": labels}).drop_duplicates()
    n_folds = min(int(together.groupby("label").size().min()), 5)
    if n_folds < 2:
        return None
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=int(rng.integers(2**31)))
    folds = [fold for fold in splitter.split(labels, labels, groups) if len(fold[1])]
    whole = len(np.unique(labels))
    return folds if all(len(np.unique(labels[train])) == whole for train, _ in folds) else None
