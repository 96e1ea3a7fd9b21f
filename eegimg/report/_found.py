"""Say in a few words what a step found: one function per step, and one for any other."""

from collections import Counter

from ._html import number, plural
from ._sidecar import get


def describe(record):
    """Describe what one step found.

    Parameters
    ----------
    record : dict
        One log record.

    Returns
    -------
    text : str
        Plain text, not escaped; empty where the step found nothing worth a word.
    """
    text = PHRASES.get(record.get("step"), _anything)(record.get("found") or {}, record)
    learned = (
        f"fitted on {record.get('fitted_on', record['fit_scope'])}"
        if record.get("fit_scope") in ("train", "all")
        else ""
    )
    return "; ".join(part for part in (text, learned) if part)


def _bads(found, record):
    bads = found.get("bads") or {}
    text = "; ".join(f"{name} ({', '.join(criteria)})" for name, criteria in bads.items()) or "no bad channel"
    skipped = found.get("skipped") or []
    return text + (f". Not run: {'; '.join(skipped)}" if skipped else "")


def _interpolated(found, record):
    names = found.get("interpolated") or []
    return f"interpolated {', '.join(names)}" if names else "nothing to interpolate"


def _reference(found, record):
    ref = found.get("ref_channels")
    text = f"reference: {', '.join(ref) if isinstance(ref, list) else ref}"
    return text + (f"; put back {', '.join(found['added'])}" if found.get("added") else "")


def _notch(found, record):
    return (
        "removed " + ", ".join(f"{number(f)} Hz" for f in found.get("freqs") or [])
        if found.get("freqs")
        else "nothing removed"
    )


def _filter(found, record):
    length = found.get("filter_length_seconds")
    text = f"filter of {number(length)} s" if length is not None else ""
    return "; ".join(part for part in (text, found.get("note")) if part)


def _ica(found, record):
    components = found.get("components") or []
    labels = Counter(
        component.get("label", "unlabelled") for component in components if component.get("excluded")
    )
    removed = ", ".join(f"{count} {label}" for label, count in labels.items())
    near = sum(bool(component.get("near_cut")) for component in components)
    parts = [
        f"{plural(found.get('n_components'), 'component')}, rank {number(found.get('rank'))}",
        f"removed {removed}" if removed else "removed none",
        plural(near, "more") + " near the cut" if near else "",
        *(found.get("notes") or []),
        ""
        if found.get("converged", True)
        else f"did not converge in {number(found.get('n_iter'))} iterations",
    ]
    return "; ".join(part for part in parts if part)


def _epochs(found, record):
    text = f"{plural(found.get('n_events'), 'event')} from {found.get('source', 'the recording')}"
    dropped = found.get("dropped") or {}
    return text + "".join(f"; {count} {reason}" for reason, count in dropped.items())


def _rejected(found, record):
    dropped = sum((found.get("dropped") or {}).values())
    parts = [f"dropped {plural(dropped, 'epoch')}" if dropped else "dropped no epoch"]
    cells = found.get("n_interpolated_cells")
    if cells:
        parts.append(f"{plural(cells, 'channel segment')} interpolated")
    worst = sorted((found.get("drop_reasons") or {}).items(), key=lambda item: -item[1])[:3]
    if worst:
        parts.append("most often because of " + ", ".join(f"{name} ({count})" for name, count in worst))
    return "; ".join(parts)


def _anything(found, record):
    simple = {k: v for k, v in found.items() if isinstance(v, (str, int, float, bool)) and v != ""}
    rate = (get(record, "before", "sfreq"), get(record, "after", "sfreq"))
    if None not in rate and rate[0] != rate[1]:
        simple.setdefault("rate", f"{number(rate[0])} → {number(rate[1])} Hz")
    return "; ".join(
        f"{k.replace('_', ' ')}: {v if isinstance(v, (str, bool)) else number(v)}" for k, v in simple.items()
    )


PHRASES = {
    "FindBadChannels": _bads,
    "Interpolate": _interpolated,
    "Rereference": _reference,
    "Notch": _notch,
    "Filter": _filter,
    "ICA": _ica,
    "MakeEpochs": _epochs,
    "RejectPeakToPeak": _rejected,
    "AutoReject": _rejected,
}
