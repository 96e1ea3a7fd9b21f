"""The audit of a design as a section of a page, or as a page of its own."""

import pathlib

from markupsafe import Markup

from .._checks import check_type
from .._paths import whole_file
from . import _html as html
from ._page import new_report

KINDS = {"ok": "good", "caution": "warning", "confounded": "failed"}
VERDICTS = {
    "ok": (
        "Nothing slow tells the labels of test trials under this split, so drift cannot pass for decoding.",
        "It does not mean that the number is right: whether training and test share images, whether steps "
        "learned from test trials, and by what a model was chosen, are other questions "
        "(eegimg.validity.check_split).",
    ),
    "caution": (
        "Something slow could tell the labels of test trials, or whether it does could not be checked.",
        "It does not mean that the number is wrong: read the reason, and report the number with it.",
    ),
    "confounded": (
        "The number is no evidence that responses to the images were decoded: for all that these data tell, "
        "the like can be had from when each trial was recorded.",
        "It does not mean that there is no such response: under this split it cannot be told from drift.",
    ),
}
SCOPE = (
    "Whatever the verdict, what a decoder of such epochs finds is a correlation between EEG evoked by a "
    "picture and that picture or its label. It is no reading of thoughts, and shows neither imagery nor "
    "intention."
)
METHOD = (
    "Two legs must both stand for “confounded”. Exposure: trials near in time, or at the same place of other "
    "recordings, vote for the label of each test trial; no EEG is used. Leak: features drift within labels "
    "(Hilbert–Schmidt independence criterion between features and time, trials permuted within labels), and "
    "labels moved from run to run, each run keeping one label, decode under the same split. Accuracies are "
    "balanced; kappa = (accuracy − chance) / (1 − chance). Built-in decoders are linear discriminant "
    "analysis with a shrunk covariance, and five nearest neighbours."
)
REFERENCES = {
    "10.1109/TPAMI.2020.2973153": "Li et al. (2021). The perils and pitfalls of block design for EEG "
    "classification experiments. IEEE TPAMI 43(1), 316–333.",
    "10.1007/11564089_7": "Gretton et al. (2005). Measuring statistical dependence with Hilbert–Schmidt "
    "norms. Algorithmic Learning Theory, 63–77.",
    "10.1016/S0047-259X(03)00096-4": "Ledoit and Wolf (2004). A well-conditioned estimator for "
    "large-dimensional covariance matrices. Journal of Multivariate Analysis 88, 365–411.",
}


def make_audit(audit, trials=None):
    """Make the section that an audit is in a report.

    Parameters
    ----------
    audit : dict
        As :meth:`eegimg.validity.Audit.to_dict` returns it, or read from its JSON.
    trials : pandas.DataFrame | None
        :attr:`eegimg.validity.Audit.trials`, for the picture of the order.

    Returns
    -------
    body : markupsafe.Markup
        HTML; whatever comes from the audit is escaped.
    """
    titled = [Markup("<h3>{}</h3>{}").format(title, body) for title, body in _sections(audit, trials)]
    return html.join(titled)


def make_recorded_audit(sidecar):
    """Make the section that the page of a recording has on its design.

    Parameters
    ----------
    sidecar : dict
        As :func:`eegimg.report._sidecar.read_sidecar` returns it.

    Returns
    -------
    body : markupsafe.Markup
        HTML: verdict, comparison, remedy and the statistics that decide.
    """
    audit = sidecar.get("Audit")
    if not isinstance(audit, dict):
        return html.absent("The design was not audited: no epochs, or of an earlier version.")
    if audit.get("verdict") is None:
        return html.absent(f"The design could not be audited. {audit.get('reason', '')}")
    parts = [_verdict(audit), _statistics(audit), html.paragraph(SCOPE)]
    return html.join([*parts, html.paragraph("eegimg audit makes a page of its own, with figures.")])


def write_audit_report(audit, path):
    """Write an audit as an HTML page, complete in one file.

    Parameters
    ----------
    audit : eegimg.validity.Audit
        The audit.
    path : path-like
        The page; folders are made if they do not exist. The page is called as its file.

    Returns
    -------
    page : pathlib.Path
        The page.

    Raises
    ------
    TypeError
        If this is no Audit.
    """
    from ..validity import Audit

    check_type("audit", audit, Audit, "write_audit_report", "an Audit, from audit_design")
    page = pathlib.Path(path)
    report = new_report(page.stem)
    parts = [Markup("<h1>{}</h1>").format(page.stem)]
    for title, body in _sections(audit.to_dict(), audit.trials):
        report.add_html(f'<div class="eeg">{html.join([*parts, body])}</div>', title=title, tags=("eegimg",))
        parts = []
    with whole_file(page) as temporary:
        report.save(temporary, open_browser=False, overwrite=True, verbose="error")
    return page


def _sections(audit, trials):
    yield "Verdict", _verdict(audit)
    yield "Order, accuracy and drift", _picture(audit, trials)
    yield "Statistics", _statistics(audit)
    yield "What the verdict means", _meaning(audit)
    yield "How it was computed", _method(audit)


def _verdict(audit):
    title = f"{audit['verdict'].capitalize()}: {audit['reason']}"
    numbers = [
        (_share(audit["accuracy"]), f"judged ({audit['decoder']})" if audit["decoder"] else "judged"),
        (_share(audit["null_accuracy"]), "a label-free copy of the design"),
        (_share(audit["clock_accuracy"]), "the clock alone"),
        (_share(audit["chance"]), "chance"),
    ]
    parts = [
        html.notice(KINDS[audit["verdict"]], title, []),
        Markup("<p><strong>{}</strong></p>").format(audit["comparison"]),
        html.tiles(numbers),
        Markup("<p><strong>What would help:</strong> {}</p>").format(audit["remedy"]),
    ]
    if audit["remarks"]:
        title = html.plural(len(audit["remarks"]), "remark")
        parts.append(html.notice("warning", title, audit["remarks"]))
    looked_at = [
        ("Decoded", audit["label"]),
        ("Split", audit["split"]),
        ("Epochs", html.number(audit["n_epochs"])),
        ("Labels", html.number(audit["n_labels"])),
        ("Recordings", html.number(audit["n_recordings"])),
        ("Found", ", ".join(audit["flags"]) or "nothing"),
    ]
    return html.join([*parts, html.facts(looked_at)])


def _share(share):
    """Write a share in per cent, or a dash where it is not known."""
    return "–" if share is None else html.percent(share, 1)


def _picture(audit, trials):
    from ..viz import plot_audit

    alt = (
        "Three panels: the order of labels in each recording; the accuracy of each decoder beside that of "
        f"labels moved from run to run; order and drift. {audit['comparison']}"
    )
    caption = (
        "Labels in the order of recording, with test trials below; balanced accuracy of true labels (blue) "
        "beside a copy without labels, that is labels moved from run to run (orange); how well order tells "
        "labels and how features drift, each beside the z from which it counts."
    )
    return html.figure(plot_audit(audit, trials), alt, caption)


def _statistics(audit):
    from ..validity._describe import describe_numbers

    table = describe_numbers(audit["statistics"])
    voting, others = table[table["votes"]], table[~table["votes"]]
    rows = [
        [row.statistic, html.number(row.value), html.number(row.threshold), _reached(row), row.meaning]
        for row in voting.itertuples()
    ]
    headers = ["What votes", "Value", "Counts from", "Counts", "What it is"]
    parts = [
        html.table(headers, rows, caption="Statistics that decide the verdict", numeric={1, 2})
        if rows
        else html.absent("Nothing that votes was measured.")
    ]
    if len(others):
        rows = [[row.statistic, html.number(row.value), row.meaning] for row in others.itertuples()]
        headers = ["What explains", "Value", "What it is"]
        explained = html.table(headers, rows, caption="Statistics that do not vote", numeric={1})
        parts.append(html.details(html.plural(len(others), "explanation"), explained))
    return html.join(parts)


def _reached(row):
    """Say in a word whether a statistic reaches its threshold."""
    if html.number(row.value) == "–":
        return "not known"
    return Markup('<strong class="lost">yes</strong>') if row.value >= row.threshold else "no"


def _meaning(audit):
    return html.join(html.paragraph(text) for text in (*VERDICTS[audit["verdict"]], SCOPE))


def _method(audit):
    items = html.join(
        Markup('<li>{} <a href="https://doi.org/{}">doi:{}</a></li>').format(text, doi, doi)
        for doi, text in REFERENCES.items()
    )
    took = f"The audit took {html.number(audit['seconds'])} s (eegimg.validity.audit_design)."
    return html.join([html.paragraph(METHOD), html.paragraph(took), Markup("<ul>{}</ul>").format(items)])
