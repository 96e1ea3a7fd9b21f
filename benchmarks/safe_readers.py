"""How much memory and time the safe readers take for a file of 200 MB: python benchmarks/safe_readers.py.

Each kind of file is written in a temporary folder and read by a fresh process. Written to
benchmarks/results/safe_readers.json: the file's size, how much memory the process had more than before at the
most, once when it had read the file and once when it had added up all its values, and the seconds.
"""

import datetime
import importlib
import importlib.metadata
import json
import pathlib
import pickle
import subprocess
import sys
import tempfile
import time

import numpy as np

import eegimg.io._matlab as matlab
import eegimg.io._pickles as pickles
import eegimg.io._torch_files as torch_files

RESULT = pathlib.Path(__file__).parent / "results" / "safe_readers.json"
N_BYTES = 200_000_000


def make_data(n_bytes):
    """Return random integers that fill a number of bytes as float64, shape (100, n)."""
    values = np.random.default_rng(0).integers(-1000, 1000, (100, n_bytes // 800))
    return values.astype(np.float64)


def write_torch(path, data, **kwargs):
    import torch

    items = [{"eeg": torch.from_numpy(row.copy()), "label": n} for n, row in enumerate(data)]
    torch.save({"dataset": items}, path, **kwargs)


def write_pickle(path, data, protocol):
    with path.open("wb") as stream:
        pickle.dump({"eeg": data}, stream, protocol=protocol)


def write_python2(path, data):
    """Write what Python 2's cPickle makes of an array: the values as one string."""
    head = (
        b"\x80\x02}(U\x03eegcnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01" + b"".join(b"J" + int(n).to_bytes(4, "little") for n in data.shape) + b"\x86cnumpy\ndtype\n"
        b"U\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
    )
    values = data.tobytes()
    path.write_bytes(head + len(values).to_bytes(4, "little") + values + b"tbu.")


def write_mat(path, data, **kwargs):
    import scipy.io

    scipy.io.savemat(path, {"eeg": data}, **kwargs)


def write_hdf5(path, data, **kwargs):
    """Write a file as MATLAB 7.3 does: HDF5 after a header of 512 bytes, dimensions in reverse."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("eeg", data=data.T, **kwargs).attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


def read_variable(path):
    return matlab.read_mat(path, ["eeg"])


# Kind of file -> its ending, how to write it, how to read it.
KINDS = {
    "torch zip": (".pth", write_torch, torch_files.read_torch),
    "torch legacy": (
        ".pth",
        lambda path, data: write_torch(path, data, _use_new_zipfile_serialization=False),
        torch_files.read_torch,
    ),
    "npy": (".npy", np.save, pickles.read_npy),
    "npy with a pickle": (
        ".npy",
        lambda path, data: np.save(path, {"eeg": data}, allow_pickle=True),
        pickles.read_npy,
    ),
    **{
        f"pickle {protocol} named npy": (
            ".npy",
            lambda path, data, protocol=protocol: write_pickle(path, data, protocol),
            pickles.read_npy,
        )
        for protocol in (3, 4, 5)
    },
    "pickle 2": (".pkl", lambda path, data: write_pickle(path, data, 2), pickles.read_pickle),
    "pickle of Python 2": (".pkl", write_python2, pickles.read_pickle),
    "mat 5": (".mat", write_mat, read_variable),
    "mat 5 compressed": (
        ".mat",
        lambda path, data: write_mat(path, data, do_compression=True),
        read_variable,
    ),
    "mat 7.3": (".mat", write_hdf5, read_variable),
    "mat 7.3 compressed": (
        ".mat",
        lambda path, data: write_hdf5(path, data, compression="gzip", compression_opts=1),
        read_variable,
    ),
}
# Written as text, or smaller on disk than in memory: one more copy, or more, cannot be helped.
WITHOUT_LIMIT = {"pickle 2", "pickle of Python 2", "mat 5 compressed", "mat 7.3 compressed"}


def total(content):
    """Add up every value of nested containers of arrays."""
    if isinstance(content, dict):
        return sum(total(item) for key, item in content.items() if key != "label")
    if isinstance(content, list):
        return sum(total(item) for item in content)
    return float(np.sum(content))


def memory():
    """Return what this process holds of memory now and held at the most, in bytes (Linux)."""
    # Not getrusage: its peak begins with that of the process which started this one.
    lines = pathlib.Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kilobytes = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return int(kilobytes["VmRSS"]) * 1024, int(kilobytes["VmHWM"]) * 1024


def measure_here(kind, path):
    """Read one file in this process and return what it took, as JSON."""
    imports = {"torch": ["torch"], "mat": ["scipy.io", "h5py", "pymatreader"]}.get(kind.split()[0], [])
    for name in imports:
        importlib.import_module(name)
    before, _ = memory()
    start = time.perf_counter()
    content = KINDS[kind][2](path)
    seconds = time.perf_counter() - start
    _, read = memory()
    result = total(content)
    _, used = memory()
    size = path.stat().st_size
    return json.dumps(
        {
            "file_mb": round(size / 1e6, 1),
            "read_ratio": round(max(0, read - before) / size, 3),
            "used_ratio": round(max(0, used - before) / size, 3),
            "seconds": round(seconds, 3),
            "total": result,
        }
    )


def measure(kind, folder, n_bytes=N_BYTES):
    """Write one file, read it in a fresh process, and return what that took.

    Parameters
    ----------
    kind : str
        One of KINDS.
    folder : pathlib.Path
        Where the file is written; it is removed again.
    n_bytes : int
        Of the values.

    Returns
    -------
    numbers : dict
        ``file_mb`` and ``data_mb``, ``read_ratio`` and ``used_ratio`` (peak memory above that before, by the
        file's size, after reading and after using all values), ``seconds`` of reading.
    """
    ending, write, _ = KINDS[kind]
    path = folder / f"eeg{ending}"
    data = make_data(n_bytes)
    write(path, data)
    done = subprocess.run(
        [sys.executable, __file__, kind, str(path)], capture_output=True, text=True, check=False
    )
    path.unlink()
    if done.returncode:
        raise RuntimeError(done.stderr)
    numbers = json.loads(done.stdout)
    if numbers.pop("total") != float(data.sum()):
        raise RuntimeError(f"{kind}: the values read are not those written.")
    return {**numbers, "data_mb": round(data.nbytes / 1e6, 1)}


def main():
    """Measure every kind and write the result."""
    if len(sys.argv) == 3:
        print(measure_here(sys.argv[1], pathlib.Path(sys.argv[2])))
        return
    from machine import describe_machine

    machine = describe_machine()
    for name in ("torch", "h5py", "pymatreader"):
        machine["versions"][name] = importlib.metadata.version(name)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            rows[kind] = measure(kind, pathlib.Path(folder))
            print(kind, rows[kind])
    result = {
        "what": __doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "machine": machine,
        "limit": 1.3,
        "without_limit": sorted(WITHOUT_LIMIT),
        "kinds": rows,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
