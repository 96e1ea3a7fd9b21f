"""Write the pages of a finished derivative folder again, without preprocessing anything."""

import json
import pathlib

from ._recording import finished_row
from ._summary import Summary


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
    sidecars = sorted([*out.glob("sub-*/**/*_desc-*_epo.json"), *out.glob("sub-*/**/*_desc-*_eeg.json")])
    if not sidecars:
        raise FileNotFoundError(
            f"{out} holds no finished recording. Run eegimg preprocess BIDS_ROOT --out {out} first."
        )
    rows = []
    for sidecar in sidecars:
        fields = json.loads(sidecar.read_text(encoding="utf-8"))
        page = write_recording_report(sidecar, report_dir)
        entities = dict(part.split("-", 1) for part in sidecar.stem.split("_") if "-" in part)
        rows.append(
            {
                "recording": sidecar.name.split("_desc-")[0],
                **{
                    name: entities.get(key)
                    for name, key in (
                        ("subject", "sub"),
                        ("session", "ses"),
                        ("task", "task"),
                        ("run", "run"),
                    )
                },
                "status": "done",
                "output": str(sidecar.with_suffix(".fif" if sidecar.name.endswith("_epo.json") else ".vhdr")),
                "sidecar": str(sidecar),
                "page": page.name,
                **finished_row(fields),
            }
        )
    index = write_index(rows, report_dir, title=f"{out.resolve().name}: preprocessing")
    return Summary(rows=rows, remarks=[], report=index)
