"""A card: its facts are checked one by one, travel as plain tables, and come back the same."""

import copy
import dataclasses
import json
import pickle
import tomllib

import pytest

from eegimg.models._card import ModelCard, Score, Weights
from eegimg.models._facts import card_from_facts

FACTS = """
name = "small.first"
summary = "A small network."
builder = "eegimg.models.networks.linear:Linear"
kind = "encoder"
licence = "MIT"
paper = "10.1/x"
code = "none"
training_data = "Simulated"
split = "by subject"
selection = "the last epoch"
caveats = ["Made for tests."]
free = ["dropout"]
[sizes]
n_chans = 4
n_times = 20
[input]
sfreq = 100.0
ch_names = ["Oz", "Pz", "O1", "O2"]
[[scores]]
data = "Simulated, held-out subjects"
metric = "balanced accuracy"
value = 0.5
chance = 0.1
null = 0.11
random_weights = 0.3
linear = 0.4
[weights]
file = "small.safetensors"
format = "safetensors"
terms = "open"
sha256 = "%s"
size = 10
""" % ("a" * 64)  # fmt: skip


@pytest.fixture
def facts():
    """Return the facts of a card, as TOML gives them."""
    return tomllib.loads(FACTS)


def test_a_card_is_what_its_facts_say(facts):
    card = card_from_facts(facts, "cards.toml")
    assert card.name == "small.first"
    assert card.arch == "small"
    assert card.sizes == {"n_chans": 4, "n_times": 20}
    assert card.caveats == ("Made for tests.",)
    assert card.scores == (
        Score(
            data="Simulated, held-out subjects",
            metric="balanced accuracy",
            value=0.5,
            chance=0.1,
            null=0.11,
            random_weights=0.3,
            linear=0.4,
        ),
    )
    assert card.weights.can_be_had


def test_facts_go_through_toml_json_pickle_and_copies(facts):
    card = card_from_facts(facts, "cards.toml")
    assert card_from_facts(json.loads(json.dumps(card.facts())), "config.json") == card
    assert card_from_facts(card.facts(), "again") == card
    assert pickle.loads(pickle.dumps(card)) == card
    assert copy.deepcopy(card) == card


def test_a_card_keeps_copies_and_cannot_be_changed(facts):
    card = card_from_facts(facts, "cards.toml")
    facts["sizes"]["n_chans"] = 99
    assert card.sizes["n_chans"] == 4
    card.facts()["input"]["ch_names"].append("Fz")
    assert len(card.input["ch_names"]) == 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.name = "other"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"licens": "MIT"}, "has the unknown key 'licens'. Did you mean 'licence'?"),
        ({"summary": 3}, ": summary must be text. Got 3 instead."),
        ({"n_parameters": True}, ": n_parameters must be a whole number. Got True instead."),
        ({"n_parameters": 1.5}, ": n_parameters must be a whole number. Got 1.5 instead."),
        ({"sizes": [1]}, ": sizes must be a table. Got [1] instead."),
        ({"scores": {"a": 1}}, ": scores must be a list. Got {'a': 1} instead."),
        ({"caveats": [1]}, ": caveats, 1 must be text. Got 1 instead."),
        ({"kind": "encoders"}, "must be 'masked' or 'encoder' or 'classifier'. Got 'encoders' instead. Did you"),
        ({"name": "Small"}, ": name must be 'arch' or 'arch.tag' in lower case. Got 'Small' instead."),
        ({"name": "../x"}, ": name must be 'arch' or 'arch.tag' in lower case."),
        ({"split": ""}, "has weights and does not say 'split'. Write 'unknown' if so."),
        ({"scores": [{"data": "d", "metric": "m"}]}, ", score 1 lacks the keys 'value'."),
        ({"scores": [{"data": "d", "metric": "m", "value": "1"}]}, ", score 1: value must be a number. Got '1'"),
        ({"scores": ["x"]}, ", score 1: it must be a table. Got 'x' instead."),
        ({"scores": [{"data": "d", "metric": "m", "value": 1}]}, "the score 'm' has neither chance nor null."),
    ],
)  # fmt: skip
def test_a_wrong_fact_is_named(facts, change, sentence):
    with pytest.raises(ValueError, match="cards.toml: the card '") as caught:
        card_from_facts(facts | change, "cards.toml")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sha256": "abc"}, "sha256 must be 64 hexadecimal digits. Got 'abc' instead."),
        ({"sha256": ""}, "a file or url needs its sha256 and size, so that it can be checked."),
        ({"size": 0}, "a file or url needs its sha256 and size, so that it can be checked."),
        ({"file": "../x.safetensors"}, "file must be the name of a .safetensors file, without folders."),
        (
            {"file": "x.pth"},
            "file must be the name of a .safetensors file, without folders. Got 'x.pth' instead.",
        ),
        (
            {"url": "https://a"},
            "must have one of 'file', 'url', 'hub' and 'page'. Got 'file' and 'url' instead.",
        ),
        ({"file": ""}, "must have one of 'file', 'url', 'hub' and 'page'. Got none instead."),
        ({"file": "", "url": "http://a/b"}, "url must begin with https://. Got 'http://a/b' instead."),
        ({"format": "pickle"}, "or 'dreamdiffusion-pth' or 'braindecode'. Got 'pickle' instead."),
        ({"format": "braindecode"}, "weights of braindecode, and only those, have a 'hub'. Got ''."),
        ({"file": "", "hub": "a/b"}, "weights of braindecode, and only those, have a 'hub'. Got 'a/b'."),
        ({"terms": "opne"}, "Got 'opne' instead. Did you mean 'open'?"),
        ({"hash": "x"}, ", weights has the unknown key 'hash'."),
    ],
)
def test_weights_that_could_not_be_checked_are_refused(facts, change, sentence):
    facts["weights"] |= change
    with pytest.raises(ValueError, match="cards.toml: the card 'small.first'") as caught:
        card_from_facts(facts, "cards.toml")
    assert sentence in str(caught.value)


def test_a_missing_key_is_named(facts):
    del facts["licence"], facts["paper"]
    with pytest.raises(
        ValueError, match="^cards.toml: the card 'small.first' lacks the keys 'licence' and 'paper'.$"
    ):
        card_from_facts(facts, "cards.toml")


def test_weights_by_hand_cannot_be_had(facts):
    facts["weights"] = {"page": "https://x", "format": "dreamdiffusion-pth", "terms": "unstated"}
    assert not card_from_facts(facts, "cards.toml").weights.can_be_had


def test_the_readme_says_the_facts(facts):
    text = card_from_facts(facts, "cards.toml").to_markdown()
    front = dict(line.split(": ", 1) for line in text.split("---\n")[1].splitlines())
    assert json.loads(front["license"]) == "mit"
    assert json.loads(front["tags"]) == ["eeg", "eegimg", "encoder", "small"]
    result = json.loads(front["model-index"])[0]["results"][0]
    assert result["metrics"] == [{"type": "balanced accuracy", "value": 0.5, "name": "balanced accuracy"}]
    assert "| Simulated, held-out subjects | balanced accuracy | 0.5 | 0.1 | 0.11 | 0.3 | 0.4 |  |" in text
    for fact in (
        "Made for tests.",
        "by subject",
        "the last epoch",
        "Oz, Pz, O1, O2",
        "https://doi.org/10.1/x",
    ):
        assert fact in text


def test_an_unusual_licence_is_no_name_of_the_hub(facts):
    text = card_from_facts(facts | {"licence": "ask the authors"}, "x").to_markdown()
    assert 'license: "other"\nlicense_name: "ask the authors"\n' in text


def test_the_hub_reads_the_readme(facts):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    read = huggingface_hub.ModelCard(card_from_facts(facts, "x").to_markdown()).data
    assert read.license == "mit"
    assert read.library_name == "eegimg"
    assert read.eval_results[0].metric_value == 0.5
    assert read.eval_results[0].dataset_name == "Simulated, held-out subjects"


def test_cards_can_be_made_by_hand():
    card = ModelCard(
        name="a", summary="s", builder="b", kind="encoder", licence="MIT", paper="none", code="none",
        weights=Weights(format="safetensors", terms="open", page="p"),
    )  # fmt: skip
    assert not card.weights.can_be_had
    assert card.facts()["weights"] == {"format": "safetensors", "terms": "open", "page": "p"}
