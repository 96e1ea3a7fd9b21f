"""Power spectra before and after preprocessing."""

import numpy as np

from ._style import BLUE, INK, MUTED, ORANGE, as_floats, new_axes


def plot_spectra(before=None, after=None, *, pass_band=None, line_freq=None):
    """Plot power spectra before and after preprocessing.

    Parameters
    ----------
    before, after : dict | None
        ``{"freqs": ..., "median": ..., "low": ..., "high": ...}``, each of shape (n_freqs,): frequencies in
        hertz; and in dB relative to 1 uV²/Hz the median over channels and the band drawn around it.
    pass_band : tuple of (float | None, float | None) | None
        Edges of the pass band in hertz, marked where given.
    line_freq : float | None
        Frequency of the mains in hertz; it and its harmonics are marked.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If a spectrum does not have one value per frequency.
    """
    fig, ax = new_axes(8.6, 3.6)
    top = 0.0
    for label, spectrum, color in (("before", before, MUTED), ("after", after, BLUE)):
        if not spectrum:
            continue
        freqs, median, low, high = (as_floats(spectrum[key]) for key in ("freqs", "median", "low", "high"))
        if not freqs.shape == median.shape == low.shape == high.shape:
            raise ValueError(
                f"The '{label}' parameter of plot_spectra must have one value per frequency ({len(freqs)}). "
                f"Got {len(median)}, {len(low)} and {len(high)} instead."
            )
        ax.fill_between(freqs, low, high, color=color, alpha=0.2, linewidth=0)
        ax.plot(freqs, median, color=color, linewidth=1.6, label=label)
        top = max(top, freqs[-1])
    _mark_frequencies(ax, top, pass_band, line_freq)
    ax.set(xlabel="Frequency (Hz)", ylabel="Power (dB re 1 µV²/Hz)", xlim=(0, top or 1))
    if before or after:
        ax.legend(frameon=False, loc="upper right")
    return fig


def _mark_frequencies(ax, top, pass_band, line_freq):
    for edge in pass_band or ():
        if edge and edge < top:
            ax.axvline(edge, color=INK, linewidth=0.8, linestyle="--")
    for frequency in np.arange(1, 51) * line_freq if line_freq else ():
        if frequency < top:
            ax.axvline(frequency, color=ORANGE, linewidth=0.8, linestyle=":")
