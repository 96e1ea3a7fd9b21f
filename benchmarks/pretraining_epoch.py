"""A masked training epoch, loading included, beside the way of the code that DreamDiffusion released.

The other arm is a transcription of what that code does with each item, from its description: one .npy file in
float64 is read, each channel interpolated to 512 samples by scipy, divided by 10 and cast to float32; blocks
are those of timm 0.5 (attention written out as two products and a softmax), AdamW, clipping, one thread. Its
correlations per batch and its logging are left out, and no checkpoint falls into the time of either arm.
Numbers that both compute from the same weights, signals and masks are compared before anything is timed.
eegimg brings epochs to the network's shape once and keeps them; that is done before the time of its epoch
begins, and stands beside it ("prepared_once_ms", per epoch of EEG).

    python benchmarks/pretraining_epoch.py [--repeats 7] [--out benchmarks/results/pretraining_epoch.json]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import mne
import numpy as np
import pandas as pd
import torch
from machine import describe_machine
from scipy.interpolate import interp1d
from torch import nn

from eegimg.models._registry import create_model
from eegimg.store import write_store
from eegimg.training._masks import draw_noise, seed_of
from eegimg.training._pretrain import pretrain

N_CHANS, N_TIMES, N_INPUT, SFREQ = 128, 440, 512, 1000.0
BATCH, N_EPOCHS, SETTINGS = 16, 192, {"lr": 2.5e-4, "betas": (0.9, 0.95), "clip": 0.8}
# Width, blocks, heads, width and blocks of the decoder.
_SIZES = ((64, 2, 4, 32, 1), (256, 4, 8, 128, 2), (1024, 2, 16, 512, 1))
NETWORKS = {
    f"width {width}, {depth} blocks": {
        "embed_dim": width,
        "depth": depth,
        "num_heads": heads,
        "decoder_embed_dim": decoder_width,
        "decoder_depth": decoder_depth,
        "decoder_num_heads": heads,
    }
    for width, depth, heads, decoder_width, decoder_depth in _SIZES
}


class Attention(nn.Module):
    """As timm 0.5 writes it: two products and a softmax."""

    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads, self.scale = num_heads, (dim // num_heads) ** -0.5
        self.qkv, self.proj, self.drop = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), nn.Dropout(0.0)

    def forward(self, x):
        """Mix tokens of shape (batch, n_tokens, dim)."""
        batch, n_tokens, dim = x.shape
        qkv = self.qkv(x).reshape(batch, n_tokens, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = qkv[0], qkv[1], qkv[2]
        weights = self.drop(((query @ key.transpose(-2, -1)) * self.scale).softmax(dim=-1))
        return self.drop(self.proj((weights @ value).transpose(1, 2).reshape(batch, n_tokens, dim)))


class Perceptron(nn.Module):
    """Two linear layers with a GELU between them, dropout of nothing behind each."""

    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim)
        self.drop = nn.Dropout(0.0)

    def forward(self, x):
        """Change each token by itself."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class Block(nn.Module):
    """Attention and perceptron behind norms, with the parameters of a block of eegimg."""

    def __init__(self, dim, num_heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn, self.mlp, self.drop_path = (
            Attention(dim, num_heads),
            Perceptron(dim, hidden),
            nn.Identity(),
        )

    def forward(self, x):
        """Return tokens of shape (batch, n_tokens, dim)."""
        x = x + self.drop_path(self.attn(self.norm1(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))


def as_released(network):
    """Put timm 0.5's blocks with the same weights into a network."""
    for blocks in (network.blocks, network.decoder_blocks):
        for number, block in enumerate(blocks):
            other = Block(block.norm1.normalized_shape[0], block.attn.num_heads, block.mlp.fc1.out_features)
            other.load_state_dict(block.state_dict())
            blocks[number] = other
    return network


def read_item(file):
    """Read and prepare one item as the released loader does."""
    data = np.load(file)
    grid, wanted = np.linspace(0, 1, data.shape[-1]), np.linspace(0, 1, N_INPUT)
    return torch.from_numpy(interp1d(grid, data)(wanted) / 10).float()


class Files(torch.utils.data.Dataset):
    """One file per item."""

    def __init__(self, files):
        self.files = files

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        return read_item(self.files[index])


def train_released(network, files, masks):
    """Train one epoch; return CPU seconds, wall seconds and losses behind the first update."""
    groups = [
        {"params": [value for value in network.parameters() if value.requires_grad and value.ndim > 1]},
        {"params": [value for value in network.parameters() if value.requires_grad and value.ndim <= 1]},
    ]
    optimizer = torch.optim.AdamW(groups, lr=SETTINGS["lr"], betas=SETTINGS["betas"], weight_decay=0.05)
    loader = torch.utils.data.DataLoader(Files(files), batch_size=BATCH, shuffle=True, drop_last=True)
    losses, start = [], None
    for x, noise in zip(loader, masks, strict=True):
        loss = network(x, 0.75, noise).loss
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), SETTINGS["clip"])
        optimizer.step()
        losses.append(loss.item())
        start = start or (time.process_time(), time.perf_counter())
    return time.process_time() - start[0], time.perf_counter() - start[1], losses


def train_ours(sizes, store, out, precision="no"):
    """Train one epoch by ``pretrain``; return the same."""
    times, losses = [], []

    def watch(found):
        times.append((time.process_time(), time.perf_counter()))
        losses.append(found["loss"])

    recipe = {
        "model": {"name": "dreamdiffusion_mae", **sizes},
        "input": {
            "n_chans": N_CHANS, "n_times": N_INPUT, "sfreq": SFREQ, "length": "interpolate", "divisor": 10.0,
        },
        "corpus": [{"store": str(store)}],
        "training": {
            **SETTINGS, "epochs": 1, "batch_size": BATCH, "warmup": 0.0, "min_lr": SETTINGS["lr"],
            "validation": 0, "tensorboard": False, "precision": precision,
        },
    }  # fmt: skip
    pretrain(recipe, out, watch=watch)
    return times[-1][0] - times[0][0], times[-1][1] - times[0][1], losses


def make_data(folder):
    """Write the same noise as a store in volts and as one file per item in microvolts."""
    rng = np.random.default_rng(0)
    data = np.cumsum(rng.normal(0, 1, (N_EPOCHS, N_CHANS, N_TIMES)), -1).astype(np.float32).astype(float)
    info = mne.create_info(N_CHANS, SFREQ, "eeg")
    metadata = pd.DataFrame({"subject": ["01"] * N_EPOCHS})
    write_store(mne.EpochsArray(data * 1e-6, info, metadata=metadata, verbose="error"), folder / "store")
    files = [folder / f"{number}.npy" for number in range(N_EPOCHS)]
    for file, item in zip(files, data, strict=True):
        np.save(file, item)
    return folder / "store", files


def compare_numbers(sizes, store, files):
    """Return the largest difference of inputs and losses between the arms, and what preparing once costs."""
    from eegimg.models import InputSpec
    from eegimg.store import read_store

    store = read_store(store)
    facts = {"n_chans": N_CHANS, "n_times": N_INPUT, "sfreq": SFREQ, "length": "interpolate", "divisor": 10.0}
    start = time.process_time()
    prepared = InputSpec.from_facts(facts).adapter_for(store)(store[:])
    once = (time.process_time() - start) / len(prepared)
    theirs = torch.stack([read_item(file) for file in files[:8]])
    torch.manual_seed(0)
    network = create_model("dreamdiffusion_mae", n_chans=N_CHANS, n_times=N_INPUT, **sizes)
    noise = draw_noise(0, 8, network.n_patches)
    loss = network(theirs, 0.75, noise).loss.item()
    released = as_released(network)(theirs, 0.75, noise).loss.item()
    return {
        "difference_input": float(np.abs(prepared[:8] - theirs.numpy()).max()),
        "difference_loss": abs(loss - released) / loss,
        "prepared_once_ms": round(1000 * once, 2),
    }


def run_arm(name, sizes, folder, number):
    """Train one epoch in one arm, in this process; return samples per second of CPU and of wall time."""
    if name == "eegimg":
        cpu, wall, _ = train_ours(sizes, folder / "store", folder / f"out-{sizes['embed_dim']}-{number}")
    else:
        torch.manual_seed(number)
        network = as_released(create_model("dreamdiffusion_mae", n_chans=N_CHANS, n_times=N_INPUT, **sizes))
        masks = [
            draw_noise(seed_of(0, 0, step), BATCH, network.n_patches) for step in range(N_EPOCHS // BATCH)
        ]
        cpu, wall, _ = train_released(network, [folder / f"{item}.npy" for item in range(N_EPOCHS)], masks)
    return (N_EPOCHS - BATCH) / cpu, (N_EPOCHS - BATCH) / wall


def measure(network, folder, repeats):
    """Time both arms in turn, each in a process of its own: what one leaves in memory slows the other."""
    rows = []
    for number in range(repeats):
        found = {}
        for arm in ("released", "eegimg")[:: 1 if number % 2 else -1]:
            program = [sys.executable, __file__, "--arm", arm, network, str(folder), str(number)]
            done = subprocess.run(program, capture_output=True, text=True, check=True)
            found[arm] = json.loads(done.stdout.splitlines()[-1])
        row = {arm: round(cpu, 1) for arm, (cpu, _) in found.items()}
        row["ratio"] = round(found["eegimg"][0] / found["released"][0], 3)
        row["ratio_wall"] = round(found["eegimg"][1] / found["released"][1], 3)
        rows.append(row)
        print(network, row, flush=True)
    ratios = sorted(row["ratio"] for row in rows)
    median = round(float(np.median(ratios)), 3)
    return {"ratio_median": median, "ratio_range": [ratios[0], ratios[-1]], "runs": rows}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--arm", nargs=4, help="for the processes that this one starts")
    default = pathlib.Path(__file__).parent / "results" / "pretraining_epoch.json"
    parser.add_argument("--out", type=pathlib.Path, default=default)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.arm:
        name, network, folder, number = arguments.arm
        print(json.dumps(run_arm(name, NETWORKS[network], pathlib.Path(folder), int(number))))
        return
    result = {
        "what": "samples per second of CPU time, one thread, first update left out; both arms in turn",
        "machine": describe_machine() | {"torch": torch.__version__},
        "load_average_before": [round(value, 2) for value in os.getloadavg()],
        "data": {
            "epochs": N_EPOCHS,
            "batch": BATCH,
            "shape": [N_CHANS, N_TIMES],
            "input": [N_CHANS, N_INPUT],
        },
        "networks": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        store, files = make_data(folder)
        for name in arguments.networks:
            both = compare_numbers(NETWORKS[name], store, files)
            found = measure(name, folder, arguments.repeats)
            result["networks"][name] = {"sizes": NETWORKS[name], **both, **found}
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
