"""Fitted pipelines -> the same scores, faster: terms become numbers once, and weights are gathered by number.

The pipeline of the first pass makes a string of each block's terms, cuts it again, and builds a matrix for each column;
this takes the terms as they are. Its scores are those of ``model.score`` to 1e-6 (tested on pages and random blocks).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.pipeline import Pipeline

from .around import Column, Stretches
from .blocks import Block
from .features import BLOCK_COLUMNS, Read, block_terms, features_of, rows_of
from .labels import LABELS
from .lists import NONE, Lists, ends_of, ragged_arange

TERM = re.compile(r"^((?:[+-][128]:|[123][:^])?)(.*)$", re.M)  # of a column: whose word it is, and the word
WORD = re.compile(r"[\w\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff]+|[^\w\s]")  # of estimators.py
UNKNOWN = -1
AT_ONCE = 2000  # rows that are clipped together, so that they fit the processor's cache
MAX_VALUE = 1e9  # of a weight in a model, absolute: sums of their products are finite, also as float32


@dataclass(frozen=True)
class Marked:
    """The terms of a column: its ``words`` by number, and by mark the term of each word, UNKNOWN where it is none.

    Its terms are counted from the ``place`` on where those of all columns lie.
    """

    words: dict[str, int]
    terms: dict[str, np.ndarray]
    place: slice


@dataclass(frozen=True)
class Compact:
    """The terms of a first pass by number, and for each number what it weighs.

    ``words`` numbers the words that stand in any term of the first column, alone or in a pair; ``alone`` has the term
    of each word, UNKNOWN where it is none, and ``pairs`` (sorted, first word times number of words plus second) with
    ``of_pairs`` those of two. ``marked`` has the terms of the other columns. By term, and last of UNKNOWN: the
    ``squares`` of its inverse document frequency, and what it weighs times that frequency, ``weights`` (terms, labels).
    ``heavy`` is by column.
    """

    words: dict[str, int]
    alone: np.ndarray
    pairs: np.ndarray
    of_pairs: np.ndarray
    marked: dict[str, Marked]
    squares: np.ndarray
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


def check_passes(passes: Passes) -> None:
    """Raise ValueError if any number is not finite, or beyond MAX_VALUE, or if a term has no weight."""
    first = passes.first
    for part in (first, passes.page, passes.again):
        for name, values in vars(part).items():
            if isinstance(values, np.ndarray) and values.dtype.kind != "i" and not (np.abs(values) <= MAX_VALUE).all():
                raise ValueError(f"{name} are not all finite, and at most {MAX_VALUE:g}")
    if not (first.squares[:-1] >= 1 / MAX_VALUE).all():
        raise ValueError(f"squares are not all {1 / MAX_VALUE:g} at least")
    count = len(first.squares) - 1
    of_columns = [(first.alone, count), (first.of_pairs, count)]
    of_columns += [
        (terms, min(count, of.place.stop) - of.place.start)
        for of in first.marked.values()
        for terms in of.terms.values()
    ]
    for terms, most in of_columns:
        if len(terms) and not UNKNOWN <= terms.min() <= terms.max() < most:
            raise ValueError("a term has no weight")


def scores(passes: Passes, blocks: Sequence[Block], title: str) -> np.ndarray:
    """Probabilities (blocks, labels) of one page's blocks: those of ``model.score``."""
    read = Read(blocks)
    first = said(passes.first, read, block_terms(read, title))
    seen = features_of(read, first[:, 0], first[:, 1:])
    again = features_of(read, of_linear(passes.page, seen))
    return of_linear(passes.again, seen, again)


def rows_of_block(passes: Passes, blocks: Sequence[Block], title: str, place: int) -> list[np.ndarray]:
    """What each pass sees of one block of a page, as its pipeline takes it: rows (1, columns)."""
    read = Read(blocks)
    columns = block_terms(read, title)
    first = said(passes.first, read, columns)
    seen = features_of(read, first[:, 0], first[:, 1:])
    again = features_of(read, of_linear(passes.page, seen))
    return [rows_of(read, columns, [place]), seen[[place]], np.hstack([seen[[place]], again[[place]]])]


def of_linear(linear: Linear, *parts: np.ndarray) -> np.ndarray:
    """Probabilities (rows, labels), from rows whose columns are those of the parts."""
    decision = np.empty((len(parts[0]), len(LABELS)))
    for start in range(0, len(decision), AT_ONCE):
        rows = np.hstack([part[start : start + AT_ONCE] for part in parts])
        decision[start : start + AT_ONCE] = np.clip(rows, linear.low, linear.high) @ linear.weights
    return np.asarray(softmax(decision + linear.intercept, axis=1))


def linear_of(pipeline: Pipeline) -> Linear:
    reach, scale, linear = pipeline["range"], pipeline["scale"], pipeline["linear"]
    # a column x becomes (x * reach.scale_ + reach.min_ - scale.mean_) / scale.scale_
    weights = linear.coef_ / scale.scale_
    intercept = linear.intercept_ + weights @ (reach.min_ - scale.mean_)
    return Linear(reach.data_min_, reach.data_max_, (weights * reach.scale_).T, intercept)


def compacted(pipeline: Pipeline) -> Compact:
    union, linear = pipeline["terms"], pipeline["linear"]
    terms: dict[str, Sequence[str]] = {}
    idf, weights = (np.zeros((linear.coef_.shape[1] + 1, *more)) for more in ((), (len(LABELS),)))
    heavy = np.zeros((len(BLOCK_COLUMNS), 1, 1))
    start: dict[str, int] = {}
    for name, *_ in union.transformers:
        vectorizer, place = union.named_transformers_[name], union.output_indices_[name]
        terms[name], start[name] = vectorizer.vocabulary, place.start
        idf[place], heavy[BLOCK_COLUMNS.index(name)] = vectorizer.idf_, union.transformer_weights[name]
    weights[:-1] = linear.coef_.T * idf[:-1, None]
    words, alone, pairs, of_pairs = numbered(terms.get("words", ()), start.get("words", 0))
    marked = {name: by_mark(of, start[name]) for name, of in terms.items() if name != "words"}
    return Compact(words, alone, pairs, of_pairs, marked, idf**2, weights, linear.intercept_, heavy)


def numbered(terms: Sequence[str], start: int) -> tuple[dict[str, int], np.ndarray, np.ndarray, np.ndarray]:
    """The words of terms of one word or two by number, and the terms as numbers: see ``Compact``."""
    cut = [term.split(" ") for term in terms]
    words = {word: number for number, word in enumerate(dict.fromkeys(chain.from_iterable(cut)))}
    first, last = (looked_up(words, [of_term[place] for of_term in cut]) for place in (0, -1))
    of_two = np.array([len(of_term) == 2 for of_term in cut], dtype=bool)
    numbers = np.arange(start, start + len(terms), dtype=np.int32)
    alone = np.full(len(words) + 1, UNKNOWN, dtype=np.int32)  # the last is that of all unknown words
    alone[first[~of_two]] = numbers[~of_two]
    keys = first[of_two] * (len(words) + 1) + last[of_two]
    order = np.argsort(keys)
    return words, alone, keys[order], numbers[of_two][order]


def by_mark(terms: Sequence[str], start: int) -> Marked:
    marks, words = zip(*TERM.findall("\n".join(terms)), strict=True)
    numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}
    kinds = {mark: number for number, mark in enumerate(dict.fromkeys(marks))}
    of_word, of_mark = looked_up(numbers, words), looked_up(kinds, marks)
    tables = np.full((len(kinds), len(numbers) + 1), UNKNOWN, dtype=np.int32)  # the last is that of all unknown words
    tables[of_mark, of_word] = np.arange(len(terms))
    return Marked(numbers, dict(zip(kinds, tables, strict=True)), slice(start, start + len(terms)))


def looked_up(numbers: Mapping[str, int], words: Iterable[str], default: int = UNKNOWN) -> np.ndarray:
    """The number of each word."""
    return np.fromiter(map(numbers.get, words, repeat(default)), np.int64)


def said(compact: Compact, read: Read, columns: Mapping[str, Column]) -> np.ndarray:
    """What a first pass says of a page's blocks: an array (blocks, 1 + BLOCK_COLUMNS, labels).

    The scores, and behind them the evidence by column (``model.evidence``). ``columns`` are the blocks'
    ``features.block_terms``.
    """
    evidence = np.zeros((len(BLOCK_COLUMNS), len(read.blocks), len(LABELS)))
    evidence[0] = words_say(compact, read.words)
    for name, marked in compact.marked.items():
        evidence[BLOCK_COLUMNS.index(name)] = column_says(compact, marked, columns[name])
    evidence *= compact.heavy
    scores = softmax(evidence.sum(axis=0) + compact.intercept, axis=1)
    evidence -= evidence.mean(axis=2, keepdims=True)
    return np.concatenate([scores[None], evidence]).transpose(1, 0, 2)


def words_say(compact: Compact, texts: Sequence[str]) -> np.ndarray:
    """What the words of the texts weigh for each label: (texts, labels)."""
    rows, numbers = word_terms(compact, texts)
    counts = csr_matrix((np.ones(len(rows)), (rows, numbers)), (len(texts), len(compact.squares)))
    counts.data = 1 + np.log(counts.data)
    weights = counts @ compact.weights
    counts.data **= 2
    return normed(weights, counts @ compact.squares)


def column_says(compact: Compact, marked: Marked, column: Column) -> np.ndarray:
    """What the terms of another column weigh in each block for each label: (blocks, labels).

    What a stretch holds is weighed once for all blocks that see it; the terms of two marks are never the same.
    """
    seen = {mark: stretches for mark, stretches in column.seen.items() if mark in marked.terms}
    terms = stretch_terms(marked, column.lists, seen)
    weights, squares = terms @ compact.weights[marked.place], terms @ compact.squares[marked.place]
    starts = ends_of(np.array([len(stretches.begin) for stretches in seen.values()]))[:-1]
    rows = [
        np.where(stretches.of == NONE, NONE, stretches.of + start)
        for stretches, start in zip(seen.values(), starts, strict=True)
    ]
    return normed(sum(weights[of] for of in rows), sum(squares[of] for of in rows))


def stretch_terms(marked: Marked, lists: Lists, seen: Mapping[str, Stretches]) -> csr_matrix:
    """The terms (stretches, terms) of the stretches of one mark, of the next, and so on; behind them a row of none."""
    words = looked_up(marked.words, lists.names, len(marked.words))[lists.numbers]
    places = ragged_arange(np.zeros(len(lists), dtype=int), np.diff(lists.ends))
    of_lists, of_stretches = [], []
    for number, (mark, stretches) in enumerate(seen.items()):
        numbers = marked.terms[mark][words]
        known = (numbers != UNKNOWN) & (places < stretches.most)
        of_lists.append((numbers[known], np.diff(ends_of(known)[lists.ends])))
        there, counts = stretches.unrolled()
        of_stretches.append((there + number * len(lists), counts))
    none = np.zeros(0, dtype=int), np.zeros(1, dtype=int)
    in_lists = ones(of_lists, marked.place.stop - marked.place.start)
    terms = ones([*of_stretches, none], in_lists.shape[0]) @ in_lists
    terms.data[:] = 1
    return terms


def ones(parts: Sequence[tuple[np.ndarray, np.ndarray]], width: int) -> csr_matrix:
    """A matrix of ones, part below part, each of them given by the columns of its ones, and how many each row has."""
    columns, counts = (np.concatenate(some) for some in zip(*parts, strict=True))
    return csr_matrix((np.ones(len(columns)), columns, ends_of(counts)), (len(counts), width))


def normed(weights: np.ndarray, squares: np.ndarray) -> np.ndarray:
    return weights / np.sqrt(np.where(squares, squares, 1))[:, None]


def word_terms(compact: Compact, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The blocks and numbers of the terms of one word and of two in the texts."""
    cut = [WORD.findall(text) for text in texts]
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), [len(words) for words in cut])
    unknown = len(compact.words)
    words = looked_up(compact.words, chain.from_iterable(cut), unknown)
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
