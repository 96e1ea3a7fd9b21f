"""Epochs to the tensor that a network takes."""

import dataclasses
import logging

import mne
import numpy as np

from .._checks import listing, suggest
from .._optional import require
from ..store import Store
from ._adapter import broken_epochs
from ._inputs import InputSpec

logger = logging.getLogger("eegimg.models")
_BATCH = 1024  # epochs at a time: memory holds one such part beside the result
_CALLER = "prepare"


def prepare(epochs, spec, **choices):
    """Bring epochs to what a network expects: channels by name, rate, window, unit.

    Parameters
    ----------
    epochs : mne.BaseEpochs | Store
        Recorded with any channels, in volts; left as they are. Only EEG channels that are not marked as bad
        are used.
    spec : InputSpec
        What the network expects, as ``model.card.input_spec``.
    **choices : object
        Parameters of :class:`InputSpec` to be taken instead, such as ``channels="interpolate"``.

    Returns
    -------
    x : torch.Tensor, shape (n_epochs, n_chans, n_times)
        float32, in the unit that the network expects. What was chosen is logged, and is
        ``spec.adapter_for(epochs).record``.

    Raises
    ------
    ImportError
        If torch is not installed.
    TypeError
        If these are no epochs.
    ValueError
        If they cannot be brought there without guessing, or have values that are not finite.
    """
    torch = require("torch", _CALLER, "models")
    if not isinstance(epochs, (mne.BaseEpochs, Store)):
        raise TypeError(
            f"The 'epochs' parameter of {_CALLER} must be mne.Epochs or a Store, which know their channels, "
            f"rate and unit. Got {type(epochs).__name__} instead."
        )
    known = [field.name for field in dataclasses.fields(InputSpec)]
    for name in choices:
        if name not in known:
            raise ValueError(f"{_CALLER} takes {listing(known, 20)}. Got {name!r}.{suggest(name, known)}")
    spec = dataclasses.replace(spec, **choices)
    adapter = spec.adapter_for(epochs)
    used = np.unique(adapter.channels.picks)
    names = [epochs.info["ch_names"][pick] for pick in used]
    parts, n_epochs = [], 0
    for x in _batches(epochs):
        sentence = broken_epochs(x[:, used], names, n_epochs)
        if sentence:
            raise ValueError(f"{sentence} Leave it out, or interpolate the channel.")
        parts.append(adapter(x))
        n_epochs += len(x)
    if not n_epochs:
        raise ValueError(f"The 'epochs' parameter of {_CALLER} must hold epochs. Got none: {epochs!r}.")
    logger.info("%d epochs brought to what the network expects: %s", n_epochs, adapter.record)
    return torch.from_numpy(parts[0] if len(parts) == 1 else np.concatenate(parts))


def _batches(epochs):
    """Yield samples, a part at a time."""
    # How many epochs there are is not known before they are read: some may be too short or rejected.
    data = epochs if isinstance(epochs, Store) else epochs.get_data(copy=False, verbose="error")
    for first in range(0, len(data), _BATCH):
        yield data[first : first + _BATCH]
