"""Epochs of several recordings: made or read, joined, and one part of a split taken."""

import json

import mne

from ... import bids
from ..._checks import listing
from ...pipeline import read_recipe


def run_pipeline(path, pipeline, columns):
    """Run a pipeline on one recording; steps that learn do so from the training part where there is one."""
    raw = bids.read_raw(path, columns=columns)
    known = {key for extra in raw.annotations.extras for key in extra}
    epochs = read_recipe(pipeline).fit_transform(raw, split="split" if "split" in known else None)
    if not isinstance(epochs, mne.BaseEpochs):
        raise ValueError("The pipeline of Dataset.epochs must make epochs. Add MakeEpochs to it.")
    return epochs


def join_epochs(parts, names):
    """Join epochs of several recordings: one set of channels, bads and event codes for all."""
    first = parts[0]
    if len(parts) == 1:
        return first
    codes = {
        event: code for code, event in enumerate(sorted({e for part in parts for e in part.event_id}), 1)
    }
    bads = {name for part in parts for name in part.info["bads"]}
    for part, name in zip(parts, names, strict=True):
        odd = sorted(set(part.ch_names) ^ set(first.ch_names))
        if odd:
            raise ValueError(
                f"{name} has other channels than {names[0]} ({listing(odd)}); their epochs cannot be joined. "
                "Load subjects one by one, or add Apply('pick', picks=[...]) to the pipeline."
            )
        if part.info["sfreq"] != first.info["sfreq"] or len(part.times) != len(first.times):
            raise ValueError(
                f"{name} has {len(part.times)} samples per epoch at {part.info['sfreq']:g} Hz, {names[0]} "
                f"has {len(first.times)} at {first.info['sfreq']:g} Hz; their epochs cannot be joined. "
                "Load subjects one by one, or add Resample to the pipeline."
            )
        part.reorder_channels(first.ch_names)
        part.info["bads"] = [channel for channel in first.ch_names if channel in bads]
        known = {code: event for event, code in part.event_id.items()}
        part.events[:, 2] = [codes[known[code]] for code in part.events[:, 2]]
        part.event_id = {event: codes[event] for event in part.event_id}
    return mne.concatenate_epochs(parts, on_mismatch="ignore", verbose="error")


def find_finished(root, paths):
    """Return the sidecar of each recording's epochs, all of one recipe, or None.

    Among the recipes that are finished for every recording, the one whose files are newest is taken: one
    result never mixes recipes.
    """
    made = [_finished_by_recipe(root, path) for path in paths]
    shared = set.intersection(*(set(files) for files in made))
    if not shared:
        return None
    newest = max(shared, key=lambda recipe: max(files[recipe].stat().st_mtime_ns for files in made))
    return [files[newest] for files in made]


def _finished_by_recipe(root, path):
    """Map (name, fingerprint) of each recipe to the sidecar of its epochs of a recording."""
    pattern = bids.derivative_path(path, root / "derivatives" / "eegimg", "*").with_suffix(".json")
    found = {}
    for file in sorted(pattern.parent.glob(pattern.name)):
        recipe = json.loads(file.read_text(encoding="utf-8")).get("Recipe", {})
        found[recipe.get("name"), recipe.get("fingerprint")] = file
    return found


def take_part(epochs, split):
    """Return the epochs of one part of the published split."""
    columns = [] if epochs.metadata is None else list(epochs.metadata.columns)
    if "split" not in columns:
        raise ValueError(
            f"The split {split!r} was asked for; the events have no column 'split', only "
            f"{listing(columns, 20)}."
        )
    chosen = (epochs.metadata["split"].astype(str) == split).to_numpy()
    if not chosen.any():
        raise ValueError(
            f"The split {split!r} was asked for; there are "
            f"{listing(sorted(set(epochs.metadata['split'].astype(str))))}."
        )
    return epochs[chosen]
