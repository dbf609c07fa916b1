"""parameters of a model -> the tables in which its stages look up terms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from ..labels import LABELS
from ..modelfile.arrays import FirstParameters, LaterParameters, Parameters, Terms

UNKNOWN = -1


@dataclass(frozen=True)
class Prefixed:
    """The terms of a column: ``words`` numbers its words; ``terms`` has by prefix the term of each word, or UNKNOWN."""

    words: dict[str, int]
    terms: dict[str, np.ndarray]


@dataclass(frozen=True)
class FirstStage:
    """The term numbers of a first stage, and the weights of each term.

    ``words`` numbers the words that occur in terms of the first column, alone or in a pair. ``alone`` (n_words + 1,) is
    the term of each word by itself, or UNKNOWN. ``pairs`` are the known pairs as sorted keys, number of the first word
    times (n_words + 1) plus that of the second; ``of_pairs`` has their terms. ``columns`` has the terms of the other
    columns. The last row of the following is for UNKNOWN: ``squares`` (n_terms + 1,) of the inverse document
    frequencies, and ``weights`` (n_terms + 1, n_labels), the linear model's times that frequency.
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
    """A later stage: the limits to which features are clipped, and their weights, with all scaling merged in.

    ``low`` and ``high`` are (n_features,), ``weights`` (n_features, n_labels), ``intercept`` (n_labels,).
    """

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
    """Return the fields ``words``, ``alone``, ``pairs`` and ``of_pairs`` of ``FirstStage``."""
    words = dict(zip(terms.words, range(len(terms.words)), strict=True))
    firsts = [words.setdefault(prefix[:-1], len(words)) if prefix else UNKNOWN for prefix in terms.prefixes]
    first = np.array(firsts, dtype=np.int64)[terms.prefix]
    numbers = np.arange(len(terms), dtype=np.int32)
    of_two = first != UNKNOWN
    alone = np.full(len(words) + 1, UNKNOWN, dtype=np.int32)  # the last entry is for unknown words
    alone[terms.word[~of_two]] = numbers[~of_two]
    keys = first[of_two] * (len(words) + 1) + terms.word[of_two]
    order = np.argsort(keys)
    return words, alone, keys[order], numbers[of_two][order]


def build_prefixed(terms: Terms, start: int) -> Prefixed:
    """Return the tables of a column whose first term has number ``start``."""
    tables = np.full((len(terms.prefixes), len(terms.words) + 1), UNKNOWN, dtype=np.int32)  # last column: unknown words
    tables[terms.prefix, terms.word] = np.arange(start, start + len(terms))
    words = dict(zip(terms.words, range(len(terms.words)), strict=True))
    return Prefixed(words, dict(zip(terms.prefixes, tables, strict=True)))


def look_up(numbers: Mapping[str, int], words: Iterable[str], default: int = UNKNOWN) -> np.ndarray:
    """Return the number of each word (n_words,), ``default`` for words without one."""
    return np.fromiter(map(numbers.get, words, repeat(default)), np.int64)
