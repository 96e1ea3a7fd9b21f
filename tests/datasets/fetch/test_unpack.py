"""Archives: good ones are unpacked once, and none of the tricks gets a byte out of its folder."""

import io
import json
import stat
import struct
import tarfile
import zipfile

import pytest

import eegimg
from eegimg.datasets._fetch import _space, _unpack
from eegimg.datasets._fetch._unpack import unpack

FILES = {"sub-01/a.npy": b"one" * 100, "readme.txt": b"two"}
GOOD = list(FILES.items())


def make_zip(path, members):
    """Write a zip; a member is bytes, or a ZipInfo and bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def make_tar(path, members, mode="w"):
    """Write a tar of names and bytes, or of ready headers."""
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def contents(folder, leave=()):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in leave
    }


def packed(folder, kind, members=GOOD):
    path = folder / f"data{kind}"
    if kind == ".zip":
        return make_zip(path, members)
    return make_tar(path, members, "w" if kind == ".tar" else "w:gz")


def of_type(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_of_mode(name, mode):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz", ".tgz"])
def test_archives_are_unpacked_beside_themselves_and_stay(tmp_path, kind):
    archive = packed(tmp_path, kind, [("./folder/", b""), *GOOD] if kind == ".zip" else GOOD)
    assert unpack(archive) == sorted(FILES)
    assert contents(tmp_path, leave=[archive.name]) == FILES
    assert archive.is_file()


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", r"leads out of the folder with '\.\.'"),
        ("a/../../evil", "leads out of the folder"),
        ("/evil", "is absolute"),
        ("C:/evil", "has a colon, as drive letters do"),
        ("..\\evil", "has a backslash"),
        (".eegimg_fetch.json", "is a name that eegimg keeps for itself"),
    ],
)
def test_names_that_lead_out_are_refused_and_nothing_is_unpacked(tmp_path, kind, name, reason):
    folder = tmp_path / "inside"
    folder.mkdir()
    archive = packed(folder, kind, [("good", b"1"), (name, b"2")])
    with pytest.raises(
        RuntimeError, match=f"^data{kind} was not unpacked: its member .* {reason}.*Do not trust"
    ):
        unpack(archive)
    assert contents(tmp_path, leave=[archive.name]) == {}
    assert [path.name for path in folder.iterdir()] == [archive.name]


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (of_type("link", tarfile.SYMTYPE, "/etc/passwd"), "is a link"),
        (of_type("link", tarfile.LNKTYPE, "good"), "is a link"),
        (of_type("pipe", tarfile.FIFOTYPE), "is a device"),
        (of_type("disk", tarfile.BLKTYPE), "is a device"),
        (of_type("tty", tarfile.CHRTYPE), "is a device"),
    ],
)
def test_links_and_devices_in_tars_are_refused(tmp_path, info, reason):
    archive = make_tar(tmp_path / "a.tar", [("good", b"1"), (info, b"")])
    with pytest.raises(RuntimeError, match=f"^a.tar was not unpacked: its member '{info.name}' {reason}"):
        unpack(archive)
    assert contents(tmp_path, leave=["a.tar"]) == {}


@pytest.mark.parametrize(
    ("mode", "reason"), [(stat.S_IFLNK | 0o777, "is a link"), (stat.S_IFIFO | 0o600, "is a device")]
)
def test_links_and_devices_in_zips_are_refused(tmp_path, mode, reason):
    archive = make_zip(tmp_path / "a.zip", [("good", b"1"), (zip_of_mode("x", mode), b"/etc/passwd")])
    with pytest.raises(RuntimeError, match=f"a.zip was not unpacked: its member 'x' {reason}"):
        unpack(archive)
    assert contents(tmp_path, leave=["a.zip"]) == {}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", [".zip", ".tar"])
@pytest.mark.parametrize("names", [("a", "a"), ("a/b", "./a//b"), ("a", "a/b"), ("a/b", "a")])
def test_a_name_that_is_there_twice_is_refused(tmp_path, kind, names):
    archive = packed(tmp_path, kind, [(names[0], b"1"), (names[1], b"2")])
    with pytest.raises(
        RuntimeError, match=f"data{kind} was not unpacked: its member .* is (there twice|both a file)"
    ):
        unpack(archive)
    assert contents(tmp_path, leave=[archive.name]) == {}


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_a_bomb_is_refused_by_what_it_declares(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(_unpack, "ALWAYS_FINE", 1000)
    archive = packed(tmp_path, kind, [("small", b"1"), ("bomb", bytes(1_000_000))])
    assert archive.stat().st_size * _unpack.MAX_RATIO < 1_000_000
    with pytest.raises(
        RuntimeError,
        match=f"data{kind} was not unpacked: its member 'bomb' brings the total to 1 MB, of at most",
    ):
        unpack(archive)
    assert contents(tmp_path, leave=[archive.name]) == {}


def test_many_small_bombs_are_refused_together(tmp_path, monkeypatch):
    monkeypatch.setattr(_unpack, "ALWAYS_FINE", 1000)
    monkeypatch.setattr(_unpack, "MAX_RATIO", 1)
    archive = packed(tmp_path, ".zip", [(f"{n}", bytes(900)) for n in range(50)])
    with pytest.raises(RuntimeError, match="brings the total to"):
        unpack(archive)


def test_a_member_that_holds_more_than_it_declares_is_refused(tmp_path):
    archive = make_zip(tmp_path / "a.zip", [("liar", bytes(5000))])
    content = bytearray(archive.read_bytes())
    # The uncompressed size stands at 22 in the header of the member and at 24 in the directory at the end.
    directory = content.index(b"PK\x01\x02")
    for place in (22, directory + 24):
        content[place : place + 4] = struct.pack("<I", 10)
    archive.write_bytes(content)
    with pytest.raises(
        RuntimeError, match="a.zip was not unpacked: (its member 'liar' holds other than|it is damaged)"
    ):
        unpack(archive)
    assert contents(tmp_path, leave=["a.zip"]) == {}


def test_writing_stops_where_a_member_says_that_it_ends(tmp_path):
    member = _unpack._Member(name="a", size=3, is_folder=False, refused="", open=lambda: io.BytesIO(bytes(9)))
    with pytest.raises(RuntimeError, match="its member 'a' holds other than the 3 bytes that it declares"):
        _unpack._write(tmp_path / "x.zip", member, tmp_path / "a")


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_unpack, "MAX_MEMBERS", 1)
    with pytest.raises(RuntimeError, match="is one too many"):
        unpack(packed(tmp_path, ".zip"))


def test_an_encrypted_member_is_refused(tmp_path):
    archive = make_zip(tmp_path / "a.zip", [("secret", b"1")])
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(RuntimeError, match="its member 'secret' is encrypted"):
        unpack(archive)


@pytest.mark.parametrize("kind", [".zip", ".tar.gz", ".tar"])
def test_a_damaged_archive_is_told(tmp_path, kind):
    archive = packed(tmp_path, kind, [("a", bytes(range(256)) * 100)])
    archive.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(RuntimeError, match=f"^data{kind} was not unpacked: it is damaged"):
        unpack(archive)
    assert contents(tmp_path, leave=[archive.name]) == {}


def test_a_flipped_byte_is_told(tmp_path):
    archive = packed(tmp_path, ".zip", [("a", bytes(range(256)))])
    content = bytearray(archive.read_bytes())
    content[60] ^= 255
    archive.write_bytes(content)
    with pytest.raises(RuntimeError, match="data.zip was not unpacked: it is damaged"):
        unpack(archive)


def test_files_of_others_are_left_alone(tmp_path):
    archive = packed(tmp_path, ".zip")
    (tmp_path / "readme.txt").write_bytes(b"mine")
    with pytest.raises(
        RuntimeError, match=r"data.zip was not unpacked: .*readme.txt is there and is another file"
    ):
        unpack(archive)
    assert contents(tmp_path, leave=["data.zip"]) == {"readme.txt": b"mine"}
    (tmp_path / "readme.txt").write_bytes(FILES["readme.txt"])
    unpack(archive)
    assert contents(tmp_path, leave=["data.zip"]) == FILES


def test_links_in_the_folder_are_not_followed(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "sub-01").symlink_to(outside)
    with pytest.raises(RuntimeError, match="its member 'sub-01/a.npy' would be written through a link"):
        unpack(packed(inside, ".zip"))
    assert contents(outside) == {}


def test_room_is_asked_for(tmp_path, monkeypatch):
    archive = packed(tmp_path, ".zip")
    monkeypatch.setattr(_space.shutil, "disk_usage", lambda path: _space.shutil._ntuple_diskusage(9, 9, 10))
    with pytest.raises(RuntimeError, match="^sub-01/a.npy of data.zip needs 300 bytes"):
        unpack(archive)


def test_a_registry_line_decides_and_it_is_done_once(tmp_path, dataset, site, sha256, monkeypatch):
    content = packed(tmp_path, ".zip").read_bytes()
    url = site.put("/data.zip", content)
    root = dataset(f"raw/data.zip {sha256(content)} {url} unpack\nkept.zip {sha256(content)} {url}\n")
    eegimg.fetch_dataset("mine", root, progress=False)
    assert set(contents(root)) == {
        "raw/data.zip",
        "raw/sub-01/a.npy",
        "raw/readme.txt",
        "kept.zip",
        ".eegimg_fetch.json",
    }
    record = json.loads((root / ".eegimg_fetch.json").read_text(encoding="utf-8"))
    assert record["unpacked"] == {"raw/data.zip": {"sha256": sha256(content), "members": sorted(FILES)}}
    (root / "raw" / "readme.txt").unlink()
    eegimg.fetch_dataset("mine", root, progress=False)
    assert (root / "raw" / "readme.txt").read_bytes() == b"two"
    from eegimg.datasets._fetch import _fetch_files

    monkeypatch.setattr(_fetch_files, "unpack", lambda *args, **kwargs: pytest.fail("unpacked again"))
    eegimg.fetch_dataset("mine", root, progress=False)


def test_a_new_version_of_an_archive_replaces_its_own_members(tmp_path, dataset, site, sha256):
    for text in (b"old", b"new"):
        content = packed(tmp_path, ".zip", [("readme.txt", text)]).read_bytes()
        url = site.put("/data.zip", content)
        root = dataset(f"data.zip {sha256(content)} {url} unpack\n")
        eegimg.fetch_dataset("mine", root, progress=False)
        assert (root / "readme.txt").read_bytes() == text
