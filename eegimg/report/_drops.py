"""Epochs dropped: where, why, and whether one condition lost more than the others."""

from markupsafe import Markup

from . import _html as html
from ._sidecar import conditions, epochs_lost, get, is_epoched, records

REASONS = {
    "TOO_SHORT": "the window runs past the end of the recording",
    "NO_DATA": "the window starts before the recording or lies in a gap",
    "USER": "dropped by hand",
    "AUTOREJECT": "too many bad channels within the epoch (autoreject)",
    "REPEATED": "another event at the same sample",
}
CONDITIONS_SHOWN, REASONS_SHOWN, ALPHA = 40, 10, 0.05


def make_drops(sidecar, sidecar_path):
    """Make the section about epochs that were dropped and the loss per condition."""
    if not is_epoched(sidecar_path):
        return html.absent(
            "The recipe ends before epochs are cut, so there is no drop log: the output is continuous."
        )
    rows = [row for record in records(sidecar) for row in _reasons(record)]
    headers = ["Step", "Reason", "Epochs"]
    if rows:
        caption = (
            "Epochs dropped by step and reason. An epoch with several bad channels counts once for each."
        )
        log = html.table(headers, rows, caption=caption, numeric={2})
    else:
        log = html.paragraph("No epoch was dropped.")
    return Markup('<div class="columns"><div>{}</div><div>{}</div></div>').format(
        log, _loss_per_condition(sidecar)
    )


def _reasons(record):
    """Make the rows of one step: how many epochs it dropped in all, and for which reasons."""
    step, total = record.get("step", "unnamed"), epochs_lost(record)
    if not total or total < 0:
        return
    yield [step, Markup("<strong>in all</strong>"), Markup("<strong>{}</strong>").format(html.number(total))]
    counts = get(record, "found", "dropped" if step == "MakeEpochs" else "drop_reasons", default={})
    counts = sorted(((reason, count) for reason, count in counts.items() if count), key=lambda item: -item[1])
    for reason, count in counts[:REASONS_SHOWN]:
        yield ["", _explain(reason, record), html.number(count)]
    if len(counts) > REASONS_SHOWN:
        rest = sum(count for _, count in counts[REASONS_SHOWN:])
        yield ["", f"{len(counts) - REASONS_SHOWN} other reasons", html.number(rest)]


def _explain(reason, record):
    if reason in REASONS:
        return Markup("<code>{}</code> {}").format(reason, REASONS[reason])
    if reason.upper().startswith(("BAD", "EDGE")):
        return Markup("<code>{}</code> annotated as bad").format(reason)
    return reason if record.get("step") == "MakeEpochs" else f"channel {reason}"


def _loss_per_condition(sidecar):
    counts, before = conditions(sidecar)
    counts = {name: pair for name, pair in counts.items() if pair[0]}
    if not counts:
        return html.absent("The loss per condition cannot be given: no events per condition are recorded.")
    rows = sorted(counts.items(), key=lambda item: -(item[1][0] - item[1][1]) / item[1][0])
    cells = [
        [name, html.number(first), html.number(kept), html.percent(first - kept, first), _bar(first, kept)]
        for name, (first, kept) in rows[:CONDITIONS_SHOWN]
    ]
    caption = f"Loss per condition ({html.plural(len(rows), 'condition')}"
    caption += (
        f", the {CONDITIONS_SHOWN} with the largest loss shown)" if len(rows) > CONDITIONS_SHOWN else ")"
    )
    headers = ["Condition", before.capitalize(), "Kept", "Lost", "Lost, drawn"]
    return html.join([html.table(headers, cells, caption=caption, numeric={1, 2, 3}), _verdict(counts)])


def _bar(first, kept):
    return html.bar(first - kept, first, f"{html.percent(first - kept, first)} lost")


def _verdict(counts):
    if len(counts) < 2:
        return html.absent("There is one condition, so losses cannot be compared between conditions.")
    uneven = find_uneven_losses(counts)
    test = "one-sided Fisher exact test against all other conditions, Holm-corrected"
    if not uneven:
        return html.paragraph(
            f"No condition lost significantly more epochs than the others ({test}, p ≥ {ALPHA:g})."
        )
    items = [
        f"{name}: {html.percent(counts[name][0] - counts[name][1], counts[name][0])} lost, {_p(p)}"
        for name, p in uneven
    ]
    title = f"Some conditions lost more epochs than the others ({test}). Compare them with care."
    return html.notice("warning", title, items)


def find_uneven_losses(counts):
    """Find conditions that lost more epochs than the others.

    Each condition is held against all others with a one-sided Fisher exact test; p values are
    corrected for the number of conditions by Holm's method.

    Parameters
    ----------
    counts : dict of str to tuple of (int, int)
        Epochs before and after, per condition.

    Returns
    -------
    uneven : list of tuple of (str, float)
        Conditions with a corrected p below 0.05, and that p, smallest first.
    """
    import numpy as np
    from scipy.stats import hypergeom

    names = list(counts)
    first, kept = np.array([counts[name] for name in names]).T
    lost = np.clip(first - kept, 0, first)
    p = hypergeom.sf(lost - 1, first.sum(), lost.sum(), first)
    order = np.argsort(p, kind="stable")
    corrected = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return [(names[row], float(value)) for row, value in zip(order, corrected, strict=True) if value < ALPHA]


def _p(value):
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
