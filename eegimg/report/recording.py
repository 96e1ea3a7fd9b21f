"""The page of one recording: a pure function of its sidecar and the epochs beside it."""

import pathlib

from .._paths import whole_file
from ._channels import make_sensors, make_spectra
from ._components import make_components
from ._drops import make_drops
from ._evoked import make_evoked
from ._input import make_input
from ._overview import make_overview
from ._page import new_report
from ._reproduce import make_reproduce
from ._sidecar import page_stem, read_sidecar
from ._steps import make_steps
from .audit import make_recorded_audit


def write_recording_report(sidecar_path, report_dir):
    """Write the HTML page of one recording.

    Parameters
    ----------
    sidecar_path : path-like
        Sidecar of a derivative, ``..._desc-<recipe>_epo.json`` or ``..._raw.json``. Nothing but this
        file and, for evoked responses, the ``.fif`` of the same name is read.
    report_dir : path-like
        Folder for the page; made if it does not exist.

    Returns
    -------
    page : pathlib.Path
        The page, ``<report_dir>/<basename>_desc-<recipe>.html``, complete in one file.

    Raises
    ------
    FileNotFoundError
        If there is no such sidecar.
    ValueError
        If the sidecar is not one of an eegimg derivative.
    """
    sidecar_path = pathlib.Path(sidecar_path)
    sidecar = read_sidecar(sidecar_path)
    stem = page_stem(sidecar_path)
    report = new_report(stem)
    for title, body in _make_sections(sidecar, sidecar_path, stem):
        report.add_html(f'<div class="eeg">{body}</div>', title=title, tags=("eegimg",))
    page = pathlib.Path(report_dir) / f"{stem}.html"
    with whole_file(page) as temporary:
        report.save(temporary, open_browser=False, overwrite=True, verbose="error")
    return page


def _make_sections(sidecar, sidecar_path, stem):
    yield "Overview", make_overview(sidecar, sidecar_path, stem)
    yield "What came in", make_input(sidecar)
    yield "Steps and what they cost", make_steps(sidecar)
    yield "Power spectra", make_spectra(sidecar)
    yield "Sensors and bad channels", make_sensors(sidecar)
    yield "Independent components", make_components(sidecar)
    yield "Epochs dropped", make_drops(sidecar, sidecar_path)
    yield "What a decoder could show", make_recorded_audit(sidecar)
    yield "Evoked responses", make_evoked(sidecar, sidecar_path)
    yield "How to reproduce", make_reproduce(sidecar)
