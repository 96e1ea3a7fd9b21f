"""The demo: a small simulated dataset, preprocessed, and what was found beside what was planted."""

import json
import pathlib

from .. import bids
from ..datasets import compare_with_truth, make_dataset, read_truth
from ..pipeline import Pipeline, read_recipe
from ..preprocessing import MakeEpochs
from ..runner import preprocess_dataset


def run_demo(out, *, n_subjects=2, n_jobs=1, watch=None):
    """Simulate into ``out/bids``, preprocess into ``out/derivatives``, report into ``out/report``.

    Parameters
    ----------
    out : path-like
        Folder; a simulated dataset that is there already is taken as it is.
    n_subjects : int
        Simulated people.
    n_jobs : int
        Recordings at a time.
    watch : callable | None
        As in :func:`eegimg.preprocess_dataset`.

    Returns
    -------
    summary : eegimg.runner.Summary
        What preprocessing did.
    findings : list of dict
        Per finished recording, what :func:`eegimg.datasets.compare_with_truth` returns.
    """
    out = pathlib.Path(out)
    root = out / "bids"
    if not (root / "dataset_description.json").is_file():
        make_dataset(root, n_subjects=n_subjects)
    summary = preprocess_dataset(
        root, out / "derivatives", recipe="simulated", n_jobs=n_jobs, report=out / "report", watch=watch
    )
    findings = [_compare(root, row) for row in summary.rows if row["status"] in ("done", "cached")]
    return summary, findings


def _compare(root, row):
    truth = read_truth(root / "sourcedata" / "eegimg" / f"sub-{row['subject']}_truth.json")
    sidecar = json.loads(pathlib.Path(row["sidecar"]).read_text(encoding="utf-8"))
    (path,) = bids.find_recordings(root, subjects=row["subject"])
    cut = next(step for step in read_recipe("simulated").steps if isinstance(step, MakeEpochs))
    before = Pipeline(cut).fit_transform(bids.read_raw(path))
    after = bids.read_result(row["sidecar"])
    numbers = compare_with_truth(before, after, truth, sidecar["Summary"]["bads"])
    return {"recording": row["recording"], **numbers}
