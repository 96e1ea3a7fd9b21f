"""Masked pretraining: a recipe in, a trained network with its log and card out."""

import copy
import datetime
import logging
import pathlib
import shutil

import numpy as np

from .._optional import require
from .._paths import check_writable, write_text
from ..bids import json_text
from ..viz.reconstruction import plot_reconstruction
from ._card import fill_card
from ._checkpoint import find_checkpoint, load_checkpoint, read_state
from ._corpus import describe_corpus
from ._licences import check_licences
from ._loop import Loop, new_state
from ._masks import check_masking, seed_of
from ._mixture import Mixture
from ._network import build_network, count_patches, make_optimizer, reconstruct
from ._parts import TRAIN, VALIDATION, hold_out
from ._prepared import prepare_source
from ._recipe import first_difference, read_training_recipe
from ._record import Board, select, write_log
from ._result import PretrainResult
from ._sources import open_sources
from ._validate import validate, validate_trivially

logger = logging.getLogger("eegimg.training")
# What a training writes into its folder; nothing else there is ever removed.
_OWN = ("checkpoints", "model", "tensorboard", "log.jsonl", "training_log.json", "result.json", "recipe.json")
_NETWORK_INIT = 2


def pretrain(recipe, out, *, resume=True, accept_license=False, cache=None, watch=None):
    """Train a network to fill in hidden stretches of EEG.

    Everything random is a function of the seed and the number of the update: a training that was killed goes
    on from its last checkpoint and ends with the same numbers, also in the middle of an epoch, with any
    number of reading processes. Several processes (``accelerate launch``, ``torchrun``) share each batch, and
    see the same batches and masks as one would.

    Parameters
    ----------
    recipe : path-like | dict
        TOML file with ``[model]`` (name of a masked model, sizes), ``[input]`` (words of
        :class:`eegimg.models.InputSpec`), ``[[corpus]]`` tables or the name of a corpus of eegimg, and
        ``[training]``. Defaults of training are those of DreamDiffusion [1]_: AdamW, learning rate 2.5e-4,
        betas 0.9 and 0.95, weight decay 0.05, 40 of 500 epochs of warm-up, cosine, gradients clipped at 0.8,
        0.75 of the patches hidden (0.1 in the released configuration), batches of 100.
    out : path-like
        Folder of the results: new, empty, or that of a training with the same recipe.
    resume : bool
        Go on from the last checkpoint in ``out``. False starts anew and removes what an earlier training has
        left there.
    accept_license : bool
        Whether you have read and accept the terms of those sources whose licence is not an open one.
    cache : path-like | None
        Folder of the stores that are made of sources, and of epochs in the network's shape; None takes
        ``<out>/stores``.
    watch : callable | None
        Called after every update with a dict: step, n_steps, epoch, loss, lr, grad_norm.

    Returns
    -------
    result : PretrainResult
        Losses beside those of predictors that learned nothing, the log, and where the network is.

    Raises
    ------
    ImportError
        If torch, accelerate or TensorBoard is missing.
    FileNotFoundError
        If the recipe or a source is not there.
    TypeError, ValueError
        If the recipe is not what it must be, a source has no training epochs, nobody can be held out, a mask
        hides all or nothing, or a licence must be accepted.
    RuntimeError
        If ``out`` belongs to another recipe or holds other files, or the loss is no number any more: the
        sentence names the epochs of the batch, and the last good checkpoint is kept.

    References
    ----------
    .. [1] Bai, Y. et al. (2023). DreamDiffusion: Generating high-quality images from brain EEG signals.
       https://arxiv.org/abs/2306.16934
    """
    recipe, out = read_training_recipe(recipe), pathlib.Path(out)
    torch = require("torch", "pretrain", "models")
    if recipe.training.tensorboard:
        require("tensorboard", "pretrain with tensorboard = true", "models")
    check_licences(describe_corpus(recipe.corpus).to_dict("records"), accept_license)
    accelerator = _make_accelerator(recipe.training)
    if accelerator.is_main_process:
        _claim(out, recipe, resume)
    accelerator.wait_for_everyone()
    with accelerator.main_process_first():
        cache = pathlib.Path(cache or out / "stores")
        sources = open_sources(recipe.corpus, cache, accept_license)
    rows = [{"source": source.name, "licence": source.licence, "local": True} for source in sources]
    check_licences(rows, accept_license)
    devices = [accelerator.device] if accelerator.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        return _train(recipe, out, cache, sources, accelerator, watch)


def _make_accelerator(settings):
    """Return what moves numbers between devices and processes."""
    accelerate = require("accelerate", "pretrain", "models")
    # The first process may download and preprocess for hours while the others wait.
    patience = accelerate.InitProcessGroupKwargs(timeout=datetime.timedelta(days=1))
    try:
        accelerator = accelerate.Accelerator(mixed_precision=settings.precision, kwargs_handlers=[patience])
    except ValueError as err:
        raise ValueError(
            f"precision = {settings.precision!r} cannot be had here: {err} Use precision = 'no', another "
            "device, or a new Python process."
        ) from err
    return accelerator


def _claim(out, recipe, resume):
    """Make the folder ours, or refuse it."""
    record = out / "recipe.json"
    if out.is_dir() and not record.is_file():
        others = [path.name for path in out.iterdir() if path.name != "stores" and path.name[0] != "."]
        if others:
            raise RuntimeError(
                f"The output folder {out} holds other files ({others[0]}). Choose a new or empty one."
            )
    check_writable(out)
    if not resume:
        for path in [out / name for name in _OWN] + [out / "reconstruction.png"]:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    checkpoint = find_checkpoint(out)
    if checkpoint is not None:
        difference = first_difference(read_state(checkpoint)["recipe"], recipe.tables())
        if difference:
            raise RuntimeError(
                f"{out} holds a training with another recipe: {difference}. Choose another folder, or start "
                "anew with resume=False (--fresh on the command line)."
            )
    write_text(record, json_text(recipe.tables()))


def _train(recipe, out, cache, sources, accelerator, watch):
    """Train, and write down what came of it."""
    loop, spec, parts, held = _prepare(recipe, out, cache, sources, accelerator)
    settings, main = recipe.training, accelerator.is_main_process
    folder = out / "tensorboard" if settings.tensorboard and main else None
    board = Board(folder, loop.state["step"])

    def follow(found):
        board.update(found)
        if watch:
            watch(found)

    def note(row):
        board.epoch(row)
        if main:
            write_log(out, loop.state["rows"], select(settings, loop.state))

    try:
        if not loop.state["finished"]:
            loop.run(follow, note)
        network = loop.chosen()
        judged = loop.validation or loop.training
        losses = {"network": validate(network, judged, settings, accelerator, loop.n_patches)}
        losses |= validate_trivially(network, judged, settings, accelerator, loop.n_patches)
        fig = _draw(network, judged, spec, loop, accelerator)
        board.figure(fig, loop.state["step"])
    finally:
        board.close()
    result = PretrainResult.sum_up(out, loop, sources, parts, held, losses)
    if main:
        fig.savefig(out / "reconstruction.png", dpi=120)
        fill_card(network, recipe, spec, result)
        write_text(out / "result.json", json_text(result.facts()))
    accelerator.wait_for_everyone()
    return result


def _prepare(recipe, out, cache, sources, accelerator):
    """Return the loop, from its last checkpoint where there is one."""
    import torch

    settings = recipe.training
    parts, held = hold_out(sources, settings.validation, settings.seed)
    torch.manual_seed(seed_of(settings.seed, _NETWORK_INIT))
    network, spec = build_network(recipe)
    n_patches = count_patches(network, spec)
    check_masking(settings.mask_ratio, n_patches)
    with accelerator.main_process_first():
        folder = cache / "prepared" if settings.prepared else None
        epochs = [prepare_source(source, spec, folder) for source in sources]
    training, weights = _mix(sources, epochs, parts, TRAIN)
    validation, _ = _mix(sources, epochs, parts, VALIDATION)
    network.to(accelerator.device)
    ema = copy.deepcopy(network) if settings.ema else None
    optimizer = make_optimizer(network, settings)
    facts = {"recipe": recipe.tables(), "data": [source.store.fingerprint for source in sources]}
    checkpoint, state = find_checkpoint(out), new_state()
    if checkpoint is not None:
        state = read_state(checkpoint)
        if state["data"] != facts["data"]:
            changed = [old != new for old, new in zip(state["data"], facts["data"], strict=True)]
            raise RuntimeError(
                f"{out} holds a training on other data: the store of {sources[changed.index(True)].name} has "
                "changed since. Choose another folder, or start anew with resume=False (--fresh on the "
                "command line)."
            )
        load_checkpoint(checkpoint, network, optimizer, ema, accelerator.scaler)
        state = {key: state[key] for key in new_state()}
    if settings.compile:
        network.compile()
    loop = Loop(
        settings,
        out,
        accelerator,
        network,
        optimizer,
        ema,
        training,
        validation,
        weights,
        n_patches,
        bool(recipe.model.get("focus_range")),
        state,
        facts,
    )
    return loop, spec, parts, held


def _mix(sources, epochs, parts, part):
    """Return the epochs of one part of all sources, and the weights of those; None where there is none."""
    chosen = [
        (source, of, np.flatnonzero(names == part))
        for source, of, names in zip(sources, epochs, parts, strict=True)
        if (names == part).any()
    ]
    if not chosen:
        return None, []
    mixture = Mixture(
        [source.name for source, _, _ in chosen],
        [of for _, of, _ in chosen],
        [source.store.metadata for source, _, _ in chosen],
        [rows for _, _, rows in chosen],
    )
    return mixture, [source.entry.weight for source, _, _ in chosen]


def _draw(network, mixture, spec, loop, accelerator):
    """Draw what the network makes of three epochs."""
    chosen = np.linspace(0, len(mixture) - 1, min(3, len(mixture))).astype(int)
    x, predicted, hidden = reconstruct(network, mixture.read(chosen), loop, accelerator)
    picks = np.linspace(0, x.shape[1] - 1, min(4, x.shape[1])).astype(int)
    names = spec.ch_names or [f"channel {pick + 1}" for pick in range(x.shape[1])]
    times = (spec.tmin or 0.0) + np.arange(x.shape[2]) / spec.sfreq
    return plot_reconstruction(
        x[:, picks],
        predicted[:, picks],
        hidden,
        times,
        [names[pick] for pick in picks],
        title=f"{loop.settings.mask_ratio:.0%} hidden, epoch {loop.state['epoch']} of training",
        unit="input",
    )
