"""What every folder of datasets/ must hold: facts, a page, a registry, a recipe, and no code."""

import importlib.util
import re
import shlex

import mne
import pytest

import eegimg
from eegimg._paths import descriptors_root
from eegimg.datasets import list_datasets, read_descriptor

HEADINGS = ["Access", "Design", "Content", "Known issues", "References", "Licence"]
FILES = {"README.rst", "dataset.toml", "recipe.toml", "registry.txt"}
# Licences that let anybody use, change and pass on: SPDX names of public domain, attribution and share-alike.
OPEN = re.compile(r"CC0-1\.0|CC-BY(-SA)?-\d\.\d|ODbL-1\.0|ODC-By-1\.0|PDDL-1\.0|MIT|BSD-3-Clause")
TREES = ("osf:", "figshare:", "zenodo:", "openneuro:", "nemar:", "hf:")
every_dataset = pytest.mark.parametrize("name", list_datasets())


def sections(text):
    """Return the title of a page and its sections, heading to text."""
    parts = re.split(r"^(.+)\n(=+|-+)\n", text, flags=re.MULTILINE)
    rules = list(zip(parts[1::3], parts[2::3], parts[3::3], strict=True))
    assert all(len(rule) >= len(heading) for heading, rule, _ in rules), "a rule is shorter than its heading"
    assert [rule[0] for _, rule, _ in rules] == ["=", *"-" * (len(rules) - 1)]
    return rules[0][0], {heading: body.strip() for heading, _, body in rules[1:]}


def registry_lines(name):
    text = (descriptors_root() / name / "registry.txt").read_text(encoding="utf-8")
    return [shlex.split(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_sections_of_a_page_are_told_apart():
    title, found = sections("A\n=\n\nb\n\nAccess\n------\nc\n\nDesign\n------\n\nd::\n\n    e\n")
    assert title == "A"
    assert found == {"Access": "c", "Design": "d::\n\n    e"}
    with pytest.raises(AssertionError, match="shorter than its heading"):
        sections("A\n=\n\nAccess\n---\nc\n")


@every_dataset
def test_a_folder_holds_four_files_of_text_and_recipes_of_variants(name):
    folder = descriptors_root() / name
    found = {path.name for path in folder.rglob("*") if path.is_file()}
    assert found >= FILES
    assert all(re.fullmatch(r"recipe_[a-z0-9]+\.toml", other) for other in found - FILES)


@every_dataset
def test_the_page_has_all_headings_in_order(name):
    title, found = sections((descriptors_root() / name / "README.rst").read_text(encoding="utf-8"))
    assert title
    assert list(found) == HEADINGS
    assert [heading for heading, body in found.items() if not body] == []


@every_dataset
def test_channels_have_names_and_places(name):
    facts = read_descriptor(name)
    assert len(set(facts.ch_names)) == len(facts.ch_names)
    assert len(facts.ch_names) in (0, facts.n_channels)
    if facts.montage:
        template = mne.channels.make_standard_montage(facts.montage)
        assert [ch for ch in facts.ch_names if ch not in template.ch_names] == []


@every_dataset
def test_published_arrays_without_names_get_names(name):
    facts = read_descriptor(name)
    assert facts.ch_names or facts.layout in ("bids", "simulated")


@every_dataset
def test_caveats_are_sentences(name):
    caveats = read_descriptor(name).caveats
    assert caveats
    assert [caveat for caveat in caveats if not re.fullmatch(r"\S.*\S\.", caveat) or "  " in caveat] == []
    assert len(set(caveats)) == len(caveats)


@every_dataset
def test_the_paper_is_named(name):
    assert re.fullmatch(r"10\.\d{4,9}/\S+|none", read_descriptor(name).doi)


@every_dataset
def test_the_home_page_is_an_address(name):
    assert re.fullmatch(r"https?://\S+|", read_descriptor(name).url)


@every_dataset
def test_open_terms_rest_on_an_open_licence(name):
    facts = read_descriptor(name)
    assert facts.licence
    assert facts.terms != "open" or OPEN.fullmatch(facts.licence)
    assert facts.terms != "unstated" or not OPEN.fullmatch(facts.licence)


def test_a_licence_that_forbids_something_is_not_open():
    names = ["CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "CC-BY-4.0 or none", "none stated", ""]
    assert [name for name in names if OPEN.fullmatch(name)] == []


@every_dataset
def test_the_layout_has_a_reader(name):
    layout = read_descriptor(name).layout
    assert layout in ("bids", "simulated") or importlib.util.find_spec(f"eegimg.io.{layout}")


@every_dataset
def test_every_file_has_a_place_to_come_from(name):
    lines = registry_lines(name)
    assert lines or read_descriptor(name).layout == "simulated"
    for file, digest, url, *more in lines:
        tree = url.startswith(TREES)
        assert tree or url == "manual" or re.fullmatch(r"https?://\S+", url)
        assert (file == "*" or file.endswith("/*")) == tree
        assert digest == "-" or not tree
        assert re.fullmatch(r"-|(sha256:)?[0-9a-f]{64}|md5:[0-9a-f]{32}|size=[1-9]\d*", digest)
        assert more in ([], ["unpack"], ["optional"])


@every_dataset
def test_bids_is_what_a_dataset_of_layout_bids_comes_from(name):
    hosts = [url.partition(":")[0] for _, _, url, *_ in registry_lines(name)]
    assert read_descriptor(name).layout != "bids" or set(hosts) <= {"openneuro", "nemar"}


@every_dataset
def test_the_recipe_reads_and_makes_epochs(name):
    pipeline = eegimg.read_recipe(name)
    assert pipeline.name.isalnum()
    assert pipeline.name == name.replace("_", "")
    assert "MakeEpochs" in [type(step).__name__ for step in pipeline.steps]


@every_dataset
def test_columns_are_ours_to_theirs(name):
    ours = {"stim_file", "image", "concept", "repetition", "block", "split", "label", "trial_type"}
    columns = read_descriptor(name).columns
    assert set(columns) <= ours
    assert all(isinstance(theirs, str) and theirs for theirs in columns.values())
    assert not set(columns) & set(columns.values())


@pytest.mark.parametrize(
    ("name", "first", "last", "n_times"),
    [("imagenet_eeg", 20, 459, 440), ("eeg_imagenet", 40, 439, 400)],
)
def test_recipes_cut_the_published_samples(name, first, last, n_times):
    (step,) = eegimg.read_recipe(name).steps
    sfreq = read_descriptor(name).sfreq
    assert [round(step.tmin * sfreq), round(step.tmax * sfreq)] == [first, last]
    assert last - first + 1 == n_times
    assert step.baseline is None


def test_the_order_of_imagenet_eeg_is_that_of_the_cap():
    names = read_descriptor("imagenet_eeg").ch_names
    assert len(names) == 128
    # First of the green, yellow, red and white leads, and what the maintainers published last, Ch39.
    assert [names[index] for index in (0, 32, 64, 96, 127)] == ["Fp1", "AF7", "Fpz", "AFp1", "I2"]
    assert names[38] == "F2"


def test_the_sums_of_the_facts():
    facts = {name: read_descriptor(name) for name in list_datasets()}
    assert facts["things_eeg1"].n_trials == 48 * (12 * 1854 + 2400) + 12 * 1854 + 12360
    assert facts["things_eeg1"].n_images == 12 * 1854 + 200
    assert facts["things_eeg2"].n_trials == 10 * (16540 * 4 + 200 * 80)
    assert facts["things_eeg2"].n_images == 1654 * 10 + 200
    assert facts["alljoined_16m"].n_trials == 20 * 83520
    assert facts["alljoined1"].n_trials == 12 * 960 * 4
    assert facts["imagenet_eeg"].n_trials == 7970 + 1998 + 1997
