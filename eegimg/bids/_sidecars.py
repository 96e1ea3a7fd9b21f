"""Tables and fields as BIDS wants them written, and fields read."""

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


def read_json(file):
    """Return the fields of a JSON file, none where there is no such file.

    Raises
    ------
    RuntimeError
        If it is not JSON, or no table of fields.
    """
    if not file.is_file():
        return {}
    try:
        fields = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as err:
        raise RuntimeError(f"{file} is not JSON: {err}. Mend it, or copy it again.") from err
    if not isinstance(fields, dict):
        raise RuntimeError(f"{file} must hold a table of fields. It holds a {type(fields).__name__}.")
    return fields
