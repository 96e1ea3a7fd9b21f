"""The head seen from above: sensors and scalp maps.

Positions are in the plane of the head, nose up, the outline of the head a circle of radius 1 about the
origin (see `compute_plane_positions`).
"""

import numpy as np

from ._style import INK, LIGHT, MUTED, ORANGE, RED, new_axes, plain

MNE_RADIUS = 0.095  # of the head that mne.viz.plot_topomap draws, in metres


def compute_plane_positions(positions):
    """Project 3-D sensor positions onto the plane of the head seen from above.

    The polar angle from the vertex becomes the distance from the centre (azimuthal equidistant
    projection): the equator of the head is the outline.

    Parameters
    ----------
    positions : array of shape (n_channels, 3)
        Positions in any unit relative to the centre of the head (x right, y front, z up).

    Returns
    -------
    plane : array of shape (n_channels, 2)
        Positions in the plane, 1 at the equator; NaN where a position is missing or zero.
    """
    x, y, z = np.asarray(positions, float).reshape(-1, 3).T
    angle = np.arctan2(np.hypot(x, y), z) / (np.pi / 2)
    azimuth = np.arctan2(y, x)
    plane = np.column_stack([angle * np.cos(azimuth), angle * np.sin(azimuth)])
    plane[(x == 0) & (y == 0) & (z == 0)] = np.nan
    return plane


def draw_map(ax, values, positions, limit):
    """Draw one scalp map into axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where.
    values : array of shape (n_channels,)
        In any unit.
    positions : array of shape (n_channels, 2)
        Positions in the plane of the head.
    limit : float
        The value of the darkest red; its negative is the darkest blue.

    Returns
    -------
    image : matplotlib.image.AxesImage
        For a colour bar.
    """
    from mne.viz import plot_topomap

    options = {"show": False, "res": 48, "contours": 4, "sensors": False, "sphere": MNE_RADIUS}
    return plot_topomap(
        values, MNE_RADIUS * positions, axes=ax, vlim=(-limit, limit), cmap="RdBu_r", **options
    )[0]


def plot_sensors_bads(ch_names, positions, bads=(), interpolated=()):
    """Plot the sensors on the head, bad ones named and highlighted.

    Parameters
    ----------
    ch_names : list of str
        Names of the channels.
    positions : array of shape (n_channels, 2)
        Positions in the plane of the head; channels with NaN are left out.
    bads : collection of str
        Channels that were found bad.
    interpolated : collection of str
        Bad channels whose signal was interpolated from their neighbours.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.
    """
    positions = np.asarray(positions, float).reshape(-1, 2)
    fig, ax = new_axes(4.8, 4.8)
    _draw_head(ax)
    marks = (
        ("good", [c not in bads and c not in interpolated for c in ch_names], LIGHT, MUTED, "o", 28),
        ("bad, interpolated", [c in interpolated for c in ch_names], ORANGE, INK, "D", 62),
        ("bad, left out", [c in bads and c not in interpolated for c in ch_names], RED, INK, "X", 90),
    )
    for label, chosen, face, edge, marker, size in marks:
        rows = positions[np.asarray(chosen, bool) & np.isfinite(positions).all(axis=1)]
        if len(rows):
            ax.scatter(
                *rows.T, s=size, c=face, edgecolors=edge, linewidths=0.7, marker=marker, label=label, zorder=3
            )
    size = 7.5 if len(ch_names) <= 40 else 6 if len(ch_names) <= 80 else 0
    for name, (x, y) in zip(ch_names, positions, strict=True):
        bad = name in bads or name in interpolated
        if np.isfinite(x + y) and (bad or size):
            ax.annotate(
                plain(name, 12), (x, y), (0, 7 if bad else -4), textcoords="offset points", ha="center",
                va="bottom" if bad else "top", fontsize=9.5 if bad else size, color=INK if bad else MUTED,
                fontweight="bold" if bad else "normal", zorder=4,
            )  # fmt: skip
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=3, fontsize=8.5)
    return fig


def plot_components(maps, positions, titles, *, n_columns=6):
    """Plot scalp maps of independent components.

    Parameters
    ----------
    maps : array of shape (n_components, n_channels)
        One map per component, in any unit: each is scaled to its own largest absolute value.
    positions : array of shape (n_channels, 2)
        Positions in the plane of the head; channels with NaN are left out.
    titles : list of str
        One title per component.
    n_columns : int
        Number of maps in a row.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.
    """
    maps = np.atleast_2d(np.asarray(maps, float))
    positions = np.asarray(positions, float)
    placed = np.isfinite(positions).all(axis=1)
    n_columns = max(1, min(n_columns, len(maps)))
    n_rows = -(-len(maps) // n_columns)
    fig, axes = new_axes(1.75 * n_columns, 2.15 * n_rows, n_rows, n_columns)
    axes = np.atleast_1d(axes).ravel()
    for ax, values, title in zip(axes, maps, titles, strict=False):
        limit = np.abs(values[placed]).max() or 1.0
        draw_map(ax, values[placed], positions[placed], limit)
        ax.set_title("\n".join(plain(line) for line in str(title).split("\n")), fontsize=8.5, color=INK)
    for ax in axes[len(maps) :]:
        ax.set_axis_off()
    return fig


def _draw_head(ax):
    from matplotlib.patches import Circle

    ax.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=INK, linewidth=1.3))
    ax.plot([-0.13, 0, 0.13], [0.9915, 1.14, 0.9915], color=INK, linewidth=1.3)
    for side in (-1, 1):
        ear = side * np.array([0.985, 1.03, 1.065, 1.075, 1.06, 1.075, 1.05, 1.01, 0.985])
        height = [0.16, 0.2, 0.18, 0.08, 0.0, -0.1, -0.2, -0.23, -0.17]
        ax.plot(ear, height, color=INK, linewidth=1.3)
    ax.set_aspect("equal")
    ax.set_axis_off()
