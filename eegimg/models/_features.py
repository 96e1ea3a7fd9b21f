"""What a network makes of epochs: features, one row per epoch, kept on disk where that is wanted."""

import contextlib
import dataclasses

import mne
import numpy as np
import pandas as pd

from .._checks import check_number, check_option, check_type, listing
from .._optional import require
from ..store._store import Store
from ._feature_cache import Cache, cache_folder, digest_of_array, digest_of_model

POOLS = ("mean", "flatten", "none")
PRECISIONS = ("float32", "bfloat16")
_CALLER = "extract_features"


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """Features with the table of the epochs they come from; ``np.asarray`` gives the numbers.

    Attributes
    ----------
    values : ndarray of float32, shape (n_epochs, n_features) | (n_epochs, n_tokens, n_features)
        The second with ``pool="none"``. Memory-mapped, read-only, where they come from a cache.
    metadata : pandas.DataFrame
        One row per epoch, numbered from 0; empty rows for arrays.
    record : dict
        What they are made of: ``model``, ``weights`` (SHA-256 of names, settings and numbers), ``data``
        (fingerprint), ``input`` (how channels, rate, window and unit were adapted; None for arrays),
        ``pool``, ``precision`` and ``eegimg`` (version).
    """

    values: np.ndarray
    metadata: pd.DataFrame
    record: dict

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype, copy=copy)

    def __repr__(self):
        size = " x ".join(map(str, self.values.shape[1:]))
        return f"<Features: {len(self)} epochs, {size} of {self.record['model']}>"


def extract_features(
    model,
    data,
    *,
    batch_size=64,
    pool="mean",
    device=None,
    precision="float32",
    cache=None,
    progress=False,
):
    """Run a network over epochs, without training it, and return what it makes of them.

    Channels are found by name and rate, window and unit are adapted as the card of the network says. A masked
    network is run with nothing masked, without its decoder, and its cls token is left out. The network runs
    in evaluation mode without gradients; device and mode are as before afterwards.

    Parameters
    ----------
    model : torch.nn.Module
        From :func:`create_model`, or any other. One that was made with ``n_outputs`` gives its logits.
    data : Store | mne.BaseEpochs | array-like of float, shape (n_epochs, n_chans, n_times)
        Epochs in volts. An array goes to the network as it is, in the unit the network expects; networks
        without a card take only those.
    batch_size : int
        Epochs that are in the network at the same time.
    pool : 'mean' | 'flatten' | 'none'
        What becomes of tokens (n_epochs, n_tokens, n_features): their mean, all of them in one row, or
        themselves. Features that are one row already stay so.
    device : str | torch.device | None
        Where to compute. None takes where the network is.
    precision : 'float32' | 'bfloat16'
        The second by torch's autocast; features are float32 all the same.
    cache : bool | path-like | None
        Folder where features are kept, and from where they are read when network, data and settings are the
        same. True takes ``features`` inside the folder of a Store. With a cache neither epochs nor features
        need to fit into memory.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    features : Features
        Values, metadata of the epochs and the record of how they were made.

    Raises
    ------
    ImportError
        If torch is not installed.
    TypeError
        If these are no network or no epochs, or the network returns something else than a tensor.
    ValueError
        If epochs cannot be brought to what the network expects, or they or the features are NaN.

    Notes
    -----
    What tells one network from another for the cache is its weights, its modules' names and classes and their
    plain settings. A forward hook, or a function that was changed, is not seen: clear the folder then.

    Examples
    --------
    >>> import eegimg  # doctest: +SKIP
    >>> store = eegimg.store.read_store("things_store")  # doctest: +SKIP
    >>> model = eegimg.models.create_model("dreamdiffusion_encoder")  # doctest: +SKIP
    >>> features = eegimg.models.extract_features(model, store, cache=True)  # doctest: +SKIP
    """
    torch = require("torch", _CALLER, "models")
    check_type("model", model, torch.nn.Module, _CALLER, "a torch module, from create_model or another")
    check_number("batch_size", batch_size, _CALLER, at_least=1, integer=True)
    check_option("pool", pool, POOLS, _CALLER)
    check_option("precision", precision, PRECISIONS, _CALLER)
    check_type("progress", progress, bool, _CALLER, "True or False")
    source = _find_source(model, data)
    folder = cache_folder(cache, data, _CALLER)
    # Without a cache nothing asks for a digest, and all data would be read once more for it.
    known = {} if folder is None else {"weights": digest_of_model(model), "data": source.digest()}
    record = _make_record(model, source, pool, precision) | known
    kept = None if folder is None else Cache(folder, record)
    values = None if kept is None else kept.read()
    if values is None:
        with _evaluating(torch, model, device) as place:
            batches = _run(torch, model, source, int(batch_size), pool, place, precision, progress)
            values = (
                np.concatenate([one for _, one in batches])
                if kept is None
                else kept.write(batches, len(source))
            )
    return Features(values, source.metadata, record)


@dataclasses.dataclass(frozen=True)
class _Source:
    """Epochs of any kind, read in batches as the network takes them."""

    data: object
    metadata: pd.DataFrame
    adapter: object

    def __len__(self):
        return len(self.metadata)

    def read(self, rows):
        """Return a batch as float32, (n, n_chans, n_times)."""
        raw = self._raw(rows)
        return np.asarray(raw if self.adapter is None else self.adapter(raw), np.float32)

    def _raw(self, rows):
        if isinstance(self.data, mne.BaseEpochs):
            return self.data.get_data(item=rows, copy=False, verbose="error")
        return self.data[rows]

    def digest(self):
        """Return what changes when the samples do."""
        if isinstance(self.data, Store):
            return self.data.fingerprint
        rows = np.arange(len(self))
        return digest_of_array(self._raw(part) for part in np.array_split(rows, max(len(rows) // 512, 1)))


def _find_source(model, data):
    """Return the epochs with their table and how they are adapted."""
    if not isinstance(data, (Store, mne.BaseEpochs)):
        return _array_source(model, data)
    if not len(data):
        raise ValueError(f"{_CALLER} needs epochs. Got none: {data!r}.")
    card = getattr(model, "card", None)
    if card is None:
        raise ValueError(
            f"{_CALLER} cannot tell which channels, rate and unit {type(model).__name__} expects, as it has "
            "no card. Take a network from create_model, or give an array (n_epochs, n_chans, n_times) as the "
            "network takes it."
        )
    adapter = card.input_spec.adapter_for(data)
    return _Source(data, _metadata(data), adapter)


def _array_source(model, data):
    if hasattr(data, "detach"):
        data = data.detach().cpu()
    values = np.asarray(data)
    if values.ndim != 3 or values.dtype.kind not in "fiu":
        raise TypeError(
            f"{_CALLER} needs a Store, mne Epochs, or numbers of shape (n_epochs, n_chans, n_times). Got "
            f"{type(data).__name__} of shape {values.shape}."
        )
    if not len(values):
        raise ValueError(f"{_CALLER} needs epochs. Got an array of shape {values.shape}.")
    wanted = tuple(getattr(model, name, None) for name in ("n_chans", "n_times"))
    if all(isinstance(size, int) for size in wanted) and wanted != values.shape[1:]:
        raise ValueError(
            f"{_CALLER} got an array of {values.shape[1]} channels and {values.shape[2]} samples; "
            f"{type(model).__name__} takes {wanted[0]} and {wanted[1]}. Give Epochs or a Store, which are "
            "adapted by channel name, or bring the array there."
        )
    return _Source(values, pd.DataFrame(index=range(len(values))), None)


def _metadata(data):
    """Return one row per epoch; of Epochs also the event, and the onset in seconds where events have one."""
    if isinstance(data, Store):
        return data.metadata
    own = data.metadata
    table = pd.DataFrame(index=range(len(data))) if own is None else own.reset_index(drop=True)
    names = {code: name for name, code in data.event_id.items()}
    samples = data.events[:, 0]
    steps = np.diff(np.sort(samples))
    if "event" not in table:
        table["event"] = [names[code] for code in data.events[:, 2]]
    # One sample from event to event says that somebody numbered them.
    if "onset" not in table and len(steps) and np.median(steps) > 1:
        table["onset"] = samples / data.info["sfreq"]
    return table


def _make_record(model, source, pool, precision):
    from .. import __version__

    card = getattr(model, "card", None)
    return {
        "model": type(model).__name__ if card is None else card.name,
        "input": None if source.adapter is None else source.adapter.record,
        "pool": pool,
        "precision": precision,
        "eegimg": __version__,
    }


@contextlib.contextmanager
def _evaluating(torch, model, device):
    """Have a network in evaluation mode on a device, and give that; afterwards it is as it was."""
    home = next((value.device for value in model.parameters()), torch.device("cpu"))
    place = home if device is None else torch.device(device)
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.to(place).eval()
        yield place
    finally:
        model.to(home)
        for module, training in modes:
            module.training = training


def _run(torch, model, source, batch_size, pool, place, precision, progress):
    """Yield the rows of each batch and their features."""
    from rich.console import Console
    from rich.progress import track

    starts, console = range(0, len(source), batch_size), Console(stderr=True)
    for start in track(starts, "Features", disable=not progress, console=console, transient=True):
        rows = np.arange(start, min(start + batch_size, len(source)))
        x = source.read(rows)
        _check_numbers(x, rows, "epochs that are numbers")
        x = torch.from_numpy(np.ascontiguousarray(x)).to(place)
        with torch.inference_mode(), torch.autocast(place.type, torch.bfloat16, precision == "bfloat16"):
            features = _pooled(_forward(torch, model, x), pool, model, len(rows)).float().cpu().numpy()
        _check_numbers(features, rows, f"{type(model).__name__} to return numbers")
        yield rows, features


def _forward(torch, model, x):
    """Return features or tokens of a batch."""
    if getattr(getattr(model, "card", None), "kind", None) == "masked" or hasattr(model, "patchify"):
        # Noise in order: nothing is masked, and tokens come in the order of time.
        noise = torch.arange(model.n_patches, dtype=torch.float32, device=x.device).expand(len(x), -1)
        return model.encode(x, mask_ratio=0.0, noise=noise)[0][:, 1:]
    return model(x)


def _pooled(out, pool, model, n_epochs):
    if not hasattr(out, "ndim") or out.ndim not in (2, 3) or len(out) != n_epochs:
        found = f"shape {tuple(out.shape)}" if hasattr(out, "shape") else type(out).__name__
        raise TypeError(
            f"{_CALLER} needs a network that returns (n_epochs, n_features) or (n_epochs, n_tokens, "
            f"n_features). {type(model).__name__} returned {found} for {n_epochs} epochs."
        )
    if out.ndim == 2 or pool == "none":
        return out
    return out.mean(dim=1) if pool == "mean" else out.flatten(1)


def _check_numbers(values, rows, wanted):
    bad = rows[~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))]
    if len(bad):
        raise ValueError(f"{_CALLER} needs {wanted}; NaN or infinity in the epochs {listing(bad)}.")
