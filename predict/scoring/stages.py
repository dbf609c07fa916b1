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

from ..document.blocks import Block
from ..features.context import Column, Stretches
from ..features.later import features_of
from ..features.page_context import PageContext
from ..features.ragged import NONE, ends_of, lists_of, numbered, ragged_arange
from ..features.registry import BLOCK_COLUMNS, COLUMNS, block_terms, rows_of
from ..labels import LABELS

WORD = re.compile(r"[\w\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff]+|[^\w\s]")  # of estimators.py
UNKNOWN = -1
AT_ONCE = 100  # rows that are clipped together: they fit the processor's cache, and BLAS starts no threads for so few
MANY = 2000  # blocks of a page of which each column is weighed by itself: it takes less memory, and more calls
MAX_VALUE = 1e9  # of a weight in a model, absolute: sums of their products are finite, also as float32


@dataclass(frozen=True)
class Marked:
    """The terms of a column: its ``words`` by number, and by mark the term of each word, UNKNOWN where it is none."""

    words: dict[str, int]
    terms: dict[str, np.ndarray]


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
    for terms in (first.alone, first.of_pairs, *(one for of in first.marked.values() for one in of.terms.values())):
        if len(terms) and not UNKNOWN <= terms.min() <= terms.max() < len(first.squares) - 1:
            raise ValueError("a term has no weight")


def scores(passes: Passes, blocks: Sequence[Block], title: str) -> np.ndarray:
    """Probabilities (blocks, labels) of one page's blocks: those of ``model.score``."""
    read = PageContext(blocks, title)
    first = said(passes.first, read, block_terms(read))
    seen = features_of(read, first[:, 0], first[:, 1:])
    again = features_of(read, of_linear(passes.page, seen))
    return of_linear(passes.again, seen, again)


def rows_of_block(passes: Passes, blocks: Sequence[Block], title: str, place: int) -> list[np.ndarray]:
    """What each pass sees of one block of a page, as its pipeline takes it: rows (1, columns)."""
    read = PageContext(blocks, title)
    columns = block_terms(read)
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
    words, alone, pairs, of_pairs = words_and_pairs(terms.get("words", ()), start.get("words", 0))
    marked = {
        column.name: by_mark(terms[column.name], start[column.name], column.prefixes)
        for column in COLUMNS
        if column.terms and column.name in terms
    }
    return Compact(words, alone, pairs, of_pairs, marked, idf**2, weights, linear.intercept_, heavy)


def words_and_pairs(terms: Sequence[str], start: int) -> tuple[dict[str, int], np.ndarray, np.ndarray, np.ndarray]:
    """The words of terms of one word or two by number, and the terms as numbers: see ``Compact``."""
    cut = [term.split(" ") for term in terms]
    words = numbered(chain.from_iterable(cut))
    first, last = (looked_up(words, [of_term[place] for of_term in cut]) for place in (0, -1))
    of_two = np.array([len(of_term) == 2 for of_term in cut], dtype=bool)
    numbers = np.arange(start, start + len(terms), dtype=np.int32)
    alone = np.full(len(words) + 1, UNKNOWN, dtype=np.int32)  # the last is that of all unknown words
    alone[first[~of_two]] = numbers[~of_two]
    keys = first[of_two] * (len(words) + 1) + last[of_two]
    order = np.argsort(keys)
    return words, alone, keys[order], numbers[of_two][order]


def by_mark(terms: Sequence[str], start: int, prefixes: Sequence[str]) -> Marked:
    term = re.compile(rf"^((?:{'|'.join(map(re.escape, prefixes))})?)(.*)$", re.M)
    marks, words = zip(*term.findall("\n".join(terms)), strict=True)
    numbers, kinds = numbered(words), numbered(marks)
    of_word, of_mark = looked_up(numbers, words), looked_up(kinds, marks)
    tables = np.full((len(kinds), len(numbers) + 1), UNKNOWN, dtype=np.int32)  # the last is that of all unknown words
    tables[of_mark, of_word] = np.arange(start, start + len(terms))
    return Marked(numbers, dict(zip(kinds, tables, strict=True)))


def looked_up(numbers: Mapping[str, int], words: Iterable[str], default: int = UNKNOWN) -> np.ndarray:
    """The number of each word."""
    return np.fromiter(map(numbers.get, words, repeat(default)), np.int64)


def said(compact: Compact, read: PageContext, columns: Mapping[str, Column]) -> np.ndarray:
    """What a first pass says of a page's blocks: an array (blocks, 1 + BLOCK_COLUMNS, labels).

    The scores, and behind them the evidence by column (``model.evidence``). ``columns`` are the blocks'
    ``registry.block_terms``.
    """
    found: np.ndarray = np.zeros((1 + len(BLOCK_COLUMNS), len(read.blocks), len(LABELS)))
    evidence = found[1:]
    evidence[0] = words_say(compact, read.words)
    names = list(compact.marked)
    for some in [names] if len(read.blocks) < MANY else [[name] for name in names]:
        columns_say(compact, {name: columns[name] for name in some}, evidence)
    evidence *= compact.heavy
    found[0] = softmax(evidence.sum(axis=0) + compact.intercept, axis=1)
    evidence -= evidence.mean(axis=2, keepdims=True)
    return found.transpose(1, 0, 2)


def words_say(compact: Compact, texts: Sequence[str]) -> np.ndarray:
    """What the words of the texts weigh for each label: (texts, labels)."""
    rows, numbers = word_terms(compact, texts)
    counts = csr_matrix((np.ones(len(rows)), (rows, numbers)), (len(texts), len(compact.squares)))
    counts.data = 1 + np.log(counts.data)
    weights = counts @ compact.weights
    counts.data **= 2
    return np.asarray(weights / norms(counts @ compact.squares))


def columns_say(compact: Compact, columns: Mapping[str, Column], evidence: np.ndarray) -> None:
    """Adds to the evidence (BLOCK_COLUMNS, blocks, labels) what the terms of these columns weigh in each block.

    What a stretch holds is weighed once for all blocks that see it.
    """
    terms = terms_of(compact.marked, columns, len(compact.squares))
    weights, of_terms, start = terms @ compact.weights, terms @ compact.squares, 0
    for name, column in columns.items():
        of_column, squares = evidence[BLOCK_COLUMNS.index(name)], np.zeros(evidence.shape[1])
        for stretches in known_marks(compact.marked[name], column).values():
            rows = np.where(stretches.of == NONE, NONE, stretches.of + start)
            start += len(stretches.begin)
            of_column += weights[rows]
            squares += of_terms[rows]
        of_column /= norms(squares)


def norms(squares: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.where(squares, squares, 1))[:, None])


def known_marks(marked: Marked, column: Column) -> dict[str, Stretches]:
    """What is seen of a column under those marks of which there are terms."""
    return {mark: seen for mark, seen in column.seen.items() if mark in marked.terms}


def terms_of(marked: Mapping[str, Marked], columns: Mapping[str, Column], count: int) -> csr_matrix:
    """The terms of all stretches, each once: ones in a matrix (stretches, ``count``), and behind them a row of none.

    The stretches are in the order of columns and marks. No term is of two marks.
    """
    of_lists, of_stretches, first = [], [], 0
    for name, column in columns.items():
        lists, known_words = column.lists, marked[name].words
        words = looked_up(known_words, lists.names, len(known_words))[lists.numbers]
        places = ragged_arange(np.zeros(len(lists), dtype=int), np.diff(lists.ends))
        for mark, stretches in known_marks(marked[name], column).items():
            numbers = marked[name].terms[mark][words]
            known = (numbers != UNKNOWN) & (places < stretches.most)
            of_lists.append((numbers[known], np.diff(ends_of(known)[lists.ends])))
            of_stretches.append(np.stack([stretches.begin, stretches.end, stretches.but]) + first)
            first += len(lists)
    numbers, lengths = (np.concatenate(parts) for parts in zip(*of_lists, strict=True))
    in_lists = ones(numbers, lengths, count)
    begin, end, but = np.hstack(of_stretches)
    seen, of = ragged_arange(begin, end - begin), np.repeat(np.arange(len(begin)), end - begin)
    seen, of = (some[seen != but[of]] for some in (seen, of))
    terms = ones(seen, np.bincount(of, minlength=len(begin) + 1), first) @ in_lists
    terms.data[:] = 1  # how often does not count
    return terms


def ones(columns: np.ndarray, counts: np.ndarray, width: int) -> csr_matrix:
    """A matrix of ones that stand in these columns, of which each row has so many."""
    return csr_matrix((np.ones(len(columns)), columns, ends_of(counts)), (len(counts), width))


def word_terms(compact: Compact, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The blocks and numbers of the terms of one word and of two in the texts."""
    lists = lists_of(map(WORD.findall, texts))
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(lists.ends))
    unknown = len(compact.words)
    words = looked_up(compact.words, lists.names, unknown)[lists.numbers]
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
