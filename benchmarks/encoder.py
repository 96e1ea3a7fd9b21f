"""DreamDiffusion's encoder beside blocks as the released code writes them: python benchmarks/encoder.py.

Both have the same weights and give the same numbers; that is checked first. The other arm is a
transcription: blocks of timm 0.5 (attention as two products and a softmax), patches as a convolution. Arms
take turns, one thread; times are CPU seconds of the process, since other programs may share the processor.

The peak is the highest rate, over the shapes of the encoder's linear layers (all tokens of the batch at once,
float32, torch.mm into an array that exists), of the medians over the same turns. The work of a network is
that of its products, 2 for each multiply-add: linear layers, patches, and both products of attention.
"linear layers" is the encoder with nothing left but their products, each layer's own weights in their order:
what they reach of the peak, no way of computing the rest could pass by much.
Written to benchmarks/results/encoder.json:

encoder     the forward pass at the paper's size
short       with few blocks, also compiled by inductor (frozen, an option of the user's) and in bfloat16
bfloat16    what the cast changes in the tokens at the paper's size, random weights
training    a masked training step: forward, backward and AdamW (ours fused)
"""

import argparse
import copy
import datetime
import importlib.metadata
import json
import os
import pathlib
import statistics
import time

import torch
from machine import describe_machine
from pretraining_epoch import Block, as_released
from torch import nn

from eegimg.models.networks.dreamdiffusion import DreamDiffusionEncoder, DreamDiffusionMAE

RESULT = pathlib.Path(__file__).parent / "results" / "encoder.json"
BATCH = 8
PAPER = {"n_chans": 128, "n_times": 512, "patch_size": 4, "embed_dim": 1024, "depth": 24, "num_heads": 16}
MODERATE = {
    "embed_dim": 512, "depth": 4, "num_heads": 8,
    "decoder_embed_dim": 256, "decoder_depth": 2, "decoder_num_heads": 8,
}  # fmt: skip
TARGETS = {"to_released": 1.1, "of_peak": 0.88, "bfloat16_to_float32": 2.0}
INSTRUCTIONS = {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}


class ReleasedEncoder(nn.Module):
    """The same weights, computed as the released code does."""

    def __init__(self, encoder):
        super().__init__()
        self.proj, self.norm = copy.deepcopy(encoder.patch_embed.proj), copy.deepcopy(encoder.norm)
        self.register_buffer("positions", encoder.pos_embed[:, 1:].detach().clone())
        self.blocks = nn.ModuleList()
        for block in encoder.blocks:
            dim, hidden = block.mlp.fc1.in_features, block.mlp.fc1.out_features
            self.blocks.append(Block(dim, block.attn.num_heads, hidden))
            self.blocks[-1].load_state_dict(block.state_dict())

    def forward(self, x):
        """Return tokens of shape (batch, n_patches, embed_dim)."""
        tokens = self.proj(x).transpose(1, 2) + self.positions
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)


def linear_shapes(encoder):
    """Return (inputs, outputs) of each linear layer, and how often it comes."""
    layers = [module for module in encoder.modules() if isinstance(module, nn.Linear)]
    shapes = [(layer.in_features, layer.out_features) for layer in layers]
    shapes.append((encoder.patch_embed.proj.weight[0].numel(), encoder.embed_dim))
    return {shape: shapes.count(shape) for shape in shapes}


def count_work(encoder, batch):
    """Return floating-point operations of the products of a forward pass."""
    n_tokens = encoder.n_patches
    linear = sum(2 * batch * n_tokens * a * b * count for (a, b), count in linear_shapes(encoder).items())
    attention = 4 * batch * n_tokens**2 * encoder.embed_dim * len(encoder.blocks)
    return linear + attention


def product_arms(encoder, batch, seconds=0.3):
    """Return for each shape a function that multiplies for a while, and its operations."""
    arms = {}
    for n_in, n_out in linear_shapes(encoder):
        rows = torch.randn(batch * encoder.n_patches, n_in)
        weight, out = torch.randn(n_out, n_in).t(), torch.empty(len(rows), n_out)
        start = time.process_time()
        torch.mm(rows, weight, out=out)
        count = max(1, round(seconds / max(time.process_time() - start, 1e-6)))

        def multiply(rows=rows, weight=weight, out=out, count=count):
            for _ in range(count):
                torch.mm(rows, weight, out=out)

        arms[f"{len(rows)} x {n_in} x {n_out}"] = multiply, 2 * len(rows) * n_in * n_out * count
    return arms


def linear_arm(encoder, batch):
    """Return a function that takes the products of all linear layers of the blocks, and its operations."""
    layers = [module for module in encoder.blocks.modules() if isinstance(module, nn.Linear)]
    n_rows = batch * encoder.n_patches
    rows = {layer.in_features: torch.randn(n_rows, layer.in_features) for layer in layers}
    outs = {layer.out_features: torch.empty(n_rows, layer.out_features) for layer in layers}

    def multiply():
        for layer in layers:
            torch.mm(rows[layer.in_features], layer.weight.t(), out=outs[layer.out_features])

    return multiply, sum(2 * n_rows * layer.weight.numel() for layer in layers)


def take_turns(arms, repeats):
    """Return CPU seconds of each arm in each turn, behind a turn that warms up."""
    seconds = {name: [] for name in arms}
    for turn in range(repeats + 1):
        for name in list(arms)[:: 1 if turn % 2 else -1]:
            start = time.process_time()
            arms[name]()
            if turn:
                seconds[name].append(time.process_time() - start)
    return seconds


def spread(values, digits=3):
    """Return median and range."""
    return {
        "median": round(statistics.median(values), digits),
        "range": [round(min(values), digits), round(max(values), digits)],
    }


def ratios(seconds, slow, fast):
    """Return how many times as fast one arm is as another, turn by turn."""
    return spread([a / b for a, b in zip(seconds[slow], seconds[fast], strict=True)])


def make_pair(sizes, seed=0):
    """Return our encoder and the other one with the same weights, and a batch of signals."""
    torch.manual_seed(seed)
    encoder = DreamDiffusionEncoder(**sizes).eval()
    x = torch.randn(BATCH, encoder.n_chans, encoder.n_times)
    released = ReleasedEncoder(encoder).eval()
    with torch.inference_mode():
        difference = (encoder(x) - released(x)).abs().max().item()
    if not difference <= 1e-5:
        raise RuntimeError(f"The encoders differ by {difference:g}.")
    return encoder, released, x, difference


def measure_forward(sizes, repeats):
    """Compare both encoders with each other and with the peak of products."""
    encoder, released, x, difference = make_pair(sizes)
    products, work = product_arms(encoder, BATCH), count_work(encoder, BATCH)
    alone, work_alone = linear_arm(encoder, BATCH)
    arms = {"eegimg": lambda: encoder(x), "released": lambda: released(x), "linear layers": alone}
    with torch.inference_mode():
        seconds = take_turns(arms | {name: arm for name, (arm, _) in products.items()}, repeats)
    done = {name: count for name, (_, count) in products.items()} | dict.fromkeys(arms, work)
    done["linear layers"] = work_alone
    rates = {name: [done[name] / second / 1e9 for second in taken] for name, taken in seconds.items()}
    peak = max(statistics.median(rates[name]) for name in products)
    # Other programs only ever take away: the fastest turn of each is what the processor can do.
    fastest = max(max(rates[name]) for name in products)
    return {
        "sizes": sizes,
        "difference_max": difference,
        "work_gflop": round(work / 1e9, 2),
        "cpu_s": {name: spread(seconds[name]) for name in arms},
        "gflop_per_s": {name: spread(rate, 1) for name, rate in rates.items()},
        "peak_gflop_per_s": round(peak, 1),
        "of_peak": {name: spread([rate / peak for rate in rates[name]]) for name in arms},
        "fastest_of_fastest_peak": {name: round(max(rates[name]) / fastest, 3) for name in arms},
        "to_released": ratios(seconds, "released", "eegimg"),
    }


def compile_frozen(encoder, x):
    """Return the encoder compiled for the shape of x, with its weights frozen and packed."""
    import torch._inductor.config as inductor

    with inductor.patch(freezing=True), torch.no_grad():
        compiled = torch.compile(copy.deepcopy(encoder), dynamic=False)
        compiled(x)
    return compiled


def measure_options(sizes, repeats, compiling=True):
    """Compare what a user may switch on: compiling, and bfloat16 by a cast."""
    encoder, released, x, _ = make_pair(sizes)
    half, x_half = copy.deepcopy(encoder).bfloat16(), x.bfloat16()
    arms = {"eegimg": lambda: encoder(x), "released": lambda: released(x), "bfloat16": lambda: half(x_half)}
    found = {"sizes": sizes}
    if compiling:
        compiled = compile_frozen(encoder, x)
        arms["compiled"] = lambda: compiled(x)
    # Not in inference mode: a compiled function would be compiled again for it.
    with torch.no_grad():
        if compiling:
            found["difference_max_compiled"] = (encoder(x) - compiled(x)).abs().max().item()
        seconds = take_turns(arms, repeats)
    found["cpu_s"] = {name: spread(taken) for name, taken in seconds.items()}
    found["to_released"] = {name: ratios(seconds, "released", name) for name in arms if name != "released"}
    found["bfloat16_to_float32"] = ratios(seconds, "eegimg", "bfloat16")
    return found


def measure_rounding(sizes):
    """Return what a cast to bfloat16 changes in the tokens."""
    torch.manual_seed(0)
    encoder = DreamDiffusionEncoder(**sizes).eval()
    x = torch.randn(1, encoder.n_chans, encoder.n_times)
    with torch.inference_mode():
        tokens = encoder(x)
        change = encoder.bfloat16()(x.bfloat16()).float() - tokens
    return {
        "sizes": sizes,
        "relative_error": round((change.norm() / tokens.norm()).item(), 5),
        "largest_error_over_rms": round((change.abs().max() / tokens.square().mean().sqrt()).item(), 5),
    }


def measure_training(sizes, repeats, batch=BATCH):
    """Compare masked training steps of both networks, from the same weights with the same masks."""
    torch.manual_seed(0)
    network = DreamDiffusionMAE(**sizes)
    x, noise = torch.randn(batch, network.n_chans, network.n_times), torch.rand(batch, network.n_patches)
    networks = {"released": as_released(copy.deepcopy(network)), "eegimg": network}
    losses, arms = {}, {}
    for name, trained in networks.items():
        learned = [value for value in trained.parameters() if value.requires_grad]
        optimizer = torch.optim.AdamW(learned, lr=2.5e-4, fused=True if name == "eegimg" else None)

        def step(name=name, trained=trained, optimizer=optimizer):
            optimizer.zero_grad()
            loss = trained(x, 0.75, noise).loss
            loss.backward()
            optimizer.step()
            losses.setdefault(name, loss.item())

        arms[name] = step
    seconds = take_turns(arms, repeats)
    return {
        "sizes": sizes,
        "batch": batch,
        "mask_ratio": 0.75,
        "difference_first_loss": abs(losses["eegimg"] - losses["released"]),
        "cpu_s": {name: spread(taken, 4) for name, taken in seconds.items()},
        "to_released": ratios(seconds, "released", "eegimg"),
    }


def describe():
    """Return machine, versions, and the instructions that decide how fast bfloat16 is."""
    machine = describe_machine()
    for name in ("torch", "numpy"):
        machine["versions"][name] = importlib.metadata.version(name)
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    words = set(cpuinfo.read_text(encoding="utf-8").split()) if cpuinfo.is_file() else set()
    return machine | {"instructions": sorted(INSTRUCTIONS & words)}


def state_limits(result):
    """Return in sentences what keeps the numbers from being higher."""
    forward, has = result["encoder"], result["machine"]["instructions"]
    bound = forward["cpu_s"]["released"]["median"] * forward["peak_gflop_per_s"] / forward["work_gflop"]
    limits = [
        f"With all products at the peak and nothing else to do, the encoder would be {bound:.2f} times as "
        "fast as the released one; what is left are attention's small products (128 tokens, 64 numbers a "
        "head), its softmax, norms and GELU.",
    ]
    reached, load = forward["of_peak"]["eegimg"]["median"], result["load_average_before"][0]
    if reached < TARGETS["of_peak"]:
        limits.append(
            f"The encoder reached {reached:.2f} of the peak and not {TARGETS['of_peak']:.2f}, on a machine "
            f"with a load of {load:.1f} when it began."
        )
    ratio = result["short"]["bfloat16_to_float32"]["median"]
    if not {"avx512_bf16", "amx_bf16"} & set(has):
        limits.append(
            f"bfloat16 ran {ratio:.2f} times as fast as float32: this processor has neither avx512_bf16 nor "
            "amx_bf16, so the cast saves memory and no time here."
        )
    return limits


def main():
    """Measure and write the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=pathlib.Path, default=RESULT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result = {
        "what": __doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "machine": describe(),
        "load_average_before": [round(value, 2) for value in os.getloadavg()],
        "settings": {"batch": BATCH, "repeats": arguments.repeats, "threads": 1, "clock": "CPU time"},
        "targets": TARGETS,
    }
    few = max(3, arguments.repeats // 3)
    result["encoder"] = measure_forward(PAPER, arguments.repeats)
    result["short"] = measure_options(PAPER | {"depth": 2}, few)
    result["limits"] = state_limits(result)
    result["bfloat16"] = measure_rounding(PAPER)
    result["training"] = measure_training(MODERATE, arguments.repeats)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: result[name] for name in ("encoder", "short", "bfloat16", "training")}, indent=1))


if __name__ == "__main__":
    main()
