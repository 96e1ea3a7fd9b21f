"""Sources become stores once: from BIDS folders, simulations and windows of continuous recordings."""

import os

import numpy as np
import pytest

import eegimg
from eegimg.datasets._braindecode import import_known
from eegimg.pipeline import Pipeline
from eegimg.preprocessing import Filter, MakeEpochs, RejectPeakToPeak
from eegimg.training import _sources
from eegimg.training._corpus import describe_corpus, read_corpus
from eegimg.training._sources import open_sources

OPTIONS = {"n_images": 10, "n_repetitions": 1, "n_channels": 16, "sfreq": 100.0, "line_freq": 25.0}
RECIPE = """
name = "quick"
[[step]]
name = "Filter"
l_freq = 1.0
h_freq = 20.0
[[step]]
name = "MakeEpochs"
tmin = -0.1
tmax = 0.5
"""


@pytest.fixture
def quick(tmp_path):
    """Return the path of a recipe that takes no time."""
    file = tmp_path / "quick.toml"
    file.write_text(RECIPE)
    return str(file)


@pytest.fixture
def lab(tmp_path):
    """Return a BIDS folder of two people."""
    eegimg.make_dataset(tmp_path / "bids", n_subjects=2, **OPTIONS)
    return tmp_path / "bids"


def test_a_simulation_becomes_a_store_once(tmp_path, quick, monkeypatch):
    corpus = [{"simulated": {"n_subjects": 2, **OPTIONS}, "recipe": quick}]
    (source,) = open_sources(read_corpus(corpus), tmp_path / "stores")
    assert (len(source.store), source.store.n_channels, source.store.sfreq) == (20, 16, 100.0)
    assert sorted(source.store.metadata["subject"].unique()) == ["01", "02"]
    assert {"image", "concept", "split"} <= set(source.store.metadata)
    assert [path.name for path in (tmp_path / "stores").iterdir()] == [source.store.path.name]
    monkeypatch.setattr(_sources, "_make", lambda *args: pytest.fail("it was made again"))
    (again,) = open_sources(read_corpus(corpus), tmp_path / "stores")
    assert again.store.fingerprint == source.store.fingerprint


def test_a_changed_recipe_is_another_store(tmp_path, lab, quick):
    corpus = [{"bids": str(lab), "recipe": quick}]
    (first,) = open_sources(read_corpus(corpus), tmp_path / "stores")
    (tmp_path / "quick.toml").write_text(RECIPE.replace("20.0", "30.0"))
    (second,) = open_sources(read_corpus(corpus), tmp_path / "stores")
    assert first.store.path != second.store.path
    assert not np.allclose(first.store[0], second.store[0])


def test_windows_cover_the_recording(tmp_path, lab, quick):
    corpus = [{"bids": str(lab), "recipe": quick, "window": 1.0, "stride": 0.5, "subjects": ["02"]}]
    (source,) = open_sources(read_corpus(corpus), tmp_path / "stores")
    raw = eegimg.load_dataset(None, root=lab).raw(subject="02")
    assert source.store.n_times == 100
    assert len(source.store) == int((raw.times[-1] - 1.0) / 0.5) + 1
    assert set(source.store.metadata["subject"]) == {"02"}
    onset = source.store.metadata["onset"]
    np.testing.assert_allclose(onset, np.arange(len(onset)) * 0.5)
    cleaned = Pipeline(Filter(l_freq=1.0, h_freq=20.0)).fit_transform(raw.load_data())
    wanted = cleaned.get_data("eeg")[:, 150:250]
    np.testing.assert_allclose(source.store[3], wanted, rtol=1e-5, atol=1e-10)


def test_steps_behind_make_epochs_see_the_windows(lab):
    from eegimg import bids
    from eegimg.training._windows import cut_recording

    path = bids.find_recordings(lab)[0]
    clean = Filter(l_freq=1.0, h_freq=20.0)
    every = cut_recording(path, Pipeline(clean), 0.5, 0.5, {})
    size = np.ptp(every.get_data("eeg"), axis=-1).max(1)
    limit = float(np.median(size))
    reject = RejectPeakToPeak(reject={"eeg": limit})
    some = cut_recording(path, Pipeline(clean, MakeEpochs(), reject), 0.5, 0.5, {})
    assert 0 < len(some) < len(every)
    np.testing.assert_allclose(some.metadata["onset"], every.metadata["onset"][size <= limit])


def test_a_recording_without_room_for_a_window_is_left_out_and_named(tmp_path, lab, quick, caplog):
    corpus = [{"bids": str(lab), "recipe": quick, "window": 1e4}]
    with pytest.raises(
        RuntimeError, match="None of the 2 recordings of bids gave epochs; the first one: .*sub-01"
    ):
        open_sources(read_corpus(corpus), tmp_path / "stores")
    assert "bids: sub-01_task-images_eeg.vhdr is left out" in caplog.text


def test_subjects_of_a_store_are_chosen(make_store):
    corpus = [{"store": str(make_store()), "subjects": ["02", "04"]}]
    (source,) = open_sources(read_corpus(corpus), "nowhere")
    assert set(source.store.metadata["subject"]) == {"02", "04"}
    corpus[0]["subjects"] = ["07"]
    with pytest.raises(ValueError, match="The subjects '07' of lab were asked for; the store has '01', '02'"):
        open_sources(read_corpus(corpus), "nowhere")


def test_sources_of_one_name_are_told_apart(make_store, tmp_path):
    corpus = [{"store": str(make_store("a/lab"))}, {"store": str(make_store("b/lab"))}]
    assert [source.name for source in open_sources(read_corpus(corpus), "nowhere")] == ["lab (1)", "lab (2)"]


# MOABB's own simulated dataset asks for positions by a name that MNE 1.14 drops.
@pytest.mark.filterwarnings("ignore:Montage name 'standard_1005':FutureWarning")
@pytest.mark.torch
def test_a_dataset_of_moabb_by_name(tmp_path, quick, monkeypatch):
    pytest.importorskip("moabb")
    kind = import_known("moabb.datasets.fake", "the test", "data").FakeDataset
    # It makes a folder that it does not use, and keeps its name in a variable.
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
        fake = kind(seed=1, event_list=("face", "house"), n_subjects=2, duration=12.3, n_events=6)
    del os.environ[f"MNE_DATASETS_{fake.code.upper()}_PATH"]
    monkeypatch.setenv("EEGIMG_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(_sources, "moabb_dataset", lambda name: fake)
    corpus = [{"moabb": "FakeDataset", "subjects": [1], "window": 2.0, "recipe": quick, "licence": "CC0"}]
    (source,) = open_sources(read_corpus(corpus), tmp_path / "stores")
    assert set(source.store.metadata["subject"]) == {"01"}
    assert len(source.store) == 4 * 6  # two sessions of two runs, 12.3 s each
    assert source.licence == "CC0"


@pytest.mark.torch
def test_a_dataset_that_moabb_has_not():
    pytest.importorskip("moabb")
    with pytest.raises(
        ValueError, match="The dataset 'Kaneshiro2016' of MOABB was asked for.*'Kaneshiro2015'"
    ):
        _sources.moabb_dataset("Kaneshiro2016")


def test_a_dataset_of_eegdash_that_is_there(tmp_path, lab, quick, monkeypatch):
    monkeypatch.setenv("EEGIMG_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "eegdash").mkdir(parents=True)
    lab.rename(tmp_path / "data" / "eegdash" / "ds000001")
    corpus = [{"eegdash": "ds000001", "recipe": quick, "licence": "CC0"}]
    (source,) = open_sources(read_corpus(corpus), tmp_path / "stores")
    assert len(source.store) == 20


def test_what_is_known_before_anything_is_read(make_store, lab):
    corpus = [
        {"store": str(make_store())},
        {"bids": str(lab)},
        {"simulated": {"n_subjects": 3}},
        {"moabb": "Elsewhere", "n_subjects": 7, "hours": 2.5, "licence": "CC-BY-4.0"},
    ]
    table = describe_corpus(read_corpus(corpus)).set_index("source")
    assert table.loc["lab", "n_epochs"] == 80
    assert table.loc["lab", "hours"] == pytest.approx(80 / 3600)
    assert table.loc["bids", "n_subjects"] == 2
    assert table.loc["simulated", "n_epochs"] == 3 * 160
    assert table.loc["Elsewhere", ["n_subjects", "hours", "licence"]].tolist() == [7, 2.5, "CC-BY-4.0"]
    assert table["local"].tolist() == [True, True, True, False]
