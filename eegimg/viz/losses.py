"""What each step cost, as a waterfall."""

import numpy as np

from ._style import INK, LIGHT, MUTED, RED, TEAL, new_axes, plain


def plot_losses(steps, kept):
    """Plot how much of a recording is left after each step, as a waterfall.

    Parameters
    ----------
    steps : list of str
        Names of the steps, in order.
    kept : dict of str to array of shape (n_steps, 2)
        For each quantity (say ``"epochs"``), how much there was before and after every step; NaN where
        the quantity does not exist yet.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If a quantity does not have two numbers per step.
    """
    fig, axes = new_axes(9.4, 0.9 + 0.27 * len(steps), 1, len(kept))
    for column, (ax, (quantity, amounts)) in enumerate(zip(np.atleast_1d(axes), kept.items(), strict=True)):
        amounts = np.asarray(amounts, float)
        if amounts.shape != (len(steps), 2):
            raise ValueError(
                f"The 'kept' parameter of plot_losses must hold {len(steps)} pairs for '{quantity}', "
                f"one per step. Got an array of shape {amounts.shape} instead."
            )
        _draw_waterfall(ax, amounts)
        ax.set_yticks(range(len(steps)), [plain(step, 24) for step in steps] if column == 0 else [])
        ax.set(ylim=(len(steps) - 0.5, -0.5), xlabel=f"{quantity} kept")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    return fig


def _draw_waterfall(ax, amounts):
    for row, (before, after) in enumerate(amounts):
        if not np.isfinite(after):
            continue
        change = after - before if np.isfinite(before) else 0.0
        ax.barh(row, min(after, after - max(change, 0)), color=LIGHT, height=0.72)
        if change:
            ax.barh(row, abs(change), left=min(before, after), color=RED if change < 0 else TEAL, height=0.72)
            text = f" {change:+.{0 if float(change).is_integer() else 1}f}".replace("-", "−")
            ax.text(max(before, after), row, text, va="center", fontsize=8, color=INK)
    known = amounts[np.isfinite(amounts)]
    ax.set_xlim(0, 1.25 * known.max(initial=0) or 1)
    if not known.size:
        ax.text(0.5, 0.5, "none", transform=ax.transAxes, ha="center", color=MUTED)
