"""Run jobs here, on a local Dask cluster, or on any Dask cluster: the same function, the same results."""

import contextlib

from ._recording import job_row, process_recording


def execute(jobs, *, n_jobs=1, scheduler=None):
    """Run jobs and yield each row as it is done.

    Parameters
    ----------
    jobs : list of Job
        What to do.
    n_jobs : int
        Processes on this machine; 1 runs in this process.
    scheduler : str | None
        Address of a Dask scheduler, "tcp://host:8786"; its workers must see the same folders.

    Yields
    ------
    row : dict
        One row of the summary's table.

    Raises
    ------
    RuntimeError
        If the scheduler does not answer.
    """
    if not jobs:
        return
    if scheduler is None and (n_jobs == 1 or len(jobs) == 1):
        yield from map(process_recording, jobs)
        return
    from distributed import as_completed

    with _client(min(n_jobs, len(jobs)), scheduler) as client:
        futures = {client.submit(process_recording, job, pure=False, retries=0): job for job in jobs}
        for future in as_completed(list(futures)):
            yield _row_of(future, futures[future])


def _row_of(future, job):
    if future.status == "finished":
        return future.result()
    kind = type(future.exception()).__name__
    reason = f"The worker stopped before it was done ({kind}): it may have run out of memory."
    return job_row(job) | {"status": "failed", "reason": reason}


@contextlib.contextmanager
def _client(n_workers, scheduler):
    from distributed import Client
    from distributed.deploy.subprocess import SubprocessCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout="20s")
        except (OSError, ValueError) as err:
            raise RuntimeError(
                f"The Dask scheduler {scheduler!r} does not answer. Start it, or leave scheduler out."
            ) from err
        with client:
            yield client
        return
    # Subprocesses, not forks or spawns: a user's script then needs no `if __name__ == "__main__"`.
    options = {"nthreads": 1, "memory_limit": 0, "dashboard": False}
    cluster = SubprocessCluster(
        n_workers=n_workers, worker_kwargs=options, scheduler_kwargs={"dashboard": False}, silence_logs=50
    )
    with cluster, Client(cluster) as client:
        yield client
