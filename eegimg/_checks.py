"""One sentence for every bad argument: what was asked, what was found, what to do."""

import difflib
import math
import numbers


def suggest(word, options):
    """Return ``" Did you mean 'x'?"`` for the option nearest to a word, or nothing.

    Parameters
    ----------
    word : object
        What was given.
    options : iterable of str
        What would have been right.

    Returns
    -------
    sentence : str
        Empty where no option comes near.
    """
    near = difflib.get_close_matches(str(word), [str(option) for option in options], n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def listing(items, limit=6):
    """Write names as ``'a', 'b' and 'c'``, the middle of a long list left out."""
    names = [repr(str(item)) for item in items]
    if len(names) > limit:
        names = [*names[: limit - 1], f"{len(names) - limit + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "none"


def _parameter(name, caller):
    return f"The {name!r} parameter of {caller}"


def check_option(name, value, options, caller):
    """Return a value that is one of the options, or raise ValueError with a suggestion."""
    # An array compares with each of its elements, and is never an option.
    if hasattr(value, "shape") or value not in options:
        allowed = " or ".join(repr(option) for option in options)
        raise ValueError(
            f"{_parameter(name, caller)} must be {allowed}. Got {value!r} instead.{suggest(value, options)}"
        )
    return value


def check_number(name, value, caller, *, above=None, at_least=None, at_most=None, none=False, integer=False):
    """Return a number that lies in its range, or raise TypeError or ValueError.

    ``none`` also admits None; ``above`` is a strict bound, ``at_least`` and ``at_most`` are not.
    """
    if value is None and none:
        return value
    wanted = "an integer" if integer else "a number"
    limits = [
        f"{word} {bound}"
        for word, bound in (("above", above), ("of at least", at_least), ("of at most", at_most))
        if bound is not None
    ]
    wanted += f" {' and '.join(limits)}" if limits else ""
    wanted += " or None" if none else ""
    numeric = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not numeric or not math.isfinite(value) or (integer and value != int(value)):
        raise TypeError(f"{_parameter(name, caller)} must be {wanted}. Got {value!r} instead.")
    too_low = (above is not None and not value > above) or (at_least is not None and not value >= at_least)
    if too_low or (at_most is not None and not value <= at_most):
        raise ValueError(f"{_parameter(name, caller)} must be {wanted}. Got {value!r} instead.")
    return value


def check_filled(name, value, types, caller, wanted):
    """Return a list or table that holds something, or raise TypeError or ValueError saying what was wanted.

    An empty list cannot be told from None in a recipe, where ``[]`` means None.
    """
    check_type(name, value, types, caller, wanted)
    if value is not None and len(value) == 0:
        raise ValueError(
            f"{_parameter(name, caller)} must be {wanted}. Got {value!r} instead, which is empty."
        )
    return value


def check_type(name, value, types, caller, wanted):
    """Return a value of one of the types, or raise TypeError saying what was wanted."""
    if not isinstance(value, types):
        raise TypeError(f"{_parameter(name, caller)} must be {wanted}. Got {value!r} instead.")
    return value
