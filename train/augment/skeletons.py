"""labelled paragraphs -> HTML pages of plain markup, without names that tell the purpose of a block.

The HTML model learns from them the words of languages with few pages in the corpora. Markup with the names of
publishing systems was tried as well: out of fold it lost 0.01 of macro-F1 on `world`, where this lost nothing and
gained 0.015 on its Chinese, Japanese and Korean pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby

import numpy as np

from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.labels import LABELS

from ..labels.views import AUGMENTED, OWN, View, seed_of

WEIGHT = 0.4  # of a block
LINKED = {
    "article_content": 0.0,
    "comment_form": 0.1,
    "promo_teaser": 0.75,
    "site_chrome": 0.6,
}  # share of rows inside links
# Start tags around a section, and around each of its rows.
SECTIONS = (
    ("div", "p"),
    ("div", "div"),
    ("ul", "li"),
    ("div class=box", "div class=row"),
    ("section", "p"),
    ("form", "div"),
    ("dl", "dd"),
)


def wrap_paragraphs(views: Sequence[View]) -> list[View]:
    """Return an HTML view of each page of labelled paragraphs, seeded by its name; its blocks are the rows."""
    return [wrap_page(view) for view in views if view.kind == "text" and view.of_paragraphs]


def wrap_page(view: View) -> View:
    rows = list(zip(view.labels.tolist(), [block.text for block in view.blocks], strict=True))
    title = next((text for label, text in rows if LABELS[label] == "article_content"), "")
    body = "".join(sections(rows, np.random.default_rng(seed_of(view.page))))
    page = read_page(f"<!doctype html><title>{escape(title)}</title><body>{body}", kind="html")
    blocks = segment(page)
    if [block.text for block in blocks] != [" ".join(text.split()) for _, text in rows]:
        raise ValueError(f"{view.page}: its rows are no blocks in the markup around them")
    return replace(
        view, source=AUGMENTED, kind="html", blocks=blocks, origin=np.arange(len(blocks)), title=page.title,
        weight=WEIGHT, page_set=OWN, maker="skeleton",
    )  # fmt: skip


def sections(rows: Sequence[tuple[int, str]], rng: np.random.Generator) -> Iterator[str]:
    """Yield the markup of each run of rows with one label; the first row of the content is the page's heading."""
    headed = False
    for label, section in groupby(rows, key=lambda row: row[0]):
        outer, inner = SECTIONS[int(rng.integers(len(SECTIONS)))]
        parts = []
        for _, text in section:
            shown = escape(text)
            if rng.random() < LINKED[LABELS[label]]:
                shown = f"<a href=/{int(rng.integers(1_000_000))}>{shown}</a>"
            tag = inner
            if LABELS[label] == "article_content" and not headed:
                headed, tag = True, "h1"
            parts.append(f"<{tag}>{shown}</{tag.split()[0]}>")
        yield f"<{outer}>{''.join(parts)}</{outer.split()[0]}>"
