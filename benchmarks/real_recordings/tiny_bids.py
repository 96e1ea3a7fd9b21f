"""The tiny BIDS dataset of mne-bids: it is BIDS already and only copied, so that it can be written beside."""

import shutil
from pathlib import Path


def convert(data, root):
    """Copy the dataset to ``root`` with write permission; return the number of recordings."""
    source = Path(data) / "tiny_bids" / "tiny_bids"
    for path in sorted(source.rglob("*")):
        target = Path(root) / path.relative_to(source)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return len(sorted(Path(root).rglob("*_eeg.json")))
