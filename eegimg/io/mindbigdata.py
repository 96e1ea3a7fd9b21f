"""MindBigData "ImageNet of the Brain" (Vivancos 2018): a zip with one CSV file per picture."""

import functools
import pathlib
import re
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .._checks import listing
from ._layout import choose_variant, unit_by_size
from ._source import Content, Source, SourceRecording

VARIANTS = {
    "1.04": "MindBigData-Imagenet-IN.zip",
    "1.0": "MindBigData-Imagenet-IN-v1.0.zip",
    "unpacked": "**/MindBigData_Imagenet_Insight_*.csv",
}
# wnid, number of the picture, number of this picture's recording, number of the session of all pictures.
NAME = re.compile(r"MindBigData_Imagenet_Insight_(n\d{8})_(\d+)_(\d+)_(\d+)\.csv")
# The published files have 30 kB on average (430 MB, 14,012 files); one far beyond that is not one of them.
MAX_BYTES = 1_000_000
PICTURE_SECONDS = 3.0
N_LOOKED_AT = 20
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)


def open_source(folder, facts, variant=None):
    """Find the zip, or the CSV files it holds, in a folder; see :func:`eegimg.io.open_source`."""
    variant, paths = choose_variant(folder, VARIANTS, variant, facts.name)
    archive = None if variant == "unpacked" else paths[0]
    names = [path.relative_to(folder).as_posix() for path in paths] if archive is None else _members(archive)
    trials = _list_trials(names, folder if archive is None else archive)
    load = functools.partial(_load, folder, archive, trials, facts)
    return Source(
        files=tuple(paths),
        recordings=(SourceRecording(subject="01", task=facts.task, load=load),),
        remarks=(
            "The unit is not published: it is told by the samples' size. They keep the headset's offset.",
            "The pictures are those of the ILSVRC2013 training set, which must be asked for elsewhere.",
        ),
    )


def _members(archive):
    """Return the names of the CSV files in an archive, having looked only at its table of contents."""
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except DAMAGED as err:
        raise RuntimeError(
            f"{archive} is damaged or not whole ({err}). Delete it and fetch it again."
        ) from err
    names = []
    for info in infos:
        # Windows tools write backslashes, macOS adds files of its own.
        path = pathlib.PurePosixPath(info.filename.replace("\\", "/"))
        if path.suffix != ".csv" or path.name.startswith("._"):
            continue
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{archive.name}, {info.filename!r} points outside the archive. Fetch it again.")
        if info.file_size > MAX_BYTES or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(
                f"{archive.name}, {info.filename} must be stored or deflated and have at most {MAX_BYTES} "
                f"bytes. It has {info.file_size} and compression {info.compress_type}."
            )
        names.append(info.filename)
    return names


def _list_trials(names, where):
    """Return a table of what the names of CSV files say, in order of session and name."""
    rows, seen = [], {}
    for name in names:
        base = pathlib.PurePosixPath(name.replace("\\", "/")).name
        said = NAME.fullmatch(base)
        if said is None:
            raise ValueError(
                f"{where.name}, {name} must be called MindBigData_Imagenet_Insight_<wnid>_<picture>_<number>_"
                "<session>.csv."
            )
        if base in seen:
            raise ValueError(f"{where.name} holds {base} twice: {listing([seen[base], name])}.")
        seen[base] = name
        rows.append((int(said[4]), base, name, said[1], f"{said[1]}_{said[2]}"))
    if not rows:
        raise ValueError(f"{where.name} holds no CSV file of a picture.")
    return pd.DataFrame(sorted(rows), columns=["block", "base", "name", "concept", "image"])


def _load(folder, archive, trials, facts):
    """List the events; samples are read when they are asked for."""
    names = tuple(trials["name"])
    if archive is None:
        signals = _Signals(names, functools.partial(_read_file, folder), folder, facts)
    else:
        opened = zipfile.ZipFile(archive)
        signals = _Signals(names, functools.partial(_read_member, opened), archive, facts)
    looked_at = np.linspace(0, len(names) - 1, min(len(names), N_LOOKED_AT)).astype(int)
    events = pd.DataFrame(
        {
            "segment": np.arange(len(trials)),
            "sample": 0,
            "duration": PICTURE_SECONDS,
            "trial_type": trials["concept"],
            "image_path": trials["concept"] + "/" + trials["image"] + ".JPEG",
            "image": trials["image"],
            "concept": trials["concept"],
            "repetition": trials.groupby("image").cumcount() + 1,
            "block": trials["block"],
            "source_index": np.arange(len(trials)),
        }
    )
    return Content(
        ch_names=facts.ch_names,
        sfreq=facts.sfreq,
        unit=unit_by_size(signals[index] for index in looked_at),
        segments=signals,
        events=events,
        where=signals.where,
    )


class _Signals(Sequence):
    """The trials of a list of CSV files, each read when it is asked for."""

    def __init__(self, names, read, root, facts):
        self.names, self.read, self.root, self.ch_names = names, read, root, facts.ch_names

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        name = self.names[index]
        where = self.where(index)
        try:
            text = self.read(name)
        except DAMAGED as err:
            raise RuntimeError(
                f"{where} cannot be read ({err}). Delete the file and fetch it again."
            ) from err
        if len(text) > MAX_BYTES:
            raise ValueError(
                f"{where} has more than {MAX_BYTES} bytes: it is not one of the published files."
            )
        return _parse(text, where, self.ch_names)

    def where(self, index):
        """Name the file of a trial."""
        return f"{self.root.name}, {self.names[index]}"


def _read_file(folder, name):
    with open(folder / name, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _read_member(opened, name):
    with opened.open(name) as file:
        return file.read(MAX_BYTES + 1)


def _parse(text, where, ch_names):
    """Return the samples of a CSV file of lines "AF3,4223.5,4221.0,...", in the order of the channels."""
    channels = {}
    for line in filter(None, map(str.strip, text.decode("latin1").split("\n"))):
        # Some writers close a line with a comma.
        name, *values = line.removesuffix(",").split(",")
        if name in channels or name not in ch_names:
            problem = "twice" if name in channels else "which is none of them"
            raise ValueError(
                f"{where} must have one line for each of {listing(ch_names)}. It has {name[:20]!r}, "
                f"{problem}."
            )
        channels[name] = _as_numbers(values, f"{where}, {name}")
    missing = [name for name in ch_names if name not in channels]
    if missing:
        raise ValueError(
            f"{where} must have one line for each of {listing(ch_names)}. It lacks {listing(missing)}."
        )
    lengths = {name: len(samples) for name, samples in channels.items()}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(
            f"{where} must have as many samples on every line, and at least one. It has {counts}."
        )
    return np.stack([channels[name] for name in ch_names])


def _as_numbers(values, where):
    """Return the samples of one line as finite numbers."""
    samples = np.array([_as_number(value) for value in values])
    wrong = np.flatnonzero(~np.isfinite(samples))
    if len(wrong):
        raise ValueError(f"{where}, sample {wrong[0]} must be a number. It is {values[wrong[0]][:20]!r}.")
    return samples


def _as_number(text):
    try:
        return float(text)
    except ValueError:
        return np.nan
