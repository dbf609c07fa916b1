"""labelled blocks -> comma-separated values that are safe to open in a spreadsheet."""

import csv
import io
import re

from ..labels import LABELS
from .json_lines import Record
from .terminal import printable

COLUMNS = ("page", "index", "text", "label", *LABELS, "confidence", "path")  # with a column for each score
CSV_HEADER = ",".join(COLUMNS) + "\r\n"
# A formula for spreadsheets, after characters that they may skip; a sign by itself is not one.
SIGNS, UNSEEN = r"=+\-@\uff1d\uff0b\uff0d\uff20", r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
FORMULA = re.compile(rf"[\s{UNSEEN}]*+[{SIGNS}].|[\t\r\n].", re.S)
# The same after a separator inside a cell, where another cell may begin, perhaps in quotes; but not a smiley.
# Skipped characters end at the next separator, so that they are read once.
SPACE = r"[^\S\t\n]"
INNER = re.compile(rf"(?<=[;\t\n])(?=(?:{SPACE}|\")*+(?:{SPACE}|[{UNSEEN}])*+[{SIGNS}][^)])", re.S)


def table(page: list[Record]) -> str:
    """Return rows of comma-separated values (RFC 4180), without CSV_HEADER.

    Control characters are dropped. An apostrophe is put in front of a cell that a spreadsheet would take for a formula,
    and of such text after a semicolon, a tab or a line break in a cell, where some spreadsheets begin a new one. Texts
    are quoted, numbers are not.
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
    """Return text for a cell that no spreadsheet takes for a formula."""
    shown = INNER.sub("'", printable(text))
    return f"'{shown}" if FORMULA.match(shown) else shown
