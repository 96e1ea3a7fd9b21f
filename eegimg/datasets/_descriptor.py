"""Facts about a dataset, read from the folder that describes it."""

import dataclasses
import tomllib

from .. import io
from .._checks import check_option, listing, suggest
from .._paths import descriptors_root
from ..validity._designs import DESIGNS

# What TOML gives for each type of field below.
_WANTED = {str: (str,), int: (int,), float: (float, int), tuple: (list,), dict: (dict,)}
TERMS = ("open", "restrictive", "conflicting", "unstated")
LAYOUTS = ("bids", "simulated", *io.LAYOUTS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What is known of a dataset before any file of it is opened.

    Attributes
    ----------
    name : str
        As the community says it, in lower snake case.
    title : str
        One line.
    n_subjects, n_channels : int
        EEG channels only.
    sfreq : float
        Rate in Hz of what is distributed.
    n_images, n_concepts : int
        Pictures shown, and their categories; no pictures where classes were only imagined.
    n_trials : int
        Trials of all subjects together.
    design : 'rapid-event' | 'block' | 'unknown'
        Whether pictures of all concepts are mixed, or each concept has a block of its own.
    licence : str
        SPDX name, or what the source says.
    terms : 'open' | 'restrictive' | 'conflicting' | 'unstated'
        Whether that licence lets anybody use the data. All but open ones must be accepted before a download.
    size_gb : float
        Download in 1e9 bytes.
    access : str
        Where it comes from, and for data that must be asked for how to ask and where to put them.
    doi : str
        Of the paper.
    layout : str
        "bids" where BIDS is what is distributed, "simulated", or the module of :mod:`eegimg.io` that reads
        the published files.
    caveats : tuple of str
        What a user must know before quoting a number.
    url : str
        Home page.
    task : str
        BIDS task of a converted recording.
    ch_names : tuple of str
        EEG channels in the order of the published arrays.
    montage : str
        Name of MNE's template that has their positions; empty where no template fits.
    reference : str
        Online reference.
    line_freq : float
        Frequency of the mains where it was recorded in Hz; 0 where nobody says.
    columns : dict
        Which column of events.tsv plays the part of ours ("stim_file", "concept", ...), for BIDS sets that
        name them otherwise.
    """

    name: str
    title: str
    n_subjects: int
    n_channels: int
    sfreq: float
    n_images: int
    n_concepts: int
    n_trials: int
    design: str
    licence: str
    terms: str
    size_gb: float
    access: str
    doi: str
    layout: str
    caveats: tuple
    url: str = ""
    task: str = "images"
    ch_names: tuple = ()
    montage: str = ""
    reference: str = "n/a"
    line_freq: float = 0.0
    columns: dict = dataclasses.field(default_factory=dict)


def list_datasets():
    """List the datasets that eegimg knows.

    Returns
    -------
    names : list of str
        Sorted names for :func:`read_descriptor` and :func:`load_dataset`.

    Examples
    --------
    >>> import eegimg
    >>> "simulated" in eegimg.list_datasets()
    True
    """
    return sorted(file.parent.name for file in descriptors_root().glob("*/dataset.toml"))


def read_descriptor(name):
    """Read what is known of a dataset.

    Parameters
    ----------
    name : str
        One of :func:`list_datasets`.

    Returns
    -------
    descriptor : Descriptor
        The facts.

    Raises
    ------
    ValueError
        If there is no such dataset, or its dataset.toml has unknown or missing keys.
    """
    names = list_datasets()
    if name not in names:
        raise ValueError(
            f"The dataset {name!r} was asked for; eegimg knows {listing(names, 20)}.{suggest(name, names)}"
        )
    file = descriptors_root() / name / "dataset.toml"
    try:
        facts = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as err:
        raise ValueError(f"{name}/dataset.toml is not TOML: {err}.") from err
    known = [field.name for field in dataclasses.fields(Descriptor)]
    for key in facts:
        if key not in known:
            raise ValueError(f"{name}/dataset.toml has the unknown key {key!r}.{suggest(key, known)}")
    fields = dataclasses.fields(Descriptor)
    optional = {
        field.name
        for field in fields
        if (field.default, field.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
    }
    missing = [key for key in known if key not in facts and key not in optional]
    if missing:
        raise ValueError(f"{name}/dataset.toml lacks the keys {listing(missing, 20)}.")
    for field in fields:
        if field.name not in facts:
            continue
        wanted = _WANTED[field.type]
        if not isinstance(facts[field.name], wanted) or isinstance(facts[field.name], bool):
            kind = wanted[0].__name__
            raise ValueError(f"{name}/dataset.toml: {field.name} must be {kind}. Got {facts[field.name]!r}.")
    for key, options in (("design", DESIGNS), ("terms", TERMS), ("layout", LAYOUTS)):
        check_option(key, facts[key], options, f"{name}/dataset.toml")
    if facts["name"] != name:
        raise ValueError(f"{name}/dataset.toml says its name is {facts['name']!r}.")
    return Descriptor(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    )
