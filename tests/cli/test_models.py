"""What ``eegimg models`` and ``eegimg info NAME`` say of networks."""

import dataclasses

import pytest
import typer
from typer.testing import CliRunner

from eegimg.cli import _models
from eegimg.models._card import Score, Weights
from eegimg.models._registry import list_models, read_card

every_model = pytest.mark.parametrize("name", list_models())


@pytest.fixture
def ask(monkeypatch):
    """Return a function that runs the command on a terminal of some width."""
    app = typer.Typer()
    app.command()(_models.models)

    def run(*args, width=160):
        monkeypatch.setenv("COLUMNS", str(width))
        return CliRunner().invoke(app, args)

    return run


@pytest.fixture
def shown(capsys, monkeypatch):
    """Return a function that shows a card and returns the text."""

    def show(card, width=80):
        monkeypatch.setenv("COLUMNS", str(width))
        _models.model(card)
        return capsys.readouterr().out

    return show


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_cut_in_the_list(ask, width):
    result = ask(width=width)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    starts = [line.partition(": ")[0] for line in lines if line and not line.startswith(" ")]
    assert starts[:-1] == list_models()
    assert max(map(len, lines[:-1])) <= width
    for card in map(read_card, list_models()):
        assert words(f"{card.name}: {card.summary}") in words(result.stdout)
        assert words(f"licence {card.licence}") in words(result.stdout)
    assert lines[-1] == "eegimg info NAME says more, and what to know before quoting a number."


def test_a_pattern_chooses(ask):
    text = ask("*_mae").stdout
    assert "dreamdiffusion_mae" in text
    assert "dreamdiffusion_encoder" not in text


def test_the_list_counts(ask, monkeypatch):
    monkeypatch.setattr("eegimg.models._registry.list_models", lambda *args: ["dreamdiffusion_mae"])
    card = dataclasses.replace(read_card("dreamdiffusion_mae"), n_parameters=1_234_567, licence="[MIT]")
    monkeypatch.setattr("eegimg.models._registry.read_card", lambda name: card)
    assert (
        "    masked; input 128 x 512 from 0.02 to 0.46 s at 1000 Hz; 1,234,567 parameters\n    weights by hand; licence [MIT]\n"
    ) in ask().stdout


def test_a_pattern_that_matches_nothing_is_told(ask):
    result = ask("dreamdifusion_mae")
    assert result.exit_code == 2
    assert words(result.stderr) == (
        "eegimg: No model matches 'dreamdifusion_mae'. Did you mean 'dreamdiffusion_mae'?"
    )
    result = ask("dreamdiffusion_mae", "--pretrained")
    assert result.exit_code == 2
    assert "No model with weights that can be had matches 'dreamdiffusion_mae'." in words(result.stderr)


@every_model
def test_info_says_every_fact(shown, name):
    card = read_card(name)
    text = shown(card)
    assert max(len(line) for line in text.splitlines() if "://" not in line and "sha256" not in line) <= 80
    assert words(f"kind {card.kind}") in words(text)
    assert words(f"paper {card.paper}") in words(text)
    for fact in (
        card.summary,
        card.licence,
        card.code,
        card.training_data,
        card.split,
        card.selection,
        *card.caveats,
    ):
        assert words(fact) in words(text)
    for key, value in card.sizes.items():
        assert f"{key}={value}" in text
    assert text.count("  caveat ") == len(card.caveats)
    assert f'eegimg.create_model("{name}"' in text


def test_info_says_scores_beside_what_they_compare_with(shown):
    score = Score(
        data="UCI VEP",
        metric="accuracy",
        value=0.123456,
        chance=0.1,
        random_weights=0.11,
        linear=0.2,
        source="x.py",
    )
    text = shown(dataclasses.replace(read_card("dreamdiffusion_mae"), scores=(score,)))
    assert "accuracy 0.123 on UCI VEP; chance 0.1, random weights 0.11, linear on epochs 0.2 (x.py)" in words(
        text
    )


@pytest.mark.parametrize(
    ("where", "said", "call"),
    [
        (None, "none published that eegimg knows: train it, or give a checkpoint", ")"),
        (
            {"file": "a.safetensors", "size": 2_500_000},
            "included in eegimg, 2.5 MB; terms open; sha256 aaaa",
            True,
        ),
        ({"url": "https://x/y", "size": 1_000_000}, "https://x/y, 1.0 MB; terms open; sha256 aaaa", True),
    ],
)
def test_info_says_where_weights_are(shown, where, said, call):
    weights = where and Weights(format="safetensors", terms="open", sha256="a" * 64, **where)
    text = shown(dataclasses.replace(read_card("dreamdiffusion_mae"), weights=weights))
    assert said in words(text)
    how = ", pretrained=True)" if call is True else call
    assert f'eegimg.create_model("dreamdiffusion_mae"{how}' in text


def test_brackets_in_facts_are_text(shown):
    odd = dataclasses.replace(read_card("dreamdiffusion_mae"), summary="[red]A[/red].", caveats=("See [1].",))
    text = shown(odd)
    assert "dreamdiffusion_mae: [red]A[/red]." in text
    assert "See [1]." in text
