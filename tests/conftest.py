"""What every test gets: no network, settings in a folder of its own, fixed seeds, and a check for traces."""

import json
import logging
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).parents[1]
_SCRATCH = tempfile.TemporaryDirectory(prefix="eegimg-tests-")
# Before any import of the libraries that read them, and inherited by every process that a test starts.
os.environ.update(
    EEGIMG_DATA=f"{_SCRATCH.name}/data",
    HF_HUB_OFFLINE="1",
    MPLBACKEND="agg",
    MPLCONFIGDIR=f"{_SCRATCH.name}/matplotlib",
    _MNE_FAKE_HOME_DIR=_SCRATCH.name,
    # Small matrices are faster on one thread, and workers share the cores.
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
)

import mne  # noqa: E402, F401 - importing it sets its log level: before the first test
import numpy as np  # noqa: E402
import pytest  # noqa: E402

# Set by pytest, by threadpoolctl, scikit-learn and torch when first imported, and by dask for its workers.
PASSING = {
    "PYTEST_CURRENT_TEST",
    "KMP_DUPLICATE_LIB_OK",
    "KMP_INIT_AT_FORK",
    "MALLOC_TRIM_THRESHOLD_",
    "MKL_NUM_THREADS",
    "PYTHONHASHSEED",
    "TORCHINDUCTOR_CACHE_DIR",
    "__DASK_PARENT_PID",
}
LOOPBACK = {"127.0.0.1", "::1", "localhost", "", None}


def _is_local(address):
    return not isinstance(address, tuple) or address[0] in LOOPBACK or str(address[0]).startswith("127.")


def _guarded(method):
    """Wrap a method of socket.socket so that it only reaches this machine."""

    def guarded(self, *args):
        # Connecting a datagram socket sends nothing: dask asks so for the machine's own address.
        silent = method.__name__.startswith("connect") and self.type == socket.SOCK_DGRAM
        if not (_is_local(args[-1]) or silent):
            raise RuntimeError(f"A test tried to reach {args[-1]!r}. Tests must not use the network.")
        return method(self, *args)

    return guarded


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Refuse every connection that leaves this machine."""
    lookup = socket.getaddrinfo

    def local_lookup(host, *args, **kwargs):
        names = LOOPBACK | {socket.gethostname(), socket.getfqdn()}
        name = host.decode() if isinstance(host, bytes) else host
        if name not in names and not str(name).startswith("127."):
            raise RuntimeError(f"A test tried to look up {host!r}. Tests must not use the network.")
        return lookup(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", local_lookup)
        yield


def _surroundings():
    variables = {key: value for key, value in os.environ.items() if key not in PASSING}
    return {"cwd": os.getcwd(), "mne's log level": logging.getLogger("mne").level, **variables}


@pytest.fixture(autouse=True)
def leaves_no_trace():
    """Seed the global generators, and fail a test that changes what other tests stand on."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the generator that libraries fall back on
    before = _surroundings()
    yield
    after = _surroundings()
    changed = {
        name: (before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
    for name, (old, _) in changed.items():
        if name == "cwd":
            os.chdir(old)
        elif name == "mne's log level":
            logging.getLogger("mne").setLevel(old)
        elif old is None:
            del os.environ[name]
        else:
            os.environ[name] = old
    assert not changed, f"The test changed (before, after): {changed}"


@pytest.fixture(scope="session")
def repository():
    """Return the root of the checkout that these tests stand in."""
    return REPOSITORY


@pytest.fixture(scope="session")
def test_data():
    """Return the folder of real recordings, or skip the test."""
    default = REPOSITORY.parent / "shared" / "data"
    folder = pathlib.Path(os.environ.get("EEGIMG_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"needs real recordings: {folder} is not a folder (set EEGIMG_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def validate():
    """Return a function that gives the BIDS validator's errors about a folder."""

    def run(root):
        program = pathlib.Path(sys.executable).parent / "bids-validator-deno"
        done = subprocess.run(
            [str(program), "--json", str(root)], capture_output=True, text=True, check=False
        )
        issues = json.loads(done.stdout)["issues"]["issues"]
        return [(issue["code"], issue["location"]) for issue in issues if issue["severity"] == "error"]

    return run
