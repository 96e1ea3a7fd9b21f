"""Channels that record no brain: mark them, and rebuild them from their neighbours."""

import dataclasses
from typing import ClassVar

import mne

from .._checks import check_number, listing
from ..bids import has_positions
from ._step import Step
from .bad_channels import CRITERIA, check_criteria, find_bad_channels


@dataclasses.dataclass(kw_only=True, eq=False)
class FindBadChannels(Step):
    """Mark bad channels (see :func:`find_bad_channels`); nothing is interpolated or dropped.

    Parameters
    ----------
    criteria : sequence of str
        Which criteria to use.
    deviation_threshold, hf_noise_threshold, correlation_threshold, correlation_fraction : float
        As in :func:`find_bad_channels`.
    ransac_threshold, ransac_fraction : float
        As in :func:`find_bad_channels`.
    max_fraction : float
        Share of bad channels beyond which the recording is refused: what is left would be interpolated from
        too few.
    random_state : int
        Seed for RANSAC.

    Attributes
    ----------
    table_ : pandas.DataFrame
        What :func:`find_bad_channels` returned.
    """

    criteria: tuple = CRITERIA
    deviation_threshold: float = 5.0
    hf_noise_threshold: float = 5.0
    correlation_threshold: float = 0.4
    correlation_fraction: float = 0.01
    ransac_threshold: float = 0.75
    ransac_fraction: float = 0.4
    max_fraction: float = 0.5
    random_state: int = 0
    fit_scope: ClassVar[str] = "recording"
    takes_nan: ClassVar[bool] = True

    def check(self):
        """Look at the parameters."""
        for name in ("deviation_threshold", "hf_noise_threshold"):
            check_number(name, getattr(self, name), "FindBadChannels", above=0)
        shares = [
            f"{what}_{limit}" for what in ("correlation", "ransac") for limit in ("threshold", "fraction")
        ]
        for name in (*shares, "max_fraction"):
            check_number(name, getattr(self, name), "FindBadChannels", at_least=0, at_most=1)
        check_criteria(self.criteria, "FindBadChannels")

    def fit(self, inst, y=None):
        """Find the bad channels of a continuous recording."""
        self.check()
        if not isinstance(inst, mne.io.BaseRaw):
            raise TypeError("FindBadChannels needs a continuous recording. Put it before MakeEpochs.")
        options = {name: value for name, value in self.get_params().items() if name != "max_fraction"}
        self.table_ = find_bad_channels(inst, **options)
        return self

    def apply(self, inst):
        """Mark the channels found."""
        if not hasattr(self, "table_"):
            raise RuntimeError(
                "FindBadChannels is not fitted. Call fit or fit_transform on the recording first."
            )
        table = self.table_
        bads = list(table.index[table["bad"]])
        if len(bads) > self.max_fraction * len(table):
            kinds = table["reasons"].explode().dropna().value_counts()
            how = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
            raise RuntimeError(
                f"{'All' if len(bads) == len(table) else f'{len(bads)} of'} {len(table)} EEG channels are "
                f"bad ({how}); at most "
                f"{self.max_fraction:.0%} may be. Look at the recording; raise max_fraction or the "
                "thresholds if it is fine."
            )
        out = inst.copy()
        out.info["bads"] = [name for name in inst.ch_names if name in {*bads, *inst.info["bads"]}]
        scores = table.drop(columns=["bad", "reasons"]).round(4)
        found = {
            "bads": {name: list(table.loc[name, "reasons"]) for name in bads},
            "skipped": list(table.attrs["skipped"]),
            "scores": {column: scores.loc[bads, column].dropna().to_dict() for column in scores},
        }
        return out, found


@dataclasses.dataclass(kw_only=True, eq=False)
class Interpolate(Step):
    """Rebuild the channels marked bad from the good ones by spherical splines, and unmark them.

    The method is that of Perrin et al. (1989), doi:10.1016/0013-4694(89)90180-6.

    Needs positions and four good EEG channels, but only where there is a bad channel.
    """

    needs_positions: ClassVar[bool] = True
    takes_nan: ClassVar[bool] = True

    def apply(self, inst):
        """Interpolate."""
        eeg = [inst.ch_names[pick] for pick in mne.pick_types(inst.info, eeg=True, exclude=[])]
        bads = [name for name in eeg if name in inst.info["bads"]]
        out = inst.copy()
        if not bads:
            return out, {"interpolated": []}
        if len(eeg) - len(bads) < 4:
            raise RuntimeError(
                f"Interpolate rebuilds {listing(bads)} from at least 4 good EEG channels; "
                f"{len(eeg) - len(bads)} are left. "
                "Leave the step out, or drop the bad channels with Apply('drop_channels')."
            )
        if not has_positions(inst.info):
            raise RuntimeError(
                f"Interpolate rebuilds {listing(bads)} from neighbours and needs electrode positions. "
                "Add electrodes.tsv, or Apply('set_montage', montage='colin27_1005') before it."
            )
        others = [name for name in inst.info["bads"] if name not in bads]
        if isinstance(out, mne.io.BaseRaw):
            out.load_data(verbose="error")
        out.info["bads"] = bads
        out.interpolate_bads(reset_bads=True, method={"eeg": "spline"}, verbose="error")
        out.info["bads"] = others
        return out, {"interpolated": bads}
