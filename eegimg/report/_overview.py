"""The top of a recording's page: its name, what needs attention, a few numbers, a methods paragraph."""

from markupsafe import Markup

from . import _html as html
from ._methods import write_methods
from ._sidecar import get, is_epoched, records


def make_overview(sidecar, sidecar_path, stem):
    """Make the overview of one recording."""
    name, _, recipe = stem.partition("_desc-")
    parts = [Markup("<h1>{}</h1>").format(name)]
    if recipe:
        parts.append(Markup('<p class="quiet">Recipe {}</p>').format(recipe))
    parts += _attention(sidecar, sidecar_path)
    parts.append(html.tiles(_numbers(sidecar, sidecar_path)))
    parts.append(Markup("<h3>In words</h3>"))
    parts.append(html.paragraph(write_methods(sidecar)))
    return html.join(parts)


def _attention(sidecar, sidecar_path):
    learned = [record["transductive"] for record in records(sidecar) if record.get("transductive")]
    warnings = [str(text) for text in sidecar.get("Warnings") or [] if text not in learned]
    parts = []
    if is_epoched(sidecar_path) and not get(sidecar, "Summary", "n_epochs", default=0):
        parts.append(
            html.notice(
                "failed", "No epoch is left: every one was dropped. See “Epochs dropped” for why.", []
            )
        )
    if sidecar.get("Transductive"):
        steps = ", ".join(sidecar.get("TransductiveSteps") or []) or "A step"
        text = (
            f"Transductive: {steps} learned from all epochs, test epochs included. Decoding scores computed "
            "from these data are transductive and must be reported as such."
        )
        parts.append(html.notice("warning", text, learned))
    if warnings:
        parts.append(html.notice("warning", html.plural(len(warnings), "warning"), warnings))
    elif not parts:
        parts.append(html.notice("good", "No warnings.", []))
    return parts


def _numbers(sidecar, sidecar_path):
    summary = sidecar.get("Summary") or {}
    tiles = []
    if is_epoched(sidecar_path):
        events = max([_events(record) for record in records(sidecar, "MakeEpochs")] or [0])
        of = f" of {html.number(events)}" if events else ""
        tiles.append((f"{html.number(summary.get('n_epochs'))}{of}", "epochs kept"))
    recorded = get(sidecar, "Input", "ch_types", "eeg") or get(sidecar, "Input", "n_channels")
    tiles.append((f"{html.number(summary.get('n_bads'))} of {html.number(recorded)}", "EEG channels bad"))
    for record in records(sidecar, "ICA"):
        components = get(record, "found", "components", default=[])
        gone = sum(bool(component.get("excluded")) for component in components)
        total = get(record, "found", "n_components", default=len(components))
        tiles.append((f"{gone} of {html.number(total)}", "components removed"))
    before = get(sidecar, "Input", "sd_uv")
    after = [get(record, "after", "sd_uv") for record in records(sidecar)]
    if before is not None and after and after[-1] is not None:
        tiles.append((f"{html.number(before)} → {html.number(after[-1])} µV", "median channel SD"))
    tiles.append((f"{html.number(summary.get('seconds'))} s", "processing time"))
    if summary.get("peak_memory_mb") is not None:
        tiles.append((f"{html.number(summary['peak_memory_mb'])} MB", "peak memory"))
    return tiles


def _events(record):
    return get(record, "found", "n_events", default=0) or 0
