"""Simulated recordings and datasets: what is said to be planted is there, and the files are valid BIDS."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import warnings

import mne
import mne_bids
import numpy as np
import pytest

from eegimg.datasets.simulation._dataset import make_dataset
from eegimg.datasets.simulation._head import LAYOUTS, eye_topography
from eegimg.datasets.simulation._icons import FEATURE_NAMES, make_icons
from eegimg.datasets.simulation._noise import make_coloured_noise
from eegimg.datasets.simulation._planted import evoked_from_features, planted_evoked
from eegimg.datasets.simulation._recording import EVENT_COLUMNS, make_recording
from eegimg.datasets.simulation._truth import read_truth, write_truth

SMALL = {"n_channels": 16, "sfreq": 128.0}


@pytest.fixture(scope="module")
def recording():
    return make_recording(20, 3, **SMALL)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("simulated") / "bids"
    truths = make_dataset(root, n_subjects=2, n_images=20, n_repetitions=2, random_state=4, **SMALL)
    return root, truths


def read(root, subject):
    path = mne_bids.BIDSPath(root=root, subject=subject, task="images", datatype="eeg")
    return mne_bids.read_raw_bids(path, verbose="ERROR").load_data()


def digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def equal(one, other):
    """Compare two truths entry by entry."""
    assert one.keys() == other.keys()
    return all(np.array_equal(one[name], other[name]) for name in one)


def good_of(truth):
    return [k for k, name in enumerate(truth["ch_names"]) if name not in truth["bad_channels"]]


def test_the_same_seed_gives_the_same_recording(recording):
    raw, truth = recording
    again, truth_again = make_recording(20, 3, **SMALL)
    np.testing.assert_array_equal(raw.get_data(), again.get_data())
    assert equal(truth, truth_again)


@pytest.mark.parametrize("change", [{"random_state": 1}, {"subject": 1}])
def test_another_seed_or_person_gives_another_recording(recording, change):
    raw, truth = recording
    other, other_truth = make_recording(20, 3, **SMALL, **change)
    n_times = min(raw.n_times, other.n_times)
    good = sorted(set(good_of(truth)) & set(good_of(other_truth)))
    for k in good:
        correlation = np.corrcoef(raw.get_data()[k, :n_times], other.get_data()[k, :n_times])[0, 1]
        assert abs(correlation) < 0.5
    assert not np.allclose(truth["patterns"], other_truth["patterns"])
    assert not np.array_equal(truth["trial_image"], other_truth["trial_image"])


def test_people_share_the_kind_of_response_but_not_its_details():
    truths = [make_recording(10, 1, subject=subject, **SMALL)[1] for subject in (0, 1)]
    maps = [truth["patterns"][:-4].ravel() for truth in truths]
    assert 0.6 < np.corrcoef(*maps)[0, 1] < 0.99
    assert not np.array_equal(truths[0]["courses"], truths[1]["courses"])
    assert np.array_equal(truths[0]["features"], truths[1]["features"])


@pytest.mark.parametrize("n_channels", [16, 32, 64])
def test_channels_positions_and_units(n_channels):
    raw, truth = make_recording(
        10, 1, n_channels=n_channels, sfreq=100.0, bad_channels=False, artifacts=False
    )
    assert raw.ch_names == [*LAYOUTS[n_channels], "HEOG", "VEOG"]
    assert raw.get_channel_types() == ["eeg"] * n_channels + ["eog"] * 2
    positions = raw.get_montage().get_positions()["ch_pos"]
    assert set(LAYOUTS[n_channels]) <= set(positions)
    assert 5e-6 < np.median(raw.get_data(picks="eeg").std(axis=1)) < 15e-6
    assert truth["patterns"].shape == (2 * len(FEATURE_NAMES) + 4, n_channels)


def test_the_response_in_the_data_is_exactly_the_planted_one():
    # All else is the same with and without a response to images, so that the difference is what was planted.
    settings = {**SMALL, "n_repetitions": 2, "bad_channels": False, "soa": 1.0}
    with_images, truth = make_recording(10, gain=1.0, **settings)
    without, other = make_recording(10, gain=0.0, **settings)
    difference = (with_images.get_data() - without.get_data())[:16]
    n_times = len(truth["times"])
    rebuilt = np.zeros_like(difference)
    for onset, image, strength in zip(
        truth["onsets"], truth["trial_image"], truth["trial_gain"], strict=True
    ):
        name = truth["images"][image]
        response = planted_evoked(truth, name) - planted_evoked(other, name)
        rebuilt[:, onset : onset + n_times] += strength * response
    np.testing.assert_allclose(difference, rebuilt, atol=1e-12)
    assert np.abs(rebuilt).max() > 1e-6


def test_the_average_over_trials_approaches_the_planted_average():
    raw, truth = make_recording(40, 10, artifacts=False, jitter=0.0, **SMALL)
    data = raw.filter(0.5, 30.0, picks="eeg", verbose="ERROR").get_data(picks="eeg")
    n_times, good = len(truth["times"]), good_of(truth)
    average = np.mean([data[good, onset : onset + n_times] for onset in truth["onsets"]], axis=0)
    planted = evoked_from_features(truth, truth["features"]).mean(axis=0)[good]
    assert np.corrcoef(average.ravel(), planted.ravel())[0, 1] > 0.9


def test_images_of_one_concept_are_answered_more_alike_than_others():
    _, truth = make_recording(40, 1, **SMALL)
    evoked = evoked_from_features(truth, truth["features"]).reshape(40, -1)
    alike = np.corrcoef(evoked - evoked.mean(axis=0))
    same = np.equal.outer(np.arange(40) % 10, np.arange(40) % 10)
    off_diagonal = ~np.eye(40, dtype=bool)
    # Concepts carry 0.9 of 0.9 + 7 * 0.8 ** 2 parts of what varies between images.
    assert alike[same & off_diagonal].mean() - alike[~same].mean() == pytest.approx(0.9 / 5.4, abs=0.05)


def test_features_can_be_recovered_from_responses_without_noise(recording):
    _, truth = recording
    evoked = evoked_from_features(truth, truth["features"]).reshape(20, -1)
    common = evoked_from_features(truth, np.zeros(17)).ravel()
    basis = evoked_from_features(truth, np.eye(17)).reshape(17, -1) - common
    found = np.linalg.lstsq(basis.T, (evoked - common).T, rcond=None)[0].T
    np.testing.assert_allclose(found, truth["features"], atol=1e-6)


def test_planted_evoked_refuses_an_image_that_was_not_shown(recording):
    with pytest.raises(ValueError, match="such as 'sun_001'.*Got 'cat_001'"):
        planted_evoked(recording[1], "cat_001")


def test_bad_channels_are_as_bad_as_said():
    for seed in range(3):
        raw, truth = make_recording(10, 4, random_state=seed, **SMALL)
        kinds = {kind: name for name, kind in truth["bad_channels"].items()}
        assert sorted(kinds) == ["drifting", "flat", "noisy"]
        assert not {"Fp1", "Fp2"} & set(kinds.values())
        data = dict(zip(raw.ch_names, raw.get_data(), strict=True))
        np.testing.assert_array_equal(data[kinds["flat"]], 0.0)
        spread = np.median([data[truth["ch_names"][k]].std() for k in good_of(truth)])
        steps = np.median([np.diff(data[truth["ch_names"][k]]).std() for k in good_of(truth)])
        assert data[kinds["drifting"]].std() > 5 * spread
        assert np.diff(data[kinds["drifting"]]).std() < 5 * steps
        assert np.diff(data[kinds["noisy"]]).std() > 10 * steps
    assert make_recording(10, 1, bad_channels=False, **SMALL)[1]["bad_channels"] == {}


def test_blinks_stand_where_the_truth_says_in_front_and_in_the_eog(recording):
    raw, truth = recording
    without, _ = make_recording(20, 3, artifacts=False, **SMALL)
    added = (raw.get_data() - without.get_data())[[raw.ch_names.index("Fp1"), raw.ch_names.index("VEOG")]]
    blinks = [span for span in truth["spans"] if span["kind"] == "blink"]
    assert len(blinks) >= 5
    inside = np.zeros(raw.n_times, dtype=bool)
    for blink in blinks:
        start = round(blink["onset"] * 128)
        stop = round((blink["onset"] + blink["duration"]) * 128)
        inside[start:stop] = True
        peaks = added[:, start:stop].max(axis=1) * 1e6
        share = truth["blink_pattern"][truth["ch_names"].index("Fp1")]
        np.testing.assert_allclose(
            peaks, [share * blink["amplitude_uv"], 1.6 * blink["amplitude_uv"]], rtol=0.05
        )
        assert 100 <= blink["amplitude_uv"] <= 200
    np.testing.assert_allclose(added[1, ~inside], 0.0, atol=1e-9)


@pytest.mark.parametrize("n_channels", [16, 32, 64])
def test_a_blink_is_large_in_front_and_small_behind(n_channels):
    topography = dict(zip(LAYOUTS[n_channels], eye_topography(n_channels), strict=True))
    assert (topography["Fp1"] + topography["Fp2"]) / 2 == pytest.approx(1.0)
    assert 0.2 < topography["F7"] < 0.8
    assert abs(topography["O1"]) < 0.2


def test_muscle_bursts_stand_where_the_truth_says(recording):
    raw, truth = recording
    without, _ = make_recording(20, 3, artifacts=False, **SMALL)
    added = raw.get_data() - without.get_data()
    bursts = [span for span in truth["spans"] if span["kind"] == "muscle"]
    assert bursts
    for burst in bursts:
        start, length = round(burst["onset"] * 128), round(burst["duration"] * 128)
        if burst["channel"] in truth["bad_channels"]:
            continue
        part = np.diff(added[raw.ch_names.index(burst["channel"]), start : start + length])
        far = np.diff(added[raw.ch_names.index("P3"), start : start + length])
        assert part.std() > 10 * far.std()


def test_marks_are_off_by_the_jitter():
    _, truth = make_recording(40, 5, sfreq=1000.0, n_channels=16, jitter=0.01, soa=0.4, artifacts=False)
    late = (truth["marks"] - truth["onsets"]) / 1000.0
    assert 0.008 < late.std() < 0.012
    assert np.abs(late).max() <= 0.03
    _, exact = make_recording(10, 1, jitter=0.0, **SMALL)
    np.testing.assert_array_equal(exact["marks"], exact["onsets"])


def test_annotations_are_the_marks_with_the_columns_of_the_events(recording):
    raw, truth = recording
    annotations = raw.annotations
    np.testing.assert_allclose(annotations.onset, truth["marks"] / 128.0, atol=1e-6)
    np.testing.assert_allclose(annotations.duration, 0.1)
    shown = [truth["images"][k] for k in truth["trial_image"]]
    assert [extra["image"] for extra in annotations.extras] == shown
    assert [extra["concept"] for extra in annotations.extras] == annotations.description.tolist()
    assert all(tuple(extra) == EVENT_COLUMNS for extra in annotations.extras)


def test_rapid_event_shows_every_image_once_in_each_block(recording):
    raw, truth = recording
    extras = raw.annotations.extras
    blocks = np.array([extra["block"] for extra in extras])
    assert blocks.tolist() == np.repeat([1, 2, 3], 20).tolist()
    assert [extra["repetition"] for extra in extras] == blocks.tolist()
    orders = [truth["trial_image"][blocks == block] for block in (1, 2, 3)]
    for order in orders:
        assert sorted(order) == list(range(20))
    assert not np.array_equal(orders[0], orders[1])
    assert (np.diff(truth["trial_image"]) != 0).all()


def test_block_shows_one_concept_after_the_other():
    raw, truth = make_recording(20, 3, "block", **SMALL)
    concepts = raw.annotations.description
    blocks = np.array([extra["block"] for extra in raw.annotations.extras])
    assert (np.diff(blocks) >= 0).all()
    for block in range(1, 11):
        assert len(set(concepts[blocks == block])) == 1
        assert (blocks == block).sum() == 6
    assert len(set(concepts)) == 10
    gaps = np.diff(truth["onsets"]) / 128.0
    assert gaps[np.diff(blocks) > 0].min() > 3.0 > 1.1 > gaps[np.diff(blocks) == 0].max()


def test_drift_is_as_strong_as_asked_and_slow():
    calm, _ = make_recording(10, 3, bad_channels=False, **SMALL)
    moved, _ = make_recording(10, 3, bad_channels=False, drift=30.0, **SMALL)
    added = (moved.get_data() - calm.get_data())[:16]
    assert np.sqrt(np.mean(added**2)) == pytest.approx(30e-6)
    spectrum = np.abs(np.fft.rfft(added * np.hanning(added.shape[1]), axis=1)) ** 2
    frequency = np.fft.rfftfreq(added.shape[1], 1 / 128.0)
    assert spectrum[:, frequency > 0.5].sum() < 1e-3 * spectrum.sum()


def test_background_falls_with_frequency_and_has_alpha_behind_and_hum_everywhere():
    raw, truth = make_recording(
        20, 4, n_channels=32, sfreq=250.0, gain=0.0, bad_channels=False, artifacts=False
    )
    spectrum = raw.compute_psd(fmin=1.0, fmax=110.0, n_fft=1000, picks="eeg", verbose="ERROR")
    power, frequency = spectrum.get_data(return_freqs=True)

    def at(value, channels=slice(None)):
        return power[channels][:, np.abs(frequency - value) <= 0.5].mean()

    assert at(2) > 2 * at(5) > 4 * at(30)
    alpha = truth["parameters"]["alpha_freq"]
    assert 9 <= alpha <= 11.5
    behind = [raw.ch_names.index(name) for name in ("O1", "Oz", "O2")]
    assert at(alpha, behind) > 5 * at(alpha + 5, behind)
    assert (power[:, np.abs(frequency - 50) <= 0.3].max(axis=1) > 5 * at(45)).all()
    quiet, _ = make_recording(10, 1, line_freq=None, sfreq=250.0, n_channels=16)
    assert quiet.info["line_freq"] is None


def test_coloured_noise_has_variance_one_and_the_slope_asked_for():
    noise = make_coloured_noise(np.random.default_rng(0), 20, 30000, 100.0, slope=0.6)
    assert noise.var() == pytest.approx(1.0, rel=0.1)
    power = (np.abs(np.fft.rfft(noise, axis=1)) ** 2).mean(axis=0)
    frequency = np.fft.rfftfreq(30000, 0.01)
    part = (frequency > 1) & (frequency < 40)
    slope = np.polyfit(np.log(frequency[part]), np.log(power[part]), 1)[0]
    assert slope == pytest.approx(-1.2, abs=0.05)


def test_own_images_are_shown():
    images = make_icons(12, random_state=9)
    _, truth = make_recording(images=images, n_repetitions=1, **SMALL)
    assert truth["images"] == images["image"].tolist()
    with pytest.raises(ValueError, match="the number of the images given, 12. Got 5"):
        make_recording(5, images=images, **SMALL)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"design": "blocks"}, ValueError, r"Got 'blocks' instead\. Did you mean 'block'\?"),
        ({"n_channels": 31}, ValueError, "must be 16 or 32 or 64. Got 31"),
        ({"sfreq": 50}, ValueError, "'sfreq' parameter of make_recording .* at least 100"),
        ({"n_images": 0}, ValueError, "'n_images' parameter of make_recording"),
        ({"n_repetitions": 1.5}, TypeError, "'n_repetitions' parameter of make_recording"),
        ({"gain": -1}, ValueError, "'gain' parameter of make_recording"),
        ({"jitter": 0.2}, ValueError, "'jitter' parameter of make_recording"),
        ({"random_state": None}, TypeError, "'random_state' parameter of make_recording"),
    ],
)
def test_bad_parameters_are_refused_in_a_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        make_recording(**arguments)


def test_truth_comes_back_from_its_files_without_pickle(recording, tmp_path):
    _, truth = recording
    paths = write_truth(truth, tmp_path / "new" / "sub-01_truth.json")
    assert [path.name for path in paths] == ["sub-01_truth.json", "sub-01_truth.npz"]
    assert equal(read_truth(paths[0]), truth)
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"sub-01_truth\.npz is missing"):
        read_truth(paths[0])


def test_the_dataset_is_valid_bids(dataset):
    program = shutil.which("bids-validator-deno", path=str(pathlib.Path(sys.executable).parent))
    if program is None:
        pytest.skip("bids-validator-deno is not installed beside this Python")
    done = subprocess.run(
        [program, str(dataset[0]), "--json"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert not [issue for issue in issues if issue.get("severity") == "error"]
    # Warnings are about recommended facts that an invented laboratory does not have.
    codes = {issue["code"] for issue in issues}
    assert codes <= {"TOO_FEW_AUTHORS", "JSON_KEY_RECOMMENDED", "SIDECAR_KEY_RECOMMENDED"}


def test_the_columns_survive_reading_and_lead_to_the_pictures(dataset):
    root, truths = dataset
    raw, truth = read(root, "02"), truths["02"]
    shown = [truth["images"][k] for k in truth["trial_image"]]
    assert [extra["image"] for extra in raw.annotations.extras] == shown
    assert raw.annotations.description.tolist() == [name.rpartition("_")[0] for name in shown]
    np.testing.assert_allclose(
        raw.annotations.onset * 128, truth["marks"], atol=1e-3
    )  # kept to the microsecond
    for extra in raw.annotations.extras:
        assert set(EVENT_COLUMNS) <= set(extra)
        assert (root / "stimuli" / extra["stim_file"]).is_file()
    splits = {}
    for extra in raw.annotations.extras:
        splits.setdefault(extra["image"], set()).add(extra["split"])
    assert sorted(map(sorted, splits.values())) == [["test"]] * 10 + [["train"]] * 10
    described = json.loads((root / "sub-02/eeg/sub-02_task-images_events.json").read_text(encoding="utf-8"))
    assert set(EVENT_COLUMNS) <= set(described)


def test_recordings_come_back_from_their_files(dataset):
    root, truths = dataset
    raw, truth = read(root, "01"), truths["01"]
    direct, _ = make_recording(20, 2, random_state=4, **SMALL)
    np.testing.assert_allclose(raw.get_data(), direct.get_data(), atol=1e-9)
    assert raw.get_channel_types() == direct.get_channel_types()
    assert raw.info["line_freq"] == 50.0
    flat = next(name for name, kind in truth["bad_channels"].items() if kind == "flat")
    np.testing.assert_array_equal(raw.get_data(picks=[flat]), 0.0)
    positions, expected = (inst.get_montage().get_positions()["ch_pos"] for inst in (raw, direct))
    for name in truth["ch_names"]:
        np.testing.assert_allclose(positions[name], expected[name], atol=1e-5)
    sidecar = json.loads((root / "sub-01/eeg/sub-01_task-images_eeg.json").read_text(encoding="utf-8"))
    assert sidecar["EEGReference"] == "FCz"


def test_the_truth_lies_beside_the_dataset(dataset):
    root, truths = dataset
    assert sorted(truths) == ["01", "02"]
    for label, truth in truths.items():
        assert equal(read_truth(root / "sourcedata" / "eegimg" / f"sub-{label}_truth.json"), truth)


def test_the_same_seed_gives_the_same_files_and_people_do_not_depend_on_how_many(dataset, tmp_path):
    root, _ = dataset
    arguments = {"n_images": 20, "n_repetitions": 2, "random_state": 4, **SMALL}
    done = []
    make_dataset(tmp_path / "three", n_subjects=3, progress=done.append, **arguments)
    assert done == ["01", "02", "03"]
    two, three = digests(root), digests(tmp_path / "three")
    shared = [name for name in two if name.startswith(("sub-", "stimuli", "sourcedata"))]
    assert len(shared) > 40
    assert {name: two[name] for name in shared} == {name: three[name] for name in shared}


def test_a_dataset_without_hum_and_bad_channels_can_be_written(tmp_path):
    truths = make_dataset(
        tmp_path, 1, 10, 1, "block", line_freq=None, bad_channels=False, artifacts=False, **SMALL
    )
    assert truths["01"]["bad_channels"] == {}
    assert truths["01"]["spans"] == []
    assert read(tmp_path, "01").info["line_freq"] is None


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    note = tmp_path / "thesis.txt"
    note.write_text("five years of work", encoding="utf-8")
    for overwrite in (False, True):
        with pytest.raises(RuntimeError, match="holds other files; choose another folder"):
            make_dataset(tmp_path, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(RuntimeError, match=r"must be a folder\. .*thesis\.txt is a file"):
        make_dataset(note)


def test_an_earlier_dataset_is_replaced_only_when_asked(tmp_path):
    make_dataset(tmp_path, 2, 20, 1, **SMALL)
    before = digests(tmp_path)
    with pytest.raises(RuntimeError, match="pass overwrite=True to replace it"):
        make_dataset(tmp_path, 1, 10, 1, **SMALL)
    assert digests(tmp_path) == before
    note = tmp_path / "derivatives" / "mine.txt"
    note.parent.mkdir()
    note.write_text("keep", encoding="utf-8")
    make_dataset(tmp_path, 1, 10, 1, overwrite=True, **SMALL)
    assert note.read_text(encoding="utf-8") == "keep"
    assert not (tmp_path / "sub-02").exists()
    assert len(list((tmp_path / "stimuli").iterdir())) == 10


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_subjects": 0}, ValueError, "'n_subjects' parameter of make_dataset"),
        ({"gian": 2.0}, TypeError, r"no parameter 'gian'\. Did you mean 'gain'\?"),
        ({"gain": -1.0}, ValueError, "'gain' parameter of make_recording"),
        ({"overwrite": "yes"}, TypeError, "'overwrite' parameter of make_dataset"),
    ],
)
def test_nothing_is_written_for_bad_parameters(tmp_path, arguments, error, message):
    root = tmp_path / "bids"
    with pytest.raises(error, match=message):
        make_dataset(root, **{**arguments})
    assert not root.exists()


def test_a_recording_of_default_size_is_made_in_seconds_and_quietly():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        raw, truth = make_recording()
    assert raw.info["sfreq"] == 250.0
    assert isinstance(raw, mne.io.BaseRaw)
    assert len(truth["onsets"]) == len(raw.annotations) == 160
    assert 140 < raw.times[-1] < 180
