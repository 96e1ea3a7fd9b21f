"""Against what the voltages are measured."""

import dataclasses
from typing import ClassVar

import mne
import numpy as np

from .._checks import check_filled, check_type, listing, suggest
from ..bids import TEMPLATE, has_positions
from ._step import Step

AVERAGES = (
    "average",
    "average reference",
    "avg",
    "car",
    "common average",
    "common average reference",
)
# Largest mean over channels, as a share of their spread, that counts as zero. A recording that was averaged
# and then stored in steps of 0.1 microvolt stays below; without an average reference it is tens of percent.
ZERO = 0.005


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
        wanted = "'average' or channel names"
        check_filled("ref_channels", self.ref_channels, (str, list, tuple), "Rereference", wanted)
        for name in self.ref_channels:
            check_type("ref_channels", name, str, "Rereference", wanted)
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
        with mne.use_log_level("error"):  # epochs take no verbose here
            out = inst.copy().load_data()
        added = self._put_back(out) if average else []
        out.set_eeg_reference("average" if average else names, projection=False, verbose="error")
        out.info["temp"] = _remembered(out) | {"reference": "average" if average else ", ".join(names)}
        found = {"ref_channels": "average" if average else names, "added": added}
        noisy = [] if average else [name for name in names if name in inst.info["bads"]]
        note = f"the reference {listing(noisy)} is marked bad: its noise is now in every channel"
        return out, found | ({"note": note} if noisy else {})

    def _put_back(self, out):
        template = _template_places()
        name = self.online_reference
        if name is None:
            # What the sidecar says holds only as long as nobody has measured against something else since.
            name = "" if out.info["custom_ref_applied"] else _remembered(out).get("reference", "")
            name = name if name.lower() in template else ""
        if not name or name.lower() in {ch_name.lower() for ch_name in out.ch_names}:
            return []
        positioned = has_positions(out.info)
        with mne.use_log_level("error"):  # it warns where it does not know the place, which follows
            mne.add_reference_channels(out, name, copy=False)
        if positioned and name.lower() in template:
            _place(out, name, template)
        return [name]


def _remembered(inst):
    """Return what reading and earlier steps noted in MNE's scratch field."""
    noted = inst.info.get("temp")
    return dict(noted) if isinstance(noted, dict) else {}


def _template_places():
    """Return the template's places in head coordinates (metres) by lower-case name."""
    template = mne.channels.make_standard_montage(TEMPLATE)
    info = mne.create_info(template.ch_names, 1.0, "eeg").set_montage(template)
    return {ch["ch_name"].lower(): ch["loc"][:3] for ch in info["chs"]}


def _place(out, name, template):
    """Put the electrode where the template has it, on a head as large as this recording's."""
    place = out.info["chs"][out.ch_names.index(name)]["loc"]
    if np.isfinite(place[:3]).all():  # the recording's own digitisation has it
        return
    picks = mne.pick_types(out.info, eeg=True, exclude=[])
    own = {out.ch_names[pick].lower(): out.info["chs"][pick]["loc"][:3] for pick in picks}
    sizes = [np.linalg.norm(own[key]) / np.linalg.norm(template[key]) for key in own.keys() & template.keys()]
    place[:3] = template[name.lower()] * np.nanmedian([1.0] if len(sizes) < 2 else sizes)


def _refuse_second_average(inst):
    picks = mne.pick_types(inst.info, eeg=True)
    if len(picks) < 2:
        raise RuntimeError(
            f"An average reference needs at least two good EEG channels; there are {len(picks)}."
        )
    stated = _remembered(inst).get("reference", "").strip().lower()
    if any("average" in proj["desc"].lower() for proj in inst.info["projs"]):
        reason = "an average projector is there"
    elif stated in AVERAGES:
        reason = f"EEGReference says {stated!r}"
    # The average may have been taken before some channels were marked bad.
    elif _sums_to_zero(inst, picks) or _sums_to_zero(inst, mne.pick_types(inst.info, eeg=True, exclude=[])):
        reason = "the EEG channels already sum to zero"
    else:
        return
    raise RuntimeError(
        f"Rereference was asked for an average reference; the data have one already: {reason}. "
        "Leave the step out of the recipe."
    )


def _sums_to_zero(inst, picks):
    """Tell whether the channels sum to zero in the first ten seconds, or the first ten epochs."""
    if isinstance(inst, mne.BaseEpochs):
        piece = inst[:10].get_data(picks=picks)
    else:
        piece = inst.get_data(picks=picks, stop=min(inst.n_times, int(10 * inst.info["sfreq"])))
    sd = piece.std()
    return bool(sd > 0 and np.abs(piece.mean(axis=-2)).max() < ZERO * sd)
