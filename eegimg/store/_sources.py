"""Where the epochs of a store come from: objects in memory, or a folder that eegimg preprocess wrote."""

import dataclasses
import hashlib
import pathlib
import re

import mne

from .. import bids
from .._checks import listing, suggest

_CALLER = "write_store"
_NAME = re.compile(r"(.+)_desc-([A-Za-z0-9]+)_epo")
_ENTITIES = {"sub": "subject", "ses": "session", "task": "task", "run": "run"}


@dataclasses.dataclass(frozen=True)
class Recording:
    """Epochs of one recording that are to be stored.

    Parameters
    ----------
    name : str
        What the recording is called: sub-01_task-faces_run-1, or epochs-0000 of objects.
    epochs : mne.BaseEpochs | None
        In memory, or None where they are read from the file.
    sidecar : pathlib.Path | None
        Of a derivative.
    position : int
        Where it stands among objects; 0 for files, which are sorted by name.
    """

    name: str
    epochs: object = None
    sidecar: object = None
    position: int = 0

    @property
    def digest(self):
        """What tells whether the same recording was stored before: SHA-256 of the sidecar, written last."""
        return None if self.sidecar is None else hashlib.sha256(self.sidecar.read_bytes()).hexdigest()

    @property
    def entities(self):
        """Subject, session, task and run, as the name has them."""
        parts = [part.split("-", 1) for part in self.name.split("_") if "-" in part]
        return {_ENTITIES[short]: label for short, label in parts if short in _ENTITIES}

    def read(self):
        """Return the epochs; those that are not loaded stay on disk, without rejected ones."""
        if self.epochs is None:
            return bids.read_result(self.sidecar)
        if self.epochs.preload:
            return self.epochs
        return self.epochs.copy().drop_bad(verbose="error")

    def facts(self, epochs):
        """Return what is known of how the epochs came about.

        Parameters
        ----------
        epochs : mne.BaseEpochs
            As :meth:`read` gives them.

        Returns
        -------
        facts : dict
            ``source`` (file name or None), ``recipe`` (name and fingerprint), ``unit``, ``audit`` (verdict
            and reason, or None), ``transductive_steps``.
        """
        fields = {} if self.sidecar is None else bids.read_json(self.sidecar)
        recipe, audit = fields.get("Recipe") or {}, fields.get("Audit")
        return {
            "source": None if self.sidecar is None else self.sidecar.with_suffix(".fif").name,
            "recipe": {key: recipe[key] for key in ("name", "fingerprint") if key in recipe} or None,
            "unit": fields.get("Units"),
            "audit": {key: audit[key] for key in ("verdict", "reason") if key in audit} if audit else None,
            "transductive_steps": bids.marked_steps(epochs),
        }


def find_results(folder, recipe=None, subjects=None):
    """List the recordings whose epochs a folder holds.

    Parameters
    ----------
    folder : path-like
        Folder that ``eegimg preprocess`` wrote.
    recipe : str | None
        Name of the recipe; None where there is only one.
    subjects : str | int | list | None
        Only these.

    Returns
    -------
    recordings : list of Recording
        Sorted by name.
    about : dict
        ``dataset``, ``licence`` and ``doi``, None where the folder does not say.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no epochs in it.
    ValueError
        If there are several recipes and none is named, or not the one that is; or one was changed between
        recordings.
    """
    folder = pathlib.Path(folder).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} was asked for; there is no such folder.")
    found = {}
    for file in sorted(folder.glob("sub-*/**/*_desc-*_epo.json")):
        name, of = _NAME.fullmatch(file.stem).groups()
        found.setdefault(of, []).append(Recording(name, sidecar=file))
    if not found:
        raise FileNotFoundError(
            f"{folder} holds no finished epochs (sub-*/**/*_desc-*_epo.json). Run "
            f"eegimg preprocess BIDS_ROOT --out {folder} first."
        )
    if recipe is None and len(found) > 1:
        raise ValueError(
            f"{folder} holds epochs of the recipes {listing(found)}. Name one of them (recipe=)."
        )
    chosen = next(iter(found)) if recipe is None else recipe
    if chosen not in found:
        raise ValueError(
            f"The recipe {chosen!r} was asked for; {folder} holds epochs of {listing(found)}."
            f"{suggest(chosen, found)}"
        )
    recordings = _only(found[chosen], subjects, folder)
    _check_one_recipe(recordings, folder)
    return recordings, _describe(folder)


def _only(recordings, subjects, folder):
    """Keep the recordings of some subjects."""
    if subjects is None:
        return recordings
    there = sorted({recording.entities["subject"] for recording in recordings})
    chosen = []
    for asked in bids.as_labels(subjects, "subjects", _CALLER):
        label = bids.find_label(asked, there, "subject")
        if label is None:
            raise ValueError(
                f"The subject {asked!r} was asked for; {folder} has {listing(there)}.{suggest(asked, there)}"
            )
        chosen.append(label)
    return [recording for recording in recordings if recording.entities["subject"] in chosen]


def _check_one_recipe(recordings, folder):
    """Raise ValueError if the recipe was changed between recordings."""
    made = {}
    for recording in recordings:
        fingerprint = (bids.read_json(recording.sidecar).get("Recipe") or {}).get("fingerprint")
        made.setdefault(fingerprint, recording.name)
    if len(made) > 1:
        raise ValueError(
            f"{folder} holds epochs of {len(made)} versions of one recipe (of {listing(made.values())}). "
            "Preprocess all recordings again, or store the subjects of one version."
        )


def _describe(folder):
    """Return name, licence and DOI of a dataset, where its description has them."""
    fields = bids.read_json(folder / "dataset_description.json")
    sources = fields.get("SourceDatasets")
    doi = sources[0].get("DOI") if isinstance(sources, list) and sources else None
    name = fields.get("Name")
    return {
        "dataset": name.removesuffix(": preprocessed with eegimg") if isinstance(name, str) else None,
        "licence": fields.get("License"),
        "doi": doi,
    }


def as_recordings(data, start=0):
    """Give each object a name: the first is epochs-0000.

    Parameters
    ----------
    data : mne.BaseEpochs | iterable of mne.BaseEpochs
        Taken one at a time: a generator may make them on the way.
    start : int
        Number of the first.

    Yields
    ------
    recording : Recording
        One for each.

    Raises
    ------
    TypeError
        If something else is among them.
    """
    objects = [data] if isinstance(data, mne.BaseEpochs) else data
    for position, epochs in enumerate(objects, start):
        if not isinstance(epochs, mne.BaseEpochs):
            raise TypeError(
                f"The 'data' parameter of {_CALLER} must be epochs, a list of epochs, or the folder that "
                f"eegimg preprocess wrote. Got {type(epochs).__name__} among them."
            )
        yield Recording(f"epochs-{position:04d}", epochs=epochs, position=position)
