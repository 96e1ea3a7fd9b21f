"""Facts about a dataset, read from the folder that describes it."""

import dataclasses
import tomllib

from .._checks import check_option, listing, suggest
from .._paths import descriptors_root

# What TOML gives for each type of field below.
_WANTED = {str: (str,), int: (int,), float: (float, int), tuple: (list,)}
DESIGNS = ("rapid-event", "block", "unknown")


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
        Pictures shown, and their categories.
    design : 'rapid-event' | 'block' | 'unknown'
        Whether pictures of all concepts are mixed, or each concept has a block of its own.
    licence : str
        SPDX name, or what the source says.
    size_gb : float
        Download in 1e9 bytes.
    access : str
        Where it comes from.
    doi : str
        Of the paper.
    caveats : tuple of str
        What a user must know before quoting a number.
    """

    name: str
    title: str
    n_subjects: int
    n_channels: int
    sfreq: float
    n_images: int
    n_concepts: int
    design: str
    licence: str
    size_gb: float
    access: str
    doi: str
    caveats: tuple


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
    missing = [key for key in known if key not in facts]
    if missing:
        raise ValueError(f"{name}/dataset.toml lacks the keys {listing(missing, 20)}.")
    for field in dataclasses.fields(Descriptor):
        wanted = _WANTED[field.type]
        if not isinstance(facts[field.name], wanted) or isinstance(facts[field.name], bool):
            kind = wanted[0].__name__
            raise ValueError(f"{name}/dataset.toml: {field.name} must be {kind}. Got {facts[field.name]!r}.")
    check_option("design", facts["design"], DESIGNS, f"{name}/dataset.toml")
    if facts["name"] != name:
        raise ValueError(f"{name}/dataset.toml says its name is {facts['name']!r}.")
    return Descriptor(**facts | {"caveats": tuple(facts["caveats"])})
