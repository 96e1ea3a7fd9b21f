"""Turn the real recordings into BIDS, run ``eegimg preprocess`` on each set, and write what came out as JSON.

python benchmarks/real_recordings/run.py --data FOLDER --out FOLDER [--only SET]... [--json FILE]
"""

import argparse
import datetime
import importlib
import json
import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import bids_writing
import decode
import psutil

sys.path.append(str(Path(__file__).parents[1]))
from machine import describe_machine

logger = logging.getLogger("real_recordings")
HERE = Path(__file__).parent
RESULTS = HERE.parent / "results"
# set (the converter's module): its runs, as (recipe, subjects, recordings that are known to be unusable)
SETS = {
    "eeglab_sample": [("eeglab_sample", None, ())],
    "muse_n170": [("muse_n170", None, ("sub-03_ses-03_task-n170_run-02",))],
    "uci_vep": [("uci_vep", None, ())],
    "tiny_bids": [("tiny_bids", None, ())],
    "format_samples": [
        ("formats_raw", None, ()),
        ("formats_epochs", ("analyzer", "brainvision", "edfplus"), ()),
    ],
}


def measured(command, log):
    """Run a command with one thread for linear algebra; return exit code, seconds, peak memory.

    The peak is the largest resident set of the process, in 1e6 bytes, looked at every 20 ms.
    """
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    start, peak = time.perf_counter(), 0
    with open(log, "w", encoding="utf-8") as stream:
        process = psutil.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=os.environ | threads)
        while process.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.02)
        process.wait()
    seconds = round(time.perf_counter() - start, 2)
    return {"exit": process.returncode, "seconds": seconds, "peak_memory_mb": round(peak / 1e6, 1)}


def eegimg_command():
    """Return the path of the command ``eegimg``: beside this Python, else on PATH."""
    beside = Path(sys.executable).with_name("eegimg")
    command = str(beside) if beside.exists() else shutil.which("eegimg")
    if command is None:
        raise FileNotFoundError("The command eegimg was not found. Run: pip install -e . in the repository.")
    return command


def recordings(derivatives):
    """Read what became of each recording, from the logs and the sidecars of a derivative dataset."""
    rows = {}
    for log in sorted((derivatives / "logs").glob("*_desc-*.log")):
        last = log.read_text(encoding="utf-8").strip().splitlines()[-1]
        name, _, reason = log.name.rsplit("_desc-", 1)[0], *last.partition(": ")[1:]
        rows[name] = {"status": "done"} if last == "done" else {"status": "failed", "reason": reason}
    for file in sorted(derivatives.rglob("*_desc-*.json")):
        sidecar = json.loads(file.read_text(encoding="utf-8"))
        if "Summary" not in sidecar:
            continue
        found = {name: ["marked in channels.tsv"] for name in sidecar["Input"]["bads"]}
        for record in sidecar["Log"]:
            found |= record["found"].get("bads", {})
        summary = sidecar["Summary"]
        rows[file.name.rsplit("_desc-", 1)[0]] |= {
            "n_epochs": summary["n_epochs"],
            "conditions": summary["conditions"],
            "lost": lost(sidecar["Log"]),
            "bads": found,
            "n_channels": sidecar["Input"]["n_channels"],
            "positions": sidecar["Input"]["positions"],
            "sd_uv_before": sidecar["Input"]["sd_uv"],
            "sd_uv_after": sidecar["Log"][-1]["after"]["sd_uv"],
            "ica_removed": removed(sidecar["Log"]),
            "seconds": summary["seconds"],
            "peak_memory_mb": summary["peak_memory_mb"],
            "warnings": sidecar["Warnings"],
        }
    return rows


def lost(log):
    """Count epochs that steps dropped: ``{step: {reason or condition: count}}``."""
    return {record["step"]: record["found"]["dropped"] for record in log if record["found"].get("dropped")}


def removed(log):
    """List the ICA components taken out, each as label and probability; None where there was no ICA."""
    steps = [record for record in log if record["step"] == "ICA"]
    if not steps:
        return None
    return [
        [entry["label"], entry["probability"]]
        for entry in steps[0]["found"]["components"]
        if entry["excluded"]
    ]


def preprocess(bids_root, out, recipe, subjects):
    """Run the command twice, the second time with nothing left to do; return its cost and what came out."""
    out.mkdir(parents=True)
    command = [eegimg_command(), "preprocess", str(bids_root), "--out", str(out / "derivatives")]
    command += ["--recipe", str(HERE / "recipes" / f"{recipe}.toml")]
    for subject in subjects or ():
        command += ["--subject", subject]
    first = measured(command, out / "first.txt")
    again = measured(command, out / "again.txt")
    result = {
        "recipe": recipe,
        "command": shown(command, bids_root, out),
        **first,
        "rerun": again,
        "derivatives_validator": bids_writing.validate(out / "derivatives"),
        "recordings": recordings(out / "derivatives"),
    }
    report = out / "derivatives" / "report" / "index.html"
    return result | {"report": report.exists()}


def shown(command, bids_root, out):
    """Write a command without the folders of this machine."""
    text = " ".join(command[1:]).replace(str(out / "derivatives"), "OUT").replace(str(bids_root), "BIDS_ROOT")
    return f"eegimg {text}".replace(f"{HERE}{os.sep}", "")


def run_set(name, data, out):
    """Convert one set, validate it, preprocess it, decode where there is something to decode."""
    root = out / "bids" / name
    facts = importlib.import_module(name).convert(data, root)
    result = {"conversion": facts, "validator": bids_writing.validate(root), "runs": []}
    for recipe, subjects, unusable in SETS[name]:
        done = preprocess(root, out / "runs" / recipe, recipe, subjects)
        failed = [key for key, row in done["recordings"].items() if row["status"] == "failed"]
        expected = failed == list(unusable) and done["exit"] == bool(unusable)
        expected = expected and done["derivatives_validator"]["exit"] == 0 and done["report"]
        result["runs"].append(done | {"failed": failed, "as_expected": expected})
        logger.info("%s, %s: exit %s in %s s", name, recipe, done["exit"], done["seconds"])
    if hasattr(decode, name):
        result["decoding"] = getattr(decode, name)(out / "runs" / SETS[name][0][0] / "derivatives")
        logger.info("%s: AUC %s", name, result["decoding"]["auc_mean"])
    return result


def main(arguments=None):
    """Read the command line, run the sets, write the JSON; return 1 where a set came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("EEGIMG_TEST_DATA"), help="folder of the recordings")
    parser.add_argument("--out", type=Path, required=True, help="folder for datasets and derivatives; empty")
    parser.add_argument("--only", action="append", choices=list(SETS), help="this set; may be given again")
    parser.add_argument("--json", type=Path, default=RESULTS / "real_recordings.json", help="results file")
    options = parser.parse_args(arguments)
    if options.data is None or not Path(options.data).is_dir():
        parser.error(
            f"--data or EEGIMG_TEST_DATA must name the folder of the recordings. Got {options.data!r}."
        )
    if options.out.exists() and any(options.out.iterdir()):
        parser.error(f"--out must be an empty folder. {options.out} holds something.")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("mne").setLevel("ERROR")
    sets = {name: run_set(name, Path(options.data), options.out) for name in options.only or SETS}
    result = {
        "made_by": "python benchmarks/real_recordings/run.py --data DATA --out OUT",
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "sets": sets,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    good = all(run["as_expected"] for result in sets.values() for run in result["runs"])
    valid = all(result["validator"]["exit"] == 0 for result in sets.values())
    return 0 if good and valid else 1


if __name__ == "__main__":
    sys.exit(main())
