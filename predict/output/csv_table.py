"""labelled blocks -> comma-separated values, which are safe to open in a spreadsheet."""

import csv
import io
import re

from ..labels import LABELS
from .json_lines import Record
from .terminal import printable

COLUMNS = ("page", "index", "text", "label", *LABELS, "confidence", "path")  # the scores as a column each
CSV_HEADER = ",".join(COLUMNS) + "\r\n"
# What a spreadsheet would compute, behind what it may pass over; a sign that stands alone is none.
SIGNS, UNSEEN = r"=+\-@\uff1d\uff0b\uff0d\uff20", r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
FORMULA = re.compile(rf"[\s{UNSEEN}]*+[{SIGNS}].|[\t\r\n].", re.S)
# The same inside a cell, which begins another one where semicolons separate cells, perhaps in quotes; but no smiley.
# What is passed over ends at the next separator, so that it is read once.
SPACE = r"[^\S\t\n]"
INNER = re.compile(rf"(?<=[;\t\n])(?=(?:{SPACE}|\")*+(?:{SPACE}|[{UNSEEN}])*+[{SIGNS}][^)])", re.S)


def table(page: list[Record]) -> str:
    """Return rows of comma-separated values (RFC 4180), to go below CSV_HEADER.

    Control characters are left out, and a cell that a spreadsheet would take for a formula gets an apostrophe in front;
    so does what follows a semicolon, a tab or a break in a cell, where some spreadsheets begin another one. Texts are
    quoted, numbers are not.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    for block in page:
        values = {**block, **block["scores"]}
        writer.writerow([cell(values.get(column, "")) for column in COLUMNS])
    return out.getvalue()


def cell(value: str | int | float) -> str | int | float:
    return safe(value) if isinstance(value, str) else value


def safe(text: str) -> str:
    """Return text for a cell of a table, of which no spreadsheet makes a formula."""
    shown = INNER.sub("'", printable(text))
    return f"'{shown}" if FORMULA.match(shown) else shown
