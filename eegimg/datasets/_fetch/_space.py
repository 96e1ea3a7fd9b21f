"""Room on the disk: asked before, and one sentence where it runs out all the same."""

import contextlib
import pathlib
import shutil

from ..._paths import disk_is_full


def check_room(folder, n_bytes, what):
    """Raise RuntimeError where bytes do not fit on the disk of a folder, which need not exist yet."""
    there = next(place for place in (folder, *pathlib.Path(folder).absolute().parents) if place.is_dir())
    free = shutil.disk_usage(there).free
    if n_bytes > free:
        raise RuntimeError(
            f"{what} needs {human(n_bytes)}; {folder} has {human(free)} free. Make room, or give another "
            "root."
        )


@contextlib.contextmanager
def full_disk_told(what, rest):
    """Turn the error of a full disk into a sentence that ends with what becomes of the rest."""
    try:
        yield
    except OSError as err:
        if not disk_is_full(err):
            raise
        raise RuntimeError(f"The disk is full: {what} could not be written to the end. {rest}") from err


def human(n_bytes):
    """Write a number of bytes for people."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}" if n_bytes < 1000 * size else f"{n_bytes / size:.0f} {unit}"
    return f"{n_bytes:.0f} bytes"
