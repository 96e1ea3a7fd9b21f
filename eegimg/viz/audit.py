"""Audits of designs: the order of labels, accuracy beside what the design alone gives, and drift."""

import textwrap

import numpy as np

from ._style import BLUE, COLORS, INK, MUTED, ORANGE, RED, new_figure, plain, style_axes

MAX_RECORDINGS = 12
NO_EEG = "no EEG"
TRUE, COPY = 1.2, 1.55  # columns of numbers, in widths of the axes
# name: (words, z from which it counts); eegimg.validity decides, and a test holds these to it.
Z_ROWS = {
    "exposure_z": ("order: near in time", 3.0),
    "position_exposure_z": ("order: place in recording", 3.0),
    "drift_means": ("drift: means", 4.0),
    "drift_dc": ("drift: mean of the epoch", 4.0),
    "drift_power": ("drift: band power", 4.0),
    "drift_covariance": ("drift: covariance", 4.0),
    "run_similarity": ("drift: runs near in time", 3.0),
}


def plot_audit(audit, trials=None):
    """Plot an audit: the order of labels, accuracy beside what the design alone gives, and drift.

    Parameters
    ----------
    audit : dict
        As :meth:`eegimg.validity.Audit.to_dict` returns it, or read from its JSON.
    trials : pandas.DataFrame | None
        :attr:`eegimg.validity.Audit.trials`: recording, position, label and fold of each epoch. Without, the
        order is not drawn.

    Returns
    -------
    fig : matplotlib.figure.Figure
        Three panels. Blue dots are accuracies of the true labels, orange ones those of labels moved from run
        to run; a z is written beside the threshold from which it counts.
    """
    known = trials is not None and len(trials) > 0 and "order-unknown" not in audit["flags"]
    n_rows = min(trials["recording"].nunique(), MAX_RECORDINGS) if known else 0
    heights = (
        0.9 + max(1.1, 0.42 * n_rows) if known else 0.6,
        1.1 + 0.27 * max(len(_accuracies(audit)), len(_zs(audit)), 3),
    )
    fig = new_figure(9.4, sum(heights) + 0.8, "constrained")
    fig.get_layout_engine().set(wspace=0.06)
    axes = fig.subplot_mosaic([["order", "order"], ["accuracy", "z"]], height_ratios=heights)
    for ax in axes.values():
        style_axes(ax)
    if known:
        _draw_order(axes["order"], trials)
    else:
        missing = "trials were not saved with this audit" if trials is None else "order is unknown"
        _say(axes["order"], "Order of labels", f"Not drawn: the {missing}.")
    _draw_accuracies(axes["accuracy"], audit)
    _draw_zs(axes["z"], audit)
    words = f"{audit['verdict'].upper()}: decoding of {plain(audit['label'])}, {plain(audit['split'], 70)}"
    title = {"x": 0.01, "ha": "left", "fontsize": 11.5, "fontweight": "bold", "color": INK}
    fig.suptitle(textwrap.fill(words, 95), **title)
    return fig


def _draw_order(ax, trials):
    """Draw one row of ticks per recording, each label on a line of its own within the row."""
    names = trials.sort_values(["recording", "position"], kind="stable")["label"].drop_duplicates().tolist()
    recordings = trials["recording"].drop_duplicates().sort_values().tolist()
    shown = trials[trials["recording"].isin(recordings[:MAX_RECORDINGS])]
    lane = shown["label"].map({name: lane for lane, name in enumerate(names)}).to_numpy()
    row = shown["recording"].map({recording: row for row, recording in enumerate(recordings)}).to_numpy()
    x, height = shown["position"].to_numpy(), 0.66 / len(names)
    width = float(np.clip(560 / max(x.max() - x.min(), 1), 0.6, 9.0))  # points: the axes are about 540 wide
    stroke = {"linewidth": width, "capstyle": "butt"}
    colors = _label_colors(len(names))
    top = row - 0.42 + lane * height
    ax.vlines(x, top, top + max(height, 0.03), colors=[colors[index] for index in lane], **stroke)
    tested = shown["fold"].to_numpy()
    first = (tested == min(tested[tested >= 0], default=0)) & (tested >= 0)
    ax.vlines(x[first], row[first] + 0.29, row[first] + 0.42, colors=INK, **stroke)
    n_rows = min(len(recordings), MAX_RECORDINGS)
    ax.set(ylim=(n_rows - 0.5, -0.5), xlabel="place in the recording (trials)")
    ax.set_yticks(range(n_rows), [f"recording {row + 1}" for row in range(n_rows)])
    ax.tick_params(axis="y", length=0)
    title = "Order of labels: one line per label"
    if n_rows < len(recordings):
        title += f", {n_rows} of {len(recordings)} recordings"
    if first.any():
        title += f". Black below: test trials{' of the first fold' if tested.max() > 0 else ''}"
    _entitle(ax, title)
    _name_labels(ax, names, colors)


def _label_colors(n_labels):
    """Return a colour per label in order of appearance: of their own for few, along a scale for many."""
    if n_labels <= len(COLORS):
        return COLORS[:n_labels]
    from matplotlib import colormaps

    return colormaps["viridis"](np.linspace(0, 0.95, n_labels))


def _name_labels(ax, names, colors):
    from matplotlib.lines import Line2D

    few = len(names) <= len(COLORS)
    chosen = range(len(names)) if few else (0, len(names) - 1)
    marks = [Line2D([], [], color=colors[index], linewidth=4) for index in chosen]
    words = [plain(names[index], 16) if few else ("first label", "last label")[index > 0] for index in chosen]
    ax.legend(marks, words, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1.05))


def _draw_accuracies(ax, audit):
    """Draw a row for what is judged, each decoder and the clock, with the numbers at the right."""
    rows, chance = _accuracies(audit), 100 * audit["chance"]
    if not rows:
        _say(ax, "Accuracy", "Nothing was decoded.")
        return
    judged = audit["accuracy"] is not None
    limit = _limit(rows, chance)
    for y, (name, value, nulls, null) in enumerate(rows):
        color = MUTED if NO_EEG in name else BLUE
        ax.vlines(nulls, y - 0.3, y + 0.3, colors=ORANGE, linewidth=1.2, alpha=0.45)
        if null is not None:
            ax.plot([null, value], [y, y], color=MUTED, linewidth=1.0, zorder=1)
            ax.plot(null, y, "D", color=ORANGE, markersize=5.5)
        shape = ">" if value > limit else "s" if NO_EEG in name else "o"
        ax.plot(min(value, limit), y, shape, color=color, markersize=6.5, clip_on=False)
        unknown = "unknown" if judged and y == 0 else "–"
        for x, number in ((TRUE, value), (COPY, null)):
            words = unknown if number is None else f"{number:.0f} %"
            _beside(ax, x, y, words, bold=judged and y == 0)
    if judged:
        ax.axhspan(-0.5, 0.5, color=BLUE, alpha=0.08, linewidth=0)
    ax.axvline(chance, color=INK, linewidth=0.9, linestyle=":")
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlim=(0, limit))
    ax.set_xlabel(f"balanced accuracy (%); dotted: chance, {chance:.3g} %")
    ax.set_yticks(range(len(rows)), [plain(row[0], 26) for row in rows])
    ax.tick_params(axis="y", length=0)
    for x, words in ((TRUE, "true"), (COPY, "copy")):
        _beside(ax, x, -0.75, words, va="bottom")
    _entitle(ax, "Accuracy beside a label-free copy" if audit["decoders"] else "Nothing was decoded")
    _explain_marks(ax, rows)


def _limit(rows, chance):
    """Return where the axis ends: at the largest accuracy, of EEG alone where that of time dwarfs it."""
    largest = {True: chance, False: chance}
    for name, value, nulls, null in rows:
        largest[NO_EEG in name] = max(largest[NO_EEG in name], value, null or 0.0, *nulls)
    with_time = max(largest.values())
    decoded = any(NO_EEG not in row[0] for row in rows)
    return 1.06 * (largest[False] if decoded and with_time > 2 * largest[False] else with_time)


def _explain_marks(ax, rows):
    """Say what the marks are, those that are there."""
    from matplotlib.lines import Line2D

    marks = {
        "true labels": ("o", BLUE, any(NO_EEG not in row[0] for row in rows)),
        "labels moved from run to run: mean": ("D", ORANGE, any(row[3] is not None for row in rows)),
        "each relabelling": ("|", ORANGE, any(row[2] for row in rows)),
        "time or place alone": ("s", MUTED, any(NO_EEG in row[0] for row in rows)),
    }
    drawn = {words: mark for words, mark in marks.items() if mark[2]}
    lines = [Line2D([], [], linestyle="", marker=shape, color=color) for shape, color, _ in drawn.values()]
    if lines:
        place = {"loc": "upper left", "bbox_to_anchor": (-0.35, -0.24), "ncols": 2, "columnspacing": 1.0}
        ax.legend(lines, drawn, frameon=False, fontsize=8, handletextpad=0.2, **place)


def _accuracies(audit):
    """Return (name, accuracy, accuracies of relabellings, their mean or None) of each row, in per cent."""
    chance, statistics = audit["chance"], audit["statistics"]

    def percent(kappa):
        return 100 * (chance + kappa * (1 - chance))

    rows = []
    if audit["accuracy"] is not None:
        null = audit["null_accuracy"]
        rows.append(
            (f"JUDGED: {audit['decoder']}", 100 * audit["accuracy"], [], None if null is None else 100 * null)
        )
    for name, entry in audit["decoders"].items():
        if entry["kappa"] is not None:
            nulls = [percent(kappa) for kappa in entry["null"] if kappa is not None]
            rows.append((name, percent(entry["kappa"]), nulls, float(np.mean(nulls)) if nulls else None))
    for key, name in (("exposure", "time alone"), ("position_exposure", "place alone")):
        if _is_number(statistics.get(key)):
            rows.append((f"{name}, {NO_EEG}", max(percent(statistics[key]), 0.0), [], None))
    return rows


def _draw_zs(ax, audit):
    """Draw each z with its threshold, and write the comparison beside it."""
    rows = _zs(audit)
    if not rows:
        _say(ax, "Order and drift", "Neither was measured.")
        return
    for y, (_, z, threshold) in enumerate(rows):
        counts = z > threshold
        ax.plot([0, z], [y, y], color=RED if counts else MUTED, linewidth=2.4 if counts else 1.4)
        ax.plot(z, y, "o", color=RED if counts else MUTED, markerfacecolor=RED if counts else "white")
        words = f"{z:.1f} {'>' if counts else '≤'} {threshold:.0f}".replace("-", "−")
        ax.vlines(threshold, y - 0.36, y + 0.36, colors=INK, linewidth=1.2)
        _beside(ax, 1.03, y, words, ha="left", bold=counts)
    values = [z for _, z, _ in rows]
    ax.set_xscale("symlog", linthresh=10)
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlim=(min(-2, 1.3 * min(values)), max(10, 1.3 * max(values))))
    low, high = ax.get_xlim()
    ticks = [tick for tick in (-100, -10, 0, 5, 10, 100, 1000) if low <= tick <= high]
    ax.set_xticks(ticks, [str(tick).replace("-", "−") for tick in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(rows)), [words for words, _, _ in rows])
    ax.tick_params(axis="y", length=0)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_xlabel("z; upright stroke: counts from here")
    _entitle(ax, "Order and drift")


def _zs(audit):
    """Return (words, z, threshold) of what was measured."""
    statistics = audit["statistics"]
    return [
        (words, statistics[name], threshold)
        for name, (words, threshold) in Z_ROWS.items()
        if _is_number(statistics.get(name))
    ]


def _is_number(value):
    return value is not None and bool(np.isfinite(value))


def _entitle(ax, words):
    ax.set_title(words, loc="left", fontsize=9.5, color=INK, pad=16)


def _beside(ax, x, y, words, *, bold=False, **align):
    """Write at the right of a row; x in widths of the axes."""
    align = {"ha": "right", "va": "center"} | align
    weight = "bold" if bold else "normal"
    ax.text(
        x, y, words, transform=ax.get_yaxis_transform(), fontsize=8.5, color=INK, fontweight=weight, **align
    )


def _say(ax, title, words):
    """Say in an empty panel why it is empty."""
    _entitle(ax, title)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", fontsize=9, color=MUTED)
