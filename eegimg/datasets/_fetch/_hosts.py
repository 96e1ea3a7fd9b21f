"""The files that a tree of a registry stands for, as each host lists them."""

import dataclasses
import re
import urllib.parse
import xml.etree.ElementTree

from ..._checks import listing
from ._http import get_answer
from ._registry import ARCHIVES, wrong_name

# Where each host answers. No host was asked while this was written; the tests play them all.
# OSF: developer.osf.io. figshare: docs.figshare.com. Zenodo: developers.zenodo.org.
# OpenNeuro: a public S3 bucket, ListObjectsV2. Hugging Face: the Hub's API, as huggingface_hub 2.4 calls it.
# NEMAR: its bucket lets nobody list it and names files by their digest; the index and manifests at this
# address are what nemar-py 0.3.3 reads.
HOSTS = {
    "osf": "https://api.osf.io/v2",
    "figshare": "https://api.figshare.com/v2",
    "zenodo": "https://zenodo.org/api",
    "openneuro": "https://s3.amazonaws.com/openneuro.org",
    "nemar": "https://data.nemar.org",
    "hf": "https://huggingface.co",
}
# figshare's largest page.
_PAGE = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file to fetch: ``path`` in the dataset's folder, ``hash`` as pooch writes it, ``size`` in bytes."""

    path: str
    url: str
    size: int | None = None
    hash: str | None = None
    unpack: bool = False


def list_files(entries, session, listings):
    """List the files of all entries that are downloaded.

    Parameters
    ----------
    entries : list of Entry
        Manual ones are left out.
    session : requests.Session
        For trees.
    listings : dict
        Address of a tree to its files, as ``dataclasses.asdict``; those that are there are taken, those that
        are not are asked for and added.

    Returns
    -------
    files : list of RemoteFile
        Trees in the order of their hosts.

    Raises
    ------
    RuntimeError
        If a host cannot be reached, lists nothing, answers in an unknown form, or gives a name that would not
        be a file of the dataset's folder.
    """
    files = []
    for entry in entries:
        if entry.is_tree:
            if entry.url not in listings:
                listings[entry.url] = [dataclasses.asdict(file) for file in _list_tree(entry, session)]
            found = [RemoteFile(**file) for file in listings[entry.url]]
        elif not entry.is_manual:
            found = [RemoteFile(path=entry.file, url=entry.url, size=entry.size, hash=entry.hash)]
        else:
            found = []
        files += [_place(file, entry) for file in found]
    seen = set()
    for file in files:
        if file.path in seen:
            raise RuntimeError(f"{file.path} is listed twice; one of them would overwrite the other.")
        seen.add(file.path)
    return files


def _place(file, entry):
    """Return a file where it goes in the dataset's folder, its name looked at."""
    reason = wrong_name(file.path)
    if reason:
        raise RuntimeError(f"{entry.url} lists {file.path!r}, which {reason}; nothing was fetched.")
    if file.hash and not re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", file.hash):
        raise RuntimeError(f"{entry.url} lists {file.path} with {file.hash!r}, which is no md5 or sha256.")
    path = f"{entry.folder}/{file.path}" if entry.is_tree and entry.folder else file.path
    return dataclasses.replace(file, path=path, unpack=entry.unpack and path.endswith(ARCHIVES))


def _list_tree(entry, session):
    """Ask the host of a tree for its files."""
    host, _, rest = entry.url.partition(":")
    what = f"The list of files of {entry.url}"

    def ask(url, **params):
        # Hosts give the addresses of further pages and folders, and may not send us elsewhere with them.
        if urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(HOSTS[host])[:2]:
            raise ValueError(f"it goes on at {url}")
        return get_answer(session, url, what, params)

    try:
        files = _LISTERS[host](HOSTS[host], rest, ask)
    except (KeyError, TypeError, AttributeError, ValueError, xml.etree.ElementTree.ParseError) as err:
        raise RuntimeError(
            f"{what} came in a form that eegimg does not know ({type(err).__name__}: {err}). The host may "
            "have changed; please tell the developers."
        ) from err
    if not files:
        raise RuntimeError(f"{what} is empty. Look at {HOSTS[host]} whether the dataset has moved.")
    return files


def _pages(ask, url, follow):
    """Yield pages until ``follow`` finds no next address."""
    seen = set()
    while url:
        if url in seen:
            raise ValueError(f"the next page of {url} is itself")
        seen.add(url)
        page = ask(url)
        yield page
        url = follow(page)


def _list_osf(base, rest, ask):
    """Walk OSF's storage folder by folder, from the folder that was asked for."""
    node, _, folder = rest.partition("/")
    wanted = [part for part in folder.split("/") if part]
    files = []

    def walk(url, depth, above):
        pages = list(_pages(ask, url, lambda page: page.json()["links"].get("next")))
        items = [item for page in pages for item in page.json()["data"]]
        names = [item["attributes"]["name"] for item in items]
        if depth < len(wanted):
            if wanted[depth] not in names:
                raise RuntimeError(
                    f"osf:{rest} names the folder {wanted[depth]!r}; there are {listing(names, 20)}."
                )
            items = [item for item in items if item["attributes"]["name"] == wanted[depth]]
        for item in items:
            facts = item["attributes"]
            path = facts["name"] if depth < len(wanted) else f"{above}{facts['name']}"
            if facts["kind"] == "folder":
                below = "" if depth < len(wanted) else f"{path}/"
                walk(item["relationships"]["files"]["links"]["related"]["href"], depth + 1, below)
                continue
            digest = ((facts.get("extra") or {}).get("hashes") or {}).get("sha256")
            files.append(
                RemoteFile(
                    path=path,
                    url=item["links"]["download"],
                    size=facts.get("size"),
                    hash=digest and f"sha256:{digest}",
                )
            )

    walk(f"{base}/nodes/{node}/files/osfstorage/?page[size]=100", 0, "")
    return files


def _list_figshare(base, rest, ask):
    """List the files of the newest version of an article."""
    found = {}
    for page in range(1, 1000):
        items = ask(f"{base}/articles/{rest}/files", page=page, page_size=_PAGE).json()
        new = {item["id"]: item for item in items if item["id"] not in found}
        found.update(new)
        if len(items) < _PAGE or not new:
            break
    return [
        RemoteFile(
            path=item["name"],
            url=item["download_url"],
            size=item["size"],
            hash=f"md5:{item['computed_md5']}" if item.get("computed_md5") else None,
        )
        for item in found.values()
    ]


def _list_zenodo(base, rest, ask):
    """List the files of a record, which holds them all."""
    return [
        RemoteFile(path=item["key"], url=item["links"]["self"], size=item["size"], hash=item.get("checksum"))
        for item in ask(f"{base}/records/{rest}").json()["files"]
    ]


def _list_openneuro(base, rest, ask):
    """List the objects of the bucket under a dataset, a thousand at a time."""
    files, token = [], None
    while True:
        more = {"continuation-token": token} if token else {}
        answer = ask(base, **{"list-type": "2", "prefix": f"{rest}/", **more})
        root = xml.etree.ElementTree.fromstring(answer.content)
        space = root.tag.rpartition("}")[0] + "}" if "}" in root.tag else ""
        for item in root.findall(f"{space}Contents"):
            key = item.findtext(f"{space}Key")
            if key.endswith("/"):
                continue
            # The ETag of an object that was uploaded in several parts has a dash and is no MD5 of the object.
            etag = (item.findtext(f"{space}ETag") or "").strip('"')
            files.append(
                RemoteFile(
                    path=key.removeprefix(f"{rest}/"),
                    url=f"{base}/{urllib.parse.quote(key)}",
                    size=int(item.findtext(f"{space}Size")),
                    hash=f"md5:{etag}" if re.fullmatch(r"[0-9a-f]{32}", etag) else None,
                )
            )
        before, token = token, root.findtext(f"{space}NextContinuationToken")
        if root.findtext(f"{space}IsTruncated") != "true":
            return files
        if token in (None, before):
            raise ValueError("a list that is cut has no new continuation token")


def _list_nemar(base, rest, ask):
    """List the files of a version's manifest, the latest one where none is named."""
    name, _, version = rest.partition("@")
    home = f"{base}/{name}/"
    index = ask(home).json()
    addresses = {item["version"]: item["manifest_url"] for item in index["versions"]}
    version = version or index["latest"]
    if version not in addresses:
        raise RuntimeError(f"nemar:{rest} asks for version {version!r}; there are {listing(addresses, 20)}.")
    manifest = urllib.parse.urljoin(home, addresses[version])
    return [
        RemoteFile(
            path=item["path"],
            url=urllib.parse.urljoin(manifest, item["url"]),
            size=item["size"],
            # Small files are in git and have git's digest, which is not that of the bytes alone.
            hash=f"{item['checksum_algorithm']}:{item['checksum']}"
            if item.get("checksum_algorithm") in ("sha256", "md5")
            else None,
        )
        for item in ask(manifest).json()["files"]
    ]


def _list_hf(base, rest, ask):
    """List a dataset's repository at a revision."""
    name, _, revision = rest.partition("@")
    revision = urllib.parse.quote(revision or "main", safe="")
    url = f"{base}/api/datasets/{name}/tree/{revision}?recursive=true"
    pages = _pages(ask, url, lambda page: page.links.get("next", {}).get("url"))
    return [
        RemoteFile(
            path=item["path"],
            url=f"{base}/datasets/{name}/resolve/{revision}/{urllib.parse.quote(item['path'])}",
            size=item["size"],
            hash=f"sha256:{item['lfs']['oid']}" if item.get("lfs") else None,
        )
        for page in pages
        for item in page.json()
        if item["type"] == "file"
    ]


_LISTERS = {
    "osf": _list_osf,
    "figshare": _list_figshare,
    "zenodo": _list_zenodo,
    "openneuro": _list_openneuro,
    "nemar": _list_nemar,
    "hf": _list_hf,
}
