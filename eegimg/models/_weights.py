"""Weights as files: shipped with eegimg or downloaded once, and proven to be the ones that the card names."""

import contextlib
import hashlib
import os
import pathlib

import locket

from .._paths import check_writable, data_root

SHIPPED = pathlib.Path(__file__).with_name("weights")
_WHY = {
    "restrictive": "the licence does not let everybody use them",
    "conflicting": "sources give different licences",
    "unstated": "no licence is stated",
}
# What a dropped connection costs at most: a chunk that is cut is not kept.
_CHUNK = 1 << 16
_TIMEOUT = (20, 60)
_NO_SUCH_RANGE = 416


def fetch_weights(card, accept_license=False, progress=True):
    """Return the file with a card's weights, downloaded where it must be.

    Parameters
    ----------
    card : ModelCard
        With weights that can be had.
    accept_license : bool
        Say that you have read the terms, may use the weights and accept them. Needed for a download where
        the terms are not "open".
    progress : bool
        Whether to say on standard error what is downloaded, with a bar where that is a terminal.

    Returns
    -------
    path : pathlib.Path
        The file, whose sha256 is that of the card.

    Raises
    ------
    FileNotFoundError
        If a shipped file is not there.
    ValueError
        If terms must be accepted.
    RuntimeError
        If the file cannot be had, or is not the one that the card names.
    """
    weights = card.weights
    if weights.file:
        path = SHIPPED / weights.file
        if not path.is_file():
            raise FileNotFoundError(f"{path}, which comes with eegimg, is missing: install eegimg again.")
        if _digest(path) != weights.sha256:
            raise RuntimeError(
                f"{path} is not the file of {card.name!r}: its sha256 differs. Install eegimg again."
            )
        return path
    folder = check_writable(data_root() / "models")
    path = folder / f"{card.name}{_suffix(weights)}"
    if path.is_file() and _digest(path) == weights.sha256:
        return path
    path.unlink(missing_ok=True)
    check_terms(card, accept_license)
    what = describe_weights(card)
    # The processes of one training ask for the same file at the same moment.
    with locket.lock_file(f"{path}.lock"):
        if not path.is_file():
            with _showing(what, weights.size, progress) as bar:
                _retrieve(weights, path, bar)
    return path


def check_terms(card, accept_license):
    """Raise ValueError where the terms of weights must be accepted before a download, and are not."""
    if card.weights.terms != "open" and not accept_license:
        raise ValueError(
            f"{describe_weights(card)} Nothing was downloaded. Read the terms, and give accept_license=True "
            "if you may use the weights and accept them."
        )


def describe_weights(card):
    """Say in one sentence what would be downloaded, and under which terms.

    Parameters
    ----------
    card : ModelCard
        With weights at an address or on the hub.

    Returns
    -------
    sentence : str
        Name, size, address, licence and terms.
    """
    weights = card.weights
    why = f": {_WHY[weights.terms]}" if weights.terms in _WHY else ""
    size = f"{weights.size / 1e6:.1f} MB from " if weights.size else ""
    place = weights.url or f"huggingface.co/{weights.hub}, whose sha256 is not known"
    return f"The weights of {card.name}: {size}{place}, licence {card.licence}, terms {weights.terms}{why}."


def _suffix(weights):
    return ".safetensors" if weights.format == "safetensors" else ".pth"


def _digest(path):
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _retrieve(weights, path, bar):
    """Download through pooch, which keeps only a file with the known hash."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    # What it would say has been said, with the terms.
    logger.setLevel("WARNING")
    try:
        pooch.retrieve(
            weights.url,
            known_hash=f"sha256:{weights.sha256}",
            fname=path.name,
            path=path.parent,
            downloader=_Resuming(path, weights.size, bar),
        )
    except ValueError as err:
        raise RuntimeError(
            f"{weights.url} is not the file that the card names: its sha256 is not {weights.sha256}. It was "
            "removed; try again, and if it stays so the publishers have changed it."
        ) from err
    except OSError as err:
        raise RuntimeError(
            f"{weights.url} could not be downloaded: {err}. Look at the connection and try again; what has "
            "arrived is kept."
        ) from err
    finally:
        logger.setLevel(level)


class _Resuming:
    """A downloader as pooch calls it, which goes on from what an earlier attempt has left beside the file."""

    def __init__(self, path, size, bar):
        self._part, self._size, self._bar = path.with_name(f"{path.name}.part"), size, bar

    def __call__(self, url, output_file, pooch):
        """Download to the file that pooch names."""
        if self._there() > self._size or (self._there() < self._size and not self._finish(url, pooch)):
            # A part of another file, or a host that knows no ranges.
            self._part.unlink(missing_ok=True)
            self._attempt(url, pooch)
        os.replace(self._part, output_file)

    def _there(self):
        return self._part.stat().st_size if self._part.is_file() else 0

    def _finish(self, url, pooch):
        """Go on from what is there, and tell whether the length is right now."""
        try:
            self._attempt(url, pooch)
        except OSError as err:
            if getattr(getattr(err, "response", None), "status_code", None) != _NO_SUCH_RANGE:
                raise
        return self._there() == self._size

    def _attempt(self, url, pooch):
        from pooch import HTTPDownloader

        start = self._there()
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        self._bar.start = start
        self._bar.reset()
        with open(self._part, "ab") as stream:
            HTTPDownloader(self._bar, chunk_size=_CHUNK, timeout=_TIMEOUT, headers=headers)(
                url, stream, pooch
            )


class _Bar:
    """A rich progress bar as pooch talks to one; ``start`` bytes were there before."""

    def __init__(self, bar, task):
        self._bar, self._task, self.start, self.total = bar, task, 0, None

    def update(self, n_bytes):
        """Count bytes that arrived."""
        self._bar.advance(self._task, n_bytes)

    def reset(self):
        """Begin again."""
        self._bar.update(self._task, completed=self.start)

    def close(self):
        """Leave the bar to its owner."""


@contextlib.contextmanager
def _showing(sentence, size, progress):
    """Say what is downloaded and yield a bar; drawn on terminals only."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, quiet=not progress)
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        yield _Bar(bar, bar.add_task("weights", total=size))
