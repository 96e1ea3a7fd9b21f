"""What every step found and what it cost."""

from markupsafe import Markup

from . import _html as html
from ._found import describe
from ._sidecar import epochs_lost, get, records

FOLDED = 150  # characters of parameters that are still shown at once


def make_steps(sidecar):
    """Make the table of steps and the picture of what was lost on the way."""
    log = records(sidecar)
    if not log:
        return html.absent("The recipe has no steps: the recording was copied as it is.")
    rows = [_row(position, record) for position, record in enumerate(log, 1)]
    headers = [
        "",
        "Step",
        "What it found",
        "Epochs lost",
        "Channels lost",
        "Data lost (s)",
        "SD (µV)",
        "Time (s)",
    ]
    caption = (
        "Steps in order. SD: median over good channels of the standard deviation, before → after the step."
    )
    return html.join([html.table(headers, rows, caption=caption, numeric={3, 4, 5, 6, 7}), _picture(log)])


def _row(position, record):
    name = Markup("<strong>{}</strong> {}").format(
        record.get("step", "unnamed"), _parameters(record.get("params") or {})
    )
    return [
        str(position),
        Markup('<span class="wide">{}</span>').format(name),
        Markup('<span class="wide">{}</span>').format(describe(record)),
        _loss(epochs_lost(record)),
        _loss(get(record, "lost", "channels")),
        _loss(get(record, "lost", "seconds")),
        _spread(get(record, "before", "sd_uv"), get(record, "after", "sd_uv")),
        html.number(record.get("seconds"), 2),
    ]


def _parameters(params):
    shown = [f"{name}={_value(value)}" for name, value in params.items() if value is not None]
    if not shown:
        return ""
    text = Markup('<code class="quiet">{}</code>').format(", ".join(shown))
    if len(text) <= FOLDED:
        return Markup("<br>") + text
    return html.details(html.plural(len(shown), "parameter"), text)


def _value(value):
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        shown = [_value(item) for item in value[:8]] + (["…"] if len(value) > 8 else [])
        return f"[{', '.join(shown)}]"
    return str(value)


def _loss(amount):
    if not amount or amount < 0:
        text = "–" if amount is None else "0" if not amount else f"+{html.number(-amount)}"
        return Markup('<span class="quiet">{}</span>').format(text)
    return Markup('<span class="lost">{}</span>').format(html.number(amount))


def _spread(before, after):
    if before is None and after is None:
        return html.number(None)
    return f"{html.number(before)} → {html.number(after)}"


def _picture(log):
    from ..viz import plot_losses

    kept = {
        "EEG channels": [_around(record, "n_channels") for record in log],
        "seconds": _seconds(log),
        "epochs": [_epochs(record) for record in log],
    }
    fig = plot_losses([record.get("step", "unnamed") for record in log], kept)
    first, last = kept["EEG channels"][0][0], kept["EEG channels"][-1][1]
    alt = f"Bars per step: good EEG channels went from {html.number(first)} to {html.number(last)}"
    cut = [before for before, after in kept["epochs"] if before == before]
    if cut:
        alt += f", epochs from {html.number(max(cut))} to {html.number(kept['epochs'][-1][1])}"
    caption = (
        "What is left after each step. Red: lost in this step; green: regained (interpolated or put back)."
    )
    return html.figure(fig, alt + ".", caption)


def _around(record, key):
    values = (get(record, "before", key), get(record, "after", key))
    return [float("nan") if value is None else float(value) for value in values]


def _epochs(record):
    before, after = _around(record, "n_epochs")
    if record.get("step") == "MakeEpochs":
        before = get(record, "found", "n_events", default=after)
    return [before, after]


def _seconds(log):
    """Count down from the recording's length: epochs may overlap or leave gaps, which is no loss."""
    left, pairs = _around(log[0], "duration")[0], []
    for record in log:
        pairs.append([left, max(left - get(record, "lost", "seconds", default=0.0), 0.0)])
        left = pairs[-1][1]
    return pairs
