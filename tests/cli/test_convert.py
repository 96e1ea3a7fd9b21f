"""The command convert: a folder on standard output, or one sentence and exit code 2."""

import pytest
from twins import oced

from eegimg.datasets import load_dataset


@pytest.fixture
def published(tmp_path):
    (tmp_path / "published").mkdir()
    oced.write(tmp_path / "published", subjects=(1, 2), n_repetitions=1)
    return tmp_path / "published"


def test_published_files_become_a_folder_whose_name_is_said(call, published, tmp_path):
    result = call("convert", "oced", "--source", published, "--out", tmp_path / "bids", "--subject", "02")
    assert result.exit_code == 0
    assert "".join(result.stdout.split()) == str(tmp_path / "bids")
    assert list(load_dataset("oced", root=tmp_path / "bids").recordings["subject"]) == ["02"]


def test_without_folders_the_data_folder_is_meant(call, published, tmp_path, monkeypatch):
    monkeypatch.setenv("EEGIMG_DATA", str(tmp_path))
    published.rename(tmp_path / "oced")
    assert call("convert", "oced").exit_code == 0
    assert len(load_dataset("oced").recordings) == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["oced", "--source", "nowhere"],
            "nowhere; there is no such folder. Fetch them with eegimg.fetch_dataset",
        ),
        (["oce"], "Did you mean 'oced'?"),
        (["things_eeg1"], "things_eeg1 needs no conversion: it is BIDS as it comes"),
        (["oced", "--variant", "raw"], "The variant 'raw' of oced was asked for"),
        (
            ["oced", "--subject", "11"],
            "Subject '11' of oced was asked for; the published files have '01' and",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(call, published, tmp_path, arguments, text):
    if "--source" not in arguments:
        arguments = [*arguments, "--source", published]
    result = call("convert", *arguments, "--out", tmp_path / "bids")
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("eegimg: ")
    assert text in line
    assert result.stdout == ""
    assert not (tmp_path / "bids").exists()


def test_preprocess_takes_the_datasets_own_recipe(call, published, tmp_path):
    call("convert", "oced", "--source", published, "--out", tmp_path / "bids")
    result = call("preprocess", tmp_path / "bids", "--out", tmp_path / "out", "--no-report")
    assert result.exit_code == 0
    assert sorted(file.name for file in (tmp_path / "out").rglob("*_epo.fif")) == [
        "sub-01_task-objects_desc-cleanedoced_epo.fif",
        "sub-02_task-objects_desc-cleanedoced_epo.fif",
    ]
