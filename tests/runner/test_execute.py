"""Here, on processes of this machine, on a cluster: the same results."""

import json

import pytest

import eegimg
from eegimg.bids import read_result
from eegimg.runner import _execute


def data_of(out):
    """Map each result to its bytes and to what its sidecar says, times and memory left out."""
    found = {}
    for file in sorted(out.rglob("*_epo.fif")):
        fields = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        for record in fields["Log"]:
            del record["seconds"]
        epochs = read_result(file.with_suffix(".json"))
        found[file.name] = (epochs.get_data(copy=False).tobytes(), fields["Log"], fields["Channels"])
    return found


@pytest.mark.slow
def test_a_cluster_gives_the_bytes_of_one_process_and_isolates_failures(bids_root, pipeline, tmp_path):
    from distributed import LocalCluster

    eegimg.preprocess_dataset(
        bids_root, tmp_path / "one", recipe=pipeline, report=False, subjects=["01", "03"]
    )
    data = bids_root / "sub-02" / "eeg" / "sub-02_task-images_eeg.eeg"
    data.write_bytes(b"")
    seen = []
    # Workers with threads, as most clusters have: recordings of one process must not disturb each other.
    with LocalCluster(n_workers=1, threads_per_worker=3, processes=False, dashboard_address=None) as cluster:
        summary = eegimg.preprocess_dataset(
            bids_root,
            tmp_path / "out",
            recipe=pipeline,
            report=False,
            scheduler=cluster.scheduler_address,
            watch=lambda row, done, total: seen.append((done, total)),
        )
    assert list(summary.table["status"]) == ["done", "failed", "done"]
    assert "0 bytes" in summary.rows[1]["reason"]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert data_of(tmp_path / "one") == data_of(tmp_path / "out")


def test_a_scheduler_that_does_not_answer_is_a_sentence(bids_root, pipeline, tmp_path, monkeypatch):
    import distributed

    # The address is dead; only the 20 seconds of patience are shortened.
    client = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda address, timeout: client(address, timeout="0.2s"))
    with pytest.raises(
        RuntimeError, match=r"The Dask scheduler 'tcp://127.0.0.1:1' does not answer. Start it, or"
    ):
        eegimg.preprocess_dataset(
            bids_root, tmp_path / "out", recipe=pipeline, report=False, scheduler="tcp://127.0.0.1:1"
        )


@pytest.mark.parametrize("address", ["nonsense://x", "127.0.0.1", "tcp://"])
def test_an_address_that_is_none_is_a_sentence(bids_root, pipeline, tmp_path, monkeypatch, address):
    import distributed

    client = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda address, timeout: client(address, timeout="0.2s"))
    with pytest.raises(RuntimeError, match="The Dask scheduler .* does not answer"):
        eegimg.preprocess_dataset(
            bids_root, tmp_path / "out", recipe=pipeline, report=False, scheduler=address
        )


def test_a_worker_that_dies_fails_its_recording_alone():
    class Future:
        status = "error"

        def exception(self):
            return MemoryError()

    class Done(Future):
        status = "finished"

        def result(self):
            return {"status": "done"}

    class Path:
        subject = session = task = run = None

    class Job:
        name, bids_path, output, sidecar = "sub-01", Path(), "a", "b"

    row = _execute._row_of(Future(), Job())
    assert row["status"] == "failed"
    assert "The worker stopped before it was done (MemoryError)" in row["reason"]
    assert _execute._row_of(Done(), Job()) == {"status": "done"}


def test_nothing_to_do_starts_nothing():
    assert list(_execute.execute([], n_jobs=4, scheduler="tcp://127.0.0.1:1")) == []
