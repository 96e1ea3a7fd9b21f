"""Which other split would lift a verdict."""

import numpy as np
import pandas as pd

from ._decide import MIN_ORDER, NEGATIVE_EXPOSURE
from ._held_out import OrderProbe
from ._measure import is_exposed, measure_exposure

N_FOLDS = 5
_DRAWS = 5  # of runs into folds


def find_remedy(scope, rng):
    """Look for a split under which time does not tell the labels, in neither direction.

    Parameters
    ----------
    scope : Scope
        Trials, and the split in use.
    rng : numpy.random.Generator
        Draws folds.

    Returns
    -------
    remedy : str | None
        "rounds" (the first run of every label, the second, ...), "runs" or "recordings": what to hold out;
        None where nothing helps.
    fold : ndarray of int, shape (n_epochs,) | None
        In which fold each epoch would be tested.
    """
    trials = scope.trials
    candidates = []
    if not scope.facts["one_run_per_label"]:
        candidates = [("rounds", _rounds(trials)), *[("runs", trials.runs)] * _DRAWS]
    for what, groups in [*candidates, ("recordings", trials.recordings)]:
        fold = _deal(groups, trials.labels, rng, whole_groups=what == "rounds")
        if fold is not None and not _tells(trials, fold, rng):
            return what, fold
    return None, None


def _tells(trials, fold, rng):
    """Tell whether time tells labels under a split, or misleads."""
    folds = [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in np.unique(fold)]
    if is_exposed(measure_exposure(trials, folds, rng)):
        return True
    kappas = OrderProbe(trials, folds, rng).kappas(trials.labels)
    return bool((kappas >= MIN_ORDER).any() or kappas[0] < NEGATIVE_EXPOSURE)


def _rounds(trials):
    """Return how many runs of its label came before each trial's run in its recording."""
    runs = trials.run_table().sort_values(["recording", "time"])
    runs["round"] = runs.groupby(["recording", "label"]).cumcount()
    return runs["round"].loc[trials.runs].to_numpy()


def _deal(groups, labels, rng, *, whole_groups):
    """Return the fold of each epoch, groups whole and each label in every training part, or None."""
    from sklearn.model_selection import StratifiedGroupKFold

    together = pd.DataFrame({"group": groups, "label": labels}).drop_duplicates()
    n_folds = min(int(together.groupby("label").size().min()), N_FOLDS)
    if n_folds < 2:
        return None
    if whole_groups:
        fold = np.unique(groups, return_inverse=True)[1] % n_folds
    else:
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=int(rng.integers(2**31)))
        fold = np.zeros(len(labels), int)
        for number, (_, test) in enumerate(splitter.split(labels, labels, groups)):
            fold[test] = number
    whole = len(np.unique(labels))
    kept = all(len(np.unique(labels[fold != one])) == whole for one in np.unique(fold))
    return fold if kept and len(np.unique(fold)) > 1 else None
