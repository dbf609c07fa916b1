"""CSV files of labelled paragraphs -> text pages; the problems of all rows are reported together."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pagesieve.predict.document.blocks import Block
from pagesieve.predict.errors import Failure
from pagesieve.predict.files import read_file
from pagesieve.predict.labels import LABELS
from pagesieve.predict.output.terminal import one_line

from .views import OWN, View

NEEDED, OPTIONAL = ("text", "label"), ("language", "page", "order")  # columns
WEIGHT = 5.0  # of a block in training
LISTED = 20  # problems of a file to list; the others are counted
MAX_SHOWN = 200  # characters of a header to show
NOT_UTF8 = re.compile("[\udc80-\udcff]")  # invalid bytes as decoded by surrogateescape


class Row(NamedTuple):
    """A labelled paragraph; ``line`` is its last line in the file, ``label`` an index into LABELS."""

    line: int
    text: str
    label: int
    language: str
    page: str
    order: float


def read_paragraphs(path: Path, source: str = "") -> list[View]:
    """Return the pages of a CSV of labelled paragraphs, as text and as pre-extracted lines.

    Their ``source`` is by default the file's name without its ending. Raises Failure as ``read_rows`` does.
    """
    pages: dict[str, list[Row]] = {}
    for row in read_rows(path):
        pages.setdefault(row.page, []).append(row)
    source = source or path.stem
    views = [view_of(source, "text", rows, rows[-1].language) for rows in pages.values()]
    for rows in pages.values():
        left = [row for row in rows if LABELS[row.label] != "site_chrome"]
        if 2 < len(left) < len(rows):
            views.append(view_of(source, "pre_extracted", left, rows[-1].language))
    return views


def view_of(source: str, kind: str, rows: Sequence[Row], language: str) -> View:
    """Return the rows of one page as a view, in their order."""
    ordered = sorted(rows, key=lambda row: (row.order, row.text, row.label))
    page = rows[0].page
    blocks = [Block(index, row.text) for index, row in enumerate(ordered)]
    labels = np.array([row.label for row in ordered], dtype=np.int8)
    site, origin = f"{source}: {page}", np.full(len(rows), -1)
    return View(page, source, site, "", kind, blocks, labels, origin, OWN, weight=WEIGHT, language=language)


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV with the columns text and label, and optionally language, page, order.

    Raises Failure if there are no rows, or with a line for each of the first LISTED invalid rows.
    """
    try:
        content = read_file(path)  # not a pipe, as it is read more than once
    except FileNotFoundError:
        raise Failure(f"{path}: no such file; name a CSV file with the columns text and label") from None
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}; name a CSV file") from error
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig", "surrogateescape"), newline=""), strict=True)
    found = list(check_rows(reader, path))
    rows = [row for row in found if isinstance(row, Row)]
    if problems := [row for row in found if isinstance(row, str)]:
        raise Failure("\n".join(shorten_list(problems)))
    if not rows:
        raise Failure(f"{path}: no rows; add rows with a text and a label")
    return rows


def check_rows(reader: csv.DictReader, path: Path) -> Iterator[Row | str]:
    """Yield each row, or its problem."""
    try:
        check_columns(list(reader.fieldnames or []))
    except (csv.Error, ValueError) as error:
        yield f"{path}, line 1: {error}"
        return
    while True:
        try:
            yield row_of(next(reader), reader.line_num)
        except StopIteration:
            return
        except (csv.Error, ValueError) as error:
            yield f"{path}, line {reader.reader.line_num}: {error}; mend or remove the row"


def check_columns(columns: list[str]) -> None:
    if NOT_UTF8.search("".join(columns)):
        raise ValueError("not UTF-8; save the file as CSV in UTF-8")
    if not set(NEEDED) <= set(columns) <= {*NEEDED, *OPTIONAL} or len(set(columns)) < len(columns):
        wanted = f"{' and '.join(NEEDED)}, and if you like {', '.join(OPTIONAL)}, each once"
        found = one_line(", ".join(columns)[:MAX_SHOWN])
        raise ValueError(f"columns are {found or 'missing'}; expected {wanted}")


def row_of(cells: dict[str, str], line: int) -> Row:
    """Return the row of these cells by column; raises ValueError if one is invalid."""
    if None in cells or None in cells.values():
        raise ValueError(f"expected {len(set(cells) - {None})} cells, as in line 1")
    if NOT_UTF8.search("".join(cells.values())):
        raise ValueError("not UTF-8")
    text, label = " ".join(cells["text"].split()), cells["label"]
    if not text:
        raise ValueError("no text")
    if label not in LABELS:
        raise ValueError(f"label {label!r:.60} is none of {', '.join(LABELS)}")
    try:
        order = float(cells.get("order") or line)
    except ValueError:
        order = math.nan
    if not math.isfinite(order):
        raise ValueError(f"order {cells['order']!r:.60} is no number")
    return Row(line, text, LABELS.index(label), cells.get("language", ""), cells.get("page") or f"line {line}", order)


def contradictions(path: Path) -> list[str]:
    """Return a line for each of the first LISTED texts with more than one label; all their rows are used."""
    lines: dict[str, dict[int, int]] = {}  # by text and label: the first line
    for row in read_rows(path):
        lines.setdefault(row.text, {}).setdefault(row.label, row.line)
    problems = (
        f"{path}, lines {' and '.join(map(str, of_text.values()))}: "
        f"the same text is labelled {' and '.join(LABELS[label] for label in of_text)}"
        for of_text in lines.values()
        if len(of_text) > 1
    )
    return shorten_list(list(problems))


def shorten_list(lines: list[str]) -> list[str]:
    more = [f"and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return lines[:LISTED] + more
