"""Words and length of a text in any script: one by one, and as a number of Latin characters."""

import re
from itertools import islice

# Thai and Lao, Burmese, Khmer, kana, Han.
SIGNS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
UNSPACED = re.compile(f"([{SIGNS}])")  # of a script without spaces between words
# In other scripts: text between white space, or letters and digits behind an unspaced sign.
WORDS = re.compile(rf"[{SIGNS}]{{1,2}}|(?:(?<!\S)|(?<=[{SIGNS}])(?=\w))[^\s{SIGNS}]+")
SEPARATOR = "\x1e"  # joins texts that are processed together; it ends a line, so no block contains it
WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")  # kana, Han, Hangul: a syllable or more


def spaced(text: str) -> str:
    """Return the text with white space around each sign of a script without spaces between words."""
    return text if text.isascii() else " ".join(UNSPACED.split(text))


def count_words(text: str) -> int:
    """Return the number of words in a text; in scripts without spaces two signs count as one word.

    >>> count_words("the tide, at last"), count_words("用Python编写代码，很快")
    (4, 5)
    """
    return len(text.split()) if text.isascii() else len(WORDS.findall(text))


def first_words(text: str, count: int) -> str:
    """Return the first words of a text, with single spaces; in scripts without spaces two signs count as one.

    >>> first_words("相关阅读 news", 3)
    '相关 阅读 news'
    """
    if text.isascii():
        return " ".join(text.split(None, count)[:count])
    return " ".join(found[0] for found in islice(WORDS.finditer(text), count))


def text_length(text: str) -> int:
    """Return the length in characters; wide ones (kana, Han, Hangul), which carry about twice as much text, count
    twice.

    >>> text_length("tide"), text_length("東京 ok")
    (4, 7)
    """
    return len(text) if text.isascii() else len(text) + len(WIDE.findall(text))
