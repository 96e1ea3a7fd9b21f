"""Channels of a recording to the channels of a network: one matrix, found by name."""

import dataclasses

import mne
import numpy as np

from .._checks import listing

# Names before 1991 (Chatrian et al. 1985) and of the modified combinatorial nomenclature that followed.
_OLD = {"t3": "t7", "t4": "t8", "t5": "p7", "t6": "p8"}
_MONTAGE = "colin27_1005"
# Spherical splines (Perrin et al. 1989, doi:10.1016/0013-4694(89)90180-6) of fewer electrodes say little of
# the places between them: eight is what the smallest caps with positions have.
_FEWEST = 8
WAYS = ("exact", "interpolate", "zero", "tile")


@dataclasses.dataclass(frozen=True)
class ChannelMap:
    """How each channel of a network is made from those of a recording.

    Attributes
    ----------
    picks : array of int, shape (n_used,)
        Which channels of the recording are used.
    matrix : array, shape (n_chans, n_used) | None
        Weights; None takes the picks as they are.
    mask : array of bool, shape (n_chans,)
        Which channels of the network were measured.
    record : dict
        The same in words.
    """

    picks: np.ndarray
    matrix: np.ndarray | None
    mask: np.ndarray
    record: dict


def plain_name(name):
    """Return a channel's name as it is compared: lower case, no blanks and dots, the newer of two names."""
    name = name.lower().replace(" ", "").replace(".", "")
    return _OLD.get(name, name)


def map_channels(info, n_chans, ch_names, way):
    """Find how the channels of a network are made from those of a recording.

    Parameters
    ----------
    info : mne.Info
        Of the recording. Only EEG channels are used, and none that is marked as bad.
    n_chans : int | None
        Channels of the network; None takes all.
    ch_names : sequence of str | None
        Their names; None where it does not matter which they are.
    way : 'exact' | 'interpolate' | 'zero' | 'tile'
        What becomes of channels that the recording lacks.

    Returns
    -------
    channel_map : ChannelMap
        For all recordings with these channels.

    Raises
    ------
    ValueError
        If they cannot be made in this way.
    """
    picks = mne.pick_types(info, eeg=True, exclude="bads")
    if not len(picks):
        raise ValueError("The network needs EEG channels; the epochs have none that is not marked as bad.")
    names = [info["ch_names"][pick] for pick in picks]
    if ch_names is None:
        return _by_number(picks, names, n_chans, way)
    places = {plain_name(name): place for place, name in enumerate(names)}
    found = np.array([places.get(plain_name(name), -1) for name in ch_names])
    mask = found >= 0
    record = {"channels": way, "measured": int(mask.sum())}
    if mask.all():
        return ChannelMap(picks[found], None, mask, record)
    missing = [name for name, there in zip(ch_names, mask, strict=True) if not there]
    if way not in ("interpolate", "zero"):
        raise ValueError(
            f"The network needs {len(ch_names)} channels; the epochs lack {listing(missing)}, or they are "
            "marked as bad. Fill them with channels='interpolate', or with channels='zero'."
        )
    if way == "zero" and not mask.any():
        raise ValueError(
            f"The network needs channels such as {listing(ch_names, 4)}; the epochs have none of them, but "
            f"{listing(names, 4)}. Rename them with epochs.rename_channels, or take channels='interpolate'."
        )
    matrix = np.zeros((len(ch_names), len(picks)))
    if way == "interpolate":
        matrix[~mask] = _splines(info, picks, missing)
    matrix[np.flatnonzero(mask), found[mask]] = 1.0
    word = "interpolated" if way == "interpolate" else "zero"
    return ChannelMap(picks, matrix.astype(np.float32), mask, record | {word: missing})


def _by_number(picks, names, n_chans, way):
    """Map channels whose names do not matter."""
    n_found = len(picks)
    n_chans = n_found if n_chans is None else n_chans
    if n_found != n_chans and way != "tile":
        raise ValueError(
            f"The network takes {n_chans} channels; the epochs have {n_found} of EEG that are not marked as "
            f"bad: {listing(names, 4)}. Pick or interpolate channels first, or repeat them as DreamDiffusion "
            "does with channels='tile'."
        )
    # As the released code of DreamDiffusion: whole copies one after another, then the first ones again.
    order = np.arange(n_chans) % n_found
    record = {"channels": way, "measured": min(n_found, n_chans)}
    if n_chans > n_found:
        record["repeated"] = n_chans - n_found
    if n_chans < n_found:
        record["left_out"] = names[n_chans:]
    return ChannelMap(picks[order], None, np.arange(n_chans) < n_found, record)


def _splines(info, picks, missing):
    """Return the weights, (n_missing, n_used), that interpolate channels from all of a recording."""
    info = mne.pick_info(info, picks)
    places = np.array([channel["loc"][:3] for channel in info["chs"]])
    lost = [info["ch_names"][n] for n in np.flatnonzero(~np.isfinite(places).all(1) | ~places.any(1))]
    if lost:
        raise ValueError(
            f"Channels are interpolated from positions; the epochs have none for {listing(lost)}. Set them "
            "with epochs.set_montage, or take channels='zero'."
        )
    if len(picks) < _FEWEST:
        raise ValueError(
            f"Channels are interpolated from at least {_FEWEST}; the epochs have {len(picks)} of EEG that "
            "are not marked as bad. Take channels='zero'."
        )
    known = mne.channels.make_standard_montage(_MONTAGE).get_positions()
    standard = {plain_name(name): place for name, place in known["ch_pos"].items()}
    unknown = [name for name in missing if plain_name(name) not in standard]
    if unknown:
        raise ValueError(
            f"The network's channels {listing(unknown)} are not in the 10-05 system, so there is no place "
            "to interpolate them at. Take channels='zero'."
        )
    landmarks = {name: known[name] for name in ("nasion", "lpa", "rpa")}
    wanted = mne.channels.make_dig_montage(
        {name: standard[plain_name(name)] for name in missing}, **landmarks
    )
    # One channel at a time is 1, so what comes out is the operator itself.
    with info._unlock():
        info["bads"] = []
    each = mne.EvokedArray(np.eye(len(picks)), info, verbose="error")
    made = each.interpolate_to(wanted, method="spline")
    return made.data[[made.ch_names.index(name) for name in missing]]
