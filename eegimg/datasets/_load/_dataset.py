"""A BIDS dataset as recordings, images and epochs that know their image."""

import functools
import pathlib

import mne
import pandas as pd

from ... import bids
from ..._checks import listing, suggest
from ...events import picture_name
from .._braindecode import target_values, to_braindecode
from .._identity import own_recipe
from ._design import with_design
from ._epochs import find_finished, join_epochs, run_pipeline, take_part
from ._pictures import Pictures

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
        is not there) and ``found``. Pictures are looked for in the dataset's ``stimuli`` folder and in the
        ``images`` given to :func:`load_dataset`; a name that leads out of them is not followed.
    """

    def __init__(self, name, root, bids_paths, images=None, facts=None):
        self.name = name
        self.root = root
        self._bids_paths = bids_paths
        self._pictures = Pictures(root, images)
        self._facts = facts
        self._columns = facts.columns if facts else {}
        rows = [
            {entity: getattr(path, entity) for entity in _ENTITIES} | {"path": str(path.fpath)}
            for path in bids_paths
        ]
        self.recordings = pd.DataFrame(rows, columns=[*_ENTITIES, "path"])

    def __repr__(self):
        subjects = self.recordings["subject"].nunique()
        name = self.name or self.root.name
        return f"<Dataset {name}: {len(self.recordings)} recordings of {subjects} subjects>"

    @functools.cached_property
    def _shown(self):
        tables = [bids.read_events_table(path, self._columns) for path in self._bids_paths]
        named = [_with_names(table) for table in tables if table is not None]
        shown = pd.concat(named, ignore_index=True) if named else pd.DataFrame(columns=["image", "stim_file"])
        shown = shown[shown["image"].notna()]
        facts = [column for column in ("concept",) if column in shown]
        if not len(shown):
            return pd.DataFrame(columns=["image", "stim_file", "n_shown"])
        groups = shown.groupby(["stim_file", "image"], sort=True, dropna=False)
        images = groups.agg({"onset": "size", **dict.fromkeys(facts, "first")}).reset_index()
        return images.rename(columns={"onset": "n_shown"})[["image", "stim_file", *facts, "n_shown"]]

    @property
    def images(self):
        """One row per picture shown (pandas.DataFrame)."""
        path = pd.Series([self._find_picture(name) for name in self._shown["stim_file"]], dtype=object)
        return self._shown.assign(path=path, found=path.notna())

    @functools.cached_property
    def _n_named_alike(self):
        """How many pictures shown have a file name, whatever their folders."""
        names = self._shown["stim_file"].dropna().map(lambda name: _posix(name).name)
        return names.value_counts().to_dict()

    def _find_picture(self, name):
        if not isinstance(name, str):
            return None
        return self._pictures.find(name, alone=self._n_named_alike.get(_posix(name).name, 1) == 1)

    def read_image(self, image):
        """Read a picture that was shown.

        Parameters
        ----------
        image : str
            Its name, as in the column ``image`` of :attr:`images` and of ``epochs.metadata``, or its
            ``stim_file``.

        Returns
        -------
        picture : PIL.Image.Image
            In RGB.

        Raises
        ------
        ValueError
            If no picture of that name was shown, or several were.
        FileNotFoundError
            If it was, and its file is not there.
        RuntimeError
            If its file is no picture.
        """
        fits = (self._shown["stim_file"] == image) | (self._shown["image"] == image)
        names = self._shown.loc[fits, "stim_file"]
        if not len(names):
            raise ValueError(
                f"The picture {image!r} was asked for; none of the {len(self._shown)} pictures shown is "
                f"called so.{suggest(image, self._shown['image'])}"
            )
        if names.nunique() > 1:
            raise ValueError(
                f"The picture {image!r} was asked for; several are called so: {listing(names)}. Give one of "
                "these instead."
            )
        path = self._find_picture(names.iloc[0])
        if path is None:
            raise FileNotFoundError(
                f"The picture {image!r} was shown, and its file is not here. Name the folder or zip file "
                "with the pictures: load_dataset(..., images=...)."
            )
        return self._pictures.read(path)

    def _chosen(self, subject=None, session=None, task=None, run=None):
        chosen = self._bids_paths
        wanted = {"subject": subject, "session": session, "task": task, "run": run}
        for entity, value in wanted.items():
            if value is None:
                continue
            there = sorted({str(getattr(path, entity)) for path in chosen})
            label = bids.find_label(value, there, entity)
            if label is None:
                raise ValueError(
                    f"{entity}={value!r} was asked for; {self!r} has the {entity}s {listing(there)}"
                    f"{'' if chosen == self._bids_paths else ' there'}."
                )
            chosen = [path for path in chosen if str(getattr(path, entity)) == label]
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
        return bids.read_raw(chosen[0], columns=self._columns)

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
            chosen recording, and where there are none runs the recipe of the dataset's variant, the
            dataset's own, or "default".

        Returns
        -------
        epochs : mne.Epochs
            In the order of :attr:`recordings`. A channel that is bad in one recording is marked bad in all.
            The metadata of a known dataset have a column ``design`` (rapid-event or block); what a block
            design makes of a decoding result is logged once.

        Raises
        ------
        ValueError
            If there are no such epochs, or recordings have different channels.
        """
        paths = self._chosen(subject, session, task, run)
        sidecars = find_finished(self.root, paths) if pipeline is None else None
        if sidecars is None:
            descriptions = [path.description for path in self._bids_paths]
            pipeline = own_recipe(self.name, descriptions) if pipeline is None else pipeline
            parts = [run_pipeline(path, pipeline, self._columns) for path in paths]
        else:
            parts = [bids.read_result(sidecar) for sidecar in sidecars]
        epochs = join_epochs(parts, [path.fpath.stem.removesuffix("_eeg") for path in paths])
        if epochs.metadata is not None:
            with mne.utils.use_log_level("error"):
                metadata = self._with_pictures(bids.rename_columns(epochs.metadata, self._columns))
                epochs.metadata = with_design(metadata, self._facts)
        return epochs if split is None else take_part(epochs, split)

    def _with_pictures(self, metadata):
        """Put the file into image_path where it is there; the published name stays where it is not."""
        if "image_path" not in metadata:
            return metadata
        names = metadata["image_path"]
        files = {name: self._find_picture(name) or name for name in names.dropna().unique()}
        return metadata.assign(image_path=names.map(files))

    def to_braindecode(self, split=None, subject=None, *, pipeline=None, target="concept"):
        """Hand the epochs over to braindecode.

        Parameters
        ----------
        split : str | None
            As in :meth:`epochs`.
        subject : str | None
            As in :meth:`epochs`.
        pipeline : Pipeline | str | path-like | None
            As in :meth:`epochs`.
        target : str
            Column of the metadata that is to be decoded.

        Returns
        -------
        windows : braindecode.datasets.BaseConcatDataset
            One WindowsDataset per recording; an item is (X, y, crop) with X of float32 and shape (n_channels,
            n_times). The codes y are those of the whole dataset, whatever subject or split is taken, and
            ``windows.target_mapping`` says what they stand for.

        Raises
        ------
        ImportError
            If braindecode is not installed.
        """
        epochs = self.epochs(split=split, subject=subject, pipeline=pipeline)
        tables = [bids.read_events_table(path, self._columns) for path in self._bids_paths]
        return to_braindecode(epochs, target, target_values(self.recordings, tables, target))


def _with_names(table):
    """Return the rows of an events table with the published path and the name of each picture."""
    files = _first_given(table, "stim_file", "image_path")
    stems = files.map({name: picture_name(name) for name in files.dropna().unique()})
    return table.assign(stim_file=files, image=_first_given(table.assign(stem=stems), "image", "stem"))


def _first_given(table, *columns):
    """Return in each row what stands in the first of the columns that says something."""
    found = pd.Series(None, index=table.index, dtype=object)
    for column in columns:
        if column in table:
            found = found.where(found.notna(), table[column].astype(object))
    return found


def _posix(name):
    """Return a published path; a Windows path is one all the same."""
    return pathlib.PurePosixPath(name.replace("\\", "/"))
