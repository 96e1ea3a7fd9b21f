"""Labels of subjects, sessions, tasks and runs as people write them: "01", 1 and "sub-01" are the same."""

import numbers

_SHORT = {"subject": "sub-", "session": "ses-", "task": "task-", "run": "run-"}


def as_labels(labels, name, caller):
    """Return what was asked for as a list, or raise TypeError or ValueError.

    Parameters
    ----------
    labels : str | int | iterable of str or int
        One label or several.
    name : str
        Of the parameter.
    caller : str
        For the sentence.

    Returns
    -------
    labels : list
        At least one.
    """
    one = isinstance(labels, str | numbers.Integral)
    found = [labels] if one else list(labels) if hasattr(labels, "__iter__") else None
    if found is None or not all(isinstance(label, str | numbers.Integral) for label in found):
        raise TypeError(
            f"The {name!r} parameter of {caller} must be labels such as '01' or None. Got {labels!r} instead."
        )
    if not found:
        raise ValueError(
            f"The {name!r} parameter of {caller} must be labels such as '01', or None for all. Got none."
        )
    return found


def find_label(label, there, entity):
    """Return the label among those that are there that is meant, or None.

    Parameters
    ----------
    label : str | int
        As the user wrote it.
    there : iterable of str
        Labels.
    entity : 'subject' | 'session' | 'task' | 'run'
        What they are labels of.

    Returns
    -------
    label : str | None
        The same text comes before the same number.
    """
    text = str(label).removeprefix(_SHORT[entity])
    there = list(there)
    if text in there:
        return text
    alike = [other for other in there if text.isdecimal() and other.isdecimal() and int(other) == int(text)]
    return alike[0] if len(alike) == 1 else None
