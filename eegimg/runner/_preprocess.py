"""The one function users call to preprocess a dataset."""

import json
import pathlib

from .._checks import check_number, check_option, listing
from ..bids import check_output, check_outside, find_recordings, prepare_derivatives
from ..pipeline import read_recipe
from ..validity._designs import DESIGNS
from ._execute import execute
from ._plan import finished, make_job
from ._rebuild import finished_rows
from ._recording import finished_row, job_row, write_page
from ._summary import Summary


def preprocess_dataset(
    bids_root,
    out,
    *,
    recipe="default",
    subjects=None,
    sessions=None,
    tasks=None,
    runs=None,
    n_jobs=1,
    scheduler=None,
    dry_run=False,
    split="split",
    allow_transductive=False,
    line_freq=None,
    events_past_end="raise",
    columns=None,
    design=None,
    report=True,
    watch=None,
):
    """Preprocess every EEG recording of a BIDS dataset into a BIDS derivative dataset with a report.

    Parameters
    ----------
    bids_root : path-like
        The dataset; nothing is written into it, except into its ``derivatives`` folder where ``out`` is
        there.
    out : path-like
        Folder of the derivatives. Finished results for the same input, recipe and version are kept and not
        made again, so that a killed run goes on where it stopped.
    recipe : str | path-like | Pipeline
        As in :func:`read_recipe`.
    subjects, sessions, tasks, runs : str | list of str | None
        Which recordings. None takes all.
    n_jobs : int
        Recordings at a time on this machine, each in a process of its own.
    scheduler : str | None
        Address of a Dask scheduler to run on instead.
    dry_run : bool
        Say what would be done, and do nothing.
    split : str | None
        Column of events.tsv whose value "train" marks training epochs. Steps that learn across epochs
        (AutoReject, MVNN, Scale) learn from those only. The default column is used where it exists; None
        uses all epochs, and the result is marked transductive where a column "split" has others than "train".
    allow_transductive : bool
        Let a step with ``fit_scope="all"`` learn from test epochs; the result is marked transductive.
    line_freq : float | None
        Power line frequency in Hz for recordings that do not state it.
    events_past_end : 'raise' | 'drop'
        What to do with events after the last sample.
    columns : dict | None
        Columns of events.tsv that play the part of ours in datasets that name them otherwise:
        ``{"stim_file": "stimname"}``; see :attr:`eegimg.datasets.Descriptor.columns`.
    design : 'rapid-event' | 'block' | 'unknown' | None
        What is known of the protocol ('block': each label in a block of its own), for the audit that every
        sidecar and page carries, see :func:`eegimg.validity.audit_design`.
    report : bool | path-like
        Write one page per recording and an index, into ``<out>/report`` or the named folder.
    watch : callable | None
        Called with (row, n_done, n_total) after each recording, for progress bars.

    Returns
    -------
    summary : Summary
        ``.table`` has one row per recording: status (done, cached, failed, or planned in a dry run), reason,
        n_epochs, n_bads, verdict (of the audit), seconds, peak_memory_mb. A recording that fails does not
        stop the others.

    Raises
    ------
    FileNotFoundError
        If there is no such dataset, subject or recipe.
    ValueError
        If the recipe or an option is wrong, or ``out`` lies inside the dataset or holds another one.
    RuntimeError
        If ``out`` cannot be written, or the scheduler does not answer.
    """
    check_number("n_jobs", n_jobs, "preprocess_dataset", at_least=1, integer=True)
    check_option("events_past_end", events_past_end, ("raise", "drop"), "preprocess_dataset")
    check_option("design", design, (*DESIGNS, None), "preprocess_dataset")
    check_number("line_freq", line_freq, "preprocess_dataset", above=0, none=True)
    out, pipeline = pathlib.Path(out), read_recipe(recipe)
    report_dir = out / "report" if report is True else pathlib.Path(report) if report else None
    paths = find_recordings(bids_root, subjects=subjects, sessions=sessions, tasks=tasks, runs=runs)
    check_output(bids_root, out)
    if report_dir is not None:
        check_outside(bids_root, report_dir, "report folder")
    options = {
        "split": split,
        "allow_transductive": allow_transductive,
        "line_freq": line_freq,
        "events_past_end": events_past_end,
        "columns": columns or None,
        "design": design,
    }
    jobs = [make_job(path, out, pipeline, report_dir=report_dir, **options) for path in paths]
    rows = {job.name: _known(job) for job in jobs}
    todo = [job for job in jobs if rows[job.name]["status"] != "cached"]
    if dry_run:
        return Summary(rows=list(rows.values()), remarks=[], report=None)
    prepare_derivatives(bids_root, out, pipeline.name)
    n_done = len(jobs) - len(todo)
    for row in execute(todo, n_jobs=n_jobs, scheduler=scheduler):
        rows[row["recording"]] = row
        n_done += 1
        if watch is not None:
            watch(row, n_done, len(jobs))
    for job in jobs:
        if report_dir is not None and rows[job.name]["status"] == "cached" and not rows[job.name]["page"]:
            rows[job.name] = write_page(job, rows[job.name])
            todo.append(job)
    rows = list(rows.values())
    remarks = _compare_channels(rows)
    page = _write_index(rows, remarks, report_dir, out, bids_root, changed=bool(todo))
    return Summary(rows=rows, remarks=remarks, report=page)


def _known(job):
    fields = finished(job)
    row = job_row(job)
    if fields is None:
        return row
    page = f"{job.name}_desc-{job.pipeline.name}.html"
    there = job.report_dir is not None and (job.report_dir / page).is_file()
    return row | {"status": "cached", **finished_row(fields), "page": page if there else None}


def _compare_channels(rows):
    """Say where recordings have other EEG channels than most: their epochs cannot be joined as they are."""
    sets = {}
    for row in rows:
        if row["status"] in ("done", "cached"):
            fields = json.loads(pathlib.Path(row["sidecar"]).read_text(encoding="utf-8"))
            sets.setdefault(tuple(sorted(channel["name"] for channel in fields["Channels"])), []).append(
                row["recording"]
            )
    if len(sets) < 2:
        return []
    usual = max(sets, key=lambda names: len(sets[names]))
    remarks = []
    for names, recordings in sets.items():
        if names != usual:
            less, more = sorted(set(usual) - set(names)), sorted(set(names) - set(usual))
            difference = [f"without {listing(less)}"] * bool(less) + [f"with {listing(more)} besides"] * bool(
                more
            )
            remarks.append(
                f"{listing(recordings)} came {' and '.join(difference)}, unlike {listing(sets[usual])}."
            )
    return remarks


def _write_index(rows, remarks, report_dir, out, bids_root, *, changed):
    """Write the index of all that is in the folder: this run, and what earlier ones finished."""
    if report_dir is None:
        return None
    page = report_dir / "index.html"
    if changed or not page.is_file():
        from ..report import write_index

        earlier = finished_rows(out, report_dir, without={row["sidecar"] for row in rows})
        title = f"{pathlib.Path(bids_root).resolve().name}: preprocessing"
        page = write_index(rows + earlier, report_dir, title=title, remarks=remarks)
    return page
