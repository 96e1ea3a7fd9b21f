"""The networks of DreamDiffusion (Bai et al. 2023, arXiv:2306.16934), as the released code computes them."""

from typing import NamedTuple

import torch
from torch import nn

from ..._checks import check_number, check_type
from ._network import Network
from ._patches import Patches, check_signal, check_sizes, initialise
from ._transformer import Block, run_blocks, sincos_positions


class MaskedOutput(NamedTuple):
    """What masked signal modelling gives for a batch.

    Attributes
    ----------
    loss : Tensor, shape ()
        Mean squared error over masked patches.
    pred : Tensor, shape (batch, n_patches, patch_size * n_chans)
        Predicted patches, see :meth:`DreamDiffusionMAE.patchify`.
    mask : Tensor, shape (batch, n_patches)
        1 where a patch was masked.
    latent : Tensor, shape (batch, 1 + n_kept, embed_dim)
        What the encoder makes of the cls token and the visible patches, these in the order of the noise.
    """

    loss: torch.Tensor
    pred: torch.Tensor
    mask: torch.Tensor
    latent: torch.Tensor


class DreamDiffusionEncoder(Network):
    """Encoder of stages two and three: all patches of a signal to tokens, without masks or cls token.

    Parameters
    ----------
    n_chans : int
        Channels of the signal.
    n_times : int
        Its samples, a multiple of ``patch_size``.
    n_outputs : int | None
        Classes of a linear layer on the averaged tokens; None gives the tokens themselves.
    sfreq : float | None
        Hz; not used, here for braindecode.
    chs_info : list of dict | None
        Channels as in ``info["chs"]``; not used, here for braindecode.
    patch_size : int
        Samples of a patch.
    embed_dim : int
        Width of a token.
    depth : int
        Number of blocks.
    num_heads : int
        Heads of each attention; they share ``embed_dim``.
    mlp_ratio : float
        Hidden width of a block's perceptron over ``embed_dim``.
    global_pool : bool
        Average the tokens before the last norm. From a checkpoint of pretraining the released code then takes
        no norm at all, also none of the blocks', and each starts as the identity; so it is here.

    Notes
    -----
    Defaults are those of the paper. In evaluation the network is deterministic; it has no dropout.
    """

    def __init__(
        self,
        n_chans=128,
        n_times=512,
        n_outputs=None,
        sfreq=None,
        chs_info=None,
        *,
        patch_size=4,
        embed_dim=1024,
        depth=24,
        num_heads=16,
        mlp_ratio=1.0,
        global_pool=False,
    ):
        super().__init__()
        n_patches = check_sizes(
            "DreamDiffusionEncoder",
            n_chans=n_chans,
            n_times=n_times,
            patch_size=patch_size,
            embed_dim=embed_dim,
            depth=depth,
            num_heads=num_heads,
            mlp_ratio=mlp_ratio,
        )
        check_number("n_outputs", n_outputs, "DreamDiffusionEncoder", at_least=1, none=True, integer=True)
        self.n_chans, self.n_times, self.global_pool = n_chans, n_times, global_pool
        self.embed_dim, self.n_patches = embed_dim, n_patches
        self.patch_embed = Patches(n_chans, patch_size, embed_dim)
        self.pos_embed = nn.Parameter(sincos_positions(n_patches, embed_dim), requires_grad=False)
        self.blocks = nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim)
        self.head = None if n_outputs is None else nn.Linear(embed_dim, n_outputs)
        initialise(self)

    def pick_weights(self, state):
        """Return the encoder's part of a checkpoint of pretraining, as the released code takes it.

        Parameters
        ----------
        state : dict of str to Tensor
            Weights of :class:`DreamDiffusionMAE` or of an encoder.

        Returns
        -------
        state : dict of str to Tensor
            Weights of the encoder.
        """
        of_pretraining = any(name.startswith("decoder_") for name in state)
        unused = ("decoder_", "mask_token", "cls_token")
        state = {name: value for name, value in state.items() if not name.startswith(unused)}
        if self.global_pool and of_pretraining:
            state |= {name: value for name, value in self.state_dict().items() if "norm" in name}
        return state

    def forward(self, x):
        """Encode signals.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)
            Signals as :meth:`eegimg.models.ModelCard.prepare` makes them.

        Returns
        -------
        tokens : Tensor, shape (batch, n_patches, embed_dim) | (batch, 1, embed_dim) | (batch, n_outputs)
            The tokens, their average with ``global_pool``, or logits with ``n_outputs``.
        """
        check_signal(x, self)
        tokens = self.patch_embed(self.patch_embed.cut(x)) + self.pos_embed[:, 1:]
        tokens = run_blocks(self.blocks, tokens)
        if self.global_pool:
            tokens = tokens.mean(dim=1, keepdim=True)
        tokens = self.norm(tokens)
        return tokens if self.head is None else self.head(tokens.mean(dim=1))


class DreamDiffusionMAE(Network):
    """Masked signal modelling, stage one: hide most patches of a signal and predict them from the others.

    Parameters
    ----------
    n_chans : int
        Channels of the signal.
    n_times : int
        Its samples, a multiple of ``patch_size``.
    n_outputs : None
        There are no classes to predict; here for braindecode.
    sfreq : float | None
        Hz; not used, here for braindecode.
    chs_info : list of dict | None
        Channels as in ``info["chs"]``; not used, here for braindecode.
    patch_size : int
        Samples of a patch.
    embed_dim : int
        Width of a token in the encoder.
    depth : int
        Blocks of the encoder.
    num_heads : int
        Heads of each attention of the encoder.
    mlp_ratio : float
        Hidden width of a block's perceptron over that of its tokens.
    decoder_embed_dim : int
        Width of a token in the decoder.
    decoder_depth : int
        Blocks of the decoder.
    decoder_num_heads : int
        Heads of each attention of the decoder.
    focus_range : tuple of int | None
        First sample and first sample behind a stretch whose patches are masked more often than others.
    focus_rate : float | None
        Weight of a patch inside that stretch, 0 to 1; the others have one minus it.

    Notes
    -----
    Defaults are those of the paper, section 3.1. He et al. (2022), arXiv:2111.06377, masked autoencoders for
    images; Chen et al. (2023), arXiv:2211.06956, from whose code the released one descends.
    """

    def __init__(
        self,
        n_chans=128,
        n_times=512,
        n_outputs=None,
        sfreq=None,
        chs_info=None,
        *,
        patch_size=4,
        embed_dim=1024,
        depth=24,
        num_heads=16,
        mlp_ratio=1.0,
        decoder_embed_dim=512,
        decoder_depth=8,
        decoder_num_heads=16,
        focus_range=None,
        focus_rate=None,
    ):
        super().__init__()
        caller = "DreamDiffusionMAE"
        sizes = {"n_chans": n_chans, "n_times": n_times, "patch_size": patch_size, "mlp_ratio": mlp_ratio}
        n_patches = check_sizes(caller, **sizes, embed_dim=embed_dim, depth=depth, num_heads=num_heads)
        check_sizes(
            caller, "decoder_", **sizes, embed_dim=decoder_embed_dim, depth=decoder_depth,
            num_heads=decoder_num_heads,
        )  # fmt: skip
        self.n_chans, self.n_times, self.patch_size, self.n_patches = n_chans, n_times, patch_size, n_patches
        self.embed_dim = embed_dim
        self._focus = _focus_weights(focus_range, focus_rate, n_times, patch_size)
        self.cls_token = nn.Parameter(torch.empty(1, 1, embed_dim).normal_(std=0.02))
        self.mask_token = nn.Parameter(torch.empty(1, 1, decoder_embed_dim).normal_(std=0.02))
        self.pos_embed = nn.Parameter(sincos_positions(n_patches, embed_dim), requires_grad=False)
        positions = sincos_positions(n_patches, decoder_embed_dim)
        self.decoder_pos_embed = nn.Parameter(positions, requires_grad=False)
        self.patch_embed = Patches(n_chans, patch_size, embed_dim)
        self.blocks = nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim)
        self.decoder_embed = nn.Linear(embed_dim, decoder_embed_dim)
        self.decoder_blocks = nn.ModuleList(
            Block(decoder_embed_dim, decoder_num_heads, mlp_ratio) for _ in range(decoder_depth)
        )
        self.decoder_norm = nn.LayerNorm(decoder_embed_dim)
        self.decoder_pred = nn.Linear(decoder_embed_dim, patch_size * n_chans)
        initialise(self)

    def forward(self, x, mask_ratio=0.75, noise=None, target=None):
        """Mask patches, predict them, and measure the error.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)
            Signals as :meth:`eegimg.models.ModelCard.prepare` makes them.
        mask_ratio : float
            Share of patches to mask; 0.75 in the paper, 0.1 in the released configuration.
        noise : Tensor, shape (batch, n_patches) | None
            Patches with the lowest values stay visible. With ``focus_range`` the values must be uniform
            between 0 and 1, and patches outside that stretch stay visible more often. None draws them.
        target : Tensor, shape (batch, n_chans, n_times) | None
            What is to be predicted; None predicts x itself, which is the paper's form.

        Returns
        -------
        output : MaskedOutput
            loss, pred, mask and latent.

        Raises
        ------
        ValueError
            If the signal has another shape than the network, or so much is masked that nothing is left.
        """
        latent, mask, restore = self.encode(x, mask_ratio, noise)
        pred = self.decode(latent, restore)
        patches = self.patchify(x if target is None else target)
        error = (pred - patches).square().mean(dim=-1)
        # Nothing masked is no error, and no division by zero.
        loss = (error * mask).sum() / mask.sum().clamp(min=1.0)
        return MaskedOutput(loss, pred, mask, latent)

    def encode(self, x, mask_ratio=0.75, noise=None):
        """Encode the visible patches.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)
            Signals.
        mask_ratio : float
            Share of patches to mask.
        noise : Tensor, shape (batch, n_patches) | None
            As in :meth:`forward`.

        Returns
        -------
        latent : Tensor, shape (batch, 1 + n_kept, embed_dim)
            The cls token first.
        mask : Tensor, shape (batch, n_patches)
            1 where a patch was masked.
        restore : Tensor, shape (batch, n_patches)
            Which place each patch has among the visible, then the masked ones.
        """
        check_signal(x, self)
        check_number("mask_ratio", mask_ratio, "DreamDiffusionMAE", at_least=0, at_most=1)
        n_kept = int(self.n_patches * (1 - mask_ratio))
        if n_kept < 1:
            raise ValueError(
                f"mask_ratio={mask_ratio:g} leaves none of the {self.n_patches} patches visible. Mask less, "
                f"at most {1 - 1 / self.n_patches:g}."
            )
        noise = self._check_noise(noise, x, self.n_patches - n_kept)
        order = noise.argsort(dim=1)
        restore = order.argsort(dim=1)
        mask = (restore >= n_kept).to(x.dtype)
        # What is hidden is not embedded either.
        kept, cuts = order[:, :n_kept], self.patch_embed.cut(x)
        cuts = cuts.gather(1, kept[..., None].expand(-1, -1, cuts.shape[-1]))
        tokens = self.patch_embed(cuts) + self.pos_embed[0, 1:][kept]
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1)
        latent = torch.cat([first, tokens], dim=1)
        return self.norm(run_blocks(self.blocks, latent)), mask, restore

    def decode(self, latent, restore):
        """Predict all patches from the visible ones.

        Parameters
        ----------
        latent : Tensor, shape (batch, 1 + n_kept, embed_dim)
            From :meth:`encode`.
        restore : Tensor, shape (batch, n_patches)
            From :meth:`encode`.

        Returns
        -------
        pred : Tensor, shape (batch, n_patches, patch_size * n_chans)
            Predicted patches.
        """
        tokens = self.decoder_embed(latent)
        n_masked = restore.shape[1] + 1 - tokens.shape[1]
        hidden = self.mask_token.to(tokens.dtype).expand(len(tokens), n_masked, -1)
        everywhere = restore[..., None].expand(-1, -1, tokens.shape[-1])
        patches = torch.cat([tokens[:, 1:], hidden], dim=1).gather(1, everywhere)
        tokens = torch.cat([tokens[:, :1], patches], dim=1) + self.decoder_pos_embed
        tokens = run_blocks(self.decoder_blocks, tokens)
        return self.decoder_pred(self.decoder_norm(tokens))[:, 1:]

    def patchify(self, x):
        """Cut signals into patches.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)
            Signals.

        Returns
        -------
        patches : Tensor, shape (batch, n_patches, patch_size * n_chans)
            Within a patch all channels of its first sample, then of its second.
        """
        cut = x.unflatten(2, (self.n_patches, self.patch_size))
        return cut.permute(0, 2, 3, 1).flatten(2)

    def unpatchify(self, patches):
        """Put patches together again, the inverse of :meth:`patchify`.

        Parameters
        ----------
        patches : Tensor, shape (batch, n_patches, patch_size * n_chans)
            Patches.

        Returns
        -------
        x : Tensor, shape (batch, n_chans, n_times)
            Signals.
        """
        return patches.unflatten(2, (self.patch_size, self.n_chans)).permute(0, 3, 1, 2).flatten(2)

    def _check_noise(self, noise, x, n_masked):
        """Return the noise by which patches are hidden, given or drawn, with what the focus adds."""
        shape = (len(x), self.n_patches)
        given = noise is not None
        noise = noise if given else torch.rand(shape, device=x.device)
        if noise.shape != shape:
            raise ValueError(
                f"The 'noise' parameter of DreamDiffusionMAE must have the shape {shape}, a number for each "
                f"patch of each signal. Got {tuple(noise.shape)} instead."
            )
        if self._focus is None:
            return noise
        if given and not ((noise >= 0) & (noise <= 1)).all():
            raise ValueError(
                "The 'noise' parameter of DreamDiffusionMAE must be uniform between 0 and 1 where there is a "
                f"focus_range. Got numbers from {noise.min():g} to {noise.max():g} instead."
            )
        # A power of uniform numbers draws by weight without replacement (Efraimidis and Spirakis 2006), so
        # that the same noise hides the same on every machine.
        weights = torch.tensor(self._focus, device=x.device).clamp(min=1e-30)
        chosen = (noise.float().log() / weights).topk(n_masked).indices
        # As in the released code: above every other number, so that these are the ones that are hidden.
        return noise.scatter(1, chosen, 1.1)


def _focus_weights(focus_range, focus_rate, n_times, patch_size):
    """Return how often each patch is masked in comparison with others, or None for all alike."""
    if focus_range is None:
        return None
    check_type("focus_range", focus_range, (tuple, list), "DreamDiffusionMAE", "two sample numbers or None")
    if len(focus_range) != 2 or not 0 <= focus_range[0] < focus_range[1] <= n_times:
        raise ValueError(
            f"The 'focus_range' parameter of DreamDiffusionMAE must be two sample numbers within 0 to "
            f"{n_times}, the lower first. Got {focus_range!r} instead."
        )
    check_number("focus_rate", focus_rate, "DreamDiffusionMAE", above=0, at_most=1)
    first, stop = (sample // patch_size for sample in focus_range)
    return [focus_rate if first <= n < stop else 1.0 - focus_rate for n in range(n_times // patch_size)]
