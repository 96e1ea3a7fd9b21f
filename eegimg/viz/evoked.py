"""Evoked responses: time courses, scalp maps at their peaks, global field power."""

import numpy as np

from ._style import BLUE, COLORS, INK, MUTED, new_axes, new_figure, plain, style_axes
from .scalp import compute_plane_positions, draw_map


def plot_evoked(evoked, *, n_peaks=4, unit="µV", scaling=1e6):
    """Plot an evoked response: all channels over time, and scalp maps at its peaks.

    Peaks are the largest local maxima of the global field power after stimulus onset. Without
    sensor positions only the time courses are drawn.

    Parameters
    ----------
    evoked : mne.Evoked
        The response; only its good EEG channels are drawn.
    n_peaks : int
        Number of scalp maps at most.
    unit : str
        The unit to print.
    scaling : float
        What to multiply the data with to get that unit.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.
    """
    evoked = evoked.copy().pick("eeg", exclude="bads")
    n_maps = n_peaks if n_peaks and has_positions(evoked.info) else 0
    times = find_peak_times(evoked.times, evoked.data.std(axis=0), n_maps)
    fig = new_figure(8.6, 4.3 if n_maps else 2.9)
    # Places are given, not computed: a layout engine would double the time of drawing.
    ax = fig.add_axes((0.075, 0.11 if n_maps else 0.16, 0.87, 0.48 if n_maps else 0.8))
    if n_maps:
        _draw_evoked_maps(evoked, times, fig, unit, scaling)
        _draw_colored_traces(ax, evoked, unit, scaling)
    else:
        _draw_traces(ax, evoked, scaling)
    _finish_traces(ax, times, unit)
    return fig


def plot_gfp(times, gfp, labels, *, unit="µV"):
    """Plot the global field power of several conditions.

    Up to ten conditions are lines; more are rows of an image.

    Parameters
    ----------
    times : array of shape (n_times,)
        Seconds from stimulus onset.
    gfp : array of shape (n_conditions, n_times)
        Global field power (standard deviation over channels) in `unit`.
    labels : list of str
        Names of the conditions.
    unit : str
        The unit to print.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.
    """
    times, gfp = np.asarray(times, float), np.atleast_2d(np.asarray(gfp, float))
    labels = [plain(label, 28) for label in labels]
    if len(gfp) <= len(COLORS):
        fig, ax = new_axes(8.6, 2.9)
        lines = [
            ax.plot(times, row, color=color, linewidth=1.4)[0]
            for row, color in zip(gfp, COLORS, strict=False)
        ]
        ax.legend(lines, labels, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        ax.set(xlim=(times[0], times[-1]), ylim=(0, None), ylabel=f"GFP ({unit})")
    else:
        fig, ax = new_axes(8.6, 1.2 + 0.15 * len(gfp))
        edges = (times[0], times[-1], len(gfp) - 0.5, -0.5)
        image = ax.imshow(gfp, aspect="auto", extent=edges, cmap="viridis", vmin=0, interpolation="nearest")
        ax.set_yticks(range(len(labels)), labels, fontsize=7)
        fig.colorbar(image, ax=ax, label=f"GFP ({unit})", pad=0.01)
    ax.axvline(0, color=INK if len(gfp) <= len(COLORS) else "white", linewidth=0.8)
    ax.set_xlabel("Time from stimulus onset (s)")
    return fig


def find_peak_times(times, power, n_peaks):
    """Find the times of the largest local maxima after stimulus onset.

    Parameters
    ----------
    times : array of shape (n_times,)
        Seconds from stimulus onset.
    power : array of shape (n_times,)
        The curve to search, say a global field power.
    n_peaks : int
        Number of peaks at most.

    Returns
    -------
    peaks : list of float
        Times in seconds, rising, at least 50 ms apart; the largest value where no maximum exists.
    """
    from scipy.signal import find_peaks as find_maxima

    after = np.flatnonzero(times >= 0) if (times >= 0).any() else np.arange(len(times))
    if n_peaks < 1 or not len(after):
        return []
    distance = max(1, round(0.05 / (times[1] - times[0]))) if len(times) > 1 else 1
    found, _ = find_maxima(power[after], distance=distance)
    if not len(found):
        found = np.array([np.argmax(power[after])])
    largest = found[np.argsort(power[after][found])[::-1][:n_peaks]]
    return sorted(float(times[after[index]]) for index in largest)


def _draw_evoked_maps(evoked, times, fig, unit, scaling):
    positions = compute_plane_positions([ch["loc"][:3] for ch in evoked.info["chs"]])
    maps = scaling * evoked.data[:, [int(np.abs(evoked.times - time).argmin()) for time in times]].T
    limit = np.abs(maps).max() or 1.0
    for column, (time, values) in enumerate(zip(times, maps, strict=True)):
        ax = fig.add_axes((0.075 + 0.82 / len(times) * column, 0.63, 0.82 / len(times), 0.3))
        image = draw_map(ax, values, positions, limit)
        ax.set_title(f"{1000 * time:.0f} ms", fontsize=9, color=INK)
    bar = fig.colorbar(image, cax=fig.add_axes((0.905, 0.66, 0.012, 0.25)))
    bar.set_label(unit, fontsize=8.5, color=INK)
    bar.ax.tick_params(labelsize=8)


def _draw_colored_traces(ax, evoked, unit, scaling):
    from mne.viz import ui_events

    evoked.plot(
        axes=ax, show=False, gfp=True, spatial_colors=True, selectable=False, units={"eeg": unit},
        scalings={"eeg": scaling}, time_unit="s",
    )  # fmt: skip
    # The figure is no window: without this MNE's table of listeners would keep it for ever.
    ui_events.unsubscribe(ax.figure, "time_change")


def _draw_traces(ax, evoked, scaling):
    ax.plot(evoked.times, scaling * evoked.data.T, color=MUTED, linewidth=0.6, alpha=0.6)
    power = scaling * evoked.data.std(axis=0)
    ax.plot(evoked.times, power, color=BLUE, linewidth=1.8, label="global field power")
    ax.set_xlim(evoked.times[0], evoked.times[-1])
    ax.legend(frameon=False, loc="upper right", fontsize=8.5)


def _finish_traces(ax, times, unit):
    ax.set_title("")
    for text in [text for text in ax.texts if "ave" in text.get_text()]:
        text.remove()  # MNE's number of epochs, which overlaps the maps
    for time in times:
        ax.axvline(time, color=MUTED, linewidth=0.8, linestyle=":")
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set(xlabel="Time from stimulus onset (s)", ylabel=unit)
    style_axes(ax)


def has_positions(info):
    """Tell whether every channel has a position, so that scalp maps can be drawn."""
    locations = np.array([ch["loc"][:3] for ch in info["chs"]])
    usable = np.isfinite(locations).all(axis=1) & (np.abs(locations).sum(axis=1) > 0)
    return len(usable) >= 4 and bool(usable.all())
