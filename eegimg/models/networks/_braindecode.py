"""Braindecode's classes and checkpoints: imported in silence, and read as data only."""

import inspect
import json
import pathlib
import warnings

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

from ..._checks import listing, suggest
from ..._optional import require
from .._channels import plain_name

# What describes a recording or the number of classes: not the network's own sizes.
_OF_SIGNAL = {"self", "n_outputs", "n_chans", "chs_info", "n_times", "input_window_seconds", "sfreq"}
# What decides which windows a network takes, which is known for braindecode's defaults.
_OF_WINDOW = set(
    """patch_size patch_stride patch_overlap hop_length enc_width enc_downsample neural_tokenizer
    feature_encoder__conv_layers_spec channels_kernel_stride_padding_norm""".split()
)
# What an encoder has no use for.
_OF_HEAD = {"return_feature", "n_chans_target", "chan_conv_max_norm"}


def braindecode_class(kind):
    """Import a class of ``braindecode.models`` without the warnings that importing it gives.

    Parameters
    ----------
    kind : str
        Its name.

    Returns
    -------
    cls : type
        The class.

    Raises
    ------
    ImportError
        If braindecode is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(require("braindecode.models", kind, "models"), kind)


def check_sizes(which, kind, sizes, fixed):
    """Refuse words that braindecode's class does not take, or that are not for the user to choose.

    Parameters
    ----------
    which : str
        Name of the model, for sentences.
    kind : type
        Class of braindecode.
    sizes : dict
        What the user gives.
    fixed : dict
        What the class is given in any case.

    Raises
    ------
    ValueError
        If there is such a word.
    """
    known = sorted(_choices(kind, fixed))
    for name in sizes:
        if name not in known:
            raise ValueError(
                f"The 'sizes' parameter of Foundation, which={which!r}, may have {listing(known, 30)}. Got "
                f"{name!r}.{suggest(name, known)}"
            )


def _choices(kind, fixed):
    """Return the parameters of a class that may be chosen, by name: those that are plain values."""
    parameters = inspect.signature(kind.__init__).parameters
    taken = _OF_SIGNAL | _OF_WINDOW | _OF_HEAD | set(fixed)
    plain = (int, float, str, bool, type(None))
    modules = {"patch_module", "norm_layer"}
    return {
        name: parameter.default
        for name, parameter in parameters.items()
        if name not in taken | modules and isinstance(parameter.default, plain)
    }


def sizes_in_config(which, kind, config, fixed, source):
    """Return the sizes in the config.json of a checkpoint that are not braindecode's defaults.

    Parameters
    ----------
    which : str
        Name of the model, for sentences.
    kind : type
        Class of braindecode.
    config : dict
        Content of config.json. Names of classes in it are compared and never imported.
    fixed : dict
        What the class is given in any case.
    source : str
        Folder or hub id, for sentences.

    Returns
    -------
    sizes : dict
        Plain values.

    Raises
    ------
    ValueError
        If it has words that the class does not know, or differs in what cannot be chosen.
    """
    parameters = inspect.signature(kind.__init__).parameters
    ignored = _OF_SIGNAL | _OF_HEAD | set(fixed) | {"braindecode_version"}
    differing = {
        name: value
        for name, value in config.items()
        if name not in ignored and (name not in parameters or not _same(value, parameters[name].default))
    }
    wrong = sorted(set(differing) - set(_choices(kind, fixed)))
    if wrong:
        raise ValueError(
            f"The config.json of {source} does not describe {which!r} as it is built here: it has "
            f"{wrong[0]}={config[wrong[0]]!r}. Take the checkpoint of this model."
        )
    return differing


def _same(value, default):
    """Tell whether JSON holds a default, which may be a class or tuples."""
    if isinstance(default, type):
        return value == f"{default.__module__}.{default.__qualname__}"
    return value == json.loads(json.dumps(default, default=str))


def find_file(source, name, **hub):
    """Return where a file of a folder or a repository on the Hugging Face hub is.

    Parameters
    ----------
    source : str
        The folder, or "owner/name".
    name : str
        Of the file.
    **hub : object
        ``revision`` and ``local_files_only``.

    Returns
    -------
    path : pathlib.Path
        Of the file; :func:`eegimg.models._load.read_safetensors` says where a folder lacks weights.

    Raises
    ------
    RuntimeError
        If the hub does not give it.
    """
    if pathlib.Path(source).is_dir():
        return pathlib.Path(source) / name
    try:
        return pathlib.Path(hf_hub_download(source, name, **hub))
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, FileNotFoundError) as err:
        raise RuntimeError(
            f"{source} is no folder here, and its {name} could not be had from the Hugging Face hub: "
            f"{' '.join(str(err).split())}"
        ) from err


def read_json(path):
    """Read a table of JSON.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    table : dict
        Its content.

    Raises
    ------
    FileNotFoundError
        If there is none.
    RuntimeError
        If it is something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the folder was not written by save_pretrained.")
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as err:
        raise RuntimeError(f"{path} is not JSON: {err}. Get it again.") from err
    if not isinstance(table, dict):
        raise RuntimeError(f"{path} is not a table of JSON. Get it again.")
    return table


def look_up_places(bank, names):
    """Return the places of channels in a list such as REVE's.

    Parameters
    ----------
    bank : dict of str to list of float
        Place of each name.
    names : sequence of str
        Of the channels; upper or lower case, dots and the older of two names do not matter.

    Returns
    -------
    places : list of list of float
        x, y and z of each.

    Raises
    ------
    ValueError
        If the list lacks a channel.
    """
    plain = {}
    for name, place in bank.items():
        plain.setdefault(plain_name(name), place)
    found = [bank.get(name, plain.get(plain_name(name))) for name in names]
    missing = [name for name, place in zip(names, found, strict=True) if place is None]
    if missing:
        raise ValueError(
            f"'reve' needs the places of channels, and the list of them lacks {listing(missing)}. Rename "
            "them, leave them out, or give positions= with them."
        )
    return found
