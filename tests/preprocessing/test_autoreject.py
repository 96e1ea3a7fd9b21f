"""Thresholds find what was planted, and too little data is said."""

import numpy as np
import pytest

from eegimg.preprocessing import AutoReject


@pytest.mark.slow
def test_planted_pops_are_repaired_and_wild_epochs_dropped(epochs):
    truth = epochs.copy()
    pops = [(2, 3), (9, 5), (17, 11), (30, 1)]
    for epoch, channel in pops:
        epochs._data[epoch, channel, 60:90] += 300e-6
    epochs._data[25, :14, 40:120] += 500e-6 * np.random.default_rng(0).standard_normal((14, 80))
    out, found = AutoReject(n_interpolate=(1, 4), cv=5).fit(epochs).apply(epochs)
    assert 25 not in out.metadata.index
    assert found["drop_reasons"] == {"AUTOREJECT": len(epochs) - len(out)}
    kept = {index: row for row, index in enumerate(out.metadata.index)}
    repaired = [(epoch, channel) for epoch, channel in pops if epoch in kept]
    assert len(repaired) >= 3
    for epoch, channel in repaired:
        left = np.abs(out.get_data()[kept[epoch], channel] - truth.get_data()[epoch, channel]).max()
        assert left < 150e-6
    assert found["n_interpolated_cells"] >= len(repaired)
    again, _ = AutoReject(n_interpolate=(1, 4), cv=5).fit(epochs).apply(epochs)
    np.testing.assert_array_equal(again.get_data(), out.get_data())


def test_too_few_epochs_or_channels_are_said(epochs):
    with pytest.raises(RuntimeError, match="5-fold cross-validation and needs 10 epochs; there are 6"):
        AutoReject().fit(epochs[:6])
    with pytest.raises(RuntimeError, match="at least 4 good EEG channels; there are 3"):
        AutoReject().fit(epochs.copy().pick(epochs.ch_names[:3]))
    with pytest.raises(RuntimeError, match="AutoReject is not fitted"):
        AutoReject().transform(epochs)
