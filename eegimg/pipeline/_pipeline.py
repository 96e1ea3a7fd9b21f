"""A list of steps, and the log of what they did."""

import hashlib
import json
import logging
import time

import mne

from .. import preprocessing
from .._checks import listing, suggest
from ..preprocessing._log import lost, state
from ..preprocessing._step import Step, plain
from ._training import outside_training, training_part

logger = logging.getLogger("eegimg.pipeline")


class Pipeline:
    """Run steps one after another and keep a log of what each found and cost.

    Parameters
    ----------
    *steps : Step
        Steps in order, from :mod:`eegimg.preprocessing`.
    name : str
        Name of the recipe; letters and digits only, because it becomes the ``desc-`` entity of the files
        written.

    Attributes
    ----------
    log_ : list of dict
        One record per step of the last run: ``step``, ``params``, ``fit_scope``, ``fitted_on``,
        ``transductive`` (a sentence where it learned outside the training part, else empty), ``seconds``,
        ``before`` and ``after`` (channels, epochs, seconds of data, standard deviation in microvolt),
        ``lost`` and ``found``.
    transductive_ : bool
        Whether a step of the last run, or one that the data went through before, learned from trials outside
        the training part, or was allowed to.
    transductive_steps_ : list of str
        Their names, which are also in the metadata column ``transductive`` of the epochs that come out
        ("MVNN,Scale").

    Examples
    --------
    >>> import eegimg
    >>> from eegimg.preprocessing import Filter, MakeEpochs, RejectPeakToPeak
    >>> pipe = eegimg.Pipeline(Filter(l_freq=1.0, h_freq=30.0), MakeEpochs(tmax=0.6), RejectPeakToPeak())
    >>> pipe
    Pipeline(Filter, MakeEpochs, RejectPeakToPeak)
    """

    def __init__(self, *steps, name="custom"):
        for step in steps:
            if not isinstance(step, Step):
                raise TypeError(
                    f"A Pipeline is made of steps such as Filter(l_freq=0.1). Got {step!r} instead."
                    f"{suggest(getattr(step, '__name__', step), step_names())}"
                )
            step.check()
        if not (isinstance(name, str) and name.isalnum()):
            raise ValueError(
                f"The 'name' parameter of Pipeline must be letters and digits. Got {name!r} instead."
            )
        self.steps = list(steps)
        self.name = name
        self._outside = {}  # by position: what a fitted step has seen outside the training part

    def __repr__(self):
        return f"Pipeline({', '.join(type(step).__name__ for step in self.steps)})"

    def __eq__(self, other):
        return isinstance(other, Pipeline) and self.steps == other.steps

    __hash__ = None

    @property
    def makes_epochs(self):
        """Whether epochs come out."""
        return any(type(step).__name__ == "MakeEpochs" for step in self.steps)

    def fingerprint(self):
        """Return 16 hexadecimal digits that change with any step or parameter, and with nothing else."""
        text = json.dumps(plain(as_tables(self)), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def fit(self, inst, y=None, *, split=None, allow_transductive=False):
        """Fit every step (see :meth:`fit_transform`) and return the pipeline."""
        self.fit_transform(inst, split=split, allow_transductive=allow_transductive)
        return self

    def fit_transform(self, inst, y=None, *, split=None, allow_transductive=False):
        """Fit each step on what it may learn from, and transform.

        Parameters
        ----------
        inst : mne.io.BaseRaw | mne.BaseEpochs
            Left as it is.
        split : str | None
            Metadata column whose value "train" marks training epochs. Steps with ``fit_scope="train"`` learn
            from those only. Without a split they learn from all epochs; where a column "split" has epochs
            that are not "train", the result is then marked as transductive.
        allow_transductive : bool
            Let steps with ``fit_scope="all"`` learn from test epochs although there is a split.

        Returns
        -------
        inst : mne.io.BaseRaw | mne.Epochs
            The result.

        Raises
        ------
        ValueError
            If the split's column is missing or marks no training epoch, or a step would learn from test
            epochs.
        RuntimeError
            If a step cannot do its work on this recording.
        """
        return self._run(inst, fit=True, split=split, allow_transductive=allow_transductive)

    def transform(self, inst):
        """Transform with what was learned in training; steps per recording learn from this one.

        Parameters
        ----------
        inst : mne.io.BaseRaw | mne.BaseEpochs
            Left as it is.

        Returns
        -------
        inst : mne.io.BaseRaw | mne.Epochs
            The result.
        """
        return self._run(inst, fit=False, split=None, allow_transductive=True)

    def _run(self, inst, *, fit, split, allow_transductive):
        _check_positions(self, inst)
        self.log_, self.transductive_, self.transductive_steps_ = [], False, []
        self._outside = {} if fit else self._outside
        before, unitless, source = state(inst), False, inst
        for position, step in enumerate(self.steps):
            start = time.perf_counter()
            step.check()
            _check_finite(step, before)
            fitted_on = self._fit_step(position, inst, fit, split, allow_transductive)
            inst, found = step.apply(inst)
            unitless = unitless or found.get("unit") == "n/a"
            after = state(inst) | ({"sd_uv": None} if unitless else {})
            self.log_.append(
                {
                    "step": type(step).__name__,
                    "params": plain(step.get_params()),
                    "fit_scope": step.fit_scope,
                    "fitted_on": fitted_on,
                    "transductive": self._outside.get(position, ""),
                    "seconds": round(time.perf_counter() - start, 3),
                    "before": before,
                    "after": after,
                    "lost": lost(before, after),
                    "found": plain(found),
                }
            )
            logger.info("%s: %s", type(step).__name__, self.log_[-1]["lost"])
            before = after
        self._mark(source, inst)
        return inst

    def _fit_step(self, position, inst, fit, split, allow_transductive):
        """Fit a step on what its scope allows, and say on what."""
        step = self.steps[position]
        scope, name = step.fit_scope, type(step).__name__
        if scope == "none":
            return "nothing"
        if scope == "recording":
            step.fit(inst)
            return "this recording"
        if not fit:
            return "an earlier fit"
        if split is None:
            everything = "the whole recording" if isinstance(inst, mne.io.BaseRaw) else "all epochs"
            outside = outside_training(inst, ["split", getattr(step, "split", None) or "split"])
            if outside:
                self._outside[position] = f"{name} learned from {everything}, {outside}: no split was given."
            step.fit(inst)
            return f"{everything} (no split was given)"
        training = training_part(inst, split, name)
        if scope != "all":
            step.fit(training)
            return f"{len(training)} training epochs"
        if not allow_transductive:
            raise ValueError(
                f"{name} would learn from test epochs (fit_scope='all') although the split {split!r} is "
                "given. Use fit_scope='train', or allow_transductive=True to have it so and the output "
                "marked."
            )
        if getattr(step, "split", None) not in (None, split):
            raise ValueError(
                f"{name} averages over the parts of {step.split!r}, and the pipeline was "
                f"given the split {split!r}. Give both the same column."
            )
        # Marked also where this recording happens to have none: it was asked for.
        outside = outside_training(inst, [split]) or f"whatever their part in {split!r}"
        self._outside[position] = f"{name} learned from all epochs, {outside}."
        step.fit(inst)
        n_outside = len(inst) - len(training)
        return f"all {len(inst)} epochs, {n_outside} of them outside the training part (transductive)"

    def _mark(self, source, inst):
        """Write into what comes out which steps learned outside the training part, now or before."""
        from ..bids._marks import mark_steps, marked_steps

        own = [record["step"] for record in self.log_ if record["transductive"]]
        # Epochs carry their own marks through every step; those of a recording hold for all epochs of it.
        carried = marked_steps(source) if isinstance(source, mne.io.BaseRaw) else []
        if own or not set(carried) <= set(marked_steps(inst)):
            mark_steps(inst, [*carried, *own])
        self.transductive_steps_ = list(dict.fromkeys([*marked_steps(inst), *carried, *own]))
        self.transductive_ = bool(self.transductive_steps_)


def _check_finite(step, before):
    if before["not_finite"] and not step.takes_nan:
        raise RuntimeError(
            f"{type(step).__name__} met samples that are not numbers (NaN) in "
            f"{listing(before['not_finite'])}. "
            "Put FindBadChannels before it, or mark those channels bad in channels.tsv."
        )


def _check_positions(pipeline, inst):
    """Refuse a recording without positions before any work, and say which steps would have run."""
    from ..bids import has_positions

    needy = [type(step).__name__ for step in pipeline.steps if step.needs_positions]
    places_itself = any(getattr(step, "call", None) == "set_montage" for step in pipeline.steps)
    if not needy or places_itself or has_positions(inst.info):
        return
    names = [
        name for name, kind in zip(inst.ch_names, inst.get_channel_types(), strict=True) if kind == "eeg"
    ]
    if not names:
        raise RuntimeError(
            f"The steps {listing(dict.fromkeys(needy))} work on EEG channels; this recording has none. Set "
            "the channel types in channels.tsv."
        )
    without = [name for name in names if not has_positions(inst.info, [name])]
    rest = [type(step).__name__ for step in pipeline.steps if not step.needs_positions]
    raise RuntimeError(
        f"The steps {listing(dict.fromkeys(needy))} need electrode positions; {len(without)} of "
        f"{len(names)} EEG channels "
        f"have none ({listing(without)}). {listing(dict.fromkeys(rest), 12)} run without (FindBadChannels "
        "without RANSAC). Add "
        "electrodes.tsv, rename the channels to 10-05 names, or use the recipe 'nopositions'."
    )


def step_names():
    """List the names of all steps that a recipe may use."""
    names = [name for name in preprocessing.__all__ if name[0].isupper() and name != "Step"]
    return sorted(names)


def as_tables(pipeline):
    """Return the steps as recipe tables: a list of dicts with name and parameters."""
    return [{"name": type(step).__name__, **step.get_params()} for step in pipeline.steps]
