"""Recipes go both ways, and a wrong one is refused with the place and a suggestion."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eegimg
from eegimg.pipeline import list_recipes, recipe_text
from eegimg.preprocessing import Apply, Filter, MakeEpochs, Notch, RejectPeakToPeak


@pytest.mark.parametrize("name", list_recipes())
def test_every_shipped_recipe_comes_back_the_same(name, tmp_path):
    pipe = eegimg.read_recipe(name)
    assert pipe.name.isalnum()
    again = eegimg.read_recipe(eegimg.write_recipe(pipe, tmp_path / "again.toml"))
    assert again == pipe
    assert again.fingerprint() == pipe.fingerprint()
    assert again.name == pipe.name


positive = st.floats(0.05, 20.0)


@settings(max_examples=30, deadline=None)
@given(
    l_freq=st.none() | positive,
    freqs=st.just("line") | st.lists(st.floats(30.0, 60.0), min_size=1, max_size=3),
    start=st.none() | st.floats(-0.2, -0.1),
    baseline=st.booleans(),
    names=st.none()
    | st.lists(st.text(min_size=1, max_size=8).filter(lambda name: name != "none"), min_size=1),
    limit=st.floats(1e-6, 1e-3),
)
def test_any_parameters_survive_the_way_through_toml(
    tmp_path_factory, l_freq, freqs, start, baseline, names, limit
):
    pipe = eegimg.Pipeline(
        Filter(l_freq=l_freq, h_freq=40.0),
        Notch(freqs=freqs),
        Apply("crop", tmin=1.5, tmax=20),
        MakeEpochs(baseline=(start, 0) if baseline else None, event_id=names),
        RejectPeakToPeak(reject={"eeg": limit}),
    )
    path = tmp_path_factory.mktemp("recipes") / "r.toml"
    again = eegimg.read_recipe(eegimg.write_recipe(pipe, path))
    assert again == pipe
    assert again.fingerprint() == pipe.fingerprint()


def test_the_format_of_the_design_is_understood(tmp_path):
    path = tmp_path / "p300.toml"
    path.write_text(
        'name = "p300"\n[[step]]\nname = "Filter"\nl_freq = 1.0\nh_freq = 30.0\n[[step]]\nname = "MakeEpochs"\n'
        'tmin = -0.1\ntmax = 0.8\nbaseline = []\n[[step]]\nname = "RejectPeakToPeak"\nreject = {eeg = 100e-6}\n'
    )
    pipe = eegimg.read_recipe(path)
    assert pipe.name == "p300"
    assert pipe.steps[1].baseline is None
    assert pipe.steps[2].reject == {"eeg": 100e-6}
    assert "baseline = []" in recipe_text(pipe)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "is not TOML"),
        ('name = "x"\n', r"has no \[\[step\]\] table"),
        ('nmae = "x"\n[[step]]\nname = "Filter"\n', "unknown key 'nmae'.*Did you mean 'name'"),
        ('[[step]]\nname = "Fliter"\n', "step 1, has the name 'Fliter'.*Did you mean 'Filter'"),
        (
            '[[step]]\nname = "Filter"\nl_frq = 1.0\n',
            "step 1: Filter has no parameter 'l_frq'.*Did you mean 'l_freq'",
        ),
        (
            '[[step]]\nname = "Filter"\nl_freq = "low"\n',
            "'l_freq' parameter of Filter must be a number above 0 or None",
        ),
        ('[[step]]\nname = "ICA"\nmethod = "picrad"\n', "Did you mean 'picard'"),
        ('[[step]]\nname = "Apply"\n', "Apply needs 'call'"),
        (
            '[[step]]\nname = "Apply"\ncall = "save"\nfname = "x"\n',
            "'call' parameter of Apply must be one of",
        ),
        ('[[step]]\nname = "Apply"\ncall = "apply_function"\nfun = "os.system"\n', "must be one of"),
        (
            '[[step]]\nname = "Apply"\ncall = "set_montage"\nmontage = "/etc/passwd"\n',
            "one of MNE's montages",
        ),
        ('[[step]]\nname = "Apply"\ncall = "crop"\ntmx = 3\n', "has no argument 'tmx'"),
        ('[[step]]\nname = "__class__"\n', "has the name '__class__'"),
        ('[[step]]\nname = "Step"\n', "has the name 'Step'"),
        ('name = "../up"\n[[step]]\nname = "Filter"\n', "letters and digits"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        eegimg.read_recipe(path)
    assert "wrong.toml" in str(caught.value)


def test_a_recipe_that_is_not_there_is_suggested():
    with pytest.raises(FileNotFoundError, match="'defualt' was asked for.*Did you mean 'default'"):
        eegimg.read_recipe("defualt")
