"""Foundation models with the weights that braindecode published: folders and repositories that it wrote."""

import dataclasses
import pathlib

from . import _hub
from ._sizes import choose_sizes, with_sizes


def is_braindecodes(card, checkpoint):
    """Tell whether a checkpoint is a folder of braindecode, for a network whose weights it publishes.

    Parameters
    ----------
    card : ModelCard
        Of the network that was asked for.
    checkpoint : path-like
        What the user gave.

    Returns
    -------
    answer : bool
        False also for a folder that ``save_pretrained`` of eegimg wrote.
    """
    folder = pathlib.Path(checkpoint).expanduser()
    published = card.weights is not None and card.weights.format == "braindecode"
    return published and (folder / "config.json").is_file() and not _hub.is_own(folder)


def build_published(builder, card, given, source, revision=None):
    """Build a network with the weights of a folder or repository of braindecode.

    Parameters
    ----------
    builder : type
        :class:`eegimg.models.networks.foundation.Foundation`.
    card : ModelCard
        Whose ``sizes`` name the model.
    given : dict
        Words of the constructor that the user gives.
    source : str
        Folder, or "owner/name" on the Hugging Face hub.
    revision : str | None
        Commit on the hub.

    Returns
    -------
    network : torch.nn.Module
        With ``card``, in evaluation mode.

    Raises
    ------
    FileNotFoundError, RuntimeError
        If a file is missing, damaged or not to be had.
    ValueError
        If the weights are those of another model, or fix a size that was given.
    """
    # What the weights fix stands in braindecode's config.json, so that none of its words is the user's.
    free = (*card.free, "n_outputs")
    sizes = choose_sizes(card.name, builder, card.sizes, given, f"The weights of {source}", free)
    words = {key: value for key, value in sizes.items() if value is not None and key != "which"}
    network = builder.from_braindecode(sizes["which"], source, revision=revision, **words)
    card = with_sizes(card, {**sizes, **network._hub_mixin_config}, given)
    count = sum(parameter.numel() for parameter in network.parameters())
    network.card = dataclasses.replace(card, n_parameters=count)
    return network
