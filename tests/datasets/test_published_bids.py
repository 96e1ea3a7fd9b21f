"""Sets that are BIDS as they come: the picture behind each epoch is found under whatever name it has."""

import pytest
from twins.published_bids import WRITERS, write_published_bids
from typer.testing import CliRunner

import eegimg
from eegimg.cli._app import app
from eegimg.datasets import list_datasets, load_dataset, read_descriptor
from eegimg.datasets._fetch import RECORD
from eegimg.preprocessing import Filter, MakeEpochs

SMALL = {"n_subjects": 2, "n_images": 20, "n_repetitions": 2, "n_channels": 16, "sfreq": 125.0}


@pytest.fixture(scope="module", params=sorted(WRITERS))
def published(request, tmp_path_factory):
    """Return the name of a set, its folder and what people saw."""
    root = tmp_path_factory.mktemp(request.param) / "bids"
    return request.param, root, write_published_bids(root, request.param, **SMALL)


@pytest.fixture
def pipeline():
    return eegimg.Pipeline(Filter(l_freq=1.0, h_freq=40.0), MakeEpochs(tmin=-0.1, tmax=0.4), name="quick")


def test_every_set_that_is_bids_has_a_twin():
    assert set(WRITERS) == {name for name in list_datasets() if read_descriptor(name).layout == "bids"}


@pytest.mark.parametrize("by_name", [True, False])
def test_every_epoch_knows_its_picture(published, pipeline, by_name):
    name, root, shown = published
    dataset = load_dataset(name if by_name else None, root=root)
    assert dataset.name == name
    epochs = dataset.epochs(pipeline=pipeline)
    metadata = epochs.metadata
    for subject, table in shown.items():
        ours = metadata[metadata["subject"] == subject]
        assert list(ours["image"]) == list(table["image"])
        if "concept" in read_descriptor(name).columns:
            test = (table["split"] == "test").to_numpy()
            assert list(ours["concept"][~test]) == list(table["concept"][~test])
            assert set(ours["concept"][test].astype(str)) == {"-1"}
            assert list(ours["block"].astype(str)) == list(table["block"])
    assert len(dataset.images) == 20


def test_pictures_are_found_in_the_dataset_and_beside_it(published, tmp_path):
    name, root, shown = published
    images = load_dataset(name, root=root, images=root / "stimuli").images
    assert images["found"].all()
    assert images["path"].str.startswith(str(root / "stimuli")).all()


def test_the_command_line_knows_the_columns_too(published, pipeline, tmp_path):
    name, root, shown = published
    recipe = eegimg.write_recipe(pipeline, tmp_path / "quick.toml")
    arguments = ["preprocess", root, "--out", tmp_path / "out", "--recipe", recipe, "--subject", "01"]
    result = CliRunner().invoke(app, [*map(str, arguments), "--no-report"])
    assert result.exit_code == 0, result.output
    (sidecar,) = (tmp_path / "out").rglob("*_epo.json")
    assert list(eegimg.bids.read_result(sidecar).metadata["image"]) == list(shown["01"]["image"])


def test_what_fetching_leaves_is_no_error_to_the_validator(published, validate):
    _, root, _ = published
    assert (root / RECORD).is_file()
    assert not [place for _, place in validate(root) if place == f"/{RECORD}"]


def test_a_folder_that_was_fetched_for_another_dataset_is_refused(published):
    name, root, _ = published
    other = "things_eeg1" if name != "things_eeg1" else "alljoined1"
    with pytest.raises(ValueError, match=f"{other} was asked for; .* holds {name}. Give its own folder"):
        load_dataset(other, root=root)


def test_a_name_that_begins_with_the_folder_of_pictures_is_found_there(published, tmp_path):
    name, root, _ = published
    if name != "things_eeg1":
        pytest.skip("only THINGS-EEG1 writes so")
    picture = load_dataset(name, root=root).images["stim_file"].iloc[0].replace("\\", "/")
    target = root / picture
    target.parent.mkdir(parents=True)
    (root / "stimuli" / target.name).rename(target)
    try:
        images = load_dataset(name, root=root).images
        assert list(images["path"].dropna()) == [str(target)]
    finally:
        target.rename(root / "stimuli" / target.name)
        target.parent.rmdir()
