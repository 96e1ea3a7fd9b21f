"""A twin of ThoughtViz: <set>/data.pkl as Python 2 wrote it, with planted answers to ten classes."""

import dataclasses
import io
import pathlib
import pickle
import struct

import numpy as np
from twins import planted

N_CHANNELS, N_TIMES, SFREQ, N_CLASSES = 14, 32, 128.0, 10


@dataclasses.dataclass
class Planted:
    """One set: windows (n_windows, n_channels, n_times) and classes, those for training first."""

    path: pathlib.Path
    windows: np.ndarray
    labels: np.ndarray
    n_train: int


def write(folder, sets=("digit", "char", "image"), n_train=12, n_test=4, gain=60.0, seed=0, **changed):
    """Write sets with so many windows of each class; ``changed`` replaces items, None leaves one out."""
    found = {}
    for number, name in enumerate(sets):
        rng = np.random.default_rng([seed, number])
        labels = [rng.permutation(np.repeat(np.arange(N_CLASSES), count)) for count in (n_train, n_test)]
        windows = planted.make_trials(
            np.concatenate(labels), N_CHANNELS, N_TIMES, SFREQ, gain=gain, seed=seed + number
        )
        windows = windows.astype(float)
        x_train, x_test = np.split(windows[..., np.newaxis], [len(labels[0])])
        table = {
            "x_train": x_train,
            "y_train": np.eye(N_CLASSES)[labels[0]],
            "x_test": x_test,
            "y_test": np.eye(N_CLASSES)[labels[1]],
        }
        path = folder / name / "data.pkl"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = {key: item for key, item in (table | changed).items() if item is not None}
        path.write_bytes(as_python_2(table))
        found[name] = Planted(path, windows, np.concatenate(labels), len(x_train))
    return found


class _Python2Pickler(pickle._Pickler):
    """Writes texts and bytes as Python 2 wrote its str, so that encoding="bytes" is needed to read them."""

    dispatch = dict(pickle._Pickler.dispatch)

    def _save_string(self, item):
        item = item.encode("latin1") if isinstance(item, str) else item
        short = len(item) < 256
        head = (
            pickle.SHORT_BINSTRING + bytes([len(item)])
            if short
            else pickle.BINSTRING + struct.pack("<i", len(item))
        )
        self.write(head + item)
        self.memoize(item)

    dispatch[str] = dispatch[bytes] = _save_string


def as_python_2(item):
    """Pickle as Python 2 did, numpy's modules under the names they had then."""
    file = io.BytesIO()
    _Python2Pickler(file, protocol=2).dump(item)
    return file.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")
