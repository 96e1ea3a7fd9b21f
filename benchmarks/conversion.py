"""Speed and memory of converting published files and of loading the result: python benchmarks/conversion.py.

Random numbers in three published layouts are written in a temporary folder and converted and loaded by fresh
processes, from a warm page cache. Written to benchmarks/results/conversion.json, per task:

- ``seconds``, and ``source_mb_per_s`` of converting: bytes of the published files per second;
- ``peak_mb``: how much more memory the process held at the most than before, mapped pages of files included;
- ``peak_anonymous_mb``: the same without mapped files, looked up every 5 ms from outside;
- ``peak_to_source``, ``peak_anonymous_to_source``: by the size of the files that are read for one subject.

Beside it, in the same run: a subject written by mne_bids.write_raw_bids instead of our writer, and how
loading grows with the number of epochs, with the part that mne_bids.read_raw_bids has in it.
"""

import datetime
import importlib
import importlib.metadata
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from eegimg.datasets import convert_dataset, load_dataset, read_descriptor

RESULT = pathlib.Path(__file__).parent / "results" / "conversion.json"
POSTERIOR = "Pz P3 P7 O1 Oz O2 P4 P8 P1 P5 PO7 PO3 POz PO4 PO8 P6 P2".split()
N_SUBJECTS = {"imagenet_eeg": 6, "things_eeg2": 1, "oced": 3}
REPEATS = 5


def write_imagenet_eeg(folder, n_trials=3906):
    """Write ragged trials of about 500 samples for six subjects; the default makes 1 GB."""
    import torch

    rng = np.random.default_rng(0)
    rows = [
        {
            "eeg": torch.from_numpy(rng.standard_normal((128, int(n_times)), dtype=np.float32)),
            "image": trial // 6 % 1996,
            "label": trial // 6 % 40,
            "subject": trial % 6 + 1,
        }
        for trial, n_times in enumerate(rng.integers(480, 521, n_trials))
    ]
    images = [f"n02106662_{number}" for number in range(1996)]
    table = {"dataset": rows, "labels": [f"n{number:08d}" for number in range(40)], "images": images}
    torch.save(table, folder / "eeg_5_95_std.pth")


def write_things_eeg2(folder, n_images=1000, n_test_images=200):
    """Write preprocessed epochs of one subject: pictures of 4 repetitions, and of 80 for the test part."""
    rng = np.random.default_rng(0)
    (folder / "sub-01").mkdir()
    metadata = {}
    for part, name, count, n_repetitions in (
        ("train", "training", n_images, 4),
        ("test", "test", n_test_images, 80),
    ):
        concepts = [f"{part}{number // 10}" for number in range(count)]
        metadata[f"{part}_img_concepts"] = [f"{n // 10 + 1:05d}_{name}" for n, name in enumerate(concepts)]
        metadata[f"{part}_img_files"] = [f"{name}_{n % 10:02d}s.jpg" for n, name in enumerate(concepts)]
        table = {
            "preprocessed_eeg_data": rng.standard_normal((count, n_repetitions, len(POSTERIOR), 100)),
            "ch_names": POSTERIOR,
            "times": (np.arange(100) - 20) / 100,
        }
        np.save(folder / "sub-01" / f"preprocessed_eeg_{name}.npy", table)
    np.save(folder / "image_metadata.npy", metadata)


def write_oced(folder, n_trials=5184):
    """Write cleaned trials of three subjects, 124 x 32 x 5184 doubles each."""
    import scipy.io

    exemplar = np.arange(n_trials) % 72 + 1
    for subject in range(1, N_SUBJECTS["oced"] + 1):
        table = {
            "X_3D": np.random.default_rng(subject).standard_normal((124, 32, n_trials)) * 10,
            "categoryLabels": ((exemplar - 1) // 12 + 1)[np.newaxis].astype(float),
            "exemplarLabels": exemplar[np.newaxis].astype(float),
            "Fs": 62.5,
        }
        scipy.io.savemat(folder / f"S{subject}.mat", table)


WRITERS = {"imagenet_eeg": write_imagenet_eeg, "things_eeg2": write_things_eeg2, "oced": write_oced}


def convert(name, source, bids_root, n_subjects):
    subjects = [f"{number:02d}" for number in range(1, int(n_subjects) + 1)]
    convert_dataset(name, source, bids_root, subjects, progress=False)


def read_images(name, bids_root):
    return len(load_dataset(name, bids_root).images)


def read_raw(name, bids_root):
    return load_dataset(name, bids_root).raw("01").get_data(stop=1).size


def read_epochs(name, bids_root):
    return len(load_dataset(name, bids_root).epochs(subject="01"))


def read_raw_mne_bids(name, bids_root):
    """Read what read_raw reads with mne-bids alone."""
    import mne_bids

    path = mne_bids.get_bids_path_from_fname(load_dataset(name, bids_root).recordings["path"][0])
    path.update(root=bids_root)
    return mne_bids.read_raw_bids(path, verbose="error").n_times


def write_stream(name, source, folder):
    """Write the first subject with eegimg's writer, checks of the samples included."""
    from eegimg import bids
    from eegimg.datasets._checked import checked_segments

    content, path = _first_subject(name, source, folder)
    bids.write_recording(
        path,
        checked_segments(content),
        content.events,
        ch_names=content.ch_names,
        sfreq=content.sfreq,
        unit="V",
        sidecar={"TaskName": path.task},
    )


def write_mne_bids(name, source, folder):
    """Write the first subject the way of the libraries: a RawArray with annotations, write_raw_bids."""
    import mne
    import mne_bids

    content, path = _first_subject(name, source, folder)
    lengths = [segment.shape[1] for segment in content.segments]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    info = mne.create_info(list(content.ch_names), content.sfreq, "eeg", verbose="error")
    info["line_freq"] = 50.0
    raw = mne.io.RawArray(np.concatenate(list(content.segments), axis=1), info, verbose="error")
    events = content.events
    onsets = (starts[events["segment"]] + events["sample"]) / content.sfreq
    extras = events.drop(columns=["segment", "sample", "duration", "trial_type"]).astype(str)
    marks = mne.Annotations(
        onsets, events["duration"], events["trial_type"], extras=extras.to_dict(orient="records")
    )
    for text in ("BAD boundary", "EDGE boundary"):
        marks += mne.Annotations(starts[1:-1] / content.sfreq, 0.0, text)
    raw.set_annotations(marks)
    mne_bids.write_raw_bids(raw, path, allow_preload=True, format="BrainVision", verbose="error")


def _first_subject(name, source, folder):
    import mne_bids

    from eegimg import io

    facts = read_descriptor(name)
    recording = io.open_source(facts.layout, source, facts).recordings[0]
    path = mne_bids.BIDSPath(
        subject="01", task=recording.task, datatype="eeg", suffix="eeg", extension=".vhdr", root=folder
    )
    return recording.load(), path


TASKS = {
    task.__name__: task
    for task in (convert, read_images, read_raw, read_epochs, read_raw_mne_bids, write_stream, write_mne_bids)
}


def memory(pid="self"):
    """Return what a process holds now, the same without files, and what it held at the most, in bytes."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    kilobytes = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith("kB")}
    return [int(kilobytes.get(key, 0)) * 1024 for key in ("VmRSS", "RssAnon", "VmHWM")]


def measure_here(task, *arguments):
    """Run a task in this process and return what it took, as JSON."""
    needed = ["torch"] if arguments[0] == "imagenet_eeg" else []
    for name in ("mne", "mne_bids", "pandas", "pybv", "scipy.io", "h5py", "eegimg.preprocessing", *needed):
        importlib.import_module(name)
    total, anonymous, _ = memory()
    start = time.perf_counter()
    TASKS[task](*arguments)
    seconds = time.perf_counter() - start
    peak = memory()[2] - total
    return json.dumps({"seconds": seconds, "peak": peak, "anonymous_before": anonymous})


def measure(task, *arguments):
    """Run a task in a fresh process and return its seconds and its peak memory in MB above the start."""
    command = [sys.executable, __file__, task, *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        highest = 0
        while child.poll() is None:
            try:
                highest = max(highest, memory(child.pid)[1])
            except OSError:  # it ended in between
                break
            time.sleep(0.005)
        output = child.communicate()[0]
        if child.returncode:
            said.seek(0)
            raise RuntimeError(said.read())
    found = json.loads(output.splitlines()[-1])
    return {
        "seconds": round(found["seconds"], 2),
        "peak_mb": round(found["peak"] / 1e6),
        "peak_anonymous_mb": round(max(0, highest - found["anonymous_before"]) / 1e6),
    }


def size(folder):
    """Return the bytes of the files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def measure_dataset(name, folder, tasks=("read_images", "read_raw", "read_epochs"), **sizes):
    """Write published files of a layout, convert them for one and for all subjects, and load one.

    Parameters
    ----------
    name : str
        One of WRITERS.
    folder : pathlib.Path
        Where to; it must be empty.
    tasks : sequence of str
        What to do with the result.
    **sizes
        For the writer.

    Returns
    -------
    numbers : dict
        What each task took.
    """
    source = folder / "source"
    source.mkdir()
    WRITERS[name](source, **sizes)
    n_bytes, numbers = size(source), {}
    for n_subjects in sorted({1, (N_SUBJECTS[name] + 1) // 2, N_SUBJECTS[name]}):
        root = folder / f"bids-{n_subjects}"
        found = measure("convert", name, source, root, n_subjects)
        numbers[f"convert {n_subjects} of {N_SUBJECTS[name]} subjects"] = found
    found["source_mb"] = round(n_bytes / 1e6, 1)
    found["source_mb_per_s"] = round(n_bytes / 1e6 / found["seconds"], 1)
    # OCED's subjects have a file each, those of ImageNet-EEG one for all.
    at_once = n_bytes / 1e6 / (N_SUBJECTS[name] if name == "oced" else 1)
    found["peak_to_source"] = round(found["peak_mb"] / at_once, 3)
    found["peak_anonymous_to_source"] = round(found["peak_anonymous_mb"] / at_once, 3)
    found["written_mb"] = round(size(root) / 1e6, 1)
    return numbers | {task: measure(task, name, root) for task in tasks}


def compare_writers(folder, repeats=REPEATS, **sizes):
    """Write a subject of ImageNet-EEG with our writer and with mne-bids, in turns; return the ratios."""
    source = folder / "source"
    source.mkdir()
    write_imagenet_eeg(source, **sizes)
    rows = {"write_stream": [], "write_mne_bids": []}
    for repeat in range(repeats):
        for task, row in rows.items():
            row.append(measure(task, "imagenet_eeg", source, folder / f"{task}-{repeat}"))
    ours, theirs = (_read_samples(folder / f"{task}-0") for task in rows)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    ratios = {
        key: [a[key] / b[key] for a, b in zip(rows["write_stream"], rows["write_mne_bids"], strict=True)]
        for key in ("seconds", "peak_anonymous_mb")
    }
    return {
        **rows,
        "ours_to_mne_bids": {
            key: {
                "median": round(statistics.median(values), 3),
                "range": [round(min(values), 3), round(max(values), 3)],
            }
            for key, values in ratios.items()
        },
        "not_matched": (
            "Ours looks for samples that are not finite and for trials that are there twice, and marks joins "
            "in the .vmrk. mne-bids writes scans.tsv, participants.tsv and a README, and needs the whole "
            "recording as doubles; it writes no unit only where the code in info is changed by hand. The "
            "samples read back are equal to 1e-6."
        ),
    }


def _read_samples(folder):
    import mne

    return mne.io.read_raw(next(folder.rglob("*.vhdr")), verbose="error").get_data()


def main():
    """Measure all and write the result."""
    if len(sys.argv) > 1:
        print(measure_here(*sys.argv[1:]))
        return
    from machine import describe_machine

    machine = describe_machine()
    for name in ("torch", "pandas", "pybv", "h5py"):
        machine["versions"][name] = importlib.metadata.version(name)
    result = {
        "what": __doc__.splitlines()[0].partition(":")[0] + ".",
        "date": datetime.date.today().isoformat(),
        "machine": machine,
    }
    everything = ("read_images", "read_raw_mne_bids", "read_raw", "read_epochs")
    parts = {
        **{name: lambda folder, name=name: measure_dataset(name, folder) for name in WRITERS},
        "things_eeg2, 82,160 epochs": lambda folder: measure_dataset(
            "things_eeg2", folder, everything, n_images=16540
        ),
        "one subject, our writer and mne-bids": compare_writers,
    }
    for name, part in parts.items():
        with tempfile.TemporaryDirectory() as folder:
            result[name] = part(pathlib.Path(folder))
        print(name, json.dumps(result[name], indent=1))
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
