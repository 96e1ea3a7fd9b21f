"""What is to be done: one job per recording, and whether a finished result already answers it."""

import dataclasses
import hashlib
import json
import pathlib

from .. import __version__
from ..bids import derivative_path, recording_files
from ..pipeline import Pipeline


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """One recording and what to do with it.

    It travels to workers, so it holds plain values and paths only.
    """

    bids_path: object
    output: pathlib.Path
    pipeline: Pipeline
    split: str | None
    allow_transductive: bool
    line_freq: float | None
    events_past_end: str
    columns: dict | None
    design: str | None
    report_dir: pathlib.Path | None
    log_dir: pathlib.Path

    @property
    def name(self):
        """Name of the recording: sub-01_task-x."""
        return self.bids_path.fpath.stem.removesuffix("_eeg")

    @property
    def sidecar(self):
        """The file whose presence says that the job is done."""
        return self.output.with_suffix(".json")

    @property
    def options(self):
        """What besides the recipe changes the result."""
        return {
            "split": self.split,
            "allow_transductive": self.allow_transductive,
            "line_freq": self.line_freq,
            "events_past_end": self.events_past_end,
            "columns": self.columns,
            "design": self.design,
        }


def make_job(bids_path, out, pipeline, *, report_dir, **options):
    """Make the job of one recording."""
    return Job(
        bids_path=bids_path,
        output=derivative_path(bids_path, out, pipeline.name, epochs=pipeline.makes_epochs),
        pipeline=pipeline,
        report_dir=report_dir,
        log_dir=pathlib.Path(out) / "logs",
        **options,
    )


def finished(job):
    """Return the sidecar of a finished result for the same input, recipe, options and version, or None.

    Files whose size and modification time are those in the sidecar are taken to be unchanged, as git does;
    others are read and their digest compared.
    """
    if not (job.sidecar.is_file() and job.output.is_file()):
        return None
    try:
        fields = json.loads(job.sidecar.read_text(encoding="utf-8"))
        same = (
            fields["Recipe"]["fingerprint"] == job.pipeline.fingerprint()
            and fields["Options"] == job.options
            and fields["PackageVersions"]["eegimg"] == __version__
        )
        known = fields["InputDigest"]
    except (ValueError, KeyError, TypeError):
        return None
    return fields if same and input_digest(job.bids_path, known)["sha256"] == known["sha256"] else None


def input_digest(bids_path, known=None):
    """Compute the digest of every file of a recording.

    Parameters
    ----------
    bids_path : mne_bids.BIDSPath
        The recording.
    known : dict | None
        An earlier digest, whose entries are taken over for files of unchanged size and modification time.

    Returns
    -------
    digest : dict
        ``files`` (per name: sha256, size in bytes, modification time) and ``sha256`` over names and digests.
    """
    root = pathlib.Path(bids_path.root)
    earlier = (known or {}).get("files", {})
    files = {}
    for file in recording_files(bids_path):
        name, stat = file.relative_to(root).as_posix(), file.stat()
        before = earlier.get(name, {})
        if (before.get("size"), before.get("mtime_ns")) == (stat.st_size, stat.st_mtime_ns):
            sha256 = before["sha256"]
        else:
            with file.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        files[name] = {"sha256": sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    text = "\n".join(f"{name} {entry['sha256']}" for name, entry in files.items())
    return {"algorithm": "sha256", "sha256": hashlib.sha256(text.encode()).hexdigest(), "files": files}
