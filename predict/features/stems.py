"""blocks -> the beginnings of their long words, so that inflected forms count as one word."""

import re

import numpy as np

from .context import Column, own_terms
from .page_context import PageContext
from .ragged import lists_of

STEM = re.compile(r"\b(?:([\uac00-\ud7af]{2})[\uac00-\ud7af]|([^\W\d_]{5})[^\W\d_])")


def stem_terms(page: PageContext) -> Column:
    """Return the column of the beginnings of each line's long words.

    Five letters of words of six or more, two Hangul syllables of words of three or more.
    """
    found = lists_of(["".join(parts) for parts in STEM.findall(text)] for text in page.words)
    places = np.arange(len(found))
    return Column(found, own_terms(places, places))
