"""What each foundation model of braindecode asks of its input: rate, window, channels and unit."""

import dataclasses
import importlib
from fractions import Fraction

import mne
import numpy as np
import torch
from torch.nn import functional

from ..._checks import check_type, listing
from .._channels import plain_name
from ._braindecode import look_up_places

# The 19 electrodes of the 10-20 system (Jasper 1958), which all of these know, and most were trained with.
TEN_TWENTY = tuple("Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2".split())
# The 16 derivations of BIOT's EEG-PREST weights, in the order of its preparation of TUAB.
BIPOLAR = tuple(
    tuple(pair.split("-"))
    for pair in (
        "Fp1-F7 F7-T7 T7-P7 P7-O1 Fp2-F8 F8-T8 T8-P8 P8-O2 Fp1-F3 F3-C3 C3-P3 P3-O1 Fp2-F4 F4-C4 C4-P4 P4-O2"
    ).split()
)


def _hundreds(x):
    """Return microvolts over 100."""
    return x / 100


def _millivolts(x):
    """Return microvolts over 1000."""
    return x / 1000


def _unchanged(x):
    """Return microvolts."""
    return x


def _percentile(x):
    """Return each channel over the 95th percentile of its size."""
    return x / (torch.quantile(x.abs(), 0.95, dim=-1, keepdim=True) + 1e-8)


def _standard(x):
    """Return each epoch, all channels together, with mean 0 and deviation 1, clipped at 15."""
    x = x - x.mean(dim=(1, 2), keepdim=True)
    return (x / (x.std(dim=(1, 2), keepdim=True) + 1e-8)).clamp(-15, 15)


def _ranged(x):
    """Return each epoch, all channels together, from -1 to 1, and a last channel of zeros for its scale."""
    low, high = x.amin(dim=(1, 2), keepdim=True), x.amax(dim=(1, 2), keepdim=True)
    x = 2 * (x - low) / (high - low + 1e-8) - 1
    return functional.pad(x, (0, 0, 0, 1))


@dataclasses.dataclass(frozen=True)
class Design:
    """What a foundation model asks of its input, and how braindecode builds it.

    Attributes
    ----------
    kind : str
        Class of ``braindecode.models``.
    sfreq : float
        Hz that it was trained at.
    first : int
        Samples of the shortest window at that rate.
    step : int
        Samples by which a window grows.
    scale : callable
        From microvolts to what it was trained with.
    weights : str
        Repository on the Hugging Face hub.
    channels : str
        "known": any of those that it has a name for; "all": the 19 of the 10-20 system, of which it makes
        its own; "placed": any with a position; "any".
    names : str
        "module:attribute" of the list of names, empty without.
    words : dict
        What its constructor is always given.
    """

    kind: str
    sfreq: float
    first: int
    step: int
    scale: object
    weights: str
    channels: str
    names: str = ""
    words: dict = dataclasses.field(default_factory=dict)

    def pad(self, n_times):
        """Return how many samples a window lacks to one that the model takes (int)."""
        steps = max(0, -(-(n_times - self.first) // self.step))
        return self.first + steps * self.step - n_times

    def known_names(self):
        """Return the names of the channels that it knows (list of str)."""
        module, _, attribute = self.names.partition(":")
        names = getattr(importlib.import_module(f"braindecode.models.{module}"), attribute)
        return [name["ch_name"] if isinstance(name, dict) else name for name in names]


# Rates, windows and names are those of braindecode 1.8.1, units those of docs/foundation.rst.
DESIGNS = {
    "labram": Design(
        "Labram", 200.0, 200, 200, _hundreds, "braindecode/labram-pretrained", "known",
        "labram:LABRAM_CHANNEL_ORDER", {"n_outputs": 0},
    ),
    "biot": Design(
        "BIOT", 200.0, 200, 100, _percentile, "braindecode/biot-pretrained-prest-16chs", "all",
        words={"n_outputs": 1},
    ),
    "eegpt": Design(
        "EEGPT", 256.0, 64, 32, _millivolts, "braindecode/eegpt-pretrained", "known",
        "eegpt:EEGPT_CHANNELS", {"chan_proj_type": "none", "return_encoder_output": True},
    ),
    "cbramod": Design(
        "CBraMod", 200.0, 200, 200, _hundreds, "braindecode/cbramod-pretrained", "any",
        words={"return_encoder_output": True},
    ),
    "reve": Design(
        "REVE", 200.0, 200, 180, _standard, "brain-bzh/reve-base", "placed",
        words={"n_outputs": 1, "attention_pooling": False},
    ),
    "signal_jepa": Design(
        "SignalJEPA", 128.0, 152, 128, _unchanged, "braindecode/signal-jepa", "known",
        "signal_jepa:_PRETRAIN_CHS_INFO", {"channel_embedding": "pretrain_aligned"},
    ),
    "bendr": Design(
        "BENDR", 256.0, 96, 96, _ranged, "braindecode/braindecode-bendr", "all",
        words={"final_layer": False, "encoder_only": False},
    ),
}  # fmt: skip


def find_names(design, which, names):
    """Return the model's own names of channels, or say which it does not know.

    Parameters
    ----------
    design : Design
        With ``channels="known"``.
    which : str
        Name of the model, for sentences.
    names : sequence of str
        Of the recording; upper or lower case, dots and the older of two names do not matter.

    Returns
    -------
    names : list of str
        As the model writes them, in the order of the recording.

    Raises
    ------
    ValueError
        If it does not know one.
    """
    own = design.known_names()
    # LaBraM has T7 and the older T3: the first, newer one stands for both unless T3 itself was asked for.
    plain, exact = {}, {name.upper(): name for name in own}
    for name in own:
        plain.setdefault(plain_name(name), name)
    found = [exact.get(name.upper(), plain.get(plain_name(name))) for name in names]
    unknown = [name for name, there in zip(names, found, strict=True) if there is None]
    if unknown:
        raise ValueError(
            f"{which!r} has no place for the channels {listing(unknown)}; it knows {listing(own, 8)}. Pick "
            "channels that it knows, or bring the epochs to them with prepare(..., channels='interpolate')."
        )
    return found


def montage_matrix(which, names):
    """Return how a model's channels are made from those of the 10-20 system.

    Parameters
    ----------
    which : str
        "biot", which takes differences, or "bendr", which takes the 19.
    names : sequence of str
        Of the recording; others than the 19 are left aside.

    Returns
    -------
    matrix : array, shape (n_model_chans, n_chans)
        Of 0, 1 and -1.

    Raises
    ------
    ValueError
        If one is missing.
    """
    rows = BIPOLAR if which == "biot" else tuple((name,) for name in TEN_TWENTY)
    places = {plain_name(name): place for place, name in enumerate(names)}
    missing = [name for row in rows for name in row if plain_name(name) not in places]
    if missing:
        raise ValueError(
            f"{which!r} needs the electrodes {listing(dict.fromkeys(missing), 8)} of the 10-20 system, which "
            "the recording lacks. Bring the epochs to them with prepare(..., channels='interpolate')."
        )
    matrix = np.zeros((len(rows), len(names)), dtype=np.float32)
    for row, electrodes in enumerate(rows):
        for sign, name in zip((1, -1), electrodes, strict=False):
            matrix[row, places[plain_name(name)]] = sign
    return matrix


def find_places(names, chs_info, positions):
    """Return where channels are.

    Parameters
    ----------
    names : sequence of str
        Of the channels.
    chs_info : list of dict | None
        With their places, ``loc``, in m; None takes those of MNE's 10-05 system.
    positions : dict of str to list of float | None
        Places by name, to be taken instead.

    Returns
    -------
    places : Tensor, shape (1, n_chans, 3)
        x, y and z of each.

    Raises
    ------
    ValueError
        If one is missing, or is not three numbers.
    """
    if positions is not None:
        check_type("positions", positions, dict, "Foundation", "a dict of places by name or None")
        found = look_up_places(positions, names)
    elif chs_info is None:
        found = look_up_places(
            mne.channels.make_standard_montage("colin27_1005").get_positions()["ch_pos"], names
        )
    else:
        lost = [channel["ch_name"] for channel in chs_info if "loc" not in channel]
        if lost:
            raise ValueError(
                f"'reve' needs the places of channels, and chs_info has none for {listing(lost)}. Set them "
                "with epochs.set_montage, or give positions=."
            )
        found = [channel["loc"] for channel in chs_info]
    if any(np.shape(place) != (3,) for place in found) or not np.isfinite(found).all():
        raise ValueError(
            "The 'positions' parameter of Foundation must have x, y and z of each channel. Got "
            f"{listing(found, 3)} instead."
        )
    places = np.asarray(found, dtype=np.float32)
    return torch.tensor(places)[None]


def resampling_matrix(n_times, sfreq, target):
    """Return what brings a window from one rate to another, with an anti-alias filter.

    Parameters
    ----------
    n_times : int
        Samples of the window.
    sfreq : float
        Its rate in Hz.
    target : float
        The rate that is wanted, in Hz.

    Returns
    -------
    matrix : Tensor, shape (n_times, n_resampled) | None
        As ``prepare`` resamples; None where the rates are the same.
    """
    from scipy.signal import resample_poly

    ratio = Fraction(target / sfreq).limit_denominator(1000)
    if ratio == 1:
        return None
    # Resampling is linear: what it makes of each sample alone is all there is to know.
    each = resample_poly(np.eye(n_times), ratio.numerator, ratio.denominator, axis=-1, padtype="line")
    return torch.tensor(each, dtype=torch.float32)
