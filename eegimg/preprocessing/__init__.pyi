from ._step import Step as Step
from .autoreject import AutoReject as AutoReject
from .bad_channels import find_bad_channels as find_bad_channels
from .channels import FindBadChannels as FindBadChannels
from .channels import Interpolate as Interpolate
from .epoching import MakeEpochs as MakeEpochs
from .epoching import RejectPeakToPeak as RejectPeakToPeak
from .filtering import Crop as Crop
from .filtering import Filter as Filter
from .filtering import Notch as Notch
from .filtering import Resample as Resample
from .ica import ICA as ICA
from .mne_calls import Apply as Apply
from .reference import Rereference as Rereference
from .scaling import Scale as Scale
from .whitening import MVNN as MVNN
from .whitening import compute_mvnn as compute_mvnn

__all__ = [
    "ICA",
    "MVNN",
    "Apply",
    "AutoReject",
    "Crop",
    "Filter",
    "FindBadChannels",
    "Interpolate",
    "MakeEpochs",
    "Notch",
    "RejectPeakToPeak",
    "Rereference",
    "Resample",
    "Scale",
    "Step",
    "compute_mvnn",
    "find_bad_channels",
]
