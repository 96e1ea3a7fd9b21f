"""Tables and fields as BIDS wants them written."""

import csv
import json

from .._paths import write_text


def write_table(path, table):
    """Write a table whole: tabs, n/a, no quotes."""
    text = table.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n", quoting=csv.QUOTE_NONE)
    write_text(path, text)


def json_text(fields):
    """Return fields as text; numbers that JSON does not have are refused."""
    return json.dumps(fields, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path, fields):
    """Write fields whole."""
    write_text(path, json_text(fields))


def write_if_changed(path, text):
    """Write a text whole unless it stands there already."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
