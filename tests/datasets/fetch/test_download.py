"""Downloads that are cut, refused, changed or wrong: nothing half is ever taken for whole."""

import email.utils
import errno
import json
import time

import pytest

import eegimg
from eegimg.datasets._fetch import _download, _http, _space

CONTENT = bytes(range(256)) * 1600


def fetch(root, **kwargs):
    return eegimg.fetch_dataset("mine", root, progress=False, **kwargs)


def record_of(root):
    return json.loads((root / ".eegimg_fetch.json").read_text(encoding="utf-8"))


@pytest.fixture
def root(dataset, site, sha256):
    """Return the root of a dataset of one file whose hash is published."""
    return dataset(f"a/b.bin {sha256(CONTENT)} {site.put('/b.bin', CONTENT)}\n")


@pytest.fixture
def unhashed(dataset, site):
    """Return the root of a dataset of one file without a published hash."""
    return dataset(f"b.bin - {site.put('/b.bin', CONTENT)}\n")


def names_in(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_file_arrives_and_is_not_fetched_again(root, site, sha256):
    assert fetch(root) == root
    assert (root / "a" / "b.bin").read_bytes() == CONTENT
    assert names_in(root) == [".eegimg_fetch.json", "a/b.bin"]
    row = record_of(root)["files"]["a/b.bin"]
    assert row["sha256"] == sha256(CONTENT)
    assert row["size"] == len(CONTENT)
    assert row["url"].endswith("/b.bin")
    assert row["hash"] == "published"
    fetch(root)
    assert len(site.requests) == 1


def test_a_dropped_connection_is_gone_on_with(root, site, naps):
    site.pages["/b.bin"].faults = [("drop", 100_000), ("drop", 70_000)]
    fetch(root)
    assert (root / "a" / "b.bin").read_bytes() == CONTENT
    assert [asked.get("Range") for asked in site.asked("/b.bin")] == [None, "bytes=65536-", "bytes=131072-"]
    assert [asked.get("If-Range") for asked in site.asked("/b.bin")] == [None, '"one"', '"one"']
    assert naps == [1.0, 2.0]


def test_what_arrived_is_gone_on_with_by_a_later_call(root, site):
    site.pages["/b.bin"].faults = [("drop", 100_000)] + [("status", 503)] * 5
    with pytest.raises(
        RuntimeError, match=r"could not be fetched in 6 tries; the last one: the host answers 503"
    ):
        fetch(root)
    assert names_in(root) == ["a/b.bin.part", "a/b.bin.part.json"]
    fetch(root)
    assert site.asked("/b.bin")[-1]["Range"] == "bytes=65536-"
    assert (root / "a" / "b.bin").read_bytes() == CONTENT
    assert names_in(root) == [".eegimg_fetch.json", "a/b.bin"]


def test_a_host_that_ignores_ranges_is_taken_from_the_start(root, site):
    page = site.pages["/b.bin"]
    page.faults, page.ranges = [("drop", 100_000)], False
    fetch(root)
    assert site.asked("/b.bin")[1]["Range"] == "bytes=65536-"
    assert (root / "a" / "b.bin").read_bytes() == CONTENT


def test_a_file_that_changed_in_between_is_taken_from_the_start(unhashed, site):
    other = b"z" * 5000
    site.pages["/b.bin"].faults = [("drop", 100_000), ("change", other, '"two"')]
    fetch(unhashed)
    assert (unhashed / "b.bin").read_bytes() == other


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_validator_nothing_is_gone_on_with(root, site, etag):
    page = site.pages["/b.bin"]
    page.etag, page.faults = etag, [("drop", 100_000)]
    fetch(root)
    assert [asked.get("Range") for asked in site.asked("/b.bin")] == [None, None]
    assert (root / "a" / "b.bin").read_bytes() == CONTENT


def test_a_file_that_became_shorter_is_taken_from_the_start(unhashed, site):
    page = site.pages["/b.bin"]
    page.faults = [("drop", 100_000), ("change", b"short", '"one"')]
    fetch(unhashed)
    assert (unhashed / "b.bin").read_bytes() == b"short"


def test_a_whole_part_needs_no_request(root, site):
    (root / "a").mkdir(parents=True)
    notes = {"url": f"{site.address}/b.bin", "validator": '"one"', "total": len(CONTENT)}
    (root / "a" / "b.bin.part").write_bytes(CONTENT)
    (root / "a" / "b.bin.part.json").write_text(json.dumps(notes), encoding="utf-8")
    fetch(root)
    assert site.requests == []
    assert names_in(root) == [".eegimg_fetch.json", "a/b.bin"]


def test_a_part_of_somebody_else_is_worth_nothing(root, site):
    (root / "a").mkdir(parents=True)
    (root / "a" / "b.bin.part").write_bytes(b"other bytes")
    fetch(root)
    assert "Range" not in site.asked("/b.bin")[0]
    assert (root / "a" / "b.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (404, r"b.bin could not be fetched: there is no such file or dataset \(status 404 of http://127"),
        (403, "b.bin could not be fetched: the host refuses access: the file is private"),
        (401, "b.bin could not be fetched: the host refuses access"),
        (418, "b.bin could not be fetched: the host does not accept the request"),
    ],
)
def test_a_refusal_fails_at_once(root, site, naps, status, sentence):
    site.pages["/b.bin"].faults = [("status", status)]
    with pytest.raises(RuntimeError, match=sentence):
        fetch(root)
    assert len(site.requests) == 1
    assert naps == []
    assert not (root / ".eegimg_fetch.json").exists()


def test_a_busy_host_is_asked_again_when_it_says(root, site, naps):
    site.pages["/b.bin"].faults = [("status", 429, {"Retry-After": "7"}), ("status", 500)]
    fetch(root)
    assert naps == [7.0, 2.0]
    assert (root / "a" / "b.bin").read_bytes() == CONTENT


def test_a_date_to_come_again_is_understood(root, site, naps):
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    site.pages["/b.bin"].faults = [
        ("status", 503, {"Retry-After": date}),
        ("status", 503, {"Retry-After": "soon"}),
    ]
    fetch(root)
    assert 90 < naps[0] <= 100
    assert naps[1] == 2.0


def test_a_host_that_asks_for_hours_is_told(root, site, naps):
    site.pages["/b.bin"].faults = [("status", 429, {"Retry-After": "7200"})]
    with pytest.raises(
        RuntimeError, match="the host answers 429, and the host asks to wait 7200 s. Fetch again then"
    ):
        fetch(root)
    assert naps == []


def test_tries_come_to_an_end(root, site, naps):
    site.pages["/b.bin"].faults = [("status", 502)] * 50
    with pytest.raises(RuntimeError, match="could not be fetched in 6 tries"):
        fetch(root)
    assert len(site.requests) == _http.TRIES
    assert naps == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_no_connection_is_one_sentence(dataset):
    root = dataset("a - http://127.0.0.1:9/a\n")
    with pytest.raises(
        RuntimeError,
        match=r"^a from http://127.0.0.1:9/a could not be fetched in 6 tries; the last one: no connection",
    ):
        fetch(root)


def test_a_wrong_hash_leaves_no_file_and_both_hashes_are_said(dataset, site, sha256):
    root = dataset(f"a {'0' * 64} {site.put('/a', b'wrong')}\n")
    with pytest.raises(
        RuntimeError, match=f"is not the file that was published.*{'0' * 64}.*{sha256(b'wrong')}"
    ):
        fetch(root)
    assert names_in(root) == []


def test_a_file_that_was_spoiled_is_fetched_again(root):
    fetch(root)
    (root / "a" / "b.bin").write_bytes(CONTENT[:-1] + b"!")
    fetch(root)
    assert (root / "a" / "b.bin").read_bytes() == CONTENT


def test_without_a_published_hash_the_first_one_is_held_to(unhashed, site, sha256, capsys):
    eegimg.fetch_dataset("mine", unhashed)
    assert "give no hash for 1 of these files; their sha256 was recorded" in capsys.readouterr().err
    row = record_of(unhashed)["files"]["b.bin"]
    assert (row["sha256"], row["hash"]) == (sha256(CONTENT), "recorded")
    fetch(unhashed)
    assert len(site.requests) == 1
    (unhashed / "b.bin").unlink()
    site.pages["/b.bin"].content = b"other"
    with pytest.raises(
        RuntimeError, match=f"{sha256(CONTENT)}.*{sha256(b'other')}.*remove its entry from .eegimg_fetch.json"
    ):
        fetch(unhashed)
    assert names_in(unhashed) == [".eegimg_fetch.json"]


def test_a_file_that_nothing_vouches_for_is_fetched(unhashed):
    unhashed.mkdir()
    (unhashed / "b.bin").write_bytes(CONTENT[:1000])
    fetch(unhashed)
    assert (unhashed / "b.bin").read_bytes() == CONTENT


def test_a_file_that_nothing_vouches_for_stays_until_a_better_one_is_there(unhashed, site):
    unhashed.mkdir()
    (unhashed / "b.bin").write_bytes(b"mine")
    site.pages["/b.bin"].faults = [("status", 404)]
    with pytest.raises(RuntimeError, match="no such file"):
        fetch(unhashed)
    assert (unhashed / "b.bin").read_bytes() == b"mine"


def test_neither_length_nor_hash_is_refused(unhashed, site):
    site.pages["/b.bin"].length = False
    with pytest.raises(
        RuntimeError, match="b.bin from .* was not fetched: it has neither a length nor a published hash"
    ):
        fetch(unhashed)
    assert not (unhashed / "b.bin").exists()


def test_a_hash_stands_in_for_a_length(root, site):
    site.pages["/b.bin"].length = False
    fetch(root)
    assert (root / "a" / "b.bin").read_bytes() == CONTENT


def test_a_web_page_is_not_taken_for_a_file(unhashed, site):
    site.pages["/b.bin"].headers = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(
        RuntimeError, match="b.bin was not fetched: http.* answers with a web page in its place"
    ):
        fetch(unhashed)
    assert not (unhashed / "b.bin").exists()


def test_an_address_that_is_signed_anew_is_gone_on_with(dataset, site, sha256):
    line = f"b.bin {sha256(CONTENT)} {{}}\n"
    root = dataset(line.format(site.put("/b.bin?key=1", CONTENT)))
    site.pages["/b.bin?key=1"].faults = [("drop", 100_000), ("status", 403)]
    with pytest.raises(RuntimeError, match="refuses access"):
        fetch(root)
    fetch(dataset(line.format(site.put("/b.bin?key=2", CONTENT))))
    assert site.asked("/b.bin?key=2")[0]["Range"] == "bytes=65536-"
    assert (root / "b.bin").read_bytes() == CONTENT


def test_another_size_than_the_published_one_is_refused(dataset, site):
    root = dataset(f"a size=10 {site.put('/a', b'12345')}\n")
    with pytest.raises(
        RuntimeError, match="a should have 10 bytes; http.* has 5. It is not the file that was listed"
    ):
        fetch(root)
    assert names_in(root) == []


def test_a_full_disk_keeps_the_part(root, site, monkeypatch):
    real = _download._Resuming._count

    def full(self, n_bytes):
        real(self, n_bytes)
        if n_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_download._Resuming, "_count", full)
    monkeypatch.setattr(_download, "_CHUNK", 1024)
    with pytest.raises(
        RuntimeError,
        match="^The disk is full: b.bin could not be written to the end. What has arrived is kept",
    ):
        fetch(root)
    assert (root / "a" / "b.bin.part").stat().st_size == 1024
    monkeypatch.undo()


def test_room_is_asked_for_before_anything_is_downloaded(dataset, site, monkeypatch):
    root = dataset(f"a size=5000000000 {site.put('/a', b'12345')}\n")
    monkeypatch.setattr(
        _space.shutil, "disk_usage", lambda path: _space.shutil._ntuple_diskusage(9, 9, 1_000_000)
    )
    with pytest.raises(
        RuntimeError, match=r"^mine needs 5 GB; .*root has 1 MB free. Make room, or give another root.$"
    ):
        fetch(root)
    assert site.requests == []
    assert not root.exists()


def test_a_link_on_the_way_out_is_not_followed(root, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    root.mkdir()
    (root / "a").symlink_to(outside)
    with pytest.raises(RuntimeError, match="would lie outside"):
        fetch(root)
    assert names_in(outside) == []


def test_a_known_size_tells_half_a_file_where_the_host_gives_no_length(dataset, site, naps):
    url = site.put("/b.bin", CONTENT, length=False, faults=[("drop", 100_000)])
    root = dataset(f"b.bin size={len(CONTENT)} {url}\n")
    fetch(root)
    assert (root / "b.bin").read_bytes() == CONTENT
    assert len(site.requests) == 2
    assert naps == [1.0]
