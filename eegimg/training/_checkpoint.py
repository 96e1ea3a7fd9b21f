"""Checkpoints of a training: whole or not there, and read without running anything."""

import json
import os
import pathlib
import shutil
import tempfile

from .._paths import check_writable, whole_file

_MODEL, _EMA, _OPTIMIZER, _STATE = "model.safetensors", "ema.safetensors", "optimizer.pt", "state.json"


def find_checkpoint(out):
    """Return the newest checkpoint of a training.

    Parameters
    ----------
    out : path-like
        Folder of the training.

    Returns
    -------
    folder : pathlib.Path | None
        None where there is none.
    """
    found = sorted(pathlib.Path(out, "checkpoints").glob("step-*"))
    return found[-1] if found else None


def write_checkpoint(out, state, model, optimizer, ema=None, scaler=None):
    """Write a checkpoint beside the older ones, and remove those when it is there.

    Parameters
    ----------
    out : path-like
        Folder of the training.
    state : dict
        ``step``, the number of updates that were made, and what else is needed to go on; goes into JSON.
    model : torch.nn.Module
        The network.
    optimizer : torch.optim.Optimizer
        Its running means.
    ema : torch.nn.Module | None
        The network of averaged weights.
    scaler : torch.amp.GradScaler | None
        Of half precision.

    Returns
    -------
    folder : pathlib.Path
        ``<out>/checkpoints/step-<number>``. Everything random is a function of the seed and the number of the
        update, so that the state of no generator is in it.
    """
    import torch
    from safetensors.torch import save_file

    root = check_writable(pathlib.Path(out, "checkpoints"))
    target = root / f"step-{state['step']:09d}"
    older = [folder for folder in root.glob("step-*") if folder != target]
    with tempfile.TemporaryDirectory(prefix=".eegimg-", dir=root) as made:
        made = pathlib.Path(made) / "whole"
        made.mkdir()
        save_file(_tensors(model), made / _MODEL)
        if ema is not None:
            save_file(_tensors(ema), made / _EMA)
        states = {"optimizer": optimizer.state_dict(), "scaler": scaler.state_dict() if scaler else {}}
        torch.save(states, made / _OPTIMIZER)
        (made / _STATE).write_text(json.dumps(state, indent=1), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        os.replace(made, target)
    for folder in older:
        shutil.rmtree(folder)
    return target


def _tensors(module):
    """Return a network's tensors each in memory of its own, as safetensors wants them."""
    return {name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()}


def read_state(folder):
    """Read what a checkpoint says of itself.

    Parameters
    ----------
    folder : pathlib.Path
        As :func:`find_checkpoint` returns it.

    Returns
    -------
    state : dict
        As it was given to :func:`write_checkpoint`.

    Raises
    ------
    RuntimeError
        If the file is damaged.
    """
    try:
        return json.loads((folder / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise RuntimeError(
            f"The checkpoint {folder} cannot be read: {err}. Remove its folder, or start anew with "
            "resume=False."
        ) from err


def load_checkpoint(folder, model, optimizer, ema=None, scaler=None):
    """Put a checkpoint's numbers into a network and its optimizer.

    Parameters
    ----------
    folder : pathlib.Path
        As :func:`find_checkpoint` returns it.
    model : torch.nn.Module
        A network of the same sizes.
    optimizer : torch.optim.Optimizer
        Over the same parameters.
    ema : torch.nn.Module | None
        The network of averaged weights.
    scaler : torch.amp.GradScaler | None
        Of half precision.

    Raises
    ------
    RuntimeError
        If a file is missing, damaged or of another network, or wants to run code.
    """
    import pickle

    import safetensors
    import torch
    from safetensors.torch import load_file

    try:
        model.load_state_dict(load_file(folder / _MODEL))
        if ema is not None:
            ema.load_state_dict(load_file(folder / _EMA))
        states = torch.load(folder / _OPTIMIZER, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, safetensors.SafetensorError, EOFError) as err:
        raise RuntimeError(
            f"The checkpoint {folder} cannot be read: {str(err).splitlines()[0]}. Remove its folder, or "
            "start anew with resume=False."
        ) from err
    optimizer.load_state_dict(states["optimizer"])
    if scaler is not None and states["scaler"]:
        scaler.load_state_dict(states["scaler"])


def write_best(out, model):
    """Keep the weights of the best epoch so far in ``<out>/checkpoints/best.safetensors``.

    Parameters
    ----------
    out : path-like
        Folder of the training.
    model : torch.nn.Module
        The network.
    """
    from safetensors.torch import save_file

    with whole_file(pathlib.Path(out, "checkpoints", "best.safetensors")) as temporary:
        save_file(_tensors(model), temporary)


def load_best(out, model):
    """Put the weights of the best epoch into a network; see :func:`write_best`.

    Parameters
    ----------
    out : path-like
        Folder of the training.
    model : torch.nn.Module
        A network of the same sizes.
    """
    from safetensors.torch import load_file

    model.load_state_dict(load_file(pathlib.Path(out, "checkpoints", "best.safetensors")))
