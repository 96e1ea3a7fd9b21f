"""What is written down while a network is trained."""

import json
import pathlib

from .._paths import write_text


def write_log(out, rows, selection):
    """Write the log of a training: one row per epoch, and by what the network was chosen.

    Parameters
    ----------
    out : path-like
        Folder of the training: ``log.jsonl``, one line per epoch, and ``training_log.json``, which
        :func:`eegimg.validity.check_split` reads.
    rows : list of dict
        epoch, step, train_loss, validation_loss, lr, grad_norm, samples_per_second.
    selection : dict
        part, metric, epoch, policy.
    """
    out = pathlib.Path(out)
    write_text(out / "log.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    log = {"selection": selection, "epochs": rows}
    write_text(out / "training_log.json", f"{json.dumps(log, indent=1)}\n")


def select(settings, state):
    """Say by what the network was chosen (dict), in the words of check_split's training logs."""
    if settings.selection == "validation_loss" and state["best"]:
        return {
            "part": "validation",
            "metric": "validation_loss",
            "epoch": state["best"]["epoch"],
            "policy": "lowest validation loss",
        }
    return {"part": None, "metric": None, "epoch": state["epoch"], "policy": "last epoch"}


class Board:
    """Logs for TensorBoard, or none.

    Parameters
    ----------
    folder : path-like | None
        Where they go; None writes nothing.
    step : int
        Updates that were made before: what an earlier run wrote beyond is dropped.
    """

    def __init__(self, folder, step=0):
        self._writer = None
        if folder is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def update(self, found):
        """Write the numbers of one update (dict with step, loss, lr, grad_norm)."""
        self._add("update", found, ("loss", "lr", "grad_norm"))

    def epoch(self, row):
        """Write the numbers of one epoch (dict with step and what the log has)."""
        self._add("epoch", row, ("train_loss", "validation_loss", "samples_per_second"))

    def _add(self, group, row, names):
        for name in names if self._writer else ():
            if row[name] is not None:
                self._writer.add_scalar(f"{group}/{name}", row[name], row["step"])

    def figure(self, fig, step):
        """Write a figure."""
        if self._writer:
            self._writer.add_figure("reconstruction", fig, step)

    def close(self):
        """Write what is waiting."""
        if self._writer:
            self._writer.close()
