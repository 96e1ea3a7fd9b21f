"""What a network is pretrained on: a list of sources in TOML."""

import dataclasses
import pathlib
import tomllib

import pandas as pd

from .. import bids
from .._checks import check_number, check_type, listing, suggest
from ..store import read_store
from ._licences import NOT_STATED

KINDS = ("store", "moabb", "eegdash", "bids", "simulated")
# Said by who writes the list, shown before anything is downloaded; the data themselves are asked later.
FACTS = ("licence", "n_subjects", "n_channels", "sfreq", "hours", "size_gb", "doi", "note", "unverified")
_FOLDER = pathlib.Path(__file__).parent / "corpora"
_CALLER = "a [[corpus]] table"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One source of a corpus.

    Parameters
    ----------
    kind : str
        "store", "moabb", "eegdash", "bids" or "simulated".
    value : str | dict
        Folder of the store or BIDS dataset, name of the dataset at MOABB or EEGDash, or options of
        :func:`eegimg.make_dataset`.
    subjects : tuple | None
        Which subjects. None takes all.
    recipe : str | None
        Recipe that makes epochs of the recordings. None takes the default of eegimg.
    weight : float
        How often each epoch is seen when the corpus is gone through once: 1 once, 2 twice, 0.5 every other
        time.
    window, stride : float | None
        Cut the continuous recording, after those steps of the recipe that come before MakeEpochs, into
        windows of so many seconds, one every so many seconds (None: one after another).
    people : str | None
        Name of the group of people; sources with the same one share subjects, who are then held out of all.
        None is a group of its own.
    facts : dict
        What is said of it beforehand: licence, n_subjects, n_channels, sfreq (Hz), hours, size_gb, doi, note,
        unverified.
    """

    kind: str
    value: object
    subjects: tuple | None = None
    recipe: str | None = None
    weight: float = 1.0
    window: float | None = None
    stride: float | None = None
    people: str | None = None
    facts: dict = dataclasses.field(default_factory=dict)

    @property
    def name(self):
        """What the source is called in tables and messages."""
        if self.kind == "simulated":
            return "simulated"
        return self.value if self.kind in ("moabb", "eegdash") else pathlib.Path(self.value).name


def list_corpora():
    """List the corpora that come with eegimg.

    Returns
    -------
    names : list of str
        Sorted.
    """
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


def read_corpus(corpus, folder="."):
    """Read a list of sources.

    Parameters
    ----------
    corpus : str | path-like | list of dict
        Name of a corpus of eegimg, path of a TOML file with ``[[corpus]]`` tables, or such tables.
    folder : path-like
        Where relative paths in tables start.

    Returns
    -------
    entries : tuple of Entry
        In the order of the list, no two the same.

    Raises
    ------
    FileNotFoundError
        If there is no such corpus.
    TypeError, ValueError
        If a table has no source or several, an unknown key, or a value that is not what it must be.
    """
    if not isinstance(corpus, list):
        path = _FOLDER / f"{corpus}.toml" if str(corpus) in list_corpora() else pathlib.Path(folder, corpus)
        tables = read_toml(path, "corpus", list_corpora())
        unknown = sorted(set(tables) - {"corpus", "title", "checked"})
        if unknown or not isinstance(tables.get("corpus"), list):
            problem = f"has the unknown key {unknown[0]!r}" if unknown else "has no [[corpus]] table"
            raise ValueError(
                f"The corpus {path.name} {problem}. A corpus is one [[corpus]] table per source."
            )
        corpus, folder = tables["corpus"], path.parent
    if not corpus:
        raise ValueError("The corpus is empty: give one [[corpus]] table per source.")
    entries = tuple(
        _read_entry(table, number, pathlib.Path(folder)) for number, table in enumerate(corpus, 1)
    )
    same = [(entry.kind, entry.value, entry.subjects, entry.recipe, entry.window) for entry in entries]
    for number, content in enumerate(same):
        if content in same[:number]:
            raise ValueError(
                f"The corpus has {entries[number].name} twice, as sources {same.index(content) + 1} and "
                f"{number + 1}. Give it once, with the sum of the weights."
            )
    return entries


def read_toml(path, what, known=()):
    """Return the content of a TOML file, or say in one sentence that it is not there or not TOML."""
    if not path.is_file():
        has = f", and eegimg has the {what} {listing(known)}" if known else ""
        raise FileNotFoundError(
            f"The {what} {path} was asked for; there is no such file{has}.{suggest(path.name, known)}"
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ValueError(f"The {what} {path.name} is not TOML: {err}.") from err


def _read_entry(table, number, folder):
    check_type("corpus", table, dict, "a recipe of pretraining", "a list of tables")
    table = dict(table)
    kinds = [kind for kind in KINDS if kind in table]
    fields = [
        field.name for field in dataclasses.fields(Entry) if field.name not in ("kind", "value", "facts")
    ]
    known = [*KINDS, *fields, *FACTS]
    for key in table:
        if key not in known:
            raise ValueError(
                f"Source {number} of the corpus has the unknown key {key!r}.{suggest(key, known)}"
            )
    if len(kinds) != 1:
        found = listing(kinds) if kinds else "none"
        raise ValueError(
            f"Source {number} of the corpus must have exactly one of {listing(KINDS)}. It has {found}."
        )
    kind, value = kinds[0], table.pop(kinds[0])
    wanted = (
        (dict, "a table of options of make_dataset") if kind == "simulated" else (str, "a name or a path")
    )
    check_type(kind, value, wanted[0], _CALLER, wanted[1])
    if kind in ("store", "bids"):
        value = str(folder / pathlib.Path(value).expanduser())
    if str(table.get("recipe", "")).endswith(".toml"):
        table["recipe"] = str(folder / table["recipe"])
    facts = {key: table.pop(key) for key in FACTS if key in table}
    subjects = table.pop("subjects", None)
    if subjects is not None:
        check_type("subjects", subjects, (list, tuple), _CALLER, "a list")
    entry = Entry(kind, value, None if subjects is None else tuple(subjects), facts=facts, **table)
    _check_entry(entry)
    return entry


def _check_entry(entry):
    check_number("weight", entry.weight, _CALLER, above=0)
    check_number("window", entry.window, _CALLER, above=0, none=True)
    check_number("stride", entry.stride, _CALLER, above=0, none=True)
    for name in ("recipe", "people"):
        check_type(name, getattr(entry, name), (str, type(None)), _CALLER, "a name")
    if entry.stride is not None and entry.window is None:
        raise ValueError(f"{entry.name} has a stride and no window. Give the window in seconds too.")
    for name in ("subjects", "recipe", "window") if entry.kind == "store" else ():
        if getattr(entry, name) is not None and name != "subjects":
            raise ValueError(f"{entry.name} is a store, whose epochs are made already: leave {name!r} out.")


def describe_corpus(entries):
    """Return what is known of each source without downloading anything.

    Parameters
    ----------
    entries : sequence of Entry
        As :func:`read_corpus` returns them.

    Returns
    -------
    table : pandas.DataFrame
        One row per source: source, kind, weight, n_subjects, n_epochs, n_channels, sfreq (Hz), hours,
        size_gb, licence, and whether it is ``local``. None where it is not known: of stores everything is, of
        others what the corpus says.

    Raises
    ------
    FileNotFoundError, RuntimeError
        If a store or a BIDS folder is not there, or is none.
    """
    rows = []
    for entry in entries:
        row = {"source": entry.name, "kind": entry.kind, "weight": entry.weight}
        row |= dict.fromkeys(("n_subjects", "n_epochs", "n_channels", "sfreq", "hours", "size_gb"))
        row["licence"] = NOT_STATED
        row |= {
            key: value for key, value in _LOOKS.get(entry.kind, _nothing)(entry).items() if value is not None
        }
        row |= {key: value for key, value in entry.facts.items() if key in row}
        if entry.subjects is not None:
            row["n_subjects"] = len(entry.subjects)
        rows.append(row | {"local": entry.kind not in ("moabb", "eegdash")})
    return pd.DataFrame(rows)


def _nothing(entry):
    return {}


def _look_into_store(entry):
    store = read_store(entry.value)
    n_bytes = len(store) * store.n_channels * store.n_times * 4
    return {
        "n_subjects": store.metadata["subject"].nunique() if "subject" in store.metadata else None,
        "n_epochs": len(store),
        "n_channels": store.n_channels,
        "sfreq": store.sfreq,
        "hours": len(store) * store.n_times / store.sfreq / 3600,
        "size_gb": n_bytes / 1e9,
        "licence": store.manifest.get("licence"),
    }


def _look_into_folder(entry):
    subjects = {path.subject for path in bids.find_recordings(entry.value)}
    description = bids.read_json(pathlib.Path(entry.value) / "dataset_description.json")
    return {"n_subjects": len(subjects), "licence": description.get("License")}


def _foresee(entry):
    options = {"n_subjects": 2, "n_images": 40, "n_repetitions": 4, "n_channels": 32, "sfreq": 250.0}
    options |= entry.value
    n_epochs = options["n_subjects"] * options["n_images"] * options["n_repetitions"]
    return {
        "n_subjects": options["n_subjects"],
        "n_epochs": n_epochs if entry.window is None else None,
        "n_channels": options["n_channels"],
        "sfreq": options["sfreq"],
        "licence": "CC0-1.0",
    }


_LOOKS = {"store": _look_into_store, "bids": _look_into_folder, "simulated": _foresee}
