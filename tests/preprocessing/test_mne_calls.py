"""Apply calls methods from a fixed list with plain data, and nothing else."""

import mne
import numpy as np
import pytest

from eegimg.preprocessing import Apply
from eegimg.preprocessing.mne_calls import ALLOWED


@pytest.mark.parametrize(
    "call",
    [
        "save",
        "export",
        "plot",
        "apply_function",
        "set_annotations",
        "to_data_frame",
        "load_data",
        "copy",
        "__class__",
        "__init__",
        "_data",
        "info",
        "",
        None,
        ["crop"],
    ],
)
def test_what_could_run_code_or_write_files_is_refused(call):
    with pytest.raises(ValueError, match="The 'call' parameter of Apply must be one of 'anonymize'"):
        Apply(call)


@pytest.mark.parametrize("call", ALLOWED)
def test_every_allowed_method_exists_and_takes_no_function(call):
    assert any(hasattr(cls, call) for cls in (mne.io.BaseRaw, mne.BaseEpochs))
    assert Apply(call, **({"montage": "biosemi32"} if call == "set_montage" else {})).call == call
    with pytest.raises((ValueError, TypeError)):
        Apply(call, fun=print)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("rename_channels", {"mapping": str.upper}),
        ("rename_channels", {"mapping": {"Cz": str.upper}}),
        ("filter", {"l_freq": 1.0, "h_freq": None, "iir_params": [print]}),
        ("pick", {"picks": np.arange(3)}),
        ("crop", {"tmin": object()}),
    ],
)
def test_only_plain_data_go_in(call, arguments):
    with pytest.raises(TypeError, match=rf"argument of Apply\('{call}'\) must be plain data. Got "):
        Apply(call, **arguments)


@pytest.mark.parametrize("montage", ["/etc/passwd", "../x.elc", "colin27_1005.elc", None, ["biosemi32"], 3])
def test_a_montage_is_a_name_and_never_a_file(montage):
    with pytest.raises(ValueError, match="takes the name of one of MNE's montages. Got "):
        Apply("set_montage", montage=montage)
    with pytest.raises(ValueError, match="takes the name"):
        Apply("set_montage")


def test_an_empty_list_would_come_back_as_none_and_is_refused():
    with pytest.raises(ValueError, match="cannot be an empty list"):
        Apply("set_eeg_reference", ref_channels=[])


def test_a_refused_argument_changes_nothing():
    step = Apply("crop", tmax=3.0)
    with pytest.raises(ValueError, match="Did you mean 'tmax'"):
        step.set_params(tmxa=4.0)
    assert step == Apply("crop", tmax=3.0)
    assert step.set_params(tmax=4.0) == Apply("crop", tmax=4.0)


def test_the_method_is_called_on_a_copy(clean):
    out, found = Apply("crop", tmin=1.0, tmax=2.0).apply(clean)
    assert found == {}
    np.testing.assert_array_equal(out.get_data(), clean.get_data()[:, 250:501])
    assert clean.n_times > 501
    renamed = Apply("rename_channels", mapping={"Cz": "X"}).transform(clean)
    assert "X" in renamed.ch_names
    assert "Cz" in clean.ch_names


def test_a_baseline_may_be_a_list(epochs):
    out = Apply("apply_baseline", baseline=[None, 0.1]).transform(epochs)
    assert out.baseline == (-0.2, 0.1)
    assert epochs.baseline == (-0.2, 0)


def test_a_method_of_epochs_on_a_recording_says_so(clean):
    with pytest.raises(RuntimeError, match=r"put where the data are RawArray, which have no apply_baseline"):
        Apply("apply_baseline").transform(clean)
