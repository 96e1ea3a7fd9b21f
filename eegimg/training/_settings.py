"""How a network is trained: each setting with its default, where the default comes from, and its check."""

import dataclasses

from .._checks import check_number, check_option, check_type, suggest

_CALLER = "the [training] table"
PRECISIONS = ("no", "bf16", "fp16")
SELECTIONS = ("last", "validation_loss")
# What changes no number that is learned: a run may be resumed with other values of these.
FREE = ("num_workers", "prepared", "checkpoint_steps", "tensorboard")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The ``[training]`` table of a recipe of pretraining.

    Where nothing else is said the defaults are those of DreamDiffusion [1]_, whose released configuration
    differs from its paper in one of them: it masks 0.1 of the patches, the paper 0.75.

    Parameters
    ----------
    epochs : int | None
        How often the corpus is gone through; None where ``steps`` is given.
    steps : int | None
        Number of updates instead.
    batch_size : int
        Epochs of EEG per update, all processes together.
    lr : float
        Highest learning rate. It is not scaled with the batch size.
    betas : sequence of two float
        Decays of AdamW's running means.
    weight_decay : float
        Of matrices; biases, norms and other vectors are left out, as in MAE [2]_.
    warmup : float
        Share of the updates in which the rate rises from 0: 40 of 500 epochs.
    min_lr : float
        Learning rate at the end of the cosine that follows.
    clip : float | None
        Largest norm of the gradient.
    mask_ratio : float
        Share of the patches that are hidden, between 0 and 1.
    ema : float | None
        Decay of a running mean of the weights, which is then what is validated and saved. Not in the paper.
    seed : int
        Seed of everything random: the network, the held-out subjects, the order of the data, the masks.
    precision : str
        ``"no"`` (float32), ``"bf16"`` or ``"fp16"`` for the products of matrices.
    compile : bool
        Whether to compile the network with torch.
    validation : float
        Share of the subjects of each source that are held out, at least one of two or more; 0 holds out none.
        Not in the paper.
    selection : str
        ``"last"``: the network as training leaves it, as in the paper; ``"validation_loss"``: the epoch with
        the lowest loss on the held-out subjects.
    early_stop : int | None
        Stop after so many epochs without a lower validation loss.
    num_workers : int
        Processes that read batches ahead.
    prepared : bool
        Whether epochs are brought to the network's shape once and kept beside the stores, which takes the
        room of all of them in that shape; false does it for every batch.
    checkpoint_steps : int | None
        Updates between checkpoints, besides the one after each epoch.
    tensorboard : bool
        Whether to write logs for TensorBoard.

    References
    ----------
    .. [1] Bai, Y. et al. (2023). DreamDiffusion: Generating high-quality images from brain EEG signals.
       https://arxiv.org/abs/2306.16934
    .. [2] He, K. et al. (2022). Masked autoencoders are scalable vision learners. CVPR.
       https://arxiv.org/abs/2111.06377
    """

    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 100
    lr: float = 2.5e-4
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.05
    warmup: float = 0.08
    min_lr: float = 0.0
    clip: float | None = 0.8
    mask_ratio: float = 0.75
    ema: float | None = None
    seed: int = 0
    precision: str = "no"
    compile: bool = False
    validation: float = 0.1
    selection: str = "last"
    early_stop: int | None = None
    num_workers: int = 0
    prepared: bool = True
    checkpoint_steps: int | None = None
    tensorboard: bool = True

    def __post_init__(self):
        if self.epochs is None and self.steps is None:
            object.__setattr__(self, "epochs", 500)
        if self.epochs is not None and self.steps is not None:
            raise ValueError(
                f"{_CALLER} has epochs = {self.epochs} and steps = {self.steps}. Give one of them: the other "
                "follows from the size of the corpus."
            )
        for name in ("epochs", "steps", "early_stop", "checkpoint_steps"):
            check_number(name, getattr(self, name), _CALLER, at_least=1, none=True, integer=True)
        for name, least in (("batch_size", 1), ("seed", 0), ("num_workers", 0)):
            check_number(name, getattr(self, name), _CALLER, at_least=least, integer=True)
        self._check_rates()
        for name in ("compile", "prepared", "tensorboard"):
            check_type(name, getattr(self, name), bool, _CALLER, "true or false")
        check_option("precision", self.precision, PRECISIONS, _CALLER)
        check_option("selection", self.selection, SELECTIONS, _CALLER)
        wants = "early_stop" if self.early_stop else "selection" if self.selection != "last" else None
        if wants and not self.validation:
            raise ValueError(
                f"{_CALLER} has {wants} = {getattr(self, wants)!r} and validation = 0. Hold subjects out "
                "(validation = 0.1), or leave it out."
            )

    def _check_rates(self):
        check_number("lr", self.lr, _CALLER, above=0)
        check_type("betas", self.betas, (list, tuple), _CALLER, "two numbers between 0 and 1")
        object.__setattr__(self, "betas", tuple(self.betas))
        if len(self.betas) != 2:
            raise ValueError(
                f"The 'betas' parameter of {_CALLER} must be two numbers. Got {self.betas!r} instead."
            )
        for beta in self.betas:
            check_number("betas", beta, _CALLER, at_least=0, at_most=1)
        check_number("weight_decay", self.weight_decay, _CALLER, at_least=0)
        check_number("warmup", self.warmup, _CALLER, at_least=0, at_most=1)
        check_number("min_lr", self.min_lr, _CALLER, at_least=0, at_most=self.lr)
        check_number("clip", self.clip, _CALLER, above=0, none=True)
        check_number("mask_ratio", self.mask_ratio, _CALLER, above=0, at_most=1)
        check_number("ema", self.ema, _CALLER, above=0, at_most=1, none=True)
        check_number("validation", self.validation, _CALLER, at_least=0)
        if self.validation >= 1:
            raise ValueError(
                f"The 'validation' parameter of {_CALLER} must be a share of the subjects below 1. Got "
                f"{self.validation!r} instead."
            )


def read_settings(table):
    """Make settings of a table, or name the key that is none.

    Parameters
    ----------
    table : dict
        As TOML has it.

    Returns
    -------
    settings : Settings
        Checked.

    Raises
    ------
    TypeError, ValueError
        If a key is unknown, or a value is not what it must be.
    """
    check_type("training", table, dict, "a recipe of pretraining", "a table")
    known = [field.name for field in dataclasses.fields(Settings)]
    for key in table:
        if key not in known:
            raise ValueError(f"{_CALLER} has the unknown key {key!r}.{suggest(key, known)}")
    return Settings(**table)
