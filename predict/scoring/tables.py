"""parameters of a model -> the tables that its stages look terms up in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from ..labels import LABELS
from ..modelfile.arrays import FirstParameters, LaterParameters, Parameters, Terms

UNKNOWN = -1


@dataclass(frozen=True)
class Prefixed:
    """The terms of a column: its ``words`` by number, and by prefix the term of each word, UNKNOWN where it is none."""

    words: dict[str, int]
    terms: dict[str, np.ndarray]


@dataclass(frozen=True)
class FirstStage:
    """The terms of a first stage by number, and for each number what it weighs.

    ``words`` numbers the words that stand in any term of the first column, alone or in a pair; ``alone`` has the term
    of each word, UNKNOWN where it is none, and ``pairs`` (sorted, first word times number of words plus second) with
    ``of_pairs`` those of two. ``columns`` has the terms of the other columns. By term, and last of UNKNOWN: the
    ``squares`` of its inverse document frequency, and what it weighs times that frequency, ``weights`` (terms, labels).
    """

    parameters: FirstParameters
    words: dict[str, int]
    alone: np.ndarray
    pairs: np.ndarray
    of_pairs: np.ndarray
    columns: dict[str, Prefixed]
    squares: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class LaterStage:
    """A later stage: what its features are clipped to, and what they weigh there, with all scaling worked in."""

    parameters: LaterParameters
    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray


@dataclass(frozen=True)
class Stages:
    """The three stages of one kind of page."""

    first: FirstStage
    second: LaterStage
    third: LaterStage


def build_stages(parameters: Parameters) -> Stages:
    """Return the stages with these parameters, with their tables of terms."""
    return Stages(build_first(parameters.first), build_later(parameters.second), build_later(parameters.third))


def build_first(parameters: FirstParameters) -> FirstStage:
    idf = np.append(parameters.idf.astype(float), 0)
    weights = np.zeros((len(idf), len(LABELS)))
    weights[:-1] = parameters.weights.T * idf[:-1, None]
    columns = {
        name: build_prefixed(parameters.columns[name], place.start)
        for name, place in parameters.slices().items()
        if name != "words"
    }
    return FirstStage(parameters, *build_pairs(parameters.columns["words"]), columns, idf**2, weights)


def build_later(parameters: LaterParameters) -> LaterStage:
    weights = parameters.weights / parameters.deviation
    intercept = parameters.intercept + weights @ (parameters.offset - parameters.mean)
    low, high = (values.astype(np.float32) for values in (parameters.minimum, parameters.maximum))
    return LaterStage(parameters, low, high, (weights * parameters.factor).T, intercept)


def build_pairs(terms: Terms) -> tuple[dict[str, int], np.ndarray, np.ndarray, np.ndarray]:
    """Return the words of terms of one word or two by number, and the terms as numbers: see ``FirstStage``."""
    words = dict(zip(terms.words, range(len(terms.words)), strict=True))
    firsts = [words.setdefault(prefix[:-1], len(words)) if prefix else UNKNOWN for prefix in terms.prefixes]
    first = np.array(firsts, dtype=np.int64)[terms.prefix]
    numbers = np.arange(len(terms), dtype=np.int32)
    of_two = first != UNKNOWN
    alone = np.full(len(words) + 1, UNKNOWN, dtype=np.int32)  # the last is that of all unknown words
    alone[terms.word[~of_two]] = numbers[~of_two]
    keys = first[of_two] * (len(words) + 1) + terms.word[of_two]
    order = np.argsort(keys)
    return words, alone, keys[order], numbers[of_two][order]


def build_prefixed(terms: Terms, start: int) -> Prefixed:
    """Return the tables of a column whose first term has the number ``start``."""
    tables = np.full((len(terms.prefixes), len(terms.words) + 1), UNKNOWN, dtype=np.int32)  # the last: unknown words
    tables[terms.prefix, terms.word] = np.arange(start, start + len(terms))
    words = dict(zip(terms.words, range(len(terms.words)), strict=True))
    return Prefixed(words, dict(zip(terms.prefixes, tables, strict=True)))


def look_up(numbers: Mapping[str, int], words: Iterable[str], default: int = UNKNOWN) -> np.ndarray:
    """Return the number of each word."""
    return np.fromiter(map(numbers.get, words, repeat(default)), np.int64)
