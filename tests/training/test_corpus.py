"""Corpora: those that ship, what a table may say, and which licences are open."""

import pytest

from eegimg.training._corpus import describe_corpus, list_corpora, read_corpus
from eegimg.training._licences import check_licences, is_open


def test_the_corpora_that_ship_can_be_read():
    assert list_corpora() == ["moabb_eegdash", "simulated"]
    for name in list_corpora():
        entries = read_corpus(name)
        check_licences(describe_corpus(entries).to_dict("records"), False)


def test_the_large_corpus_says_what_is_not_verified():
    entries = read_corpus("moabb_eegdash")
    assert len(entries) > 30
    for entry in entries:
        assert entry.facts["n_subjects"] > 0
        assert entry.facts["licence"]
        missing = [name for name in ("hours", "size_gb") if name not in entry.facts]
        assert set(missing) <= set(entry.facts["unverified"]), entry.name
    table = describe_corpus(entries)
    assert table["n_subjects"].sum() > 1500
    assert set(table["kind"]) == {"moabb", "eegdash"}


@pytest.mark.torch
def test_its_numbers_are_those_of_the_packages():
    moabb = pytest.importorskip("moabb")
    import importlib.resources

    import pandas as pd

    eegdash = pytest.importorskip("eegdash")
    if moabb.__version__ != "1.7.2" or eegdash.__version__ != "0.9.1":
        pytest.skip("the facts are those of MOABB 1.7.2 and EEGDash 0.9.1")
    from eegimg.training._sources import moabb_dataset

    file = importlib.resources.files(eegdash) / "dataset" / "dataset_summary.csv"
    table = pd.read_csv(file).set_index("dataset")
    for entry in read_corpus("moabb_eegdash"):
        if entry.kind == "moabb":
            dataset = moabb_dataset(entry.value)
            facts = dataset.metadata.acquisition
            there = (len(dataset.subject_list), facts.n_channels, facts.sampling_rate)
            assert there == (entry.facts["n_subjects"], entry.facts["n_channels"], entry.facts["sfreq"]), (
                entry.name
            )
            assert dataset.metadata.documentation.license.replace(" ", "-") == entry.facts["licence"]
        else:
            row = table.loc[entry.value]
            assert row["n_subjects"] == entry.facts["n_subjects"]
            assert row["license"].replace(" ", "-") == entry.facts["licence"]


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        *(
            (name, True)
            for name in ("CC0", "CC0-1.0", "CC-BY-4.0", "CC BY 4.0", "CC-BY-SA 4.0", "ODC-By-1.0")
        ),
        *((name, True) for name in ("PDDL", "GPL-3.0", "ODbL v1.0")),
        *((name, False) for name in ("CC-BY-NC-4.0", "CC BY-NC 4.0", "CC-BY-NC-ND-4.0", "CC-BY-ND-4.0")),
        *((name, False) for name in ("Non-commercial research use", "unknown", "not stated", "", None)),
    ],
)
def test_which_licences_are_open(licence, expected):
    assert is_open(licence) is expected


def test_a_closed_licence_must_be_accepted():
    rows = [{"source": "BNCI2014_009", "licence": "CC-BY-NC-ND-4.0", "local": False}]
    with pytest.raises(
        ValueError, match=r"The corpus has BNCI2014_009, whose licence is not an open one \(CC-BY-NC-ND"
    ):
        check_licences(rows, False)
    check_licences(rows, True)


def test_a_licence_that_is_not_stated_is_the_owners_business_only_on_disk():
    check_licences([{"source": "lab", "licence": "not stated", "local": True}], False)
    with pytest.raises(ValueError, match=r"ds000001, whose licence is not an open one \(not stated\)"):
        check_licences([{"source": "ds000001", "licence": "not stated", "local": False}], False)


@pytest.mark.parametrize(
    ("tables", "error", "sentence"),
    [
        ([], ValueError, "The corpus is empty: give one"),
        (
            [{"weight": 1}],
            ValueError,
            "Source 1 of the corpus must have exactly one of 'store', .* It has none",
        ),
        ([{"store": "a", "bids": "b"}], ValueError, "exactly one of .* It has 'store' and 'bids'"),
        (
            [{"store": "a", "wait": 2}],
            ValueError,
            "Source 1 of the corpus has the unknown key 'wait'. Did you mean 'weight'",
        ),
        ([{"store": "a", "weight": 0}], ValueError, "The 'weight' parameter of .* must be a number above 0"),
        ([{"bids": "a", "stride": 1.0}], ValueError, "a has a stride and no window"),
        (
            [{"store": "a", "window": 1.0}],
            ValueError,
            "a is a store, whose epochs are made already: leave 'window' out",
        ),
        ([{"moabb": "A"}, {"moabb": "A"}], ValueError, "The corpus has A twice, as sources 1 and 2"),
        ([{"simulated": "x"}], TypeError, "must be a table of options of make_dataset"),
        (
            "moabb_eegdahs",
            FileNotFoundError,
            "The corpus .*moabb_eegdahs was asked for; .* Did you mean 'moabb_eegdash'",
        ),
    ],
)
def test_bad_corpora_are_one_sentence(tables, error, sentence):
    with pytest.raises(error, match=sentence):
        read_corpus(tables)


def test_paths_start_at_the_folder_of_the_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[[corpus]]\nstore = "stores/lab"\nweight = 2.0\n')
    (entry,) = read_corpus(file)
    assert (entry.value, entry.weight, entry.name) == (str(tmp_path / "stores" / "lab"), 2.0, "lab")
