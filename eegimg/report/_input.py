"""What came in: the recording as it was read, before any step."""

from markupsafe import Markup

from . import _html as html
from ._sidecar import conditions

CONDITIONS_SHOWN = 40


def make_input(sidecar):
    """Make the section about the recording as read."""
    came = sidecar.get("Input")
    if not came:
        return html.absent(
            "The sidecar does not describe the recording as read; preprocess it again to record that."
        )
    types = came.get("ch_types") or {}
    facts = html.facts(
        [
            (
                "Channels",
                ", ".join(f"{count} {kind}" for kind, count in types.items())
                or html.number(came.get("n_channels")),
            ),
            ("Marked bad in the dataset", ", ".join(came.get("bads") or []) or "none"),
            ("Sampling rate", f"{html.number(came.get('sfreq'), 6)} Hz"),
            ("Duration", _duration(came.get("duration"))),
            ("Events", html.number(came.get("n_events"))),
            ("Reference while recording", _stated(came.get("reference"))),
            ("Power line frequency", _line(came.get("line_freq"))),
            ("Electrode positions", _positions(came.get("positions"))),
            ("File", _files(sidecar)),
        ]
    )
    return html.join([facts, _events(sidecar)])


def _stated(text):
    return "not stated" if text in (None, "", "n/a") else text


def _duration(seconds):
    if seconds is None:
        return "not stated"
    minutes, rest = divmod(round(seconds), 60)
    return f"{html.number(seconds, 4)} s" + (f" ({minutes} min {rest} s)" if minutes else "")


def _line(frequency):
    return (
        f"{html.number(frequency)} Hz"
        if frequency
        else "not stated; no notch filter can be placed without it"
    )


def _positions(source):
    if source in (None, "none"):
        return "none: scalp maps, interpolation and RANSAC are not possible"
    if str(source).startswith("template"):
        return f"{source} (standard places by channel name, not measured on this head)"
    return source


def _files(sidecar):
    sources = sidecar.get("Sources") or []
    names = [
        str(source).rpartition("/")[2] for source in ([sources] if isinstance(sources, str) else sources)
    ]
    if not names:
        return "not stated"
    main = next(
        (name for name in names if name.endswith(("_eeg.vhdr", "_eeg.edf", "_eeg.bdf", "_eeg.set"))), names[0]
    )
    more = f" and {html.plural(len(names) - 1, 'more file')}" if len(names) > 1 else ""
    return Markup("<code>{}</code>{}").format(main, more)


def _events(sidecar):
    counts, kind = conditions(sidecar)
    if not counts:
        return html.absent(
            "Events per condition are not recorded: the recipe cuts no epochs, or found no events."
        )
    title = "Events" if kind == "events" else "Epochs cut"
    rows = sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))
    table = html.table(
        ["Condition", title],
        [[name, html.number(count)] for name, (count, _) in rows[:CONDITIONS_SHOWN]],
        caption=f"{title} per condition ({html.plural(len(rows), 'condition')})"
        + (f", {CONDITIONS_SHOWN} shown" if len(rows) > CONDITIONS_SHOWN else ""),
        numeric={1},
    )
    return (
        table if len(rows) <= 12 else html.details(f"{title} per condition ({len(rows)} conditions)", table)
    )
