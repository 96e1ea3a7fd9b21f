"""One file from its address to its place: resumed, complete, and with the right hash, or not at all."""

import contextlib
import json
import os

from ..._paths import is_inside, write_text
from ._http import TIMEOUT, TryAgain, check_status, persist
from ._registry import RECORD
from ._space import check_room, full_disk_told

# What a dropped connection costs at most: requests keeps no chunk that is cut.
_CHUNK = 1 << 16


def download(file, folder, session, watch, known_hash):
    """Download a file into a dataset's folder.

    Parameters
    ----------
    file : RemoteFile
        What to fetch.
    folder : pathlib.Path
        The dataset's folder.
    session : requests.Session
        For the requests.
    watch : Watch
        Told about bytes.
    known_hash : str | None
        "md5:..." or "sha256:...", of the publishers or of an earlier download.

    Returns
    -------
    path : pathlib.Path
        The file, complete.

    Raises
    ------
    RuntimeError
        If it cannot be had, does not have the known hash, or does not fit on the disk.
    """
    import pooch

    path = folder / file.path
    if not is_inside(path.parent, folder):
        raise RuntimeError(f"{path} would lie outside {folder}: a folder on the way is a link. Remove it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a hash pooch takes whatever has the name; we come here only where that cannot be relied on.
    target = path if known_hash else path.with_name(f"{path.name}.part.new")
    if target != path:
        target.unlink(missing_ok=True)
    with _quiet(pooch.get_logger()), full_disk_told(file.path, "Make room and fetch again."):
        try:
            pooch.retrieve(
                file.url,
                known_hash=known_hash,
                fname=target.name,
                path=path.parent,
                downloader=_Resuming(path, file.size, bool(known_hash), session, watch),
            )
        except ValueError as err:
            raise RuntimeError(
                f"{file.path} from {file.url} is not the file that was published, or fetched before: {err} "
                "Fetch again. If it stays so, the publishers have changed it; to take theirs, remove its "
                f"entry from {RECORD}."
            ) from err
    if target != path:
        os.replace(target, path)
    return path


def part_size(file, folder):
    """Return how many bytes of a file an earlier attempt has left."""
    part = _part_of(folder / file.path)
    return part.stat().st_size if part.is_file() else 0


def _part_of(path):
    return path.with_name(f"{path.name}.part")


@contextlib.contextmanager
def _quiet(logger):
    """Keep pooch's own messages off standard error; ours say the same once for all files."""
    level = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(level)


class _Resuming:
    """A downloader as pooch calls it, which goes on from what an earlier attempt has left.

    The bytes go to ``NAME.part`` beside the file, with the validator that the host gave in
    ``NAME.part.json``; If-Range (RFC 9110, 13.1.5) lets the host say when the two no longer belong together.
    """

    def __init__(self, path, size, is_checked, session, watch):
        self._path, self._size, self._is_checked = path, size, is_checked
        self._session, self._watch = session, watch
        self._part = _part_of(path)
        self._notes = path.with_name(f"{path.name}.part.json")
        self._counted = 0

    def __call__(self, url, output_file, pooch):
        """Download an address to the file that pooch names, and leave no part behind."""
        persist(lambda: self._attempt(url), f"{self._path.name} from {url}")
        os.replace(self._part, output_file)
        self._notes.unlink(missing_ok=True)

    def _count(self, n_bytes):
        """Tell the watch how many bytes are there now."""
        self._watch.advance(n_bytes - self._counted)
        self._counted = n_bytes

    def _left(self, url):
        """Return how many bytes are there to go on from, and the notes about them."""
        # Without notes, or with notes of somebody else, the part is worth nothing.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            if self._part.is_file() and notes["url"] == _without_query(url) and notes["validator"]:
                return self._part.stat().st_size, notes
        return 0, {}

    def _attempt(self, url):
        start, notes = self._left(url)
        if start and start == notes.get("total"):
            self._count(start)
            return
        headers = {"Range": f"bytes={start}-", "If-Range": notes["validator"]} if start else {}
        with self._session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == 416:
                self._part.unlink(missing_ok=True)
                raise TryAgain("the file is shorter than what had arrived of it", pause=0)
            check_status(response, self._path.name)
            self._refuse_page(response)
            start, total = self._read_start(response, start)
            if total is None and not self._is_checked and "chunked" not in _encoding(response, "Transfer"):
                raise RuntimeError(
                    f"{self._path.name} from {url} was not fetched: it has neither a length nor a published "
                    "hash, so that half of it could not be told from the whole. Give one in registry.txt."
                )
            if total is not None:
                check_room(self._path.parent, total - start, self._path.name)
            # Emptied before the notes are written: old bytes must never stand beside a new validator.
            if not start:
                self._part.write_bytes(b"")
            notes = {"url": _without_query(url), "validator": _validator(response), "total": total}
            write_text(self._notes, json.dumps(notes))
            self._count(start)
            self._write(response)
        arrived = self._part.stat().st_size
        if total is not None and arrived != total:
            raise TryAgain(f"{arrived} of {total} bytes arrived")

    def _refuse_page(self, response):
        """Refuse a login or a notice in place of a file that nothing vouches for."""
        is_page = response.headers.get("Content-Type", "").lower().startswith("text/html")
        if is_page and not self._is_checked and self._path.suffix.lower() not in (".html", ".htm"):
            raise RuntimeError(
                f"{self._path.name} was not fetched: {response.url} answers with a web page in its place. "
                "Open it in a browser to see what the host wants."
            )

    def _read_start(self, response, start):
        """Return where the answer begins and how long the whole file is, None where nobody says."""
        encoded = _encoding(response, "Content") not in ("", "identity")
        if response.status_code == 206:
            span, _, whole = response.headers.get("Content-Range", "").partition("/")
            if encoded or not span.startswith(f"bytes {start}-"):
                self._part.unlink(missing_ok=True)
                raise TryAgain("the host sent another part than the one asked for", pause=0)
            total = int(whole) if whole.isdigit() else None
        else:
            start = 0
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() and not encoded else None
        if None not in (total, self._size) and total != self._size and not self._is_checked:
            raise RuntimeError(
                f"{self._path.name} should have {self._size} bytes; {response.url} has {total}. It is not "
                "the file that was listed, and was not fetched."
            )
        return start, self._size if total is None and not self._is_checked else total

    def _write(self, response):
        with (
            full_disk_told(self._path.name, "What has arrived is kept: make room and fetch again."),
            open(self._part, "ab") as stream,
        ):
            for chunk in response.iter_content(_CHUNK):
                stream.write(chunk)
                self._count(stream.tell())


def _without_query(url):
    """Drop what is signed anew with each listing, and says nothing about the file."""
    return url.partition("?")[0]


def _encoding(response, kind):
    return response.headers.get(f"{kind}-Encoding", "").lower()


def _validator(response):
    """Return what If-Range may carry: a strong ETag or a date; None without one, or for encoded bytes."""
    etag = response.headers.get("ETag")
    if _encoding(response, "Content") not in ("", "identity"):
        return None
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
