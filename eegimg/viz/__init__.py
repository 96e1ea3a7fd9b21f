"""Draw arrays and MNE objects, each function returning a Matplotlib figure.

Figures are made without pyplot: drawing works in worker processes and threads, leaves the user's
backend alone, and keeps nothing in memory once the returned figure is forgotten.
"""

from .audit import plot_audit
from .evoked import find_peak_times, plot_evoked, plot_gfp
from .losses import plot_losses
from .onsets import plot_onsets
from .scalp import compute_plane_positions, plot_components, plot_sensors_bads
from .spectra import plot_spectra

__all__ = [
    "compute_plane_positions",
    "find_peak_times",
    "plot_audit",
    "plot_components",
    "plot_evoked",
    "plot_gfp",
    "plot_losses",
    "plot_onsets",
    "plot_sensors_bads",
    "plot_spectra",
]
