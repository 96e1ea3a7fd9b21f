"""What every step of a pipeline promises: parameters in, an instance in, a new instance out."""

import dataclasses
import inspect
import math
from typing import ClassVar

from .._checks import listing, suggest


@dataclasses.dataclass(kw_only=True, eq=False)
class Step:
    """One step of a pipeline: named parameters and a transform that leaves its input alone.

    A subclass is a keyword-only dataclass. Its init only stores; :meth:`check` looks at the parameters;
    :meth:`apply` does the work. A step that learns also has ``fit`` and ends what it learned in ``_``.
    ``sklearn.base.clone`` and a scikit-learn Pipeline work on steps without eegimg importing scikit-learn.

    Attributes
    ----------
    fit_scope : 'none' | 'recording' | 'train' | 'all'
        What the step learns from: nothing; each recording by itself, labels unseen; training epochs only; all
        epochs, test epochs included.
    needs_positions : bool
        Whether the step cannot work without electrode positions.
    takes_nan : bool
        Whether the step may meet samples that are not numbers in channels not marked bad.
    """

    fit_scope: ClassVar[str] = "none"
    needs_positions: ClassVar[bool] = False
    takes_nan: ClassVar[bool] = False

    def check(self):
        """Raise ValueError or TypeError, in one sentence, if a parameter is not what it must be."""

    def fit(self, inst, y=None):
        """Learn nothing (steps that learn override this)."""
        return self

    def apply(self, inst):
        """Return a new instance and what was found, as a dict that JSON can hold."""
        raise TypeError(f"{type(self).__name__} does not say what it does: write its apply method.")

    def transform(self, inst):
        """Return a new instance.

        Parameters
        ----------
        inst : mne.io.BaseRaw | mne.BaseEpochs
            Left as it is.

        Returns
        -------
        inst : mne.io.BaseRaw | mne.BaseEpochs
            The result.
        """
        self.check()
        return self.apply(inst)[0]

    def fit_transform(self, inst, y=None):
        """Fit on an instance and return it transformed."""
        return self.fit(inst, y).transform(inst)

    @classmethod
    def _parameter_names(cls):
        return [name for name in inspect.signature(cls).parameters if name != "self"]

    def get_params(self, deep=True):
        """Return the parameters by name (scikit-learn's convention)."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params):
        """Set parameters by name and return the step (scikit-learn's convention)."""
        for name, value in params.items():
            if name not in self._parameter_names():
                raise unknown_parameter(type(self).__name__, name, self._parameter_names())
            setattr(self, name, value)
        return self

    def __eq__(self, other):
        return type(self) is type(other) and plain(self.get_params()) == plain(other.get_params())

    __hash__ = None

    def __sklearn_tags__(self):
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(two_d_array=False, three_d_array=True),
            requires_fit=self.fit_scope != "none",
        )


def unknown_parameter(step, name, known):
    """Make the error for a parameter that a step does not have."""
    has = listing(known) if known else "no parameters"
    return ValueError(f"{step} has no parameter {name!r}. It has {has}.{suggest(name, known)}")


def plain(value):
    """Write parameters as JSON holds them, equal values alike: tuples as lists, 40.0 as 40, NaN as None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
