"""texts -> tokens for their shape: length, case, digits, beginning and end; for all texts of a page at once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .ragged import Tokens, bin_tokens, flag_tokens, tokens_by_key
from .words import UNSPACED, count_words

KINDS: dict[str, Callable[[str], object]] = {  # of characters
    "space": str.isspace,
    "letter": str.isalpha,
    "capital": str.isupper,
    "digit": str.isdigit,
    "comma": ",".__eq__,
    "end": ".!?。！？।؟".__contains__,  # of a sentence, if a closing character follows
    "closing": lambda one: one.isspace() or one in "\"'»”’)",
    "full end": "。！？।".__contains__,
    "unspaced": UNSPACED.match,
}
COUNTED = ("letter", "capital", "digit", "comma", "begin", "capital word", "sentence", "unspaced")
DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b")
# Both read each run without words, or without spaces, once, so that the time is linear.
CUT_OFF = re.compile(r"(?:(?<=\w)|\A)(?>\W*?(?:…|\.\.\.))\W*+\Z")
CONTACT = re.compile(r"(?<!\S)\S[^\s@]*@\S+\.\S|https?://|www\.")
EDGES = {  # of numbers in tokens, see ragged.bin_tokens
    "words": (1, 2, 3, 5, 8, 12, 18, 25, 40, 60, 100),
    "sentences": (1, 2, 3, 5),
    "case": (0.3, 0.6, 0.99),
    "upper": (0.001, 0.05, 0.15, 0.5, 0.99),
    "capitals": (0.15, 0.3, 0.5, 0.7, 0.99),
    "digits": (0.001, 0.05, 0.2, 0.5),
    "commas": (1, 2, 4),
}
QUOTES = frozenset("\"“„«”‘'「")


@dataclass(frozen=True)
class TextShape:
    """The shape of texts: the number of ``words`` (n_texts,), and tokens.

    Neighbours of a block get the tokens of ``shared`` as well; those of ``unshared`` are for the block alone.
    """

    words: np.ndarray
    shared: list[Tokens]
    unshared: list[Tokens]


def text_shape_of(texts: Sequence[str]) -> TextShape:
    """Return the shape of texts, none of which is empty."""
    lengths = np.array(list(map(len, texts)))
    first = np.cumsum(lengths + 1) - lengths - 1
    whole = "\n".join(texts) + "\n"
    kinds = kinds_of(whole)
    flags = {name: kinds & 1 << place != 0 for place, name in enumerate(KINDS)}
    flags["begin"] = ~flags["space"]
    flags["begin"][1:] &= flags["space"][:-1]
    flags["capital word"] = flags["begin"] & flags["capital"]
    flags["sentence"] = flags["full end"] | (flags["end"] & np.append(flags["closing"][1:], True))
    counts = {name: np.add.reduceat(flags[name], first, dtype=np.int64) for name in COUNTED}
    words, digits = counts["begin"], counts["digit"]
    for place in np.flatnonzero(counts["unspaced"]).tolist():
        words[place] = count_words(texts[place])
    capitalised = counts["capital word"] / np.maximum(1, words)
    cut = texts_matching(CUT_OFF, texts, texts_with("…", texts, whole) | texts_with("...", texts, whole))
    last = ["" if is_cut else text[-1] for text, is_cut in zip(texts, cut.tolist(), strict=True)]
    seen = [
        bin_tokens("words", words, EDGES["words"]),
        tokens_by_key(last, lambda one: f"end={end_of(one) if one else 'cutoff'}"),
        tokens_by_key([text[0] for text in texts], lambda one: f"start={start_of(one)}"),
        bin_tokens("sentences", counts["sentence"], EDGES["sentences"]),
        bin_tokens("case", capitalised, EDGES["case"]),
    ]
    own = [
        bin_tokens("upper", counts["capital"] / np.maximum(1, counts["letter"]), EDGES["upper"]),
        bin_tokens("capitals", capitalised, EDGES["capitals"]),
        bin_tokens("digits", digits / lengths, EDGES["digits"]),
        bin_tokens("commas", counts["comma"], EDGES["commas"]),
    ]
    return TextShape(words, seen, [*own, *sign_tokens(texts, whole, cut, digits > 0)])


def kinds_of(text: str) -> np.ndarray:
    """Return a bit mask for each character of the text: bit i is set if it is of the i-th of KINDS."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.intp)
    kinds = np.zeros(codes.max() + 1, dtype=np.uint16)
    kinds[codes] = 1
    there = np.flatnonzero(kinds)
    kinds[there] = [sum(1 << place for place, kind in enumerate(KINDS.values()) if kind(chr(code)))
                    for code in there.tolist()]  # fmt: skip
    return kinds[codes]


def end_of(last: str) -> str:
    return "letter" if last.isalpha() else "digit" if last.isdigit() else last


def start_of(first: str) -> str:
    return "upper" if first.isupper() else "lower" if first.islower() else "digit" if first.isdigit() else first


def sign_tokens(texts: Sequence[str], whole: str, cut: np.ndarray, digit: np.ndarray) -> list[Tokens]:
    """Return tokens for signs in each text that hint at its purpose; ``whole`` is all texts joined."""
    contact = texts_with("@", texts, whole) | texts_with("://", texts, whole) | texts_with("www.", texts, whole)
    return [
        flag_tokens("date", texts_matching(DATE, texts, digit)),
        flag_tokens("cutoff", cut),
        flag_tokens("contact", texts_matching(CONTACT, texts, contact)),
        flag_tokens("quote", np.array([text[0] in QUOTES for text in texts])),
        flag_tokens("bar", texts_with("|", texts, whole)),
        flag_tokens("copyright", texts_with("©", texts, whole)),
    ]


def texts_with(sign: str, texts: Sequence[str], whole: str) -> np.ndarray:
    """Return which texts contain a sign (n_texts,); ``whole`` is all texts joined."""
    return np.array([sign in text for text in texts]) if sign in whole else np.zeros(len(texts), dtype=bool)


def texts_matching(pattern: re.Pattern[str], texts: Sequence[str], wanted: np.ndarray) -> np.ndarray:
    """Return which texts match a pattern (n_texts,); only those with ``wanted`` are searched."""
    there = np.zeros(len(texts), dtype=bool)
    places = np.flatnonzero(wanted)
    there[places] = [pattern.search(texts[place]) is not None for place in places.tolist()]
    return there
