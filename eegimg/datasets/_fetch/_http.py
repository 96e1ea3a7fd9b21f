"""Requests that are tried again where waiting helps, and fail with one sentence where it does not."""

import contextlib
import email.utils
import time
from time import sleep

from ... import __version__

TRIES = 6
TIMEOUT = (20, 60)
# Seconds: of our own waiting, and of what a host may ask for before we give up instead.
LONGEST_PAUSE, LONGEST_ASKED = 60, 600
_DENIED = "the host refuses access: the file is private, or a licence must be accepted there first"
_REASONS = {401: _DENIED, 403: _DENIED, 404: "there is no such file or dataset", 410: "it has been removed"}


class TryAgain(Exception):
    """An attempt failed in a way that may pass; ``pause`` is what the host asked for in seconds, or None."""

    def __init__(self, reason, pause=None):
        super().__init__(reason)
        self.pause = pause


@contextlib.contextmanager
def open_session():
    """Yield a session that says who asks, and asks for files as they are on disk."""
    import requests

    with requests.Session() as session:
        session.headers.update({"User-Agent": f"eegimg/{__version__}", "Accept-Encoding": "identity"})
        yield session


def persist(attempt, what):
    """Call until it returns, at most ``TRIES`` times, with growing pauses or those that the host asks for.

    Raises
    ------
    RuntimeError
        If it never returns, or a pause would be too long.
    """
    import requests

    for number in range(1, TRIES + 1):
        try:
            return attempt()
        except TryAgain as err:
            reason, pause = str(err), err.pause
        except requests.Timeout:
            reason, pause = f"no answer within {TIMEOUT[1]} s", None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            reason, pause = "no connection, or it was dropped", None
        except requests.RequestException as err:
            raise RuntimeError(f"{what} could not be fetched: {err}.") from err
        if pause is not None and pause > LONGEST_ASKED:
            raise RuntimeError(
                f"{what} could not be fetched: {reason}, and the host asks to wait {pause:.0f} s. Fetch "
                "again then; what has arrived is kept."
            )
        if number < TRIES:
            sleep(min(2.0 ** (number - 1), LONGEST_PAUSE) if pause is None else pause)
    raise RuntimeError(
        f"{what} could not be fetched in {TRIES} tries; the last one: {reason}. Look at the connection and "
        "fetch again; what has arrived is kept."
    )


def check_status(response, what):
    """Raise TryAgain where waiting may help (408, 429, 5xx), RuntimeError where it does not (other 4xx)."""
    status = response.status_code
    if status in (408, 429) or status >= 500:
        raise TryAgain(f"the host answers {status}", _asked_pause(response.headers.get("Retry-After")))
    if status >= 400:
        reason = _REASONS.get(status, "the host does not accept the request")
        raise RuntimeError(f"{what} could not be fetched: {reason} (status {status} of {response.url}).")


def _asked_pause(text):
    """Read Retry-After, seconds or a date (RFC 9110, 10.2.3), as seconds from now."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def get_answer(session, url, what, params=None):
    """Return the whole answer to a small request."""

    def attempt():
        response = session.get(url, params=params, timeout=TIMEOUT)
        check_status(response, what)
        return response

    return persist(attempt, what)
