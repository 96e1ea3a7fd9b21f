"""Epochs of one kind to the array that a network takes, batch by batch."""

import dataclasses

import numpy as np

# In volts, of the typical deviation from a channel's mean. EEG in microvolts is a thousand times above the
# first. Amplifiers are a hundred times noisier than the second; below the third a channel is flat, whatever
# filters have left in it.
_TOO_LARGE, _TOO_SMALL, _FLAT = 1e-2, 1e-9, 1e-15


@dataclasses.dataclass(frozen=True, eq=False)
class Adapter:
    """Brings epochs of one kind to what a network expects; it can be pickled and holds no data.

    Attributes
    ----------
    channels : ChannelMap
        Which channels are taken, and how others are made of them.
    times : TimeMap
        Rate and window.
    shape : tuple of int
        Channels and samples of the epochs that it was made for.
    factor : float
        What is multiplied by at the end.
    zscore : bool
        Whether each channel of each epoch gets mean 0 and standard deviation 1 before that.
    has_unit : bool
        Whether the epochs are in volts; otherwise they have no unit.
    record : dict
        What was chosen: channels measured, interpolated, repeated or zero; rate, window, stretch; unit.
    """

    channels: object
    times: object
    shape: tuple
    factor: float
    zscore: bool
    has_unit: bool
    record: dict

    @property
    def mask(self):
        """Which channels of the network were measured (array of bool, shape (n_chans,))."""
        return self.channels.mask

    def __call__(self, x):
        """Bring epochs to what the network expects.

        Parameters
        ----------
        x : array-like of float, shape (n_epochs, n_channels, n_times)
            All channels and samples of the recording, in volts. What is not finite stays so.

        Returns
        -------
        y : array, shape (n_epochs, n_chans, n_times)
            float32; a copy.

        Raises
        ------
        ValueError
            If these have another shape than the epochs that it was made for, or cannot be volts.
        """
        x = np.asarray(x)
        if x.ndim != 3 or x.shape[1:] != self.shape:
            raise ValueError(
                f"This adapter is for epochs of shape (n_epochs, {self.shape[0]}, {self.shape[1]}), all "
                f"channels and samples of a recording. Got {x.shape}. Make another adapter for another one."
            )
        dtype = np.float32 if x.dtype == np.float32 else np.float64
        y = x[:, self.channels.picks].astype(dtype, copy=False)
        self._check_volts(y)
        if self.channels.matrix is not None:
            y = np.matmul(self.channels.matrix.astype(dtype), y)
        y = self.times(y)
        if self.zscore:
            y = y - y.mean(axis=-1, keepdims=True)
            spread = y.std(axis=-1, keepdims=True)
            # A flat channel stays flat.
            y = y / np.where(spread > 0, spread, 1.0)
        y *= y.dtype.type(self.factor)
        if self.channels.order is not None:
            y = np.take(y, self.channels.order, axis=1)
        return np.ascontiguousarray(y, dtype=np.float32)

    def _check_volts(self, x):
        """Refuse what cannot be EEG in volts, by the size of a few epochs."""
        if not self.has_unit or not x.size:
            return
        few = x[:: -(-len(x) // 4)]
        with np.errstate(invalid="ignore"):
            sizes = np.median(np.abs(few - few.mean(axis=-1, keepdims=True)), axis=(1, 2))
        # The largest that is a number.
        typical = float(np.fmax.reduce(sizes))
        if typical > _TOO_LARGE:
            raise ValueError(
                f"EEG was expected in volts, as MNE keeps it; typical values here are {typical:.3g}. If they "
                "are microvolts, multiply them by 1e-6 when the epochs are made; if they were whitened or "
                "scaled, give their channels the unit FIFF_UNIT_NONE."
            )
        if _FLAT < typical < _TOO_SMALL:
            raise ValueError(
                f"EEG was expected in volts, as MNE keeps it; typical values here are {typical:.3g}, less "
                "than the noise of any amplifier. Look for a unit that was converted twice."
            )


def broken_epochs(x, ch_names, first=0):
    """Return a sentence about the first epoch that has something else than numbers, or nothing.

    Parameters
    ----------
    x : array, shape (n_epochs, n_channels, n_times)
        Samples.
    ch_names : sequence of str
        Their channels.
    first : int
        Number of the first of these epochs.

    Returns
    -------
    sentence : str
        Empty where all is finite.
    """
    wrong = np.argwhere(~np.isfinite(x).all(axis=-1))
    if not len(wrong):
        return ""
    epoch, channel = wrong[0]
    others = len(np.unique(wrong[:, 0])) - 1
    more = f", and {others} more epochs have some" if others else ""
    return f"Epoch {first + epoch} has NaN or infinite values in channel {ch_names[channel]!r}{more}."
