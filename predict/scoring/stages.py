"""blocks -> probabilities: the three stages of a model, as used for training, evaluation, explanation and prediction.

Terms are numbered once, and their weights are looked up by number; the terms of a range of blocks are weighted once for
all blocks that have the range in their context. Results are within 1e-6 of those of the scikit-learn pipelines that the
parameters come from (tested on pages and random blocks).
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..document.blocks import Block, kind_of
from ..features.context import BlockRanges, Column
from ..features.later import features_of, page_names
from ..features.page_context import PageContext
from ..features.ragged import NONE, ends_of, lists_of, ragged_arange
from ..features.registry import BLOCK_COLUMNS, block_terms
from ..labels import LABELS
from .tables import UNKNOWN, FirstStage, LaterStage, Prefixed, Stages, look_up

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KINDS = ("html", "text")  # of pages; each has its own stages
STAGE_NAMES = ("first", "second", "third")  # each uses the probabilities of the one before
MAX_BLOCKS = 100_000  # blocks scored together, in about 1 GB
WORD = re.compile(r"[\w\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff]+|[^\w\s]")
AT_ONCE = 100  # rows per step: they fit the processor's cache, and BLAS starts no threads for so few
MANY = 2000  # blocks of a page from which columns are weighted one by one, in less memory and more calls


class Scores(NamedTuple):
    """Probabilities (n_blocks, n_labels) of each stage, and the rows (n_blocks, n_features) that the later stages take.

    The third stage takes ``second_rows`` and ``third_rows`` side by side.
    """

    first: np.ndarray
    second_rows: np.ndarray
    second: np.ndarray
    third_rows: np.ndarray
    third: np.ndarray


def score(stages: Mapping[str, Stages], blocks: Sequence[Block], title: str) -> np.ndarray:
    """Return the probabilities (n_blocks, n_labels) of all blocks of one page, in order.

    ``stages`` is by kind of page; without stages for HTML the blocks are scored without their markup.
    """
    if not blocks:
        return np.zeros((0, len(LABELS)))
    known = drop_unknown_markup(stages, blocks)
    of_kind = stages[kind_of(known)]
    return np.concatenate([score_stages(of_kind, PageContext(part, title)).third for part in split_blocks(known)])


def score_stages(stages: Stages, page: PageContext) -> Scores:
    first = score_first_stage(stages.first, page, block_terms(page))
    second_rows = features_of(page, first[:, 0], first[:, 1:])
    second = score_later_stage(stages.second, second_rows)
    third_rows = features_of(page, second)
    return Scores(
        first[:, 0], second_rows, second, third_rows, score_later_stage(stages.third, second_rows, third_rows)
    )


def split_blocks(blocks: Sequence[Block]) -> list[Sequence[Block]]:
    """Split the blocks into parts of at most MAX_BLOCKS, which bounds the memory that scoring takes."""
    return [blocks[start : start + MAX_BLOCKS] for start in range(0, len(blocks), MAX_BLOCKS)]


def name_of(kind: str, name: str) -> str:
    """Return the name in the joblib file of the pipeline for a kind of page and a stage: "html first"."""
    return f"{kind} {name}"


def drop_unknown_markup(stages: Mapping[str, Stages], blocks: Sequence[Block]) -> Sequence[Block]:
    """Return the blocks without their markup if there are no stages for HTML, else as they are."""
    return blocks if kind_of(blocks) in stages else without_markup(blocks)


def without_markup(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks without their markup, for a model that was trained on text pages only."""
    return [Block(block.index, block.text) for block in blocks]


def feature_names(name: str) -> list[str]:
    """Return the feature names of a later stage, "html second" or "html third", in order."""
    kind, one = name.split()
    first = page_names(kind, contributions=True)
    if one == STAGE_NAMES[1]:
        return first
    return [f"first stage: {column}" for column in first] + [
        f"second stage: {column}" for column in page_names(kind, contributions=False)
    ]


def score_later_stage(stage: LaterStage, *parts: np.ndarray) -> np.ndarray:
    """Return the probabilities (n_rows, n_labels) of rows whose features are those of ``parts`` side by side."""
    decision = np.empty((len(parts[0]), len(LABELS)))
    for start in range(0, len(decision), AT_ONCE):
        rows = np.hstack([part[start : start + AT_ONCE] for part in parts])
        decision[start : start + AT_ONCE] = np.clip(rows, stage.low, stage.high) @ stage.weights
    return softmax(decision + stage.intercept)


def softmax(decision: np.ndarray) -> np.ndarray:
    """Return the probabilities of decision values; both are (n_rows, n_labels)."""
    powers = np.exp(decision - decision.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def score_first_stage(stage: FirstStage, page: PageContext, columns: Mapping[str, Column]) -> np.ndarray:
    """Return an array (n_blocks, 1 + n_columns, n_labels): probabilities, and logit contributions of BLOCK_COLUMNS.

    A contribution is the column's part of the decision value, less its mean over the labels. ``columns`` are the
    blocks' ``registry.block_terms``.
    """
    found: np.ndarray = np.zeros((1 + len(BLOCK_COLUMNS), len(page.blocks), len(LABELS)))
    logits = found[1:]
    logits[0] = weigh_words(stage, page.words)
    names = list(stage.columns)  # a model of a few pages may have none
    for some in [names] * bool(names) if len(page.blocks) < MANY else [[name] for name in names]:
        weigh_columns(stage, {name: columns[name] for name in some}, logits)
    logits *= stage.parameters.column_weights[:, None, None]
    found[0] = softmax(logits.sum(axis=0) + stage.parameters.intercept)
    logits -= logits.mean(axis=2, keepdims=True)
    return found.transpose(1, 0, 2)


def weigh_words(stage: FirstStage, texts: Sequence[str]) -> np.ndarray:
    """Return the contribution of the texts' words to each label: (n_texts, n_labels)."""
    rows, numbers = word_terms(stage, texts)
    from scipy.sparse import csr_matrix  # here and below: the compiled core does without

    counts = csr_matrix((np.ones(len(rows)), (rows, numbers)), (len(texts), len(stage.squares)))
    counts.data = 1 + np.log(counts.data)
    weights = counts @ stage.weights
    counts.data **= 2
    return np.asarray(weights / row_norms(counts @ stage.squares))


def weigh_columns(stage: FirstStage, columns: Mapping[str, Column], logits: np.ndarray) -> None:
    """Add the contributions of these columns' terms to the logits (n_columns, n_blocks, n_labels).

    The terms of a range are weighted once for all blocks that use it.
    """
    terms = terms_of(stage.columns, columns, len(stage.squares))
    weights, of_terms, start = terms @ stage.weights, terms @ stage.squares, 0
    for name, column in columns.items():
        of_column, squares = logits[BLOCK_COLUMNS.index(name)], np.zeros(logits.shape[1])
        for ranges in known_prefixes(stage.columns[name], column).values():
            rows = np.where(ranges.of == NONE, NONE, ranges.of + start)
            start += len(ranges.begin)
            of_column += weights[rows]
            squares += of_terms[rows]
        of_column /= row_norms(squares)


def row_norms(squares: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.where(squares, squares, 1))[:, None])


def known_prefixes(terms: Prefixed, column: Column) -> dict[str, BlockRanges]:
    """Return the ranges of a column by prefix, for those prefixes that occur in the model's terms."""
    return {prefix: ranges for prefix, ranges in column.ranges.items() if prefix in terms.terms}


def terms_of(terms: Mapping[str, Prefixed], columns: Mapping[str, Column], count: int) -> "csr_matrix":
    """Return a matrix (n_ranges + 1, ``count``) with ones at the terms that each range contains; the last row is empty.

    The ranges are in the order of columns and prefixes. No term has two prefixes.
    """
    of_lists, of_ranges, first = [], [], 0
    for name, column in columns.items():
        lists, known_words = column.lists, terms[name].words
        words = look_up(known_words, lists.names, len(known_words))[lists.numbers]
        places = ragged_arange(np.zeros(len(lists), dtype=int), np.diff(lists.ends))
        for prefix, ranges in known_prefixes(terms[name], column).items():
            numbers = terms[name].terms[prefix][words]
            known = (numbers != UNKNOWN) & (places < ranges.max_words)
            of_lists.append((numbers[known], np.diff(ends_of(known)[lists.ends])))
            of_ranges.append(np.stack([ranges.begin, ranges.end, ranges.excluded]) + first)
            first += len(lists)
    numbers, lengths = (np.concatenate(parts) for parts in zip(*of_lists, strict=True))
    in_lists = matrix_of_ones(numbers, lengths, count)
    begin, end, but = np.hstack(of_ranges)
    seen, of = ragged_arange(begin, end - begin), np.repeat(np.arange(len(begin)), end - begin)
    seen, of = (some[seen != but[of]] for some in (seen, of))
    found = matrix_of_ones(seen, np.bincount(of, minlength=len(begin) + 1), first) @ in_lists
    found.data[:] = 1  # a term counts once, however often it occurs
    return found


def matrix_of_ones(columns: np.ndarray, counts: np.ndarray, width: int) -> "csr_matrix":
    """Return a matrix of ones in these columns; row i takes the next ``counts[i]`` of them."""
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(columns)), columns, ends_of(counts)), (len(counts), width))


def word_terms(stage: FirstStage, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return block indices and term numbers of all known words and word pairs in the texts, as two
    arrays (n_terms,).
    """
    lists = lists_of(map(WORD.findall, texts))
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(lists.ends))
    unknown = len(stage.words)
    words = look_up(stage.words, lists.names, unknown)[lists.numbers]
    keys = words[:-1] * (unknown + 1) + words[1:]
    keys[rows[:-1] != rows[1:]] = UNKNOWN
    places = np.searchsorted(stage.pairs, keys)
    places[places == len(stage.pairs)] = 0
    found = stage.pairs[places] == keys if len(stage.pairs) else np.zeros(len(keys), dtype=bool)
    numbers = stage.alone[words]
    known = numbers != UNKNOWN
    return (
        np.concatenate([rows[known], rows[:-1][found]]),
        np.concatenate([numbers[known], stage.of_pairs[places[found]]]),
    )
