from ._convert import convert_dataset as convert_dataset
from ._descriptor import Descriptor as Descriptor
from ._descriptor import list_datasets as list_datasets
from ._descriptor import read_descriptor as read_descriptor
from ._eegdash import from_eegdash as from_eegdash
from ._fetch import fetch_dataset as fetch_dataset
from ._load import Dataset as Dataset
from ._load import load_dataset as load_dataset
from ._moabb import from_moabb as from_moabb
from .simulation import compare_with_truth as compare_with_truth
from .simulation import make_dataset as make_dataset
from .simulation import make_icons as make_icons
from .simulation import make_recording as make_recording
from .simulation import planted_evoked as planted_evoked
from .simulation import read_truth as read_truth

__all__ = [
    "Dataset",
    "Descriptor",
    "compare_with_truth",
    "convert_dataset",
    "fetch_dataset",
    "from_eegdash",
    "from_moabb",
    "list_datasets",
    "load_dataset",
    "make_dataset",
    "make_icons",
    "make_recording",
    "planted_evoked",
    "read_descriptor",
    "read_truth",
]
