"""blocks -> how their long words begin, so that the forms of a word count as one."""

import re

import numpy as np

from .context import Column, own
from .page_context import PageContext
from .ragged import lists_of

STEM = re.compile(r"\b(?:([\uac00-\ud7af]{2})[\uac00-\ud7af]|([^\W\d_]{5})[^\W\d_])")


def stemmed(page: PageContext) -> Column:
    """How the long words of each line begin, so that their forms count as one word.

    Five letters of six or more, two syllables of Hangul of three or more.
    """
    found = lists_of(["".join(parts) for parts in STEM.findall(text)] for text in page.words)
    places = np.arange(len(found))
    return Column(found, own(places, places))
