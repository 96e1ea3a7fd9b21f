"""Independent components: separate eyes and muscles from the brain, and take them out."""

import dataclasses
import warnings
from typing import ClassVar

import mne
import numpy as np

from .._checks import check_filled, check_number, check_option, listing, suggest
from ..bids import has_positions
from ..events import stimulus_annotations
from ._step import Step
from .filtering import joins_as_points

LABELS = ("brain", "muscle artifact", "eye blink", "heart beat", "line noise", "channel noise", "other")
NEAR = 0.1  # a probability this close to the threshold is shown to the user: another seed may move it across


@dataclasses.dataclass(kw_only=True, eq=False)
class ICA(Step):
    """Remove artefact components of an independent component analysis.

    Parameters
    ----------
    method : 'picard' | 'infomax' | 'fastica'
        Algorithm. Picard and infomax run in their extended form, which ICLabel was trained on.
    n_components : float | int | None
        None fits as many components as the data have rank; a number below 1 is a share of variance.
    labels : sequence of str | None
        Classes of ICLabel whose components are removed; None removes none by class.
    threshold : float
        Least probability of such a class.
    eog_threshold : float
        Least correlation with an EOG channel that removes a component, where there are EOG channels.
        0.8 is eegimg's choice, not a published one; MNE's own default for correlations is 0.9.
    l_freq, h_freq : float
        Band in Hz of the copy that components are fitted and labelled on; the input itself is not filtered.
    max_iter : int
        Iterations at most; a fit that stops there is reported as not converged.
    tol : float
        Where picard stops.
    random_state : int
        Seed.

    Attributes
    ----------
    ica_ : mne.preprocessing.ICA
        The fitted decomposition, ``exclude`` set.
    components_ : list of dict
        One entry per component: label, probability, correlation with EOG, whether it is removed and why.

    Notes
    -----
    Components of eyes and muscles with a probability of at least 0.9 are removed, which is EEGLAB's default
    and that of [2]_; heart, line and channel components stay unless asked for. The band of 1-100 Hz and the
    average reference of the copy are what ICLabel [1]_ was trained on. ``tol=1e-4`` gives the components of
    picard's default 1e-7 at three quarters of the time; an iteration limit would not.

    References
    ----------
    .. [1] Pion-Tonachini L. et al. (2019). ICLabel. NeuroImage 198:181-197.
       doi:10.1016/j.neuroimage.2019.05.026
    .. [2] Delorme A. (2023). EEG is better left alone. Sci. Rep. 13:2372. doi:10.1038/s41598-023-27528-0
    """

    method: str = "picard"
    n_components: float | int | None = None
    labels: tuple | None = ("eye blink", "muscle artifact")
    threshold: float = 0.9
    eog_threshold: float = 0.8
    l_freq: float = 1.0
    h_freq: float = 100.0
    max_iter: int = 500
    tol: float = 1e-4
    random_state: int = 0
    fit_scope: ClassVar[str] = "recording"

    def check(self):
        """Look at the parameters."""
        check_option("method", self.method, ("picard", "infomax", "fastica"), "ICA")
        check_number("n_components", self.n_components, "ICA", above=0, none=True)
        if self.n_components is not None and self.n_components >= 1:
            check_number("n_components", self.n_components, "ICA", at_least=2, integer=True)
        for name in ("threshold", "eog_threshold"):
            check_number(name, getattr(self, name), "ICA", at_least=0, at_most=1)
        for name in ("l_freq", "h_freq", "tol"):
            check_number(name, getattr(self, name), "ICA", above=0)
        check_number("max_iter", self.max_iter, "ICA", at_least=1, integer=True)
        if self.l_freq >= self.h_freq:
            raise ValueError(
                f"The 'l_freq' parameter of ICA must be below 'h_freq' ({self.h_freq} Hz). Got {self.l_freq} "
                "instead."
            )
        wanted = "a list of ICLabel's classes, or None"
        check_filled("labels", self.labels, (list, tuple, type(None)), "ICA", wanted)
        for label in self.labels or ():
            if label not in LABELS:
                raise ValueError(
                    f"The 'labels' parameter of ICA may hold {listing(LABELS, 9)}. Got {label!r} "
                    f"instead.{suggest(label, LABELS)}"
                )

    def fit(self, inst, y=None):
        """Fit components on a band-passed copy, label them and choose."""
        self.check()
        picks = mne.pick_types(inst.info, eeg=True)
        names = [inst.ch_names[pick] for pick in picks]
        eog = [inst.ch_names[pick] for pick in mne.pick_types(inst.info, eeg=False, eog=True)]
        positioned = bool(names) and has_positions(inst.info, names)
        if not positioned and not eog:
            raise RuntimeError(
                "ICA chooses components by ICLabel, which needs electrode positions, or by EOG channels; "
                "this recording has neither. Add electrodes.tsv, mark EOG channels in channels.tsv, or leave "
                "the step out."
            )
        copy = self._band_passed(inst, names + eog)
        self.rank_ = int(mne.compute_rank(copy, rank=None, verbose="error")["eeg"])
        if self.rank_ < 2:
            raise RuntimeError(
                f"ICA needs data of rank 2 or more; these {len(names)} channels have rank {self.rank_}."
            )
        self._fit_ica(copy, names)
        probabilities = self._iclabel(copy, names) if positioned else None
        self._choose(copy, probabilities, self._eog_correlations(copy, eog))
        return self

    def _band_passed(self, inst, names):
        with mne.use_log_level("error"):  # epochs take no verbose here
            copy = inst.copy().pick(names, exclude=[]).load_data()
        if isinstance(copy, mne.io.BaseRaw):
            # MNE would leave out what lies under an event called "badger", and so look at labels.
            events = set(stimulus_annotations(copy))
            copy.annotations.delete([name in events for name in copy.annotations.description])
        h_freq = self.h_freq if self.h_freq < copy.info["sfreq"] / 2 else None
        picks = mne.pick_types(copy.info, eeg=True, eog=True, exclude=[])
        with joins_as_points(copy) as marks:
            copy.filter(self.l_freq, h_freq, picks=picks, verbose="error", **marks)
        return copy

    def _fit_ica(self, copy, names):
        options = {
            "picard": {"ortho": False, "extended": True, "tol": self.tol},
            "infomax": {"extended": True},
            "fastica": {"tol": self.tol},
        }[self.method]
        n_components = self.n_components
        if n_components is None or n_components > self.rank_:
            n_components = self.rank_
        ica = mne.preprocessing.ICA(
            n_components=n_components if n_components < 1 else int(n_components),
            method=self.method,
            fit_params=options,
            max_iter=self.max_iter,
            random_state=self.random_state,
            verbose="error",
        )
        self.notes_ = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ica.fit(copy, picks=names, verbose="error")
        self.converged_ = int(ica.n_iter_) < self.max_iter
        known = ("converge", "has not been high-pass filtered", "baseline-corrected")
        self.notes_ += [
            str(note.message) for note in caught if not any(text in str(note.message) for text in known)
        ]
        self.ica_, self.ch_names_ = ica, names

    def _iclabel(self, copy, names):
        from mne_icalabel.iclabel import iclabel_label_components

        eeg = copy.copy().pick(names, verbose="error")
        eeg.set_eeg_reference("average", projection=False, verbose="error")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            probabilities = iclabel_label_components(eeg, self.ica_, inplace=False, backend="onnx")
        texts = [str(note.message) for note in caught]
        if any("bandpass" in text or "filtered" in text for text in texts):
            band = f"{copy.info['highpass']:g}-{copy.info['lowpass']:g} Hz"
            self.notes_.append(f"ICLabel was trained on data filtered to 1-100 Hz; it saw {band}")
        if any("extended infomax" in text for text in texts) and self.method == "fastica":
            self.notes_.append("ICLabel was trained on extended infomax components; it saw those of fastica")
        return np.asarray(probabilities)

    def _eog_correlations(self, copy, eog):
        """Return each component's largest absolute correlation with an EOG channel at 1-10 Hz, or None."""
        if not eog:
            return None
        with warnings.catch_warnings():
            # A channel without variance correlates with nothing.
            warnings.filterwarnings("ignore", message="An input array is constant")
            _, scores = self.ica_.find_bads_eog(
                copy, ch_name=eog, measure="correlation", threshold=self.eog_threshold, verbose="error"
            )
        return np.nan_to_num(np.abs(np.atleast_2d(scores))).max(axis=0)

    def _choose(self, copy, probabilities, correlations):
        shares = _variance_shares(self.ica_, copy)
        wanted = [LABELS.index(label) for label in self.labels or ()]
        maps = self.ica_.get_components()
        self.components_ = []
        for k in range(self.ica_.n_components_):
            best = None if probabilities is None else int(np.argmax(probabilities[k]))
            by_label = best in wanted and probabilities[k, best] >= self.threshold
            correlation = None if correlations is None else float(correlations[k])
            by_eog = correlation is not None and correlation >= self.eog_threshold
            near = best in wanted and abs(probabilities[k, best] - self.threshold) <= NEAR
            near = near or (correlation is not None and abs(correlation - self.eog_threshold) <= NEAR / 2)
            shown = by_label or by_eog or near
            self.components_.append(
                {
                    "index": k,
                    "label": "not labelled" if best is None else LABELS[best],
                    "probability": None if best is None else round(float(probabilities[k, best]), 4),
                    "eog_correlation": None if correlation is None else round(correlation, 4),
                    "excluded": bool(by_label or by_eog),
                    "near_cut": bool(near),
                    "reason": "+".join(
                        name for name, is_so in (("iclabel", by_label), ("eog", by_eog)) if is_so
                    ),
                    "variance": round(float(shares[k]), 5),
                    "map": [float(f"{value:.4g}") for value in maps[:, k]] if shown else None,
                }
            )
        self.ica_.exclude = [entry["index"] for entry in self.components_ if entry["excluded"]]

    def apply(self, inst):
        """Remove the chosen components from a copy."""
        if not hasattr(self, "ica_"):
            raise RuntimeError("ICA is not fitted. Call fit or fit_transform on the recording first.")
        with mne.use_log_level("error"):
            out = inst.copy().load_data()
        self.ica_.apply(out, verbose="error")
        found = {
            "n_components": int(self.ica_.n_components_),
            "rank": self.rank_,
            "explained_variance": round(_kept_variance(self.ica_), 4),
            "n_iter": int(self.ica_.n_iter_),
            "converged": self.converged_,
            "ch_names": self.ch_names_,
            "components": self.components_,
            "notes": self.notes_,
        }
        return out, found


def _variance_shares(ica, copy):
    """Return the share of the fitted channels' variance that each component explains, overlap ignored."""
    sources = ica.get_sources(copy)
    # Picard and infomax do not give their sources one variance.
    spread = np.array([sources.get_data(picks=[k]).var() for k in range(ica.n_components_)])
    variances = (ica.get_components() ** 2).sum(axis=0) * spread
    return variances / variances.sum()


def _kept_variance(ica):
    """Return the share of variance of the principal components that were unmixed."""
    variances = ica.pca_explained_variance_
    return float(variances[: ica.n_components_].sum() / variances.sum())
