"""What every reader of a published layout returns: recordings as stretches of samples and their events."""

import dataclasses
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclasses.dataclass(frozen=True, kw_only=True)
class Content:
    """The samples and events of one recording.

    Attributes
    ----------
    ch_names : tuple of str
        EEG channels, in the order of the samples.
    sfreq : float
        Hz.
    unit : 'V' | 'uV' | 'n/a'
        Of the samples; n/a where the publishers have scaled it away.
    segments : sequence of ndarray, shape (n_channels, n_times)
        Stretches that are continuous in themselves and no neighbours in time of one another: a trial each, or
        a whole recording. An item may be read from disk only when it is asked for.
    events : pandas.DataFrame
        One row per event in the order of ``segments``, with ``segment`` (index into segments), ``sample`` (of
        the event in that segment), ``duration`` in seconds, ``trial_type``, and what else is known:
        ``image_path``, ``image``, ``concept``, ``label``, ``repetition``, ``split``, ``source_index`` (row of
        the published list, from 0), ``original_length`` (samples of the trial as published).
    where : callable
        ``where(segment)`` names the place in the published file as a reader would look it up:
        "eeg_5_95_std.pth, dataset[17]['eeg']".
    """

    ch_names: tuple[str, ...]
    sfreq: float
    unit: str
    segments: Sequence[Any]
    events: "pd.DataFrame"
    where: Callable[[int], str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SourceRecording:
    """One recording that a folder of published files holds.

    Attributes
    ----------
    subject : str
        BIDS label, two digits as published ("00" where the publishers count from 0).
    session : str | None
        BIDS label.
    task : str
        BIDS label.
    load : callable
        Returns the :class:`Content`; large files are opened no earlier.
    """

    subject: str
    task: str
    load: Callable[[], Content]
    session: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """What a folder of published files holds.

    Attributes
    ----------
    files : tuple of pathlib.Path
        The files that recordings are read from.
    recordings : tuple of SourceRecording
        In order of subject, session and task.
    description : str | None
        The BIDS label of what the publishers have done to the samples ("5to95"): the recordings become a
        derivative dataset. None for raw data.
    processing : dict
        The same in words and numbers, as BIDS wants it in SoftwareFilters: name of a step to its parameters.
    remarks : tuple of str
        What a user should be told about these files.
    """

    files: tuple[Path, ...]
    recordings: tuple[SourceRecording, ...]
    description: str | None = None
    processing: dict = dataclasses.field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def open_source(layout, folder, facts, variant=None):
    """Find the recordings in a folder of published files.

    Parameters
    ----------
    layout : str
        One of ``eegimg.io.LAYOUTS``.
    folder : path-like
        Where the published files are.
    facts : eegimg.datasets.Descriptor
        What is known of the dataset: ``ch_names``, ``sfreq``, ``n_subjects``, ``task``.
    variant : str | None
        Which of several published versions of the same recordings; None takes the only one that is there.

    Returns
    -------
    source : Source
        Samples are not read yet.

    Raises
    ------
    FileNotFoundError
        If the folder or a file is missing.
    ValueError
        If a file does not have the published layout, several versions are there, or the asked one is not.
    RuntimeError
        If a file is damaged, or asks for code to be run.
    """
    return importlib.import_module(f".{layout}", __package__).open_source(Path(folder), facts, variant)
