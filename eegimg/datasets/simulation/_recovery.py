"""How much of a planted truth a pipeline brought back."""

import numpy as np

from ._artifacts import BLINK_PEAK
from ._planted import evoked_from_features


def compare_with_truth(before, after, truth, found_bads):
    """Compare epochs of a simulated recording, before and after preprocessing, with what was planted.

    Parameters
    ----------
    before, after : mne.Epochs
        Cut from the recording as it came, and after a pipeline. Both may have any rate and channels, as
        long as the planted channels are among them and the events are those of the recording.
    truth : dict
        As :func:`eegimg.make_recording` returns it.
    found_bads : list of str
        Channels the pipeline took for bad.

    Returns
    -------
    numbers : dict
        - ``planted`` and ``found`` bad channels, ``precision`` and ``recall``
        - ``correlation_before`` and ``_after``: of the average over epochs with the planted one, over
          channels and times, average reference
        - ``concept_correlation_before`` and ``_after``: the same for what tells concepts apart (concept
          averages less the grand average)
        - ``blink_uv_before``, ``_after`` and ``_chance``: root mean square amplitude at the planted blinks
          (at other times for chance), in microvolt at the planted topography's largest electrode
        - ``residual_blink_power``: power at blinks after, less chance, as a share of that before
    """
    planted = sorted(truth["bad_channels"])
    hits = set(planted) & set(found_bads)
    numbers = {
        "planted": planted,
        "found": sorted(found_bads),
        "precision": len(hits) / len(found_bads) if found_bads else float(not planted),
        "recall": len(hits) / len(planted) if planted else 1.0,
    }
    for name, epochs in (("before", before), ("after", after)):
        average, concepts = _evoked_correlations(epochs, truth)
        numbers |= {f"correlation_{name}": average, f"concept_correlation_{name}": concepts}
    blinks = [span["onset"] + BLINK_PEAK for span in truth["spans"] if span["kind"] == "blink"]
    if blinks:
        at_blinks = {
            name: _amplitude(epochs, truth, blinks) for name, epochs in (("before", before), ("after", after))
        }
        chance = _amplitude(after, truth, np.add(blinks, 1.0), away_from=blinks)
        excess = max(at_blinks["after"] ** 2 - chance**2, 0.0)
        numbers |= {
            "blink_uv_before": at_blinks["before"],
            "blink_uv_after": at_blinks["after"],
            "blink_uv_chance": chance,
            "residual_blink_power": excess / at_blinks["before"] ** 2,
        }
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in numbers.items()}


def _evoked_correlations(epochs, truth):
    """Correlate the average, and what differs between concepts, with what was planted."""
    inside = (epochs.times >= truth["times"][0]) & (epochs.times <= truth["times"][-1])
    planted = evoked_from_features(truth, truth["features"])
    planted -= planted.mean(axis=1, keepdims=True)
    grid = np.searchsorted(truth["times"], epochs.times[inside] - 1e-9).clip(max=len(truth["times"]) - 1)
    planted = planted[:, :, grid]
    data = epochs.get_data(picks=truth["ch_names"])[:, :, inside]
    data = data - data.mean(axis=1, keepdims=True)
    names = list(truth["images"])
    shown = np.array([names.index(image) for image in epochs.metadata["image"]])
    concepts = epochs.metadata["concept"].to_numpy()
    average = _correlate(data.mean(axis=0), planted[shown].mean(axis=0))
    differences = [
        np.concatenate(
            [
                values[concepts == concept].mean(axis=0) - values.mean(axis=0)
                for concept in sorted(set(concepts))
            ]
        )
        for values in (data, planted[shown])
    ]
    return average, _correlate(*differences)


def _correlate(one, other):
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _amplitude(epochs, truth, moments, away_from=()):
    """Return the root mean square amplitude of the blink topography at moments in epochs, in microvolt."""
    good = [name for name in truth["ch_names"] if name not in truth["bad_channels"]]
    pattern = truth["blink_pattern"][[truth["ch_names"].index(name) for name in good]]
    largest = np.abs(pattern).max()
    pattern = pattern - pattern.mean()
    data = epochs.get_data(picks=good)
    amplitudes = []
    for epoch, event in zip(data, epochs.events[:, 0] / epochs.info["sfreq"], strict=True):
        for moment in moments:
            lag = moment - event
            near_blink = any(abs(moment - other) < 0.5 for other in away_from)
            # What is compared with stays clear of the blink and inside the epoch.
            if near_blink or not epochs.tmin + 0.25 < lag < epochs.tmax - 0.25:
                continue
            peak, aside = (epochs.time_as_index(lag + shift)[0] for shift in (0.0, -0.25))
            amplitudes.append(pattern @ (epoch[:, peak] - epoch[:, aside]) / (pattern @ pattern) * largest)
    return float(np.sqrt(np.mean(np.square(amplitudes)))) * 1e6 if amplitudes else 0.0
