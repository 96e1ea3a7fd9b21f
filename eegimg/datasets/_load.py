"""A BIDS dataset as recordings, images and epochs that know their image."""

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
        return str(path) if is_inside(path, folder) and path.is_file() else None

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
            ``derivatives/eegimg`` of the dataset, and where there are none runs the dataset's own recipe, or
            "default".

        Returns
        -------
        epochs : mne.Epochs
            In the order of :attr:`recordings`.

        Raises
        ------
        ValueError
            If there are no such epochs, or recordings have different channels.
        """
        parts = [self._epochs_of(path, pipeline) for path in self._chosen(subject, session, task, run)]
        names = [part.ch_names for part in parts]
        for path, these in zip(self._chosen(subject, session, task, run), names, strict=True):
            if set(these) != set(names[0]):
                odd = sorted(set(these) ^ set(names[0]))
                raise ValueError(
                    f"{path.fpath.stem} has other channels than the first recording ({listing(odd)}); "
                    "their epochs cannot be joined. "
                    "Load subjects one by one, or add Apply('pick', picks=[...]) to the pipeline."
                )
        parts = [part.reorder_channels(names[0]) for part in parts]
        epochs = (
            parts[0]
            if len(parts) == 1
            else mne.concatenate_epochs(parts, on_mismatch="ignore", verbose="error")
        )
        return epochs if split is None else _part(epochs, split)

    def _epochs_of(self, path, pipeline):
        if pipeline is None:
            for file in _finished(self.root, path):
                return bids.read_result(file)
            pipeline = self.name if self.name in list_recipes() else "default"
        raw = bids.read_raw(path)
        columns = {key for annotation in raw.annotations for key in (annotation.get("extras") or {})}
        return read_recipe(pipeline).fit_transform(raw, split="split" if "split" in columns else None)


def _finished(root, path):
    """List the sidecars of finished epochs of a recording, newest first."""
    folder = path.directory.relative_to(path.root)
    stem = path.fpath.stem.removesuffix("_eeg")
    files = (root / "derivatives" / "eegimg" / folder).glob(f"{stem}_desc-*_epo.json")
    return sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)


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
