"""What a check of a split found: a table to read, and an error for scripts."""

import dataclasses
import html
import json
import textwrap

import pandas as pd

from .._checks import listing
from .._paths import write_text

SEVERITIES = ("leak", "caution", "not checked", "note", "ok")
COLUMNS = ("check", "parts", "count", "of", "severity", "meaning", "examples", "remedy")
_WIDTHS = {"severity": 11, "check": 15, "parts": 10, "found": 14, "what it means": 46}
_N_EXAMPLES = 3


def finding(
    check, severity, meaning, *, parts="train/test", count=None, of=None, examples=(), remedy="", name=None
):
    """Make one row of a report; ``name`` is the fold that it speaks of."""
    examples = [str(example) for example in examples]
    return {
        "check": check,
        "parts": parts,
        "count": None if count is None else int(count),
        "of": None if of is None else int(of),
        "severity": severity,
        "meaning": meaning,
        "examples": ", ".join(examples[:_N_EXAMPLES]) + (", ..." if len(examples) > _N_EXAMPLES else ""),
        "remedy": remedy,
        "fold": name,
    }


def worst_fold(rows):
    """Return the worst of the rows that one check gave in several folds, and say which fold that was."""

    def badness(row):
        return -SEVERITIES.index(row["severity"]), (row["count"] or 0) / (row["of"] or 1)

    worst = dict(max(rows, key=badness))
    fold = worst.pop("fold")
    if len(rows) > 1 and worst["count"]:
        worst["meaning"] += f" Worst of {len(rows)} folds: {fold!r}."
    return worst


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeakReport:
    """What :func:`check_split` found.

    Attributes
    ----------
    rows : list of dict
        One per check: what ``table`` shows.
    split : str
        The split in words.
    claim : list of str
        What the number is to be about.
    parts : dict of str to dict of str to int
        Number of epochs per part, for each fold.
    """

    rows: list
    split: str
    claim: list
    parts: dict

    @property
    def table(self):
        """One row per check (pandas.DataFrame).

        ``check`` (what was compared), ``parts`` (between which parts), ``count`` of how many (``of``),
        ``severity``, ``meaning`` (one sentence), ``examples`` and ``remedy``. Severities: "leak" (test data
        or their answers reached training or selection), "caution" (may well have), "note" (to be known when
        the number is read), "ok" (looked for and not there), "not checked" (could not be looked for).
        """
        table = pd.DataFrame(self.rows, columns=COLUMNS)
        return table.astype({"count": "Int64", "of": "Int64"})

    @property
    def leaks(self):
        """One sentence per leak (list of str)."""
        return [f"{row['check']}: {row['meaning']}" for row in self.rows if row["severity"] == "leak"]

    @property
    def ok(self):
        """Whether no leak was found; what could not be checked may hold one all the same."""
        return not self.leaks

    def raise_if_leaking(self):
        """Stop a script whose split leaks.

        Raises
        ------
        ValueError
            If there is a leak: what was found, and what to do.
        """
        leaking = [row for row in self.rows if row["severity"] == "leak"]
        if not leaking:
            return
        said = [f"{row['check']}: {row['meaning'].rstrip('.')}" for row in leaking[:3]]
        more = [f"{len(leaking) - 3} more in the report"] if len(leaking) > 3 else []
        remedies = list(dict.fromkeys(row["remedy"] for row in leaking if row["remedy"]))
        raise ValueError(
            f"The split ({self.split}) leaks. {'; '.join(said + more)}. "
            f"{' '.join(remedies[:2]) or 'Make another split with make_split.'}"
        )

    def to_dict(self):
        """Return the report as JSON holds it (dict)."""
        return {
            "split": self.split,
            "claim": list(self.claim),
            "ok": self.ok,
            "parts": self.parts,
            "checks": [dict(row) for row in self.rows],
        }

    def to_json(self, path):
        """Write the report to a file.

        Parameters
        ----------
        path : path-like
            A JSON file.
        """
        write_text(path, json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n")

    def _sorted_rows(self):
        return sorted(self.rows, key=lambda row: SEVERITIES.index(row["severity"]))

    def _headline(self):
        counts = [(sum(row["severity"] == name for row in self.rows), name) for name in SEVERITIES]
        found = ", ".join(f"{count} {name}" for count, name in counts if count)
        return f"Split: {self.split}. Claim: {listing(self.claim)}. Checks: {found}."

    def __repr__(self):
        unchecked = sum(row["severity"] == "not checked" for row in self.rows)
        leaks = "1 leak" if len(self.leaks) == 1 else f"{len(self.leaks)} leaks"
        return f"<LeakReport: {leaks} in {len(self.rows)} checks, {unchecked} not checked>"

    def __str__(self):
        rule = " ".join("-" * width for width in _WIDTHS.values())
        lines = textwrap.wrap(self._headline(), len(rule))
        lines += ["", *_fixed_width(_WIDTHS), rule]
        for row in self._sorted_rows():
            seen = f" Such as {row['examples']}" if row["examples"] else ""
            seen += "." if seen and not seen.endswith("...") else ""
            cells = (row["severity"], row["check"], row["parts"], _found(row), row["meaning"] + seen)
            lines += _fixed_width(cells)
        return "\n".join(lines)

    def _repr_html_(self):
        heads = ("severity", "check", "parts", "found", "meaning", "examples")
        head = "".join(f"<th>{name}</th>" for name in heads)
        body = ""
        for row in self._sorted_rows():
            cells = [row.get(name) if name != "found" else _found(row) for name in heads]
            body += "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"
        return (
            f"<table><caption>{html.escape(self._headline())}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def _found(row):
    if row["count"] is None:
        return ""
    return str(row["count"]) if row["of"] is None else f"{row['count']} of {row['of']}"


def _fixed_width(cells):
    """Lay out one row, cells wrapped, as lines of the table's width."""
    widths = _WIDTHS.values()
    wrapped = [textwrap.wrap(str(cell), width) or [""] for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    columns = [
        [line.ljust(width) for line in lines + [""] * (height - len(lines))]
        for lines, width in zip(wrapped, widths, strict=True)
    ]
    return [" ".join(line).rstrip() for line in zip(*columns, strict=True)]
