"""Simulated image-evoked EEG: icons, planted answers, noise, artefacts, and what comes back."""

from ._dataset import NAME as NAME
from ._dataset import make_dataset as make_dataset
from ._icons import make_icons as make_icons
from ._planted import planted_evoked as planted_evoked
from ._recording import make_recording as make_recording
from ._recovery import compare_with_truth as compare_with_truth
from ._truth import read_truth as read_truth
