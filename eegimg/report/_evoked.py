"""Evoked responses, drawn from the epochs beside the sidecar."""

import pathlib
import warnings

from markupsafe import Markup

from . import _html as html
from ._sidecar import get, is_epoched

FULL, TRACES = 6, 40  # conditions drawn in full; conditions whose global field power is drawn


def make_evoked(sidecar, sidecar_path):
    """Make the section with the evoked response of every condition."""
    if not is_epoched(sidecar_path):
        return html.absent(
            "The recipe ends before epochs are cut, so there is no evoked response: the output is continuous."
        )
    if not get(sidecar, "Summary", "n_epochs", default=0):
        return html.absent("No epoch is left, so there is nothing to average. See “Epochs dropped” for why.")
    path = pathlib.Path(sidecar_path).with_suffix(".fif")
    if not path.is_file():
        return html.absent(
            f"The epochs file {path.name} is not beside its sidecar, so evoked responses cannot be drawn."
        )
    evokeds, grand, n_conditions = average(path)
    if grand is None:
        return html.absent("The epochs hold no good EEG channel, so there is no evoked response to draw.")
    unit = ("µV", 1e6) if _in_volts(sidecar) else ("a.u.", 1.0)
    parts = [_remarks(grand, unit)]
    if 1 < n_conditions <= FULL:
        parts += [_full(name, evoked, unit) for name, evoked in evokeds.items()]
    else:
        name = "All epochs" if n_conditions > 1 else next(iter(evokeds), "All epochs")
        parts.append(_full(name, grand, unit))
    if n_conditions > 1:
        parts.append(_powers(evokeds, n_conditions, unit))
    return html.join(parts)


def average(path):
    """Average epochs per condition, a few at a time so that memory stays small.

    Parameters
    ----------
    path : path-like
        An epochs file.

    Returns
    -------
    evokeds : dict of str to mne.EvokedArray
        Averages per condition that has epochs; empty with more than forty conditions.
    grand : mne.EvokedArray | None
        Average of all epochs; None without a good EEG channel.
    n_conditions : int
        Conditions that have epochs.
    """
    import mne
    import numpy as np

    with warnings.catch_warnings():
        # Of mne 1.13 with pandas 3.1, whenever epochs have metadata.
        warnings.filterwarnings("ignore", message="The inplace keyword in DataFrame.set_index")
        epochs = mne.read_epochs(path, preload=False, verbose="error")
    picks = mne.pick_types(epochs.info, eeg=True, exclude="bads")
    names = {code: name for name, code in epochs.event_id.items()}
    codes = epochs.events[:, 2]
    present = [code for code in sorted(names) if (codes == code).any()]
    if not len(picks) or not len(codes):
        return {}, None, len(present)
    wanted = present if len(present) <= TRACES else []
    shape = (len(picks), len(epochs.times))
    total, sums = np.zeros(shape), {code: np.zeros(shape) for code in wanted}
    for start in range(0, len(codes), 64):
        part = slice(start, start + 64)
        data = epochs[part].get_data(picks=picks, verbose="error")
        total += data.sum(axis=0)
        for code in sums:
            sums[code] += data[codes[part] == code].sum(axis=0)
    info = mne.pick_info(epochs.info, picks)

    def make(data, count, name):
        return mne.EvokedArray(
            data / count, info, epochs.tmin, name, count, baseline=epochs.baseline, verbose="error"
        )

    evokeds = {
        names[code]: make(data, int((codes == code).sum()), names[code]) for code, data in sums.items()
    }
    return evokeds, make(total, len(codes), "all epochs"), len(present)


def _in_volts(sidecar):
    return sidecar.get("Units", "V") == "V"


def _remarks(grand, unit):
    from ..viz import find_peak_times
    from ..viz.evoked import has_positions

    times = find_peak_times(grand.times, grand.data.std(axis=0), 4)
    text = f"Stimulus-evoked EEG, averaged over {html.plural(grand.nave, 'epoch')}"
    peaks = ", ".join(f"{1000 * time:.0f}" for time in times)
    text += f". The largest maxima of its global field power are at {peaks} ms."
    parts = [html.paragraph(text)]
    if unit[0] != "µV":
        parts.append(
            html.absent("The data were whitened or scaled, so amplitudes have no physical unit (a.u.).")
        )
    if not has_positions(grand.info):
        parts.append(html.absent("Scalp maps are not drawn: the recording has no electrode positions."))
    return html.join(parts)


def _full(name, evoked, unit):
    from ..viz import plot_evoked

    fig = plot_evoked(evoked, unit=unit[0], scaling=unit[1])
    title = Markup("<h3>{} <span class='quiet'>({})</span></h3>").format(
        name, html.plural(evoked.nave, "epoch")
    )
    alt = f"Evoked response to {name}: time course of every channel, scalp maps at its peaks."
    return html.join([title, html.figure(fig, alt)])


def _powers(evokeds, n_conditions, unit):
    title = Markup("<h3>Global field power per condition</h3>")
    if not evokeds:
        text = f"Not drawn: with {n_conditions} conditions traces cannot be told apart (limit: {TRACES})."
        return html.join([title, html.absent(text)])
    from ..viz import plot_gfp

    times = next(iter(evokeds.values())).times
    power = [evoked.data.std(axis=0) * unit[1] for evoked in evokeds.values()]
    fig = plot_gfp(times, power, list(evokeds), unit=unit[0])
    fewest = min(evoked.nave for evoked in evokeds.values())
    caption = "Standard deviation over channels. Averages of fewer epochs have a higher noise floor: "
    caption += f"the smallest condition here has {html.plural(fewest, 'epoch')}."
    alt = f"Global field power over time for {n_conditions} conditions."
    return html.join([title, html.figure(fig, alt, caption)])
