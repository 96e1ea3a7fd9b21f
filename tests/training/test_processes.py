"""Two processes see what one sees, and end with the same network."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

pytestmark = [pytest.mark.torch, pytest.mark.slow]

SCRIPT = """
import json, os, pathlib, sys
import torch
torch.set_num_threads(1)
from eegimg.training._mixture import Mixture
from eegimg.training._pretrain import pretrain

rank = int(os.environ.get("RANK", 0))
seen, losses, read = [], [], Mixture.__getitems__

def noted(self, indices):
    seen.append(list(indices))
    return read(self, indices)

Mixture.__getitems__ = noted
recipe, out = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
result = pretrain(recipe, out, watch=lambda found: losses.append(found["loss"]))
record = {"seen": seen, "losses": losses, "network": result.losses}
pathlib.Path(sys.argv[3], f"{rank}.json").write_text(json.dumps(record))
"""


def launch(tmp_path, recipe, name, n_processes):
    """Run a script by torchrun, as on a cluster, and return what each process wrote."""
    folder = tmp_path / f"record-{name}"
    folder.mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    program = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        f"--nproc_per_node={n_processes}",
    ]
    arguments = [
        str(tmp_path / part) for part in ("script.py", "recipe.json", f"out-{name}", f"record-{name}")
    ]
    done = subprocess.run(
        program + arguments,
        env={
            **os.environ,
            "ACCELERATE_USE_CPU": "true",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(n_processes)]


def test_two_processes_do_what_one_does(tmp_path, make_store, make_recipe):
    recipe = make_recipe(make_store(), epochs=3)
    (one,) = launch(tmp_path, recipe, "one", 1)
    both = launch(tmp_path, recipe, "two", 2)
    assert both[0]["losses"] == both[1]["losses"]
    assert both[0]["losses"] == pytest.approx(one["losses"], rel=1e-4)
    assert both[0]["network"] == pytest.approx(one["network"], rel=1e-4)
    # Each epoch of the data once per pass, in one of the two, six batches of five each.
    for batches in zip(one["seen"], both[0]["seen"], both[1]["seen"], strict=True):
        whole, first, second = map(sorted, batches)
        assert sorted(first + second) == whole
        assert not set(first) & set(second)
    a_pass = [index for rank in both for batch in rank["seen"][:6] for index in batch]
    assert sorted(a_pass) == list(range(60))
    weights = [pathlib.Path(tmp_path, f"out-{name}", "model", "model.safetensors") for name in ("one", "two")]
    assert all(path.is_file() for path in weights)
    logs = [(tmp_path / f"out-{name}" / "log.jsonl").read_text().count("\n") for name in ("one", "two")]
    assert logs == [3, 3]
