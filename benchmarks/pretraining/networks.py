"""Train one variant, and read features and predictions from it."""

import time

import numpy as np
import people
import torch

from eegimg.models.networks.dreamdiffusion import DreamDiffusionMAE

CHANNEL_PATCH = 24
BATCH = 256


def build(variant):
    """Return the freshly initialised network of a variant."""
    torch.manual_seed(variant.seed)
    by_channel = variant.tokens == "channel"
    return DreamDiffusionMAE(
        n_chans=1 if by_channel else people.N_CHANNELS,
        n_times=people.N_CHANNELS * people.N_TIMES if by_channel else people.N_TIMES,
        patch_size=CHANNEL_PATCH if by_channel else variant.patch_size,
        embed_dim=variant.width,
        depth=variant.depth,
        num_heads=variant.n_heads,
        mlp_ratio=variant.mlp_ratio,
        decoder_embed_dim=variant.decoder_width,
        decoder_depth=variant.decoder_depth,
        decoder_num_heads=variant.n_heads,
    )


def lay(variant, X):
    """Return epochs as the network takes them: for channel-wise patches one channel after the other."""
    X = torch.from_numpy(np.ascontiguousarray(X))
    return X.reshape(len(X), 1, -1) if variant.tokens == "channel" else X


def train(variant, X, targets, who):
    """Train the network of a variant.

    Parameters
    ----------
    variant : Variant
        What is varied.
    X, targets : array, shape (n_epochs, n_channels, n_times)
        Prepared epochs and what is to be predicted.
    who : array of int, shape (n_epochs,)
        Whose epochs they are, from 0.

    Returns
    -------
    network : DreamDiffusionMAE
        Trained.
    matrices : numpy.ndarray, shape (n_people, n_channels, n_channels) | None
        With ``own_matrix``, what each person's epochs are multiplied with.
    facts : dict
        loss (mean of the last 100 updates), seconds (of the processor).
    """
    network, start, losses = build(variant), time.process_time(), []
    eye = torch.eye(X.shape[1]).repeat(variant.n_people, 1, 1)
    matrices = torch.nn.Parameter(eye) if variant.own_matrix else None
    parameters = [*network.parameters(), *([matrices] if variant.own_matrix else [])]
    optimizer = torch.optim.AdamW(parameters, lr=variant.lr, betas=(0.9, 0.95), weight_decay=0.05)
    rng = np.random.default_rng(variant.seed)
    for step in range(variant.steps):
        progress = step / variant.steps
        for group in optimizer.param_groups:
            group["lr"] = variant.lr * min(progress / 0.08, 0.5 * (1 + np.cos(np.pi * progress)))
        rows = np.sort(rng.choice(len(X), variant.batch_size, replace=False))
        x = lay(variant, X[rows])
        if variant.own_matrix:
            x = torch.einsum("boc,bct->bot", matrices[who[rows]], x)
        loss = measure(variant, network, x, lay(variant, targets[rows]))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 0.8)
        optimizer.step()
        losses.append(float(loss.detach()))
    facts = {"loss": round(float(np.mean(losses[-100:])), 4), "seconds": round(time.process_time() - start)}
    return network.eval(), matrices.detach().numpy() if variant.own_matrix else None, facts


def measure(variant, network, x, target):
    """Return the mean squared error over hidden patches, or over all."""
    out = network(x, mask_ratio=variant.mask_ratio, target=target)
    if variant.loss_on == "hidden":
        return out.loss
    return (out.pred - network.patchify(target)).square().mean()


def extract(network, variant, X, layer=None):
    """Return tokens, nothing hidden.

    Parameters
    ----------
    network : DreamDiffusionMAE
        In evaluation mode.
    variant : Variant
        What is varied.
    X : array, shape (n_epochs, n_channels, n_times)
        Prepared epochs.
    layer : int | None
        Tokens behind so many blocks, without the last norm; None takes the output.

    Returns
    -------
    tokens : numpy.ndarray, shape (n_epochs, n_patches, width)
        In the order of time.
    """
    in_order = torch.arange(network.n_patches, dtype=torch.float32)
    seen, parts = {}, []
    hook = None
    if layer:
        hook = network.blocks[layer - 1].register_forward_hook(lambda *args: seen.update(out=args[2]))
    with torch.inference_mode():
        for start in range(0, len(X), BATCH):
            batch = lay(variant, X[start : start + BATCH])
            if layer == 0:
                parts.append(network.patch_embed(batch))
                continue
            latent, _, _ = network.encode(batch, 0.0, in_order.expand(len(batch), -1))
            parts.append((seen["out"] if layer else latent)[:, 1:])
    if hook is not None:
        hook.remove()
    return torch.cat(parts).numpy()


def smooth(network, variant, X):
    """Return what the network predicts with nothing hidden, shape of ``X``."""
    in_order = torch.arange(network.n_patches, dtype=torch.float32)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(X), BATCH):
            batch = lay(variant, X[start : start + BATCH])
            out = network(batch, mask_ratio=0.0, noise=in_order.expand(len(batch), -1))
            parts.append(network.unpatchify(out.pred))
    return torch.cat(parts).numpy().reshape(X.shape)


def predict_hidden(network, variant, X):
    """Return predicted hidden patches, (n_hidden, n_numbers), and the mask (n_epochs, n_patches) of bool."""
    torch.manual_seed(0)
    with torch.inference_mode():
        out = network(lay(variant, X), mask_ratio=variant.mask_ratio or 0.75)
    mask = out.mask.bool()
    return out.pred[mask].numpy(), mask


def cut_hidden(network, variant, X, mask):
    """Return the patches of epochs at a mask, (n_hidden, n_numbers)."""
    return network.patchify(lay(variant, X))[mask].numpy()
