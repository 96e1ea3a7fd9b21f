"""Archives unpacked beside themselves: everything or nothing, and nothing outside that folder."""

import contextlib
import dataclasses
import filecmp
import gzip
import os
import pathlib
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable

from ..._paths import is_inside
from ._registry import wrong_name
from ._space import check_room, full_disk_told, human

# An archive may hold this many times its own bytes (EEG shrinks to a third, tables to a twentieth), or
# anything up to the second number.
MAX_RATIO, ALWAYS_FINE = 100, 100_000_000
MAX_MEMBERS = 1_000_000
_CHUNK = 1 << 20
# zipfile says NotImplementedError of a compression that it cannot undo.
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Member:
    """One thing in an archive: ``refused`` says why its kind may not be unpacked, or is empty."""

    name: str
    size: int
    is_folder: bool
    refused: str
    open: Callable


def unpack(archive, mine=()):
    """Unpack an archive into the folder that it is in.

    Parameters
    ----------
    archive : pathlib.Path
        .zip, .tar, .tar.gz or .tgz. It stays.
    mine : collection of str
        Members that an earlier version of it brought, which may be replaced.

    Returns
    -------
    members : list of str
        Files, relative to that folder, sorted.

    Raises
    ------
    RuntimeError
        If the archive is damaged, holds more than it may, has a member that would not be a plain file of that
        folder, or would replace a file of somebody else: archive, member and reason. Nothing has been
        unpacked then.
    """
    folder = archive.parent
    limit = max(ALWAYS_FINE, MAX_RATIO * archive.stat().st_size)
    with (
        tempfile.TemporaryDirectory(prefix=".eegimg-", dir=folder) as made,
        full_disk_told(f"what {archive.name} holds", "Nothing of it was kept: make room and fetch again."),
    ):
        temporary = pathlib.Path(made)
        names = _extract(archive, temporary, limit)
        for name in names:
            target = folder / name
            if not is_inside(target.parent, folder):
                _refuse(archive, name, "would be written through a link")
            if target.exists() and name not in mine and not _is_same(temporary / name, target):
                raise RuntimeError(
                    f"{archive.name} was not unpacked: {target} is there and is another file than its "
                    "member. Move it away and fetch again."
                )
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary / name, folder / name)
    return names


def _is_same(file, other):
    """Tell whether two files have the same bytes, as after a move that was cut short."""
    return other.is_file() and filecmp.cmp(file, other, shallow=False)


def _refuse(archive, name, reason):
    raise RuntimeError(
        f"{archive.name} was not unpacked: its member {name!r} {reason}. Do not trust this archive, and tell "
        "its publishers."
    )


@contextlib.contextmanager
def _told_as_damaged(archive):
    try:
        yield
    except _DAMAGED as err:
        raise RuntimeError(
            f"{archive.name} was not unpacked: it is damaged, or packed in an unknown way ({err}). Remove it "
            "and fetch again."
        ) from err


def _extract(archive, temporary, limit):
    """Write all members into an empty folder, and return the names of the files, sorted."""
    names, declared = set(), 0
    with _told_as_damaged(archive):
        for member in _members(archive):
            name = pathlib.PurePosixPath(member.name).as_posix()
            if member.is_folder and name == ".":
                continue
            reason = wrong_name(member.name) or member.refused or (member.size < 0 and "has a negative size")
            if reason:
                _refuse(archive, member.name, reason)
            if member.is_folder:
                continue
            declared += member.size
            if declared > limit:
                _refuse(archive, name, f"brings the total to {human(declared)}, of at most {human(limit)}")
            if name in names or len(names) >= MAX_MEMBERS:
                _refuse(archive, name, "is there twice, or is one too many")
            check_room(temporary, member.size, f"{name} of {archive.name}")
            names.add(name)
            _write(archive, member, temporary / name)
    return sorted(names)


def _write(archive, member, target):
    """Write one member, which may have no other number of bytes than it declares."""
    n_bytes = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = open(target, "xb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        _refuse(archive, member.name, "is both a file and a folder, or there twice")
    with stream, member.open() as source:
        while n_bytes <= member.size and (chunk := source.read(_CHUNK)):
            n_bytes += len(chunk)
            stream.write(chunk)
    if n_bytes != member.size:
        _refuse(archive, member.name, f"holds other than the {member.size} bytes that it declares")


def _members(archive):
    """Yield what an archive holds, in its order."""
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                yield _Member(
                    # The name as it is stored: zipfile's own ends at the first NUL.
                    name=info.orig_filename,
                    size=info.file_size,
                    is_folder=info.is_dir(),
                    refused=_refused_in_zip(info),
                    open=lambda info=info: opened.open(info),
                )
        return
    with tarfile.open(archive, "r:*") as opened:
        for info in opened:
            plain = info.isreg() or info.isdir()
            yield _Member(
                name=info.name,
                size=info.size,
                is_folder=info.isdir(),
                refused="" if plain else "is a link" if info.issym() or info.islnk() else "is a device",
                open=lambda info=info: opened.extractfile(info),
            )


def _refused_in_zip(info):
    """Say why a member of a zip may not be unpacked; its Unix mode is the upper half of a number."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & 1:
        return "is encrypted"
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a device"
    return ""
