"""What is said and asked before a download, whose files are taken, and which folder they may go to."""

import json

import pytest

import eegimg
from eegimg import _paths
from eegimg.datasets._fetch import _fetch_files
from eegimg.datasets._fetch._progress import Watch
from eegimg.datasets._fetch._subjects import subject_of


def fetch(root, **kwargs):
    return eegimg.fetch_dataset("mine", root, progress=False, **kwargs)


@pytest.fixture
def several(dataset, site, sha256):
    """Return the root of a dataset of two subjects and a file of nobody."""
    lines = [
        f"{name} {sha256(name.encode())} {site.put(f'/{name}', name)}"
        for name in ("sub-01/eeg/sub-01_eeg.vhdr", "sub-02/eeg/sub-02_eeg.vhdr", "images/one.jpg")
    ]
    return dataset("\n".join(lines))


def names_in(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ("restrictive", "restrictive: the licence does not let everybody use the data"),
        ("conflicting", "conflicting: sources give different licences"),
        ("unstated", "unstated: no licence is stated"),
    ],
)
def test_terms_that_are_not_open_must_be_accepted_before_any_request(dataset, site, terms, why):
    root = dataset(f"a - {site.put('/a', b'1')}\n", terms=terms, licence="CC-BY-NC-ND-4.0")
    with pytest.raises(
        ValueError,
        match=rf"^mine \(A small dataset\): 12.5 GB, licence CC-BY-NC-ND-4.0, terms {why}. Nothing was fetched. Read the publishers' terms, and give accept_license=True",
    ):
        fetch(root)
    assert site.requests == []
    assert not root.exists()
    assert fetch(root, accept_license=True) == root


def test_accepting_is_a_yes_or_no(dataset):
    root = dataset("a - manual\n")
    with pytest.raises(
        TypeError, match="'accept_license' parameter of fetch_dataset must be True or False. Got 'no'"
    ):
        fetch(root, accept_license="no")


def test_size_and_licence_are_said_before_anything_is_downloaded(several, site, capsys, monkeypatch):
    seen = []
    real = _fetch_files.download

    def download(*args):
        seen.append(capsys.readouterr().err)
        return real(*args)

    monkeypatch.setattr(_fetch_files, "download", download)
    eegimg.fetch_dataset("mine", several)
    assert "12.5 GB, licence CC0-1.0, terms open" in seen[0]
    assert f"To download: 3 files, of unknown size, into {several}" in seen[0].replace("\n", " ")
    eegimg.fetch_dataset("mine", several)
    said = capsys.readouterr()
    assert "To download: 0 files" in said.err
    assert "3 already there" in said.err
    assert said.out == ""


def test_silence_when_asked_for(several, capsys):
    fetch(several)
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_on_a_terminal(several, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    eegimg.fetch_dataset("mine", several)
    assert "Fetching mine" in capsys.readouterr().err


def test_bytes_are_counted_also_over_a_dropped_connection(dataset, site, monkeypatch):
    content = bytes(300_000)
    root = dataset(f"a size=300000 {site.put('/a', content, etag=None, faults=[('drop', 100_000)])}\n")
    counts, expected = [], []
    monkeypatch.setattr(
        Watch, "expect", lambda self, title, n_bytes: (counts.clear(), expected.append((title, n_bytes)))
    )
    monkeypatch.setattr(Watch, "advance", lambda self, n_bytes: counts.append(n_bytes))
    fetch(root)
    assert expected[-1] == ("Fetching mine", 300_000)
    assert sum(counts) == 300_000
    assert min(counts) < 0


@pytest.mark.parametrize("subjects", ["1", "01", "sub-01", ["01"], ("1",), [1]])
def test_the_files_of_a_subject_and_of_nobody_are_taken(several, subjects):
    fetch(several, subjects=subjects)
    assert names_in(several) == [".eegimg_fetch.json", "images/one.jpg", "sub-01/eeg/sub-01_eeg.vhdr"]
    fetch(several)
    assert "sub-02/eeg/sub-02_eeg.vhdr" in names_in(several)


def test_an_unknown_subject_is_told_with_those_that_are_there(several, site):
    with pytest.raises(
        ValueError,
        match="The subjects '07' of mine were asked for; its files have the subjects '01' and '02'. Give some",
    ):
        fetch(several, subjects=["01", "07"])
    assert site.requests == []


def test_a_dataset_that_is_not_split_by_subject_says_so(dataset, site):
    root = dataset(f"all.pth - {site.put('/a', b'1')}\n")
    with pytest.raises(
        ValueError, match="its files have the subjects none. Leave 'subjects' out: the files hold everybody"
    ):
        fetch(root, subjects="1")


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("sub-01/eeg/sub-01_task-x_eeg.vhdr", "01"),
        ("raw/sub-xp204.zip", "xp204"),
        ("S12.mat", "12"),
        ("s01_eeg.mat", "01"),
        ("sub03.tar.gz", "03"),
        ("subject_4/x", "4"),
        ("derivatives/sub-02/a", "02"),
        ("stimuli/s.jpg", None),
        ("S1a.mat", None),
        ("images/sub/one.jpg", None),
        ("training_images.zip", None),
        ("things1.jpg", None),
        ("participants.tsv", None),
    ],
)
def test_whose_file_it_is(path, label):
    assert subject_of(path) == label


def test_the_folder_of_another_dataset_is_refused(several, site):
    several.mkdir()
    (several / ".eegimg_fetch.json").write_text('{"dataset": "other"}', encoding="utf-8")
    with pytest.raises(
        ValueError,
        match=r"^mine was to go into .*root, which holds 'other' according to .eegimg_fetch.json. Give another root.$",
    ):
        fetch(several)
    (several / ".eegimg_fetch.json").unlink()
    converted = several / "sourcedata" / "eegimg" / "conversion.json"
    converted.parent.mkdir(parents=True)
    converted.write_text('{"Dataset": "other"}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"holds 'other' according to sourcedata/eegimg/conversion.json"):
        fetch(several)
    assert site.requests == []


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_record_that_cannot_be_read_is_told(several, text):
    several.mkdir()
    (several / ".eegimg_fetch.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=".eegimg_fetch.json cannot be read: .* Move it away"):
        fetch(several)


def test_what_arrived_before_a_failure_is_recorded(several, site):
    site.pages["/images/one.jpg"].faults = [("status", 404)]
    with pytest.raises(RuntimeError, match="one.jpg could not be fetched"):
        fetch(several)
    record = json.loads((several / ".eegimg_fetch.json").read_text(encoding="utf-8"))
    assert len(record["files"]) == 2
    fetch(several)
    assert len(site.requests) == 4


def test_a_finished_folder_is_not_written_to(several):
    fetch(several)
    before = (several / ".eegimg_fetch.json").stat().st_mtime_ns
    several.chmod(0o500)
    try:
        assert fetch(several) == several
    finally:
        several.chmod(0o700)
    assert (several / ".eegimg_fetch.json").stat().st_mtime_ns == before


def test_without_a_root_the_data_folder_is_taken(dataset, site, tmp_path, monkeypatch):
    dataset(f"a - {site.put('/a', b'1')}\n")
    monkeypatch.setenv("EEGIMG_DATA", str(tmp_path / "everything"))
    assert _paths.data_root() == tmp_path / "everything"
    assert fetch(None) == tmp_path / "everything" / "mine"
    monkeypatch.undo()


def test_an_unknown_dataset_is_told():
    with pytest.raises(ValueError, match=r"The dataset 'simulate' was asked for.*Did you mean 'simulated'\?"):
        eegimg.fetch_dataset("simulate")


def test_the_simulated_set_is_made():
    with pytest.raises(
        ValueError, match=r"simulated is made, not downloaded: call eegimg.make_dataset\(root\)"
    ):
        eegimg.fetch_dataset("simulated")
