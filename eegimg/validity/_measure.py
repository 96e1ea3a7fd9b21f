"""The statistics of an audit: exposure, drift, leak and what explains them."""

import numpy as np

from . import _drift
from ._decide import UNCLEAR_EXPOSURE, exposed_by
from ._decoding import Decoders
from ._estimator import estimator_kappas
from ._explain import describe_order, explain_decoding
from ._exposure import compute_position_exposure, compute_time_exposure
from ._features import compute_features
from ._held_out import OrderProbe, predict_leak
from ._relabel import make_relabellings, make_shifted_labels, without_signal

MIN_RELABELLINGS = 10  # to draw a line through
N_ESTIMATOR = 8  # relabellings that a user's own decoder is trained on


def measure(epochs, scope, sets, rng, *, explain, estimator, n_relabel):
    """Measure what a verdict rests on, and what explains it.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Epochs.
    scope : Scope
        Trials and folds.
    sets : sequence of str
        Feature sets.
    rng : numpy.random.Generator
        Permutes and draws.
    explain : bool
        Decode also where labels are not exposed.
    estimator : scikit-learn classifier | None
        The user's own decoder besides.
    n_relabel : int
        Relabellings.

    Returns
    -------
    numbers : dict of str to float
        Statistics; those that were not computed are missing.
    decoders : dict of str to dict
        For each decoder ``kappa`` and ``null`` (list of the kappas of relabellings).
    """
    numbers, decoders = describe_order(scope.trials, rng), {}
    if not scope.folds:
        return numbers, decoders
    numbers |= measure_exposure(scope.trials, scope.folds, rng)
    by_protocol = scope.facts["block_design"] and not scope.facts["ordered"]
    maybe = numbers.get("exposure", -1.0) >= UNCLEAR_EXPOSURE[0]
    needed = by_protocol or is_exposed(numbers) or maybe or in_held_out_runs(scope)
    if explain or estimator is not None or needed:
        found, decoders = measure_leak(epochs, scope, sets, rng, n_relabel=n_relabel, estimator=estimator)
        numbers |= found
    if explain:
        numbers |= explain_decoding(epochs, scope.rows, scope.folds, scope.trials)
    return numbers, decoders


def measure_exposure(trials, folds, rng):
    """Measure how well time and place in the recording tell the labels.

    Parameters
    ----------
    trials : Trials
        Labels and order.
    folds : list of tuple of (ndarray, ndarray)
        Training and test trials.
    rng : numpy.random.Generator
        Permutes labels.

    Returns
    -------
    numbers : dict of str to float
        exposure, exposure_z, position_exposure, position_exposure_z.
    """
    if not trials.ordered and not trials.grouped:
        return {}
    found = {
        "exposure": compute_time_exposure(trials, folds, rng),
        "position_exposure": compute_position_exposure(trials, folds, rng),
    }
    kappas = {name: value.kappa for name, value in found.items()}
    return kappas | {f"{name}_z": value.z for name, value in found.items()}


def is_exposed(numbers):
    """Tell whether one of the two exposures counts."""
    return any(exposed_by(numbers, name) for name in ("exposure", "position_exposure"))


def measure_leak(epochs, scope, sets, rng, *, n_relabel, estimator=None):
    """Measure drift within labels, decode labels, and decode labels moved from run to run (see measure)."""
    rows, trials, folds = scope.rows, scope.trials, scope.folds
    n_labels = len(trials.names)
    features = compute_features(epochs, sets, rows)
    decoders = Decoders(features, folds)
    silent = Decoders({name: without_signal(data, trials) for name, data in features.items()}, folds)
    labellings, n_partitions = make_relabellings(trials, folds, rng, n_relabel)
    observed = decoders.kappas(trials.labels, n_labels)
    moved = [[which.kappas(labels, n_labels) for labels in labellings] for which in (decoders, silent)]
    table = {
        name: set_beside(
            float(observed[place]), *([float(kappas[place]) for kappas in side] for side in moved)
        )
        for place, name in enumerate(decoders.names)
    }
    if estimator is not None:
        table["estimator"] = set_beside(*estimator_kappas(estimator, epochs, scope, labellings[:N_ESTIMATOR]))
    best = max(table, key=lambda name: table[name]["kappa"])
    numbers = {
        "kappa": table[best]["kappa"],
        "kappa_se": table[best]["kappa"] / _standard_error(trials.labels[decoders.tests], n_labels),
        "n_partitions": n_partitions,
        "n_relabellings": float(len(labellings)),
    }
    if labellings:
        numbers["leak"] = float(max(np.mean(entry["null"]) for entry in table.values()))
        numbers["run_p"] = table[best]["p"]
    if in_held_out_runs(scope):
        numbers |= _order_of_runs(trials, folds, rng, labellings, moved[0])
    if trials.ordered and len(np.unique(trials.recordings)) > 1:
        shifted = [decoders.kappas(labels, n_labels) for labels in make_shifted_labels(trials)]
        numbers["position_leak"] = float(np.mean(shifted, axis=0).max())
    return numbers | _drifts(features, trials, rng), table


def in_held_out_runs(scope):
    """Tell whether labels come in runs and whole runs are held out."""
    runs = scope.trials.run_table()["n"]
    return scope.facts["ordered"] and scope.facts["runs_held_out"] and bool(runs.median() >= 2)


def _order_of_runs(trials, folds, rng, labellings, kappas):
    """Return how well the accidental order of held-out runs tells labels, and the leak that this predicts."""
    probe = OrderProbe(trials, folds, rng)
    actual = probe.kappas(trials.labels)
    found = {"order_exposure": float(np.nanmax(actual))}
    if len(labellings) >= MIN_RELABELLINGS:
        exposures = np.array([probe.kappas(labels) for labels in labellings])
        found["leak"] = predict_leak(exposures, np.array(kappas), actual)
    return found


def set_beside(kappa, moved, silent):
    """Set a score beside those of labels moved from run to run.

    Parameters
    ----------
    kappa : float
        Of the true labels.
    moved : list of float
        Of relabellings, on the epochs as they are. Where runs differ, the signal helps to tell them, so these
        are too high.
    silent : list of float
        Of the same relabellings, without what trials of one label have in common. Few short runs make these
        too high.

    Returns
    -------
    entry : dict
        ``kappa``, ``null`` (the lower of the two on average) and ``p`` (share of relabellings as they are
        that reach kappa, None without any).
    """
    p = (1 + sum(value >= kappa for value in moved)) / (1 + len(moved)) if moved else None
    lower = silent if silent and np.mean(silent) < np.mean(moved) else moved
    return {"kappa": kappa, "null": lower, "p": p}


def _standard_error(truth, n_labels):
    """Return the standard error of a balanced kappa at chance, trials independent."""
    counts = np.bincount(truth, minlength=n_labels)
    counts = counts[counts > 0]
    chance = 1.0 / n_labels
    return float(np.sqrt((chance * (1 - chance) / counts).sum()) / len(counts) / (1 - chance))


def _drifts(features, trials, rng):
    drifts = _drift.compute_drift(features, trials, rng)
    numbers = {f"drift_{name}": z for name, z in drifts.items()}
    numbers["drift"] = max(drifts.values())
    if trials.ordered:
        numbers["run_similarity"] = _drift.compare_runs(features, trials, rng)
    return numbers
