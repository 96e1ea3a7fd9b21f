"""Why masked pretraining helps or does not: one row per variant, on simulated people.

python benchmarks/pretraining/ablations.py --cache FOLDER [--only TEXT] [--share 1/2]
python benchmarks/pretraining/ablations.py --cache FOLDER --write
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import sys
from functools import lru_cache

import networks
import numpy as np
import people
import torch
from linear_probe import probe
from plan import PLAN
from variants import make_targets, prepare

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from machine import describe_machine

RESULTS = pathlib.Path(__file__).parents[1] / "results" / "pretraining_ablations.json"
PEOPLE = {"dev": range(100, 104), "test": range(104, 112), "seen": range(4)}
LABELLED_PEOPLE, LABELLED_EACH = range(8), 500
N_FEW, N_DRAWS = 200, 3
N_PREDICTED = 1000


class People:
    """The people of the benchmark, made once and kept in a folder.

    Parameters
    ----------
    cache : path-like
        Folder of ``.npz`` files.
    """

    def __init__(self, cache):
        self.cache = pathlib.Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)

    @lru_cache(maxsize=128)  # noqa: B019 - one instance lives as long as the process
    def get(self, subject, how):
        """Return one person, their epochs prepared; of development people also the parts."""
        path = self.cache / f"person-{subject:03d}.npz"
        if not path.is_file():
            made = people.make_person(subject, parts=subject in PEOPLE["dev"])
            parts = {f"part_{name}": part for name, part in made.pop("parts", {}).items()}
            partial = path.with_suffix(f".{os.getpid()}.npz")
            np.savez(partial, **made, **parts)
            partial.replace(path)  # another process may look for it meanwhile
        with np.load(path) as archive:
            person = {name: archive[name] for name in archive.files}
        apply = prepare(person, how)
        for name in [name for name in person if name == "X" or name.startswith("part_")]:
            person[name] = np.ascontiguousarray(apply(person[name]))
        return person

    def group(self, subjects, how):
        """Return several people."""
        return [self.get(subject, how) for subject in subjects]


def training_set(crowd, variant):
    """Return epochs, targets and person of every training epoch; held-out images are not among them."""
    rows = [~person["test"] for person in crowd]
    X, image = (np.concatenate([p[k][r] for p, r in zip(crowd, rows, strict=True)]) for k in ("X", "image"))
    who = np.repeat(np.arange(len(crowd)), [int(r.sum()) for r in rows])
    return X, make_targets(X, image, who, variant.target, variant.patch_size), who


def few(person, seed):
    """Return training rows of a person, as many of each concept."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(~person["test"] & (person["concept"] == c)) for c in range(10)]
    return np.concatenate([rng.choice(r, N_FEW // 10, replace=False) for r in rows])


def evaluate(features, tested, labelled):
    """Probe features in three ways.

    Parameters
    ----------
    features : callable
        Person and rows to features (n, n_features).
    tested, labelled : list of dict
        New people, and people of the pretraining whose labels are used for the others.

    Returns
    -------
    scores : dict of str to list of float
        Accuracy on held-out images per tested person, of 10 concepts: ``within`` (own 1600 labels), ``few``
        (own 200 labels, mean of 3 draws), ``across`` (4000 labels of 8 other people).
    """
    scores, test_sets = {"within": [], "few": []}, []
    for person in tested:
        values = features(person, slice(None))
        concept, image, test = person["concept"], person["image"], person["test"]
        held = (values[test], concept[test])
        test_sets.append(held)
        scores["within"] += probe(values[~test], concept[~test], image[~test], [held])
        draws = [few(person, seed) for seed in range(N_DRAWS)]
        draws = [probe(values[r], concept[r], image[r], [held])[0] for r in draws]
        scores["few"].append(float(np.mean(draws)))
    rows = [np.flatnonzero(~person["test"])[:LABELLED_EACH] for person in labelled]
    pairs = list(zip(labelled, rows, strict=True))
    values = np.concatenate([features(person, r) for person, r in pairs])
    concept = np.concatenate([person["concept"][r] for person, r in pairs])
    who = np.repeat(np.arange(len(labelled)), LABELLED_EACH)
    scores["across"] = probe(values, concept, who, test_sets)
    return {name: [round(value, 4) for value in values] for name, values in scores.items()}


def shares(network, variant, person):
    """Say which parts of the signal a network predicts where it sees nothing.

    Returns
    -------
    shares : dict of str to float
        ``r2``: share of the input's hidden variance; for each part p of the signal <prediction, p> / <p, p>:
        1 if it is all there, 0 if none of it is; ``image_r``: correlation of the prediction with the
        image-dependent part.
    """
    predicted, mask = networks.predict_hidden(network, variant, person["X"][:N_PREDICTED])
    whole = networks.cut_hidden(network, variant, person["X"][:N_PREDICTED], mask)
    found = {"r2": 1 - ((whole - predicted) ** 2).sum() / (whole**2).sum()}
    for name in people.PARTS:
        part = networks.cut_hidden(network, variant, person[f"part_{name}"][:N_PREDICTED], mask)
        found[name] = (predicted * part).sum() / (part**2).sum()
    found["image_r"] = np.corrcoef(predicted.ravel() - predicted.mean(), part.ravel() - part.mean())[0, 1]
    return {name: round(float(value), 4) for name, value in found.items()}


def bins(X):
    """Return means of 4 samples, (n_epochs, 768): the linear decoder on raw epochs."""
    return X.reshape(*X.shape[:2], -1, 4).mean(axis=3).reshape(len(X), -1)


def run(entry, crowd):
    """Compute one row of the plan."""
    variant, tested = entry.variant, entry.tested
    row = {"kind": entry.kind, "tested": tested, **dataclasses.asdict(variant), "name": variant.name}
    groups = crowd.group(PEOPLE[tested], variant.input), crowd.group(LABELLED_PEOPLE, variant.input)
    if entry.kind == "raw":
        return row | evaluate(lambda person, rows: bins(person["X"][rows]), *groups)
    if entry.kind == "random":
        network, matrices = networks.build(variant).eval(), None
    else:
        data = training_set(crowd.group(range(variant.n_people), variant.input), variant)
        network, matrices, facts = networks.train(variant, *data)
        row |= facts
        if tested == "dev":
            row["shares"] = shares(network, variant, groups[0][0])
    row["parameters"] = sum(value.numel() for value in network.parameters() if value.requires_grad)

    def features(person, rows, layer=None, pool=False):
        X = person["X"][rows]
        if matrices is not None:
            X = people.mix(matrices[[other is person for other in groups[1]].index(True)], X)
        tokens = networks.extract(network, variant, X, layer)
        return tokens.mean(axis=1) if pool else tokens.reshape(len(tokens), -1)

    row |= evaluate(features, *groups)
    if entry.kind == "trained" and variant.target in ("repeats", "people"):
        row["prediction"] = evaluate(
            lambda person, rows: bins(networks.smooth(network, variant, person["X"][rows])), *groups
        )
    if entry.where:
        row["mean of tokens"] = evaluate(lambda p, r: features(p, r, pool=True), *groups)
        for layer in (0, variant.depth // 2):
            row[f"layer {layer}"] = evaluate(lambda p, r, n=layer: features(p, r, n), *groups)
    return row


def write(rows):
    """Write the results file."""
    result = {
        "made_by": "python benchmarks/pretraining/ablations.py --cache FOLDER",
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine() | {"torch": torch.__version__, "threads": torch.get_num_threads()},
        "people": {name: [min(who), max(who)] for name, who in PEOPLE.items()},
        "chance": 0.1,
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def main(arguments=None):
    """Read the command line and compute the rows that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True, type=pathlib.Path, help="folder of people and rows")
    parser.add_argument("--only", default="", help="only rows whose key holds this text")
    parser.add_argument("--share", default="1/1", help="which part of the rows, such as 1/2")
    parser.add_argument("--write", action="store_true", help="write the results file from the rows there are")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    log = options.cache / "rows.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    done = {row["key"]: row for row in map(json.loads, lines)}
    if options.write:
        return write([done[entry.key] for entry in PLAN if entry.key in done])
    number, n_shares = map(int, options.share.split("/"))
    crowd = People(options.cache)
    for entry in [entry for entry in PLAN if options.only in entry.key][number - 1 :: n_shares]:
        if entry.key not in done:
            row = {"key": entry.key, **run(entry, crowd)}
            with log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
    return None


if __name__ == "__main__":
    main()
