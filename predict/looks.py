"""texts -> how each one looks, as tokens: length, case, digits, beginning and end; for all texts of a page at once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .words import count_words

KINDS: dict[str, Callable[[str], object]] = {  # of characters
    "space": str.isspace,
    "letter": str.isalpha,
    "capital": str.isupper,
    "digit": str.isdigit,
    "comma": ",".__eq__,
    "end": ".!?。！？।؟".__contains__,  # of a sentence, where a closing one stands behind it
    "closing": lambda one: one.isspace() or one in "\"'»”’)",
    "full end": "。！？।".__contains__,
}
DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b")
# Of these two, each stretch without words, or without spaces, is read once, so that the time is linear.
CUT_OFF = re.compile(r"(?:(?<=\w)|\A)(?>\W*?(?:…|\.\.\.))\W*+\Z")
CONTACT = re.compile(r"(?<!\S)\S[^\s@]*@\S+\.\S|https?://|www\.")
QUOTES = frozenset("\"“„«”‘'「")


@dataclass(frozen=True)
class Looks:
    """By text: the number of ``words``, and the tokens of its look.

    Of these a block's neighbours see the ``seen`` too; the ``own`` are for itself.
    """

    words: np.ndarray
    seen: list[tuple[str, ...]]
    own: list[list[str]]


def looks_of(texts: Sequence[str]) -> Looks:
    """The looks of texts of which none is empty."""
    lengths = np.array(list(map(len, texts)))
    first = np.cumsum(lengths + 1) - lengths - 1
    kinds = kinds_of("\n".join(texts) + "\n")
    flags = {name: kinds & 1 << place != 0 for place, name in enumerate(KINDS)}
    begin = ~flags["space"]
    begin[1:] &= flags["space"][:-1]
    flags |= {"capital word": begin & flags["capital"]}
    flags["sentence"] = flags["full end"] | (flags["end"] & np.append(flags["closing"][1:], True))
    counts = {name: np.add.reduceat(of_name, first, dtype=np.int64) for name, of_name in flags.items()}
    words, digits = np.array(list(map(count_words, texts))), counts["digit"]
    capitalised = counts["capital word"] / np.maximum(1, words)
    cut = [("…" in text or "..." in text) and CUT_OFF.search(text) is not None for text in texts]
    seen = zip(
        levels("words", words, (1, 2, 3, 5, 8, 12, 18, 25, 40, 60, 100)),
        [f"end={'cutoff' if is_cut else end_of(text[-1])}" for text, is_cut in zip(texts, cut, strict=True)],
        [f"start={start_of(text[0])}" for text in texts],
        levels("sentences", counts["sentence"], (1, 2, 3, 5)),
        levels("case", capitalised, (0.3, 0.6, 0.99)),
        strict=True,
    )
    own = zip(
        levels("upper", counts["capital"] / np.maximum(1, counts["letter"]), (0.001, 0.05, 0.15, 0.5, 0.99)),
        levels("capitals", capitalised, (0.15, 0.3, 0.5, 0.7, 0.99)),
        levels("digits", digits / lengths, (0.001, 0.05, 0.2, 0.5)),
        levels("commas", counts["comma"], (1, 2, 4)),
        strict=True,
    )
    signs = map(signs_of, texts, cut, (digits > 0).tolist())
    return Looks(words, list(seen), [[*tokens, *more] for tokens, more in zip(own, signs, strict=True)])


def kinds_of(text: str) -> np.ndarray:
    """For each character of the text a number whose bits say of which of KINDS it is."""
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


def signs_of(text: str, cut: bool, digit: bool) -> list[str]:
    """What stands in a text that tells what it is for."""
    signs = ["date"] if digit and DATE.search(text) else []
    if cut:
        signs.append("cutoff")
    if ("@" in text or "://" in text or "www." in text) and CONTACT.search(text):
        signs.append("contact")
    if text[0] in QUOTES:
        signs.append("quote")
    return signs + [name for name, sign in (("bar", "|"), ("copyright", "©")) if sign in text]


def levels(name: str, values: np.ndarray, edges: Sequence[float]) -> list[str]:
    """Between which edges each value lies, as tokens: see ``links.binned``."""
    tokens = [f"{name}={level}" for level in range(len(edges) + 1)]
    return [tokens[level] for level in np.searchsorted(edges, values, side="right").tolist()]
