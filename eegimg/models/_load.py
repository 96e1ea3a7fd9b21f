"""Checkpoints into networks: read without running anything, and refused where they belong to another one."""

import dataclasses
import json
import pathlib

from .._checks import listing
from . import _hub
from ._card import ModelCard
from ._sizes import choose_sizes, with_sizes

_PICKLES = (".pth", ".pt", ".bin", ".ckpt", ".pkl")


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What a file or folder holds.

    Attributes
    ----------
    source : str
        Its name, for sentences.
    state : dict of str to torch.Tensor
        Tensors by name.
    sizes : dict | None
        Constructor words that it says; None where it says none.
    card : ModelCard | None
        Where it brings one.
    """

    source: str
    state: dict
    sizes: dict | None = None
    card: ModelCard | None = None


def read_checkpoint(path, card, given=()):
    """Read a folder of ``save_pretrained``, a safetensors file, or a checkpoint as DreamDiffusion's are.

    Parameters
    ----------
    path : path-like
        What the user gave.
    card : ModelCard
        Of the network that was asked for.
    given : dict
        Words of the constructor that the user gives: the numbers of heads, where a .pth does not say them.

    Returns
    -------
    checkpoint : Checkpoint
        Its content.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or the folder lacks one.
    RuntimeError
        If it is damaged, or would have to run code.
    ValueError
        If it is of a kind that is not read.
    """
    path = pathlib.Path(path).expanduser()
    if path.is_dir():
        config = _hub.read_config(path)
        state, _ = read_safetensors(path / "model.safetensors")
        return _checkpoint(str(path), state, config)
    if not path.is_file():
        raise FileNotFoundError(f"The checkpoint {path} was asked for; there is no such file or folder.")
    if path.suffix == ".safetensors":
        return _checkpoint(path.name, *read_safetensors(path))
    if path.suffix not in _PICKLES:
        raise ValueError(
            f"The checkpoint {path} must be a folder of save_pretrained, a .safetensors file, or a .pth file "
            "in DreamDiffusion's layout."
        )
    if not _reads_released(card):
        raise ValueError(
            f"{path.name} is a pickle, which could run code; checkpoints of {card.name!r} are read from "
            "safetensors. Where you trust the file, load it with torch, give it to the network with "
            "load_state_dict, and keep it with save_pretrained."
        )
    return _read_released(path, given)


def _checkpoint(source, state, config):
    if config is None:
        return Checkpoint(source, state)
    return Checkpoint(source, state, _hub.sizes_of(config), _hub.card_in(config, source))


def _reads_released(card):
    """Tell whether a card says that its checkpoints are released as DreamDiffusion's are."""
    return card.weights is not None and card.weights.format == "dreamdiffusion-pth"


def _read_released(path, given):
    import torch

    from ._checkpoint import read_dreamdiffusion

    heads = {key: given[key] for key in ("num_heads", "decoder_num_heads") if key in given}
    state, sizes = read_dreamdiffusion(path, **heads)
    return Checkpoint(path.name, {name: torch.as_tensor(value) for name, value in state.items()}, sizes)


def read_safetensors(path):
    """Read a safetensors file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    state : dict of str to torch.Tensor
        On the CPU.
    config : dict | None
        What ``save_pretrained`` of eegimg wrote into its header: the same as in config.json.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RuntimeError
        If it is damaged or something else.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        beside = [file.name for file in path.parent.glob("*.bin")]
        pickled = (
            f" {beside[0]} beside it is a pickle, which could run code and is not read." if beside else ""
        )
        raise FileNotFoundError(f"{path} is missing: weights are read from safetensors only.{pickled}")
    try:
        with safe_open(path, framework="pt") as opened:
            header = (opened.metadata() or {}).get("eegimg")
            state = {name: opened.get_tensor(name) for name in opened.keys()}
    except (SafetensorError, OSError) as err:
        raise RuntimeError(
            f"{path} is no safetensors file, or is cut or damaged ({err}). Get it again."
        ) from err
    return state, None if header is None else _hub.check_config(_parsed(header, path), str(path))


def _parsed(header, path):
    try:
        return json.loads(header)
    except ValueError as err:
        raise RuntimeError(f"{path} has a header of eegimg that is not JSON: {err}. Get it again.") from err


def load_into(network, checkpoint, new_head=False):
    """Put a checkpoint's weights into a network, all of them and no others, and set it to evaluation.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    checkpoint : Checkpoint
        What was read.
    new_head : bool
        Whether the network's own head stays as it is.

    Raises
    ------
    ValueError
        If it belongs to another network: which names and shapes, expected against found.
    """
    own, state = network.state_dict(), checkpoint.state
    if hasattr(network, "pick_weights"):
        state = network.pick_weights(state)
    if new_head:
        heads = tuple(getattr(network, "head_names", ()))
        state = {name: value for name, value in state.items() if not name.startswith(heads)}
        state |= {name: value for name, value in own.items() if name.startswith(heads)}
    problems = [
        *_lacking("it lacks", own.keys() - state.keys()),
        *_lacking("it has the unknown", state.keys() - own.keys()),
        *_misshapen(own, state),
    ]
    if problems:
        saved_from = f", {checkpoint.card.name!r}" if checkpoint.card else ""
        raise ValueError(
            f"{checkpoint.source} does not hold the weights of {type(network).__name__} with these sizes: "
            f"{'; '.join(problems)}. Ask for the network that it was saved from{saved_from}, with its sizes."
        )
    network.load_state_dict(state)
    network.eval()


def _lacking(words, names):
    return [f"{words} {listing(sorted(names), 4)}"] if names else []


def _misshapen(own, state):
    """Say which tensors have another shape than the network's."""
    wrong = [name for name in own if name in state and state[name].shape != own[name].shape]
    told = [f"{name} is {tuple(state[name].shape)} for {tuple(own[name].shape)}" for name in wrong[:3]]
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return [f"found for expected: {', '.join(told)}{more}"] if wrong else []


def from_saved(cls, source, config, find, given):
    """Build a network of a class from what ``save_pretrained`` wrote.

    Parameters
    ----------
    cls : type
        The class.
    source : str
        Folder or hub id.
    config : dict | None
        The content of config.json, None where there is none.
    find : callable
        From a file's name to where the hub's copy is.
    given : dict
        Words of the constructor; those that config.json has as well are overridden by them.

    Returns
    -------
    network : torch.nn.Module
        With weights and card, in evaluation mode.

    Raises
    ------
    FileNotFoundError, RuntimeError
        If a file is missing or damaged.
    ValueError
        If the weights are those of another network, or fix a size that was given.
    """
    config, folder = _hub.check_config(config, f"The config.json of {source}"), pathlib.Path(source)
    path = folder / "model.safetensors" if folder.is_dir() else pathlib.Path(find("model.safetensors"))
    state, _ = read_safetensors(path)
    checkpoint = _checkpoint(source, state, config)
    words = {key: value for key, value in given.items() if key != _hub.CARD}
    given = {key: value for key, value in words.items() if config.get(key, cls) != value}
    card = dataclasses.replace(checkpoint.card, builder=f"{cls.__module__}:{cls.__qualname__}")
    return build(card.name, cls, card, given, checkpoint)


def build(name, builder, card, given, checkpoint=None, trained=None):
    """Build a network, load a checkpoint if there is one, and attach the card of what came out.

    Parameters
    ----------
    name : str
        Of the model.
    builder : callable
        What builds it.
    card : ModelCard
        What is known of it.
    given : dict
        Words of the constructor that the user gives.
    checkpoint : Checkpoint | None
        Weights.
    trained : str | None
        How the weights are called in sentences; None takes the checkpoint's name.

    Returns
    -------
    network : torch.nn.Module
        With ``card``.
    """
    known, free, says = dict(card.sizes), card.free, None
    if checkpoint is not None and checkpoint.sizes is not None:
        known |= checkpoint.sizes
        says = trained or f"The weights in {checkpoint.source}"
    sizes = choose_sizes(name, builder, known, given, says, free)
    network = builder(**sizes)
    if checkpoint is not None:
        # Of a file that says no sizes, all weights must be the network's.
        trained_for = sizes.get("n_outputs") if says is None else known.get("n_outputs")
        load_into(network, checkpoint, new_head=sizes.get("n_outputs") != trained_for)
    card = with_sizes(card, sizes, given)
    count = sum(parameter.numel() for parameter in network.parameters())
    network.card = dataclasses.replace(card, n_parameters=count)
    return network
