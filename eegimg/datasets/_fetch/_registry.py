"""The grammar of ``datasets/NAME/registry.txt``: which files a dataset has, and where each comes from.

One file, or one tree of files, a line: ``file sha256 url``, and for some a fourth word. Fields stand apart by
spaces; one that holds a space is quoted. What follows ``#`` at the start of a line is a comment.

- ``file``: where it goes in the dataset's folder, with forward slashes; ``*`` or ``folder/*`` for a tree.
- ``sha256``: 64 hexadecimal digits, ``md5:`` and 32 of them where that is what the publishers give,
  ``size=`` and a number of bytes, or ``-`` where they give nothing, and always for a tree.
- ``url``: ``https://...`` for one file; for a tree ``osf:NODE``, ``osf:NODE/folder``, ``figshare:ARTICLE``,
  ``zenodo:RECORD``, ``openneuro:DATASET``, ``nemar:DATASET[@version]`` or ``hf:owner/dataset[@revision]``;
  ``manual`` for a file that a user must ask for and put there.
- the fourth word: ``unpack`` for archives that are unpacked beside themselves, ``optional`` for a manual file
  that readers can do without.

A registry without lines, of a dataset that is not simulated, means that users place files whose names are not
known.
"""

import dataclasses
import pathlib
import re
import shlex

from ..._paths import descriptors_root

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
# Files of our own: what has been fetched, and what has arrived in part.
# Hidden, because BIDS validators take any other name at the top of a dataset for a mistake.
RECORD = ".eegimg_fetch.json"
PARTS = (".part", ".part.json", ".part.new")
_TREES = {
    "osf": r"[A-Za-z0-9]+(/[^\s]+)?",
    "figshare": r"\d+",
    "zenodo": r"\d+",
    "openneuro": r"ds\d+",
    "nemar": r"[a-z]+\d+(@[\w.]+)?",
    "hf": r"[\w.-]+/[\w.-]+(@[\w./-]+)?",
}
_URLS = "an https address, 'manual', or " + ", ".join(f"'{host}:...'" for host in _TREES)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: ``hash`` as pooch writes it ("md5:..." or "sha256:..."), ``size`` in bytes, or None."""

    file: str
    url: str
    hash: str | None = None
    size: int | None = None
    unpack: bool = False
    optional: bool = False

    @property
    def path(self):
        """Say where one file goes in the dataset's folder."""
        return self.file

    @property
    def is_tree(self):
        """Tell whether a host must be asked for the names of the files."""
        return self.url.partition(":")[0] in _TREES

    @property
    def is_manual(self):
        """Tell whether users place the file themselves."""
        return self.url == "manual"

    @property
    def folder(self):
        """Say where in the dataset's folder the files of a tree go; empty for the folder itself."""
        return self.file[:-1].rstrip("/")


def wrong_name(name):
    """Say why a name may not become a file in the dataset's folder, or None.

    Names come from registries, hosts and archives; they are read as on any system, not only on this one.
    """
    if not name or any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "is empty or has control characters"
    if "\\" in name:
        return "has a backslash"
    if name.startswith("/"):
        return "is absolute"
    if ":" in name:
        return "has a colon, as drive letters do"
    parts = pathlib.PurePosixPath(name).parts
    if ".." in parts:
        return "leads out of the folder with '..'"
    if not parts:
        return "names the folder itself"
    # Some disks do not tell capitals from small letters.
    if name.casefold().endswith(PARTS) or pathlib.PurePosixPath(name.casefold()).parts == (RECORD,):
        return f"is a name that eegimg keeps for itself ({RECORD}, *.part)"
    return None


def read_registry(name):
    """Read a dataset's registry.

    Parameters
    ----------
    name : str
        One of the known datasets.

    Returns
    -------
    entries : list of Entry
        In the order of the lines.

    Raises
    ------
    ValueError
        If a line is wrong: the file, the line's number, what was expected, and the line.
    """
    file = descriptors_root() / name / "registry.txt"
    if not file.is_file():
        return []
    entries, seen = [], {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            entry = _read_line(text)
            same = (entry.file, entry.url if entry.is_tree else "")
            if same in seen:
                raise ValueError(f"one line per file; line {seen[same]} has it already")
        except ValueError as err:
            raise ValueError(f"{name}/registry.txt, line {number}: expected {err}. Got: {text}") from err
        seen[same] = number
        entries.append(entry)
    return entries


def _read_line(text):
    """Read one line; the ValueError says what was expected."""
    if "\\" in text:
        raise ValueError("forward slashes only")
    try:
        fields = shlex.split(text)
    except ValueError as err:
        raise ValueError("every quote to be closed") from err
    if len(fields) not in (3, 4):
        raise ValueError(f"'file sha256 url' and at most a fourth word, not {len(fields)} fields")
    file, digest, url, word = [*fields, ""][:4]
    known, size = _read_digest(digest)
    entry = Entry(
        file=file, url=url, hash=known, size=size, unpack=word == "unpack", optional=word == "optional"
    )
    _check_url(entry)
    _check_fields(entry, word)
    return entry


def _read_digest(digest):
    """Return the hash as pooch writes it and the size that the second field gives."""
    if digest == "-":
        return None, None
    if re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        return f"sha256:{digest.lower()}", None
    if re.fullmatch(r"md5:[0-9a-fA-F]{32}", digest):
        return digest.lower(), None
    if re.fullmatch(r"size=[1-9]\d*", digest):
        return None, int(digest[5:])
    raise ValueError("64 hexadecimal digits, 'md5:' and 32 of them, 'size=' and bytes, or '-' as 2nd field")


def _check_url(entry):
    """Raise ValueError where the third field is no address."""
    host, _, rest = entry.url.partition(":")
    if entry.is_manual or re.fullmatch(r"https?://[^/\s]+/\S*", entry.url):
        return
    if not entry.is_tree:
        raise ValueError(f"{_URLS} as 3rd field")
    if not re.fullmatch(_TREES[host], rest):
        raise ValueError(f"'{host}:' followed by {_TREES[host]} as 3rd field")


def _check_fields(entry, word):
    """Raise ValueError where the fields do not fit one another."""
    star = entry.file == "*" or entry.file.endswith("/*")
    if star != entry.is_tree:
        raise ValueError("'*' or 'folder/*' for a tree, and a name for one file, as 1st field")
    place = entry.folder if star else entry.file
    reason = wrong_name(place) if place else None
    if reason or "*" in place:
        raise ValueError(f"a name inside the dataset's folder as 1st field, which {reason or 'has a star'}")
    if star and (entry.hash or entry.size):
        raise ValueError("'-' as 2nd field of a tree")
    if word not in ("", "unpack", "optional"):
        raise ValueError("'unpack', 'optional' or nothing as 4th field")
    if entry.unpack and (entry.is_manual or not (star or entry.file.endswith(ARCHIVES))):
        raise ValueError(f"'unpack' only where an archive is downloaded ({', '.join(ARCHIVES)})")
    if entry.optional and not entry.is_manual:
        raise ValueError("'optional' only for a manual file")
