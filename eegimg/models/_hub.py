"""A network in a folder or on a hub: weights, sizes and card, all of them data."""

import dataclasses
import inspect
import json
import pathlib

from .._paths import whole_file, write_text
from ._card import ModelCard
from ._facts import card_from_facts
from ._sizes import plain_channels

# What config.json has beside the words of the constructor.
CARD = "model_card"


def card_of(network):
    """Return a network's card, or a bare one with its sizes where nobody gave it any.

    Parameters
    ----------
    network : Network
        Built by :func:`eegimg.create_model` or by its class.

    Returns
    -------
    card : ModelCard
        Of this network.
    """
    if network.card is not None:
        return network.card
    kind = type(network)
    first = (inspect.getdoc(kind) or kind.__name__).partition("\n")[0]
    return ModelCard(
        name=kind.__name__.lower(),
        summary=first,
        builder=f"{kind.__module__}:{kind.__name__}",
        kind="encoder",
        licence="not stated",
        paper="none",
        code="none",
        sizes=dict(network._hub_mixin_config or {}),
    )


def save_network(network, folder):
    """Write ``model.safetensors``, ``config.json`` and ``README.md``, each whole.

    Parameters
    ----------
    network : Network
        Its weights, sizes and card.
    folder : path-like
        Made if it is not there; files of these names are replaced.

    Raises
    ------
    TypeError
        If a word of the constructor cannot be written as JSON.
    """
    from safetensors.torch import save_model

    folder, card = pathlib.Path(folder), card_of(network)
    sizes = dict(card.sizes)
    if getattr(network, "chs_info", None) is not None:
        # mne's own table has what JSON cannot hold.
        sizes["chs_info"] = plain_channels(network.chs_info)
    card = dataclasses.replace(card, sizes={}, weights=None)
    facts = {key: value for key, value in card.facts().items() if key != "builder"}
    config = {**sizes, CARD: facts}
    try:
        text = json.dumps(config, indent=2, sort_keys=True)
    except (TypeError, ValueError) as err:
        raise TypeError(
            f"The sizes of {card.name!r} cannot be saved as JSON: {err}. Give plain values."
        ) from err
    with whole_file(folder / "model.safetensors") as temporary:
        save_model(network, str(temporary), metadata={"eegimg": json.dumps(config, sort_keys=True)})
    write_text(folder / "config.json", text + "\n")
    write_text(folder / "README.md", card_of(network).to_markdown())


def read_config(folder):
    """Read ``config.json`` of a folder.

    Parameters
    ----------
    folder : pathlib.Path
        That ``save_pretrained`` wrote.

    Returns
    -------
    config : dict
        Words of the constructor, and the card.

    Raises
    ------
    FileNotFoundError
        If there is none.
    RuntimeError
        If it is not what eegimg writes.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the folder was not written by save_pretrained of eegimg."
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as err:
        raise RuntimeError(f"{path} is not JSON: {err}. Save the network again.") from err
    return check_config(config, str(path))


def is_own(folder):
    """Tell whether a folder's config.json is one of eegimg's (bool); what cannot be read is none."""
    try:
        read_config(folder)
    except (FileNotFoundError, RuntimeError):
        return False
    return True


def check_config(config, source):
    """Return a config that eegimg wrote, or raise RuntimeError."""
    if isinstance(config, dict) and isinstance(config.get(CARD), dict) and "name" in config[CARD]:
        return config
    raise RuntimeError(
        f"{source} was not written by save_pretrained of eegimg: it has no {CARD!r}. Only networks of eegimg "
        "are read."
    )


def sizes_of(config):
    """Return the words of the constructor in a config (dict)."""
    return {key: value for key, value in config.items() if key != CARD}


def card_in(config, source):
    """Return the card in a config, which cannot name what builds the network, and so no code (ModelCard)."""
    facts = {**config[CARD], "builder": "", "sizes": sizes_of(config)}
    facts.pop("weights", None)
    return card_from_facts(facts, source)
