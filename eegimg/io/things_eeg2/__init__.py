"""THINGS-EEG2 (Gifford et al. 2022): pickled dicts under .npy names, raw or preprocessed by two groups.

- raw: sub-XX/ses-0Y/raw_eeg_{training,test}.npy with ``raw_eeg_data`` (EEG channels and ``stim``),
  ``ch_names``, ``ch_types`` and ``sfreq``;
- preprocessed: sub-XX/preprocessed_eeg_{training,test}.npy with ``preprocessed_eeg_data`` (pictures,
  repetitions, channels, times), ``ch_names`` and ``times``, by the authors (gifale95/eeg_encoding) or by Song
  et al. 2024 (eeyhsong/NICE-EEG), whose samples begin at the picture though their ``times`` begin before it.

image_metadata.npy, which comes with the pictures, says what was shown.
"""

import glob

from ..._checks import listing
from .._layout import check_folder, choose_variant
from .._source import Source
from ._images import read_images
from ._preprocessed import FLAVOURS, find_flavour, preprocessed_recordings
from ._raw import raw_recordings

PREPROCESSED = "sub-*/preprocessed_eeg_*.npy"
PARTS = ("training", "test")


def open_source(folder, facts, variant=None):
    """Find the recordings of "raw", "preprocessed" or "nice" files; see :func:`eegimg.io.open_source`."""
    check_folder(folder, facts.name)
    variant, files = choose_variant(folder, _patterns(folder, variant), variant, facts.name)
    root = _only_root([file.parents[2 if variant == "raw" else 1] for file in files], folder, variant)
    places = list(dict.fromkeys(file.parent for file in files))
    parts = [
        file for place in places for file in _parts(place, "raw" if variant == "raw" else "preprocessed")
    ]
    images_file, images = read_images(root, facts.name)
    if variant == "raw":
        recordings, remarks = raw_recordings(places, images, facts)
        return Source(files=(*parts, images_file), recordings=recordings, remarks=remarks)
    return Source(
        files=(*parts, images_file),
        recordings=preprocessed_recordings(places, images, facts, variant),
        description=variant,
        processing=FLAVOURS[variant].processing,
        remarks=FLAVOURS[variant].remarks,
    )


def _patterns(folder, variant):
    """Return the pattern of each variant's files; what they hold tells the two preprocessed ones apart."""
    # What is no file's name finds nothing, and tells the user what was looked for.
    patterns = {"raw": "**/sub-*/ses-*/raw_eeg_*.npy"} | {
        name: f"**/{PREPROCESSED} at {flavour.sfreq:g} Hz" for name, flavour in FLAVOURS.items()
    }
    if variant == "raw":
        return patterns
    found = {}
    for root in sorted({file.parents[1] for file in folder.glob(f"**/{PREPROCESSED}")}):
        # The smallest file of the first subject.
        file = min(sorted(root.glob(PREPROCESSED)), key=lambda file: file.stat().st_size)
        found.setdefault(find_flavour(file), []).append(root)
    for name, roots in found.items():
        root = _only_root(roots, folder, name)
        patterns[name] = f"{glob.escape(root.relative_to(folder).as_posix())}/{PREPROCESSED}"
    return patterns


def _only_root(roots, folder, variant):
    """Return the one folder that subjects' folders lie in."""
    roots = sorted(set(roots))
    if len(roots) > 1:
        raise ValueError(
            f"{folder} holds the variant {variant!r} in {len(roots)} places: "
            f"{listing(root.relative_to(folder) for root in roots)}. Give one of these folders."
        )
    return roots[0]


def _parts(place, kind):
    """Return the files of the training and the test part, or refuse a place that lacks one."""
    names = [f"{kind}_eeg_{part}.npy" for part in PARTS]
    there = sorted(file.name for file in place.glob(f"{kind}_eeg_*.npy"))
    if set(names) - set(there):
        raise FileNotFoundError(
            f"{place} must hold {listing(names)}. It has {listing(there)}. Fetch the folder anew."
        )
    return [place / name for name in names]
