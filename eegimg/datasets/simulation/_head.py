"""The head of the simulated people: electrode layouts and how a current inside shows on the scalp."""

from functools import lru_cache

import mne
import numpy as np

from ..._checks import check_option

REFERENCE = "FCz"  # the online reference of the simulated amplifier; it is not among the recorded channels
EOG = ("HEOG", "VEOG")
_LAYOUT_16 = "Fp1 Fp2 F7 Fz F8 T7 C3 Cz C4 T8 P7 P3 P4 P8 O1 O2"
_LAYOUT_32 = (
    "Fp1 Fz F3 F7 FT9 FC5 FC1 C3 T7 TP9 CP5 CP1 Pz P3 P7 O1 Oz O2 P4 P8 TP10 CP6 CP2 Cz C4 T8 FT10 "
    "FC6 FC2 F4 F8 Fp2"
)
_LAYOUT_64 = (
    f"{_LAYOUT_32} AF7 AF3 AFz F1 F5 FT7 FC3 C1 C5 TP7 CP3 P1 P5 PO7 PO3 POz PO4 PO8 P6 P2 CPz CP4 TP8 "
    "C6 C2 FC4 FT8 F6 AF8 AF4 F2 Iz"
)
LAYOUTS = {16: tuple(_LAYOUT_16.split()), 32: tuple(_LAYOUT_32.split()), 64: tuple(_LAYOUT_64.split())}
BRAIN_RADIUS = 0.8  # depth of the cortex, as a share of the head's radius


def layout(n_channels, caller="make_recording"):
    """Return the names of the recorded EEG channels of a cap of 16, 32 or 64, in the 10-20 system."""
    return LAYOUTS[check_option("n_channels", n_channels, tuple(LAYOUTS), caller)]


def create_info(n_channels, sfreq):
    """Return the mne.Info of a recording: the cap with template positions, then two EOG channels."""
    names = layout(n_channels)
    info = mne.create_info([*names, *EOG], sfreq, ["eeg"] * n_channels + ["eog"] * len(EOG))
    return info.set_montage(mne.channels.make_standard_montage("colin27_1005"))


@lru_cache(maxsize=4)
def _head(n_channels):
    """Return the electrodes' info (the reference is last), the sphere and the electrode positions."""
    names = [*layout(n_channels), REFERENCE]
    info = mne.create_info(names, 100.0, "eeg")
    info.set_montage(mne.channels.make_standard_montage("colin27_1005"))
    sphere = mne.make_sphere_model("auto", "auto", info, verbose="ERROR")
    positions = np.array([channel["loc"][:3] for channel in info["chs"]])
    return info, sphere, positions


def cortex_points(directions, depth=BRAIN_RADIUS, n_channels=32):
    """Place sources in the head.

    Parameters
    ----------
    directions : array, shape (n_sources, 3)
        From the centre of the head: to the right, to the front, upwards; any length.
    depth : float or array, shape (n_sources,)
        Distance from the centre as a share of the head's radius.
    n_channels : int
        The cap whose head is meant (the sphere is fitted to its electrodes).

    Returns
    -------
    points : numpy.ndarray, shape (n_sources, 3)
        Head coordinates in metres.
    """
    _, sphere, _ = _head(n_channels)
    directions = np.asarray(directions, dtype=float)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return sphere["r0"] + unit * np.broadcast_to(depth, len(unit))[:, np.newaxis] * sphere.radius


def compute_topographies(points, orientations, n_channels):
    """Compute how dipoles show at the electrodes, in MNE's three-shell sphere.

    Parameters
    ----------
    points : array, shape (n_sources, 3)
        Head coordinates in metres, inside the brain.
    orientations : array, shape (n_sources, 3)
        Directions of the dipoles.
    n_channels : int
        16, 32 or 64.

    Returns
    -------
    topographies : numpy.ndarray, shape (n_sources, n_channels)
        Against the online reference, each scaled to a root mean square of 1 over the channels.
    """
    info, sphere, _ = _head(n_channels)
    orientations = np.asarray(orientations, dtype=float)
    orientations = orientations / np.linalg.norm(orientations, axis=1, keepdims=True)
    src = mne.setup_volume_source_space(
        pos={"rr": np.asarray(points), "nn": orientations}, sphere=sphere, mindist=0.0, verbose="ERROR"
    )
    forward = mne.make_forward_solution(
        info, trans=None, src=src, bem=sphere, meg=False, eeg=True, mindist=0.0, verbose="ERROR"
    )
    free = forward["sol"]["data"].reshape(len(info["chs"]), -1, 3)
    if free.shape[1] != len(orientations):
        raise RuntimeError(
            f"Every simulated source must lie inside the brain sphere. "
            f"{len(orientations) - free.shape[1]} of {len(orientations)} do not; choose a smaller depth."
        )
    potentials = np.einsum("csx,sx->sc", free, orientations)
    return _scaled(potentials[:, :-1] - potentials[:, -1:])


def eye_topography(n_channels):
    """Compute how the two eyes show at the electrodes when a lid closes over them.

    The eyes lie outside the sphere's brain; two outward dipoles in its foremost part stand in for them.

    Returns
    -------
    topography : numpy.ndarray, shape (n_channels,)
        Against the online reference, 1 at the mean of Fp1 and Fp2.
    """
    directions = np.array([[-0.35, 0.9, -0.2], [0.35, 0.9, -0.2]])
    points = cortex_points(directions, n_channels=n_channels)
    potential = compute_topographies(points, directions, n_channels).sum(axis=0)
    names = layout(n_channels)
    return potential / potential[[names.index("Fp1"), names.index("Fp2")]].mean()


def muscle_topographies(n_channels):
    """Compute how the left and the right temporal muscle show at the electrodes.

    Returns
    -------
    topographies : numpy.ndarray, shape (2, n_channels)
        Falling off with the distance from T7 and T8, at 1 there.
    """
    info, _, positions = _head(n_channels)
    sides = positions[[info.ch_names.index(name) for name in ("T7", "T8")]]
    distance = np.linalg.norm(positions[np.newaxis, :-1] - sides[:, np.newaxis], axis=2)
    return np.exp(-((distance / 0.045) ** 2))


def _scaled(topographies):
    return topographies / np.sqrt((topographies**2).mean(axis=1, keepdims=True))
