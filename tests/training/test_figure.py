"""The figure of a reconstruction draws what it was given."""

import numpy as np
import pytest

from eegimg.viz.reconstruction import plot_reconstruction


def test_prediction_is_drawn_where_nothing_was_seen():
    times = np.arange(8) / 8
    original = np.arange(32.0).reshape(2, 2, 8)
    hidden = np.zeros((2, 8), bool)
    hidden[0, 2:4] = hidden[1, 6:] = True
    fig = plot_reconstruction(original, -original, hidden, times, ["Cz", "a$b"], title="half")
    assert len(fig.axes) == 4
    top_left = fig.axes[0]
    whole, visible, network = (line.get_ydata() for line in top_left.get_lines()[1:])
    np.testing.assert_array_equal(whole, original[0, 0])
    np.testing.assert_array_equal(np.isnan(visible), hidden[0])
    np.testing.assert_array_equal(np.isnan(network), ~hidden[0])
    np.testing.assert_array_equal(network[2:4], -original[0, 0, 2:4])
    (shade,) = top_left.patches
    assert shade.get_x() == pytest.approx(times[2] - 1 / 16)
    assert shade.get_width() == pytest.approx(2 / 8)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["hidden", "visible", "network"]


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"needs epochs of shape \(2, 1, 8\).*Got \(2, 2, 8\)"):
        plot_reconstruction(np.ones((2, 2, 8)), np.ones((2, 2, 8)), np.ones((2, 8)), np.arange(8), ["Cz"])
