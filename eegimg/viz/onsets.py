"""How late pictures came after their triggers."""

import numpy as np

from ._style import BLUE, MUTED, ORANGE, RED, as_floats, new_axes


def plot_onsets(onsets, differences, status, *, drift_ppm=float("nan")):
    """Plot photodiode minus trigger over the recording, and how the differences are distributed.

    Parameters
    ----------
    onsets : sequence of float, shape (n_events,)
        Times of the triggers in seconds.
    differences : sequence of float, shape (n_events,)
        Photodiode minus trigger in milliseconds; NaN where there is none.
    status : sequence of str, shape (n_events,)
        'matched', 'missed' or 'double'.
    drift_ppm : float
        Slope of the line to draw through the differences, in parts per million; NaN for none.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If the three are not equally long.
    """
    onsets, differences, status = as_floats(onsets), as_floats(differences), np.asarray(status, str)
    if not len(onsets) == len(differences) == len(status):
        raise ValueError(
            f"plot_onsets needs one onset, difference and status per event. Got {len(onsets)}, "
            f"{len(differences)} and {len(status)} instead."
        )
    fig, (over_time, histogram) = new_axes(9.4, 3.0, 1, 2)
    matched = (status == "matched") & np.isfinite(differences)
    over_time.plot(onsets[matched], differences[matched], ".", color=BLUE, ms=4, label="matched")
    double = (status == "double") & np.isfinite(differences)
    if double.any():
        over_time.plot(onsets[double], differences[double], "x", color=ORANGE, ms=5, label="double")
    for number, onset in enumerate(onsets[status == "missed"]):
        label = "missed" if number == 0 else None
        over_time.axvline(onset, color=RED, lw=0.8, alpha=0.6, label=label)
    if matched.any() and np.isfinite(drift_ppm):
        ends = np.array([onsets[matched].min(), onsets[matched].max()])
        middle, centre = np.median(differences[matched]), np.median(onsets[matched])
        line = middle + drift_ppm / 1000 * (ends - centre)
        over_time.plot(ends, line, color=MUTED, lw=1.2, label=f"drift {drift_ppm:+.1f} ppm")
    over_time.set(xlabel="time (s)", ylabel="photodiode − trigger (ms)")
    if over_time.get_legend_handles_labels()[1]:
        over_time.legend(frameon=False, fontsize=8)
    histogram.hist(differences[matched], bins="auto", color=BLUE)
    histogram.set(xlabel="photodiode − trigger (ms)", ylabel="events")
    return fig
