"""A result card as a page: the numbers, each with its null, and the audit of the design below."""

import pathlib

from markupsafe import Markup

from .._checks import check_type
from .._paths import whole_file
from . import _html as html
from ._page import new_report
from .audit import KINDS, make_audit


def write_result_card(card, path):
    """Write a result card as an HTML page, complete in one file.

    Parameters
    ----------
    card : eegimg.validity.ResultCard
        The card, from :func:`eegimg.validity.evaluate`.
    path : path-like
        The page; folders are made if they do not exist.

    Returns
    -------
    page : pathlib.Path
        The page.

    Raises
    ------
    TypeError
        If this is no ResultCard.
    """
    from ..validity import ResultCard

    check_type("card", card, ResultCard, "write_result_card", "a ResultCard, from evaluate")
    page = pathlib.Path(path)
    report = new_report(page.stem)
    sections = [
        ("Result", make_result(card.to_dict())),
        ("Design", make_audit(card.audit.to_dict(), card.audit.trials)),
    ]
    for title, body in sections:
        report.add_html(f'<div class="eeg">{body}</div>', title=title, tags=("eegimg",))
    with whole_file(page) as temporary:
        report.save(temporary, open_browser=False, overwrite=True, verbose="error")
    return page


def make_result(card):
    """Make the section with the numbers of a card.

    Parameters
    ----------
    card : dict
        As :meth:`eegimg.validity.ResultCard.to_dict` returns it, or read from its JSON.

    Returns
    -------
    body : markupsafe.Markup
        HTML; whatever comes from the card is escaped.
    """
    rows = [
        [name, *(html.number(entry.get(key)) for key in ("value", "null", "null_sd", "p", "clock", "chance"))]
        for name, entry in card["metrics"].items()
    ]
    headers = ["Metric", "Reached", "Labels moved from run to run", "SD of that", "p", "Time alone", "Chance"]
    parts = [
        html.notice(KINDS[card["verdict"]], f"Design {card['verdict']}: {card['audit']['reason']}", []),
        html.table(headers, rows, caption=f"{card['task']}, {card['method']}", numeric=set(range(1, 7))),
    ]
    if card["leaks"]:
        parts.append(html.notice("failed", "Test data reached training", card["leaks"]))
    if card["transductive"]:
        steps = ", ".join(card["transductive"])
        parts.append(html.notice("warning", f"Transductive: {steps} learned from test epochs.", []))
    versions = ", ".join(f"{name} {version}" for name, version in card["versions"].items())
    return html.join([*parts, Markup('<p class="quiet">{}</p>').format(versions)])
