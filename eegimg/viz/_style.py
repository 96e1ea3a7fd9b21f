"""What the figures share: colours, empty figures, quiet axes, safe labels."""

import base64
import functools
import io

import numpy as np

INK, MUTED, LIGHT = "#1f2933", "#6b7785", "#c9d2da"
BLUE, RED, ORANGE, TEAL = "#1f6fb2", "#c0392b", "#d98200", "#2a9d8f"
COLORS = (BLUE, ORANGE, TEAL, RED, "#7d5ba6", "#8c6d46", "#d35d9e", "#5b6770", "#9aa400", "#17becf")


def new_figure(width, height, layout=None):
    """Make an empty figure outside pyplot that notebooks and galleries show; sizes in inches."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), layout=layout, facecolor="white")
    fig._repr_html_ = functools.partial(_as_html, fig)
    return fig


def _as_html(fig):
    """Return a figure as a picture in HTML."""
    stream = io.BytesIO()
    fig.savefig(stream, format="png", dpi=100)
    data = base64.b64encode(stream.getvalue()).decode()
    width = round(fig.get_size_inches()[0] * 96)
    return f'<img alt="figure" width="{width}" src="data:image/png;base64,{data}">'


def new_axes(width, height, n_rows=1, n_columns=1):
    """Make a figure outside pyplot with a grid of quiet axes that fit themselves."""
    fig = new_figure(width, height, "constrained")
    axes = fig.subplots(n_rows, n_columns)
    for ax in np.atleast_1d(axes).ravel():
        style_axes(ax)
    return fig, axes


def style_axes(ax):
    """Take away what is not data: frames at the top and right, large labels."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
    ax.tick_params(colors=INK, labelsize=8.5)
    ax.xaxis.label.set(color=INK, fontsize=9)
    ax.yaxis.label.set(color=INK, fontsize=9)


def as_floats(values):
    """Turn a list from JSON into floats; None becomes NaN."""
    return np.array([np.nan if value is None else value for value in values], float)


def plain(text, longest=40):
    """Make a name from a file safe to draw: no mathematics, one line, not too long."""
    text = "".join(character if character.isprintable() else " " for character in str(text))
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return text.replace("$", r"\$")
