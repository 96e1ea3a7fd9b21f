"""A BIDS dataset as recordings, images and epochs that know their image."""

import json
import os
import pathlib

import mne
import pandas as pd

from .. import bids
from .._checks import listing
from .._paths import data_root, is_inside
from ..pipeline import list_recipes, read_recipe
from ._descriptor import read_descriptor

_ENTITIES = ("subject", "session", "task", "run")


class Dataset:
    """Recordings of people looking at images, and the images.

    Made by :func:`load_dataset`.

    Attributes
    ----------
    name : str | None
        Name of the dataset, None for a lab's own.
    root : pathlib.Path
        The BIDS folder.
    recordings : pandas.DataFrame
        One row per recording: subject, session, task, run, path.
    images : pandas.DataFrame
        One row per picture shown: image, stim_file, concept where known, n_shown, path (None where the file
        is not there) and ``found``. Pictures are looked for in the dataset's ``stimuli`` folder; a name that
        leads out of it is not followed.
    """

    def __init__(self, name, root, bids_paths):
        self.name = name
        self.root = root
        self._bids_paths = bids_paths
        rows = [
            {entity: getattr(path, entity) for entity in _ENTITIES} | {"path": str(path.fpath)}
            for path in bids_paths
        ]
        self.recordings = pd.DataFrame(rows, columns=[*_ENTITIES, "path"])

    def __repr__(self):
        subjects = self.recordings["subject"].nunique()
        name = self.name or self.root.name
        return f"<Dataset {name}: {len(self.recordings)} recordings of {subjects} subjects>"

    @property
    def images(self):
        """One row per picture shown (pandas.DataFrame)."""
        tables = [table for table in map(bids.read_events_table, self._bids_paths) if table is not None]
        shown = [table[table["stim_file"].notna()] for table in tables if "stim_file" in table.columns]
        if not shown:
            return pd.DataFrame(columns=["image", "stim_file", "n_shown", "path", "found"])
        shown = pd.concat(shown, ignore_index=True)
        facts = [column for column in ("image", "concept") if column in shown.columns]
        images = (
            shown.groupby("stim_file", sort=True)
            .agg({"onset": "size", **dict.fromkeys(facts, "first")})
            .reset_index()
        )
        images = images.rename(columns={"onset": "n_shown"})
        if "image" not in images:
            images["image"] = [pathlib.PurePosixPath(_posix(name)).stem for name in images["stim_file"]]
        images["path"] = [self._picture(name) for name in images["stim_file"]]
        images["found"] = images["path"].notna()
        return images[
            ["image", "stim_file", *(["concept"] if "concept" in facts else []), "n_shown", "path", "found"]
        ]

    def _picture(self, stim_file):
        folder = self.root / "stimuli"
        path = folder / _posix(stim_file)
        # Links of git-annex lead from stimuli/ to elsewhere in the dataset; names must not lead out at all.
        named = pathlib.Path(os.path.normpath(path))
        try:
            inside = folder in named.parents and (is_inside(path, folder) or is_inside(path, self.root))
            return str(path) if inside and path.is_file() else None
        except (OSError, ValueError):  # no name that this system allows for a file
            return None

    def _chosen(self, subject=None, session=None, task=None, run=None):
        wanted = {"subject": subject, "session": session, "task": task, "run": run}
        chosen = [
            path
            for path in self._bids_paths
            if all(
                value is None or str(getattr(path, entity)) == str(value) for entity, value in wanted.items()
            )
        ]
        if not chosen:
            asked = ", ".join(f"{entity}={value!r}" for entity, value in wanted.items() if value is not None)
            raise ValueError(
                f"{asked} was asked for; {self!r} has the subjects "
                f"{listing(self.recordings['subject'].unique())}."
            )
        return chosen

    def raw(self, subject=None, *, session=None, task=None, run=None):
        """Read one recording.

        Parameters
        ----------
        subject, session, task, run : str | None
            Which one; they must leave exactly one.

        Returns
        -------
        raw : mne.io.Raw
            Not preloaded; the columns of events.tsv are in ``annotations.extras``.

        Raises
        ------
        ValueError
            If none or several recordings fit.
        """
        chosen = self._chosen(subject, session, task, run)
        if len(chosen) > 1:
            names = [path.fpath.stem for path in chosen]
            raise ValueError(
                f"raw reads one recording; {len(chosen)} fit: {listing(names)}. Name subject, session, "
                "task and run."
            )
        return bids.read_raw(chosen[0])

    def epochs(self, split=None, subject=None, *, session=None, task=None, run=None, pipeline=None):
        """Load epochs of all chosen recordings, with the image behind each in ``epochs.metadata``.

        Parameters
        ----------
        split : str | None
            Keep only epochs with this value in the metadata column ``split`` ("train", "test").
        subject, session, task, run : str | None
            Which recordings. None takes all.
        pipeline : Pipeline | str | path-like | None
            What to run on each recording. None reads the epochs that ``eegimg preprocess`` has written into
            ``derivatives/eegimg`` of the dataset, those of the newest recipe that is finished for every
            chosen recording, and where there are none runs the dataset's own recipe, or "default".

        Returns
        -------
        epochs : mne.Epochs
            In the order of :attr:`recordings`. A channel that is bad in one recording is marked bad in all.

        Raises
        ------
        ValueError
            If there are no such epochs, or recordings have different channels.
        """
        paths = self._chosen(subject, session, task, run)
        sidecars = _finished(self.root, paths) if pipeline is None else None
        if sidecars is None:
            pipeline = self._own_recipe() if pipeline is None else pipeline
            parts = [_run(path, pipeline) for path in paths]
        else:
            parts = [bids.read_result(sidecar) for sidecar in sidecars]
        epochs = _join(parts, [path.fpath.stem.removesuffix("_eeg") for path in paths])
        return epochs if split is None else _part(epochs, split)

    def _own_recipe(self):
        return self.name if self.name in list_recipes() else "default"


def _run(path, pipeline):
    raw = bids.read_raw(path)
    columns = {key for annotation in raw.annotations for key in (annotation.get("extras") or {})}
    epochs = read_recipe(pipeline).fit_transform(raw, split="split" if "split" in columns else None)
    if not isinstance(epochs, mne.BaseEpochs):
        raise ValueError("The pipeline of Dataset.epochs must make epochs. Add MakeEpochs to it.")
    return epochs


def _join(parts, names):
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


def _finished(root, paths):
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
    folder = path.directory.relative_to(path.root)
    stem = path.fpath.stem.removesuffix("_eeg")
    found = {}
    for file in sorted((root / "derivatives" / "eegimg" / folder).glob(f"{stem}_desc-*_epo.json")):
        recipe = json.loads(file.read_text(encoding="utf-8")).get("Recipe", {})
        found[recipe.get("name"), recipe.get("fingerprint")] = file
    return found


def _part(epochs, split):
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


def _posix(name):
    return str(name).replace("\\", "/")


def load_dataset(name=None, root=None, subjects=None):
    """Load a dataset from disk: a known one by name, or any BIDS folder.

    Parameters
    ----------
    name : str | None
        One of :func:`list_datasets`, or None for a lab's own data.
    root : path-like | None
        The BIDS folder. None takes the folder of that name in the data folder (EEGIMG_DATA).
    subjects : list of str | None
        Which subjects. None takes all.

    Returns
    -------
    dataset : Dataset
        Recordings, images, raw and epochs.

    Raises
    ------
    ValueError
        If the name is unknown, or neither name nor root is given.
    FileNotFoundError
        If there is no such folder or no EEG in it.
    """
    if name is None and root is None:
        raise ValueError(
            "load_dataset needs the name of a dataset or the root of a BIDS folder. Got neither."
        )
    if name is not None:
        read_descriptor(name)
    root = data_root() / name if root is None else pathlib.Path(root)
    if not root.is_dir():
        made = " Make it with eegimg.make_dataset(root)." if name == "simulated" else ""
        raise FileNotFoundError(
            f"{name or 'The dataset'} was looked for in {root}; there is no such folder.{made}"
        )
    return Dataset(name, root, bids.find_recordings(root, subjects=subjects))
