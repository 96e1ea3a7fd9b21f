"""The loop of masked pretraining: one update after another, from any update on."""

import dataclasses
import math
import time

import numpy as np

from ._checkpoint import find_checkpoint, load_best, write_best, write_checkpoint
from ._masks import draw_noise, seed_of
from ._mixture import whole
from ._order import BatchOrder
from ._schedule import learning_rate
from ._validate import validate

# Tells the masks of updates from those of validation.
_PURPOSE = 0


def new_state():
    """Return the state of a training before its first update (dict)."""
    return {"step": 0, "epoch": 0, "sums": [0.0, 0.0, 0], "best": None, "rows": [], "finished": False}


@dataclasses.dataclass
class Loop:
    """A training under way.

    Parameters
    ----------
    settings : Settings
        How it is trained.
    out : pathlib.Path
        Folder of checkpoints.
    accelerator : accelerate.Accelerator
        Devices and processes.
    network : torch.nn.Module
        On its device, not wrapped.
    optimizer : torch.optim.Optimizer
        Over its parameters.
    ema : torch.nn.Module | None
        The network of averaged weights.
    training, validation : Mixture | None
        The parts; no validation part where nobody is held out.
    weights : list of float
        How often each source is seen.
    n_patches : int
        Patches of one epoch.
    own_masks : bool
        Whether the network draws the masks of updates itself, because it hides some patches more often.
    state : dict
        As :func:`new_state` returns it, or read from a checkpoint.
    facts : dict
        What else stands in every checkpoint.
    """

    settings: object
    out: object
    accelerator: object
    network: object
    optimizer: object
    ema: object
    training: object
    validation: object
    weights: list
    n_patches: int
    own_masks: bool
    state: dict
    facts: dict

    def run(self, watch=None, note=None):
        """Train to the end.

        Parameters
        ----------
        watch : callable | None
            Called after every update with a dict: step, n_steps, epoch, loss, lr, grad_norm.
        note : callable | None
            Called after every epoch of training with its row.

        Raises
        ------
        RuntimeError
            If the loss or the gradient is no finite number any more; the sentence names the epochs of the
            batch.
        """
        import torch

        settings, accelerator = self.settings, self.accelerator
        order = BatchOrder(
            self.training.sizes,
            self.weights,
            settings.batch_size,
            settings.seed,
            start=self.state["step"],
            rank=accelerator.process_index,
            n_ranks=accelerator.num_processes,
        )
        n_steps = settings.steps or settings.epochs * order.steps_per_epoch
        order.stop_at(n_steps)
        loader = torch.utils.data.DataLoader(
            self.training,
            batch_sampler=order,
            collate_fn=whole,
            num_workers=settings.num_workers,
            pin_memory=accelerator.device.type == "cuda",
        )
        self._model, self._optimizer = accelerator.prepare(self.network, self.optimizer)
        self.network.train()
        self._began = time.perf_counter()
        for step, x in enumerate(loader, self.state["step"]):
            found = self._update(step, x, learning_rate(step, n_steps, settings), order)
            if watch:
                watch({"step": step + 1, "n_steps": n_steps, "epoch": self.state["epoch"] + 1, **found})
            last = step + 1 == n_steps
            if last or (step + 1) % order.steps_per_epoch == 0:
                self._close_epoch(found["lr"], last, note)
                if self.state["finished"]:
                    break
            elif settings.checkpoint_steps and (step + 1) % settings.checkpoint_steps == 0:
                self._save()

    def _update(self, step, x, rate, order):
        """Make one update; return loss, rate and norm of the gradient."""
        import torch

        settings, accelerator = self.settings, self.accelerator
        # Everything random in this update is a function of its number, so that no generator has a past.
        seed = seed_of(settings.seed, _PURPOSE, step)
        torch.manual_seed(seed + accelerator.process_index)
        noise = None
        if not self.own_masks:
            noise = draw_noise(seed, settings.batch_size, self.n_patches)
            noise = noise[accelerator.process_index :: accelerator.num_processes].to(accelerator.device)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        with accelerator.autocast():
            out = self._model(x.to(accelerator.device), mask_ratio=settings.mask_ratio, noise=noise)
        loss = accelerator.reduce(out.loss.detach().float(), "mean").item()
        if not math.isfinite(loss):
            self._stop("loss", loss, step, order)
        accelerator.backward(out.loss)
        norm = accelerator.clip_grad_norm_(self._model.parameters(), settings.clip or math.inf).item()
        if not math.isfinite(norm) and accelerator.scaler is None:
            self._stop("gradient", norm, step, order)
        self._optimizer.step()
        self._optimizer.zero_grad()
        if self.ema is not None:
            _average(self.ema, self.network, settings.ema)
        sums = self.state["sums"]
        self.state["sums"] = [sums[0] + loss, sums[1] + norm, sums[2] + 1]
        self.state["step"] = step + 1
        return {"loss": loss, "lr": rate, "grad_norm": norm}

    def _stop(self, what, value, step, order):
        """Raise RuntimeError that names what stands in the batch."""
        batch = order.batch(step)
        x = self.training.read(batch)
        bad = ~np.isfinite(x).all((1, 2))
        if bad.any():
            where = f"The batch has values that are no numbers, in {self.training.describe(batch[bad])}."
        else:
            size = np.abs(x).max((1, 2))
            largest = batch[[int(size.argmax())]]
            where = (
                f"All values of the batch are finite; the largest, {size.max():.3g}, is in "
                f"{self.training.describe(largest)}. Try a lower lr or precision = 'no'."
            )
        kept = find_checkpoint(self.out)
        state = f"The last good checkpoint is {kept}." if kept else "There is no checkpoint yet."
        raise RuntimeError(f"The {what} is {value} in update {step + 1}: training stopped. {where} {state}")

    def _close_epoch(self, rate, last, note):
        """Validate, write down and keep what an epoch of training came to."""
        state, settings = self.state, self.settings
        loss, norm, n_updates = state["sums"]
        seconds = time.perf_counter() - self._began
        row = {
            "epoch": state["epoch"] + 1,
            "step": state["step"],
            "train_loss": loss / n_updates,
            "validation_loss": None,
            "lr": rate,
            "grad_norm": norm / n_updates,
            "samples_per_second": round(n_updates * settings.batch_size / seconds, 1),
        }
        if self.validation is not None:
            row["validation_loss"] = validate(
                self.ema or self.network, self.validation, settings, self.accelerator, self.n_patches
            )
            if state["best"] is None or row["validation_loss"] < state["best"]["validation_loss"]:
                state["best"] = {"epoch": row["epoch"], "validation_loss": row["validation_loss"]}
                if self.accelerator.is_main_process:
                    write_best(self.out, self.ema or self.network)
            waited = row["epoch"] - state["best"]["epoch"]
            last = last or bool(settings.early_stop and waited >= settings.early_stop)
        state["epoch"], state["sums"], state["finished"] = row["epoch"], [0.0, 0.0, 0], last
        state["rows"] = [*state["rows"], row]
        self._save()
        if note:
            note(row)
        self._began = time.perf_counter()

    def _save(self):
        """Write a checkpoint, from one process for all."""
        accelerator = self.accelerator
        if accelerator.is_main_process:
            write_checkpoint(
                self.out, self.state | self.facts, self.network, self.optimizer, self.ema, accelerator.scaler
            )
        accelerator.wait_for_everyone()

    def chosen(self):
        """Return the network that training is for, its weights chosen as the settings say.

        Returns
        -------
        network : torch.nn.Module
            Averaged where there is an average; of the best epoch where the validation loss selects.
        """
        network = self.ema or self.network
        if self.settings.selection == "validation_loss":
            load_best(self.out, network)
        return network.eval()


def _average(ema, network, decay):
    """Move the averaged weights towards those of the network."""
    import torch

    with torch.no_grad():
        averages, values = list(ema.parameters()), list(network.parameters())
        torch._foreach_lerp_(averages, values, 1 - decay)
        for average, value in zip(ema.buffers(), network.buffers(), strict=True):
            average.copy_(value)
