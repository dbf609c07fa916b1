"""labelled blocks -> output of ``pagesieve predict``: to add a format, write its file and its entry in FORMATS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..labels import LABELS
from .coloured import coloured
from .csv_table import CSV_HEADER, table
from .json_lines import Record, jsonl
from .plain_text import text


@dataclass(frozen=True)
class Format:
    """An output format: ``render`` returns the text for a page from its blocks, its name, and whether there are others.

    ``help`` is shown to the user. ``header`` begins the output. ``keep`` are the labels to write by default. With
    ``file_each`` several pages need a file each.
    """

    help: str
    render: Callable[[list[Record], str, bool], str]
    header: str = ""
    keep: Sequence[str] = LABELS
    file_each: bool = False


FORMATS = {  # the first is the default
    "jsonl": Format(
        "one JSON object a block: page, index, text, label, scores, confidence (the F1 to be expected of the page's "
        "article as a whole), and for HTML the XPath where it begins",
        lambda page, name, several: jsonl(page),
    ),
    "csv": Format(
        "the same as a table for spreadsheets, a column for each score; control characters are left out, and what "
        "would be taken for a formula (= + - @ first in a cell, or behind a ; in it) gets an apostrophe in front",
        lambda page, name, several: table(page),
        header=CSV_HEADER,
    ),
    "text": Format(
        "the blocks, each passage once, separated by an empty line; each of several pages begins with a line of its "
        "own: a form feed and the page's name",
        lambda page, name, several: text(page, name=name if several else ""),
        keep=LABELS[:1],
    ),
    "html": Format(
        "the page's blocks, coloured by label, with a switch for each label, and beside them the article of an HTML "
        "page; several pages need -o DIR, which gets a file for each",
        lambda page, name, several: coloured(page, name=name),
        file_each=True,
    ),
}
DEFAULT = next(iter(FORMATS))
