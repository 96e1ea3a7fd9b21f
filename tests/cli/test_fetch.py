"""The command that fetches: it asks where somebody can answer, and says one sentence where nobody can."""

import pytest

from eegimg.cli import _screen
from eegimg.datasets import _descriptor
from eegimg.datasets._fetch import _registry


@pytest.fixture
def mine(tmp_path, monkeypatch, repository):
    """Make the dataset 'mine', whose two files are placed by hand and whose licence is unknown."""
    text = (repository / "datasets" / "simulated" / "dataset.toml").read_text(encoding="utf-8")
    for old, new in (("simulated", "mine"), ('"open"', '"unstated"'), ('layout = "mine"', 'layout = "bids"')):
        text = text.replace(
            f'"{old}"' if old == "simulated" else old, f'"{new}"' if old == "simulated" else new
        )
    folder = tmp_path / "descriptors" / "mine"
    folder.mkdir(parents=True)
    (folder / "dataset.toml").write_text(text, encoding="utf-8")
    (folder / "registry.txt").write_text("S1.mat - manual\nS2.mat - manual\n", encoding="utf-8")
    for module in (_descriptor, _registry):
        monkeypatch.setattr(module, "descriptors_root", lambda: folder.parent)
    root = tmp_path / "root"
    root.mkdir()
    (root / "S1.mat").write_bytes(b"1")
    return root


def test_terms_are_refused_where_nobody_can_answer(call, mine):
    result = call("fetch", "mine", "--root", mine)
    assert result.exit_code == 2
    assert result.stderr.count("eegimg: ") == 1
    assert "licence CC0-1.0, terms unstated: no licence is stated." in result.stderr
    assert "(--accept-license on the command line)" in result.stderr


def test_terms_are_accepted_by_an_option_and_subjects_are_chosen(call, mine):
    result = call("fetch", "mine", "--root", mine, "--accept-license", "--subject", "1")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == str(mine)
    assert (mine / ".eegimg_fetch.json").is_file()


def test_what_is_missing_is_said(call, mine):
    result = call("fetch", "mine", "--root", mine, "--accept-license", "--subject", "1", "--subject", "2")
    assert result.exit_code == 2
    assert "lacks 'S2.mat'" in result.stderr


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2)])
def test_somebody_at_a_terminal_is_asked(mine, monkeypatch, answer, code):
    from typer.testing import CliRunner

    from eegimg.cli._app import app

    monkeypatch.setattr(_screen, "can_ask", lambda: True)
    result = CliRunner().invoke(
        app, ["fetch", "mine", "--root", str(mine), "--subject", "1"], input=f"{answer}\n"
    )
    assert result.exit_code == code, result.output
    assert "terms unstated" in result.stderr
    assert "do you accept them?" in result.stderr
    assert ("Nothing was fetched" in result.stderr) == (code == 2)


def test_open_terms_are_not_asked_about(call, mine, monkeypatch):
    file = mine.parent / "descriptors" / "mine" / "dataset.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"unstated"', '"open"'), encoding="utf-8")
    monkeypatch.setattr(_screen, "can_ask", lambda: pytest.fail("asked"))
    assert call("fetch", "mine", "--root", mine, "--subject", "1").exit_code == 0


def test_an_unknown_dataset_is_one_sentence(call):
    result = call("fetch", "simulate")
    assert result.exit_code == 2
    assert "Did you mean 'simulated'?" in result.stderr
