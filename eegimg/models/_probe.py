"""How well a linear decoder reads labels from features, on epochs it never saw."""

import mne
import numpy as np
import pandas as pd

from .._checks import check_number, check_option, check_type, listing
from ..validity._beside_null import read_design, set_beside_null
from ..validity._folds import find_validation
from ..validity._relabel import N_RELABELLINGS, with_units
from ._features import Features
from ._labelled import read_labelled
from ._probe_card import ProbeCard
from ._readout import ESTIMATORS, STRENGTHS, Readout, make_plans

_CALLER = "probe"
_SHOWN = ("subject", "session", "run", "block")


def probe(
    features,
    metadata=None,
    split="split",
    label="concept",
    *,
    estimator="ridge",
    strengths=STRENGTHS,
    group=None,
    order=None,
    design=None,
    accept_confound=False,
    n_relabel=N_RELABELLINGS,
    random_state=0,
):
    """Train a linear decoder on features and test it once, with the design audited first.

    How strongly weights are held back is chosen on the validation part of the split alone. Where there is
    none, folds inside the training part are used, which hold out the same kind of unit (subjects, recordings
    or runs) as the split does. Mean, spread and weights come from the training part.

    Parameters
    ----------
    features : Features | array-like of float, shape (n_epochs, ...)
        From :func:`extract_features`, or any numbers, such as the epochs themselves; flat for the decoder.
    metadata : pandas.DataFrame | None
        One row per epoch. None takes those of the Features.
    split : str | array-like | pandas.DataFrame | cross-validator | list of tuple | int | None
        As in :func:`eegimg.validity.audit_design`: a column of "train", "validation" and "test".
    label : str
        Column that is decoded. Epochs without a value are left out. Where there is no column "concept" that
        of the events is taken.
    estimator : 'ridge' | 'logistic' | 'lda' | scikit-learn classifier
        Ridge regression on codes of the labels and multinomial logistic regression, both with a squared
        penalty, or linear discriminant analysis with a shrunk covariance, for which nothing is chosen. All
        labels weigh the same. A classifier of one's own gets the features as they are.
    strengths : sequence of float
        Values of C, the inverse of the penalty, to choose from. Of equally good ones the smallest is taken.
    group : str | list of str | array-like, shape (n_epochs,) | None
        Recordings: columns, or a value per epoch. None takes those of subject, session and run that the
        metadata have, or "recording".
    order : str | array-like, shape (n_epochs,) | None
        When each epoch was recorded, in any unit; ``np.arange(len(metadata))`` says that rows stand in order.
        None takes the column "onset" where there is one.
    design : 'rapid-event' | 'block' | 'unknown' | None
        What is known of the protocol. None takes the column "design" where there is one.
    accept_confound : bool
        Give numbers also where the audit says "confounded".
    n_relabel : int
        How many times labels are moved from run to run and the decoder is trained on them, its choice of C
        included: the null.
    random_state : int
        Seed of folds and relabellings.

    Returns
    -------
    card : ProbeCard
        Accuracy and balanced accuracy with chance and null, audit of the features under this split, leaks of
        the split, what was chosen, ``card.by("subject")``, ``card.confusion`` and ``card.predictions``.

    Raises
    ------
    TypeError
        If the features are no numbers, or the estimator cannot be trained.
    ValueError
        If the design is confounded and that is not accepted; if features are NaN, lengths differ, a column is
        missing, a part of the split is empty, or training and test part share no label.

    See Also
    --------
    compare_probes : Tell whether one set of features is better than another.
    eegimg.validity.evaluate : The same for a decoder of epochs.

    Notes
    -----
    Ridge is the default as it can read most where noise is shared by many features and trials are few: from
    the epochs of a simulated recording, ten concepts, 0.44 of test trials with its best C, beside 0.28 for
    logistic regression with its own and 0.38 for discriminant analysis.

    Audited are the features themselves, by shrinkage LDA of their principal components: drift that a network
    removed does no harm, and drift that it kept does. Features are standardised with the training part's mean
    and spread. What the numbers beside the accuracy mean is said at :func:`eegimg.validity.evaluate`. Linear
    probes as a measure of representations: Alain and Bengio (2016), arXiv:1610.01644.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from eegimg.models import probe
    >>> rng = np.random.default_rng(0)
    >>> concept = rng.permutation(np.repeat(["cat", "dog"], 60))
    >>> metadata = pd.DataFrame({"concept": concept, "onset": np.arange(120.0)})
    >>> metadata["split"] = np.tile(["train", "train", "validation", "test"], 30)
    >>> card = probe(rng.standard_normal((120, 4)) + 2.0 * (concept == "cat")[:, None], metadata)
    >>> card.metrics["balanced accuracy"]["value"] > 0.9
    True
    """
    from threadpoolctl import threadpool_limits

    estimator = _check_estimator(estimator)
    strengths = _check_strengths(strengths)
    check_type("accept_confound", accept_confound, bool, _CALLER, "True or False")
    check_number("n_relabel", n_relabel, _CALLER, at_least=1, integer=True)
    check_number("random_state", random_state, _CALLER, at_least=0, integer=True)
    told = {"group": group, "order": order}
    data = read_labelled(features, metadata, split, label, told, _CALLER)
    with threadpool_limits(1):  # many small fits, which threads only slow down
        found = read_design(
            as_epochs(data.values, data.table),
            data.split,
            caller=_CALLER,
            label=data.label,
            design=design,
            features=("means",),
            accept_confound=accept_confound,
            n_relabel=n_relabel,
            random_state=random_state,
            **data.known,
        )
        readout = _make_readout(estimator, strengths, found, data, random_state)
        choices = []

        def decode(values, labellings):
            predicted, chosen = readout.decode(values, labellings)
            choices.extend(chosen)  # those of the true labels come first
            return predicted

        metrics, predicted = set_beside_null(found, data.values, decode)
    return ProbeCard(
        method=estimator if isinstance(estimator, str) else type(estimator).__name__,
        metrics=metrics,
        audit=found.audit,
        choices=tuple(choices[0]),
        predictions=_predictions(found, predicted, data),
        source=features.record if isinstance(features, Features) else {},
        remarks=data.remarks,
        **found.facts,
    )


def _check_estimator(estimator):
    if isinstance(estimator, str):
        return check_option("estimator", estimator, ESTIMATORS, _CALLER)
    if not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
        raise TypeError(
            f"{_CALLER} needs {listing(ESTIMATORS)} or a classifier with fit and predict. Got {estimator!r}."
        )
    return estimator


def _check_strengths(strengths):
    values = list(strengths) if hasattr(strengths, "__iter__") else [strengths]
    for value in values or [None]:
        check_number("strengths", value, _CALLER, above=0)
    return tuple(float(value) for value in values)


def as_epochs(values, metadata):
    """Put features into epochs as the samples of one channel, as an audit takes them.

    Parameters
    ----------
    values : array of float, shape (n_epochs, n_features)
        Features.
    metadata : pandas.DataFrame
        One row per epoch.

    Returns
    -------
    epochs : mne.EpochsArray, shape (n_epochs, 1, n_features)
        At 1 Hz, so that no two features are averaged. Events stand one sample apart, which says that the
        order of recording is not known from them.
    """
    info = mne.create_info(["features"], 1.0, "misc", verbose="error")
    events = np.column_stack([np.arange(len(values)), np.zeros(len(values), int), np.ones(len(values), int)])
    return mne.EpochsArray(values[:, None], info, events, metadata=metadata, verbose="error")


def _make_readout(estimator, strengths, found, data, random_state):
    trials = found.trials
    units, runs = {"recording": trials.recordings}, with_units(trials).runs
    if len(np.unique(runs)) < len(runs):
        units["run"] = runs
    if "subject" in data.table:
        units = {"subject": pd.factorize(data.table["subject"].astype(str))[0], **units}
    validation = find_validation(data.split, data.table, found.folds)
    plans = make_plans(found.folds, validation, trials.labels, units, random_state)
    return Readout(estimator, strengths, plans)


def _predictions(found, predicted, data):
    """Return one row per test epoch."""
    names = np.array(found.trials.names)
    tests = found.tests
    shown = [column for column in _SHOWN if column in data.table]
    return pd.DataFrame(
        {
            "epoch": data.rows[tests],
            "fold": np.repeat(np.arange(len(found.folds)), [len(test) for _, test in found.folds]),
            "true": names[found.trials.labels[tests]],
            "predicted": names[predicted],
            "unit": with_units(found.trials).runs[tests],
            **{column: data.table[column].to_numpy()[tests] for column in shown},
        }
    )
