"""A host on this machine that misbehaves on demand, and a dataset whose files are there."""

import dataclasses
import hashlib
import http.server
import threading
import urllib.parse

import pytest

from eegimg.datasets import _descriptor
from eegimg.datasets._fetch import _hosts, _http, _registry

FACTS = """
name = "mine"
title = "A small dataset"
n_subjects = 2
n_channels = 4
sfreq = 100.0
n_images = 4
n_concepts = 2
n_trials = 8
design = "rapid-event"
licence = "{licence}"
terms = "{terms}"
size_gb = 12.5
access = "Write to the authors"
doi = "10.1/x"
layout = "things_eeg2"
caveats = ["Made for tests."]
"""


@dataclasses.dataclass
class Page:
    """What the host has at a path; each fault is used up by one request."""

    content: bytes
    etag: str | None = '"one"'
    headers: dict = dataclasses.field(default_factory=dict)
    ranges: bool = True
    length: bool = True
    faults: list = dataclasses.field(default_factory=list)


class Site:
    """A host: its pages, and the requests that it was sent."""

    def __init__(self, address):
        self.address, self.pages, self.requests = address, {}, []

    def put(self, path, content, **kwargs):
        """Put a page at a path with its query, and return its address."""
        self.pages[path] = Page(content.encode() if isinstance(content, str) else content, **kwargs)
        return f"{self.address}{path}"

    def asked(self, path):
        """Return the headers of each request for a path."""
        return [headers for asked, headers in self.requests if asked == path]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with pages, ranges and faults."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        site = self.server.site
        path = urllib.parse.unquote(self.path)
        site.requests.append((path, dict(self.headers)))
        page = site.pages.get(path)
        if page is None:
            return self.answer(404, b"")
        fault = page.faults.pop(0) if page.faults else ()
        match fault:
            case ("status", code, *headers):
                return self.answer(code, b"no", dict(*headers))
            case ("change", content, etag):
                page.content, page.etag = content, etag
        content, code, extra = page.content, 200, dict(page.headers)
        if page.etag:
            extra["ETag"] = page.etag
        asked = self.headers.get("Range")
        if asked and page.ranges and self.headers.get("If-Range") == page.etag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return self.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            extra["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            content, code = content[start:], 206
        drop = fault[1] if fault and fault[0] == "drop" else None
        return self.answer(code, content, extra, drop, page.length)

    def answer(self, code, content, headers=(), drop=None, length=True):
        self.send_response(code)
        for key, value in dict(headers).items():
            self.send_header(key, value)
        if length:
            self.send_header("Content-Length", str(len(content)))
        if drop is not None or not length:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(content if drop is None else content[:drop])


@pytest.fixture
def site():
    """Return a host that runs while the test does."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None  # clients hang up in some tests
    server.site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    """Return the pauses that were made, in seconds; nobody sleeps."""
    pauses = []
    monkeypatch.setattr(_http, "sleep", pauses.append)
    return pauses


@pytest.fixture
def hosts(monkeypatch, site):
    """Point every host's address at the one on this machine."""
    for name in _hosts.HOSTS:
        monkeypatch.setitem(_hosts.HOSTS, name, f"{site.address}/{name}")
    return site


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """Return a function that makes the dataset 'mine' with a registry, and returns its root."""
    descriptors = tmp_path / "descriptors"
    for module in (_descriptor, _registry):
        monkeypatch.setattr(module, "descriptors_root", lambda: descriptors)

    def make(registry, terms="open", licence="CC0-1.0"):
        folder = descriptors / "mine"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dataset.toml").write_text(FACTS.format(terms=terms, licence=licence), encoding="utf-8")
        (folder / "registry.txt").write_text(registry, encoding="utf-8")
        return tmp_path / "root"

    return make


@pytest.fixture
def sha256():
    """Return the function from bytes to their digest."""
    return lambda content: hashlib.sha256(content).hexdigest()
