from . import bids, datasets, events, models, preprocessing, report, store, training, validity, viz
from .datasets import Dataset as Dataset
from .datasets import convert_dataset as convert_dataset
from .datasets import fetch_dataset as fetch_dataset
from .datasets import from_eegdash as from_eegdash
from .datasets import from_moabb as from_moabb
from .datasets import list_datasets as list_datasets
from .datasets import load_dataset as load_dataset
from .datasets import make_dataset as make_dataset
from .datasets import make_recording as make_recording
from .datasets import read_descriptor as read_descriptor
from .models import create_model as create_model
from .models import extract_features as extract_features
from .models import list_models as list_models
from .models import probe as probe
from .models import register_model as register_model
from .pipeline import Pipeline as Pipeline
from .pipeline import read_recipe as read_recipe
from .pipeline import write_recipe as write_recipe
from .runner import preprocess_dataset as preprocess_dataset
from .store import read_store as read_store
from .store import write_store as write_store

__all__ = [
    "Dataset",
    "Pipeline",
    "bids",
    "convert_dataset",
    "create_model",
    "datasets",
    "events",
    "extract_features",
    "fetch_dataset",
    "from_eegdash",
    "from_moabb",
    "list_datasets",
    "list_models",
    "load_dataset",
    "make_dataset",
    "make_recording",
    "models",
    "preprocess_dataset",
    "preprocessing",
    "probe",
    "read_descriptor",
    "read_recipe",
    "read_store",
    "register_model",
    "report",
    "store",
    "training",
    "validity",
    "viz",
    "write_recipe",
    "write_store",
]
