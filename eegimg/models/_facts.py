"""Facts of a card: checked one by one when they are read, and written as plain tables again."""

import copy
import dataclasses
import re

from .._checks import check_option, listing, suggest
from ._card import ModelCard, Score, Weights

KINDS = ("masked", "encoder", "classifier")
FORMATS = ("safetensors", "dreamdiffusion-pth", "braindecode")
# Words of datasets/: whether the licence lets anybody use the weights.
TERMS = ("open", "restrictive", "conflicting", "unstated")
# What TOML and JSON give for each type of field below.
_WANTED = {
    str: ("text", (str,)),
    int: ("a whole number", (int,)),
    float: ("a number", (float, int)),
    float | None: ("a number", (float, int)),
    tuple: ("a list", (list, tuple)),
    dict: ("a table", (dict,)),
}
_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def card_from_facts(facts, source):
    """Make a card of its facts, or say which of them is wrong.

    Parameters
    ----------
    facts : dict
        A ``[[card]]`` of ``cards.toml``, or the ``card`` of a ``config.json``.
    source : str
        Where they stand, for sentences.

    Returns
    -------
    card : ModelCard
        With copies of what was given.

    Raises
    ------
    ValueError
        If a key is unknown, missing or of another type, or facts contradict each other.
    """
    where = f"{source}: the card {facts.get('name', 'without a name')!r}"
    facts = copy.deepcopy(facts)
    scores, weights = facts.pop("scores", []), facts.pop("weights", None)
    values = _checked(ModelCard, facts, where)
    _wanted("scores", scores, tuple, where)
    values["scores"] = tuple(
        Score(**_checked(Score, score, f"{where}, score {number}")) for number, score in enumerate(scores, 1)
    )
    if weights is not None:
        values["weights"] = Weights(**_checked(Weights, weights, f"{where}, weights"))
    card = ModelCard(**values)
    _check_card(card, where)
    return card


def _checked(kind, facts, where):
    """Return the facts of a dataclass, every key known, none missing, and each of its type."""
    _wanted("it", facts, dict, where)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in facts:
        if key not in fields:
            raise ValueError(f"{where} has the unknown key {key!r}.{suggest(key, fields)}")
    missing = [
        name
        for name, field in fields.items()
        if name not in facts
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ValueError(f"{where} lacks the keys {listing(missing, 20)}.")
    for key, value in facts.items():
        _wanted(key, value, fields[key].type, where)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}


def _wanted(key, value, kind, where):
    word, types = _WANTED[kind]
    if not isinstance(value, types) or isinstance(value, bool):
        raise ValueError(f"{where}: {key} must be {word}. Got {value!r} instead.")


def _check_card(card, where):
    """Raise ValueError where facts are of the right type and still cannot be."""
    if not _NAME.fullmatch(card.name):
        raise ValueError(
            f"{where}: name must be 'arch' or 'arch.tag' in lower case. Got {card.name!r} instead."
        )
    check_option("kind", card.kind, KINDS, where)
    for score in card.scores:
        if score.chance is None and score.null is None:
            raise ValueError(
                f"{where}: the score {score.metric!r} has neither chance nor null. Say what guessing reaches."
            )
    for key in ("free", "caveats"):
        for item in getattr(card, key):
            _wanted(f"{key}, {item!r}", item, str, where)
    if card.weights is not None:
        _check_weights(card.weights, where)
        unsaid = [key for key in ("training_data", "split", "selection") if not getattr(card, key)]
        if unsaid:
            raise ValueError(
                f"{where} has weights and does not say {listing(unsaid)}. Write 'unknown' if so."
            )


def _check_weights(weights, where):
    check_option("format", weights.format, FORMATS, where)
    check_option("terms", weights.terms, TERMS, where)
    places = [name for name in ("file", "url", "hub", "page") if getattr(weights, name)]
    if len(places) != 1:
        found = listing(places)
        raise ValueError(
            f"{where}: its weights must have one of 'file', 'url', 'hub' and 'page'. Got {found} instead."
        )
    if weights.sha256 and not _SHA256.fullmatch(weights.sha256):
        raise ValueError(f"{where}: sha256 must be 64 hexadecimal digits. Got {weights.sha256!r} instead.")
    if bool(weights.hub) != (weights.format == "braindecode"):
        raise ValueError(
            f"{where}: weights of braindecode, and only those, have a 'hub'. Got {weights.hub!r}."
        )
    if (weights.file or weights.url) and not (weights.sha256 and weights.size > 0):
        raise ValueError(f"{where}: a file or url needs its sha256 and size, so that it can be checked.")
    if weights.file and not re.fullmatch(r"[\w.-]+\.safetensors", weights.file):
        raise ValueError(
            f"{where}: file must be the name of a .safetensors file, without folders. Got "
            f"{weights.file!r} instead."
        )
    if weights.url and not weights.url.startswith("https://"):
        raise ValueError(f"{where}: url must begin with https://. Got {weights.url!r} instead.")


def plain_facts(value):
    """Return a card as tables of plain values, without what is at its default; tuples as lists."""
    if dataclasses.is_dataclass(value):
        return {
            field.name: plain_facts(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) not in (field.default, {})
        }
    if isinstance(value, dict):
        return {key: plain_facts(item) for key, item in value.items()}
    return [plain_facts(item) for item in value] if isinstance(value, (list, tuple)) else value
