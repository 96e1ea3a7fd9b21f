"""One recording from raw file to derivative and page; whatever goes wrong stays with this recording."""

import copy
import dataclasses
import datetime
import importlib.metadata
import logging
import platform
import threading
import time
import traceback
import warnings

from .. import __version__, bids
from .._checks import listing
from .._paths import disk_is_full, write_text
from ..pipeline import recipe_text
from ..preprocessing._log import state
from ..preprocessing._step import plain
from ._audit import audit_result
from ._describe import channel_table, describe_input, spectra
from ._memory import PeakMemory
from ._plan import input_digest

logger = logging.getLogger("eegimg.runner")
_ONE_AT_A_TIME = threading.Lock()
_PACKAGES = (
    "mne",
    "mne-bids",
    "numpy",
    "scipy",
    "scikit-learn",
    "pyprep",
    "autoreject",
    "mne-icalabel",
    "python-picard",
)


def process_recording(job):
    """Preprocess one recording, one at a time in each process.

    Parameters
    ----------
    job : Job
        What to do.

    Returns
    -------
    row : dict
        One row of the summary's table. An exception becomes ``status="failed"`` with its sentence as
        ``reason``; the traceback goes to the log file.
    """
    from threadpoolctl import threadpool_limits

    # What a pipeline learns and logs belongs to one recording, and the user's own stays as it is.
    job = dataclasses.replace(job, pipeline=copy.deepcopy(job.pipeline))
    job.pipeline.log_ = []
    row = job_row(job)
    # Warnings and threads are settings of a process: a cluster whose workers have several threads must wait.
    with _ONE_AT_A_TIME:
        start = time.perf_counter()
        try:
            # One thread: the same sums in the same order on every machine, and no contention among workers.
            with threadpool_limits(1), PeakMemory() as memory, warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                result, sidecar, first_time = _run(job)
            seconds = round(time.perf_counter() - start, 2)
            notes = [f"{note.category.__name__}: {note.message}" for note in caught if _concerns_user(note)]
            sidecar["Warnings"] = list(dict.fromkeys(sidecar["Warnings"] + notes))
            sidecar["Summary"] = _summary(sidecar, seconds, memory.megabytes)
            bids.write_derivative(result, job.bids_path, job.output, plain(sidecar), first_time=first_time)
            row |= {"status": "done", **finished_row(sidecar)}
            _write_log(job, "done\n")
        except Exception as err:
            # Isolation: one recording must not stop the others; the row and the log say what happened.
            row |= {
                "status": "failed",
                "reason": _sentence(err),
                "seconds": round(time.perf_counter() - start, 2),
            }
            if job.sidecar.is_file():
                # What was made of another input or recipe must not pass for the answer to this one.
                job.sidecar.unlink()
                row["reason"] += " The earlier result is out of date: its sidecar was removed."
            _write_log(job, traceback.format_exc())
            logger.info("%s failed: %s", job.name, row["reason"])
            return row
        return write_page(job, row)


def write_page(job, row):
    """Write the page of a finished recording, if pages are wanted, and return the row with its name.

    A page that cannot be written leaves the recording finished; the row's reason says what happened.
    """
    if job.report_dir is None:
        return row
    from ..report import write_recording_report

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return row | {"page": write_recording_report(job.sidecar, job.report_dir).name}
    except Exception as err:  # isolation, as above: the result stands, only its page is missing
        _write_log(job, traceback.format_exc())
        sentence = f"Its page could not be written: {_sentence(err)}"
        return row | {"reason": f"{row['reason']} {sentence}".strip()}


def job_row(job):
    """Return the row of a job that has not run."""
    return {
        "recording": job.name,
        **{entity: getattr(job.bids_path, entity) for entity in ("subject", "session", "task", "run")},
        "status": "planned",
        "reason": "",
        "n_epochs": None,
        "n_bads": None,
        "verdict": None,
        "seconds": None,
        "peak_memory_mb": None,
        "output": str(job.output),
        "sidecar": str(job.sidecar),
        "page": None,
    }


def finished_row(sidecar):
    """Return what a finished sidecar adds to a row."""
    summary = sidecar["Summary"]
    return {key: summary[key] for key in ("n_epochs", "n_bads", "seconds", "peak_memory_mb")} | {
        "verdict": (sidecar.get("Audit") or {}).get("verdict"),
        "reason": " ".join(sidecar["Warnings"][:3]),
    }


def _run(job):
    raw = bids.read_raw(
        job.bids_path,
        line_freq=job.line_freq,
        events_past_end=job.events_past_end,
        columns=job.columns,
    )
    digest = input_digest(job.bids_path)
    before = state(raw)
    described = describe_input(raw) | before
    split = _known_split(job, raw)
    result = job.pipeline.fit_transform(raw, split=split, allow_transductive=job.allow_transductive)
    log = job.pipeline.log_
    sidecar = {
        "Description": f"Result of the eegimg recipe {job.pipeline.name!r}",
        **_raw_fields(job, raw, result),
        "Sources": [f"bids:raw:{name}" for name in digest["files"]],
        "Recipe": {
            "name": job.pipeline.name,
            "fingerprint": job.pipeline.fingerprint(),
            "steps": [{"name": record["step"], **record["params"]} for record in log],
            "toml": recipe_text(job.pipeline),
        },
        "Options": job.options,
        "Split": split,
        "Transductive": job.pipeline.transductive_,
        "TransductiveSteps": job.pipeline.transductive_steps_,
        "Units": "n/a"
        if any(record["found"].get("unit") == "n/a" for record in log)
        else raw.info["temp"]["unit"],
        "InputDigest": digest,
        "PackageVersions": software_versions(),
        "Input": described,
        "Log": log,
        "Audit": audit_result(result, split, job.design),
        "Spectra": spectra(raw, result, log),
        "Channels": channel_table(result, log),
        "Warnings": _learned_outside(job.pipeline) + list(raw.info["temp"]["remarks"]) + _remarks(log),
        "Summary": None,
    }
    return result, sidecar, raw.first_time


def _known_split(job, raw):
    """Return the column that marks training epochs where the events have it."""
    if job.split is None:
        return None
    columns = {key for annotation in raw.annotations for key in (annotation.get("extras") or {})}
    if job.split in columns:
        return job.split
    if job.split != "split":
        raise ValueError(
            f"The split column {job.split!r} was asked for; events.tsv has {listing(sorted(columns), 20)}."
        )
    return None


def _raw_fields(job, raw, result):
    """Return the fields that BIDS asks of an eeg.json, for recipes that end before epochs."""
    if job.pipeline.makes_epochs:
        return {
            "EpochLength": round(len(result.times) / result.info["sfreq"], 4),
            "SamplingFrequency": result.info["sfreq"],
        }
    source = bids.read_sidecar(job.bids_path)
    steps = {
        f"{number:02d} {type(step).__name__}": plain(step.get_params())
        for number, step in enumerate(job.pipeline.steps, 1)
    }
    reference = (result.info.get("temp") or {}).get("reference", "n/a")
    return {
        "TaskName": source.get("TaskName", job.bids_path.task),
        "SamplingFrequency": result.info["sfreq"],
        "EEGReference": reference,
        "PowerLineFrequency": raw.info["line_freq"] or "n/a",
        "SoftwareFilters": steps or "n/a",
        "RecordingDuration": round(result.n_times / result.info["sfreq"], 4),
        "RecordingType": source.get("RecordingType", "continuous"),
    }


def _learned_outside(pipeline):
    """Say which steps learned from trials that they must not see, first of all: scores hang on it."""
    said = [record["transductive"] for record in pipeline.log_ if record["transductive"]]
    now = {record["step"] for record in pipeline.log_ if record["transductive"]}
    before = [name for name in pipeline.transductive_steps_ if name not in now]
    if before:
        said.append(f"Before this, {listing(before)} learned from trials outside the training part.")
    return said


def _remarks(log):
    """Turn findings a user must not miss into sentences."""
    remarks = []
    for record in log:
        for text in record["found"].get("skipped", []):
            remarks.append(f"{record['step']} skipped {text}.")
        for text in [*record["found"].get("notes", []), record["found"].get("note", "")]:
            remarks += [f"{record['step']}: {text}."] if text else []
        if record["found"].get("converged") is False:
            remarks.append(f"ICA did not converge in {record['found']['n_iter']} iterations.")
        near = sum(entry["near_cut"] for entry in record["found"].get("components", []))
        if near:
            remarks.append(f"{near} ICA component(s) lie near the cut: another seed may decide otherwise.")
    return remarks


def _summary(sidecar, seconds, megabytes):
    last = sidecar["Log"][-1]["after"] if sidecar["Log"] else sidecar["Input"]
    bads = {name for record in sidecar["Log"] for name in record["found"].get("bads", {})} | set(
        sidecar["Input"]["bads"]
    )
    return {
        "n_epochs": last["n_epochs"],
        "n_bads": len(bads),
        "bads": sorted(bads),
        "seconds": seconds,
        "peak_memory_mb": megabytes,
        "conditions": last.get("conditions", {}),
    }


def _concerns_user(note):
    return issubclass(note.category, (RuntimeWarning, UserWarning))


def _sentence(err):
    if disk_is_full(err):
        return "The disk of the output folder is full. Make room and run again: finished recordings are kept."
    if isinstance(err, MemoryError):
        return "There is not enough memory for this recording. Close other programs, or put Resample early."
    text = " ".join(str(err).split()) or type(err).__name__
    return (
        text
        if isinstance(err, (ValueError, RuntimeError, TypeError, FileNotFoundError))
        else f"{type(err).__name__}: {text}"
    )


def _write_log(job, text):
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    lines = [f"{moment} {job.name}, recipe {job.pipeline.name} {job.pipeline.fingerprint()}"]
    for record in getattr(job.pipeline, "log_", []):
        lines.append(f"{record['step']}: {record['seconds']} s, lost {record['lost']}")
    try:
        write_text(job.log_dir / f"{job.name}_desc-{job.pipeline.name}.log", "\n".join([*lines, text]))
    except OSError as err:
        logger.warning("The log of %s could not be written: %s", job.name, err)


def software_versions():
    """Return the versions that a result depends on."""
    found = {"eegimg": __version__, "python": platform.python_version(), "platform": platform.platform()}
    return found | {name: importlib.metadata.version(name) for name in _PACKAGES}
