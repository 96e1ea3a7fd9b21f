"""Checkpoints that DreamDiffusion's authors released, with the sizes that stand in them."""

from .._checks import listing
from ..io._torch_files import read_torch

_RECORDS = ("config",)  # the authors' module whose objects hold the settings
_ENCODER = "cond_stage_model.mae."
# What sizes are read from, and how many dimensions it has.
_RANKS = {"patch_embed.proj.weight": 3, "pos_embed": 3, "blocks.0.mlp.fc1.weight": 2, "norm.weight": 1}
_DECODER = ("decoder_embed.weight", "decoder_blocks.0.mlp.fc1.weight", "decoder_pred.weight", "mask_token")


def read_dreamdiffusion(path, num_heads=None, decoder_num_heads=None):
    """Read a checkpoint of pretraining, or the encoder of a checkpoint of generation.

    Parameters
    ----------
    path : path-like
        A file of torch.save: a dict with "model" (pretraining) or "model_state_dict" (generation).
    num_heads : int | None
        Heads of the encoder, where the checkpoint does not say; it then need not.
    decoder_num_heads : int | None
        Heads of the decoder, likewise.

    Returns
    -------
    state : dict of str to ndarray
        Weights by the names of the released code.
    sizes : dict
        Words of the constructor: n_chans, n_times, patch_size, embed_dim, depth, num_heads, mlp_ratio, and
        for a checkpoint of pretraining those of the decoder, for one of generation global_pool. They come
        from the shapes; the numbers of heads, which leave no trace there, and the pooling from the settings
        that were saved beside the weights.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RuntimeError
        If it is damaged or would have to run code.
    ValueError
        If it is no such checkpoint, or does not say how many heads there are.
    """
    content = read_torch(path, records=_RECORDS)
    state, config = _state(content), _config(content)
    _check_weights(path, state)
    width, n_chans, patch_size = state["patch_embed.proj.weight"].shape
    sizes = {
        "n_chans": n_chans,
        "n_times": (state["pos_embed"].shape[1] - 1) * patch_size,
        "patch_size": patch_size,
        "embed_dim": width,
        "depth": _count(state, "blocks."),
        "num_heads": config.get("num_heads", num_heads),
        "mlp_ratio": state["blocks.0.mlp.fc1.weight"].shape[0] / width,
    }
    if all(name in state for name in _DECODER):
        sizes["decoder_embed_dim"] = state["decoder_embed.weight"].shape[0]
        sizes["decoder_depth"] = _count(state, "decoder_blocks.")
        sizes["decoder_num_heads"] = config.get("decoder_num_heads", decoder_num_heads)
        if config.get("focus_range") is not None:
            sizes |= {"focus_range": list(config["focus_range"]), "focus_rate": config.get("focus_rate")}
    elif "global_pool" in config:
        # After pretraining the norms have learned what the pooling needs.
        sizes["global_pool"] = bool(config["global_pool"])
    unsaid = [name for name, size in sizes.items() if size is None]
    if unsaid:
        raise ValueError(
            f"{path} does not say {listing(unsaid)}, which its weights do not show. Give it: "
            f'create_model(..., checkpoint="{path}", {unsaid[0]}=16).'
        )
    return state, sizes


def _check_weights(path, state):
    """Refuse the weights of another architecture, with what was expected and what was found."""
    missing = [name for name in _RANKS if name not in state]
    if missing:
        found = listing(sorted(state) or ["nothing"], 4)
        raise ValueError(
            f"{path} is no checkpoint of DreamDiffusion: {listing(missing)} was expected among its weights, "
            f"found was {found}."
        )
    for name, rank in _RANKS.items():
        shape = tuple(state[name].shape)
        # An autoencoder of images has the same names.
        if len(shape) != rank or 0 in shape:
            raise ValueError(
                f"{path} is no checkpoint of DreamDiffusion: {name!r} was expected to have {rank} "
                f"dimensions, found was the shape {shape}."
            )


def _state(content):
    """Return the weights by the encoder's own names; empty where this is something else."""
    content = content if isinstance(content, dict) else {}
    state = content.get("model", content.get("model_state_dict", content))
    state = {name: value for name, value in state.items() if hasattr(value, "shape")} if state else {}
    inner = {name.removeprefix(_ENCODER): value for name, value in state.items() if name.startswith(_ENCODER)}
    return inner or state


def _config(content):
    """Return the settings that were saved beside the weights; empty where there are none."""
    config = content.get("config") if isinstance(content, dict) else None
    return config if isinstance(config, dict) else {}


def _count(state, prefix):
    """Return how many blocks of a name there are."""
    numbers = {name.removeprefix(prefix).split(".")[0] for name in state if name.startswith(prefix)}
    return len(numbers)
