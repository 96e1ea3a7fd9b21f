"""Eyes go, brain stays, and the reason is written down."""

import json

import numpy as np
import pytest

from eegimg.preprocessing import ICA, FindBadChannels, Rereference

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cleaned(_spoiled):
    raw, truth = _spoiled
    marked = FindBadChannels(criteria=("flat", "nan", "deviation", "correlation")).fit_transform(raw.copy())
    before = Rereference().transform(marked)
    step = ICA().fit(before)
    after, found = step.apply(before)
    return before, after, found, truth, step


def test_blinks_go_and_the_rest_stays(cleaned):
    before, after, found, truth, _ = cleaned
    good = [name for name in truth["ch_names"] if name not in before.info["bads"]]
    blinks = [span["onset"] for span in truth["spans"] if span["kind"] == "blink"]
    times = before.times
    inside = np.zeros(len(times), bool)
    for onset in blinks:
        inside |= (times >= onset) & (times <= onset + 0.4)
    frontal = [name for name in good if name.startswith("Fp")]
    one, other = (inst.get_data(picks=frontal)[:, inside].std() for inst in (before, after))
    assert other < 0.3 * one
    posterior = [name for name in ("O1", "Oz", "O2", "P3", "Pz", "P4") if name in good]
    correlation = np.corrcoef(
        before.get_data(picks=posterior)[:, ~inside].ravel(),
        after.get_data(picks=posterior)[:, ~inside].ravel(),
    )[0, 1]
    assert correlation > 0.95


def test_the_findings_say_which_and_why(cleaned):
    before, _, found, _, step = cleaned
    json.dumps(found, allow_nan=False)
    excluded = [entry for entry in found["components"] if entry["excluded"]]
    blink = max(excluded, key=lambda entry: entry["eog_correlation"])
    assert blink["label"] == "eye blink"
    assert blink["reason"] == "iclabel+eog"
    assert blink["eog_correlation"] > 0.9
    assert len(blink["map"]) == len(found["ch_names"])
    assert all(
        entry["map"] is None for entry in found["components"] if not (entry["excluded"] or entry["near_cut"])
    )
    assert len(excluded) <= 4
    # The average takes one dimension; the reference that was put back brings none.
    assert found["n_components"] == found["rank"] == len(found["ch_names"]) - 1
    assert found["converged"]
    assert step.ica_.exclude == [entry["index"] for entry in excluded]


def test_another_draw_with_the_same_seed_is_the_same(cleaned):
    before, after, _, _, _ = cleaned
    np.testing.assert_array_equal(ICA().fit(before).transform(before).get_data(), after.get_data())


def test_without_positions_eye_channels_decide_and_without_both_nothing_can(cleaned):
    before = cleaned[0].copy().set_montage(None)
    step = ICA().fit(before)
    excluded = [entry for entry in step.components_ if entry["excluded"]]
    assert [entry["reason"] for entry in excluded] == ["eog"]
    with pytest.raises(
        RuntimeError, match="by ICLabel, which needs electrode positions, or by EOG channels; this recording"
    ):
        ICA().fit(before.drop_channels(["HEOG", "VEOG"]))


def test_one_channel_is_too_few(cleaned):
    with pytest.raises(RuntimeError, match="rank 2 or more"):
        ICA().fit(cleaned[0].copy().pick(["Oz", "VEOG", "HEOG"]))


def test_the_variance_of_a_component_is_what_it_adds_to_the_channels(cleaned):
    before, _, found, _, step = cleaned
    copy = before.copy().pick(found["ch_names"]).filter(1.0, 100.0, verbose="error")
    alone = []
    for k in range(found["n_components"]):
        part = step.ica_.apply(copy.copy(), include=[k], exclude=[], verbose="error")
        alone.append(part.get_data().var(axis=1).sum())
    shares = np.array(alone) / np.sum(alone)
    np.testing.assert_allclose([entry["variance"] for entry in found["components"]], shares, atol=2e-4)


def test_an_eye_channel_that_is_dead_decides_nothing(cleaned):
    raw = cleaned[0].copy().crop(0, 20)
    raw._data[[raw.ch_names.index(name) for name in ("HEOG", "VEOG")]] = 0.0
    step = ICA(n_components=5, max_iter=30).fit(raw)
    assert [entry["eog_correlation"] for entry in step.components_] == [0.0] * 5
