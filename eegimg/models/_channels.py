"""Channels of a recording to the channels of a network: one matrix, found by name."""

import dataclasses

import mne
import numpy as np

from .._checks import listing

# Names before 1991 (Chatrian et al. 1985) and of the modified combinatorial nomenclature that followed.
_OLD = {"t3": "t7", "t4": "t8", "t5": "p7", "t6": "p8"}
_MONTAGE = "colin27_1005"
# A sphere, four numbers, is fitted to the electrodes; fewer than twice as many points place it badly.
_FEWEST = 8
# One step of the 10-20 system, a fifth of half a circle. Any place of the 10-05 system is within 29 degrees
# of a cap of 19. Fields of simulated dipoles, interpolated from caps of 14 to 25 electrodes, correlated with
# the true ones with 0.8 to 0.9 at 30 to 40 degrees from the nearest electrode, and below 0.6 beyond 60.
_FARTHEST = 36.0
_THINNEST = 0.005  # m; electrodes in one plane do not say how high a head is
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
    order : array of int, shape (n_chans,) | None
        Copies of them to be made in the end, when all else is done; None makes none.
    """

    picks: np.ndarray
    matrix: np.ndarray | None
    mask: np.ndarray
    record: dict
    order: np.ndarray | None = None


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
    found = _find(ch_names, names)
    mask = found >= 0
    record = {"channels": way, "measured": int(mask.sum())}
    if mask.all():
        return ChannelMap(picks[found], None, mask, record)
    missing = [name for name, there in zip(ch_names, mask, strict=True) if not there]
    if way == "tile":
        return _by_number(picks, names, len(ch_names), way)
    if way == "exact":
        raise ValueError(
            f"The network needs {len(ch_names)} channels; the epochs lack {listing(missing)}, or they are "
            "marked as bad. Fill them with channels='interpolate', or with channels='zero'."
        )
    if way == "interpolate":
        matrix = np.zeros((len(ch_names), len(picks)))
        matrix[~mask] = _splines(info, picks, missing)
        matrix[np.flatnonzero(mask), found[mask]] = 1.0
        return ChannelMap(picks, matrix, mask, record | {"interpolated": missing})
    if not mask.any():
        raise ValueError(
            f"The network needs channels such as {listing(ch_names, 4)}; the epochs have none of them, but "
            f"{listing(names, 4)}. Rename them with epochs.rename_channels, or take channels='interpolate'."
        )
    # Only what is used: a broken channel that nobody asked for must not spoil the others.
    return ChannelMap(picks[found[mask]], np.eye(len(ch_names))[:, mask], mask, record | {"zero": missing})


def _find(ch_names, names):
    """Return where channels are among those of a recording, (n_chans,); -1 where they are not."""
    places = {}
    for place, name in enumerate(names):
        places.setdefault(plain_name(name), []).append(place)
    found = []
    for wanted in ch_names:
        alike = places.get(plain_name(wanted), [])
        same = [place for place in alike if names[place].lower() == wanted.lower()] or alike
        if len(same) > 1:
            raise ValueError(
                f"The network's channel {wanted!r} could be {listing(names[place] for place in same)} of the "
                "epochs. Drop or rename one of them."
            )
        found.append(same[0] if same else -1)
    return np.array(found)


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
    order = np.arange(n_chans) % n_found if n_chans > n_found else None
    record = {"channels": way, "measured": min(n_found, n_chans)}
    if n_chans > n_found:
        record["repeated"] = n_chans - n_found
    if n_chans < n_found:
        record["left_out"] = names[n_chans:]
    return ChannelMap(picks[:n_chans], None, np.arange(n_chans) < n_found, record, order)


def _splines(info, picks, missing):
    """Return the weights, (n_missing, n_used), that interpolate channels from all of a recording.

    Spherical splines: Perrin et al. 1989, doi:10.1016/0013-4694(89)90180-6.
    """
    places = {info["ch_names"][pick]: info["chs"][pick]["loc"][:3] for pick in picks}
    lost = [name for name, place in places.items() if not (np.isfinite(place).all() and place.any())]
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
    wanted = _places_on_this_head(missing, places)
    measured = mne.create_info(list(places), 1.0, "eeg")
    measured.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"), verbose="error")
    _, centre, _ = mne.bem.fit_sphere_to_headshape(measured, dig_kinds="eeg", units="m", verbose="error")
    _check_near(places, wanted, centre)
    # One channel at a time is 1, so what comes out is the operator itself.
    each = mne.EvokedArray(np.eye(len(places)), measured, verbose="error")
    montage = mne.channels.make_dig_montage(wanted, coord_frame="head")
    made = each.interpolate_to(montage, origin=centre, method="spline")
    return made.data[[made.ch_names.index(name) for name in missing]]


def _places_on_this_head(missing, places):
    """Return where channels would be on the head whose electrodes are given, in m of the head frame.

    Templates differ: a sphere has Oz 15 degrees from where Colin's head has it. So a standard head is
    stretched onto this one (affine, least squares) by the electrodes that both have, where they are enough.
    """
    template = mne.channels.make_standard_montage(_MONTAGE)
    head = mne.create_info(template.ch_names, 1.0, "eeg").set_montage(template)
    standard = {plain_name(channel["ch_name"]): channel["loc"][:3] for channel in head["chs"]}
    unknown = [name for name in missing if plain_name(name) not in standard]
    if unknown:
        raise ValueError(
            f"The network's channels {listing(unknown)} are not in the 10-05 system, so there is no place "
            "to interpolate them at. Take channels='zero'."
        )
    wanted = np.array([standard[plain_name(name)] for name in missing])
    both = [name for name in places if plain_name(name) in standard]
    ours = np.array([places[name] for name in both]).reshape(-1, 3)
    theirs = np.array([standard[plain_name(name)] for name in both]).reshape(-1, 3)
    if len(both) >= _FEWEST:
        here, there = ours.mean(axis=0), theirs.mean(axis=0)
        if np.linalg.svd(theirs - there, compute_uv=False)[-1] > _THINNEST * len(both) ** 0.5:
            wanted = (wanted - there) @ np.linalg.lstsq(theirs - there, ours - here)[0] + here
    return dict(zip(missing, wanted, strict=True))


def _check_near(places, wanted, centre):
    """Raise ValueError if a channel is too far from all that were measured."""
    rays = [np.array(list(points.values())) - centre for points in (wanted, places)]
    rays = [ray / np.linalg.norm(ray, axis=1, keepdims=True) for ray in rays]
    nearest = np.degrees(np.arccos(np.clip(rays[0] @ rays[1].T, -1, 1))).min(axis=1)
    far = [name for name, angle in zip(wanted, nearest, strict=True) if angle > _FARTHEST]
    if far:
        raise ValueError(
            f"The network's channels {listing(far)} are up to {nearest.max():.0f} degrees of the head away "
            "from every channel of the epochs that is not marked as bad; interpolation is a guess beyond "
            f"{_FARTHEST:g}. Take channels='zero'."
        )
