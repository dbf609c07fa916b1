"""labelled pages -> short pre-extracted pages, composed from sections of pages of the same fold and language.

Extractors leave few comment and teaser sections on any one page. No page holds a line of a site in another fold.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from pagesieve.predict.document.blocks import Block
from pagesieve.predict.labels import LABELS

from ..labels.folds import fold_of
from ..labels.views import View, lines_of, seed_of

CONTENT, COMMENT, PROMO = map(LABELS.index, ("article_content", "comment_form", "promo_teaser"))
ARTICLE = (3, 20)  # lines of an article, range [low, high)
CUT = 12  # lines of a section, fewer than this
SECTIONS = 20  # maximum lines of all sections with one label
WITH_SECTION, WITH_SECOND, IN_ARTICLE = (
    0.85,
    0.3,
    0.25,
)  # shares of pages with each label, with teasers twice, with a section inside the text
WITH_LONE, LONE = 0.5, 3  # share of pages with single teaser lines inside the text, and their number, below this
TWICE = 2  # pages composed from each page
MIXED, MIXED_CUT = 8, 6  # sections of a mixed page, and lines of a section, fewer than this
MIXED_WEIGHT = 2.0  # of its blocks in training

Line = tuple[int, str]
Pool = dict[tuple[int, str, int], list[list[Line]]]  # by fold, language and label


def compose_pages(views: Sequence[View]) -> list[View]:
    """Return pre-extracted pages for each hand-labelled HTML page with enough content, and a mixed page for each page
    of paragraphs; deterministic for the same views.
    """
    pages = [view for view in views if view.kind == "html" and view.hand]
    pool: Pool = defaultdict(list)
    for view in pages:
        for label, section in sections_of(view):
            pool[fold_of(view.site), view.language, label].append(section)
    whole = [
        page_of(view, lines, "composing", view.weight)
        for view in pages
        for number in range(TWICE)
        if (lines := compose_lines(view, pool, number))
    ]
    return whole + mix_paragraphs([view for view in views if view.kind == "text" and view.of_paragraphs])


def mix_paragraphs(pages: Sequence[View]) -> list[View]:
    """Return pages of short sections in one language, of any labels, on which a line's words tell more than its
    context.
    """
    pool: dict[tuple[int, str, str], list[list[Line]]] = defaultdict(list)
    for view in pages:
        pool[fold_of(view.site), view.source, view.language] += [section for _, section in sections_of(view)]
    made = []
    for view in pages:
        rng = np.random.default_rng(seed_of(view.page))
        known = pool[fold_of(view.site), view.source, view.language]
        chosen = [known[place] for place in rng.permutation(len(known))[:MIXED]]
        lines = [line for section in chosen for line in section[: int(rng.integers(1, MIXED_CUT))]]
        made.append(page_of(view, lines, "mixing", MIXED_WEIGHT))
    return made


def sections_of(view: View) -> Iterator[tuple[int, list[Line]]]:
    """Yield the runs of lines with one label, each with the label."""
    for label, section in groupby(labelled_lines(view), key=lambda line: line[0]):
        yield label, list(section)


def labelled_lines(view: View) -> list[Line]:
    pairs = zip(view.labels.tolist(), view.blocks, strict=True)
    return [(label, text) for label, block in pairs for text in lines_of(block)]


def compose_lines(view: View, pool: Pool, number: int) -> list[Line]:
    rng = np.random.default_rng([seed_of(view.page), number])
    content = [line for line in labelled_lines(view) if line[0] == CONTENT]
    if len(content) < ARTICLE[0]:
        return []
    size = int(rng.integers(*ARTICLE))
    start = 0 if rng.random() < 0.5 else int(rng.integers(max(1, len(content) - size)))
    page = content[start : start + size]
    teasers = pool[fold_of(view.site), view.language, PROMO]
    for _ in range(int(rng.integers(1, LONE)) if teasers and rng.random() < WITH_LONE else 0):
        page.insert(int(rng.integers(1, len(page) + 1)), teasers[int(rng.integers(len(teasers)))][0])
    wanted = [COMMENT] * (rng.random() < WITH_SECTION) + [PROMO] * (rng.random() < WITH_SECTION)
    wanted += [PROMO] * (rng.random() < WITH_SECOND)
    parts = [
        sections(rng, pool[fold_of(view.site), view.language, label]) for label in rng.permutation(wanted).tolist()
    ]
    if parts and rng.random() < IN_ARTICLE:
        place = int(rng.integers(1, len(page) + 1))
        page[place:place] = parts.pop()
    return page + [line for part in parts for line in part]


def sections(rng: np.random.Generator, pool: Sequence[list[Line]]) -> list[Line]:
    """Return one or more sections of the pool, each from its first line."""
    lines: list[Line] = []
    while pool and (len(lines) < 2 or rng.random() < 0.4):
        lines += pool[int(rng.integers(len(pool)))][: int(rng.integers(1, CUT))]
    return lines[:SECTIONS]


def page_of(view: View, lines: Sequence[Line], maker: str, weight: float) -> View:
    return View(
        view.page, view.source, view.site, view.page_type, "pre_extracted",
        blocks=[Block(index, text) for index, (_, text) in enumerate(lines)],
        labels=np.array([label for label, _ in lines], dtype=np.int8),
        origin=np.full(len(lines), -1), page_set=view.page_set, maker=maker, weight=weight,
    )  # fmt: skip
