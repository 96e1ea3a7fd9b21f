"""What is looked at in every recording before it is written, whatever the layout: samples and names."""

import hashlib
import re

import numpy as np
import pandas as pd

# Larger stretches are whole recordings, no rows of a list that may be there twice.
TRIAL_BYTES = 2**26
_ADVICE = "Get the file again, or ask its publishers."


def checked_segments(content):
    """Yield the stretches of a recording, or raise ValueError naming the place of what cannot be right.

    Parameters
    ----------
    content : eegimg.io.Content
        One recording.

    Yields
    ------
    samples : ndarray, shape (n_channels, n_times)
        Finite, also as 32-bit floats in microvolts.
    """
    seen = {}
    for segment, samples in enumerate(content.segments):
        samples = np.asarray(samples)
        if samples.ndim != 2 or samples.shape[0] != len(content.ch_names):
            raise ValueError(
                f"{content.where(segment)} must have the shape ({len(content.ch_names)} channels, samples). "
                f"It has {samples.shape}. {_ADVICE}"
            )
        low, high = (samples.min(), samples.max()) if samples.size else (0.0, 0.0)
        if not (np.isfinite(low) and np.isfinite(high)):
            bad = np.argwhere(~np.isfinite(samples))
            channel, time = bad[0]
            raise ValueError(
                f"{content.where(segment)} holds {len(bad)} numbers that are not finite, the first in "
                f"channel {content.ch_names[channel]} at sample {time}. {_ADVICE}"
            )
        largest = max(abs(float(low)), abs(float(high))) * (1e6 if content.unit == "V" else 1.0)
        if largest > float(np.finfo(np.float32).max):
            raise ValueError(
                f"{content.where(segment)} holds numbers as large as {max(abs(low), abs(high)):.3g}: that is "
                f"no EEG. {_ADVICE}"
            )
        # Dead trials are alike without being one.
        if samples.nbytes <= TRIAL_BYTES and low < high:
            digest = hashlib.blake2b(np.ascontiguousarray(samples), digest_size=16).digest()
            if digest in seen:
                raise ValueError(
                    f"{content.where(segment)} repeats {content.where(seen[digest])} sample by sample: one "
                    f"row is there twice. {_ADVICE}"
                )
            seen[digest] = segment
        yield samples


def checked_events(content):
    """Return the events of a recording as events.tsv is to have them, or raise ValueError.

    The type of a trial is "image/cat" (tags of MNE: ``epochs["cat"]`` selects them) or "imagined/cat".
    A concept by itself may be called "badger" or "edge", which MNE would take for a bad span or a break.
    """
    events = content.events
    for column in events:
        if events[column].dtype.kind in "iufb":
            continue
        wrong = events[column].map(
            lambda value: isinstance(value, str) and bool(re.search(r'[\t\r\n"]', value))
        )
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"{content.where(int(events['segment'].iloc[row]))}: the {column} "
                f"{events[column].iloc[row]!r} has a tab, a line break or a quote, which no table of BIDS "
                f"can hold. {_ADVICE}"
            )
    kind = "image" if "image" in events else "imagined"
    events = events.assign(trial_type=[f"{kind}/{name}" for name in events["trial_type"]])
    # BIDS looks for a stim_file in the stimuli folder, where none of these pictures is.
    return (
        events
        if "stim_file" in events
        else events.assign(stim_file=pd.Series(None, events.index, dtype=object))
    )
