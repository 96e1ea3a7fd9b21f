"""Files that users place themselves: what they are told, and what is seen in what they placed."""

import json
import zipfile

import pytest

import eegimg


def fetch(root, **kwargs):
    return eegimg.fetch_dataset("mine", root, progress=False, **kwargs)


@pytest.fixture
def place(tmp_path):
    """Return a function that puts a file into the root."""

    def put(name, content):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return put


def zip_bytes(tmp_path):
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", bytes(1000))
    return path.read_bytes()


def test_it_is_said_how_to_get_the_files_and_where_they_go(dataset):
    root = dataset("a.pth size=3135625420 manual\nb.pth - manual optional\n")
    with pytest.raises(FileNotFoundError) as error:
        fetch(root)
    assert str(error.value) == (
        f"{root} lacks 'a.pth'. mine cannot be downloaded by a program. How to get it: Write to the authors. Put "
        f"'a.pth (3.14 GB)' and 'b.pth (if you need it)' into {root} and fetch again, which looks at what is there."
    )
    assert not root.exists()


def test_terms_come_first_and_with_the_instructions(dataset):
    root = dataset("a.pth - manual\n", terms="unstated", licence="none stated")
    with pytest.raises(
        ValueError,
        match="12.5 GB, licence none stated, terms unstated: no licence is stated.*accept_license=True.*Write to the authors. Put 'a.pth' into",
    ):
        fetch(root)
    with pytest.raises(FileNotFoundError, match="lacks 'a.pth'"):
        fetch(root, accept_license=True)


def test_what_was_placed_is_looked_at_and_recorded(dataset, place, sha256, site):
    root = dataset("a.pth size=4 manual\nsub/b.pkl - manual\n")
    place("a.pth", b"1234")
    with pytest.raises(FileNotFoundError, match="lacks 'sub/b.pkl'"):
        fetch(root)
    place("sub/b.pkl", b"56")
    assert fetch(root) == root
    rows = json.loads((root / ".eegimg_fetch.json").read_text(encoding="utf-8"))["files"]
    assert {name: (row["sha256"], row["size"], row["url"], row["hash"]) for name, row in rows.items()} == {
        "a.pth": (sha256(b"1234"), 4, "manual", "recorded"),
        "sub/b.pkl": (sha256(b"56"), 2, "manual", "recorded"),
    }
    assert site.requests == []
    assert fetch(root) == root


def test_one_of_several_optional_files_is_enough(dataset, place):
    root = dataset("a - manual optional\nb - manual optional\n")
    with pytest.raises(FileNotFoundError, match="lacks every one of its files"):
        fetch(root)
    place("b", b"1")
    assert fetch(root) == root


@pytest.mark.parametrize(
    ("second", "content", "sentence"),
    [
        ("-", b"", "a.pth is empty. Get it again"),
        ("size=10", b"123", "a.pth has 3 bytes instead of 10: it is cut. Get it again"),
        ("size=2", b"123", "a.pth has 3 bytes instead of 2: it is another file. Get it again"),
        ("0" * 64, b"123", f"a.pth has the hash sha256:.* instead of sha256:{'0' * 64}"),
        (f"md5:{'0' * 32}", b"123", f"a.pth has the hash md5:.* instead of md5:{'0' * 32}"),
    ],
)
def test_a_wrong_file_is_told(dataset, place, second, content, sentence):
    root = dataset(f"a.pth {second} manual\n")
    place("a.pth", content)
    with pytest.raises(ValueError, match=sentence):
        fetch(root)
    assert not (root / ".eegimg_fetch.json").exists()


@pytest.mark.parametrize("name", ["a.zip", "a.pth"])
def test_a_zip_without_its_end_is_told_also_under_torchs_name(dataset, place, tmp_path, name):
    root = dataset(f"{name} - manual\n")
    whole = zip_bytes(tmp_path)
    place(name, whole[:-30])
    with pytest.raises(ValueError, match=f"{name} is cut or damaged"):
        fetch(root)
    place(name, whole)
    assert fetch(root) == root


def test_a_published_hash_is_recorded_as_such(dataset, place, sha256):
    root = dataset(f"a {sha256(b'123')} manual\n")
    place("a", b"123")
    fetch(root)
    assert (
        json.loads((root / ".eegimg_fetch.json").read_text(encoding="utf-8"))["files"]["a"]["hash"]
        == "published"
    )


def test_a_file_that_changed_since_is_told(dataset, place, sha256):
    root = dataset("a - manual\n")
    place("a", b"123")
    fetch(root)
    place("a", b"124")
    with pytest.raises(
        ValueError, match=f"a has the sha256 {sha256(b'124')} and had {sha256(b'123')} on .*remove its entry"
    ):
        fetch(root)


def test_files_whose_names_nobody_knows_are_all_looked_at(dataset, place):
    root = dataset("# nothing known\n")
    with pytest.raises(
        FileNotFoundError,
        match="lacks every one of its files. mine cannot be downloaded by a program.*Put its files into",
    ):
        fetch(root)
    place("x/y.csv", b"1")
    assert fetch(root) == root
    place("z.csv", b"")
    with pytest.raises(ValueError, match="z.csv is empty"):
        fetch(root)


def test_subjects_of_placed_files(dataset, place):
    root = dataset("S1.mat - manual\nS2.mat - manual\ninfo - manual\n")
    place("S2.mat", b"1")
    place("info", b"1")
    assert fetch(root, subjects="2") == root
    with pytest.raises(FileNotFoundError, match="lacks 'S1.mat'"):
        fetch(root)


def test_some_files_are_fetched_and_some_are_placed(dataset, place, site, sha256):
    root = dataset(f"a {sha256(b'1')} {site.put('/a', b'1')}\nb - manual\n")
    with pytest.raises(FileNotFoundError, match="lacks 'b'"):
        fetch(root)
    assert (root / "a").read_bytes() == b"1"
    place("b", b"2")
    assert fetch(root) == root
    assert len(site.requests) == 1
