"""A new BIDS recording from stretches of samples, written one stretch at a time."""

import warnings

import mne
import numpy as np
import pandas as pd

from ._sidecars import write_json, write_table

# What MNE marks joins with: epochs over the first are dropped, filters stop at the second.
BOUNDARIES = ("BAD boundary", "EDGE boundary")
BLOCK = 2**15  # samples that are turned round at a time
_UNITS = {"V": ("µV", 1e6), "uV": ("µV", 1.0), "n/a": ("n/a", 1.0)}
FIRST_COLUMNS = "onset duration trial_type stim_file image image_path concept label repetition".split()


def write_recording(bids_path, segments, events, *, ch_names, sfreq, unit, sidecar, montage="", space=True):
    """Write a recording of one or several stretches as float32 BrainVision, with its sidecars.

    Parameters
    ----------
    bids_path : mne_bids.BIDSPath
        Where to; with ``description`` for a derivative.
    segments : iterable of ndarray, shape (n_channels, n_times)
        Stretches in time order, each continuous in itself; no two are held in memory at a time.
    events : pandas.DataFrame
        One row per event: ``segment`` (index), ``sample`` (in that segment), ``duration`` in seconds,
        ``trial_type``, and any more columns.
    ch_names : sequence of str
        EEG channels.
    sfreq : float
        Hz.
    unit : 'V' | 'uV' | 'n/a'
        Of the samples. Voltages are stored in microvolts; numbers without a unit are stored as they are.
    sidecar : dict
        Fields of eeg.json: TaskName, EEGReference, SoftwareFilters ...
    montage : str
        Name of MNE's template with the positions of the channels; empty for none.
    space : bool
        Whether file names of positions have a space entity, which BIDS wants of raw data only.

    Returns
    -------
    n_bytes : int
        Size of the samples on disk.

    Raises
    ------
    ValueError
        If a stretch has another number of channels.

    Notes
    -----
    At each join there are two events, "BAD boundary" and "EDGE boundary", and a New Segment in the .vmrk.
    MNE rounds times to a microsecond, so that ``mne.Epochs`` may drop an epoch that begins or ends at a join
    where the rate is 128 Hz or so; :class:`eegimg.preprocessing.MakeEpochs` counts samples and does not.
    """
    folder, stem = bids_path.directory, bids_path.fpath.stem.removesuffix("_eeg")
    folder.mkdir(parents=True, exist_ok=True)
    name, scale = _UNITS[unit]
    _write_header(folder, f"{stem}_eeg", ch_names, sfreq, name)
    lengths = _write_samples(folder / f"{stem}_eeg.eeg", segments, len(ch_names), scale)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    _add_joins(folder / f"{stem}_eeg.vmrk", starts[1:-1])
    table = _events_table(events, starts, sfreq)
    write_table(folder / f"{stem}_events.tsv", table)
    write_json(folder / f"{stem}_events.json", _columns(table))
    channels = {
        "name": list(ch_names),
        "type": "EEG",
        "units": name,
        "sampling_frequency": sfreq,
        "reference": sidecar.get("EEGReference", "n/a"),
        "status": "good",
    }
    write_table(folder / f"{stem}_channels.tsv", pd.DataFrame(channels))
    counts = {kind: 0 for kind in ("EOG", "ECG", "EMG", "Misc", "Trigger")}
    fields = sidecar | {
        "SamplingFrequency": sfreq,
        "EEGChannelCount": len(ch_names),
        **{f"{kind}ChannelCount": count for kind, count in counts.items()},
        "RecordingDuration": float(starts[-1] / sfreq),
        "RecordingType": "discontinuous" if len(lengths) > 1 else "continuous",
    }
    write_json(folder / f"{stem}_eeg.json", fields)
    if montage:
        _write_positions(bids_path, ch_names, montage, space)
    return int(starts[-1]) * len(ch_names) * 4


def _write_header(folder, base, ch_names, sfreq, unit):
    """Let pybv write the three files for one sample: its header holds for any number of them."""
    import pybv

    with warnings.catch_warnings():
        # Numbers without a unit are what we have.
        warnings.filterwarnings("ignore", message=".*unsupported non-voltage units", category=UserWarning)
        pybv.write_brainvision(
            data=np.zeros((len(ch_names), 1)),
            sfreq=sfreq,
            ch_names=list(ch_names),
            fname_base=base,
            folder_out=folder,
            resolution=1,
            unit=unit,
            fmt="binary_float32",
        )


def _write_samples(file, segments, n_channels, scale):
    """Write stretch after stretch, multiplexed, and return how many samples each has."""
    lengths = []
    with open(file, "wb") as stream:
        for segment in segments:
            if segment.ndim != 2 or segment.shape[0] != n_channels:
                raise ValueError(
                    f"Stretch {len(lengths)} of {file.name} must have the shape ({n_channels} channels, "
                    f"samples). It has {segment.shape}."
                )
            for start in range(0, segment.shape[1], BLOCK):
                samples = segment[:, start : start + BLOCK]
                if scale != 1.0:
                    samples = np.multiply(samples, scale, dtype=np.float64)
                # Not tofile, which says nothing of a disk that is full.
                stream.write(np.ascontiguousarray(samples.T, dtype="<f4").data)
            lengths.append(segment.shape[1])
    return lengths


def _add_joins(file, joins):
    """Mark where a new stretch begins, as BrainVision's own recorder does after a pause."""
    lines = [f"Mk{number}=New Segment,,{join + 1},1,0\n" for number, join in enumerate(joins, 2)]
    with open(file, "a", encoding="utf-8") as stream:
        stream.writelines(lines)


def _events_table(events, starts, sfreq):
    """Return events.tsv: events and joins in time order."""
    table = events.drop(columns=["segment", "sample"])
    table.insert(0, "onset", (starts[events["segment"].to_numpy()] + events["sample"].to_numpy()) / sfreq)
    joins = pd.DataFrame(
        {
            "onset": np.repeat(starts[1:-1] / sfreq, len(BOUNDARIES)),
            "duration": 0.0,
            "trial_type": list(BOUNDARIES) * (len(starts) - 2),
        }
    )
    first = [column for column in FIRST_COLUMNS if column in table]
    order = [*first, *(column for column in table if column not in first)]
    if len(joins):
        # Whole numbers stay whole beside rows that have none.
        whole = {column: "Int64" for column in table if table[column].dtype.kind in "iu"}
        table = pd.concat([joins, table.astype(whole)], ignore_index=True).sort_values("onset", kind="stable")
    return table[order]


_MEANINGS = {
    "stim_file": "Picture shown, in the stimuli folder; n/a where the picture is not part of this dataset.",
    "image_path": "Picture shown: its path below the publishers' folder of pictures.",
    "image": "Name of the picture, its file name without extension.",
    "concept": "What the picture shows, in the publishers' terms.",
    "label": "Number of the concept in the publishers' list, as published.",
    "repetition": "How often this person had seen this picture, this time included.",
    "split": "Part of the published split.",
    "source_index": "Row of what was published, from 0. The dataset's README says which list or array.",
    "original_length": "Samples of this trial as published.",
    "block": "Number of the block, from 1.",
}


def _columns(table):
    """Describe the columns of events.tsv that BIDS does not."""
    known = {column: {"Description": _MEANINGS[column]} for column in table if column in _MEANINGS}
    own = [column for column in table if column not in {*known, "onset", "duration", "trial_type"}]
    return known | {column: {"Description": f"{column} as published."} for column in own}


def _write_positions(bids_path, ch_names, montage, space):
    """Write electrodes.tsv and coordsystem.json of a template, in head coordinates and metres."""
    info = mne.create_info(list(ch_names), 1.0, "eeg")
    info.set_montage(montage, match_case=False, verbose="error")
    parts = [f"sub-{bids_path.subject}", *([f"ses-{bids_path.session}"] if bids_path.session else [])]
    stem = "_".join([*parts, *(["space-CapTrak"] if space else [])])
    places = np.round([channel["loc"][:3] for channel in info["chs"]], 6)
    table = pd.DataFrame(places, columns=["x", "y", "z"])
    table.insert(0, "name", list(ch_names))
    write_table(bids_path.directory / f"{stem}_electrodes.tsv", table)
    names = {1: "LPA", 2: "NAS", 3: "RPA"}
    fiducials = {
        names[point["ident"]]: np.round(point["r"], 6).tolist() for point in info["dig"] if point["kind"] == 1
    }
    system = {
        "EEGCoordinateSystem": "CapTrak",
        "EEGCoordinateUnits": "m",
        "EEGCoordinateSystemDescription": (
            f"Nobody was measured: the positions are those of MNE's template {montage}, by channel name, "
            "with x to the right ear, y to the nose and z up."
        ),
        "AnatomicalLandmarkCoordinates": fiducials,
        "AnatomicalLandmarkCoordinateSystem": "CapTrak",
        "AnatomicalLandmarkCoordinateUnits": "m",
    }
    write_json(bids_path.directory / f"{stem}_coordsystem.json", system)
