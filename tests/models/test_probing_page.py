"""The page on probes: its code runs as it stands, and what it prints is what it says."""

import re
import textwrap

import pytest

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_the_code_of_the_page_runs_and_compares(repository, tmp_path, monkeypatch, capsys):
    text = (repository / "docs" / "probing.rst").read_text(encoding="utf-8")
    blocks = re.findall(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", text)
    assert len(blocks) == 3
    monkeypatch.chdir(tmp_path)
    names = {}
    exec("\n".join(map(textwrap.dedent, blocks)), names)
    assert names["features"].values.shape == (200, 32 * 32)
    assert len(list((tmp_path / "features").glob("*.npy"))) == 1
    printed = capsys.readouterr().out
    assert "Design ok" in printed
    assert "random weights" in printed
    assert names["cards"]["epochs"].metrics["accuracy"]["value"] > 0.2
