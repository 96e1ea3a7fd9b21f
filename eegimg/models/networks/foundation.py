"""Foundation models for EEG, built by braindecode, for epochs of any rate and of less than a second."""

import warnings
from unittest import mock

import torch
from torch import nn
from torch.nn import functional

from ..._checks import check_number, check_option, check_type
from .._load import Checkpoint, load_into, read_safetensors
from .._sizes import plain_channels
from ._braindecode import (
    braindecode_class,
    check_sizes,
    find_file,
    look_up_places,
    read_json,
    sizes_in_config,
)
from ._designs import DESIGNS, TEN_TWENTY, find_names, find_places, montage_matrix, resampling_matrix
from ._network import Network
from ._shallow import check_signal

_POSITIONS = "brain-bzh/reve-positions"
# Parts that braindecode's checkpoints have and an encoder has no use for.
_UNUSED = ("final_layer.", "transformer.decoder.", "chan_proj.", "chans_id", "cls_query_token")


class Foundation(Network):
    """LaBraM, BIOT, EEGPT, CBraMod, REVE, SignalJEPA or BENDR, for epochs as they are.

    Epochs come at their own rate, of any length, in microvolts. They are resampled to the rate that the model
    was trained at, scaled as it was, and filled up with zeros behind their end to a window that it takes;
    nothing is cut off.

    Parameters
    ----------
    n_chans : int | None
        Channels of the epochs; None takes the number in ``chs_info``, or 19.
    n_times : int | None
        Samples of the epochs; None takes a second.
    n_outputs : int | None
        Classes of a linear layer on the averaged tokens; None gives the tokens or the embedding.
    sfreq : float
        Rate of the epochs in Hz; needed.
    chs_info : list of dict | None
        Channels as in ``info["chs"]``; None takes the 19 of the 10-20 system in the order ``Fp1 Fp2 F7 F3 Fz
        F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2``.
    which : 'labram' | 'biot' | 'eegpt' | 'cbramod' | 'reve' | 'signal_jepa' | 'bendr'
        The model.
    sizes : dict | None
        Words of braindecode's own constructor for it, such as ``{"num_layers": 2}``; None takes its defaults,
        which are the sizes of the published weights.
    positions : dict of str to list of float | None
        Places of channels by name (x, y, z), for REVE; None takes those of ``chs_info`` in m. Its published
        weights need the places of its own list, which :meth:`from_braindecode` reads.

    Raises
    ------
    TypeError, ValueError
        If a word is not what it must be, or the model has no place for a channel.
    ImportError
        If braindecode is not installed.

    Notes
    -----
    The head is one linear layer, not that of the papers. ``docs/foundation.rst`` says where each rate, window
    and unit comes from.
    """

    def __init__(
        self,
        n_chans=None,
        n_times=None,
        n_outputs=None,
        sfreq=None,
        chs_info=None,
        *,
        which="labram",
        sizes=None,
        positions=None,
    ):
        super().__init__()
        check_option("which", which, DESIGNS, "Foundation")
        check_number("sfreq", sfreq, f"Foundation, the rate of the epochs in Hz for {which!r},", above=0)
        check_number("n_outputs", n_outputs, "Foundation", at_least=1, integer=True, none=True)
        self.design, self.which = DESIGNS[which], which
        self.chs_info = None if chs_info is None else plain_channels(chs_info)
        names = self._names(n_chans)
        self.n_chans, self.n_times = len(names), round(sfreq) if n_times is None else n_times
        check_number("n_times", self.n_times, "Foundation", at_least=2, integer=True)
        resampling = resampling_matrix(self.n_times, sfreq, self.design.sfreq)
        self.register_buffer("resampling", resampling, persistent=False)
        self.n_padded = self.design.pad(self.n_times if resampling is None else resampling.shape[1])
        self.known_names, montage, places = self._channels(names, positions)
        self.register_buffer("montage", montage, persistent=False)
        self.register_buffer("positions", places, persistent=False)
        self._has_places = positions is not None
        check_type("sizes", sizes, (dict, type(None)), "Foundation", "a dict of braindecode's words or None")
        self.backbone = self._build(sizes or {})
        with torch.no_grad():
            self.backbone.eval()
            self.embed_dim = self._features(torch.zeros(1, self.n_chans, self.n_times)).shape[-1]
            self.backbone.train()
        self.head = None if n_outputs is None else nn.Linear(self.embed_dim, n_outputs)

    def forward(self, x):
        """Encode epochs.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)
            Epochs in microvolts at ``sfreq``.

        Returns
        -------
        y : Tensor, shape (batch, n_tokens, embed_dim) | (batch, embed_dim) | (batch, n_outputs)
            Tokens, for BIOT and BENDR one embedding, or logits with ``n_outputs``. LaBraM, CBraMod, REVE and
            SignalJEPA have a token for each channel and patch, EEGPT for each patch.
        """
        check_signal(x, self)
        features = self._features(x)
        if self.head is None:
            return features
        return self.head(features.mean(dim=1) if features.ndim == 3 else features)

    def prepare_signal(self, x):
        """Bring epochs to rate, channels, unit and window of the model.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)
            Epochs in microvolts at ``sfreq``.

        Returns
        -------
        x : Tensor, shape (batch, n_model_chans, n_model_times)
            What braindecode's model is given.
        """
        if self.resampling is not None:
            x = x @ self.resampling
        if self.montage is not None:
            x = self.montage @ x
        return functional.pad(self.design.scale(x), (0, self.n_padded))

    def pick_weights(self, state):
        """Return what a checkpoint of braindecode holds for this network, by this network's names.

        Parameters
        ----------
        state : dict of str to Tensor
            Weights of braindecode's class, or of this one.

        Returns
        -------
        state : dict of str to Tensor
            Weights of this network. The classifier of the checkpoint is left aside; where ``n_outputs`` is
            given, the head stays as it is.

        Raises
        ------
        ValueError
            If they are REVE's and its own places of electrodes were not given.
        """
        own, times = self.state_dict(), "backbone.temporal_embedding"
        if not any(name.startswith("backbone.") for name in state):
            if self.which == "reve" and not self._has_places:
                raise ValueError(
                    "The published weights of 'reve' need the places of its own list: build it with "
                    "Foundation.from_braindecode('reve', ...), which reads them, or give positions=."
                )
            state = {
                f"backbone.{name}": value for name, value in state.items() if not name.startswith(_UNUSED)
            }
            state |= {name: value for name, value in own.items() if name.startswith("head.")}
        if times in own and times in state and state[times].shape[1] > own[times].shape[1]:
            # LaBraM numbers patches from the start of a window, and this window has fewer.
            state = {**state, times: state[times][:, : own[times].shape[1]].clone()}
        return state

    @classmethod
    def from_braindecode(cls, which, source=None, *, revision=None, local_files_only=False, **words):
        """Build a model with the weights that braindecode published.

        The weights are read from safetensors and must all fit: braindecode's own ``from_pretrained`` skips
        what does not, falls back on a pickle, and cannot give LaBraM another window.

        Parameters
        ----------
        which : str
            The model, as for the class.
        source : path-like | None
            A folder that ``save_pretrained`` of braindecode wrote, or "owner/name" on the Hugging Face hub;
            None takes the repository that braindecode's documentation names.
        revision : str | None
            Branch, tag or commit on the hub.
        local_files_only : bool
            Take nothing but what was downloaded before.
        **words : object
            Those of the class, ``sfreq`` and mostly ``chs_info`` and ``n_times``.

        Returns
        -------
        network : Foundation
            In evaluation mode.

        Raises
        ------
        FileNotFoundError
            If a folder lacks a file.
        RuntimeError
            If the hub does not give a file, or it is damaged.
        ValueError
            If the weights are those of another model or of sizes that are not plain values.
        """
        check_option("which", which, DESIGNS, "Foundation.from_braindecode")
        source = str(DESIGNS[which].weights if source is None else source)
        hub = {"revision": revision, "local_files_only": local_files_only}
        config, design = read_json(find_file(source, "config.json", **hub)), DESIGNS[which]
        sizes = sizes_in_config(which, braindecode_class(design.kind), config, design.words, source)
        if which == "reve" and words.get("positions") is None:
            bank = read_json(find_file(_POSITIONS, "positions.json", local_files_only=local_files_only))
            chs_info = words.get("chs_info")
            names = TEN_TWENTY if chs_info is None else [channel["ch_name"] for channel in chs_info]
            words["positions"] = dict(zip(names, look_up_places(bank, names), strict=True))
        network = cls(which=which, **{"sizes": sizes, **words})
        state, _ = read_safetensors(find_file(source, "model.safetensors", **hub))
        load_into(network, Checkpoint(source, state))
        return network

    def _names(self, n_chans):
        """Return the names of the channels, or raise ValueError where they are not known."""
        if self.chs_info is not None:
            names = [channel["ch_name"] for channel in self.chs_info]
            if n_chans not in (None, len(names)):
                raise ValueError(
                    f"Foundation was given n_chans={n_chans} and a chs_info of {len(names)} channels."
                )
            return names
        if self.design.channels == "any" and n_chans is not None:
            check_number("n_chans", n_chans, "Foundation", at_least=1, integer=True)
            return [f"{n}" for n in range(n_chans)]
        if n_chans not in (None, len(TEN_TWENTY)):
            raise ValueError(
                f"{self.which!r} must know which channels these {n_chans} are: give chs_info, such as "
                f"epochs.info['chs']. Without, it takes the {len(TEN_TWENTY)} of the 10-20 system."
            )
        return list(TEN_TWENTY)

    def _channels(self, names, positions):
        """Return the model's names, the matrix to its channels, and the channels' places, each or None."""
        if positions is not None and self.design.channels != "placed":
            raise ValueError(
                f"The 'positions' parameter of Foundation is for 'reve'; {self.which!r} takes none."
            )
        if self.design.channels == "known":
            braindecode_class(self.design.kind)
            return find_names(self.design, self.which, names), None, None
        if self.design.channels == "all":
            return None, torch.tensor(montage_matrix(self.which, names)), None
        if self.design.channels == "placed":
            return None, None, find_places(names, self.chs_info, positions)
        return None, None, None

    def _build(self, sizes):
        """Return braindecode's model without its classifier."""
        kind = braindecode_class(self.design.kind)
        x = self.prepare_signal(torch.zeros(1, self.n_chans, self.n_times))
        words = {
            "n_chans": x.shape[1],
            "n_times": x.shape[2],
            "sfreq": self.design.sfreq,
            **self.design.words,
        }
        if self.known_names and self.which != "labram":
            words["chs_info"] = [{"ch_name": name} for name in self.known_names]
        check_sizes(self.which, kind, sizes, words)
        if self.which != "reve":
            backbone = kind(**words, **sizes)
        else:
            # It would download its list of places, though it takes places with the signals.
            with mock.patch(f"{kind.__module__}.RevePositionBank", nn.Identity):
                backbone = kind(**words, **sizes)
        if hasattr(backbone, "final_layer"):
            backbone.final_layer = nn.Identity()
        if self.which == "signal_jepa":
            # Only its pretraining predicts.
            backbone.transformer.decoder = nn.Identity()
        if self.which == "eegpt":
            # Which channels there are is no weight: another recording has others.
            numbers = backbone.chans_id
            del backbone.chans_id
            backbone.register_buffer("chans_id", numbers, persistent=False)
        return backbone

    def _features(self, x):
        """Return tokens, (batch, n_tokens, embed_dim), or embeddings, (batch, embed_dim)."""
        x, more = self.prepare_signal(x), {}
        if self.which == "labram":
            more["ch_names"] = self.known_names
        if self.which == "reve":
            more["pos"] = self.positions.expand(len(x), -1, -1)
        with warnings.catch_warnings():
            # Of BIOT, whose window is rectangular.
            warnings.filterwarnings("ignore", "A window was not provided", UserWarning)
            features = self.backbone(x, return_features=True, **more)["features"]
        return features.flatten(1, 2) if features.ndim == 4 else features
