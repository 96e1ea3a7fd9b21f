"""How each host lists files: pages, digests, names that lead elsewhere, and answers of another form."""

import hashlib
import json

import pytest

import eegimg
from eegimg.datasets._fetch import _hosts, _http
from eegimg.datasets._fetch._registry import read_registry

A, B, C = b"first", b"second file", b"third"


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def list_mine(listings=None):
    with _http.open_session() as session:
        return _hosts.list_files(read_registry("mine"), session, {} if listings is None else listings)


def rows(files):
    return [(file.path, file.size, file.hash) for file in files]


def osf_item(site, name, content=None, sha256=None, below=None):
    facts = {"name": name, "kind": "file" if below is None else "folder", "size": content and len(content)}
    if sha256:
        facts["extra"] = {"hashes": {"sha256": sha256, "md5": "x"}}
    links = {"download": site.put(f"/download/{name}", content)} if content else {}
    relations = {"files": {"links": {"related": {"href": f"{site.address}{below}"}}}} if below else {}
    return {"attributes": facts, "links": links, "relationships": relations}


def osf_page(site, path, items, following=None):
    address = following and f"{site.address}{following}"
    site.put(path, json.dumps({"data": items, "links": {"next": address}}))


@pytest.fixture
def osf(hosts, sha256):
    """Play OSF: a root in two pages, a folder, and a folder in it."""
    top = "/osf/nodes/3jk45/files/osfstorage/"
    first = f"{top}?page[size]=100"
    osf_page(hosts, first, [osf_item(hosts, "a.txt", A, sha256(A))], f"{top}?page=2")
    osf_page(hosts, f"{top}?page=2", [osf_item(hosts, "raw", below=f"{top}raw/")])
    deep = osf_item(hosts, "sub-01", below=f"{top}deep/")
    osf_page(hosts, f"{top}raw/", [osf_item(hosts, "b.txt", B, sha256(B)), deep])
    osf_page(hosts, f"{top}deep/", [osf_item(hosts, "c.txt", C)])
    return hosts


def test_osf_is_walked_page_by_page_and_folder_by_folder(osf, dataset, sha256):
    dataset("* - osf:3jk45\n")
    assert rows(list_mine()) == [
        ("a.txt", 5, f"sha256:{sha256(A)}"),
        ("raw/b.txt", 11, f"sha256:{sha256(B)}"),
        ("raw/sub-01/c.txt", 5, None),
    ]


def test_one_folder_of_osf_is_taken_without_the_rest(osf, dataset):
    dataset("images/* - osf:3jk45/raw\n")
    assert [file.path for file in list_mine()] == ["images/b.txt", "images/sub-01/c.txt"]
    dataset("* - osf:3jk45/raw/sub-01\n")
    assert [file.path for file in list_mine()] == ["c.txt"]
    dataset("* - osf:3jk45/rew\n")
    with pytest.raises(
        RuntimeError, match="osf:3jk45/rew names the folder 'rew'; there are 'a.txt' and 'raw'"
    ):
        list_mine()


def test_a_tree_is_downloaded_and_known_without_network_afterwards(osf, dataset, sha256):
    root = dataset("* - osf:3jk45\n")
    eegimg.fetch_dataset("mine", root, progress=False)
    assert (root / "raw" / "sub-01" / "c.txt").read_bytes() == C
    record = json.loads((root / ".eegimg_fetch.json").read_text(encoding="utf-8"))
    assert {name: row["hash"] for name, row in record["files"].items()} == {
        "a.txt": "published",
        "raw/b.txt": "published",
        "raw/sub-01/c.txt": "recorded",
    }
    osf.pages.clear()
    assert eegimg.fetch_dataset("mine", root, progress=False) == root
    (root / "a.txt").unlink()
    with pytest.raises(
        RuntimeError, match="The list of files of osf:3jk45 could not be fetched: there is no such"
    ):
        eegimg.fetch_dataset("mine", root, progress=False)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "leads out of the folder"),
        ("/etc/passwd", "is absolute"),
        ("a\\\\b", "has a backslash"),
        ("C:evil", "has a colon"),
        (".eegimg_fetch.json", "is a name that eegimg keeps"),
    ],
)
def test_names_that_lead_elsewhere_stop_everything(hosts, dataset, name, reason):
    root = dataset("* - figshare:18470912\n")
    item = {"id": 1, "name": name.replace("\\\\", "\\"), "size": 5, "download_url": hosts.put("/f", A)}
    hosts.put("/figshare/articles/18470912/files?page=1&page_size=1000", json.dumps([item]))
    with pytest.raises(
        RuntimeError, match=f"figshare:18470912 lists .*, which {reason}.*; nothing was fetched"
    ):
        eegimg.fetch_dataset("mine", root, progress=False)
    assert not root.exists()


def test_figshare_is_asked_until_a_page_is_not_full(hosts, dataset, monkeypatch):
    monkeypatch.setattr(_hosts, "_PAGE", 2)
    dataset("* - figshare:7\n")
    items = [
        {
            "id": n,
            "name": f"{n}.bin",
            "size": n,
            "download_url": f"{hosts.address}/{n}",
            "computed_md5": digest,
        }
        for n, digest in ((1, "a" * 32), (2, ""), (3, "c" * 32))
    ]
    hosts.put("/figshare/articles/7/files?page=1&page_size=2", json.dumps(items[:2]))
    hosts.put("/figshare/articles/7/files?page=2&page_size=2", json.dumps(items[2:]))
    assert rows(list_mine()) == [
        ("1.bin", 1, f"md5:{'a' * 32}"),
        ("2.bin", 2, None),
        ("3.bin", 3, f"md5:{'c' * 32}"),
    ]


def test_figshare_that_knows_no_pages_is_asked_once_more_at_most(hosts, dataset, monkeypatch):
    monkeypatch.setattr(_hosts, "_PAGE", 1)
    dataset("* - figshare:7\n")
    page = json.dumps(
        [{"id": 1, "name": "a", "size": 5, "download_url": "http://x.org/a", "computed_md5": "a" * 32}]
    )
    for number in (1, 2):
        hosts.put(f"/figshare/articles/7/files?page={number}&page_size=1", page)
    assert [file.path for file in list_mine()] == ["a"]


def bucket(items, token=None):
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    contents = "".join(
        f"<Contents><Key>{key}</Key><ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size></Contents>"
        for key, etag, size in items
    )
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>{'true' if token else 'false'}</IsTruncated>{contents}{more}</ListBucketResult>"
    )


def test_openneuro_is_listed_with_continuation(hosts, dataset):
    root = dataset("* - openneuro:ds003825\n")
    query = "/openneuro?list-type=2&prefix=ds003825/"
    first = [("ds003825/", "x", 0), ("ds003825/a b.tsv", md5(A), len(A))]
    hosts.put(query, bucket(first, "to ken=="))
    hosts.put(f"{query}&continuation-token=to+ken==", bucket([("ds003825/sub-01/c.eeg", "abc-3", len(C))]))
    assert rows(list_mine()) == [("a b.tsv", 5, f"md5:{md5(A)}"), ("sub-01/c.eeg", 5, None)]
    hosts.put("/openneuro/ds003825/a b.tsv", A)
    hosts.put("/openneuro/ds003825/sub-01/c.eeg", C)
    eegimg.fetch_dataset("mine", root, progress=False)
    assert (root / "a b.tsv").read_bytes() == A
    assert (root / "sub-01" / "c.eeg").read_bytes() == C


@pytest.mark.parametrize("token", [None, "same"])
def test_a_bucket_that_never_ends_is_told(hosts, dataset, token):
    dataset("* - openneuro:ds1\n")
    query = "/openneuro?list-type=2&prefix=ds1/"
    endless = bucket([("ds1/a", "x", 1)], "same")
    if token is None:
        endless = endless.replace("<NextContinuationToken>same</NextContinuationToken>", "")
    hosts.put(query, endless)
    hosts.put(f"{query}&continuation-token=same", endless)
    with pytest.raises(RuntimeError, match="a form that eegimg does not know .*no new continuation token"):
        list_mine()


def test_nemar_is_read_from_its_manifest(hosts, dataset, sha256):
    root = dataset("* - nemar:nm000232\n")
    versions = [{"version": "v1.0.0", "manifest_url": "v1.0.0/manifest.json"}]
    hosts.put("/nemar/nm000232/", json.dumps({"latest": "v1.0.0", "versions": versions}))
    files = [
        {
            "path": "sub-01/a.set",
            "size": 5,
            "url": hosts.put("/s3/key", A),
            "checksum_algorithm": "sha256",
            "checksum": sha256(A),
        },
        {
            "path": "README",
            "size": 11,
            "url": hosts.put("/git/README", B),
            "checksum_algorithm": "git",
            "checksum": "1" * 40,
        },
    ]
    hosts.put("/nemar/nm000232/v1.0.0/manifest.json", json.dumps({"files": files}))
    assert rows(list_mine()) == [("sub-01/a.set", 5, f"sha256:{sha256(A)}"), ("README", 11, None)]
    eegimg.fetch_dataset("mine", root, progress=False)
    assert (root / "README").read_bytes() == B
    dataset("* - nemar:nm000232@v2.0.0\n")
    with pytest.raises(RuntimeError, match="asks for version 'v2.0.0'; there are 'v1.0.0'"):
        list_mine()


def test_hugging_face_is_listed_over_pages_at_a_revision(hosts, dataset, sha256):
    root = dataset("* - hf:owner/set@refs/pr/1\n")
    tree = "/hf/api/datasets/owner/set/tree/refs/pr/1"
    first = [
        {"type": "directory", "path": "data", "size": 0, "oid": "1"},
        {"type": "file", "path": "data/a b.bin", "size": 5, "oid": "2", "lfs": {"oid": sha256(A), "size": 5}},
    ]
    following = f'<{hosts.address}{tree}?cursor=x>; rel="next"'
    hosts.put(f"{tree}?recursive=true", json.dumps(first), headers={"Link": following})
    hosts.put(f"{tree}?cursor=x", json.dumps([{"type": "file", "path": "README.md", "size": 11, "oid": "3"}]))
    assert rows(list_mine()) == [("data/a b.bin", 5, f"sha256:{sha256(A)}"), ("README.md", 11, None)]
    hosts.put("/hf/datasets/owner/set/resolve/refs/pr/1/data/a b.bin", A)
    hosts.put("/hf/datasets/owner/set/resolve/refs/pr/1/README.md", B)
    eegimg.fetch_dataset("mine", root, progress=False)
    assert (root / "data" / "a b.bin").read_bytes() == A


def test_zenodo_is_listed(hosts, dataset):
    dataset("* - zenodo:123\n")
    file = {
        "key": "a.zip",
        "size": 5,
        "checksum": f"md5:{md5(A)}",
        "links": {"self": f"{hosts.address}/a.zip"},
    }
    hosts.put("/zenodo/records/123", json.dumps({"files": [file]}))
    assert rows(list_mine()) == [("a.zip", 5, f"md5:{md5(A)}")]


@pytest.mark.parametrize(
    "answer", ["<html>Sorry</html>", "{}", "[]", '{"data": [{}], "links": {}}', '{"data": 3, "links": {}}']
)
def test_an_answer_of_another_form_is_told(hosts, dataset, answer):
    dataset("* - osf:3jk45\n")
    hosts.put("/osf/nodes/3jk45/files/osfstorage/?page[size]=100", answer)
    with pytest.raises(
        RuntimeError, match="The list of files of osf:3jk45 came in a form that eegimg does not know"
    ):
        list_mine()


def test_an_empty_list_is_told(hosts, dataset):
    dataset("* - zenodo:123\n")
    hosts.put("/zenodo/records/123", json.dumps({"files": []}))
    with pytest.raises(RuntimeError, match="The list of files of zenodo:123 is empty"):
        list_mine()


@pytest.mark.parametrize("following", ["http://elsewhere.org/osf", "self"])
def test_lists_do_not_lead_to_other_hosts_or_in_circles(hosts, dataset, following):
    dataset("* - osf:3jk45\n")
    path = "/osf/nodes/3jk45/files/osfstorage/?page[size]=100"
    address = f"{hosts.address}{path}" if following == "self" else following
    hosts.put(path, json.dumps({"data": [], "links": {"next": address}}))
    with pytest.raises(RuntimeError, match="a form that eegimg does not know .*(it goes on at|is itself)"):
        list_mine()
    assert len(hosts.requests) == 1


def test_a_host_that_is_busy_is_asked_for_its_list_again(osf, dataset, naps):
    dataset("* - osf:3jk45\n")
    osf.pages["/osf/nodes/3jk45/files/osfstorage/?page[size]=100"].faults = [
        ("status", 429, {"Retry-After": "3"})
    ]
    assert len(list_mine()) == 3
    assert naps == [3.0]


def test_a_digest_of_another_kind_is_told(hosts, dataset):
    dataset("* - zenodo:1\n")
    file = {"key": "a", "size": 5, "checksum": "crc:12", "links": {"self": "http://x.org/a"}}
    hosts.put("/zenodo/records/1", json.dumps({"files": [file]}))
    with pytest.raises(RuntimeError, match="zenodo:1 lists a with 'crc:12', which is no md5 or sha256"):
        list_mine()


def test_two_trees_with_one_name_are_refused(hosts, dataset):
    dataset("* - zenodo:1\n* - zenodo:2\n")
    file = {"key": "a", "size": 5, "links": {"self": "http://x.org/a"}}
    for number in (1, 2):
        hosts.put(f"/zenodo/records/{number}", json.dumps({"files": [file]}))
    with pytest.raises(RuntimeError, match="a is listed twice; one of them would overwrite the other"):
        list_mine()
