"""Every published layout, from its files to epochs: valid BIDS, all columns, and the planted effect of the class."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from twins import eeg_imagenet, imagenet_eeg, mindbigdata, oced, things_eeg2, thoughtviz
from twins.planted import decoding_accuracy

import eegimg
from eegimg import io
from eegimg.datasets import convert_dataset, list_datasets, load_dataset, read_descriptor
from eegimg.pipeline import list_recipes


@dataclasses.dataclass(frozen=True)
class Twin:
    """How a twin is written, and what must come of it."""

    name: str
    write: Callable
    variant: str | None = None
    description: str | None = None
    split: bool = True
    pictures: bool = True
    torch: bool = False
    above: float = 0.6  # accuracy of the probe; chance is a half or less

    def __str__(self):
        return f"{self.name}-{self.variant or 'only'}"


def with_folder(write):
    def make(folder):
        folder.mkdir()
        write(folder)

    return make


def things(variant, **options):
    return with_folder(lambda folder: things_eeg2.write_things_eeg2(folder, variant, gain=20.0, **options))


TWINS = [
    Twin("imagenet_eeg", imagenet_eeg.write_imagenet_eeg, "5to95", "5to95", torch=True),
    Twin(
        "imagenet_eeg",
        lambda folder: imagenet_eeg.write_imagenet_eeg(folder, "raw"),
        "raw",
        torch=True,
    ),
    Twin("eeg_imagenet", eeg_imagenet.write_eeg_imagenet, torch=True),
    Twin("things_eeg2", things("raw", n_concepts=2, n_images=4), "raw"),
    Twin("things_eeg2", things("preprocessed", n_concepts=2, n_images=4), "preprocessed", "preprocessed"),
    Twin("things_eeg2", things("nice", n_concepts=2, n_images=4), "nice", "nice"),
    Twin(
        "oced",
        with_folder(lambda folder: oced.write(folder, subjects=(1,), n_repetitions=8)),
        description="cleaned",
        split=False,
    ),
    Twin("thoughtviz", with_folder(thoughtviz.write), description="windowed", pictures=False, above=0.3),
    Twin("mindbigdata_imagenet", with_folder(mindbigdata.write), split=False),
]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(twin, marks=pytest.mark.torch) if twin.torch else pytest.param(twin) for twin in TWINS
    ],
    ids=str,
)
def converted(request, tmp_path_factory):
    """Return a twin and the BIDS folder that it became."""
    twin, folder = request.param, tmp_path_factory.mktemp(request.param.name)
    if twin.torch:
        pytest.importorskip("torch")
    twin.write(folder / "published")
    return twin, convert_dataset(twin.name, folder / "published", folder / "bids", variant=twin.variant)


def test_every_layout_and_every_dataset_that_is_converted_has_a_twin():
    assert {read_descriptor(twin.name).layout for twin in TWINS} == set(io.LAYOUTS)
    assert {twin.name for twin in TWINS} == {
        name for name in list_datasets() if read_descriptor(name).layout in io.LAYOUTS
    }


def test_the_validator_finds_no_error(converted, validate):
    assert validate(converted[1]) == []


def test_names_places_and_units_are_in_the_files(converted):
    twin, root = converted
    facts = read_descriptor(twin.name)
    dataset = load_dataset(twin.name, root=root)
    for row in dataset.recordings.itertuples():
        raw = dataset.raw(subject=row.subject, session=row.session, task=row.task)
        assert set(raw.get_channel_types()) == {"eeg"}
        assert raw.info["sfreq"] > 0
        if twin.description is None or twin.name == "oced":
            assert raw.info["temp"]["unit"] == "V"
            assert 1e-7 < np.median(raw.get_data().std(axis=1)) < 1e-3
        else:
            assert raw.info["temp"]["unit"] == "n/a"
        assert raw.info["temp"]["positions"] == ("electrodes.tsv" if facts.montage else "none")
        assert (twin.description or "") in row.path


def test_epochs_of_the_papers_recipe_know_what_was_shown(converted):
    twin, root = converted
    dataset = load_dataset(twin.name, root=root)
    task = dataset.recordings["task"][0]
    epochs = dataset.epochs(task=task)
    columns = set(epochs.metadata.columns)
    assert {"event", "subject", "concept", "source_index"} <= columns
    assert epochs.metadata["concept"].notna().all()
    assert ("split" in columns) == twin.split
    keys = ["subject", "source_index", *[key for key in ("session", "split") if key in columns]]
    assert not epochs.metadata.duplicated(keys).any() or twin.name == "imagenet_eeg"
    images = dataset.images
    assert bool(len(images)) == twin.pictures
    if twin.pictures:
        assert set(epochs.metadata["image"]) <= set(images["image"])
        shown = epochs.metadata.groupby(["subject", "image"])["repetition"]
        assert (shown.min() >= 1).all()
    if twin.split:
        parts = [dataset.epochs(split=part, task=task) for part in ("train", "test")]
        assert all(len(part) for part in parts)
        if twin.pictures:
            assert not set(parts[0].metadata["image"]) & set(parts[1].metadata["image"])


def test_the_planted_effect_of_the_class_comes_through(converted):
    twin, root = converted
    dataset = load_dataset(twin.name, root=root)
    first = dataset.recordings.iloc[0]
    epochs = dataset.epochs(subject=first["subject"], task=first["task"])
    concepts = epochs.metadata["concept"]
    common = concepts.map(concepts.value_counts()) >= 5
    accuracy = decoding_accuracy(epochs.get_data()[common.to_numpy()], concepts[common])
    assert concepts[common].nunique() > 1
    assert accuracy > twin.above


def test_a_recipe_runs_over_the_whole_set(converted, tmp_path):
    twin, root = converted
    recipe = f"{twin.name}_{twin.description}"
    recipe = recipe if recipe in list_recipes() else twin.name
    summary = eegimg.preprocess_dataset(root, tmp_path / "out", recipe=recipe, report=False)
    assert isinstance(summary.table, pd.DataFrame)
    assert set(summary.table["status"]) == {"done"}
    assert (summary.table["n_epochs"] > 0).all()
