"""Audits of real recordings and of an ImageNet-EEG twin, for labels and splits of known worth.

Run ``python benchmarks/validity/recordings.py --data FOLDER`` where eegimg[models] is installed. FOLDER (or
EEGIMG_TEST_DATA) holds the UCI EEG Database and the Muse N170 recordings, which are not part of this
repository. Their true labels came in an order that time does not tell. The other labels mean nothing: they
only say when a trial was recorded. The twin has made-up people and one block per class. Written to
benchmarks/results/validity_recordings.json: what each audit says, and whether that was expected; and how long
an audit of 2,000 epochs takes. ``--figures FOLDER`` draws all verdicts and some of the audits, without
their trials. The script ends with 1 if a verdict is another than expected.
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

import mne
import numpy as np
import pandas as pd

import eegimg
from eegimg.preprocessing import Filter, MakeEpochs, RejectPeakToPeak
from eegimg.validity import audit_design, make_split

BENCHMARKS = pathlib.Path(__file__).parents[1]
RESULT = BENCHMARKS / "results" / "validity_recordings.json"
FIGURES = {
    "UCI, 2 stretches of time in one order for all, subjects out": "validity_uci_one_order.png",
    "Muse 1 Hz, face or house, random folds": "validity_muse_faces.png",
    "Muse 5 Hz, one person, 4 labels in 4 blocks each, random folds": "validity_muse_blocks.png",
    "ImageNet-EEG twin, drift and no signal": "validity_imagenet_twin.png",
}
OVERVIEW = "validity_recordings.png"
NUMBERS = """
    exposure exposure_z position_exposure position_exposure_z drift run_similarity leak position_leak
    nested_leak kappa run_p runs_per_label n_partitions
""".split()
HIGH_PASS = (0.1, 1.0, 5.0)  # Hz
OK, NOT_OK, ANY = ("ok",), ("caution", "confounded"), ("ok", "caution", "confounded")
CONFOUNDED = ("confounded",)
TWIN = {"n_subjects": 3, "n_images": 25, "n_classes": 4}
GAIN, DRIFT = 0.5, 0.5  # of the twin, where there are some
REPEATS = 3


def read_uci_epochs(data):
    """Return epochs of matching pictures: 61 electrodes, trials of 1 s, in order of the trials' numbers."""
    from uci_vep import EOG, proper_names, read_uci

    volts, facts = read_uci(data / "uci_vep" / "uci_vep.npz")
    names = {name: new for name, new in proper_names(facts["ch"].tolist()).items() if name not in EOG}
    kept = [index for index, name in enumerate(facts["ch"].tolist()) if name in names]
    metadata = pd.DataFrame({name: facts[name] for name in ("subject", "condition", "trial")})
    # One subject after the other, and a trial a second: how long trials really were apart is not known.
    start = 1000 * np.unique(metadata["subject"], return_inverse=True)[1]
    sfreq = float(facts["sfreq"])
    onsets = np.round((start + metadata["trial"]) * sfreq).astype(int).to_numpy()
    order = np.argsort(onsets)
    events = np.column_stack([onsets, np.zeros_like(onsets), np.ones_like(onsets)])[order]
    info = mne.create_info(list(names.values()), sfreq, "eeg")
    metadata = metadata.iloc[order].reset_index(drop=True)
    return mne.EpochsArray(volts[order][:, kept], info, events, metadata=metadata)


def read_muse_epochs(data, high_pass):
    """Return epochs of faces and houses: 4 electrodes; metadata subject, run and picture."""
    from muse_n170 import read_muse

    pipe = eegimg.Pipeline(
        Filter(l_freq=high_pass, h_freq=None),
        MakeEpochs(tmin=-0.1, tmax=0.8, baseline=None),
        RejectPeakToPeak(reject={"eeg": 200e-6}),
    )
    runs = []
    for file in sorted((data / "muse" / "visual" / "N170").glob("subject*/session*/*.csv.gz")):
        raw, _ = read_muse(file)
        if len(raw.annotations) < 40:  # of 14 runs, one with 7 markers and saturated channels
            continue
        epochs = pipe.fit_transform(raw)
        names = {code: name for name, code in epochs.event_id.items()}
        metadata = {
            "subject": file.parts[-3],
            "run": file.name,
            "picture": [names[c] for c in epochs.events[:, 2]],
        }
        epochs.metadata = pd.DataFrame(metadata, index=range(len(epochs)))
        runs.append(epochs)
    return mne.concatenate_epochs(runs)


def make_twin_epochs(gain, drift):
    """Write files of ImageNet-EEG of made-up people, convert them and load them."""
    from twins.imagenet_eeg import write_imagenet_eeg

    with tempfile.TemporaryDirectory() as folder:
        published, root = pathlib.Path(folder) / "published", pathlib.Path(folder) / "bids"
        write_imagenet_eeg(published, "5to95", gain=gain, drift=drift, **TWIN)
        eegimg.convert_dataset("imagenet_eeg", published, root, progress=False)
        return eegimg.load_dataset("imagenet_eeg", root=root).epochs().load_data()


def make_timed_epochs():
    """Simulate 2,000 epochs x 64 channels x 250 samples: 10 labels, four blocks of each."""
    from designs import Case
    from simulate import simulate_set

    sizes = {"n_labels": 10, "n_blocks": 4, "n_trials": 2000, "n_channels": 64}
    drift = {"drift_kind": "1/f", "drift_rank": 0, "means_sd": 0.3, "power_sd": 0.15, "covariance_sd": 0.0}
    rest = {"soa": 0.6, "signal": 0.5, "high_pass": 0.0, "baseline": "none", "seed": 1}
    names = {"recording": "0", "family": "blocks", "order": "rounds", "split": "random"}
    epochs, _ = simulate_set(Case(**names, **sizes, **drift, **rest), 1)
    return epochs.resample(500.0)


def tell_time(epochs, recording, n_labels, n_blocks=1):
    """Return labels that say in which stretch of its recording an epoch lies; stretches take turns."""
    groups = epochs.metadata.groupby(recording)[recording]
    place, length = groups.cumcount().to_numpy(), groups.transform("size").to_numpy()
    return (place * n_labels * n_blocks // length) % n_labels


def shuffle_labels(labels, recordings):
    """Give the labels other names in each recording, drawn at random."""
    rng, shuffled = np.random.default_rng(0), np.empty_like(labels)
    for recording in np.unique(recordings):
        rows = np.flatnonzero(recordings == recording)
        shuffled[rows] = rng.permutation(labels.max() + 1)[labels[rows]]
    return shuffled


def list_uci_cases(epochs):
    """Yield name, epochs, how to audit them, and which verdicts are right."""
    second = epochs[epochs.metadata["condition"] != "S1 obj"]
    people = epochs.metadata["subject"].to_numpy()
    for words, split in (("random folds", 5), ("subjects out", "subject")):
        how = {"group": "subject", "split": split}
        yield f"UCI, match or not, {words}", second, how | {"label": "condition"}, OK
        # The first pictures that this file has were taken from the start of the sessions.
        first = epochs.metadata["condition"].str[:2]
        yield (
            f"UCI, first or second picture, {words}",
            *labelled(epochs, "place in the pair", first, how),
            NOT_OK,
        )
        for n_labels in (2, 4):
            same = tell_time(epochs, "subject", n_labels)
            other = shuffle_labels(same, people)
            # By chance, orders of twelve people can agree at a place.
            for order, labels, right in (
                ("one order for all", same, NOT_OK),
                ("another order for each", other, CONFOUNDED if split == 5 else ANY),
            ):
                name = f"UCI, {n_labels} stretches of time in {order}, {words}"
                yield name, *labelled(epochs, "stretch of time", labels, how), right


def list_muse_cases(epochs, high_pass):
    """Yield name, epochs, how to audit them, and which verdicts are right."""
    start, halves = f"Muse {high_pass:g} Hz", tell_time(epochs, "run", 2)
    for words, split in (("random folds", 5), ("runs out", "run")):
        how = {"group": "run", "split": split}
        yield f"{start}, face or house, {words}", epochs, how | {"label": "picture"}, OK
        yield f"{start}, halves of runs, {words}", *labelled(epochs, "half of the run", halves, how), NOT_OK
    person = epochs[epochs.metadata["subject"] == "subject1"]
    for n_labels, n_blocks in ((2, 1), (4, 1), (8, 1), (2, 4), (4, 4)):
        labels = tell_time(person, "subject", n_labels, n_blocks)
        # The files of this person, one after the other, as one recording.
        how = {"group": np.zeros(len(person))}
        name = f"{start}, one person, {n_labels} labels in {n_blocks} block{'s' * (n_blocks > 1)} each"
        yield (
            f"{name}, random folds",
            *labelled(person, "stretch of time", labels, how | {"split": 5}),
            CONFOUNDED,
        )
        if n_blocks > 1:
            how["split"] = tell_time(person, "subject", n_blocks)
            yield f"{name}, rounds out", *labelled(person, "stretch of time", labels, how), ANY


def list_twin_cases():
    """Yield name, epochs, how to audit them, and which verdicts are right."""
    for drift, gain in ((0, 0), (DRIFT, 0), (0, GAIN), (DRIFT, GAIN)):
        epochs = make_twin_epochs(gain, drift)
        folds = make_split(epochs.metadata, by="image", n_folds=5, validation_size=0)
        words = f"{'drift' if drift else 'no drift'} and {'signal' if gain else 'no signal'}"
        right = CONFOUNDED if drift or gain else ("caution",)
        yield f"ImageNet-EEG twin, {words}", epochs, {"split": folds}, right


def labelled(epochs, name, labels, how):
    """Return epochs with labels in a column, and how to audit these."""
    epochs = epochs.copy()
    epochs.metadata = epochs.metadata.assign(**{name: np.asarray(labels).astype(str)})
    return epochs, how | {"label": name}


def list_cases(data):
    """Yield name, epochs, how to audit them, and which verdicts are right, of all sets."""
    yield from list_uci_cases(read_uci_epochs(data))
    for high_pass in HIGH_PASS:
        yield from list_muse_cases(read_muse_epochs(data, high_pass), high_pass)
    yield from list_twin_cases()


def describe_audit(audit, right):
    """Return what is written of an audit."""
    fields = (
        "verdict reason flags remedy accuracy null_accuracy clock_accuracy chance decoder seconds".split()
    )
    sizes = {name: getattr(audit, name) for name in ("n_epochs", "n_labels", "n_recordings", "split")}
    told = {name: audit.to_dict()[name] for name in fields}
    numbers = {name: audit.to_dict()["statistics"].get(name) for name in NUMBERS}
    numbers = {name: value if value is None else round(value, 3) for name, value in numbers.items()}
    return {**sizes, **told, **numbers, "right": list(right), "as_expected": audit.verdict in right}


def measure_speed():
    """Time audits of 2,000 epochs x 64 channels, by the clock and in seconds of the processor."""
    epochs, seconds, busy = make_timed_epochs(), [], []
    for _ in range(REPEATS):
        start = time.process_time()
        seconds.append(audit_design(epochs, split="split").seconds)
        busy.append(round(time.process_time() - start, 3))
    size = f"{len(epochs):,} epochs x {len(epochs.ch_names)} channels x {len(epochs.times)} samples"
    medians = {"median_seconds": statistics.median(seconds), "median_cpu_seconds": statistics.median(busy)}
    return {"what": f"{size}, 10 labels, all features", **medians, "seconds": seconds, "cpu_seconds": busy}


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    folder = os.environ.get("EEGIMG_TEST_DATA")
    parser.add_argument("--data", type=pathlib.Path, default=folder, required=folder is None)
    parser.add_argument("--out", type=pathlib.Path, default=RESULT)
    parser.add_argument("--figures", type=pathlib.Path, help="folder to draw into")
    return parser.parse_args()


def main():
    """Audit all cases, and write what the audits say."""
    sys.path += [str(BENCHMARKS), str(BENCHMARKS / "real_recordings"), str(BENCHMARKS.parent / "tests")]
    from machine import describe_machine
    from overview import plot_cases

    asked = parse_arguments()
    mne.set_log_level("error")
    cases = {}
    for name, epochs, how, right in list_cases(pathlib.Path(asked.data)):
        audit = audit_design(epochs, **how)
        cases[name] = describe_audit(audit, right)
        print(
            f"{name}: {audit.verdict}{'' if cases[name]['as_expected'] else ', NOT AS EXPECTED'}", flush=True
        )
        if asked.figures and name in FIGURES:
            # Statistics only: nothing that was derived from the recordings trial by trial.
            eegimg.viz.plot_audit(audit.to_dict(), None).savefig(asked.figures / FIGURES[name], dpi=100)
    if asked.figures:
        shown = {name: case for name, case in cases.items() if "0.1 Hz" not in name and "5 Hz" not in name}
        plot_cases(shown).savefig(asked.figures / OVERVIEW, dpi=90)
    result = {
        "what": __doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "speed": measure_speed(),
        "cases": cases,
    }
    asked.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(not all(case["as_expected"] for case in cases.values()))


if __name__ == "__main__":
    sys.exit(main())
