"""The grammar of registry.txt, and that every registry of the repository keeps to it."""

import pytest

from eegimg.datasets import list_datasets
from eegimg.datasets._fetch._registry import read_registry, wrong_name

DIGEST = "a" * 64


@pytest.mark.parametrize("name", list_datasets())
def test_every_registry_of_the_repository_is_read(name):
    for entry in read_registry(name):
        assert entry.is_tree or entry.is_manual or entry.url.startswith("http")


def test_fields_are_read(dataset):
    dataset(
        f"# comment\n\nraw/a.zip {DIGEST.upper()} https://x.org/a.zip unpack\n"
        f'"b c.txt" md5:{"b" * 32} http://x.org/b\nd size=12 manual optional\ne - manual\n'
        "* - osf:3jk45/raw\nimages/* - hf:owner/set@v1 unpack\n* - openneuro:ds003825\n"
    )
    a, b, d, e, f, g, h = read_registry("mine")
    assert (a.file, a.hash, a.unpack, a.is_tree) == ("raw/a.zip", f"sha256:{DIGEST}", True, False)
    assert (b.file, b.hash, b.size) == ("b c.txt", f"md5:{'b' * 32}", None)
    assert (d.size, d.is_manual, d.optional) == (12, True, True)
    assert (e.hash, e.size, e.optional) == (None, None, False)
    assert (f.is_tree, f.folder, f.unpack) == (True, "", False)
    assert (g.is_tree, g.folder, g.unpack) == (True, "images", True)
    assert h.url == "openneuro:ds003825"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.txt https://x.org/a", "'file sha256 url' and at most a fourth word, not 2 fields"),
        ("a - https://x.org/a unpack more", "at most a fourth word, not 5 fields"),
        ("a 123 https://x.org/a", "64 hexadecimal digits, .* as 2nd field"),
        ("a size=0 manual", "64 hexadecimal digits, .* as 2nd field"),
        ("a - ftp://x.org/a", "an https address, 'manual', or 'osf:...', .* as 3rd field"),
        ("a - https://x.org", "an https address, .* as 3rd field"),
        ("* - openneuro:3825", r"'openneuro:' followed by ds\\d\+ as 3rd field"),
        ("* - hf:owner", "'hf:' followed by"),
        ("a - osf:3jk45", r"'\*' or 'folder/\*' for a tree, and a name for one file, as 1st field"),
        ("* - https://x.org/a", r"'\*' or 'folder/\*' for a tree"),
        (f"* {DIGEST} osf:3jk45", "'-' as 2nd field of a tree"),
        ("../a - https://x.org/a", r"as 1st field, which leads out of the folder with '\.\.'"),
        ("/a - https://x.org/a", "as 1st field, which is absolute"),
        ("C:a - https://x.org/a", "as 1st field, which has a colon"),
        (r"a\b - https://x.org/a", "forward slashes only"),
        ("../* - osf:3jk45", "leads out of the folder"),
        ("a*b - https://x.org/a", "as 1st field, which has a star"),
        (".eegimg_fetch.json - https://x.org/a", "a name that eegimg keeps for itself"),
        ("a.part - https://x.org/a", "a name that eegimg keeps for itself"),
        ('"a - https://x.org/a', "every quote to be closed"),
        ("a - https://x.org/a extract", "'unpack', 'optional' or nothing as 4th field"),
        ("a.mat - https://x.org/a unpack", "'unpack' only where an archive is downloaded"),
        ("a.zip - manual unpack", "'unpack' only where an archive is downloaded"),
        ("a - https://x.org/a optional", "'optional' only for a manual file"),
        ("ok - https://x.org/b", "one line per file; line 2 has it already"),
    ],
)
def test_a_wrong_line_is_told_with_its_number_and_text(dataset, line, expected):
    dataset(f"# first\nok - https://x.org/ok\n{line}\n")
    with pytest.raises(ValueError, match=f"^mine/registry.txt, line 3: expected .*{expected}") as error:
        read_registry("mine")
    assert str(error.value).endswith(f". Got: {line}")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sub-01/eeg/a.vhdr", None),
        ("./a", None),
        ("a..b", None),
        ("", "empty"),
        ("a\nb", "control characters"),
        ("a\0b", "control characters"),
        ("..", "leads out"),
        ("a/../../b", "leads out"),
        ("/etc/passwd", "absolute"),
        ("//host/share", "absolute"),
        ("C:/a", "colon"),
        ("a:stream", "colon"),
        (r"..\a", "backslash"),
        (".", "the folder itself"),
        ("x/a.part", "keeps for itself"),
        ("x/a.PART", "keeps for itself"),
        ("./.Eegimg_Fetch.json", "keeps for itself"),
        ("x/.eegimg_fetch.json", None),
    ],
)
def test_names_that_lead_out_of_the_folder_are_seen(name, reason):
    found = wrong_name(name)
    assert found is None if reason is None else reason in found
