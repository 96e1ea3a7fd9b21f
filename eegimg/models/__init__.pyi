from ._adapter import Adapter as Adapter
from ._card import ModelCard as ModelCard
from ._card import Score as Score
from ._card import Weights as Weights
from ._compare import compare_probes as compare_probes
from ._features import Features as Features
from ._features import extract_features as extract_features
from ._inputs import InputSpec as InputSpec
from ._prepare import prepare as prepare
from ._probe import probe as probe
from ._probe_card import ProbeCard as ProbeCard
from ._registry import create_model as create_model
from ._registry import list_models as list_models
from ._registry import read_card as read_card
from ._registry import register_model as register_model

__all__ = [
    "Adapter",
    "Features",
    "InputSpec",
    "ModelCard",
    "ProbeCard",
    "Score",
    "Weights",
    "compare_probes",
    "create_model",
    "extract_features",
    "list_models",
    "prepare",
    "probe",
    "read_card",
    "register_model",
]
