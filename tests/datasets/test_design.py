"""What is known of a dataset's design reaches the epochs, the user once, and the audit."""

import logging

import numpy as np
import pandas as pd
import pytest
from twins import eeg_imagenet, imagenet_eeg, mindbigdata, oced, things_eeg2, thoughtviz

import eegimg
from eegimg.datasets import convert_dataset, load_dataset, read_descriptor
from eegimg.datasets._load import _design
from eegimg.preprocessing import MakeEpochs
from eegimg.validity import audit_design


@pytest.fixture(autouse=True)
def nothing_said():
    """Forget what this process was told."""
    _design._say_once.cache_clear()
    yield
    _design._say_once.cache_clear()


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    """Return the BIDS folder of the ImageNet-EEG twin."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("imagenet_eeg")
    imagenet_eeg.write_imagenet_eeg(folder / "source", n_subjects=1, n_images=8)
    convert_dataset("imagenet_eeg", folder / "source", folder / "bids", progress=False)
    return folder / "bids"


def epochs_of(root, **options):
    pipeline = eegimg.Pipeline(MakeEpochs(tmin=0.0, tmax=0.15, baseline=None))
    return load_dataset(None, root=root).epochs(pipeline=pipeline, **options)


def caveats(caplog):
    return [record.message for record in caplog.records if "audit_design" in record.message]


@pytest.mark.torch
def test_the_caveat_of_a_block_design_is_logged_once_with_its_reference(imagenet, caplog):
    with caplog.at_level(logging.WARNING, logger="eegimg"):
        first = epochs_of(imagenet)
        epochs_of(imagenet)
    assert len(caveats(caplog)) == 1
    text = caveats(caplog)[0]
    assert text.startswith("imagenet_eeg: ")
    assert read_descriptor("imagenet_eeg").caveats[0] in text
    assert "10.1109/TPAMI.2020.2973153" in text
    assert caplog.records[-1].name == "eegimg.datasets"
    assert set(first.metadata["design"]) == {"block"}


@pytest.mark.torch
def test_nothing_is_said_where_nothing_is_loaded(imagenet, caplog):
    with caplog.at_level(logging.INFO, logger="eegimg"):
        dataset = load_dataset("imagenet_eeg", root=imagenet)
        assert len(dataset.images) > 0
    assert caveats(caplog) == []


@pytest.mark.parametrize("design", ["block", "rapid-event", "unknown"])
def test_the_column_says_the_design_where_it_is_known(design, caplog):
    names = [name for name in eegimg.list_datasets() if read_descriptor(name).layout != "simulated"]
    chosen = [read_descriptor(name) for name in names if read_descriptor(name).design == design]
    metadata = pd.DataFrame({"concept": ["a", "b"]})
    with caplog.at_level(logging.WARNING, logger="eegimg"):
        for facts in chosen:
            found = _design.with_design(metadata, facts)
            assert found.get("design", pd.Series(dtype=str)).tolist() == [design] * 2 * (design != "unknown")
    assert len(caveats(caplog)) == len(chosen) * (design == "block")
    assert list(metadata.columns) == ["concept"]
    if design != "unknown":
        assert chosen


def test_every_block_design_has_a_caveat_with_a_reference():
    for name in eegimg.list_datasets():
        facts = read_descriptor(name)
        if facts.design == "block":
            assert "doi" in facts.caveats[0], name


def test_a_folder_of_which_nothing_is_known_has_no_design():
    metadata = pd.DataFrame({"concept": ["a", "b"]})
    assert _design.with_design(metadata, None) is metadata


@pytest.mark.parametrize("design", ["block", "rapid-event"])
def test_simulated_recordings_are_judged_by_their_order_alone(tmp_path, caplog, design):
    root = tmp_path / "simulated"
    eegimg.make_dataset(root, n_subjects=1, n_images=12, n_repetitions=3, n_channels=16, design=design)
    with caplog.at_level(logging.WARNING, logger="eegimg"):
        epochs = epochs_of(root)
    assert {"design", "order"} & set(epochs.metadata.columns) == set()
    assert caveats(caplog) == []


def _in_folder(write):
    def make(folder):
        folder.mkdir()
        write(folder)

    return make


JOINED = {
    "eeg_imagenet": (lambda folder: eeg_imagenet.write_eeg_imagenet(folder, subjects=((0,),)), None),
    "oced": (_in_folder(lambda folder: oced.write(folder, subjects=(1,), n_repetitions=2)), None),
    "thoughtviz": (_in_folder(thoughtviz.write), None),
    "mindbigdata_imagenet": (_in_folder(mindbigdata.write), None),
    "things_eeg2": (
        _in_folder(lambda folder: things_eeg2.write_things_eeg2(folder, "preprocessed", n_concepts=2)),
        "preprocessed",
    ),
}


def _converted(name, write, variant, folder):
    write(folder / "source")
    convert_dataset(name, folder / "source", folder / "bids", variant=variant, progress=False)
    return epochs_of(folder / "bids")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.torch) if n == "eeg_imagenet" else n for n in JOINED]
)
def test_trials_that_were_published_one_by_one_have_no_order(name, tmp_path):
    if name == "eeg_imagenet":
        pytest.importorskip("torch")
    epochs = _converted(name, *JOINED[name], tmp_path)
    assert set(epochs.metadata["order"]) == {"unknown"}
    assert len(epochs) > 3


def test_a_continuous_recording_keeps_its_order(tmp_path):
    write = _in_folder(lambda folder: things_eeg2.write_things_eeg2(folder, "raw", n_concepts=2, n_images=4))
    epochs = _converted("things_eeg2", write, "raw", tmp_path)
    assert "order" not in epochs.metadata


@pytest.mark.torch
@pytest.mark.parametrize("drift", [0.0, 3.0])
@pytest.mark.parametrize("split", [None, 3])
def test_the_audit_of_imagenet_eeg_is_never_ok(imagenet, drift, split):
    epochs = epochs_of(imagenet)
    assert set(epochs.metadata["order"]) == {"unknown"}
    # Blocks that drift: as the order of recording is lost, the label is all that is left of the time.
    codes = np.unique(epochs.metadata["concept"], return_inverse=True)[1]
    data = epochs.get_data(copy=False)
    epochs._data += drift * data.std() * (codes - 1.0)[:, None, None]
    audit = audit_design(epochs, split=split, explain=False)
    assert audit.verdict == ("confounded" if "above-chance" in audit.flags else "caution")
    # The split that was published has six test trials here, and six are not enough to be above chance.
    assert "above-chance" in audit.flags or drift == 0 or split is None
    assert {"unidentifiable", "order-unknown", "block-design"} <= set(audit.flags)
    assert "no split helps" in audit.remedy
