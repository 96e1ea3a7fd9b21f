"""Where things are on disk, and files that appear whole or not at all."""

import contextlib
import errno
import os
import pathlib
import tempfile


def descriptors_root():
    """Return the folder with one folder per dataset: inside an installed package, beside it in a checkout."""
    package = pathlib.Path(__file__).parent
    installed = package / "_descriptors"
    return installed if installed.is_dir() else package.parent / "datasets"


def data_root():
    """Return the folder for downloaded data: EEGIMG_DATA, or ``eegimg_data`` in the home folder."""
    return pathlib.Path(os.environ.get("EEGIMG_DATA") or "~/eegimg_data").expanduser()


def is_inside(path, folder):
    """Tell whether a path, links resolved, lies in a folder or is it."""
    path, folder = pathlib.Path(path).resolve(), pathlib.Path(folder).resolve()
    return path == folder or folder in path.parents


@contextlib.contextmanager
def whole_file(path):
    """Give a temporary name beside a file, and move it into place only when the block succeeded.

    The temporary name ends as the final one does, because writers choose the format by the ending.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".eegimg-", dir=path.parent) as folder:
        temporary = pathlib.Path(folder) / path.name
        yield temporary
        for made in sorted(pathlib.Path(folder).iterdir(), key=lambda made: made == temporary):
            os.replace(made, path.parent / made.name)


def disk_is_full(err):
    """Tell whether an error says that a disk, or what a user may have of it, is used up."""
    return isinstance(err, OSError) and err.errno in (errno.ENOSPC, errno.EDQUOT)


def write_text(path, text):
    """Write a text file whole."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_writable(folder):
    """Make a folder and prove that a file can be written there.

    Raises
    ------
    RuntimeError
        If the folder cannot be made or written, in one sentence.
    """
    folder = pathlib.Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as err:
        reasons = {
            errno.EEXIST: "it is a file",
            errno.ENOTDIR: "a part of it is a file",
            errno.ENOSPC: "the disk is full",
        }
        reason = reasons.get(err.errno or 0, err.strerror or str(err))
        raise RuntimeError(
            f"The output folder {folder} cannot be written: {reason}. Choose a folder that you may write to."
        ) from err
