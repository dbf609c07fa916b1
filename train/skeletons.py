"""Labelled paragraphs -> HTML pages: the same rows in the markup of common publishing systems, or in plain markup.

The HTML model so learns the words of languages in which few pages of the corpora are written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby

import numpy as np

from pagesieve.predict.blocks import segment
from pagesieve.predict.labels import LABELS
from pagesieve.predict.page import read_page

from .corpus import AUGMENTED, OWN, View, seed_of

PLAIN = 0.5  # share of the sections without a telling name
WEIGHT = 1.0  # of a block
LINKED = {"article_content": 0.0, "comment_form": 0.1, "promo_teaser": 0.75, "site_chrome": 0.6}  # share of the rows
# By label: markup around a section, and around each of its rows.
SECTIONS = {
    "article_content": (
        ("article class=post", "p"),
        ("div class=entry-content", "p"),
        ("main id=content", "p"),
        ("section class=article-body", "div"),
        ("div id=article_body itemprop=articleBody", "p"),
        ("div class=detail-txt", "p"),
    ),
    "comment_form": (
        ("div id=comments class=comments-area", "li class=comment"),
        ("section class=comment-list", "div class=comment-body"),
        ("div id=disqus_thread", "p class=post-message"),
        ("ul class=replies", "li"),
        ("form id=commentform", "label"),
        ("div class=cmt_box", "div class=u_cbox_contents"),
    ),
    "promo_teaser": (
        ("aside class=related-posts", "li"),
        ("div class=recommend-list", "h3"),
        ("section class=most-read", "li"),
        ("div class=newsletter-signup", "p"),
        ("ul class=teaser-list", "div class=teaser"),
        ("div id=sidebar", "div class=widget"),
    ),
    "site_chrome": (
        ("header class=site-header", "li"),
        ("nav id=menu", "li"),
        ("footer", "p"),
        ("div class=post-meta", "div class=item"),
        ("div class=toolbar", "button"),
        ("ul class=breadcrumb", "li"),
    ),
}
PLAIN_SECTIONS = (
    ("div", "p"), ("div", "div"), ("ul", "li"), ("div class=box", "div class=row"), ("section", "p"), ("dl", "dd"),
)  # fmt: skip


def in_skeletons(views: Sequence[View]) -> list[View]:
    """An HTML view of each page of labelled paragraphs, seeded by its name; its blocks are the rows."""
    return [in_skeleton(view) for view in views if view.kind == "text" and view.page_set == OWN]


def in_skeleton(view: View) -> View:
    rng = np.random.default_rng(seed_of(view.page))
    rows = list(zip(view.labels.tolist(), [block.text for block in view.blocks], strict=True))
    title = next((text for label, text in rows if LABELS[label] == "article_content"), "")
    body = "".join(sections(rows, rng))
    page = read_page(f"<!doctype html><title>{escape(title)}</title><body>{body}", kind="html")
    blocks = segment(page)
    if [block.text for block in blocks] != [" ".join(text.split()) for _, text in rows]:
        raise ValueError(f"{view.page}: its rows are no blocks in the markup around them")
    origin = np.arange(len(blocks))
    return replace(
        view, source=AUGMENTED, kind="html", blocks=blocks, origin=origin, title=page.title, weight=WEIGHT,
        page_set=OWN, maker="skeleton",
    )  # fmt: skip


def sections(rows: Sequence[tuple[int, str]], rng: np.random.Generator) -> Iterator[str]:
    headed = False
    for label, section in groupby(rows, key=lambda row: row[0]):
        name = LABELS[label]
        kinds = PLAIN_SECTIONS if rng.random() < PLAIN else SECTIONS[name]
        outer, inner = kinds[int(rng.integers(len(kinds)))]
        parts = []
        for _, text in section:
            shown = escape(text)
            if rng.random() < LINKED[name]:
                shown = f"<a href=/{int(rng.integers(1_000_000))}>{shown}</a>"
            if name == "article_content" and not headed:
                parts.append(f"<h1>{shown}</h1>")
                headed = True
            else:
                parts.append(f"<{inner}>{shown}</{inner.split()[0]}>")
        yield f"<{outer}>{''.join(parts)}</{outer.split()[0]}>"
