"""Pieces of HTML. Text that is not Markup is escaped, so a name from a file can never become a tag."""

import math
import pathlib

from markupsafe import Markup, escape

DPI = 130


def read_styles(*names):
    """Return style sheets that lie beside this file as one text."""
    return Markup(
        "\n".join(pathlib.Path(__file__).with_name(f"{name}.css").read_text("utf-8") for name in names)
    )


def number(value, digits=3):
    """Write a number for reading: thousands apart, few digits, a dash where there is none."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return "–"
    if float(value).is_integer() or abs(value) >= 10**digits:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:.{digits}g}".replace("-", "−")


def percent(part, whole):
    """Write a part of a whole in per cent, or a dash where the whole is nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def plural(count, noun):
    """Write a count with its noun: 1 channel, 2 channels."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def join(parts, between=""):
    """Join pieces, escaping those that are not Markup."""
    return Markup(between).join(parts)


def paragraph(text):
    """Make a paragraph."""
    return Markup("<p>{}</p>").format(text)


def absent(text):
    """Make the sentence that says what is missing and why."""
    return Markup('<p class="absent">{}</p>').format(text)


def notice(kind, title, items):
    """Make a box that stands out.

    Parameters
    ----------
    kind : 'warning' | 'failed' | 'good'
        What it looks like; the title says it in words too.
    title : str
        First line.
    items : list of str
        One line each.
    """
    lines = join(Markup("<li>{}</li>").format(item) for item in items)
    lines = Markup("<ul>{}</ul>").format(lines) if lines else Markup("")
    return Markup('<div class="notice {}" role="note"><strong>{}</strong>{}</div>').format(kind, title, lines)


def table(headers, rows, *, caption, numeric=(), row_classes=None):
    """Make a table that scrolls sideways by itself on narrow screens.

    Parameters
    ----------
    headers : list of str
        Names of the columns; the first cell of every row is the row's name.
    rows : list of list
        Cells, escaped unless they are Markup.
    caption : str
        What the table shows, also for those who hear it.
    numeric : collection of int
        Columns set flush right.
    row_classes : list of str | None
        One class per row.
    """
    kinds = ['class="num"' if column in numeric else "" for column in range(len(headers))]
    head = join(
        Markup('<th scope="col" {}>{}</th>').format(Markup(k), h) for k, h in zip(kinds, headers, strict=True)
    )
    body = []
    for row, row_class in zip(rows, row_classes or [""] * len(rows), strict=True):
        cells = [Markup('<th scope="row" {}>{}</th>').format(Markup(kinds[0]), row[0])]
        cells += [
            Markup("<td {}>{}</td>").format(Markup(k), c) for k, c in zip(kinds[1:], row[1:], strict=True)
        ]
        body.append(Markup('<tr class="{}">{}</tr>').format(row_class, join(cells)))
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table><caption>{}</caption>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(caption, caption, head, join(body))


def facts(pairs):
    """Make a list of names and values; values that are None are left out."""
    items = [
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(k, v) for k, v in pairs if v not in (None, "")
    ]
    return Markup('<dl class="facts">{}</dl>').format(join(items))


def tiles(pairs):
    """Make a row of large numbers, each (number, what it counts)."""
    items = [Markup("<div><b>{}</b><span>{}</span></div>").format(value, label) for value, label in pairs]
    return Markup('<div class="tiles">{}</div>').format(join(items))


def details(summary, body, *, is_open=False):
    """Make a part that is folded away until asked for."""
    return Markup("<details{}><summary>{}</summary>{}</details>").format(
        Markup(" open") if is_open else "", summary, body
    )


def code(text, label):
    """Make a block of text set as it is."""
    return Markup('<pre tabindex="0" aria-label="{}"><code class="nohighlight">{}</code></pre>').format(
        label, text
    )


def bar(part, whole, label):
    """Make a small bar for a share of a whole."""
    share = min(max(part / whole, 0.0), 1.0) if whole else 0.0
    return Markup(
        '<span class="bar" role="img" aria-label="{}"><span style="width:{:.1f}%"></span></span>'
    ).format(label, 100 * share)


def figure(fig, alt, caption=""):
    """Make an image from a Matplotlib figure, inside the page.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Rendered once, as WebP.
    alt : str
        What one would see.
    caption : str
        Printed below.
    """
    import base64
    import io
    import warnings

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    fig.set_dpi(DPI)
    canvas = FigureCanvasAgg(fig)
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing from"
        )  # names in any script: a box is drawn
        canvas.draw()
    stream = io.BytesIO()
    Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB").save(
        stream, "webp", quality=88, method=2
    )
    width = round(fig.get_size_inches()[0] * 96)
    return Markup(
        '<figure><div class="frame"><img alt="{}" width="{}" src="data:image/webp;base64,{}"></div>'
        "{}</figure>"
    ).format(alt, width, base64.b64encode(stream.getvalue()).decode(), _caption(caption))


def _caption(caption):
    return Markup("<figcaption>{}</figcaption>").format(escape(caption)) if caption else ""
