"""Splits into training, validation and test that keep whole groups of epochs together."""

import dataclasses
import numbers
import warnings
import zlib

import numpy as np
import pandas as pd

from .._checks import check_number, check_type, listing
from ._dealing import deal, label_shares
from ._folds import TEST, TRAIN, VALIDATION
from ._keys import as_names, epoch_keys, joined, names_of, read_metadata
from ._trials import RECORDING

LEAVE_ONE_OUT = "leave-one-subject-out"
# Block 3 of one subject is not block 3 of another: these are drawn within each subject.
_WITHIN = {"trial": (), "block": RECORDING, "run": ("subject", "session"), "session": ("subject",)}
# Training sees every label first, then test, then validation.
_PARTS, _PRIORITIES = (TRAIN, VALIDATION, TEST), (3, 1, 2)
_CALLER = "make_split"


def make_split(
    metadata,
    by="image",
    *,
    test_size=0.2,
    validation_size=0.1,
    n_folds=None,
    label="concept",
    random_state=0,
):
    """Split epochs into training, validation and test so that whole groups stay in one part.

    The same epochs get the same parts whatever order they come in. Images and concepts go to the same part in
    every subject. Blocks, runs and sessions are drawn within each subject, so that every subject has every
    part and adding a subject changes nothing for the others. Labels are spread over the parts as evenly as
    whole groups allow, greedily: each group in random order goes to the part that most lacks its labels.

    Parameters
    ----------
    metadata : pandas.DataFrame | mne.Epochs
        One row per epoch.
    by : str
        What a decoder must not have met in training:

        - ``"image"``: the images it is tested on (the labels it has met);
        - ``"concept"``: the concepts (zero-shot);
        - ``"block"``, ``"run"``, ``"session"``: the stretch of time, within each subject;
        - ``"subject"``, or ``"leave-one-subject-out"`` with every subject as a fold of its own;
        - ``"trial"``: nothing but the very trial. This is the weak one: slow drift, and a second look at the
          same image, carry over from training to test (Li et al. 2021, doi 10.1109/TPAMI.2020.2973153);
        - any other column, whose values mean the same in all subjects.
    test_size, validation_size : float | int
        Share of the groups (of each subject where drawn within subjects), at least one group; an integer
        counts groups. ``validation_size=0`` makes no validation part. A fifth and a tenth are conventions:
        large enough to measure on, small enough to leave most for training.
    n_folds : int | None
        Make that many folds instead, each group in the test part of exactly one; ``test_size`` is not used.
    label : str | None
        Column with what is decoded, spread over the parts. None spreads nothing. Has no effect when the same
        as ``by``.
    random_state : int
        Seed of the draw.

    Returns
    -------
    split : pandas.Series | pandas.DataFrame
        "train", "validation" or "test" per epoch, with the index of the metadata: a Series named "split", or
        for folds a table with a column for each ("fold-1", or the subject left out). ``split.attrs`` says how
        it was made.

    Raises
    ------
    ValueError
        If a column is missing or has gaps, there are too few groups, or training would lack a label that is
        tested (as where each label stands in one block).

    Warns
    -----
    UserWarning
        If a label is in training but not in test.

    Examples
    --------
    >>> import pandas as pd
    >>> from eegimg.validity import make_split
    >>> metadata = pd.DataFrame({"image": list("abcdefghij") * 2, "concept": (["cat"] * 5 + ["dog"] * 5) * 2})
    >>> metadata["split"] = make_split(metadata, by="image")
    >>> metadata["split"].value_counts().to_dict()
    {'train': 14, 'test': 4, 'validation': 2}
    """
    table = read_metadata(metadata, _CALLER)
    request = _checked(by, test_size, validation_size, n_folds, label, random_state)
    groups, scopes = _groups(table, by), _scopes(table, by)
    labels = _labels(table, request)
    parts, untested = None, {}
    for scope in sorted(set(scopes)):
        rows = np.flatnonzero(scopes == scope)
        drawn, columns = _draw(groups[rows], labels[rows], scope, request)
        if parts is None:
            parts = np.empty((len(table), len(columns)), dtype=object)
        parts[rows] = drawn
        for column in drawn.T:
            lost = _check_labels(column, labels[rows], scope, request)
            untested |= dict.fromkeys(lost)
    if untested and len(columns) == 1:
        warnings.warn(
            f"{_CALLER} by {by!r} leaves the test part without the {label!r} {listing(untested)}: too few "
            "groups. Enlarge test_size, or use n_folds.",
            stacklevel=2,
        )
    return _result(parts, columns, table.index, request)


@dataclasses.dataclass(frozen=True)
class _Request:
    """How a split was asked for, as it stands in ``attrs`` and in the sidecar."""

    by: str
    test_size: float | int | None
    validation_size: float | int
    n_folds: int | None
    label: str | None
    random_state: int


def _checked(by, test_size, validation_size, n_folds, label, random_state):
    """Return a request whose values make sense by themselves."""
    check_type("by", by, str, _CALLER, "the name of a column, 'trial' or 'leave-one-subject-out'")
    check_type("label", label, (str, type(None)), _CALLER, "the name of a column or None")
    for name, size in (("test_size", test_size), ("validation_size", validation_size)):
        check_number(name, size, _CALLER, at_least=0)
        if not isinstance(size, numbers.Integral) and size >= 1:
            raise ValueError(
                f"The {name!r} parameter of {_CALLER} must be a share below 1 or a whole number of groups. "
                f"Got {size!r} instead."
            )
    check_number("n_folds", n_folds, _CALLER, at_least=2, none=True, integer=True)
    check_number("random_state", random_state, _CALLER, at_least=0, integer=True)
    folds = n_folds is not None or by == LEAVE_ONE_OUT
    if n_folds is not None and by == LEAVE_ONE_OUT:
        raise ValueError(
            f"{_CALLER} by {LEAVE_ONE_OUT!r} makes one fold per subject. Leave n_folds out, or ask "
            "by='subject'."
        )
    if test_size == 0 and not folds:
        raise ValueError(
            f"The 'test_size' parameter of {_CALLER} must be above 0. Got {test_size!r} instead."
        )
    return _Request(by, None if folds else test_size, validation_size, n_folds, label, int(random_state))


def _groups(table, by):
    """Return the group of each epoch, a name that is the same for epochs that must stay together."""
    if by == "trial":
        return joined(column for _, column in epoch_keys(table, _CALLER).items())
    column = "subject" if by == LEAVE_ONE_OUT else by
    advice = "Name one of them, 'trial' or 'leave-one-subject-out'."
    owners = [as_names(table[name]) for name in _WITHIN.get(by, ()) if name in table]
    return joined([*owners, names_of(table, column, _CALLER, advice)])


def _scopes(table, by):
    """Return within what each epoch's group is drawn: its subject, or everything."""
    if by in _WITHIN and "subject" in table:
        return names_of(table, "subject", _CALLER).to_numpy(dtype=object)
    return np.full(len(table), "", dtype=object)


def _labels(table, request):
    """Return what is spread over the parts: the label of each epoch, or one label for all."""
    if request.label in (None, request.by):
        return np.full(len(table), "", dtype=object)
    advice = "Name what is decoded as the label, or give label=None to spread nothing."
    return names_of(table, request.label, _CALLER, advice).to_numpy(dtype=object)


def _draw(groups, labels, scope, request):
    """Return the parts of the epochs of one scope, a column for each fold, and the names of the columns."""
    # A seed for each scope: what other subjects there are has no say in it.
    rng = np.random.default_rng([request.random_state, zlib.crc32(scope.encode())])
    names, group_numbers = np.unique(groups, return_inverse=True)
    shares = label_shares(group_numbers, np.unique(labels, return_inverse=True)[1])
    n_groups = len(names)
    if request.test_size is not None:
        sizes = _sizes(n_groups, _count(request.test_size, n_groups), scope, request)
        drawn = np.array(_PARTS, dtype=object)[deal(shares, sizes, _PRIORITIES, rng)]
        return drawn[group_numbers][:, None], ["split"]
    if request.by == LEAVE_ONE_OUT:
        folds, columns = np.arange(n_groups), names.tolist()
    else:
        n_folds = int(request.n_folds)
        width = len(str(n_folds))
        columns = [f"fold-{number:0{width}d}" for number in range(1, n_folds + 1)]
        if n_groups < n_folds:
            raise ValueError(
                f"{_CALLER} was asked for {n_folds} folds by {request.by!r}{_of(scope)}. There are "
                f"{n_groups} groups. Ask for fewer folds, or split by another column."
            )
        sizes = [n_groups // n_folds + (number < n_groups % n_folds) for number in range(n_folds)]
        folds = deal(shares, sizes, [0] * n_folds, rng)
    drawn = [_fold(folds == number, shares, scope, request, rng) for number in range(len(columns))]
    return np.array(drawn, dtype=object).T[group_numbers], columns


def _fold(tested, shares, scope, request, rng):
    """Return the part of each group in one fold, the validation part drawn from what is not tested."""
    rest = np.flatnonzero(~tested)
    sizes = _sizes(len(tested), int(tested.sum()), scope, request)[:2]
    parts = np.full(len(tested), TEST, dtype=object)
    dealt = deal([shares[group] for group in rest], sizes, _PRIORITIES[:2], rng)
    parts[rest] = np.array(_PARTS, dtype=object)[dealt]
    return parts


def _count(size, n_groups):
    if isinstance(size, numbers.Integral):
        return int(size)
    return max(1, round(size * n_groups)) if size else 0


def _sizes(n_groups, n_test, scope, request):
    """Return the groups in training, validation and test; raise ValueError if none is left for training."""
    n_validation = _count(request.validation_size, n_groups)
    n_train = n_groups - n_test - n_validation
    if n_train < 1:
        raise ValueError(
            f"{_CALLER} by {request.by!r} needs {n_test} groups for test and {n_validation} for validation"
            f"{_of(scope)}, and at least one for training. There are {n_groups}. Make the parts smaller "
            "(validation_size=0 makes none), or split by another column."
        )
    return n_train, n_validation, n_test


def _of(scope):
    return f" of subject {scope!r}" if scope else ""


def _check_labels(parts, labels, scope, request):
    """Raise ValueError if training lacks a label that is tested; return those that test lacks."""
    train = set(labels[parts == TRAIN])
    unknown = sorted(set(labels) - train)
    if unknown:
        raise ValueError(
            f"{_CALLER} by {request.by!r} leaves training{_of(scope)} without the {request.label!r} "
            f"{listing(unknown)}, which would be tested: they have too few groups to be in both. Make the "
            "parts smaller, drop those epochs, split by another column, or give label=None if something else "
            "is decoded."
        )
    return sorted(train - set(labels[parts == TEST]))


def _result(parts, columns, index, request):
    split = pd.DataFrame(parts, index=index, columns=columns)
    if request.test_size is not None:
        split = split["split"]
    split.attrs = dataclasses.asdict(request)
    return split
