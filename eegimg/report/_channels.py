"""Power spectra before and after, and the sensors with their bad channels."""

from markupsafe import Markup

from . import _html as html
from ._sidecar import bad_channels, get, records

WORDS = {"marked": "marked bad in the dataset", "hf_noise": "high-frequency noise", "nan": "not numbers"}


def make_spectra(sidecar):
    """Make the section with the power spectra."""
    spectra = sidecar.get("Spectra") or {}
    before = spectra.get("before")
    after = spectra.get("after") if sidecar.get("Units", "V") == "V" else None
    if not (before or after):
        return html.absent(
            "No power spectra are in the sidecar: the recording was too short, had no good EEG channel, or "
            "its numbers have no unit."
        )
    from ..viz import plot_spectra

    filters = records(sidecar, "Filter")
    band = [(get(r, "params", "l_freq"), get(r, "params", "h_freq")) for r in filters][-1:] or [None]
    line = get(sidecar, "Input", "line_freq")
    fig = plot_spectra(before, after, pass_band=band[0], line_freq=line)
    caption = "Median over good EEG channels; the bands hold 10 to 90 % of them."
    if filters:
        caption += " Dashed: edges of the pass band."
    if line:
        caption += f" Dotted: {html.number(line)} Hz mains and harmonics."
    drawn = " and ".join(name for name, found in (("before", before), ("after", after)) if found)
    parts = [html.figure(fig, f"Power spectral density over frequency, {drawn} preprocessing.", caption)]
    if not after:
        parts.append(
            html.absent(
                "No spectrum after preprocessing: no data was left, or it is in another unit than volts."
            )
        )
    return html.join(parts)


def make_sensors(sidecar):
    """Make the section with the sensors and the channels that were bad."""
    channels = sidecar.get("Channels") or []
    bads = bad_channels(sidecar)
    interpolated = {channel["name"] for channel in channels if channel.get("interpolated")}
    table = _bad_table(bads, interpolated)
    placed = [c for c in channels if c.get("x") is not None and c.get("y") is not None]
    if not placed:
        why = "The recording has no electrode positions, so the sensors cannot be drawn."
        return html.join([html.absent(why), table])
    from ..viz import plot_sensors_bads

    names = [channel["name"] for channel in placed]
    fig = plot_sensors_bads(names, [(c["x"], c["y"]) for c in placed], set(bads), interpolated)
    shown = [name for name in names if name in bads]
    alt = f"Head seen from above with {html.plural(len(names), 'sensor')}; bad: {', '.join(shown) or 'none'}."
    unplaced = [name for name in bads if name not in names]
    caption = "Seen from above, nose up." + (
        f" Bad and without a position: {', '.join(unplaced)}." if unplaced else ""
    )
    return Markup('<div class="columns">{}<div>{}</div></div>').format(html.figure(fig, alt, caption), table)


def _bad_table(bads, interpolated):
    if not bads:
        return html.paragraph("No channel was bad.")
    rows = [
        [
            name,
            ", ".join(WORDS.get(criterion, criterion) for criterion in criteria),
            "interpolated" if name in interpolated else "left out",
        ]
        for name, criteria in bads.items()
    ]
    caption = f"{html.plural(len(rows), 'bad channel')}: what flagged them and what became of them"
    return html.table(["Channel", "Flagged by", "Now"], rows, caption=caption)
