"""Random batches of 64 epochs from the store and from what people use instead: python benchmarks/store.py.

The same 8192 random epochs (64 channels, 250 samples, float32, 524 MB) in each format, all of them in the
page cache. Every arm gives a batch as one float32 array (the loader: one tensor) and is checked for the right
numbers first. Then arms take turns, REPEATS times, each with the same random indices, one thread, one
process. Written to benchmarks/results/store.json, per arm: epochs per second (median and range), and its
ratio to a bare np.memmap of one file in the same turn.

Arms: the store with 8 shards and with 256; its loader of PyTorch; np.memmap; braindecode's windows of a FIF
file that is not loaded; HDF5 with one epoch a chunk, through h5py and as a store; LMDB with the bytes of an
epoch as a value, read without a copy of its own.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import datetime
import importlib.metadata
import json
import pathlib
import statistics
import tempfile
import time
import warnings

import h5py
import mne
import numpy as np
from machine import describe_machine

from eegimg.store import read_store, write_store

RESULT = pathlib.Path(__file__).parent / "results" / "store.json"
SHAPE, SFREQ = (64, 250), 250.0
N_EPOCHS, N_RECORDINGS, BATCH, N_BATCHES, REPEATS = 8192, 8, 64, 150, 9
# Slow arms read fewer batches in a turn.
FEWER = {"braindecode": 10, "h5py": 10, "store of HDF5": 10}


def make_stores(folder):
    """Write random epochs as two stores, and return what they hold."""
    info = mne.create_info(SHAPE[0], SFREQ, "eeg")
    rng = np.random.default_rng(0)
    data = 1e-5 * rng.standard_normal((N_EPOCHS, *SHAPE), dtype=np.float32)
    for name, shard_epochs in (("few", None), ("many", N_EPOCHS // 256)):
        recordings = (
            mne.EpochsArray(part.astype(float), info, verbose="error")
            for part in np.split(data, N_RECORDINGS)
        )
        write_store(recordings, folder / name, shard_epochs=shard_epochs)
    return data


def store_arms(folder):
    few, many = read_store(folder / "few"), read_store(folder / "many")
    one = few.to_hdf5(folder / "one.h5")
    return {"store, 8 shards": few.take, "store, 256 shards": many.take, "store of HDF5": one.take}


def loader_arm(folder):
    """Return a function that reads batches as a training loop does."""
    dataset = read_store(folder / "few").to_torch()

    def read(batches):
        return list_last(dataset.loader(batch_sampler=[rows.tolist() for rows in batches], batch_size=1))

    return read


def list_last(batches):
    for batch in batches:
        last = batch
    return last.numpy()


def memmap_arm(folder, data):
    np.save(folder / "all.npy", data)
    mapped = np.load(folder / "all.npy", mmap_mode="r")
    return lambda rows: mapped[rows]


def h5py_arm(folder, data):
    with h5py.File(folder / "plain.h5", "w") as file:
        file.create_dataset("x", data=data, chunks=(1, *SHAPE))
    stored = h5py.File(folder / "plain.h5")["x"]

    def read(rows):
        out = np.empty((len(rows), *SHAPE), np.float32)
        for number, row in enumerate(rows.tolist()):
            stored.read_direct(out, np.s_[row], np.s_[number])
        return out

    return read


def lmdb_arm(folder, data):
    import lmdb

    opened = lmdb.open(str(folder / "lmdb"), map_size=2**31)
    with opened.begin(write=True) as writing:
        for number, epoch in enumerate(data):
            writing.put(number.to_bytes(8, "big"), epoch.tobytes())
    reading = opened.begin(buffers=True)

    def read(rows):
        out = np.empty((len(rows), *SHAPE), np.float32)
        for number, row in enumerate(rows.tolist()):
            out[number] = np.frombuffer(reading.get(row.to_bytes(8, "big")), np.float32).reshape(SHAPE)
        return out

    return read


def braindecode_arm(folder, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from braindecode.datasets import BaseConcatDataset, RawDataset
        from braindecode.preprocessing import create_fixed_length_windows

        info = mne.create_info(SHAPE[0], SFREQ, "eeg")
        whole = np.concatenate(list(data), axis=1)
        mne.io.RawArray(whole, info, verbose="error").save(
            folder / "all_raw.fif", fmt="single", verbose="error"
        )
        raw = mne.io.read_raw_fif(folder / "all_raw.fif", preload=False, verbose="error")
        windows = create_fixed_length_windows(
            BaseConcatDataset([RawDataset(raw)]),
            window_size_samples=SHAPE[1],
            window_stride_samples=SHAPE[1],
            drop_last_window=True,
            preload=False,
        )

    def read(rows):
        return np.stack([windows[row][0] for row in rows.tolist()])

    return read


def one_by_one(read):
    """Return a function that reads batch after batch and gives the last."""

    def read_all(batches):
        for rows in batches:
            last = read(rows)
        return last

    return read_all


def measure(arms, batches):
    """Time the arms in turns; return epochs per second of each turn."""
    rates = {name: [] for name in arms}
    for turn in range(REPEATS + 1):
        for name, read in arms.items():
            chosen = batches[: FEWER.get(name.split(",")[0], N_BATCHES)]
            start = time.perf_counter()
            read(chosen)
            rate = BATCH * len(chosen) / (time.perf_counter() - start)
            if turn:  # the first one warms up
                rates[name].append(rate)
    return rates


def summed_up(rates):
    rows = {}
    for name, values in rates.items():
        ratios = [value / bare for value, bare in zip(values, rates["np.memmap"], strict=True)]
        rows[name] = {
            "epochs_per_s": round(statistics.median(values)),
            "epochs_per_s_range": [round(min(values)), round(max(values))],
            "to_memmap": round(statistics.median(ratios), 3),
            "to_memmap_range": [round(min(ratios), 3), round(max(ratios), 3)],
        }
    return rows


def main():
    """Measure and write the result."""
    import torch

    torch.set_num_threads(1)
    machine = describe_machine()
    for name in ("torch", "h5py", "lmdb", "braindecode", "pandas", "pyarrow"):
        machine["versions"][name] = importlib.metadata.version(name)
    load = os.getloadavg()
    rng = np.random.default_rng(1)
    batches = [rng.integers(0, N_EPOCHS, BATCH) for _ in range(N_BATCHES)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = make_stores(folder)
        arms = {"np.memmap": memmap_arm(folder, data)} | store_arms(folder)
        arms |= {"LMDB": lmdb_arm(folder, data), "h5py": h5py_arm(folder, data)}
        arms["braindecode, FIF not loaded"] = braindecode_arm(folder, data)
        arms = {name: one_by_one(read) for name, read in arms.items()}
        arms["store, 8 shards, loader of PyTorch"] = loader_arm(folder)
        for name, read in arms.items():
            # FIF scales and rounds once more.
            if not np.allclose(read(batches[:1]), data[batches[0]], rtol=1e-6, atol=0):
                raise RuntimeError(f"{name} gives other numbers")
        rows = summed_up(measure(arms, batches))
    result = {
        "what": __doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "machine": machine,
        "load_average_before": [round(value, 2) for value in load],
        "settings": {
            "n_epochs": N_EPOCHS,
            "shape": SHAPE,
            "batch": BATCH,
            "batches_per_turn": N_BATCHES,
            "batches_per_turn_of_slow_arms": FEWER,
            "repeats": REPEATS,
            "threads": 1,
        },
        "targets": {"epochs_per_s": 100_000, "to_memmap": 0.75},
        "arms": rows,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, row in rows.items():
        print(f"{name:36s} {row['epochs_per_s']:>9,d}/s {row['to_memmap']:.2f} {row['to_memmap_range']}")


if __name__ == "__main__":
    main()
