"""folders of `pagesieve review` -> views: pages for training, and pages labelled blind, which are only scored.

A block that readers label differently is left out. Pages of few sites are held out one by one, otherwise by site.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pagesieve.predict.labels import CODES, LABELS

from ..augment.composed import compose_pages
from ..corpora import CorpusPage
from ..labels.folds import FOLDS
from ..labels.label_store import Marks, Sheet, differences, marks_of, read_sheets, readers_of, spans_of_marks
from ..labels.views import MINE, NONE, Annotated, View, page_views

# Of a block in training. Six pages of tests/odd_site.py and the embedded data: with weights 1, 2, 5 and 10 the other
# four pages had a macro-F1 of 0.98, 1.00, 1.00 and 1.00 (0.39 without), and with 10 no score on other data fell.
# With 60 pages of WCXB, 5 and 10 both raised it from 0.38 to 1.00, and changed the 60 pages' 0.834 to 0.827 and 0.828.
WEIGHT = 10.0
TEST = "-test"  # ending of the folder with test pages, which are never used for training


@dataclass(frozen=True)
class Corrections:
    """Views for training and of test pages; the first view of each page is scored. ``names`` are by page.

    ``apart`` is the unit that is held out: ``page`` or ``site``. ``left_out`` counts the blocks on which readers
    differ.
    """

    learned: list[View]
    tests: list[View]
    names: dict[str, str]
    apart: str
    left_out: int
    digest: str

    def scored(self, views: Sequence[View]) -> list[int]:
        """Return the indices of the views that are scored: the first of each page."""
        pages = [view.page for view in views]
        return [number for number, page in enumerate(pages) if page not in pages[:number]]


def read_corrections(folder: Path, others: Sequence[View]) -> Corrections | None:
    """Return the labelled pages of the folder and of its test folder; None if the first has no labels.

    They are read as HTML if ``others`` include HTML pages, otherwise as lines, as a few pages are too few to learn
    markup from. Sites of ``others`` keep their name, so that no page is scored by a model that saw another page of its
    site.
    """
    test_folder = folder.with_name(folder.name + TEST)
    tests = {sheet.id: (sheet, marks) for sheet in read_sheets(test_folder) if (marks := agreed(test_folder, sheet))}
    sheets = [
        (sheet, marks) for sheet in read_sheets(folder) if sheet.id not in tests and (marks := agreed(folder, sheet))
    ]
    if not sheets:
        return None
    html, known = any(view.kind == "html" for view in others), {view.site for view in others}
    apart = "site" if len({sheet.site for sheet, _ in sheets}) >= FOLDS else "page"

    def views_of(sheet: Sheet, marks: Marks) -> list[View]:
        site = sheet.site if apart == "site" or sheet.site in known else f"{sheet.site}: {sheet.id}"
        return [view for view in views_of_sheet(sheet, marks, site) if html or view.kind != "html"]

    learned = [view for sheet, marks in sheets for view in views_of(sheet, marks)]
    every = [*sheets, *tests.values()]
    return Corrections(
        learned=learned + compose_pages(learned),
        tests=[view for sheet, marks in tests.values() for view in views_of(sheet, marks)],
        names={sheet.id: sheet.name for sheet, _ in every},
        apart=apart,
        left_out=sum(len(differences(folder, sheet)) for sheet, _ in sheets),
        digest=hashlib.sha256(repr([(sheet.id, sheet.site, marks) for sheet, marks in sheets]).encode()).hexdigest(),
    )


def agreed(folder: Path, sheet: Sheet) -> Marks:
    """Return the labels of all readers, without blocks on which they differ."""
    merged: Marks = {}
    for reader in readers_of(folder, sheet):
        merged = marks_of(folder, sheet, reader)[1] | merged
    differ = differences(folder, sheet)
    return {index: mark for index, mark in sorted(merged.items()) if index not in differ}


def views_of_sheet(sheet: Sheet, marks: Marks, site: str) -> list[View]:
    """Return a page as the kinds of input of a labelled page of a corpus; a text page as its lines."""
    if sheet.kind == "html":
        annotated = Annotated(MINE, list(spans_of_marks(sheet, "", marks)))
        views, _ = page_views(CorpusPage(sheet.id, sheet.content), source=MINE, annotated=annotated)
        return [replace(view, site=site, weight=WEIGHT) for view in views]
    labels = np.full(len(sheet.blocks), NONE, dtype=np.int8)
    for place, block in enumerate(sheet.blocks):
        if block.index in marks:
            labels[place] = LABELS.index(CODES[marks[block.index].code])
    origin = np.full(len(labels), -1)
    return [View(sheet.id, MINE, site, "", "text", sheet.blocks, labels, origin, MINE, weight=WEIGHT)]
