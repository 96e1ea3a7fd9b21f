"""All audited cases in one figure: accuracy, chance, what a label-free copy reaches, and the verdict."""

import matplotlib.figure
from matplotlib.lines import Line2D

from eegimg.viz._style import BLUE, INK, LIGHT, MUTED, ORANGE, RED, style_axes

VERDICTS = {"ok": BLUE, "caution": ORANGE, "confounded": RED}


def plot_cases(cases):
    """Plot cases as rows.

    Parameters
    ----------
    cases : dict of str to dict
        By name: accuracy, null_accuracy (None if unknown), chance (0 to 1) and verdict.

    Returns
    -------
    fig : matplotlib.figure.Figure
        Blue dots are true labels, orange diamonds labels that were moved, black strokes chance.
    """
    fig = matplotlib.figure.Figure((9.4, 1.2 + 0.25 * len(cases)), layout="constrained")
    ax = fig.subplots()
    style_axes(ax)
    sets = [name.split(",")[0] for name in cases]
    for row, case in enumerate(cases.values()):
        accuracy, null = 100 * case["accuracy"], case["null_accuracy"]
        ax.vlines(100 * case["chance"], row - 0.36, row + 0.36, colors=INK, linewidth=1.2)
        if null is not None:
            ax.plot([100 * null, accuracy], [row, row], color=MUTED, linewidth=1.0, zorder=1)
            ax.plot(100 * null, row, "D", color=ORANGE, markersize=5.5)
        if row and sets[row] != sets[row - 1]:
            ax.axhline(row - 0.5, color=LIGHT, linewidth=0.8)
        ax.plot(accuracy, row, "o", color=BLUE, markersize=6.0, clip_on=False)
        ax.text(
            1.03,
            row,
            case["verdict"],
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=9,
            color=VERDICTS[case["verdict"]],
            fontweight="bold",
        )
    ax.set(
        xlim=(0, 100),
        ylim=(len(cases) - 0.4, -0.6),
        xlabel="balanced accuracy (%) of the best built-in decoder",
    )
    ax.set_yticks(range(len(cases)), list(cases), fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    marks = {
        "true labels": ("o", BLUE),
        "moved labels, where runs can be moved": ("D", ORANGE),
        "chance": ("|", INK),
    }
    lines = [Line2D([], [], linestyle="", marker=shape, color=color) for shape, color in marks.values()]
    fig.legend(lines, marks, loc="outside upper right", ncols=3, frameon=False, fontsize=9)
    return fig
