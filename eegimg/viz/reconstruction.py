"""What a masked network made of the parts of an epoch that it did not see."""

import numpy as np

from ._style import BLUE, INK, LIGHT, MUTED, RED, new_axes, plain


def plot_reconstruction(original, reconstruction, hidden, times, ch_names, *, title="", unit="z"):
    """Plot epochs, what was hidden of them, and what a network put there.

    Parameters
    ----------
    original, reconstruction : array of shape (n_epochs, n_channels, n_times)
        The input of the network, and its prediction for all samples, in the unit of the input.
    hidden : array of bool, shape (n_epochs, n_times)
        True where the network saw nothing.
    times : array of shape (n_times,)
        In seconds.
    ch_names : list of str
        A row each.
    title : str
        What stands above.
    unit : str
        Unit of the input, for the axis.

    Returns
    -------
    fig : matplotlib.figure.Figure
        A column per epoch, a row per channel: the signal in grey, its visible parts in dark, the
        prediction in red over hidden stretches, which are shaded.

    Raises
    ------
    ValueError
        If the arrays do not fit together.
    """
    original, reconstruction = np.asarray(original, float), np.asarray(reconstruction, float)
    hidden = np.asarray(hidden, bool)
    shape = (len(hidden), len(ch_names), len(times))
    if original.shape != shape or reconstruction.shape != shape or hidden.shape != (shape[0], shape[2]):
        raise ValueError(
            f"plot_reconstruction needs epochs of shape {shape} (epochs, channels, times) and hidden "
            f"samples of shape {(shape[0], shape[2])}. Got {original.shape}, {reconstruction.shape} and "
            f"{hidden.shape}."
        )
    fig, axes = new_axes(3.4 * shape[0] + 0.6, 1.1 * shape[1] + 0.8, shape[1], shape[0])
    axes = np.reshape(axes, (shape[1], shape[0]))
    limit = 1.1 * np.nanmax(np.abs(original), initial=0) or 1.0
    for row, name in enumerate(ch_names):
        for column in range(shape[0]):
            ax = axes[row, column]
            _draw(ax, times, original[column, row], reconstruction[column, row], hidden[column])
            ax.set_ylim(-limit, limit)
            if column == 0:
                ax.set_ylabel(f"{plain(name, 12)} ({unit})")
            if row == shape[1] - 1:
                ax.set_xlabel("time (s)")
            else:
                ax.tick_params(labelbottom=False)
    lines = axes[0, 0].get_lines()[1:]
    fig.legend(lines, ["hidden", "visible", "network"], loc="outside lower center", ncols=3, frameon=False)
    if title:
        fig.suptitle(plain(title, 120), x=0.01, ha="left", fontsize=10.5, color=INK)
    return fig


def _draw(ax, times, original, reconstruction, hidden):
    """Draw one channel of one epoch."""
    ax.axhline(0, color=LIGHT, linewidth=0.6, zorder=0)
    ax.plot(times, original, color=MUTED, linewidth=0.9, alpha=0.7)
    ax.plot(times, np.where(hidden, np.nan, original), color=BLUE, linewidth=1.4)
    ax.plot(times, np.where(hidden, reconstruction, np.nan), color=RED, linewidth=1.2)
    step = times[1] - times[0] if len(times) > 1 else 1.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hidden, [False]]).astype(int)))
    for first, behind in edges.reshape(-1, 2):
        left, right = times[first] - step / 2, times[behind - 1] + step / 2
        ax.axvspan(left, right, color=LIGHT, alpha=0.35, linewidth=0)
