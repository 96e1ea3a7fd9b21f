"""What a file that cannot be trusted or read is answered with: one sentence that names it."""

import contextlib
import pathlib

ADVICE = "Files of EEG need arrays, lists, tables, text and numbers only: get it from its publishers anew."
# Characters of a name or reason: a file can make them as long as it likes.
_LONGEST = 200


class Refusal(RuntimeError):
    """What is wrong with a file, as the predicate of a sentence that begins with its name."""


@contextlib.contextmanager
def one_sentence(path, kind):
    """Turn whatever a hostile or damaged file raises into one RuntimeError that names the file."""
    try:
        yield
    except Refusal as err:
        raise RuntimeError(f"{path.name} {err}") from err
    except MemoryError as err:
        raise RuntimeError(
            f"{path.name} asks for more memory than there is: it is damaged, or too large for this machine."
        ) from err
    except RecursionError as err:
        raise RuntimeError(f"{path.name} is nested too deeply to be a file of EEG. {ADVICE}") from err
    # Hostile bytes can make the readers beneath raise anything at all.
    except Exception as err:
        reason = " ".join(str(err).split())[:_LONGEST].rstrip(".") or type(err).__name__
        raise RuntimeError(
            f"{path.name} is damaged or not {kind}: {reason}. Download it again, or name another file."
        ) from err


def check_file(path):
    """Return the path of a file that holds something, or raise FileNotFoundError or RuntimeError."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"The file {path} was to be read; there is no such file.")
    try:
        with path.open("rb") as stream:
            start = stream.read(256)
    except OSError as err:
        raise RuntimeError(f"{path.name} cannot be opened: {err.strerror}.") from err
    if not start:
        raise RuntimeError(f"{path.name} is empty: the download failed. Download it again.")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise RuntimeError(f"{path.name} is a web page, no data: the download failed. Download it again.")
    if start.startswith(b"version https://git-lfs"):
        raise RuntimeError(
            f"{path.name} is only a pointer to a file in Git LFS. Fetch the file itself: git lfs pull."
        )
    return path


def refuse_global(name):
    """Raise the refusal of a global."""
    raise Refusal(f"asks for the global {name[:_LONGEST]!r}, which eegimg does not run. {ADVICE}")
