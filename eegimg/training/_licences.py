"""Which licences let everybody train on the data."""

import re

# As they begin, letters and digits only: CC0, CC BY and CC BY-SA in all spellings, Open Data Commons, code.
_OPEN = (
    "cc0",
    "ccby",
    "ccbysa",
    "pddl",
    "odcby",
    "odbl",
    "pd",
    "publicdomain",
    "mit",
    "bsd",
    "gpl",
    "apache",
)
_CLOSED = re.compile(r"\bnc\b|\bnd\b|non-?commercial|noderiv", re.IGNORECASE)
NOT_STATED = "not stated"


def is_open(licence):
    """Tell whether a licence lets everybody use the data, also in part and for profit.

    Parameters
    ----------
    licence : str | None
        As a dataset states it: "CC-BY-4.0", "CC BY-NC 4.0".

    Returns
    -------
    is_open : bool
        False where it says non-commercial or no derivatives, is not known here, or is not stated.
    """
    text = str(licence or "").replace("_", "-")
    letters = re.sub("[^a-z0-9]", "", text.lower())
    return bool(letters) and not _CLOSED.search(text) and letters.startswith(_OPEN)


def check_licences(rows, accept_license):
    """Raise ValueError for a source whose licence is not open, unless it was accepted.

    Parameters
    ----------
    rows : list of dict
        ``source``, ``licence`` and ``local`` (whether it is on this disk anyway, where a licence that is not
        stated is the user's own business).
    accept_license : bool
        Whether the user has read the terms and accepts them.
    """
    if accept_license:
        return
    for row in rows:
        licence = row["licence"]
        if is_open(licence) or (row["local"] and licence == NOT_STATED):
            continue
        raise ValueError(
            f"The corpus has {row['source']}, whose licence is not an open one ({licence}). Nothing was "
            "trained. Read its terms, and give accept_license=True (--accept-license on the command line) if "
            "you may train on it; or take it out of the corpus."
        )
