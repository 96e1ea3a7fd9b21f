"""Whether drift and the order of trials can explain a decoding result."""

import time

import numpy as np

from .._checks import check_number, check_option, check_type, listing
from ._decide import a_split_may_help, decide
from ._designs import DESIGNS
from ._features import FEATURES, usual_features
from ._measure import measure
from ._relabel import N_RELABELLINGS
from ._remedy import find_remedy
from ._result import Audit as Audit
from ._result import make_result
from ._scope import make_scope


def audit_design(
    epochs,
    split=None,
    group=None,
    label="concept",
    estimator=None,
    *,
    order=None,
    design=None,
    accuracy=None,
    features=None,
    explain=True,
    n_relabel=N_RELABELLINGS,
    random_state=0,
):
    """Say what a decoding result on these epochs, under this split, is worth.

    Two things must come together for drift to pass for decoding. *Exposure*: a slow function of time tells
    the labels of test trials, which labels, order and split alone decide. *Leak*: features drift within
    labels, and labels moved at random from run to run decode under the same split. Without exposure the
    verdict is "ok" whatever the EEG does; with both it is "confounded". Where every label has one run in a
    recording no analysis can tell the label from the time, and the audit says so.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Epochs with the events of the recording; left as they are.
    split : str | array-like | pandas.DataFrame | cross-validator | list of tuple | int | None
        How training and test epochs are told apart: a metadata column or a value per epoch ("train", "test",
        or the fold an epoch is tested in), folds as :func:`make_split` returns them, a scikit-learn
        cross-validator, index pairs, or a number of stratified random folds. None takes the metadata column
        "split" where there is one, five random folds otherwise.
    group : str | list of str | array-like, shape (n_epochs,) | None
        Recordings: metadata columns, or a value per epoch. Times of different recordings are not compared.
        None takes those of subject, session and run that the metadata have.
    label : str
        Metadata column that is decoded. Where there is no column "concept" the names of the events are.
    estimator : scikit-learn classifier | None
        The user's own decoder, trained and tested beside the built-in ones. It gets (n_epochs, n_channels,
        n_times) in volts, or the same flat if it is scikit-learn's own.
    order : str | array-like, shape (n_epochs,) | None
        When each trial was recorded, in any unit. None takes the events' samples.
    design : 'rapid-event' | 'block' | 'unknown' | None
        What is known of the protocol. None takes the metadata column "design" where there is one.
    accuracy : float | None
        An accuracy to judge (0 to 1), such as a published one, beside which the null is set. None takes that
        of the estimator, or of the best built-in decoder.
    features : sequence of str | None
        Which of "means", "dc", "power" and "covariance" to look at. None takes all, without "dc" where a
        high-pass of 0.5 Hz or more was recorded.
    explain : bool
        Compute what explains the verdict also where the verdict does not need it. Without, epochs whose
        labels are not exposed are not decoded.
    n_relabel : int
        Relabellings of runs.
    random_state : int
        Seed.

    Returns
    -------
    audit : Audit
        ``verdict``, ``reason``, ``flags``, ``table``, ``plot()`` and more.

    Raises
    ------
    TypeError
        If these are no epochs.
    ValueError
        If a column is missing, there is one label only, or the split leaves no training or test epoch.

    Notes
    -----
    Balanced accuracy beyond chance, kappa = (accuracy - 1/K) / (1 - 1/K), is compared. Exposure
    counts from 0.10 with z above 3, drift from z above 4, a leak from kappa above 0.05; the rates of the
    rule on simulated designs are in ``benchmarks/results/validity_rates.json``. Block designs: Li et al.
    (2021), IEEE TPAMI 43(1), 316-333, doi:10.1109/TPAMI.2020.2973153. Shrinkage LDA: Ledoit and Wolf
    (2004), J Multivar Anal 88, 365-411, doi:10.1016/S0047-259X(03)00096-4.

    Examples
    --------
    >>> import eegimg
    >>> raw, _ = eegimg.make_recording(20, 4, "block", drift=20.0)
    >>> epochs = eegimg.Pipeline(eegimg.preprocessing.MakeEpochs(baseline=None)).fit_transform(raw)
    >>> eegimg.validity.audit_design(epochs).verdict
    'confounded'
    """
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    _check(features, estimator, explain, accuracy, n_relabel, random_state, design)
    rng = np.random.default_rng(random_state)
    scope = make_scope(
        epochs, split, rng, group=group, label=label, order=order, design=design, random_state=random_state
    )
    sets = usual_features(epochs.info) if features is None else tuple(features)
    # One thread: many small sums, which threads only slow down, and the same ones on every machine.
    with threadpool_limits(1):
        numbers, decoders = measure(
            epochs, scope, sets, rng, explain=explain, estimator=estimator, n_relabel=int(n_relabel)
        )
        verdict, flags, reason = decide(numbers, scope.facts)
        remedy = find_remedy(scope, rng) if a_split_may_help(flags, numbers) else (None, None)
    return make_result(
        scope,
        verdict=verdict,
        reason=reason,
        flags=flags,
        remedy=remedy,
        numbers=numbers,
        decoders=decoders,
        accuracy=accuracy,
        seconds=time.perf_counter() - started,
    )


def _check(features, estimator, explain, accuracy, n_relabel, random_state, design):
    caller = "audit_design"
    if features is not None:
        wanted = f"some of {listing(FEATURES)}, or None"
        check_type("features", features, (list, tuple), caller, wanted)
        for name in features or ("",):
            check_option("features", name, FEATURES, caller)
    if estimator is not None and not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
        raise TypeError(f"{caller} needs a classifier with fit and predict. Got {estimator!r}.")
    check_type("explain", explain, bool, caller, "True or False")
    check_number("accuracy", accuracy, caller, at_least=0, at_most=1, none=True)
    check_number("n_relabel", n_relabel, caller, at_least=2, integer=True)
    check_number("random_state", random_state, caller, at_least=0, integer=True)
    check_option("design", design, (*DESIGNS, None), caller)
