"""Published files into a folder: what they are is said first, and what has arrived is proven."""

import copy
import pathlib

from ..._checks import check_type
from ..._paths import data_root
from .._descriptor import read_descriptor
from ._fetch_files import fetch_files
from ._manual import check_placed, instructions
from ._progress import watching
from ._record import read_record, write_record
from ._registry import RECORD as RECORD
from ._registry import read_registry
from ._subjects import choose_files
from ._terms import check_terms
from ._terms import describe_terms as describe_terms


def fetch_dataset(name, root=None, subjects=None, accept_license=False, *, progress=True):
    """Download the published files of a dataset, or look at those that you have placed.

    What will be downloaded, its size and its licence are said before anything is. A download that was cut
    goes on where it stopped; files that are there and have the right hash are left alone. What was fetched
    stands in ``.eegimg_fetch.json`` in the folder: where the publishers give no hash, the sha256 of the first
    download is kept there, and later calls are held to it.

    Parameters
    ----------
    name : str
        One of :func:`list_datasets`.
    root : path-like | None
        Folder for this dataset alone. None takes the folder with its name in ``EEGIMG_DATA``, or in
        ``eegimg_data`` in your home folder.
    subjects : None | str | list of str
        Only the files of these subjects, and those that belong to none; "1", "01" and "sub-01" are the same.
    accept_license : bool
        Say that you have read the publishers' terms, may use the data and accept them. Needed where the
        dataset's ``terms`` are not "open".
    progress : bool
        Whether to say on standard error what is done, with bars where that is a terminal.

    Returns
    -------
    folder : pathlib.Path
        The folder with the files.

    Raises
    ------
    ValueError
        If there is no such dataset or subject, terms must be accepted, the folder holds another dataset, or a
        file that you have placed is not the published one.
    FileNotFoundError
        If files must be placed by hand and are missing; the sentence says how to get them.
    RuntimeError
        If a file cannot be had, is not the published one, does not fit on the disk, or an archive is not safe
        to unpack.

    Examples
    --------
    >>> import eegimg
    >>> folder = eegimg.fetch_dataset("things_eeg1", subjects=["01"])  # doctest: +SKIP
    """
    check_type("accept_license", accept_license, bool, "fetch_dataset", "True or False")
    facts, entries = read_descriptor(name), read_registry(name)
    if facts.layout == "simulated":
        raise ValueError(f"{name} is made, not downloaded: call eegimg.make_dataset(root).")
    folder = (data_root() / name if root is None else pathlib.Path(root).expanduser()).absolute()
    manual = [entry for entry in entries if entry.is_manual]
    remote = [entry for entry in entries if not entry.is_manual]
    by_hand = not remote or bool(manual)
    check_terms(facts, accept_license, instructions(facts, folder, manual) if by_hand else "")
    before = read_record(folder, name)
    record = copy.deepcopy(before)
    if not remote:
        manual = choose_files(manual, subjects, name)
    with watching(progress) as watch:
        watch.say(describe_terms(facts))
        try:
            if remote:
                fetch_files(facts, folder, remote, subjects, record, watch)
            if by_hand:
                check_placed(facts, folder, manual, record, watch)
        finally:
            # Also what arrived before something failed; a folder that nothing came into is not touched.
            if record != before and folder.is_dir():
                write_record(folder, record)
        watch.say(f"{name} is in {folder}.")
    return folder
