"""folder of HTML pages written for pagesieve -> labelled pages, as HTML, as lines and as pre-extracted lines.

An element's ``data-label`` is the label of its content, except for inner elements with their own; other content is
site_chrome.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pagesieve.predict.document.blocks import Block, segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import LABELS

from .views import OWN, View

CODES = {"T": "article_content", "C": "comment_form", "P": "promo_teaser", "N": "site_chrome"}
MARK = "data-label-"  # prefix of the class that an element has during segmentation
WEIGHT = 3.0  # of a block in training


def read_written(folder: Path) -> list[View]:
    """Return the views of all pages of a folder, by name; raises Failure for a page with invalid labels."""
    return [view for path in pages_in(folder) for view in views_of(path)]


def pages_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.html"))


def views_of(path: Path) -> list[View]:
    page = read_page(path.read_text(encoding="utf-8"), kind="html")
    if page.tree is None or page.tree.root is None:
        raise Failure(f"{path}: no HTML that can be parsed; mend or remove it")
    for node in page.tree.css("[data-label]"):
        code = node.attributes["data-label"] or ""
        if code not in CODES:
            raise Failure(f"{path}: data-label={code!r:.20} is none of {', '.join(CODES)}; mend it")
        node.attrs["class"] = " ".join(filter(None, [node.attributes.get("class"), MARK + code]))
    blocks = segment(page)
    labels = np.array([LABELS.index(CODES[code_of(block.ancestors)]) for block in blocks], dtype=np.int8)
    language = (page.tree.root.attributes.get("lang") or "").partition("-")[0]
    if not language:
        raise Failure(f"{path}: <html> has no lang; write which language it is in")
    source = path.parent.name
    html = View(
        path.stem, source, f"{source}: {path.stem}", "", "html",
        [replace(block, ancestors=tuple(map(unmarked, block.ancestors))) for block in blocks],
        labels, np.arange(len(blocks)), OWN, page.title, "written", weight=WEIGHT,
        language=language,
    )  # fmt: skip
    kept = np.flatnonzero(labels != LABELS.index("site_chrome"))
    left = [as_lines(html, kept, "pre_extracted")] if 2 < len(kept) < len(blocks) else []
    return [html, as_lines(html, np.arange(len(blocks)), "text"), *left]


def code_of(ancestors: Sequence[str]) -> str:
    """Return the code of the innermost element with one; N if there is none."""
    for element in reversed(ancestors):
        if MARK in element:
            return element.partition(MARK)[2][0]
    return "N"


def unmarked(element: str) -> str:
    """Return an element of ``Block.ancestors`` without the class for its label.

    >>> unmarked("div#related.cards.data-label-P.role=list")
    'div#related.cards.role=list'
    """
    return ".".join(part for part in element.split(".") if not part.startswith(MARK))


def as_lines(html: View, chosen: np.ndarray, kind: str) -> View:
    """Return these blocks of a page as a view of lines of this kind."""
    lines = [Block(place, " ".join(html.blocks[index].text.split())) for place, index in enumerate(chosen)]
    return replace(html, kind=kind, blocks=lines, labels=html.labels[chosen], origin=chosen, title="")
