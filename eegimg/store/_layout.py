"""What all epochs of a store share: channels and their places, rate, window and unit."""

import dataclasses

import mne
import numpy as np
from mne.io.constants import FIFF

from .._checks import check_type, listing

_CALLER = "write_store"


@dataclasses.dataclass(frozen=True)
class Layout:
    """Channels, rate, window and unit, as they stand in the manifest.

    Parameters
    ----------
    ch_names, ch_types : list of str
        Channels in order, and MNE's types of them.
    sfreq : float
        Hz.
    tmin : float
        Time of the first sample, in seconds from the event.
    n_times : int
        Samples of an epoch.
    unit : 'V' | 'n/a'
        Of the samples; "n/a" where a step has scaled the unit away.
    positions : dict
        Place of each channel that has one: x, y and z in metres, in MNE's head coordinates.
    """

    ch_names: list
    ch_types: list
    sfreq: float
    tmin: float
    n_times: int
    unit: str
    positions: dict

    @property
    def shape(self):
        """Shape of one epoch: (n_channels, n_times)."""
        return len(self.ch_names), self.n_times


FIELDS = tuple(field.name for field in dataclasses.fields(Layout))


def pick_channels(info, picks, name):
    """Return the numbers of the channels to store, or raise ValueError naming the recording."""
    if picks == "eeg":
        chosen = mne.pick_types(info, eeg=True, exclude=[]).tolist()
    elif picks == "all":
        chosen = list(range(len(info["ch_names"])))
    else:
        wanted = "'eeg', 'all' or a list of names of channels"
        check_type("picks", picks, (list, tuple), _CALLER, wanted)
        absent = [channel for channel in picks if channel not in info["ch_names"]]
        if absent or len(set(picks)) < len(picks):
            found = f"lacks {listing(absent)}" if absent else "would have one of them twice"
            raise ValueError(
                f"The channels {listing(picks)} were asked for; {name} {found}. It has "
                f"{listing(info['ch_names'], 20)}."
            )
        chosen = [info["ch_names"].index(channel) for channel in picks]
    if not chosen:
        types = listing(sorted(set(info.get_channel_types())))
        raise ValueError(
            f"{name} has no channel to store: picks={picks!r} was asked for, it has channels of the types "
            f"{types}. Give picks='all' or names."
        )
    return chosen


def layout_of(epochs, picks, name, unit=None):
    """Describe epochs.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        One recording.
    picks : 'eeg' | 'all' | list of str
        Channels.
    name : str
        Of the recording, for the sentence.
    unit : 'V' | 'n/a' | None
        As a sidecar states it. None looks at the channels.

    Returns
    -------
    layout : Layout
        Channels in the order of the epochs, or of ``picks``.
    """
    info = epochs.info
    chosen = pick_channels(info, picks, name)
    types = info.get_channel_types()
    if unit is None:
        bare = {info["chs"][pick]["unit"] == FIFF.FIFF_UNIT_NONE for pick in chosen if types[pick] == "eeg"}
        unit = "n/a" if bare == {True} else "V"
    places = {info["ch_names"][pick]: info["chs"][pick]["loc"][:3] for pick in chosen}
    return Layout(
        ch_names=list(places),
        ch_types=[types[pick] for pick in chosen],
        sfreq=float(info["sfreq"]),
        tmin=float(epochs.times[0]),
        n_times=len(epochs.times),
        unit=unit,
        positions={
            channel: [round(float(x), 6) for x in place]
            for channel, place in places.items()
            if np.isfinite(place).all() and place.any()
        },
    )


def check_alike(layout, first, name, first_name):
    """Raise ValueError if a recording cannot stand in one store with the first one.

    Channels may come in another order, and be placed otherwise.
    """
    odd = sorted(set(layout.ch_names) ^ set(first.ch_names))
    if odd:
        raise ValueError(
            f"{name} has other channels than {first_name} ({listing(odd)}), and one store holds one set of "
            "channels. Add Apply('pick', picks=[...]) to the recipe, or write a store of each."
        )
    order = [layout.ch_names.index(channel) for channel in first.ch_names]
    if [layout.ch_types[number] for number in order] != first.ch_types:
        raise ValueError(
            f"{name} has the channels of {first_name} as other types. Set the types in channels.tsv and "
            "preprocess again."
        )
    if not np.isclose(layout.sfreq, first.sfreq, rtol=1e-6) or layout.n_times != first.n_times:
        raise ValueError(
            f"{name} has {layout.n_times} samples per epoch at {layout.sfreq:g} Hz, {first_name} has "
            f"{first.n_times} at {first.sfreq:g} Hz, and one store holds one rate and window. Add Resample "
            "to the recipe, or write a store of each."
        )
    if abs(layout.tmin - first.tmin) > 0.5 / first.sfreq:
        raise ValueError(
            f"The epochs of {name} begin {layout.tmin:g} s from the event, those of {first_name} "
            f"{first.tmin:g} s, and one store holds one window. Cut both alike, or write a store of each."
        )
    if layout.unit != first.unit:
        raise ValueError(
            f"{name} is in the unit {layout.unit!r}, {first_name} in {first.unit!r}. Preprocess both with "
            "one recipe, or write a store of each."
        )


def make_info(layout, bads=()):
    """Return what MNE wants to know of the channels, with their places."""
    info = mne.create_info(layout.ch_names, layout.sfreq, layout.ch_types)
    if layout.positions:
        places = {name: np.asarray(place) for name, place in layout.positions.items()}
        montage = mne.channels.make_dig_montage(places, coord_frame="head")
        info.set_montage(montage, on_missing="ignore", verbose="error")
    if layout.unit == "n/a":
        for channel in info["chs"]:
            channel["unit"] = FIFF.FIFF_UNIT_NONE
    info["bads"] = [name for name in layout.ch_names if name in set(bads)]
    return info
