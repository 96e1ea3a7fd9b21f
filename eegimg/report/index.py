"""The index of a dataset: plain HTML without Matplotlib or MNE, so that an unchanged rerun stays fast."""

import pathlib
import urllib.parse
from collections import Counter

from markupsafe import Markup

from .._checks import check_option
from .._paths import write_text
from . import _html as html
from ._sidecar import get, read_sidecar

STATUSES = ("failed", "excluded", "done", "cached")
CONDITIONS_SHOWN = 60
DOCUMENT = Markup("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body class="eeg">
<main>
<h1>{title}</h1>
{body}
</main>
<footer>Made by eegimg from the sidecar files of the derivatives.</footer>
</body>
</html>
""")


def write_index(rows, report_dir, title, remarks=()):
    """Write the HTML index of a dataset's recordings.

    Parameters
    ----------
    rows : list of dict
        One per recording: ``recording`` and ``status`` ('done', 'cached', 'failed' or 'excluded'), and
        where known ``reason``, ``n_epochs``, ``n_bads``, ``verdict`` (of the design's audit), ``seconds``,
        ``peak_memory_mb``, ``page`` (name of the page in `report_dir`) and ``sidecar`` (path, read for
        conditions, recipe and versions).
    report_dir : path-like
        Folder for the page; made if it does not exist.
    title : str
        Title of the dataset.
    remarks : collection of str
        What concerns the dataset as a whole, printed above the table.

    Returns
    -------
    index : pathlib.Path
        ``<report_dir>/index.html``.

    Raises
    ------
    ValueError
        If a status is not one of the four.
    """
    for row in rows:
        check_option("status", row["status"], STATUSES, "write_index")
    rows = sorted(rows, key=lambda row: (min(STATUSES.index(row["status"]), 2), str(row["recording"])))
    known = {row["sidecar"]: read_sidecar(row["sidecar"]) for row in rows if _has_sidecar(row)}
    marks = {path: _mark(sidecar) for path, sidecar in known.items() if sidecar.get("Transductive")}
    sidecars = list(known.values())
    parts = [
        _summary(rows, remarks, len(marks)),
        _table(rows, marks),
        _conditions(sidecars),
        _recipe(sidecars),
        _versions(sidecars),
    ]
    page = pathlib.Path(report_dir) / "index.html"
    write_text(
        page, DOCUMENT.format(title=title, style=html.read_styles("page", "index"), body=html.join(parts))
    )
    return page


def _has_sidecar(row):
    """Tell whether a row is finished; a failed one may have the sidecar of an earlier run."""
    finished = row["status"] in ("done", "cached") and row.get("sidecar")
    return bool(finished) and pathlib.Path(row["sidecar"]).is_file()


def _mark(sidecar):
    """Say in a table's cell that steps learned from test epochs, and which."""
    steps = ", ".join(sidecar.get("TransductiveSteps") or [])
    text = f"transductive: {steps}" if steps else "transductive"
    return Markup('<br><strong class="lost">{}</strong>').format(text)


def _summary(rows, remarks, n_transductive):
    counts = Counter(row["status"] for row in rows)
    tiles = [(html.number(len(rows)), "recordings"), (html.number(counts["done"]), "done now")]
    tiles += [(html.number(counts["cached"]), "unchanged, kept"), (html.number(counts["failed"]), "failed")]
    tiles += [(html.number(counts["excluded"]), "excluded")]
    tiles += [(html.number(sum(row.get("n_epochs") or 0 for row in rows)), "epochs kept")]
    parts = [html.tiles(tiles)]
    if counts["failed"]:
        failed = html.plural(counts["failed"], "recording")
        parts.append(
            html.notice("failed", f"{failed} failed; the others are finished. The table says why.", [])
        )
    if n_transductive:
        text = (
            f"{html.plural(n_transductive, 'recording')} transductive: steps learned from test epochs too. "
            "Decoding scores computed from these data must be reported as such."
        )
        parts.append(html.notice("warning", text, []))
    if remarks:
        parts.append(
            html.notice("warning", html.plural(len(remarks), "remark") + " on the dataset", list(remarks))
        )
    return html.join(parts)


def _table(rows, marks):
    if not rows:
        return html.absent("There is no recording in this dataset.")
    headers = [
        "Recording",
        "Status",
        "Epochs",
        "Bad channels",
        "Design",
        "Time (s)",
        "Peak memory (MB)",
        "Reason or remarks",
    ]
    cells = [
        [
            _link(row),
            Markup('<span class="status">{}</span>{}').format(
                row["status"], marks.get(row.get("sidecar"), "")
            ),
            html.number(row.get("n_epochs")),
            html.number(row.get("n_bads")),
            row.get("verdict") or "–",
            html.number(row.get("seconds")),
            html.number(row.get("peak_memory_mb")),
            Markup('<span class="reason">{}</span>').format(row["reason"]) if row.get("reason") else "",
        ]
        for row in rows
    ]
    classes = [row["status"] for row in rows]
    return html.table(
        headers, cells, caption="Recordings, failed ones first", numeric={2, 3, 5, 6}, row_classes=classes
    )


def _link(row):
    page = str(row.get("page") or "")
    if not page or pathlib.PurePath(page).name != page:  # a page lies beside the index, never elsewhere
        return row["recording"]
    return Markup('<a href="{}">{}</a>').format("./" + urllib.parse.quote(page), row["recording"])


def _conditions(sidecars):
    totals, recordings = Counter(), Counter()
    for sidecar in sidecars:
        counts = get(sidecar, "Summary", "conditions", default={})
        totals.update(counts)
        recordings.update(name for name, count in counts.items() if count)
    title = Markup("<h2>Epochs per condition</h2>")
    if not totals:
        return html.join([title, html.absent("No finished recording has epochs with conditions.")])
    rows = [
        [name, html.number(count), f"{recordings[name]} of {len(sidecars)}"]
        for name, count in totals.most_common()
    ]
    caption = f"Epochs kept over all finished recordings ({html.plural(len(rows), 'condition')}"
    caption += f", {CONDITIONS_SHOWN} shown)" if len(rows) > CONDITIONS_SHOWN else ")"
    headers = ["Condition", "Epochs", "Recordings that have it"]
    table = html.table(headers, rows[:CONDITIONS_SHOWN], caption=caption, numeric={1, 2})
    return html.join(
        [title, table if len(rows) <= 20 else html.details(html.plural(len(rows), "condition"), table)]
    )


def _recipe(sidecars):
    title = Markup("<h2>Recipe</h2>")
    recipes = {
        get(sidecar, "Recipe", "fingerprint"): get(sidecar, "Recipe", default={}) for sidecar in sidecars
    }
    if not recipes:
        return html.join([title, html.absent("No recording was finished, so no recipe was applied.")])
    parts = [title]
    if len(recipes) > 1:
        text = f"{len(recipes)} different recipes made these derivatives. Do not pool them without a reason."
        parts.append(html.notice("warning", text, []))
    for fingerprint, recipe in recipes.items():
        steps = html.join(
            Markup("<li>{}{}</li>").format(step.get("name"), _settings(step))
            for step in recipe.get("steps") or []
        )
        name = Markup("<p><strong>{}</strong>, fingerprint <code>{}</code></p>").format(
            recipe.get("name"), fingerprint
        )
        parts.append(Markup("{}<ol>{}</ol>").format(name, steps))
    return html.join(parts)


def _settings(step):
    shown = ", ".join(f"{key}={value}" for key, value in step.items() if key != "name" and value is not None)
    return Markup(' <code class="quiet">{}</code>').format(shown) if shown else ""


def _versions(sidecars):
    seen = {}
    for sidecar in sidecars:
        for name, version in get(sidecar, "PackageVersions", default={}).items():
            seen.setdefault(name, Counter())[str(version)] += 1
    title = Markup("<h2>Software</h2>")
    if not seen:
        return html.join([title, html.absent("No software versions are recorded.")])
    rows = [
        [
            name,
            ", ".join(
                v if len(found) == 1 else f"{v} ({html.plural(n, 'recording')})" for v, n in found.items()
            ),
        ]
        for name, found in sorted(seen.items())
    ]
    return html.join(
        [title, html.table(["Software", "Version"], rows, caption="Versions that made the derivatives")]
    )
