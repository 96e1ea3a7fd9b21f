"""Simulated cases, spread evenly over families of designs, kinds of drift, signals, filters and sizes."""

import dataclasses
import hashlib
import itertools
import json
import math

import numpy as np
from orders import MINI_RUN

# In 40 cases: how many recordings of each family. Blocks are one recording under two splits.
FAMILIES = {
    "one block": 5,
    "one block, contiguous": 2,
    "blocks": 7,
    "rapid": 6,
    "no repeat": 4,
    "alternating": 3,
    "permuted cycle": 3,
    "rsvp": 3,
}
RANDOMISED = ("rapid", "no repeat", "permuted cycle", "rsvp")
ORDERS = {
    "one block": ("rounds",),
    "one block, contiguous": ("rounds",),
    "blocks": ("rounds", "shuffled_blocks"),
    "rapid": ("random_order",),
    "no repeat": ("no_repeat",),
    "alternating": ("cycle", "mini_runs"),
    "permuted cycle": ("permuted_cycle",),
    "rsvp": ("random_order",),
}
# SD of drift in means (of the background's), in log amplitude of sources, and in mixing.
DRIFTS = (
    (0.0, 0.0, 0.0),
    (0.1, 0.0, 0.0),
    (0.3, 0.0, 0.0),
    (1.0, 0.0, 0.0),
    (0.0, 0.15, 0.0),
    (0.0, 0.4, 0.0),
    (0.0, 0.0, 0.4),
    (0.3, 0.15, 0.0),
    (0.1, 0.4, 0.0),
    (0.3, 0.0, 0.4),
    (0.3, 0.15, 0.2),
    (1.0, 0.4, 0.4),
)
FACTORS = {
    "drift": DRIFTS,
    "drift_kind": ("walk", "1/f", "ramp"),
    "drift_rank": (0, 3),
    "signal": (0.0, 0.5, 1.5),
    "high_pass": (0.0, 0.1, 1.0, 5.0),
    "baseline": ("none", "present", "subtracted"),
    "n_labels": (2, 5, 5, 10, 20, 40),
    "n_blocks": (2, 4, 4, 4, 8, 8),
    "n_trials": (100, 200, 200, 300, 400, 400, 600, 600, 800, 2000),
    "n_channels": (16, 32, 32, 64, 32, 128),
}
MAX_BLOCKS = 80
MIN_PER_LABEL = 10
MIN_PER_BLOCK = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One simulated recording under one split.

    Attributes
    ----------
    recording : str
        Cases of one recording differ in their split only.
    family : str
        Of FAMILIES.
    order, split : str
        Of orders.ORDERS and orders.SPLITS.
    n_labels, n_blocks, n_trials, n_channels : int
        Sizes; ``n_blocks`` counts the blocks of each label where labels come in blocks.
    soa : float
        Seconds from one onset to the next.
    signal : float
        Strength of the responses that differ between labels.
    drift_kind : 'walk' | '1/f' | 'ramp'
        Course of all drifts.
    drift_rank : int
        0: drift in means of every electrode for itself; 3: of three topographies.
    means_sd, power_sd, covariance_sd : float
        SD of drift in means (in SD of the background), in log amplitude of sources, and in mixing.
    high_pass : float
        Zero-phase high-pass of the continuous recording in Hz; 0 is none.
    baseline : 'none' | 'present' | 'subtracted'
        Whether epochs begin before the onset, and whether that part was subtracted.
    seed : int
        Of the recording.
    """

    recording: str
    family: str
    order: str
    split: str
    n_labels: int
    n_blocks: int
    n_trials: int
    n_channels: int
    soa: float
    signal: float
    drift_kind: str
    drift_rank: int
    means_sd: float
    power_sd: float
    covariance_sd: float
    high_pass: float
    baseline: str
    seed: int

    @property
    def key(self):
        """Short name that no other case has."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def drifts(self):
        """Whether anything drifts."""
        return max(self.means_sd, self.power_sd, self.covariance_sd) > 0

    @property
    def one_block(self):
        """Whether every label has a single block."""
        return self.family.startswith("one block")


def draw_cases(n_cases, seed):
    """Draw cases; every factor's levels come equally often within each family.

    Parameters
    ----------
    n_cases : int
        How many; the first ones are the same whatever the number.
    seed : int
        Of everything.

    Returns
    -------
    cases : list of Case
        The two splits of a recording stand side by side.
    """
    rng = np.random.default_rng(seed)
    families = _in_turns([name for name, count in FAMILIES.items() for _ in range(count)], rng)
    levels = {
        family: {name: _in_turns(values, rng) for name, values in (FACTORS | {"order": orders}).items()}
        for family, orders in ORDERS.items()
    }
    cases = []
    for number in itertools.count():
        family = next(families)
        drawn = {name: next(values) for name, values in levels[family].items()}
        recording = _recording(family, drawn, f"{seed}-{number:03d}", int(rng.integers(2**31)))
        for split in _splits(family):
            cases.append(Case(split=split, **recording))
            if len(cases) == n_cases:
                return cases


def _in_turns(values, rng):
    """Yield all values in random order, again and again."""
    while True:
        for index in rng.permutation(len(values)):
            yield values[index]


def _splits(family):
    if family == "blocks":
        return ("random", "blocks")
    return ("contiguous",) if family == "one block, contiguous" else ("random",)


def _recording(family, drawn, name, seed):
    """Return the fields of a recording, with numbers that go together."""
    n_labels, n_blocks, n_trials = drawn["n_labels"], drawn["n_blocks"], drawn["n_trials"]
    if drawn["order"] == "no_repeat":
        n_labels = max(n_labels, 3)  # two labels could only alternate
    if family == "blocks":
        n_blocks = max(2, min(n_blocks, MAX_BLOCKS // n_labels))
    else:
        n_blocks = 1
    piece = MINI_RUN if drawn["order"] == "mini_runs" else n_blocks
    per_label = max(MIN_PER_LABEL, MIN_PER_BLOCK * n_blocks, math.ceil(n_trials / n_labels))
    per_label = math.ceil(per_label / piece) * piece
    means_sd, power_sd, covariance_sd = drawn["drift"]
    same = ("order", "n_channels", "signal", "drift_kind", "drift_rank", "high_pass", "baseline")
    return {key: drawn[key] for key in same} | {
        "recording": name,
        "family": family,
        "n_labels": n_labels,
        "n_blocks": n_blocks,
        "n_trials": per_label * n_labels,
        "soa": 0.2 if family == "rsvp" else 0.6,
        "means_sd": means_sd,
        "power_sd": power_sd,
        "covariance_sd": covariance_sd,
        "seed": seed,
    }
