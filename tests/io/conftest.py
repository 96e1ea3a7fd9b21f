"""Files that want to run something, in every wrapping that readers meet, and the memory that readers take."""

import copyreg
import importlib
import io
import os
import pathlib
import pickle
import subprocess
import zipfile

import numpy as np
import pytest

BENCHMARKS = pathlib.Path(__file__).parents[2] / "benchmarks"
LEGACY_START = b"".join(
    pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
)
# The name in the file -> how the arguments are made that let it create a marker.
ATTACKS = {
    "os.system": lambda marker: (f"touch {marker}",),
    "posix.system": lambda marker: (f"touch {marker}",),
    "builtins.eval": lambda marker: (f"open({str(marker)!r}, 'w').close()",),
    "builtins.exec": lambda marker: (f"open({str(marker)!r}, 'w').close()",),
    "subprocess.Popen": lambda marker: (["touch", str(marker)],),
    "numpy.load": lambda marker: (str(_numpy_file(marker)), None, True),
    "numpy.testing._private.utils.runstring": lambda marker: (f"open({str(marker)!r}, 'w').close()", {}),
    "pickle.loads": lambda marker: (pickle.dumps(_Touch(marker)),),
    "copyreg._reconstructor": lambda marker: (subprocess.Popen, subprocess.Popen, ["touch", str(marker)]),
    "torch.hub._load_local": lambda marker: (str(_hub_folder(marker)), "touch"),
}


class _Touch:
    """Pickles as a call that creates a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def _numpy_file(marker):
    path = marker.with_name("inner.npy")
    np.save(path, np.array(_Touch(marker), dtype=object), allow_pickle=True)
    return path


def _hub_folder(marker):
    text = f"def touch():\n    open({str(marker)!r}, 'w').close()\n"
    marker.with_name("hubconf.py").write_text(text, encoding="utf-8")
    return marker.parent


def pickle_calling(name, args, protocol):
    """Write a pickle that calls a function, which need not exist here."""
    module, _, function = name.rpartition(".")
    if protocol == 2:
        wanted = f"c{module}\n{function}\n".encode()
    else:
        texts = [text.encode() for text in (module, function)]
        wanted = b"".join(b"\x8c" + bytes([len(text)]) + text + b"\x94" for text in texts) + b"\x93"
    return b"\x80" + bytes([protocol]) + wanted + pickle.dumps(args, 3)[2:-1] + b"R."


def torch_zip(payload):
    """Wrap a pickle as torch.save does."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in (("data.pkl", payload), ("byteorder", b"little"), ("version", b"3\n")):
            archive.writestr(f"eeg/{name}", content)
    return stream.getvalue()


def torch_legacy(payload):
    """Wrap a pickle as torch.save did before 1.6."""
    return LEGACY_START + payload + pickle.dumps([], 2)


def npy_object(payload):
    """Wrap a pickle as numpy.save does with an array of objects."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    return stream.getvalue() + payload


@pytest.fixture(scope="session")
def wrap():
    """Return how a pickle is wrapped, by kind of file."""
    return {"zip": torch_zip, "legacy": torch_legacy, "npy": npy_object, "bare": bytes}


@pytest.fixture(scope="session")
def calling():
    """Return the function that writes a pickle which calls something."""
    return pickle_calling


@pytest.fixture(params=[2, 4], ids=["protocol 2", "protocol 4"])
def protocol(request):
    """Return a pickle protocol: names in one opcode, or on the stack."""
    return request.param


@pytest.fixture(params=sorted(ATTACKS))
def attack(request, tmp_path, protocol):
    """Return a pickle that would create a file, the global that it asks for, and that file."""
    marker = tmp_path / "marker"
    return pickle_calling(request.param, ATTACKS[request.param](marker), protocol), request.param, marker


@pytest.fixture
def measure(monkeypatch, tmp_path):
    """Return ``measure(kind)`` of benchmarks/safe_readers.py, which reads 200 MB in a fresh process."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    script = importlib.import_module("safe_readers")
    return lambda kind: script.measure(kind, tmp_path)


@pytest.fixture
def extension_code():
    """Register an extension code for os.system, as any library may have done, and take it back."""
    copyreg.add_extension("os", "system", 77)
    yield 77
    copyreg.remove_extension("os", "system", 77)
