"""Rates of the design audit on simulated recordings whose truth is known.

Run ``python benchmarks/validity/run.py``. The truth of a case is what scikit-learn decodes from twins
without signal; the audit then sees the case itself once. Both are kept in a folder, case by case, so that a
run that was stopped goes on, and so that a changed audit (its source files are compared) is run anew
without computing the truth again; after a change of the simulation, name another folder. Written to
benchmarks/results/validity_rates.json: counts, rates and Wilson intervals of each headline group, how the
audit does on mean amplitudes alone, and seconds per audit on one thread.
"""

import argparse
import concurrent.futures
import dataclasses
import datetime
import hashlib
import json
import pathlib
import sys
import tempfile
import time

import mne
import rates
import threadpoolctl
from designs import draw_cases
from simulate import simulate_set
from truth import Truth, find_truth

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from machine import describe_machine

RESULT = pathlib.Path(__file__).parents[1] / "results" / "validity_rates.json"
CACHE = pathlib.Path(tempfile.gettempdir()) / "validity_cache"


def compute_truth(case):
    """Return the truth of a case as a dict."""
    return dataclasses.asdict(find_truth(case))


def audit_case(case):
    """Audit a case with all features."""
    from eegimg.validity import audit_design

    return run_audit(case, audit_design)


def audit_quickly(case):
    """Audit a case with all features and without what does not vote: the same verdict, sooner."""
    from eegimg.validity import audit_design

    return run_audit(case, audit_design, explain=False)


def audit_means(case):
    """Audit a case with mean amplitudes only."""
    from eegimg.validity import audit_design

    return run_audit(case, audit_design, features=("means",), explain=False)


def run_audit(case, audit, **options):
    """Simulate a case and audit it.

    Parameters
    ----------
    case : designs.Case
        Case.
    audit : callable
        ``audit_design`` or what has its parameters.
    **options
        For the audit.

    Returns
    -------
    found : dict
        ``verdict``, ``reason``, ``flags``, ``statistics`` and ``seconds``.
    """
    epochs, _ = simulate_set(case, case.seed)
    start = time.perf_counter()
    told = audit(epochs, split="split", group=None, label="concept", **options).to_dict()
    seconds = time.perf_counter() - start
    found = {name: told.get(name) for name in ("verdict", "reason", "flags", "statistics")}
    return found | {"seconds": round(seconds, 3)}


def compute_all(cases, compute, file, n_jobs, title):
    """Compute something for all cases that a file does not hold yet, and add it there.

    Parameters
    ----------
    cases : list of designs.Case
        Cases.
    compute : callable
        Takes a case, returns what JSON holds; a function of a module.
    file : pathlib.Path
        One line per case that is done.
    n_jobs : int
        Processes, of one thread each.
    title : str
        For the progress.

    Returns
    -------
    found : dict of str to dict
        By the key of the case.
    """
    found = read_lines(file)
    _drop_cut_line(file)
    waiting = [case for case in cases if case.key not in found]
    file.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with (
        file.open("a", encoding="utf-8") as lines,
        concurrent.futures.ProcessPoolExecutor(n_jobs, initializer=_be_modest) as pool,
    ):
        jobs = {pool.submit(compute, case): case for case in waiting}
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            case = jobs[job]
            found[case.key] = job.result()
            print(json.dumps({"key": case.key, "found": found[case.key]}), file=lines, flush=True)
            seconds = time.perf_counter() - start
            print(f"{title}: {done} of {len(waiting)}, {seconds:.0f} s", file=sys.stderr, flush=True)
    return found


def read_lines(file):
    """Return what a file of finished cases holds, by key; a last line that was cut off is left out."""
    if not file.is_file():
        return {}
    lines = file.read_text(encoding="utf-8").split("\n")[:-1]
    entries = [json.loads(line) for line in lines]
    return {entry["key"]: entry["found"] for entry in entries}


def _drop_cut_line(file):
    """Make a file end with a whole line, so that lines can be added."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if text and not text.endswith("\n"):
        file.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")


def _be_modest():
    threadpoolctl.threadpool_limits(1)
    mne.set_log_level("error")


def source_digest():
    """Return a short digest of the source files that the audit consists of."""
    import eegimg.validity._audit  # noqa: F401

    digest = hashlib.sha256()
    for name in sorted(name for name in sys.modules if name.startswith("eegimg.validity.")):
        digest.update(pathlib.Path(sys.modules[name].__file__).read_bytes())
    return digest.hexdigest()[:12]


def choose_share(cases, share):
    """Return the cases of every so-maniest recording."""
    numbers = {name: place for place, name in enumerate(dict.fromkeys(case.recording for case in cases))}
    step = round(1 / share)
    return [case for case in cases if numbers[case.recording] % step == 0]


def describe_rows(rows):
    """Return one flat dict per case, from which thresholds can be studied."""
    return [
        {
            **dataclasses.asdict(row["case"]),
            "truth": dataclasses.asdict(row["truth"]),
            "audit": row["audit"],
            "means_only": row["means_only"],
        }
        for row in rows
    ]


def parse_arguments(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=400, help="cases")
    parser.add_argument("--seed", type=int, default=20262)
    parser.add_argument("--jobs", type=int, default=2, help="processes, of one thread each")
    parser.add_argument("--share", type=float, default=1.0, help="part of the recordings, such as 0.1")
    parser.add_argument("--out", type=pathlib.Path, default=RESULT)
    parser.add_argument("--cache", type=pathlib.Path, default=CACHE, help="folder of finished cases")
    parser.add_argument("--rows", type=pathlib.Path, help="write all numbers of all cases here, as JSON")
    parser.add_argument("--truth-only", action="store_true", help="compute the truth and stop")
    parser.add_argument("--quick", action="store_true", help="leave out what explains and does not vote")
    parser.add_argument("--no-ablation", action="store_true", help="leave out audits of mean amplitudes")
    return parser.parse_args(arguments)


def main():
    """Compute what is missing and write the result."""
    asked = parse_arguments()
    cases = choose_share(draw_cases(asked.n, asked.seed), asked.share)
    truth = compute_all(cases, compute_truth, asked.cache / f"truth-{asked.seed}.jsonl", asked.jobs, "truth")
    if asked.truth_only:
        return
    version = source_digest()
    done = {"means_only": {}}
    confounded = [case for case in cases if truth[case.key]["status"] == "confounded"]
    jobs = [("audit", audit_quickly if asked.quick else audit_case, cases)]
    jobs += [] if asked.no_ablation else [("means_only", audit_means, confounded)]
    for name, compute, these in jobs:
        file = asked.cache / f"{compute.__name__}-{asked.seed}-{version}.jsonl"
        done[name] = compute_all(these, compute, file, asked.jobs, name)
    rows = [
        {
            "case": case,
            "truth": Truth(**truth[case.key]),
            "audit": done["audit"][case.key],
            "means_only": done["means_only"].get(case.key),
        }
        for case in cases
    ]
    if asked.rows:
        asked.rows.write_text(json.dumps(describe_rows(rows)) + "\n", encoding="utf-8")
    result = {
        "what": __doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "seed": asked.seed,
        "share": asked.share,
        "explained": not asked.quick,
        "audit_source": version,
        **rates.summarise(rows),
    }
    asked.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
