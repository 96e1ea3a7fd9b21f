"""Write the pages of a finished derivative folder again, without preprocessing anything."""

import json
import pathlib

from ._recording import finished_row
from ._summary import Summary

_ENTITIES = {"sub": "subject", "ses": "session", "task": "task", "run": "run"}


def rebuild_report(out, report_dir=None):
    """Write the report of a derivative folder anew from its sidecars.

    Parameters
    ----------
    out : path-like
        Folder that :func:`eegimg.preprocess_dataset` wrote.
    report_dir : path-like | None
        Where to; None is ``<out>/report``.

    Returns
    -------
    summary : Summary
        One row per finished recording; ``.report`` is the index page.

    Raises
    ------
    FileNotFoundError
        If there is no finished recording.
    """
    from ..report import write_index, write_recording_report

    out = pathlib.Path(out)
    report_dir = out / "report" if report_dir is None else pathlib.Path(report_dir)
    rows = finished_rows(out, report_dir)
    if not rows:
        raise FileNotFoundError(
            f"{out} holds no finished recording. Run eegimg preprocess BIDS_ROOT --out {out} first."
        )
    for row in rows:
        row |= {"status": "done", "page": write_recording_report(row["sidecar"], report_dir).name}
    index = write_index(rows, report_dir, title=f"{out.resolve().name}: preprocessing")
    return Summary(rows=rows, remarks=[], report=index)


def finished_rows(out, report_dir, without=()):
    """Make a row of every finished recording in a derivative folder.

    Parameters
    ----------
    out : pathlib.Path
        The folder.
    report_dir : pathlib.Path
        Where the pages are; a row names its page where there is one.
    without : set of str
        Sidecars to leave out.

    Returns
    -------
    rows : list of dict
        With status "cached", sorted by file name.
    """
    sidecars = sorted([*out.glob("sub-*/**/*_desc-*_epo.json"), *out.glob("sub-*/**/*_desc-*_eeg.json")])
    rows = []
    for sidecar in sidecars:
        if str(sidecar) in without:
            continue
        fields = json.loads(sidecar.read_text(encoding="utf-8"))
        labels = dict(part.split("-", 1) for part in sidecar.stem.split("_") if "-" in part)
        page = report_dir / f"{sidecar.stem.rsplit('_', 1)[0]}.html"
        rows.append(
            {
                "recording": sidecar.name.split("_desc-")[0],
                **{name: labels.get(short) for short, name in _ENTITIES.items()},
                "status": "cached",
                "output": str(sidecar.with_suffix(".fif" if sidecar.name.endswith("_epo.json") else ".vhdr")),
                "sidecar": str(sidecar),
                "page": page.name if page.is_file() else None,
                **finished_row(fields),
            }
        )
    return rows
