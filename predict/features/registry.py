"""The columns of terms of the first stage: to add one, write its function and its entry in COLUMNS.

PageContext -> block_terms -> the scorer, which looks terms up by number
                          \\-> block_features: text, which scikit-learn's vectorisers split again
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..document.blocks import Block, kind_of
from .context import CONTAINER_PREFIXES, NEAR_PREFIXES, NEIGHBOUR_PREFIXES, Column, container_terms, neighbour_terms
from .links import link_terms
from .markup import markup_terms
from .page_context import PageContext
from .ragged import NONE
from .shape import shape_terms
from .stems import stem_terms


@dataclass(frozen=True)
class TermColumn:
    """A column of terms, whose TF-IDF vector has length 1 in each block.

    ``terms`` returns those of a page's blocks; None stands for the words and word pairs of the block itself, which the
    vectoriser splits. ``weights`` has the column's weight by kind of page (html, text), tuned by site folds on the
    hand-labelled pages; pages of a kind without a weight lack the column. At most ``max_terms`` terms are learned.
    Terms from the context of a block begin with one of the ``prefixes``.
    """

    name: str
    terms: Callable[[PageContext], Column] | None
    weights: Mapping[str, float]
    max_terms: int
    prefixes: Sequence[str] = ()


COLUMNS = (
    TermColumn("words", None, {"html": 6.0, "text": 8.0}, 60_000),
    TermColumn("stems", stem_terms, {"text": 6.0}, 20_000),
    TermColumn("markup", markup_terms, {"html": 6.0}, 30_000),
    TermColumn("shape", shape_terms, {"html": 6.0, "text": 6.0}, 30_000, NEIGHBOUR_PREFIXES),
    TermColumn("links", lambda page: link_terms(page.blocks), {"html": 6.0}, 30_000, NEIGHBOUR_PREFIXES),
    TermColumn("near", lambda page: neighbour_terms(page.openings), {"html": 6.0, "text": 7.0}, 60_000, NEAR_PREFIXES),
    TermColumn(
        "within", lambda page: container_terms(page.elements, page.openings), {"html": 5.0}, 60_000, CONTAINER_PREFIXES
    ),
)  # fmt: skip
BLOCK_COLUMNS = tuple(column.name for column in COLUMNS)


def weights_of_columns(kind: str) -> dict[str, float]:
    """Return the columns that pages of a kind (html, text) have, by name and in order, with their weights."""
    return {column.name: column.weights[kind] for column in COLUMNS if kind in column.weights}


def block_features(blocks: Sequence[Block], title: str = "") -> np.ndarray:
    """Return the input of the first stage's pipeline, strings (n_blocks, n_columns), for all blocks
    of a page in order.
    """
    page = PageContext(blocks, title)
    return rows_of(page, block_terms(page), range(len(blocks)))


def block_terms(page: PageContext) -> dict[str, Column]:
    """Return the terms of the blocks in each column except words; a column that the kind of page lacks is empty."""
    kind, nothing = kind_of(page.blocks), Column(page.openings, {})
    return {
        column.name: column.terms(page) if kind in column.weights else nothing for column in COLUMNS if column.terms
    }


def rows_of(page: PageContext, columns: Mapping[str, Column], wanted: Sequence[int]) -> np.ndarray:
    """Return the rows (n_wanted, n_columns) of ``block_features`` for some of a page's blocks, from their terms."""
    rows = np.empty((len(wanted), len(BLOCK_COLUMNS)), dtype=object)
    rows[:, 0] = [page.words[block] for block in wanted]
    for number, column in enumerate(columns.values(), 1):
        terms: list[dict[str, None]] = [{} for _ in wanted]
        words = lru_cache(maxsize=100)(column.lists.words)
        for prefix, ranges in column.ranges.items():
            for of_block, index in zip(terms, ranges.of[wanted].tolist(), strict=True):
                if index == NONE:
                    continue
                for place in range(ranges.begin[index], ranges.end[index]):
                    if place != ranges.excluded[index]:
                        of_block.update(dict.fromkeys([prefix + word for word in words(place)[: ranges.max_words]]))
        rows[:, number] = [" ".join(of_block) for of_block in terms]
    return rows
