"""What a pretrained network, the same with random weights, and raw epochs tell about real recordings.

python benchmarks/pretraining/probes.py --data FOLDER --cache FOLDER
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import sys

import mne
import networks
import numpy as np
import torch
from ablations import People, training_set
from linear_probe import STRENGTHS, Ridge
from variants import Variant

import eegimg
from eegimg.datasets.simulation._head import layout
from eegimg.models._inputs import InputSpec
from eegimg.preprocessing.whitening import compute_mvnn

sys.path.append(str(pathlib.Path(__file__).parents[1] / "real_recordings"))
import muse_n170
import uci_vep
from machine import describe_machine

HERE = pathlib.Path(__file__).parent
RESULTS = HERE.parent / "results" / "pretraining_probes.json"
RECIPES = HERE.parent / "real_recordings" / "recipes"
SPEC = InputSpec(
    ch_names=layout(32), n_times=96, sfreq=128.0, tmin=0.0, channels="interpolate", length="crop"
)
# Four channels are too few for splines: the others are zero, and two stand in for their neighbours.
HEADBAND, STAND_IN = dataclasses.replace(SPEC, channels="zero"), {"AF7": "F7", "AF8": "F8"}
SEEDS = (0, 1)
N_PERMUTATIONS = 200
BIN = 8


def read_uci(data):
    """Return ``{subject: epochs}`` of the UCI set: objects, matching and not matching pictures."""
    volts, facts = uci_vep.read_uci(pathlib.Path(data) / "uci_vep" / "uci_vep.npz")
    found = {}
    for subject in np.unique(facts["subject"]):
        rows = np.flatnonzero(facts["subject"] == subject)
        rows = rows[np.argsort(facts["trial"][rows], kind="stable")]
        raw = uci_vep.make_subject(volts, facts, rows)
        found[str(subject)] = eegimg.read_recipe(RECIPES / "uci_vep.toml").fit_transform(raw)
    return found


def read_muse(data):
    """Return ``{run: epochs}`` of the first person with the headband: faces and houses."""
    folder = pathlib.Path(data) / "muse" / "visual" / "N170" / "subject1"
    files = sorted(folder.glob("session*/*.csv.gz"), key=lambda path: path.name.split("_")[1])
    recipe = RECIPES / "muse_n170.toml"
    return {
        path.name: eegimg.read_recipe(recipe).fit_transform(muse_n170.read_muse(path)[0]) for path in files
    }


def cut(epochs_by_group, cache):
    """Return plain arrays of epochs, kept in a file: own channels, the network's input, and labels."""
    if not cache.is_file():
        rows = {"own": [], "X": [], "condition": [], "group": []}
        for group, epochs in epochs_by_group().items():
            kept = epochs.copy().pick("eeg", exclude=())
            rows["own"].append(kept.get_data(tmin=0.0, tmax=0.75) * 1e6)
            few = len(kept.ch_names) < 8
            placed = kept.copy().rename_channels(STAND_IN if few else {})
            rows["X"].append((HEADBAND if few else SPEC).adapter_for(placed)(placed.get_data()))
            names = {code: name for name, code in epochs.event_id.items()}
            rows["condition"].append([names[code] for code in epochs.events[:, 2]])
            rows["group"].append([group] * len(epochs))
        np.savez(cache, **{name: np.concatenate(parts) for name, parts in rows.items()})
    with np.load(cache) as archive:
        return {name: archive[name] for name in archive.files}


def prepare(X, group, how):
    """Scale the channels of each group, or whiten them: from its own signals, without labels."""
    out = np.empty(X.shape, np.float32)
    for name in np.unique(group):
        rows = group == name
        scale = X[rows].std(axis=(0, 2), keepdims=True)
        there = scale[0, :, 0] > 0
        part = X[rows] / np.where(scale > 0, scale, 1.0)
        if how == "white":
            whitener, _ = compute_mvnn(part[:, there], np.zeros(len(part)))
            part[:, there] = np.einsum("oc,nct->not", whitener, part[:, there])
        out[rows] = part
    return out


def bins(X, n):
    """Return means of ``n`` samples, (n_epochs, n_channels * n_bins)."""
    n_bins = X.shape[2] // n
    return X[..., : n_bins * n].reshape(*X.shape[:2], n_bins, n).mean(axis=3).reshape(len(X), -1)


def auc(scores, truth):
    """Return the area under the curve from ranks (scores without ties)."""
    ranks = scores.argsort().argsort() + 1
    n_true = truth.sum()
    return float((ranks[truth].sum() - n_true * (n_true + 1) / 2) / (n_true * (~truth).sum()))


def leave_one_out(features, truth, group):
    """Return AUC per left-out group; the strength is chosen by leaving out each of the other groups."""
    names, found = np.unique(group), {}
    curves = {}
    for name in names:
        others = group != name
        inner = []
        for second in names[names != name]:
            key = frozenset((name, second))
            if key not in curves:
                train = others & (group != second)
                model = Ridge(features[train], truth[train].astype(int), 2)
                curves[key] = {
                    held: [
                        auc(model.scores(features[group == held], s)[:, 1], truth[group == held])
                        for s in STRENGTHS
                    ]
                    for held in (name, second)
                }
            inner.append(curves[key][second])
        strength = STRENGTHS[int(np.mean(inner, axis=0).argmax())]
        model = Ridge(features[others], truth[others].astype(int), 2)
        found[str(name)] = round(auc(model.scores(features[~others], strength)[:, 1], truth[~others]), 4)
    return found


def permuted(features, truth, group, random_state=0):
    """Return mean AUCs for labels shuffled within groups, at the middle strength."""
    rng, names = np.random.default_rng(random_state), np.unique(group)
    labels = np.array(
        [
            np.concatenate([rng.permutation(truth[group == name]) for name in names])
            for _ in range(N_PERMUTATIONS)
        ]
    ).T
    order = np.concatenate([np.flatnonzero(group == name) for name in names])
    features, group = features[order], group[order]
    values = []
    for name in names:
        train = group != name
        rows = features[train]
        mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-8
        rows, held = (rows - mean) / scale, (features[~train] - mean) / scale
        gram = rows @ rows.T
        gram[np.diag_indices_from(gram)] += STRENGTHS[len(STRENGTHS) // 2] * np.trace(gram) / len(gram)
        centred = labels[train] - labels[train].mean(axis=0)
        scores = held @ (rows.T @ np.linalg.solve(gram, centred))
        values.append([auc(s, t) for s, t in zip(scores.T, labels[~train].T.astype(bool), strict=True)])
    return np.mean(values, axis=0)


def summary(features, truth, group):
    """Return the scores of one set of features for the results file."""
    scores = leave_one_out(features, truth, group)
    null = permuted(features, truth, group)
    return {
        "auc_mean": round(float(np.mean(list(scores.values()))), 4),
        "auc": scores,
        "null_mean": round(float(null.mean()), 4),
        "null_sd": round(float(null.std(ddof=1)), 4),
        "n_features": features.shape[1],
    }


def trained(variant, crowd, cache):
    """Return the network of a variant, trained on simulated people or read from the cache."""
    path = cache / f"network {variant.name} {variant.seed}.pt"
    network = networks.build(variant)
    if not path.is_file():
        data = training_set(crowd.group(range(variant.n_people), variant.input), variant)
        network, _, _ = networks.train(variant, *data)
        torch.save(network.state_dict(), path)
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


def compare(data, contrast, crowd, cache):
    """Score every set of features on one contrast."""
    positive, negative = contrast
    kept = np.isin(data["condition"], contrast)
    truth, group = data["condition"][kept] == positive, data["group"][kept]
    rows = {"raw, own channels": summary(bins(data["own"][kept], BIN), truth, group)}
    for how in ("scaled", "white"):
        X = prepare(data["X"], data["group"], how)[kept]
        rows[f"raw, {how}"] = summary(bins(X, BIN // 2), truth, group)
        for seed in SEEDS:
            variant = Variant(input=how, seed=seed)
            for kind, network in (
                ("random", networks.build(variant).eval()),
                ("pretrained", trained(variant, crowd, cache)),
            ):
                tokens = networks.extract(network, variant, X)
                rows[f"{kind}, {how}, seed {seed}"] = summary(tokens.reshape(len(X), -1), truth, group)
    return {
        "contrast": f"{positive} against {negative}",
        "n": [int(truth.sum()), int((~truth).sum())],
        **rows,
    }


def main(arguments=None):
    """Read the command line, probe both sets, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("EEGIMG_TEST_DATA"), help="folder of the recordings")
    parser.add_argument("--cache", required=True, type=pathlib.Path, help="folder of simulated people")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    mne.set_log_level("ERROR")
    crowd = People(options.cache)
    uci = cut(lambda: read_uci(options.data), options.cache / "uci.npz")
    muse = cut(lambda: read_muse(options.data), options.cache / "muse.npz")
    plans = (
        (uci, ("S2 match", "S2 nomatch")),
        (uci, ("S1 obj", "S2 match")),
        (muse, ("face", "house")),
    )
    result = {
        "made_by": "python benchmarks/pretraining/probes.py --data DATA --cache FOLDER",
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine() | {"torch": torch.__version__, "threads": 1},
        "left_out": "one person of UCI, one run of the headband",
        "contrasts": [compare(data, contrast, crowd, options.cache) for data, contrast in plans],
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
