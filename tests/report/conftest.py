"""A derivative as the runner leaves it, made by hand: a sidecar that says everything, and small epochs."""

import json

import numpy as np
import pytest

CHANNELS = (
    "Fp1 Fp2 F7 F3 Fz F4 F8 FC5 FC1 FC2 FC6 T7 C3 Cz C4 T8 CP5 CP1 CP2 CP6 P7 P3 Pz P4 P8 "
    "PO7 PO3 POz PO4 PO8 O1 O2"
).split()
TOML = 'name = "default"\n\n[[step]]\nname = "Filter"\nl_freq = 0.1\nh_freq = 40.0\n'
STEM = "sub-01_task-images_run-01_desc-default"


def make_info(ch_names=CHANNELS, positions=True):
    """Return the info of an EEG recording at 250 Hz."""
    import mne

    info = mne.create_info(list(ch_names), 250.0, "eeg")
    if positions:
        info.set_montage(mne.channels.make_standard_montage("colin27_1005"))
    return info


def make_epochs(counts, *, positions=True, bads=()):
    """Return epochs with a posterior response at 100 and 170 ms, larger in later conditions."""
    import mne

    rng = np.random.default_rng(0)
    info = make_info(positions=positions)
    info["bads"] = list(bads)
    times = np.arange(-50, 201) / 250
    places = np.array([ch["loc"][:3] for ch in make_info()["chs"]])
    slow = np.exp(-(((times - 0.17) / 0.035) ** 2)) - 0.8 * np.exp(-(((times - 0.1) / 0.025) ** 2))
    response = 1e-6 * np.outer(np.exp(-(((places[:, 1] + 0.09) / 0.05) ** 2)) - 0.3, slow)
    codes = np.repeat(np.arange(1, len(counts) + 1), list(counts.values()))
    data = rng.normal(scale=25e-6, size=(len(codes), len(CHANNELS), len(times) + 8))
    data = np.lib.stride_tricks.sliding_window_view(data, 9, axis=2).mean(axis=3)
    data += response * (5 + codes[:, None, None])
    events = np.column_stack([np.arange(len(codes)) * 300, np.zeros(len(codes), int), codes])
    event_id = {name: code for code, name in enumerate(counts, 1) if (codes == code).any()}
    return mne.EpochsArray(data, info, events, -0.2, event_id, baseline=(None, 0), verbose="error")


def make_state(
    kind="raw", *, n_channels=32, bads=(), n_epochs=None, duration=400.0, sd_uv=14.2, conditions=None
):
    """Return the state that the log holds before and after a step."""
    numbers = {
        "kind": kind,
        "n_channels": n_channels,
        "bads": list(bads),
        "n_epochs": n_epochs,
        "duration": duration,
        "sfreq": 250.0,
        "sd_uv": sd_uv,
    }
    return numbers | ({"conditions": conditions} if conditions is not None else {})


def make_record(step, before, after, params=None, found=None, **lost):
    """Return one log record."""
    return {
        "step": step,
        "params": params or {},
        "fit_scope": "none",
        "seconds": 0.42,
        "before": before,
        "after": after,
        "lost": {"epochs": 0, "channels": 0, "seconds": 0.0} | lost,
        "found": found or {},
    }


def make_components(ch_names):
    """Return twelve components: a blink and a muscle removed, one near the cut, nine of no interest."""
    places = np.array([ch["loc"][:3] for ch in make_info(ch_names)["chs"]])
    blink = np.exp(-(((places[:, 1] - 0.09) / 0.04) ** 2))
    muscle = np.exp(-((np.linalg.norm(places - places[ch_names.index("T7")], axis=1) / 0.04) ** 2))
    flagged = {0: ("eye blink", 0.98, True, blink), 3: ("muscle artifact", 0.87, True, muscle)}
    flagged[7] = ("eye blink", 0.74, False, blink * 0.5 - muscle)
    components = []
    for index in range(12):
        label, probability, excluded, topography = flagged.get(index, ("brain", 0.93, False, None))
        components.append(
            {
                "index": index,
                "label": label,
                "probability": probability,
                "excluded": excluded,
                "near_cut": index == 7,
                "reason": ("iclabel+eog" if index == 0 else "iclabel") if excluded else "",
                "variance": 0.31 / (index + 1),
                "eog_correlation": 0.91 if index == 0 else None,
                "map": None if topography is None else np.round(topography, 4).tolist(),
            }
        )
    return components


def make_log(events, cut, kept):
    """Return the log of a usual recipe, from raw to epochs."""
    bads = {"P7": ["deviation", "ransac"], "Fp1": ["flat"]}
    raw, less = make_state(), make_state(n_channels=30, bads=bads, sd_uv=13.9)
    clean, whole = make_state(n_channels=30, bads=bads, sd_uv=7.7), make_state(sd_uv=7.4)
    good = [name for name in CHANNELS if name not in bads]
    sums = [sum(counts.values()) for counts in (events, cut, kept)]
    epochs = make_state("epochs", n_epochs=sums[1], duration=sums[1] * 1.0, sd_uv=6.9, conditions=cut)
    final = make_state("epochs", n_epochs=sums[2], duration=sums[2] * 1.0, sd_uv=6.1, conditions=kept)
    dropped = {name: cut[name] - kept[name] for name in cut}
    ica = {"n_components": 12, "rank": 30, "converged": True, "n_iter": 80, "explained_variance": 0.99}
    ica |= {"ch_names": good, "components": make_components(good)}
    made = {"source": "annotations", "n_events": sums[0], "dropped": {}}
    made |= {"event_id": {name: code for code, name in enumerate(events, 1)}}
    made["dropped"] = {"TOO_SHORT": sums[0] - sums[1]} if sums[0] > sums[1] else {}
    rejected = {
        "dropped": dropped,
        "drop_reasons": {"P8": sums[1] - sums[2], "O1": 2},
        "n_interpolated_cells": 31,
    }
    found = {"bads": bads, "skipped": [], "scores": {}}
    filtered = {"l_freq": 0.1, "h_freq": 40.0, "filter_length_seconds": 33.0}
    window = {"tmin": -0.2, "tmax": 0.8, "baseline": [None, 0]}
    return [
        make_record("FindBadChannels", raw, less, {"method": "prep"}, found, channels=2),
        make_record("Notch", less, less, {"freqs": "line"}, {"freqs": [50.0, 100.0]}),
        make_record("Filter", less, less, {"l_freq": 0.1, "h_freq": 40.0}, filtered),
        make_record("ICA", less, clean, {"method": "picard"}, ica),
        make_record("Interpolate", clean, whole, {}, {"interpolated": list(bads)}, channels=-2),
        make_record("Rereference", whole, whole, {"ref_channels": "average"}, {"ref_channels": "average"}),
        make_record("MakeEpochs", whole, epochs, window, made),
        make_record("AutoReject", epochs, final, {"cv": 5}, rejected, epochs=sums[1] - sums[2], seconds=24.0),
    ]


def make_spectra():
    """Return a spectrum with line noise before, and one without after."""
    freqs = np.arange(1, 100, 0.5)
    slope = 20 - 18 * np.log10(freqs) + 7 * np.exp(-(((freqs - 10) / 1.5) ** 2))
    before = slope + 18 * np.exp(-(((freqs - 50) / 0.5) ** 2))
    after = slope - np.where(freqs > 40, 40 * (1 - np.exp(-(freqs - 40) / 4)), 0)
    bands = {
        name: {"median": m, "low": m - 3, "high": m + 4} for name, m in (("before", before), ("after", after))
    }
    return {
        name: {"freqs": freqs.tolist()} | {key: np.round(value, 2).tolist() for key, value in band.items()}
        for name, band in bands.items()
    }


def make_channels(positions=True):
    """Return the channels with their places in the plane of the head."""
    from eegimg.viz import compute_plane_positions

    plane = compute_plane_positions([ch["loc"][:3] for ch in make_info()["chs"]])
    return [
        {
            "name": name,
            "x": float(x) if positions else None,
            "y": float(y) if positions else None,
            "bad": name in ("P7", "Fp1"),
            "interpolated": name in ("P7", "Fp1"),
        }
        for name, (x, y) in zip(CHANNELS, plane, strict=True)
    ]


def make_sidecar(kept, *, events=None, positions=True):
    """Return a sidecar that says everything the runner can say."""
    events = events or {name: count + 6 for name, count in kept.items()}
    cut = {name: count - (position == 0) for position, (name, count) in enumerate(events.items())}
    log = make_log(events, cut, kept)
    came = make_state() | {
        "n_events": sum(events.values()),
        "events": events,
        "line_freq": 50.0,
        "reference": "FCz",
    }
    came |= {
        "positions": "electrodes.tsv" if positions else "none",
        "ch_types": {"eeg": 32, "eog": 2, "stim": 1},
    }
    steps = [{"name": record["step"], **record["params"]} for record in log]
    return {
        "Description": "Epochs of sub-01",
        "Sources": ["bids:raw:sub-01/eeg/sub-01_task-images_run-01_eeg.vhdr"],
        "Recipe": {"name": "default", "steps": steps, "fingerprint": "3f9a1c0de2b47d55", "toml": TOML},
        "Log": log,
        "InputDigest": {
            "sha256": "feedbeef",
            "files": {"sub-01_eeg.eeg": {"sha256": "0123abcd", "size": 4096}},
        },
        "PackageVersions": {"eegimg": "0.1.0", "mne": "1.13.2", "numpy": "2.4.6"},
        "Transductive": False,
        "Split": None,
        "Warnings": [],
        "Summary": {
            "n_epochs": sum(kept.values()),
            "n_bads": 2,
            "seconds": 12.3,
            "peak_memory_mb": 412.0,
            "conditions": kept,
        },
        "Spectra": make_spectra(),
        "Input": came,
        "Channels": make_channels(positions),
    }


@pytest.fixture
def make_derivative(tmp_path):
    """Return a factory: conditions and changes in, the path of a sidecar in a derivative folder out.

    ``kept`` counts the epochs per condition, ``change`` edits the sidecar before it is written;
    ``kind`` 'raw' writes no epochs.
    """

    def make(kept=None, *, events=None, positions=True, kind="epo", stem=STEM, change=None):
        kept = {"face": 30, "house": 24} if kept is None else kept
        folder = tmp_path / "derivatives" / "sub-01" / "eeg"
        folder.mkdir(parents=True, exist_ok=True)
        sidecar = make_sidecar(kept, events=events, positions=positions)
        if change:
            change(sidecar)
        path = folder / f"{stem}_{kind}.json"
        path.write_text(json.dumps(sidecar), encoding="utf-8")
        if kind == "epo" and sum(kept.values()):
            make_epochs(kept, positions=positions).save(path.with_suffix(".fif"), verbose="error")
        return path

    return make


@pytest.fixture
def make_audit_result():
    """Return a factory of audits with planted numbers; keywords replace fields."""
    import pandas as pd

    from eegimg.validity import Audit

    def make(**changes):
        labels = ["face", "house"] * 20
        trials = pd.DataFrame(
            {"recording": 0, "position": range(40), "label": labels, "run": range(40), "fold": [0, 1] * 20}
        )
        fields = {
            "verdict": "confounded",
            "reason": "Training trials near in time tell 96 % of the test labels.",
            "flags": ("exposed", "drift", "leak"),
            "remedy": "Hold whole runs out.",
            "accuracy": 0.72,
            "null_accuracy": 0.55,
            "clock_accuracy": 0.98,
            "chance": 0.5,
            "decoder": "given",
            "label": "concept",
            "split": "five random folds",
            "n_epochs": 40,
            "n_labels": 2,
            "n_recordings": 1,
            "statistics": {
                "exposure": 0.96,
                "exposure_z": 12.0,
                "leak": 0.1,
                "drift": 3.0,
                "run_length": 4.0,
            },
            "decoders": {"lda means": {"kappa": 0.3, "null": [0.08, 0.12]}},
            "remarks": ("Labels are the names of events.",),
            "seconds": 3.25,
            "trials": trials,
        }
        return Audit(**fields | changes)

    return make
