"""A simulated BIDS dataset: recordings, pictures, and the truth beside them."""

import inspect
import json
import shutil
from pathlib import Path

import eegimg

from ..._checks import check_number, check_type, suggest
from . import _head, _icons
from ._recording import make_recording
from ._truth import write_truth

TASK = "images"
NAME = "Simulated EEG of people looking at icons, with planted truth"
TRUTH_FOLDER = Path("sourcedata", "eegimg")
OPTIONS = tuple(
    name
    for name, parameter in inspect.signature(make_recording).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY and name not in ("subject", "images", "random_state")
)
COLUMNS = {
    "stim_file": "Picture shown, in the stimuli folder.",
    "image": "Name of the picture, its file name without extension.",
    "concept": "What the picture shows, one of ten concepts.",
    "repetition": "How often this picture has been shown so far, this time included.",
    "block": "Number of the block, from 1. rapid-event: one pass through all pictures; block: one concept.",
    "split": "train or test. Whole pictures are held out: the last fifth of each concept's pictures is test.",
}
README = """Simulated EEG of people looking at icons
========================================

Nobody was recorded: eegimg.make_dataset computed these files from a seed. Every number that a method should
find (bad channels, artefacts, the response to each image, true onsets) is in sourcedata/eegimg.

Design: {design}, {n_images} images x {n_repetitions} repetitions, {n_subjects} subjects, seed {random_state}.
Each image stayed on for 0.1 s. Events lie where the recording computer marked them, a little beside the true
onsets. The column split holds out whole images.
"""


def make_dataset(
    root,
    n_subjects=2,
    n_images=40,
    n_repetitions=4,
    design="rapid-event",
    random_state=0,
    *,
    overwrite=False,
    progress=None,
    **options,
):
    """Simulate a BIDS dataset of people looking at images, with planted truth.

    Parameters
    ----------
    root : path-like
        Folder to write into; new or empty.
    n_subjects : int
        How many people. Subject 01 is the same in a dataset of two and of twenty.
    n_images : int
        How many different images, the ten concepts in turn.
    n_repetitions : int
        How often each person sees each image.
    design : str
        ``"rapid-event"`` (random order) or ``"block"`` (all trials of a concept in a row).
    random_state : int
        Seed. The same seed gives the same files.
    overwrite : bool
        Whether to replace a dataset that this function made before; any other folder is left alone.
    progress : callable | None
        Called with the label of each subject that is done.
    **options : dict
        More parameters of :func:`eegimg.make_recording`: n_channels, sfreq, soa, gain, drift, line_freq,
        bad_channels, artifacts, jitter.

    Returns
    -------
    truths : dict
        For each subject label (``"01"``, ...) the truth that :func:`eegimg.make_recording` returns. It is
        also in ``<root>/sourcedata/eegimg/sub-<label>_truth.json`` and ``.npz``, with the attributes of the
        images in ``images.tsv`` there.

    Raises
    ------
    TypeError, ValueError
        If a parameter is unknown, of the wrong type or out of range.
    RuntimeError
        If ``root`` is a file or holds something.
    """
    check_number("n_subjects", n_subjects, "make_dataset", at_least=1, integer=True)
    check_number("n_images", n_images, "make_dataset", at_least=1, integer=True)
    check_type("overwrite", overwrite, bool, "make_dataset", "True or False")
    for name in options:
        if name not in OPTIONS:
            raise TypeError(f"make_dataset has no parameter {name!r}.{suggest(name, OPTIONS)}")
    root = Path(root)
    _refuse_foreign(root, overwrite)
    images = _icons.make_icons(n_images, random_state)
    truths = {}
    for subject in range(n_subjects):
        raw, truth = make_recording(
            None,
            n_repetitions,
            design,
            subject=subject,
            images=images,
            random_state=random_state,
            **options,
        )
        if not truths:  # the parameters are sound: now something may be written
            _clear(root)
            _describe(root, truth["parameters"], n_subjects)
            _icons.write_icons(images, root / "stimuli")
        label = f"{subject + 1:02d}"
        _write_recording(raw, root, label)
        write_truth(truth, root / TRUTH_FOLDER / f"sub-{label}_truth.json")
        truths[label] = truth
        if progress is not None:
            progress(label)
    images.to_csv(root / TRUTH_FOLDER / "images.tsv", sep="\t", index=False)
    return truths


def _refuse_foreign(root, overwrite):
    """Raise unless root is new, empty, or ours and to be replaced."""
    if root.exists() and not root.is_dir():
        raise RuntimeError(f"The 'root' parameter of make_dataset must be a folder. {root} is a file.")
    if not root.is_dir() or not any(root.iterdir()):
        return
    if not _is_ours(root):
        raise RuntimeError(
            f"The 'root' parameter of make_dataset must be a new or empty folder. {root} holds other files; "
            "choose another folder."
        )
    if not overwrite:
        raise RuntimeError(
            f"The 'root' parameter of make_dataset must be a new or empty folder. {root} already holds "
            "a simulated dataset; pass overwrite=True to replace it, or choose another folder."
        )


def _is_ours(root):
    """Say whether a folder holds a dataset that make_dataset wrote, finished or not."""
    try:
        facts = json.loads((root / "dataset_description.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(facts, dict) and facts.get("Name") == NAME


def _clear(root):
    """Remove an earlier simulated dataset and nothing else."""
    root.mkdir(parents=True, exist_ok=True)
    # What others put here stays. The description goes last: by it the folder is known as ours.
    for folder in [*root.glob("sub-*"), root / "stimuli", root / TRUTH_FOLDER]:
        if folder.is_dir():
            shutil.rmtree(folder)
    for name in ("participants.tsv", "participants.json", "dataset_description.json"):
        (root / name).unlink(missing_ok=True)


def _describe(root, settings, n_subjects):
    """Write dataset_description.json and README."""
    import mne_bids

    settings = {name: value for name, value in settings.items() if name not in ("subject", "alpha_freq")}
    mne_bids.make_dataset_description(
        path=root,
        name=NAME,
        dataset_type="raw",
        data_license="CC0",
        authors=["eegimg (simulated, no person was recorded)"],
        acknowledgements="None: the data were computed.",
        how_to_acknowledge="Name the version of eegimg and the seed.",
        funding=["None"],
        ethics_approvals=["Not needed: no person or animal took part."],
        references_and_links=["sourcedata/eegimg"],
        keywords=["EEG", "simulation", "visual perception", "decoding"],
        generated_by=[
            {
                "Name": "eegimg",
                "Version": eegimg.__version__,
                "Description": f"eegimg.make_dataset with {json.dumps(settings, sort_keys=True)}",
            }
        ],
        overwrite=True,
        verbose="ERROR",
    )
    text = README.format(**settings, n_subjects=n_subjects)
    (root / "README").write_text(text, encoding="utf-8")


def _write_recording(raw, root, label):
    """Write one recording as BrainVision with its sidecars."""
    import mne_bids

    path = mne_bids.BIDSPath(subject=label, task=TASK, datatype="eeg", root=root)
    mne_bids.write_raw_bids(
        raw,
        path,
        format="BrainVision",
        allow_preload=True,
        readme=False,
        extra_columns_descriptions=dict(COLUMNS),
        verbose="ERROR",
    )
    sidecar = path.copy().update(suffix="eeg", extension=".json")
    facts = {
        "TaskName": TASK,
        "TaskDescription": "Looking at icons, each shown for 0.1 s.",
        "Instructions": "None: the person is simulated.",
        "EEGReference": _head.REFERENCE,
        "EEGGround": "n/a",
        "EEGPlacementScheme": "10-20",
        "Manufacturer": "eegimg",
        "ManufacturersModelName": "simulated amplifier",
        "CapManufacturer": "eegimg",
        "CapManufacturersModelName": f"{raw.get_channel_types().count('eeg')} channels",
    }
    mne_bids.update_sidecar_json(sidecar, facts, verbose="ERROR")
