"""Facts about datasets, and what is said when a file of facts is wrong."""

import pytest

from eegimg.datasets import _descriptor, list_datasets, read_descriptor


@pytest.mark.parametrize("name", list_datasets())
def test_every_dataset_says_all_that_a_user_must_know(name):
    facts = read_descriptor(name)
    assert facts.name == name
    assert facts.title
    assert facts.licence
    assert facts.access
    assert facts.doi
    assert facts.caveats
    assert facts.n_subjects > 0
    assert facts.n_channels > 0
    assert facts.sfreq > 0
    assert facts.n_concepts > 0
    # Where classes were only imagined there are no pictures.
    assert facts.n_images == 0 or facts.n_images >= facts.n_concepts
    assert facts.n_trials >= facts.n_subjects
    assert facts.design in _descriptor.DESIGNS
    assert facts.terms in _descriptor.TERMS
    assert facts.layout in _descriptor.LAYOUTS
    with pytest.raises(AttributeError):
        facts.name = "other"


def test_an_unknown_dataset_is_named_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"The dataset 'simulate' was asked for.*Did you mean 'simulated'\?"):
        read_descriptor("simulate")
    with pytest.raises(ValueError, match=r"'\.\./simulated' was asked for"):
        read_descriptor("../simulated")


@pytest.fixture
def facts(tmp_path, monkeypatch):
    """Return a function that reads the facts of 'mine' from changed text of the simulated set."""
    text = (_descriptor.descriptors_root() / "simulated" / "dataset.toml").read_text(encoding="utf-8")
    monkeypatch.setattr(_descriptor, "descriptors_root", lambda: tmp_path)

    def read(old, new):
        mine = text.replace('name = "simulated"', 'name = "mine"')
        assert old in mine
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "dataset.toml").write_text(mine.replace(old, new), encoding="utf-8")
        assert list_datasets() == ["mine"]
        return read_descriptor("mine")

    return read


def test_a_sound_file_is_read(facts):
    assert facts("n_subjects = 2", "n_subjects = 3").n_subjects == 3


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "licence =",
            "license =",
            "mine/dataset.toml has the unknown key 'license'. Did you mean 'licence'?",
        ),
        ("n_channels = 32\n", "", "mine/dataset.toml lacks the keys 'n_channels'"),
        (
            '"rapid-event"',
            '"rapid"',
            "'design' parameter of mine/dataset.toml must be .*Did you mean 'rapid-event'",
        ),
        ("n_subjects = 2", 'n_subjects = "two"', "mine/dataset.toml: n_subjects must be int. Got 'two'"),
        ("n_subjects = 2", "n_subjects = true", "n_subjects must be int. Got True"),
        ("caveats = [", 'caveats = "none"\nx = [', "(unknown key 'x'|caveats must be list)"),
        ("n_trials = 320\n", "", "mine/dataset.toml lacks the keys 'n_trials'"),
        (
            'terms = "open"',
            'terms = "opn"',
            "'terms' parameter of mine/dataset.toml must be .*Did you mean 'open'",
        ),
        ('layout = "simulated"', 'layout = "bid"', "'layout' parameter .* must be 'bids' or .*mean 'bids'"),
        ("line_freq = 50.0", "line_freq = true", "line_freq must be float. Got True"),
        ("caveats = [", 'ch_names = "Cz"\ncaveats = [', "ch_names must be list. Got 'Cz'"),
        ("caveats = [", "columns = [1]\ncaveats = [", "columns must be dict"),
        ('title = "', "title = ", "mine/dataset.toml is not TOML"),
    ],
)
def test_a_wrong_file_is_told(facts, old, new, sentence):
    with pytest.raises(ValueError, match=sentence):
        facts(old, new)


def test_a_file_in_the_wrong_folder_is_told(facts):
    with pytest.raises(ValueError, match="mine/dataset.toml says its name is 'yours'"):
        facts('name = "mine"', 'name = "yours"')
