"""What ``eegimg datasets`` and ``eegimg info NAME`` say of datasets, on a terminal of 80 columns and others."""

import dataclasses
import re

import pytest

import eegimg
from eegimg.cli import _screen

every_dataset = pytest.mark.parametrize("name", eegimg.list_datasets())


@pytest.fixture
def say(call, monkeypatch):
    """Return a function that runs ``eegimg`` on a terminal of some width and returns what it prints."""

    def run(*args, width=80):
        monkeypatch.setenv("COLUMNS", str(width))
        result = call(*args)
        assert result.exit_code == 0
        assert result.stderr == ""
        return result.stdout

    return run


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_cut_in_the_list(say, width):
    text = say("datasets", width=width)
    facts = [eegimg.read_descriptor(name) for name in eegimg.list_datasets()]
    starts = [line.partition(": ")[0] for line in text.splitlines() if line and not line.startswith(" ")]
    assert starts[:-1] == [item.name for item in facts]
    for item in facts:
        assert words(f"{item.name}: {item.title}") in words(text)
        assert words(f"licence {item.licence}; terms {item.terms}") in words(text)
        assert words(item.access) in words(text)
    assert max(map(len, text.splitlines()[:-1])) <= width
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_the_list_counts(say):
    text = say("datasets")
    assert (
        "imagenet_eeg: ImageNet-EEG (EEG-CVPR40): 40 classes in 40 blocks\n"
        "    6 subjects, 128 channels, 1000 Hz; 11,965 trials of 1,996 images\n"
        "    design block; 8 caveats; 3.1 GB; files for eegimg convert\n"
        "    licence none stated; terms unstated\n"
    ) in text
    assert "1 subject, 5 channels" in text
    assert "design rapid-event; 2 caveats; nothing to download; BIDS" in text
    assert text.endswith("eegimg info NAME says more, and what to know before quoting a number.\n")


@every_dataset
def test_info_says_every_fact(say, name):
    facts = eegimg.read_descriptor(name)
    text = say("info", name)
    assert max(map(len, text.splitlines())) <= 80
    lines = dict(line.strip().split(maxsplit=1) for line in text.splitlines() if line[2:3].isalpha())
    assert lines["subjects"] == str(facts.n_subjects)
    assert lines["rate"] == f"{facts.sfreq:g} Hz"
    assert lines["trials"] == f"{facts.n_trials:,}"
    assert lines["design"] == facts.design
    assert lines["paper"] == facts.doi
    for fact in (facts.title, facts.licence, facts.terms, facts.access, facts.reference, *facts.caveats):
        assert words(fact) in words(text)
    assert text.count("  caveat ") == len(facts.caveats)


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("imagenet_eeg", ["eegimg fetch imagenet_eeg", "eegimg convert imagenet_eeg"]),
        (
            "things_eeg1",
            ["eegimg fetch things_eeg1", "eegimg preprocess FOLDER --out FOLDER"],
        ),
        ("simulated", ["eegimg demo"]),
    ],
)
def test_info_names_the_next_commands(say, name, commands):
    text = say("info", name)
    assert re.findall(r"^  (?:next|then) +(.+)$", text, flags=re.MULTILINE) == commands


def test_a_long_word_stays_whole_on_a_narrow_terminal(say):
    text = say("info", "imagenet_eeg", width=30)
    assert eegimg.read_descriptor("imagenet_eeg").url in text


def test_brackets_in_facts_are_text(capsys):
    facts = eegimg.read_descriptor("simulated")
    odd = dataclasses.replace(facts, title="[red]A title[/red]", caveats=("See [1].",))
    _screen.datasets([odd])
    assert "simulated: [red]A title[/red]" in capsys.readouterr().out
    _screen.descriptor(odd)
    assert "See [1]." in capsys.readouterr().out


def test_what_is_not_known_is_not_called_nothing(capsys):
    facts = eegimg.read_descriptor("imagenet_eeg")
    _screen.datasets([dataclasses.replace(facts, size_gb=0.0, n_images=0, n_subjects=1)])
    text = capsys.readouterr().out
    assert "1 subject, 128 channels" in text
    assert "11,965 trials without images" in text
    assert "size unknown" in text
