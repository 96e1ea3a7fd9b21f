"""Networks by name: which there are, and how one is built."""

import dataclasses
import fnmatch
import importlib
import inspect
import pathlib
import re
import tomllib

from .._checks import check_type, listing, suggest
from .._optional import require
from ._braindecode import build_published, is_braindecodes
from ._facts import card_from_facts
from ._load import Checkpoint, build, read_checkpoint, read_safetensors
from ._weights import check_terms, fetch_weights

CARDS = pathlib.Path(__file__).with_name("cards.toml")
# A card is data: what it names to build with can only be one of the networks that come with eegimg.
_BUILDER = re.compile(r"(eegimg\.models\.networks\.[a-z][a-z0-9_]*):([A-Za-z]\w*)")
# Networks of the user, by name: card and builder.
_REGISTERED = {}


def read_cards():
    """Read the cards of all networks that come with eegimg, and those registered since.

    Returns
    -------
    cards : dict of str to ModelCard
        By name, in the order of ``cards.toml``; nothing of torch is imported.

    Raises
    ------
    ValueError
        If ``cards.toml`` is not what it must be.
    """
    try:
        tables = tomllib.loads(CARDS.read_text(encoding="utf-8")).get("card", [])
    except ValueError as err:
        raise ValueError(f"{CARDS.name} is not TOML: {err}.") from err
    cards = {}
    for table in tables:
        card = card_from_facts(table, CARDS.name)
        if card.name in cards:
            raise ValueError(f"{CARDS.name} has the card {card.name!r} twice.")
        cards[card.name] = card
    return cards | {name: card for name, (card, _) in _REGISTERED.items()}


def list_models(pattern="*", pretrained=False):
    """List the networks that eegimg knows; torch is not needed.

    Parameters
    ----------
    pattern : str
        As in a shell: ``"dreamdiffusion*"``.
    pretrained : bool
        Only those with weights that come with eegimg or can be downloaded, and whose sha256 is known.

    Returns
    -------
    names : list of str
        Sorted: architectures, and weights as "architecture.tag".

    Examples
    --------
    >>> import eegimg
    >>> "nice" in eegimg.list_models("n*")
    True
    """
    check_type("pattern", pattern, str, "list_models", "text such as 'dreamdiffusion*'")
    check_type("pretrained", pretrained, bool, "list_models", "True or False")
    return sorted(
        name
        for name, card in read_cards().items()
        if fnmatch.fnmatchcase(name, pattern) and (not pretrained or _has_weights(card))
    )


def read_card(name):
    """Read what is known of a network; torch is not needed.

    Parameters
    ----------
    name : str
        One of :func:`eegimg.list_models`.

    Returns
    -------
    card : ModelCard
        The facts.

    Raises
    ------
    ValueError
        If there is no such network.
    """
    check_type("name", name, str, "read_card", "the name of a model")
    cards = read_cards()
    if name not in cards:
        raise ValueError(
            f"The model {name!r} was asked for; eegimg knows {listing(sorted(cards), 40)}."
            f"{suggest(name, cards)}"
        )
    return cards[name]


def create_model(name, *, pretrained=False, checkpoint=None, accept_license=False, **sizes):
    """Build a network by name, with random weights, its published ones, or those of a checkpoint.

    Parameters
    ----------
    name : str
        One of :func:`list_models`. With ``pretrained=True`` an architecture alone takes its first tag with
        weights.
    pretrained : bool
        Whether to load the weights of the card: those that come with eegimg, a download into
        ``EEGIMG_DATA/models``, both checked against the card's sha256, or what braindecode published on the
        Hugging Face hub, whose sha256 is not known.
    checkpoint : path-like | None
        Weights of your own: a folder of ``save_pretrained`` (for foundation models also of braindecode's), a
        .safetensors file, or, where the card's weights have DreamDiffusion's layout, a .pth file.
    accept_license : bool
        Say that you have read the terms of the weights, may use them and accept them. Needed for a download
        where the card's terms are not "open".
    **sizes : object
        Words of the constructor (``n_chans``, ``n_times``, ``n_outputs``, ...), which go before the card's.
        Weights fix them, except those that the card calls free.

    Returns
    -------
    model : torch.nn.Module
        On the CPU, in float32. ``model.card`` is a :class:`ModelCard` with the sizes that were built. With
        weights it is in evaluation mode, since dropout would change what they compute; without, in training
        mode, as torch and timm leave a new network.

    Raises
    ------
    ValueError
        If there is no such model, it has no weights to be had, weights fix a size that was given, or belong
        to another architecture.
    TypeError
        If a size is unknown, or one is needed and missing.
    FileNotFoundError
        If the checkpoint is not there.
    RuntimeError
        If weights are damaged, are not those of the card, or would have to run code.
    ImportError
        If torch is not installed.

    Examples
    --------
    >>> import eegimg
    >>> model = eegimg.create_model("nice", n_chans=17, n_times=100)  # doctest: +SKIP
    """
    check_type("pretrained", pretrained, bool, "create_model", "True or False")
    if pretrained and checkpoint is not None:
        raise ValueError(
            "create_model was given both pretrained=True and a checkpoint. Give one: the card's weights, or "
            "yours."
        )
    card = _tagged(read_card(name)) if pretrained else read_card(name)
    for module in ("torch", "huggingface_hub", "safetensors"):
        require(module, "create_model", "models")
    builder = find_builder(card)
    if sizes.get("which", card.sizes.get("which")) != card.sizes.get("which"):
        raise ValueError(
            f"The model {name!r} was asked for with which={sizes['which']!r}. Name that model instead."
        )
    if pretrained and card.weights.hub:
        check_terms(card, accept_license)
        return build_published(builder, card, sizes, card.weights.hub, card.weights.revision or None)
    if checkpoint is not None and is_braindecodes(card, checkpoint):
        found = dataclasses.replace(_untrained(card), training_data=f"not known: read from {checkpoint}")
        return build_published(builder, found, sizes, str(pathlib.Path(checkpoint).expanduser()))
    if pretrained:
        weights = _read_own(card, fetch_weights(card, accept_license))
        return build(card.name, builder, card, sizes, weights, f"The weights of {card.name}")
    if checkpoint is None:
        return build(card.name, builder, _untrained(card), sizes)
    found = read_checkpoint(checkpoint, card, sizes)
    return build(card.name, builder, _card_of_checkpoint(card, found), sizes, found)


def register_model(name, builder=None, **facts):
    """Add a network of your own, for this process, to those that ``create_model`` builds.

    Parameters
    ----------
    name : str
        "arch" or "arch.tag" in lower case, not taken.
    builder : callable | None
        Class or function that takes the sizes and returns a ``torch.nn.Module``. Without one, the call is a
        decorator: ``@register_model("mine")``.
    **facts : object
        Fields of :class:`ModelCard`, as they would stand in ``cards.toml``; all have defaults here.

    Returns
    -------
    builder : callable
        What was given, or the decorator.

    Raises
    ------
    ValueError
        If the name is taken, or a fact is not what it must be.
    TypeError
        If the builder cannot be called.
    """
    if builder is None:
        return lambda given: register_model(name, given, **facts)
    if not callable(builder):
        raise TypeError(
            "The 'builder' parameter of register_model must be a class or function that returns a network. "
            f"Got {builder!r} instead."
        )
    if name in read_cards():
        raise ValueError(f"The name {name!r} is taken. Choose another for your model.")
    text = (inspect.getdoc(builder) or f"The network {name}.").partition("\n")[0]
    module, called = getattr(builder, "__module__", ""), getattr(builder, "__qualname__", repr(builder))
    defaults = {"summary": text, "kind": "encoder", "licence": "not stated", "paper": "none", "code": "none"}
    given = {**defaults, **facts, "name": name, "builder": f"{module}:{called}"}
    _REGISTERED[name] = (card_from_facts(given, "register_model"), builder)
    return builder


def find_builder(card):
    """Return what builds a card's network, one that comes with eegimg or one that was registered.

    Parameters
    ----------
    card : ModelCard
        Its name, and its builder.

    Returns
    -------
    builder : callable
        Takes the sizes.

    Raises
    ------
    ValueError
        If the card names anything else.
    """
    if card.name in _REGISTERED:
        return _REGISTERED[card.name][1]
    match = _BUILDER.fullmatch(card.builder)
    if match is None:
        raise ValueError(
            f"The card {card.name!r} is built by {card.builder!r}; only classes of eegimg.models.networks "
            "and what register_model was given are built."
        )
    return getattr(importlib.import_module(match[1]), match[2])


def _has_weights(card):
    return card.weights is not None and card.weights.can_be_had


def _tagged(card):
    """Return the card whose weights a name stands for, or say how to get them."""
    if _has_weights(card) or (card.weights is not None and card.weights.hub):
        return card
    tags = [other for other in read_cards().values() if other.arch == card.name and _has_weights(other)]
    if tags:
        return tags[0]
    if card.weights is not None:
        raise ValueError(
            f"The weights of {card.name!r} cannot be fetched by eegimg: get them at {card.weights.page} and "
            "give create_model(..., checkpoint=FILE)."
        )
    having = list_models(pretrained=True)
    raise ValueError(
        f"The model {card.name!r} has no published weights that eegimg knows. Train it, give a checkpoint, "
        f"or take one of {listing(having, 20)}."
    )


def _read_own(card, path):
    """Read a card's own weights; its sizes are what they were trained with."""
    if card.weights.format == "safetensors":
        return Checkpoint(path.name, read_safetensors(path)[0], card.sizes)
    found = read_checkpoint(path, card)
    return dataclasses.replace(found, sizes={**card.sizes, **(found.sizes or {})})


def _untrained(card):
    """Return the card of an architecture whose weights are random: nothing that training gave."""
    nothing = {"training_data": "none: the weights are random", "split": "", "selection": "", "scores": ()}
    return dataclasses.replace(card, weights=None, **nothing)


def _card_of_checkpoint(card, found):
    """Return what is known of a network with the weights of a checkpoint."""
    if found.card is None:
        return dataclasses.replace(_untrained(card), training_data=f"not known: read from {found.source}")
    if found.card.arch == card.arch:
        return dataclasses.replace(found.card, builder=card.builder, free=card.free)
    # Such as an encoder out of a masked autoencoder: trained as that was, with no scores of its own.
    keys = ("licence", "input", "recipe", "training_data", "split", "selection", "caveats")
    taken = {key: getattr(found.card, key) for key in keys}
    return dataclasses.replace(_untrained(card), **taken)
