"""The blocks of a page with values that several features share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..document.blocks import Block, kind_of
from .context import OPENING, READ, Elements, number_elements
from .groups import groups_of
from .ragged import Lists, lists_of
from .text_shape import TextShape, text_shape_of
from .words import SEPARATOR, spaced, text_length

HEADING = re.compile(r"h[1-6]")
SHORT_LINE = 5  # words of a text line that may be a heading
MAX_CHARS = 600  # characters used for words from each end of a block's text
DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class PageContext:
    """The blocks of a page in their order, its title, and values that several features share, computed once."""

    blocks: Sequence[Block]
    title: str = ""

    @cached_property
    def texts(self) -> list[str]:
        return [block.text for block in self.blocks]

    @cached_property
    def lengths(self) -> list[int]:
        return list(map(text_length, self.texts))

    @cached_property
    def lower(self) -> list[str]:
        return SEPARATOR.join(self.texts).lower().split(SEPARATOR)

    @cached_property
    def words(self) -> list[str]:
        return words_of(self.texts)

    @cached_property
    def text_shape(self) -> TextShape:
        return text_shape_of(self.texts)

    @cached_property
    def elements(self) -> Elements:
        return number_elements(self.blocks)

    @property
    def of_html(self) -> bool:
        return kind_of(self.blocks) == "html"

    @cached_property
    def heads(self) -> np.ndarray:
        """Return which blocks are headings (n_blocks,): in HTML <h1> to <h6>, on text pages short lines."""
        if not self.of_html:
            return self.text_shape.words <= SHORT_LINE
        return np.array([HEADING.fullmatch(block.tag) is not None for block in self.blocks])

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        return groups_of(self.blocks, self.lower, self.lengths, self.text_shape.shared, self.elements)

    @cached_property
    def openings(self) -> Lists:
        """Return the first words of each block, for use as context of other blocks."""
        cut = iter(words_of([text[:READ] for text in self.texts if len(text) > READ]))
        begins = (next(cut) if len(text) > READ else words for text, words in zip(self.texts, self.words, strict=True))
        return lists_of(words.split(None, OPENING + 1)[1 : OPENING + 1] for words in begins)


def words_of(texts: Sequence[str]) -> list[str]:
    """Return the texts as the vectoriser takes them: digits replaced by 0, unspaced scripts split, ¶ at both ends."""
    ends = [text if len(text) <= 2 * MAX_CHARS else f"{text[:MAX_CHARS]} {text[-MAX_CHARS:]}" for text in texts]
    read = spaced(DIGIT.sub("0", SEPARATOR.join(ends).lower()))
    return [f"¶ {text} ¶" for text in read.split(SEPARATOR)]
