"""Fitted pipelines -> the same scores, faster: terms become numbers once, and weights are gathered by number.

The pipeline of the first pass makes a string of each block's terms, cuts it again, and builds a matrix for each column;
this takes the terms as they are. Its scores are those of ``model.score`` to 1e-6 (tested on pages and random blocks).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.pipeline import Pipeline

from .around import Stretches
from .blocks import Block
from .features import BLOCK_COLUMNS, block_terms, groups, page_features, words_of
from .labels import LABELS

MARK = re.compile(r"(?:[+-][128]:|[123][:^])?")  # of a term of a column: whose it is; the rest is the word
WORD = re.compile(r"[\w\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff]+|[^\w\s]")  # of estimators.py
UNKNOWN = -1


@dataclass(frozen=True)
class Compact:
    """The terms of a first pass by number, and for each number what it weighs.

    ``words`` numbers the words that stand in any term of the first column, alone or in a pair; ``alone`` has the term
    of each word, UNKNOWN where it is none, and ``pairs`` (sorted, first word times number of words plus second) with
    ``of_pairs`` those of two. ``marked`` has the terms of the other columns by mark and word. By term: its ``column``,
    its inverse document frequency ``idf``, and ``weights`` (labels, terms). ``heavy`` is by column.
    """

    words: dict[str, int]
    alone: np.ndarray
    pairs: np.ndarray
    of_pairs: np.ndarray
    marked: dict[str, dict[str, dict[str, int]]]
    column: np.ndarray
    idf: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray
    heavy: np.ndarray


@dataclass(frozen=True)
class Linear:
    """A later pass: what its columns are clipped to, and what they weigh there, with all scaling worked in."""

    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray


@dataclass(frozen=True)
class Passes:
    """The three passes of one kind of page."""

    first: Compact
    page: Linear
    again: Linear


def scores(passes: Passes, blocks: Sequence[Block], title: str) -> np.ndarray:
    """Probabilities (blocks, labels) of one page's blocks: those of ``model.score``."""
    first = said(passes.first, [block.text for block in blocks], block_terms(blocks, title))
    together = groups(blocks)
    seen = page_features(blocks, first[:, 0], first[:, 1:], together)
    second = of_linear(passes.page, seen)
    return of_linear(passes.again, np.hstack([seen, page_features(blocks, second, None, together)]))


def of_linear(linear: Linear, rows: np.ndarray) -> np.ndarray:
    return np.asarray(softmax(np.clip(rows, linear.low, linear.high) @ linear.weights + linear.intercept, axis=1))


def linear_of(pipeline: Pipeline) -> Linear:
    reach, scale, linear = pipeline["range"], pipeline["scale"], pipeline["linear"]
    # a column x becomes (x * reach.scale_ + reach.min_ - scale.mean_) / scale.scale_
    weights = linear.coef_ / scale.scale_
    intercept = linear.intercept_ + weights @ (reach.min_ - scale.mean_)
    return Linear(reach.data_min_, reach.data_max_, (weights * reach.scale_).T, intercept)


def compacted(pipeline: Pipeline) -> Compact:
    union, linear = pipeline["terms"], pipeline["linear"]
    terms: dict[str, Sequence[str]] = {}
    column, idf = np.zeros(linear.coef_.shape[1], dtype=np.int64), np.ones(linear.coef_.shape[1])
    heavy = np.zeros(len(BLOCK_COLUMNS))
    start: dict[str, int] = {}
    for name, *_ in union.transformers:
        vectorizer, place = union.named_transformers_[name], union.output_indices_[name]
        terms[name], start[name] = vectorizer.vocabulary, place.start
        number = BLOCK_COLUMNS.index(name)
        column[place], idf[place], heavy[number] = number, vectorizer.idf_, union.transformer_weights[name]
    words, alone, pairs, of_pairs = numbered(terms.get("words", ()), start.get("words", 0))
    marked = {name: by_mark(of, start[name]) for name, of in terms.items() if name != "words"}
    return Compact(words, alone, pairs, of_pairs, marked, column, idf, linear.coef_, linear.intercept_, heavy)


def numbered(terms: Sequence[str], start: int) -> tuple[dict[str, int], np.ndarray, np.ndarray, np.ndarray]:
    """The words of terms of one or two words by number, and the terms as numbers: see ``Compact``."""
    cut = [term.split(" ") for term in terms]
    words: dict[str, int] = {word: number for number, word in enumerate(dict.fromkeys(chain.from_iterable(cut)))}
    alone = np.full(len(words) + 1, UNKNOWN)  # the last is that of all unknown words
    pairs = []
    for number, term in enumerate(cut, start):
        if len(term) == 1:
            alone[words[term[0]]] = number
        else:
            pairs.append((words[term[0]] * (len(words) + 1) + words[term[1]], number))
    keys, numbers = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    return words, alone, keys, numbers


def by_mark(terms: Sequence[str], start: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, term in enumerate(terms, start):
        mark = MARK.match(term).group()  # type: ignore[union-attr]  # it matches nothing, too
        found.setdefault(mark, {})[term[len(mark) :]] = number
    return found


def said(compact: Compact, texts: Sequence[str], columns: Mapping[str, Mapping[str, Stretches]]) -> np.ndarray:
    """What a first pass says of a page's blocks: an array (blocks, 1 + BLOCK_COLUMNS, labels).

    The scores, and behind them the evidence by column (``model.evidence``). ``texts`` are those of the blocks,
    ``columns`` their ``features.block_terms``.
    """
    count = len(texts)
    parts = [word_terms(compact, texts)]
    for name, tables in compact.marked.items():
        parts += [marked_terms(columns[name][mark], table) for mark, table in tables.items() if mark in columns[name]]
    rows, numbers = (np.concatenate(some) for some in zip(*parts, strict=True))
    counts = csr_matrix((np.ones(len(rows)), (rows, numbers)), (count, len(compact.idf)))
    rows, numbers = np.repeat(np.arange(count), np.diff(counts.indptr)), counts.indices
    column = compact.column[numbers]
    values = np.where(column == 0, 1 + np.log(counts.data), 1) * compact.idf[numbers]
    cells, size = rows * len(BLOCK_COLUMNS) + column, count * len(BLOCK_COLUMNS)
    norms = np.sqrt(np.bincount(cells, values * values, size))
    values *= compact.heavy[column] / norms[cells]
    evidence = np.stack([np.bincount(cells, values * weight[numbers], size) for weight in compact.weights], axis=1)
    evidence = evidence.reshape(count, len(BLOCK_COLUMNS), len(LABELS))
    scores = softmax(evidence.sum(axis=1) + compact.intercept, axis=1)
    return np.concatenate([scores[:, None], evidence - evidence.mean(axis=2, keepdims=True)], axis=1)


def marked_terms(seen: Stretches, table: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The blocks and numbers of the terms that they see under a mark; a term that is seen twice is there twice."""
    ends = np.cumsum([0, *map(len, seen.words)])
    numbers = np.fromiter(map(table.get, chain.from_iterable(seen.words), repeat(UNKNOWN)), np.int64, ends[-1])
    known = numbers != UNKNOWN
    starts = np.concatenate([[0], np.cumsum(known)])[ends]
    rows, begin, end = seen.rows.T
    first, lengths = starts[begin], starts[end] - starts[begin]
    places = np.arange(lengths.sum()) + np.repeat(first - np.cumsum(lengths) + lengths, lengths)
    return np.repeat(rows, lengths), numbers[known][places]


def word_terms(compact: Compact, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The blocks and numbers of the terms of one word and of two in the texts."""
    cut = [WORD.findall(words_of(text)) for text in texts]
    rows = np.repeat(np.arange(len(texts)), [len(words) for words in cut])
    unknown = len(compact.words)
    words = np.fromiter(map(compact.words.get, chain(*cut), repeat(unknown)), dtype=np.int64, count=len(rows))
    keys = words[:-1] * (unknown + 1) + words[1:]
    keys[rows[:-1] != rows[1:]] = UNKNOWN
    places = np.searchsorted(compact.pairs, keys)
    places[places == len(compact.pairs)] = 0
    found = compact.pairs[places] == keys if len(compact.pairs) else np.zeros(len(keys), dtype=bool)
    numbers = compact.alone[words]
    known = numbers != UNKNOWN
    return (
        np.concatenate([rows[known], rows[:-1][found]]),
        np.concatenate([numbers[known], compact.of_pairs[places[found]]]),
    )
