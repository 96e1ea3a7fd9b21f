"""Against what the voltages are measured."""

import dataclasses
from typing import ClassVar

import mne
import numpy as np

from .._checks import check_type, listing, suggest
from ..bids import TEMPLATE, has_positions
from ._step import Step


@dataclasses.dataclass(kw_only=True, eq=False)
class Rereference(Step):
    """Measure the EEG against other channels.

    Parameters
    ----------
    ref_channels : 'average' | sequence of str
        The average of all EEG channels not marked bad, or of the named ones.
    online_reference : str | None
        Name of the electrode that recorded zero because everything was measured against it. It is put back
        before an average is taken: without it the average lacks one electrode and the reference itself is
        lost. None takes EEGReference of the BIDS sidecar where that names one electrode that is not in the
        data; "" puts none back.

    Notes
    -----
    A second average over the same channels is refused: it changes nothing at best, and hides a wrong first
    one.
    """

    ref_channels: str | tuple = "average"
    online_reference: str | None = None
    takes_nan: ClassVar[bool] = False

    def check(self):
        """Look at the parameters."""
        check_type(
            "ref_channels", self.ref_channels, (str, list, tuple), "Rereference", "'average' or channel names"
        )
        check_type(
            "online_reference",
            self.online_reference,
            (str, type(None)),
            "Rereference",
            "a channel name or None",
        )

    def apply(self, inst):
        """Re-reference a copy."""
        average = self.ref_channels == "average"
        names = [self.ref_channels] if isinstance(self.ref_channels, str) else list(self.ref_channels)
        if average:
            _refuse_second_average(inst)
        else:
            missing = [name for name in names if name not in inst.ch_names]
            if missing:
                raise ValueError(
                    f"Rereference was asked for {listing(missing)}; the recording has "
                    f"{listing(inst.ch_names)}.{suggest(missing[0], inst.ch_names)}"
                )
        out = inst.copy().load_data(verbose="error")
        added = self._put_back(out) if average else []
        out.set_eeg_reference("average" if average else names, projection=False, verbose="error")
        temp = dict(out.info["temp"] or {})
        out.info["temp"] = temp | {"reference": "average" if average else ", ".join(names)}
        return out, {"ref_channels": "average" if average else names, "added": added}

    def _put_back(self, out):
        stated = (out.info["temp"] or {}).get("reference", "") if isinstance(out.info["temp"], dict) else ""
        name = stated if self.online_reference is None else self.online_reference
        template = mne.channels.make_standard_montage(TEMPLATE)
        known = {place.lower(): place for place in template.ch_names}
        if self.online_reference is None and name.lower() not in known:
            return []
        there = {ch_name.lower() for ch_name in out.ch_names}
        if not name or name.lower() in there:
            return []
        positioned = has_positions(out.info)
        mne.add_reference_channels(out, name, copy=False)
        if positioned and name.lower() in known:
            _place(out, name, template.get_positions()["ch_pos"][known[name.lower()]])
        return [name]


def _place(out, name, place):
    """Put the electrode where the template has it, on a sphere of this recording's head size."""
    picks = mne.pick_types(out.info, eeg=True, exclude=[])
    others = np.array([out.info["chs"][pick]["loc"][:3] for pick in picks if out.ch_names[pick] != name])
    others = others[np.isfinite(others).all(axis=1)]
    radius = np.median(np.linalg.norm(others, axis=1))
    out.info["chs"][out.ch_names.index(name)]["loc"][:3] = place / np.linalg.norm(place) * radius


def _refuse_second_average(inst):
    temp = inst.info["temp"] if isinstance(inst.info["temp"], dict) else {}
    stated = temp.get("reference", "").strip().lower()
    projected = any("average" in proj["desc"].lower() for proj in inst.info["projs"])
    picks = mne.pick_types(inst.info, eeg=True)
    if len(picks) < 2:
        raise RuntimeError(
            f"An average reference needs at least two good EEG channels; there are {len(picks)}."
        )
    piece = inst.get_data(picks=picks)[..., : int(10 * inst.info["sfreq"])]
    mean, sd = np.abs(piece.mean(axis=-2)).max(), piece.std()
    if (
        projected
        or stated in ("average", "car", "common average", "average reference")
        or (sd and mean < 1e-6 * sd)
    ):
        reason = (
            "the EEG channels already sum to zero"
            if sd and mean < 1e-6 * sd
            else f"EEGReference says {stated!r}"
        )
        reason = "an average projector is there" if projected else reason
        raise RuntimeError(
            f"Rereference was asked for an average reference; the data have one already: {reason}. "
            "Leave the step out of the recipe."
        )
