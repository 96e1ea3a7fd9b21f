"""What write_store puts on disk, what it refuses, and how it goes on."""

import hashlib
import json
import re
import shutil
import warnings

import mne
import numpy as np
import pandas as pd
import pytest
from mne.io.constants import FIFF

from eegimg import bids
from eegimg.store._read import read_store
from eegimg.store._write import write_store


def whole(sentence):
    return f"^{re.escape(sentence)}$"


def results(folder):
    return sorted(folder.glob("sub-*/**/*_epo.json"))


def contents(folder):
    """Map every file of a store to its bytes."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def test_every_value_comes_back_as_float32_in_the_order_of_the_objects(make_epochs, tmp_path):
    parts = [make_epochs(5, "02", number=1), make_epochs(4, "01", number=2)]
    store = write_store(parts, tmp_path / "store", shard_epochs=3)
    expected = np.concatenate([part.get_data() for part in parts]).astype(np.float32)
    assert store[:].dtype == np.float32
    assert np.array_equal(store[:], expected)
    assert store.metadata["subject"].tolist() == ["02"] * 5 + ["01"] * 4
    assert store.metadata["recording"].unique().tolist() == ["sub-02_run-1", "sub-01_run-1"]
    assert store.metadata["event"].tolist() == ["face", "house"] * 2 + ["face"] + ["face", "house"] * 2
    assert store.metadata["concept"].tolist() == [
        *parts[0].metadata["concept"],
        *parts[1].metadata["concept"],
    ]
    assert np.allclose(store.times, parts[0].times)


def test_any_reader_of_numpy_files_and_parquet_can_read_a_store(make_epochs, tmp_path):
    epochs = make_epochs(7)
    write_store(epochs, tmp_path, shard_epochs=3)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    entries = manifest["recordings"][0]["shards"]
    assert [entry["shape"] for entry in entries] == [[3, 3, 50], [3, 3, 50], [1, 3, 50]]
    files = [tmp_path / "recordings" / "epochs-0000" / entry["file"] for entry in entries]
    shards = [np.load(file) for file in files]
    assert all(shard.dtype == "<f4" and shard.flags.c_contiguous for shard in shards)
    for file, entry in zip(files, entries, strict=True):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
    index = pd.read_parquet(tmp_path / "index.parquet")
    data = epochs.get_data().astype(np.float32)
    for number, (shard, row) in enumerate(zip(index["shard"], index["row"], strict=True)):
        assert np.array_equal(shards[shard][row], data[number])
    assert (
        hashlib.sha256((tmp_path / "index.parquet").read_bytes()).hexdigest() == manifest["index"]["sha256"]
    )


def test_results_of_a_recipe_come_with_all_that_is_known_of_them(derivatives, tmp_path):
    store = write_store(derivatives, tmp_path / "store").verify()
    sidecars = results(derivatives)
    epochs = [bids.read_result(file).pick("eeg") for file in sidecars]
    assert np.array_equal(store[:], np.concatenate([e.get_data() for e in epochs]).astype(np.float32))
    fields = [bids.read_json(file) for file in sidecars]
    manifest = store.manifest
    recipe = {key: fields[0]["Recipe"][key] for key in ("name", "fingerprint")}
    assert manifest["recipes"] == [recipe]
    assert [part["source"] for part in manifest["recordings"]] == [
        f.with_suffix(".fif").name for f in sidecars
    ]
    assert [part["audit"]["verdict"] for part in manifest["recordings"]] == [
        field["Audit"]["verdict"] for field in fields
    ]
    assert manifest["audit"]["recordings"] == {fields[0]["Audit"]["verdict"] or "unknown": 3}
    described = bids.read_json(derivatives / "dataset_description.json")
    assert manifest["licence"] == described["License"]
    assert f"{manifest['dataset']}: preprocessed with eegimg" == described["Name"]
    counts = pd.concat([e.metadata for e in epochs])["split"].value_counts()
    assert manifest["split"] == {"column": "split", "counts": counts.sort_index().to_dict()}
    assert manifest["unit"] == "V"
    assert manifest["ch_names"] == epochs[0].ch_names
    assert store.metadata["subject"].unique().tolist() == ["01", "02", "03"]
    assert store.metadata["recording"].unique().tolist() == [
        file.name.split("_desc-")[0] for file in sidecars
    ]
    places = [ch["loc"][:3] for ch in store.info["chs"]]
    assert np.allclose(places, [ch["loc"][:3] for ch in epochs[0].info["chs"]], atol=1e-6)


def test_the_gravest_verdict_stands_for_all_and_marks_of_steps_are_kept(derivatives, tmp_path):
    copy = shutil.copytree(derivatives, tmp_path / "derivatives")
    for file, audit, steps in zip(
        results(copy),
        ({"verdict": "ok"}, None, {"verdict": "caution"}),
        ([], ["MVNN"], ["ICA", "MVNN"]),
        strict=True,
    ):
        fields = bids.read_json(file) | {
            "Audit": audit,
            "Transductive": bool(steps),
            "TransductiveSteps": steps,
        }
        file.write_text(json.dumps(fields), encoding="utf-8")
    store = write_store(copy, tmp_path / "store")
    assert store.manifest["audit"] == {
        "verdict": "caution",
        "recordings": {"caution": 1, "unknown": 1, "ok": 1},
    }
    assert store.manifest["transductive_steps"] == ["MVNN", "ICA"]
    assert store.metadata.groupby("subject")["transductive"].first().tolist()[1:] == ["MVNN", "ICA,MVNN"]


def test_channels_in_another_order_are_put_in_order_by_name(make_epochs, tmp_path):
    straight = make_epochs(3, number=1)
    turned = make_epochs(3, number=1, ch_names=("Oz", "Cz", "Pz"))
    assert not np.array_equal(straight.get_data(), turned.get_data())
    store = write_store([straight, turned], tmp_path)
    assert np.array_equal(store[:3], store[3:])
    assert store.ch_names == ["Cz", "Pz", "Oz"]


def test_recordings_that_cannot_stand_in_one_store_are_refused_by_name(make_epochs, tmp_path):
    first = make_epochs()
    odd = {
        "epochs-0001 has other channels than epochs-0000 ('Fz' and 'Oz'), and one store holds one set of "
        "channels. Add Apply('pick', picks=[...]) to the recipe, or write a store of each.": make_epochs(
            ch_names=("Cz", "Pz", "Fz")
        ),
        "epochs-0001 has 50 samples per epoch at 200 Hz, epochs-0000 has 50 at 100 Hz, and one store holds "
        "one rate and window. Add Resample to the recipe, or write a store of each.": make_epochs(
            sfreq=200.0
        ),
        "epochs-0001 has 40 samples per epoch at 100 Hz, epochs-0000 has 50 at 100 Hz, and one store holds "
        "one rate and window. Add Resample to the recipe, or write a store of each.": make_epochs(n_times=40),
        "The epochs of epochs-0001 begin 0 s from the event, those of epochs-0000 -0.1 s, and one store holds "
        "one window. Cut both alike, or write a store of each.": make_epochs(tmin=0.0),
    }
    for number, (sentence, other) in enumerate(odd.items()):
        with pytest.raises(ValueError, match=whole(sentence)):
            write_store([first, other], tmp_path / f"store{number}")
        with pytest.raises(RuntimeError, match="is not finished: it has no manifest.json"):
            read_store(tmp_path / f"store{number}")


def test_numbers_without_a_unit_are_not_mixed_with_volts(make_epochs, tmp_path):
    scaled = make_epochs()
    for channel in scaled.info["chs"]:
        channel["unit"] = FIFF.FIFF_UNIT_NONE
    store = write_store(scaled, tmp_path / "scaled")
    assert store.manifest["unit"] == "n/a"
    with pytest.raises(ValueError, match=r"^epochs-0001 is in the unit 'V', epochs-0000 in 'n/a'\."):
        write_store([scaled, make_epochs()], tmp_path / "mixed")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused_by_name(make_epochs, tmp_path, value):
    epochs = make_epochs()
    epochs._data[4, 1, 7] = value
    sentence = (
        "epochs-0001 has values that are no finite numbers: 1 of the epochs 0 to 5, first epoch 4, channel Pz. "
        "Drop those epochs, or mend the channel."
    )
    with pytest.raises(ValueError, match=whole(sentence)):
        write_store([make_epochs(), epochs], tmp_path)


def test_nothing_to_write_is_refused(make_epochs, tmp_path):
    with pytest.raises(
        ValueError, match=whole("write_store was given no epochs at all: the 'data' parameter is empty.")
    ):
        write_store([], tmp_path / "a")
    rejected = make_epochs(3).drop([0, 1, 2], verbose="error")
    with pytest.raises(
        ValueError,
        match=whole("write_store was given no epochs: all of 'epochs-0000' were rejected or are empty."),
    ):
        write_store(rejected, tmp_path / "b")
    with pytest.raises(
        TypeError, match=r"^The 'data' parameter of write_store must be epochs, a list of epochs"
    ):
        write_store(3, tmp_path / "c")
    with pytest.raises(TypeError, match=r"preprocess wrote\. Got str among them\.$"):
        write_store(["a"], tmp_path / "d")


def test_a_recording_without_epochs_does_not_stop_the_others(make_epochs, tmp_path):
    empty = make_epochs(3).drop([0, 1, 2], verbose="error")
    store = write_store([empty, make_epochs(4)], tmp_path)
    assert [part["n_epochs"] for part in store.manifest["recordings"]] == [0, 4]
    assert np.array_equal(store[:], make_epochs(4).get_data().astype(np.float32))


def test_a_finished_store_is_never_written_over_unasked(make_epochs, tmp_path):
    write_store(make_epochs(6), tmp_path)
    before = contents(tmp_path)
    sentence = (
        f"The folder {tmp_path} holds a finished store of 6 epochs. Choose another folder, add recordings to it "
        "with add=True, or replace it with overwrite=True."
    )
    with pytest.raises(ValueError, match=whole(sentence)):
        write_store(make_epochs(3), tmp_path)
    assert contents(tmp_path) == before
    assert len(write_store(make_epochs(3), tmp_path, overwrite=True)) == 3
    assert len(read_store(tmp_path).verify()) == 3
    with pytest.raises(ValueError, match="^write_store cannot both add to a store and overwrite it"):
        write_store(make_epochs(3), tmp_path, overwrite=True, add=True)


def test_folders_of_other_things_are_left_alone(make_epochs, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    for overwrite in (False, True):
        with pytest.raises(
            ValueError, match=r"holds other files \('thesis\.txt'\), and a store needs one of its"
        ):
            write_store(make_epochs(), tmp_path, overwrite=overwrite)
    other = tmp_path / "other"
    (other / "recordings").mkdir(parents=True)
    (other / "recordings" / "song.wav").write_text("mine", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"files that are none of a store \('song\.wav'\); nothing was removed"
    ):
        write_store(make_epochs(), other, overwrite=True)
    (other / "manifest.json").write_text("{}", encoding="utf-8")
    for asked in ({"overwrite": True}, {"add": True}, {}):
        with pytest.raises(RuntimeError, match=r"manifest\.json is not the manifest of a store of eegimg\.$"):
            write_store(make_epochs(), other, **asked)
    assert (other / "recordings" / "song.wav").read_text(encoding="utf-8") == "mine"


def test_recordings_are_added_and_those_that_are_there_kept(make_epochs, tmp_path):
    write_store(make_epochs(4, number=1), tmp_path)
    store = write_store([make_epochs(3, number=2), make_epochs(2, number=3)], tmp_path, add=True).verify()
    expected = [make_epochs(n, number=k).get_data() for n, k in ((4, 1), (3, 2), (2, 3))]
    assert np.array_equal(store[:], np.concatenate(expected).astype(np.float32))
    with pytest.raises(ValueError, match=r"^epochs-0003 has 40 samples per epoch"):
        write_store(make_epochs(n_times=40), tmp_path, add=True)
    assert len(read_store(tmp_path).verify()) == 9


def test_adding_the_same_results_changes_nothing_and_other_ones_are_refused(derivatives, tmp_path):
    copy = shutil.copytree(derivatives, tmp_path / "derivatives")
    seen = []
    first = write_store(copy, tmp_path / "store")
    again = write_store(copy, tmp_path / "store", add=True, watch=lambda row, *_: seen.append(row["status"]))
    assert seen == ["cached"] * 3
    assert again.fingerprint == first.fingerprint
    file = results(copy)[1]
    file.write_text(json.dumps(bids.read_json(file) | {"Description": "made anew"}), encoding="utf-8")
    name = file.name.split("_desc-")[0]
    with pytest.raises(
        ValueError, match=f"^The store {tmp_path / 'store'} holds {name} already, made of other"
    ):
        write_store(copy, tmp_path / "store", add=True)
    assert read_store(tmp_path / "store").verify().fingerprint == first.fingerprint


def test_channels_are_chosen_by_type_or_name(make_epochs, tmp_path):
    epochs = make_epochs(ch_names=("Cz", "EOG", "Pz", "Oz"))
    assert write_store(epochs, tmp_path / "a").ch_names == ["Cz", "Pz", "Oz"]
    everything = write_store(epochs, tmp_path / "b", picks="all")
    assert everything.manifest["ch_types"] == ["eeg", "eog", "eeg", "eeg"]
    assert np.array_equal(everything[:], epochs.get_data().astype(np.float32))
    two = write_store(epochs, tmp_path / "c", picks=["Oz", "Cz"])
    assert np.array_equal(two[:], epochs.get_data(["Oz", "Cz"]).astype(np.float32))
    with pytest.raises(
        ValueError, match=r"^The channels 'Qz' were asked for; epochs-0000 lacks 'Qz'\. It has"
    ):
        write_store(epochs, tmp_path / "d", picks=["Qz"])
    with pytest.raises(
        ValueError, match=r"^The channels 'Cz' and 'Cz' were asked for; epochs-0000 would have one"
    ):
        write_store(epochs, tmp_path / "e", picks=["Cz", "Cz"])
    with pytest.raises(ValueError, match="^epochs-0000 has no channel to store: picks='eeg' was asked for"):
        write_store(make_epochs(ch_names=("EOG",)), tmp_path / "f")
    with pytest.raises(
        TypeError, match="^The 'picks' parameter of write_store must be 'eeg', 'all' or a list"
    ):
        write_store(epochs, tmp_path / "g", picks=3)


def test_bad_channels_are_stored_and_named(make_epochs, tmp_path):
    epochs = make_epochs()
    epochs.info["bads"] = ["Pz"]
    store = write_store([make_epochs(), epochs], tmp_path)
    assert store.n_channels == 3
    assert store.info["bads"] == ["Pz"]


def test_columns_of_one_kind_stay_so_and_mixed_ones_become_text(make_epochs, tmp_path):
    first = make_epochs(2, trial=[1, 2], note=["a", 3], seen=[True, False], rt=[0.5, np.nan])
    second = make_epochs(2, vector=[[1, 2], [3]])
    metadata = write_store([first, second], tmp_path / "store").metadata
    assert metadata["trial"].dtype == "Int64"
    assert metadata["trial"].tolist()[:2] == [1, 2]
    assert metadata["trial"].isna().tolist() == [False, False, True, True]
    assert metadata["note"].tolist()[:2] == ["a", "3"]
    assert metadata["seen"].tolist()[:2] == [True, False]
    assert metadata["rt"].iloc[0] == 0.5
    assert [list(value) for value in metadata["vector"][2:]] == [[1, 2], [3]]
    odd = make_epochs(2, thing=[np.zeros((2, 2)), "a"])
    with pytest.raises(
        ValueError,
        match="^The metadata column 'thing' of epochs-0000 holds a ndarray, which a table on disk cannot",
    ):
        write_store(odd, tmp_path / "odd")
    with pytest.raises(
        ValueError, match="^The metadata of epochs-0000 have the column 'shard', which a store"
    ):
        write_store(make_epochs(2, shard=1), tmp_path / "own")


def test_epochs_without_metadata_have_a_name_and_an_event(make_epochs, tmp_path):
    epochs = make_epochs(3)
    epochs.metadata = None
    metadata = write_store(epochs, tmp_path).metadata
    assert metadata.to_dict("list") == {"recording": ["epochs-0000"] * 3, "event": ["face", "house", "face"]}


def test_a_generator_and_epochs_that_are_not_loaded_are_taken_one_at_a_time(make_epochs, tmp_path):
    file = tmp_path / "sub-01_epo.fif"
    make_epochs(9, number=4).save(file, verbose="error")
    with warnings.catch_warnings():
        # MNE 1.13 reads metadata in a way that pandas 3.1 means to drop.
        warnings.filterwarnings("ignore", message="The inplace keyword in DataFrame.set_index")
        lazy = mne.read_epochs(file, preload=False, verbose="error")
    store = write_store((e for e in (lazy, make_epochs(2))), tmp_path / "store", shard_epochs=4)
    assert not lazy.preload
    expected = [make_epochs(9, number=4).get_data(), make_epochs(2).get_data()]
    assert np.allclose(store[:], np.concatenate(expected), rtol=1e-6)


def test_words_that_are_not_there_are_refused(derivatives, make_epochs, tmp_path):
    with pytest.raises(
        ValueError,
        match=r"^The recipe 'quik' was asked for; .* holds epochs of 'quick'\. Did you mean 'quick'\?$",
    ):
        write_store(derivatives, tmp_path / "a", recipe="quik")
    with pytest.raises(ValueError, match="^The subject '09' was asked for; .* has '01', '02' and '03'"):
        write_store(derivatives, tmp_path / "b", subjects="09")
    with pytest.raises(
        ValueError,
        match="^The 'split' parameter of write_store must be a column of the metadata. Got 'spilt' instead",
    ):
        write_store(make_epochs(), tmp_path / "c", split="spilt")
    for name, value in {"recipe": "quick", "subjects": ["01"], "n_jobs": 2}.items():
        with pytest.raises(
            ValueError, match=f"^The '{name}' parameter of write_store is for a folder that eegimg"
        ):
            write_store(make_epochs(), tmp_path / "d", **{name: value})
    with pytest.raises(FileNotFoundError, match="holds no finished epochs"):
        write_store(tmp_path, tmp_path / "e")
    with pytest.raises(FileNotFoundError, match="was asked for; there is no such folder"):
        write_store(tmp_path / "nowhere", tmp_path / "f")
    assert (
        len(write_store(derivatives, tmp_path / "g", subjects=["sub-02", 3]).metadata["subject"].unique())
        == 2
    )


def test_results_of_two_recipes_or_two_versions_of_one_are_not_mixed(derivatives, tmp_path):
    copy = shutil.copytree(derivatives, tmp_path / "derivatives")
    for file in sorted(copy.glob("sub-01/**/*_epo.*")):
        shutil.copy(file, file.with_name(file.name.replace("desc-quick", "desc-slow")))
    with pytest.raises(
        ValueError, match=r"holds epochs of the recipes 'quick' and 'slow'\. Name one of them"
    ):
        write_store(copy, tmp_path / "a")
    assert write_store(copy, tmp_path / "b", recipe="slow").metadata["subject"].unique().tolist() == ["01"]
    file = results(copy)[-1]
    fields = bids.read_json(file)
    fields["Recipe"]["fingerprint"] = "other"
    file.write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(ValueError, match="holds epochs of 2 versions of one recipe"):
        write_store(copy, tmp_path / "c", recipe="quick")


def test_no_column_split_means_no_split(make_epochs, tmp_path):
    epochs = make_epochs()
    epochs.metadata = epochs.metadata.drop(columns="split")
    assert write_store(epochs, tmp_path / "a").manifest["split"] is None
    by_concept = write_store(make_epochs(), tmp_path / "b", split="concept").manifest["split"]
    assert by_concept == {"column": "concept", "counts": {"cat": 2, "dog": 2, "owl": 2}}
