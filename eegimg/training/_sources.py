"""Every source of a corpus as a store: made once, and then only read."""

import dataclasses
import hashlib
import json
import logging
import pathlib
import shutil

from .. import bids
from .._checks import listing, suggest
from ..datasets import from_eegdash, from_moabb, load_dataset, make_dataset
from ..datasets._braindecode import import_known
from ..datasets._identity import known_columns, known_design, known_recipe
from ..pipeline import read_recipe
from ..runner import preprocess_dataset
from ..store import read_store, write_store
from ._corpus import NOT_STATED
from ._windows import cut_recording

logger = logging.getLogger("eegimg.training")


@dataclasses.dataclass(frozen=True)
class Source:
    """One source, ready to be read.

    Parameters
    ----------
    entry : Entry
        What was asked for.
    name : str
        What it is called in tables and messages, another for each.
    store : eegimg.store.Store
        Its epochs.
    licence : str
        As the data state it, or the corpus says.
    """

    entry: object
    name: str
    store: object
    licence: str


def open_sources(entries, cache, accept_license=False):
    """Open the store of each source, and make those that are not there yet.

    Parameters
    ----------
    entries : sequence of Entry
        The corpus.
    cache : path-like
        Folder of the stores that are made.
    accept_license : bool
        Passed on to what downloads.

    Returns
    -------
    sources : list of Source
        In the same order.

    Raises
    ------
    RuntimeError
        If none of a source's recordings gives epochs.
    """
    cache, sources = pathlib.Path(cache), []
    for number, entry in enumerate(entries, 1):
        alike = [other.name for other in entries].count(entry.name) > 1
        name = f"{entry.name} ({number})" if alike else entry.name
        licence = entry.facts.get("licence", NOT_STATED)
        if entry.kind == "store":
            store = _chosen(read_store(entry.value), entry)
        else:
            path = cache / _key(entry)
            if not (path / "manifest.json").is_file():
                logger.info("%s becomes the store %s", name, path)
                _make(entry, path, accept_license)
            store = read_store(path)
        if licence == NOT_STATED:
            licence = store.manifest.get("licence") or NOT_STATED
        sources.append(Source(entry, name, store, licence))
    return sources


def _chosen(store, entry):
    """Return the epochs of the subjects that were asked for."""
    if entry.subjects is None:
        return store
    there = store.metadata["subject"].astype(str)
    wanted = [str(subject) for subject in entry.subjects]
    absent = sorted(set(wanted) - set(there))
    if absent:
        raise ValueError(
            f"The subjects {listing(absent)} of {entry.name} were asked for; the store has "
            f"{listing(sorted(set(there)))}."
        )
    return store.select(there.isin(wanted).to_numpy())


def _key(entry):
    """Name the folder of a store after its source and all that decides its content."""
    recipe = None if entry.recipe is None else read_recipe(entry.recipe).fingerprint()
    content = [entry.kind, entry.value, entry.subjects, recipe, entry.window, entry.stride]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:10]
    return f"{entry.kind}-{entry.name}-{digest}"


def _make(entry, path, accept_license):
    """Make the store of one source from its BIDS folder."""
    work = path.with_name(f"{path.name}.unfinished")
    dataset = _OPENERS[entry.kind](entry, work, accept_license)
    recipe = read_recipe(known_recipe(dataset.root) if entry.recipe is None else entry.recipe)
    made = work / "derivatives"
    if entry.window is None:
        subjects = sorted(dataset.recordings["subject"].unique())
        # A killed run goes on where it stopped: the folder stays until the store is whole.
        summary = preprocess_dataset(
            dataset.root,
            made,
            recipe=recipe,
            subjects=subjects,
            columns=known_columns(dataset.root),
            design=known_design(dataset.root),
            report=False,
        )
        failed = {row["recording"]: row["reason"] for row in summary.rows if row["status"] == "failed"}
        n_recordings = len(summary.rows)
    else:
        failed, n_recordings = _cut(entry, dataset, recipe, made)
    for name, reason in failed.items():
        logger.warning("%s: %s is left out: %s", entry.name, name, reason)
    if len(failed) == n_recordings:
        raise RuntimeError(
            f"None of the {n_recordings} recordings of {entry.name} gave epochs; the first one: "
            f"{next(iter(failed.values()))}"
        )
    write_store(made, path)
    shutil.rmtree(work)


def _cut(entry, dataset, recipe, made):
    """Write windows as eegimg preprocess writes epochs; return what failed, and of how many recordings."""
    chosen = set(dataset.recordings["path"])
    paths = [path for path in bids.find_recordings(dataset.root) if str(path.fpath) in chosen]
    bids.prepare_derivatives(dataset.root, made, "eegimg")
    columns, failed, layout = known_columns(dataset.root), {}, None
    about = {"Recipe": {"name": recipe.name, "fingerprint": recipe.fingerprint()}, "Window": entry.window}
    for path in paths:
        target = bids.derivative_path(path, made, "windows")
        if target.with_suffix(".json").is_file():
            layout = layout or bids.read_json(target.with_suffix(".json"))["Layout"]
            continue
        try:
            epochs = cut_recording(path, recipe, entry.window, entry.stride or entry.window, columns)
            layout = layout or _layout(epochs)
            if _layout(epochs) != layout:
                raise ValueError("its channels or its rate are not those of the first recording.")
        except (RuntimeError, ValueError) as err:
            # One recording must not stop the others; it is named below.
            failed[path.fpath.name] = str(err)
            continue
        bids.write_derivative(epochs, path, target, about | {"Layout": layout})
    return failed, len(paths)


def _layout(epochs):
    """Return what all epochs of a store must share."""
    return [sorted(epochs.ch_names), epochs.info["sfreq"], len(epochs.times)]


def _open_moabb(entry, work, accept_license):
    return from_moabb(moabb_dataset(entry.value), subjects=entry.subjects)


def moabb_dataset(name):
    """Return the dataset object of a class of MOABB, by its name."""
    everything = import_known("moabb.datasets", f"The source {name}", "data")
    cls = getattr(everything, name, None)
    if not isinstance(cls, type):
        known = [each for each in vars(everything) if each[:1].isupper()]
        raise ValueError(
            f"The dataset {name!r} of MOABB was asked for; MOABB has none.{suggest(name, known)}"
        )
    return cls()


def _open_eegdash(entry, work, accept_license):
    subjects = None if entry.subjects is None else list(entry.subjects)
    return from_eegdash(entry.value, subjects=subjects, accept_license=accept_license)


def _open_bids(entry, work, accept_license):
    subjects = None if entry.subjects is None else list(entry.subjects)
    return load_dataset(None, root=entry.value, subjects=subjects)


def _open_simulated(entry, work, accept_license):
    root = work / "bids"
    make_dataset(root, **{"overwrite": root.is_dir(), **entry.value})
    subjects = None if entry.subjects is None else list(entry.subjects)
    return load_dataset(None, root=root, subjects=subjects)


_OPENERS = {
    "moabb": _open_moabb,
    "eegdash": _open_eegdash,
    "bids": _open_bids,
    "simulated": _open_simulated,
}
