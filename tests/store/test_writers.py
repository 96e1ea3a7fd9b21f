"""Several writers, writers that were stopped, and a store that is larger than memory."""

import re
import subprocess
import sys

import pytest

from eegimg.store import _part
from eegimg.store._read import read_store
from eegimg.store._write import write_store


def contents(folder):
    """Map every file of a store to its bytes."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


KILLED = """
import os, sys
from eegimg.store._write import write_store
write_store(sys.argv[1], sys.argv[2], watch=lambda row, n_done, n_total: os._exit(9) if n_done == 2 else None)
"""


def test_a_writer_that_was_killed_leaves_no_store_and_goes_on_where_it_stopped(derivatives, tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, derivatives, tmp_path / "store"], check=False)
    assert done.returncode == 9
    sentence = (
        f"The store {tmp_path / 'store'} is not finished: it has no manifest.json. Call write_store again, which "
        "goes on where it stopped."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(sentence)}$"):
        read_store(tmp_path / "store")
    seen = []
    write_store(derivatives, tmp_path / "store", watch=lambda row, *_: seen.append(row["status"]))
    assert seen == ["cached", "cached", "done"]
    write_store(derivatives, tmp_path / "at_once")
    assert contents(tmp_path / "store") == contents(tmp_path / "at_once")


def test_a_writer_that_was_killed_within_a_recording_leaves_nothing_behind(
    derivatives, tmp_path, monkeypatch
):
    def die(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(_part, "recording_table", die)
    with pytest.raises(KeyboardInterrupt):
        write_store(derivatives, tmp_path / "store")
    monkeypatch.undo()
    left = next((tmp_path / "store" / "recordings").iterdir())
    (left / ".eegimg-left").mkdir()
    (left / ".eegimg-left" / "a_0000.npy").write_bytes(b"half")
    (left / f"{left.name}_0099.npy").write_bytes(b"of another shard size")
    write_store(derivatives, tmp_path / "store")
    write_store(derivatives, tmp_path / "at_once")
    assert contents(tmp_path / "store") == contents(tmp_path / "at_once")


WRITER = """
import sys
from eegimg.store._write import write_store
write_store(sys.argv[1], sys.argv[2], subjects=sys.argv[3], add=True)
"""


def test_processes_write_into_one_store_at_the_same_time(derivatives, tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, derivatives, tmp_path / "store", subject])
        for subject in ("03", "01", "02")
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    write_store(derivatives, tmp_path / "at_once")
    assert contents(tmp_path / "store") == contents(tmp_path / "at_once")


def test_two_writers_of_one_recording_do_not_meet(make_epochs, tmp_path):
    folder = tmp_path / "recordings" / "epochs-0000"
    folder.mkdir(parents=True)
    code = "import locket, sys\nwith locket.lock_file(sys.argv[1]):\n print('held', flush=True)\n sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, folder / ".lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(RuntimeError, match="^Another process is writing epochs-0000 into the store"):
            write_store(make_epochs(), tmp_path)
        other.stdin.close()
    assert len(write_store(make_epochs(), tmp_path)) == 6


@pytest.mark.slow
def test_several_processes_write_the_same_store_as_one(derivatives, tmp_path):
    seen = []
    write_store(derivatives, tmp_path / "two", n_jobs=2, watch=lambda row, *of: seen.append(of))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    write_store(derivatives, tmp_path / "one")
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


BIG = """
import resource, sys
import mne, numpy as np
from eegimg.store._write import write_store
info = mne.create_info(32, 250.0, "eeg")

def some():
    for k in range(24):
        data = np.full((500, 32, 250), 1e-6 * k)
        yield mne.EpochsArray(data, info, verbose="error")

write_store(some().__next__(), sys.argv[1] + "/warm")  # what imports take is not what a store takes
used = 1024 * int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1])
limit = used + 150 * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
store = write_store(some(), sys.argv[1] + "/big")
rng = np.random.default_rng(0)
for _ in range(200):
    rows = rng.integers(0, len(store), 64)
    assert np.array_equal(store[rows][:, 3, 7], np.float32(1e-6 * (rows // 500)))
store.verify()
try:
    store[:]
except MemoryError:
    print("too large for memory", len(store))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory differ from system to system")
def test_a_store_may_be_larger_than_memory(tmp_path):
    """384 MB of samples, made, written and read with 150 MB, of which one recording takes 32 and 16 more."""
    done = subprocess.run([sys.executable, "-c", BIG, tmp_path], capture_output=True, text=True, check=False)
    assert done.stdout == "too large for memory 12000\n", done.stderr
