"""Say in plain sentences, with this recording's numbers, what the steps did."""

from ._html import number, plural
from ._sidecar import get, records


def write_methods(sidecar):
    """Write a methods paragraph.

    Parameters
    ----------
    sidecar : dict
        As `read_sidecar` returns it.

    Returns
    -------
    text : str
        Plain text, not escaped; steps without a sentence are named.
    """
    came = sidecar.get("Input") or {}
    channels = get(came, "ch_types", "eeg") or came.get("n_channels")
    sentences = [
        f"The recording held {number(came.get('duration'))} s of {number(channels)}-channel EEG sampled at "
        f"{number(came.get('sfreq'))} Hz."
    ]
    for record in records(sidecar):
        sentence = SENTENCES.get(record.get("step"), _named)(
            record, record.get("params") or {}, record.get("found") or {}
        )
        everything = record.get("transductive") or get(record, "params", "fit_scope") == "all"
        learned = ", learned from all epochs, test epochs included" if everything else ""
        sentences.append(f"{sentence[0].upper()}{sentence[1:]}{learned}.")
    return " ".join(sentences)


def _named(record, params, found):
    what = params.get("method") or params.get("name")
    return f"{record.get('step')}{f' ({what})' if isinstance(what, str) else ''} was applied"


def _filter(record, params, found):
    low, high = found.get("l_freq", params.get("l_freq")), found.get("h_freq", params.get("h_freq"))
    if low and high:
        return f"signals were band-pass filtered from {number(low)} to {number(high)} Hz"
    if low or high:
        return f"signals were {'high' if low else 'low'}-pass filtered at {number(low or high)} Hz"
    return "no filter was applied"


def _notch(record, params, found):
    freqs = found.get("freqs") or []
    return (
        f"line noise was filtered out at {_listing([number(f) for f in freqs])} Hz"
        if freqs
        else "no notch was applied"
    )


def _bads(record, params, found):
    bads = found.get("bads") or {}
    return f"{plural(len(bads), 'channel')} {'was' if len(bads) == 1 else 'were'} found bad" + (
        f" ({', '.join(bads)})" if 0 < len(bads) <= 12 else ""
    )


def _interpolate(record, params, found):
    names = found.get("interpolated") or []
    verb = "was" if len(names) == 1 else "were"
    return f"{plural(len(names), 'bad channel')} {verb} interpolated from neighbours"


def _reference(record, params, found):
    ref = found.get("ref_channels")
    ref = (
        "the average of all good channels"
        if ref == "average"
        else _listing(ref if isinstance(ref, list) else [str(ref)])
    )
    added = found.get("added") or []
    return f"signals were referenced to {ref}" + (f" after putting back {_listing(added)}" if added else "")


def _resample(record, params, found):
    return f"signals were resampled to {number(get(record, 'after', 'sfreq') or params.get('sfreq'))} Hz"


def _ica(record, params, found):
    removed = [
        component.get("label", "") for component in found.get("components") or [] if component.get("excluded")
    ]
    kinds = [f"{removed.count(label)} {label}" for label in sorted(set(removed), key=removed.index)]
    total = number(found.get("n_components"))
    if not removed:
        return f"independent component analysis found none of {total} components to remove"
    return f"independent component analysis removed {len(removed)} of {total} components ({', '.join(kinds)})"


def _epochs(record, params, found):
    window = f"from {number(params.get('tmin'))} to {number(params.get('tmax'))} s around stimulus onset"
    made = get(record, "after", "n_epochs")
    text = (
        f"{plural(made, 'epoch')} {window} {'was' if made == 1 else 'were'} cut"
        if made is not None
        else f"epochs {window} were cut"
    )
    baseline = params.get("baseline")
    return f"{text}, baseline-corrected" if baseline else text


def _reject(record, params, found):
    lost, kept = get(record, "lost", "epochs", default=0), get(record, "after", "n_epochs")
    by = "local thresholds (autoreject)" if record.get("step") == "AutoReject" else "peak-to-peak amplitude"
    text = (
        f"{plural(lost, 'epoch')} {'was' if lost == 1 else 'were'} rejected by {by}, leaving {number(kept)}"
    )
    cells = found.get("n_interpolated_cells")
    return f"{text}, and {plural(cells, 'channel segment')} within epochs interpolated" if cells else text


def _mvnn(record, params, found):
    return (
        "epochs were whitened with the noise covariance within conditions (multivariate noise normalisation)"
    )


def _listing(names):
    names = [str(name) for name in names]
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


SENTENCES = {
    "Filter": _filter,
    "Notch": _notch,
    "FindBadChannels": _bads,
    "Interpolate": _interpolate,
    "Rereference": _reference,
    "Resample": _resample,
    "ICA": _ica,
    "MakeEpochs": _epochs,
    "RejectPeakToPeak": _reject,
    "AutoReject": _reject,
    "MVNN": _mvnn,
}
