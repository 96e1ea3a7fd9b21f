"""Independent components that were removed or came near it; the others are not drawn."""

from . import _html as html
from ._sidecar import records

MAPS_SHOWN = 24


def make_components(sidecar):
    """Make the section about independent components."""
    found = records(sidecar, "ICA")
    if not found:
        return html.absent("The recipe has no ICA step, so no independent component was computed or removed.")
    return html.join(_one(sidecar, record) for record in found)


def _one(sidecar, record):
    found = record.get("found") or {}
    components = found.get("components") or []
    flagged = [
        component for component in components if component.get("excluded") or component.get("near_cut")
    ]
    flagged.sort(key=lambda component: (not component.get("excluded"), component.get("index", 0)))
    parts = [html.paragraph(_fit(found, components))]
    if not found.get("converged", True):
        text = "ICA did not converge: its components may be mixtures. Use more data, or a higher high-pass."
        parts.append(html.notice("warning", text, []))
    if not flagged:
        parts.append(html.absent("No component was removed or near the cut, so there is none to draw."))
        return html.join(parts)
    return html.join([*parts, _maps(sidecar, found, flagged), _table(flagged)])


def _fit(found, components):
    removed = sum(bool(component.get("excluded")) for component in components)
    text = html.plural(found.get("n_components", len(components)), "component")
    text += f" from data of rank {html.number(found.get('rank'))}"
    if found.get("explained_variance") is not None:
        text += f", explaining {html.percent(found['explained_variance'], 1)} of the variance"
    if found.get("n_iter") is not None:
        text += f", after {html.plural(found['n_iter'], 'iteration')}"
    return f"{text}. {removed} removed."


def _maps(sidecar, found, flagged):
    places = {c["name"]: (c.get("x"), c.get("y")) for c in sidecar.get("Channels") or []}
    names = found.get("ch_names") or []
    xy = [places.get(name, (None, None)) for name in names]
    usable = [None not in place for place in xy]
    drawn = [c for c in flagged if c.get("map") and len(c["map"]) == len(names)][:MAPS_SHOWN]
    if sum(usable) < 4 or not drawn:
        return html.absent("Scalp maps cannot be drawn: the recording has no electrode positions.")
    from ..viz import plot_components

    xy = [place if ok else (float("nan"),) * 2 for place, ok in zip(xy, usable, strict=True)]
    fig = plot_components(
        [component["map"] for component in drawn], xy, [_title(component) for component in drawn]
    )
    alt = (
        "Scalp maps of components: "
        + "; ".join(_title(component).replace("\n", ", ") for component in drawn)
        + "."
    )
    more = len(flagged) - len(drawn)
    caption = "Each map is scaled to its own maximum; red and blue are opposite (the sign is arbitrary)."
    return html.figure(fig, alt, caption + (f" {more} more not drawn." if more else ""))


def _title(component):
    verdict = "removed" if component.get("excluded") else "kept, near the cut"
    sure = component.get("probability")
    sure = f" {sure:.2f}" if isinstance(sure, (int, float)) else ""
    return f"IC {component.get('index')}: {component.get('label', 'unlabelled')}{sure}\n{verdict}"


def _table(flagged):
    rows = []
    for component in flagged:
        variance, eog = component.get("variance"), component.get("eog_correlation")
        rows.append(
            [
                f"IC {component.get('index')}",
                "removed" if component.get("excluded") else "kept (near the cut)",
                component.get("label", "unlabelled"),
                html.number(component.get("probability"), 2),
                _because(component.get("reason")),
                html.percent(variance, 1) if variance is not None else "–",
                html.number(eog, 2),
            ]
        )
    headers = [
        "Component",
        "Verdict",
        "Label",
        "Probability",
        "Removed because of",
        "Variance",
        "EOG correlation",
    ]
    caption = "Components removed, and those near the cut"
    return html.table(headers, rows, caption=caption, numeric={3, 5, 6})


def _because(reason):
    words = {"iclabel": "ICLabel", "eog": "EOG correlation"}
    return " and ".join(words.get(word, word) for word in str(reason or "").split("+")) or "–"
