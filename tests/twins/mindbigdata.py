"""A twin of MindBigData's ImageNet of the Brain: a zip of CSV files with planted answers to the classes."""

import zipfile

import numpy as np
from twins import planted

CH_NAMES = ("AF3", "AF4", "T7", "T8", "Pz")
SFREQ = 128.0
ZIP = "MindBigData-Imagenet-IN.zip"
WNIDS = ("n02951358", "n03063968", "n09835506")


def make_files(n_images=20, gain=12.0, seed=0):
    """Return file name -> samples (n_channels, n_times) in microvolts above the headset's offset."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(WNIDS)), n_images))
    trials = planted.make_trials(labels, len(CH_NAMES), 400, SFREQ, gain=gain, seed=seed)
    # Recordings last about three seconds, each a little more or less.
    lengths = rng.integers(370, 396, len(labels))
    names, samples = [], []
    for position, (label, trial, length) in enumerate(zip(labels, trials, lengths, strict=True)):
        session = position // 5 + 1
        names.append(f"MindBigData_Imagenet_Insight_{WNIDS[label]}_{100 + position}_1_{session}.csv")
        samples.append(np.round(4100 + trial[:, :length].astype(float), 6))
    return dict(zip(names, samples, strict=True))


def as_csv(samples, ch_names=CH_NAMES):
    """Write one line per channel: its name, then its samples."""
    return "".join(f"{name},{','.join(map(str, row))}\n" for name, row in zip(ch_names, samples, strict=True))


def write_zip(path, texts):
    """Write an archive as the published one: the files in a folder, a list of words beside it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("WordReport-v1.04.txt", "can opener, tin opener\t20\tn02951358\n")
        for name, text in texts.items():
            archive.writestr(name if "/" in name or "\\" in name else f"MindBigData-Imagenet/{name}", text)
    return path


def write(folder, zipped=True, **options):
    """Write the set as a zip, or unpacked."""
    files = make_files(**options)
    texts = {name: as_csv(samples) for name, samples in files.items()}
    if zipped:
        write_zip(folder / ZIP, texts)
    else:
        (folder / "MindBigData-Imagenet").mkdir()
        for name, text in texts.items():
            (folder / "MindBigData-Imagenet" / name).write_text(text)
    return files
