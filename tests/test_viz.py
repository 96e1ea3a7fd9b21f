import gc
import sys
import weakref

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg import viz

CH_NAMES = "Fp1 Fp2 F7 Fz F8 T7 C3 Cz C4 T8 P7 Pz P8 O1 Oz O2".split()


@pytest.fixture
def make_evoked():
    """Return a factory of evoked responses with a posterior peak at 170 ms."""

    def make(positions=True, ch_type="eeg"):
        info = mne.create_info(CH_NAMES, 100.0, ch_type)
        if positions:
            info.set_montage(mne.channels.make_standard_montage("colin27_1005"))
        times = np.arange(-20, 81) / 100
        weights = np.array([name.startswith(("O", "P")) for name in CH_NAMES], float)
        data = 5e-6 * np.outer(weights, np.exp(-(((times - 0.17) / 0.03) ** 2)))
        return mne.EvokedArray(data, info, times[0], nave=20)

    return make


def make_band(freqs, level):
    return {
        "freqs": freqs,
        "median": [level] * len(freqs),
        "low": [level - 3] * len(freqs),
        "high": [level + 3] * len(freqs),
    }


def texts(fig):
    """Return every text of a figure that is not empty."""
    import matplotlib.text

    return [text.get_text() for text in fig.findobj(matplotlib.text.Text) if text.get_text()]


def draw(fig):
    """Render a figure, so that what fails only then fails here."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_positions_in_the_plane():
    places = [[0, 0, 0.1], [0.1, 0, 0], [0, 0.2, 0], [0, -0.05, 0.05], [0, 0, 0], [np.nan] * 3]
    plane = viz.compute_plane_positions(places)
    np.testing.assert_allclose(plane[:4], [[0, 0], [1, 0], [0, 1], [0, -0.5]], atol=1e-12)
    assert np.isnan(plane[4:]).all()


def test_spectra_mark_the_band_and_the_mains():
    freqs = list(range(1, 121))
    fig = viz.plot_spectra(
        make_band(freqs, 0.0), make_band(freqs, -10.0), pass_band=(None, 40.0), line_freq=50.0
    )
    verticals = sorted(line.get_xdata()[0] for line in fig.axes[0].lines if len(line.get_xdata()) == 2)
    assert verticals == [40.0, 50.0, 100.0]
    assert {"before", "after"} <= set(texts(fig))
    curves = [line.get_ydata()[0] for line in fig.axes[0].lines if len(line.get_xdata()) == 120]
    assert curves == [0.0, -10.0]
    draw(fig)


def test_spectra_without_after_and_with_gaps():
    band = make_band([1, 2, 3], 0.0)
    band["median"][1] = None
    fig = viz.plot_spectra(band)
    assert "after" not in texts(fig)
    draw(fig)


def test_spectra_refuse_curves_of_another_length():
    band = make_band([1, 2, 3], 0.0) | {"low": [1.0]}
    with pytest.raises(
        ValueError, match=r"'after' parameter of plot_spectra .* \(3\)\. Got 3, 1 and 3 instead"
    ):
        viz.plot_spectra(None, band)


def test_sensors_name_and_mark_bad_channels():
    names = ["A", "B", "C", "$x$", "E"]
    positions = [(0, 0), (0.5, 0), (0, 0.5), (-0.5, 0), (np.nan, np.nan)]
    fig = viz.plot_sensors_bads(names, positions, bads=["B", "$x$"], interpolated=["B"])
    labels = {scatter.get_label(): len(scatter.get_offsets()) for scatter in fig.axes[0].collections}
    assert labels == {"good": 2, "bad, interpolated": 1, "bad, left out": 1}
    assert "B" in texts(fig)
    assert "E" not in texts(fig)
    draw(fig)


def test_many_sensors_are_named_only_when_bad():
    angles = np.linspace(0, 6, 128)
    fig = viz.plot_sensors_bads(
        [f"E{i}" for i in range(128)], np.column_stack([np.cos(angles), np.sin(angles)]), ["E7"]
    )
    assert [text for text in texts(fig) if text.startswith("E")] == ["E7"]


def test_components_each_get_a_map_and_missing_places_are_left_out(make_evoked):
    places = viz.compute_plane_positions([ch["loc"][:3] for ch in make_evoked().info["chs"]])
    places[3] = np.nan
    maps = np.random.default_rng(0).normal(size=(7, len(CH_NAMES)))
    maps[6] = 0
    fig = viz.plot_components(maps, places, [f"IC {i}\nremoved" for i in range(7)])
    assert sum(bool(ax.images) for ax in fig.axes) == 7
    assert "IC 6\nremoved" in texts(fig)
    draw(fig)


def test_losses_say_what_each_step_took():
    kept = {
        "channels": [(32, 30), (30, 32), (32, 32)],
        "epochs": [(np.nan, np.nan), (np.nan, np.nan), (50, 41)],
    }
    fig = viz.plot_losses(["FindBadChannels", "Interpolate", "MakeEpochs"], kept)
    changes = [text.strip() for text in texts(fig) if text.strip()[0] in "+−" and text.startswith(" ")]
    assert changes == ["−2", "+2", "−9"]
    assert len(fig.axes[1].patches) == 2, (
        "a bar for what is left and one for what was lost, for one step only"
    )
    draw(fig)


def test_losses_of_nothing_are_drawn():
    fig = viz.plot_losses(["Filter"], {"epochs": [(np.nan, np.nan)]})
    assert "none" in texts(fig)
    draw(fig)


def test_losses_refuse_another_number_of_steps():
    with pytest.raises(ValueError, match="'kept' parameter of plot_losses must hold 2 pairs for 'epochs'"):
        viz.plot_losses(["Filter", "ICA"], {"epochs": [(3, 2)]})


def test_evoked_has_maps_at_its_peak(make_evoked):
    fig = viz.plot_evoked(make_evoked())
    assert "170 ms" in texts(fig)
    assert not any("ave" in text for text in texts(fig))
    draw(fig)


def test_evoked_without_positions_has_no_maps(make_evoked):
    fig = viz.plot_evoked(make_evoked(positions=False), unit="a.u.", scaling=1.0)
    assert len(fig.axes) == 1
    assert fig.axes[0].get_ylabel() == "a.u."
    draw(fig)


def test_evoked_is_left_as_it_is(make_evoked):
    evoked = make_evoked()
    evoked.info["bads"] = ["Cz"]
    before = evoked.data.copy()
    viz.plot_evoked(evoked)
    np.testing.assert_array_equal(evoked.data, before)
    assert evoked.ch_names == CH_NAMES


@pytest.mark.parametrize(("n_conditions", "n_lines", "n_images"), [(3, 4, 0), (25, 1, 1)])
def test_field_power_is_lines_for_few_and_an_image_for_many(n_conditions, n_lines, n_images):
    times = np.linspace(-0.2, 0.8, 51)
    power = np.random.default_rng(0).random((n_conditions, 51))
    fig = viz.plot_gfp(times, power, [f"_c{i}" for i in range(n_conditions)])
    assert (len(fig.axes[0].lines), len(fig.axes[0].images)) == (n_lines, n_images)
    assert "_c2" in texts(fig), "a name that begins with an underscore is a name too"
    draw(fig)


def test_peaks_are_after_onset_and_the_largest():
    times = np.arange(-100, 400) / 500
    peaks = {-0.1: 9.0, 0.1: 3.0, 0.2: 5.0, 0.5: 1.0}
    power = sum(height * np.exp(-(((times - at) / 0.02) ** 2)) for at, height in peaks.items())
    assert viz.find_peak_times(times, power, 2) == pytest.approx([0.1, 0.2])
    assert viz.find_peak_times(times, power, 0) == []
    rising = np.arange(len(times), dtype=float)
    assert viz.find_peak_times(times, rising, 3) == pytest.approx([times[-1]])
    assert viz.find_peak_times(times[:50], power[:50], 1) == pytest.approx([-0.102])


@pytest.mark.parametrize("name", [r"$\frac{", "a$b$c", "line\nbreak", "x" * 300, "面孔", "\\"])
def test_any_name_can_be_drawn(name, recwarn):
    fig = viz.plot_gfp([0.0, 0.1], [[1.0, 2.0]], [name])
    draw(fig)
    assert all("missing from" in str(warning.message) for warning in recwarn)
    label = fig.axes[0].get_legend().get_texts()[0]
    assert "\n" not in label.get_text()
    assert len(label.get_text()) <= 30


@pytest.mark.parametrize("positions", [True, False])
def test_figures_are_freed_when_forgotten(make_evoked, positions):
    figures = [weakref.ref(viz.plot_evoked(make_evoked(positions))) for _ in range(2)]
    places = viz.compute_plane_positions([ch["loc"][:3] for ch in make_evoked().info["chs"]])
    figures.append(weakref.ref(viz.plot_components(np.eye(len(CH_NAMES))[:2], places, ["a", "b"])))
    gc.collect()
    assert [figure() for figure in figures] == [None, None, None]


def test_no_figure_stays_open(make_evoked):
    viz.plot_evoked(make_evoked())
    viz.plot_losses(["Filter"], {"channels": [(3, 3)]})
    if "matplotlib.pyplot" in sys.modules:
        import matplotlib.pyplot as plt

        assert plt.get_fignums() == []


def make_audit(**changes):
    """Return what an audit of two labels says, planted numbers and all."""
    return {
        "verdict": "confounded",
        "flags": ["exposed", "drift"],
        "accuracy": 0.72,
        "null_accuracy": 0.55,
        "chance": 0.5,
        "decoder": "given",
        "label": "concept",
        "split": "five random folds",
        "statistics": {"exposure": 0.96, "exposure_z": 12.0, "drift_means": 8.0, "drift_power": -1.5},
        "decoders": {
            "lda means": {"kappa": 0.3, "null": [0.08, None, 0.12]},
            "5-nn": {"kappa": 0, "null": []},
        },
    } | changes


def make_trials(labels, n_recordings=1):
    """Return trials of recordings in which labels come in the same order; every fourth is tested first."""
    n_each = len(labels)
    return pd.DataFrame(
        {
            "recording": np.repeat(np.arange(n_recordings), n_each),
            "position": np.tile(np.arange(n_each), n_recordings),
            "label": list(labels) * n_recordings,
            "fold": np.arange(n_each * n_recordings) % 4,
        }
    )


def test_an_audit_shows_accuracy_beside_its_null():
    fig = viz.plot_audit(make_audit(), make_trials("aaabbb"))
    assert fig.get_suptitle() == "CONFOUNDED: decoding of concept, five random folds"
    ax = fig.axes[1]
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["JUDGED: given", "lda means", "5-nn", "time alone, no EEG"]
    marks = {(line.get_marker(), line.get_ydata()[0]): line.get_xdata()[0] for line in ax.lines}
    wanted = {("o", 0): 72, ("D", 0): 55, ("o", 1): 65, ("D", 1): 55, ("o", 2): 50, ("s", 3): 98}
    assert {key: marks[key] for key in wanted} == pytest.approx(wanted)
    assert ("D", 2) not in marks, "labels that were not moved have no null"
    (strip,) = [found for found in ax.collections if len(found.get_segments()) == 2]
    assert [segment[0, 0] for segment in strip.get_segments()] == pytest.approx([54, 56])
    assert {"72 %", "55 %", "98 %"} <= set(texts(fig))
    draw(fig)


def test_the_order_of_labels_is_drawn_line_by_line():
    ax = viz.plot_audit(make_audit(), make_trials("aaaabbbbccccdddd")).axes[0]
    labels, tested = (found.get_segments() for found in ax.collections)
    lanes = [segment[0, 1] for segment in labels]
    assert len(labels) == 16
    assert len(set(lanes)) == 4
    assert lanes == sorted(lanes), "blocks make a staircase"
    assert [segment[0, 0] for segment in tested] == [0, 4, 8, 12]


def test_z_counts_from_the_thresholds_of_the_audit():
    from eegimg.validity import _decide
    from eegimg.viz.audit import Z_ROWS

    drift, order = _decide.MIN_DRIFT, _decide.MIN_EXPOSURE_Z
    wanted = {name: drift for name in Z_ROWS if name.startswith("drift")}
    wanted |= {name: order for name in Z_ROWS if name.endswith("exposure_z")}
    wanted["run_similarity"] = _decide.MIN_RUN_SIMILARITY
    assert {name: threshold for name, (_, threshold) in Z_ROWS.items()} == wanted
    assert {"12.0 > 3", "8.0 > 4", "−1.5 ≤ 4"} <= set(texts(viz.plot_audit(make_audit())))


def test_many_labels_and_recordings_fit():
    trials = make_trials([f"label {number}" for number in range(100)], 20)
    statistics = {"exposure": 0.9}
    audit = make_audit(chance=0.01, accuracy=0.05, null_accuracy=0.04, statistics=statistics, decoders={})
    fig = viz.plot_audit(audit, trials)
    draw(fig)
    order, accuracy = fig.axes[:2]
    assert "12 of 20 recordings" in order.get_title(loc="left")
    assert len(order.get_yticks()) == 12
    assert [text.get_text() for text in order.get_legend().get_texts()] == ["first label", "last label"]
    assert accuracy.get_xlim()[1] < 10, "what time tells must not press the rest into a corner"
    assert "90 %" in texts(fig)
    assert fig.get_size_inches()[0] * 96 < 910


@pytest.mark.parametrize(
    ("changes", "trials", "sentence"),
    [
        ({}, None, "Not drawn: the trials were not saved with this audit."),
        ({"flags": ["order-unknown"]}, make_trials("aabb"), "Not drawn: the order is unknown."),
        (
            {"statistics": {"exposure": None, "exposure_z": float("nan")}},
            make_trials("aabb"),
            "Neither was measured.",
        ),
        (
            {"decoders": {}, "accuracy": None, "null_accuracy": None, "statistics": {}},
            make_trials("aabb"),
            "Nothing was decoded.",
        ),
        ({"null_accuracy": None}, make_trials("aabb"), "unknown"),
    ],
)
def test_what_an_audit_lacks_is_said(changes, trials, sentence):
    fig = viz.plot_audit(make_audit(**changes), trials)
    draw(fig)
    assert sentence in texts(fig)


def test_an_audit_of_odd_names_is_drawn_and_forgotten():
    fig = viz.plot_audit(make_audit(label=r"$\frac{", split="$" * 200), make_trials(["a$b", r"$\frac{"]))
    draw(fig)
    forgotten = weakref.ref(fig)
    del fig
    gc.collect()
    assert forgotten() is None
