import json

import pytest

from eegimg.report import write_recording_report

SECTIONS = (
    "Overview",
    "What came in",
    "Steps and what they cost",
    "Power spectra",
    "Sensors and bad channels",
    "Independent components",
    "Epochs dropped",
    "Evoked responses",
    "How to reproduce",
)


@pytest.fixture
def make_page(make_derivative, tmp_path):
    """Return a factory: what `make_derivative` takes in, the text of the page out."""

    def make(*args, **kwargs):
        page = write_recording_report(make_derivative(*args, **kwargs), tmp_path / "report")
        return page.read_text(encoding="utf-8")

    return make


def test_page_has_every_section_and_its_numbers(make_derivative, tmp_path):
    sidecar = make_derivative({"face": 30, "house": 24}, events={"face": 33, "house": 50})
    page = write_recording_report(sidecar, tmp_path / "report")
    assert page == tmp_path / "report" / "sub-01_task-images_run-01_desc-default.html"
    assert [path.name for path in page.parent.iterdir()] == [page.name]
    text = page.read_text(encoding="utf-8")
    assert all(f">{title}</a>" in text for title in SECTIONS)
    assert '<html lang="en">' in text
    assert "54 of 83" in text
    assert "P7 (deviation, ransac); Fp1 (flat)" in text
    assert "2 of 12" in text
    assert "IC 0: eye blink 0.98" in text
    assert "IC 1" not in text, "a component that was neither removed nor near the cut is not drawn"
    assert "house: 52.0 % lost, p &lt; 0.001" in text
    assert text.count("<figure>") == 7
    assert text.count("<figure>") == text.count("data:image/webp")
    assert page.stat().st_size < 3e6


def test_page_depends_on_nothing_but_the_derivative(make_derivative, tmp_path):
    sidecar = make_derivative()
    first = write_recording_report(sidecar, tmp_path / "a").read_text(encoding="utf-8")
    second = write_recording_report(sidecar, tmp_path / "b").read_text(encoding="utf-8")
    body = first.partition("<body")[2].partition("<footer>")[0]
    assert body == second.partition("<body")[2].partition("<footer>")[0]


def test_methods_are_sentences_with_this_recordings_numbers(make_page):
    text = make_page(kind="eeg")
    assert "400 s of 32-channel EEG sampled at 250 Hz" in text
    assert "Signals were band-pass filtered from 0.1 to 40 Hz" in text
    assert "removed 2 of 12 components (1 eye blink, 1 muscle artifact)" in text


def test_warnings_stand_at_the_top(make_page):
    def change(sidecar):
        sidecar["Warnings"] = ["events.tsv has 3 rows without a stimulus."]
        sidecar["Transductive"] = True

    text = make_page(change=change)
    assert text.index("1 warning<") < text.index("epochs kept")
    assert "events.tsv has 3 rows without a stimulus." in text
    assert "transductive and must be reported as such" in text
    assert "No warnings." not in text


def test_conditions_more_than_six_share_one_response(make_page):
    text = make_page({f"concept{i}": 3 for i in range(9)})
    assert "<h3>All epochs" in text
    assert "Global field power per condition" in text
    assert "<h3>concept1 " not in text


def test_conditions_more_than_forty_have_no_traces(make_page):
    text = make_page({f"concept{i:02d}": 2 for i in range(41)})
    assert "with 41 conditions traces cannot be told apart" in text
    assert "41 conditions, the 40 with the largest loss shown" in text


def test_one_condition_cannot_be_compared(make_page):
    text = make_page({"image": 20})
    assert "There is one condition, so losses cannot be compared" in text
    assert "Global field power per condition" not in text


def test_without_positions_no_scalp_is_drawn(make_page):
    text = make_page(positions=False)
    assert "no electrode positions, so the sensors cannot be drawn" in text
    assert "Scalp maps cannot be drawn" in text
    assert "Scalp maps are not drawn" in text
    assert text.count("<figure>") == 5


def test_with_all_epochs_rejected_the_page_says_so(make_page):
    text = make_page({"face": 0, "house": 0})
    assert "No epoch is left" in text
    assert "nothing to average" in text
    assert "0 of 12" in text


def test_with_continuous_data_the_page_says_so(make_page):
    def change(sidecar):
        sidecar["Log"] = sidecar["Log"][:6]
        sidecar["Summary"] |= {"n_epochs": None, "conditions": {}}

    text = make_page(kind="eeg", change=change)
    assert "there is no drop log: the output is continuous" in text
    assert "there is no evoked response: the output is continuous" in text
    assert "epochs kept</span>" not in text


def test_without_an_epochs_file_the_page_says_so(make_derivative, tmp_path):
    sidecar = make_derivative()
    sidecar.with_suffix(".fif").unlink()
    text = write_recording_report(sidecar, tmp_path).read_text(encoding="utf-8")
    assert "is not beside its sidecar, so evoked responses cannot be drawn" in text


def test_a_sidecar_that_says_nothing_makes_a_page(make_page):
    def change(sidecar):
        sidecar.clear()
        sidecar["Log"] = []

    text = make_page(kind="eeg", change=change)
    for sentence in (
        "does not describe the recording as read",
        "The recipe has no steps",
        "No power spectra are in the sidecar",
        "The recipe has no ICA step",
        "The text of the recipe is not in the sidecar",
        "The digest of the input is not in the sidecar",
    ):
        assert sentence in text


def test_a_sidecar_with_nulls_makes_a_page(make_page):
    def change(sidecar):
        for record in sidecar["Log"]:
            record["before"]["sd_uv"] = record["after"]["sd_uv"] = None
            record["found"] = None
        sidecar["Input"] |= {"line_freq": None, "reference": "n/a", "n_events": None, "sd_uv": None}
        sidecar["Spectra"]["after"]["median"][3] = None
        sidecar["Channels"][0] |= {"x": None, "y": None}

    text = make_page(change=change)
    assert "no notch filter can be placed without it" in text
    assert "not stated" in text


def test_data_in_other_units_have_no_microvolts(make_page):
    text = make_page(change=lambda sidecar: sidecar.update(Units="n/a"))
    assert "amplitudes have no physical unit (a.u.)" in text
    assert "it is in another unit than volts" in text


def test_ica_that_did_not_converge_is_a_warning(make_page):
    def change(sidecar):
        sidecar["Log"][3]["found"] |= {"converged": False, "components": []}

    text = make_page(kind="eeg", change=change)
    assert "ICA did not converge" in text
    assert "No component was removed or near the cut" in text


def test_epochs_with_metadata_are_read(make_derivative, tmp_path):
    import mne
    import pandas as pd

    sidecar = make_derivative()
    file = sidecar.with_suffix(".fif")
    epochs = mne.read_epochs(file, verbose="error")
    epochs.metadata = pd.DataFrame({"image": [f"im{i}" for i in range(len(epochs))]})
    epochs.save(file, overwrite=True, verbose="error")
    text = write_recording_report(sidecar, tmp_path).read_text(encoding="utf-8")
    assert "<h3>face" in text


def test_averages_are_those_of_mne(make_derivative):
    import mne
    import numpy as np

    from eegimg.report._evoked import average

    file = make_derivative({"face": 70, "house": 5}).with_suffix(".fif")
    evokeds, grand, n_conditions = average(file)
    epochs = mne.read_epochs(file, verbose="error")
    assert n_conditions == 2
    for name, evoked in evokeds.items():
        np.testing.assert_allclose(evoked.data, epochs[name].average().data, atol=1e-12)
        assert evoked.nave == len(epochs[name])
    np.testing.assert_allclose(grand.data, epochs.average().data, atol=1e-12)


def test_a_missing_sidecar_is_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no such file"):
        write_recording_report(tmp_path / "sub-01_epo.json", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "must be JSON"), ("[]", "must hold the 'Log'"), ("{}", "'Log'")]
)
def test_a_file_that_is_no_sidecar_is_a_sentence(tmp_path, text, message):
    path = tmp_path / "sub-01_epo.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        write_recording_report(path, tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_a_page_that_fails_leaves_the_old_one(make_derivative, tmp_path):
    sidecar = make_derivative(kind="eeg")
    page = write_recording_report(sidecar, tmp_path / "report")
    before = page.read_bytes()
    broken = json.loads(sidecar.read_text(encoding="utf-8"))
    broken["Spectra"]["before"]["median"] = [1.0]
    sidecar.write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(ValueError, match="plot_spectra"):
        write_recording_report(sidecar, tmp_path / "report")
    assert page.read_bytes() == before
    assert list(page.parent.iterdir()) == [page]
