"""What every network here is: a torch module that can be saved to a folder or a hub, and loaded again."""

import pathlib

from huggingface_hub import ModelCard, PyTorchModelHubMixin, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
)
from torch import nn

from .. import _hub, _load

_NOT_REACHED = (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled)


class Network(nn.Module, PyTorchModelHubMixin):
    """A torch module whose sizes, weights and card go to ``save_pretrained`` and come back.

    ``save_pretrained(folder)`` writes ``model.safetensors``, ``config.json`` (sizes and card, data only) and
    ``README.md`` (the card as a Hugging Face model card); ``push_to_hub(repo_id)`` uploads the same. Weights
    are read from safetensors only: nothing that is loaded can run code.

    Attributes
    ----------
    card : ModelCard | None
        What is known of the network, set by :func:`eegimg.create_model` and ``from_pretrained``.
    head_names : tuple of str
        How the names of those weights begin that ``n_outputs`` adds: they start anew when a checkpoint is
        loaded with another number of outputs.
    """

    card = None
    head_names = ("head.",)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, **options):
        """Load a network that ``save_pretrained`` or ``push_to_hub`` wrote.

        Parameters
        ----------
        pretrained_model_name_or_path : path-like
            A folder, or "owner/name" on the Hugging Face hub.
        **options : object
            ``revision``, ``token``, ``cache_dir``, ``force_download`` and ``local_files_only`` of the hub,
            ``map_location``, and words of the constructor that weights do not fix.

        Returns
        -------
        network : Network
            With weights and card, in evaluation mode.

        Raises
        ------
        FileNotFoundError, RuntimeError
            If a file is missing or damaged, or the hub does not give it.
        ValueError
            If the weights are those of another network, or fix a size that was given.
        """
        source = str(pretrained_model_name_or_path)
        if pathlib.Path(source).is_dir():
            _hub.read_config(pathlib.Path(source))
        try:
            return super().from_pretrained(source, **options)
        except (EntryNotFoundError, *_NOT_REACHED) as err:
            if isinstance(err, EntryNotFoundError) and not isinstance(err, LocalEntryNotFoundError):
                raise FileNotFoundError(
                    f"{source} on the Hugging Face hub has no model.safetensors: weights are read from "
                    "safetensors only, since a pickle could run code."
                ) from err
            reason = " ".join(str(err).split())
            raise RuntimeError(
                f"{source} is no folder here, and could not be had from the Hugging Face hub: {reason}"
            ) from err

    def pick_weights(self, state):
        """Return what the network takes of a checkpoint's tensors; a network may leave some aside.

        Parameters
        ----------
        state : dict of str to torch.Tensor
            Everything that the checkpoint has.

        Returns
        -------
        state : dict of str to torch.Tensor
            What must be exactly the network's own weights, by name and shape.
        """
        return state

    def generate_model_card(self, *args, **kwargs):
        """Return the card as the mixin wants it."""
        return ModelCard(_hub.card_of(self).to_markdown())

    def _save_pretrained(self, save_directory):
        """Write weights, sizes and card; an old card that is there may be of another network."""
        _hub.save_network(self, save_directory)

    @classmethod
    def _from_pretrained(cls, *, model_id, map_location="cpu", strict=True, config=None, **options):
        """Build with the sizes of config.json and load model.safetensors; never a pickle."""
        hub = ("revision", "cache_dir", "force_download", "local_files_only", "token")
        where = {name: options.pop(name) for name in hub if name in options}

        def find(name):
            return hf_hub_download(model_id, name, **where)

        return _load.from_saved(cls, model_id, config, find, options).to(map_location)
