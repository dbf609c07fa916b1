"""probabilities of a stage -> features of the next one: a block's own scores, its neighbours', and its groups'."""

from collections.abc import Sequence

import numpy as np

from ..document.blocks import Block
from ..labels import LABELS
from .groups import group_features
from .main_text import main_elements, main_runs
from .page_context import SHORT_LINE, PageContext
from .registry import BLOCK_COLUMNS

AT_ONCE = 500  # rows per step, which fit the processor's cache
CONFIDENT = 0.8  # probability from which a block counts as the last or next confident one
NEGLIGIBLE = 1e-20  # weight in a running mean below which blocks are left out


def page_features(blocks: Sequence[Block], scores: np.ndarray, contributions: np.ndarray | None = None) -> np.ndarray:
    """Return the features of a later stage: (n_blocks, n_columns) of float32, from scores (n_blocks, n_labels).

    The columns are a block's own scores, its neighbours', those of the page before and behind it, of the whole page,
    and of the groups that it belongs to. With the ``contributions`` (n_blocks, n_term_columns, n_labels) of the first
    stage they are columns, too. HTML pages have more columns than text pages, since they have containers and headings.
    """
    return features_of(PageContext(blocks), scores, contributions)


def features_of(page: PageContext, scores: np.ndarray, contributions: np.ndarray | None = None) -> np.ndarray:
    """Return what ``page_features`` returns, for blocks whose page context exists already."""
    count = len(scores)
    columns = [column.reshape(count, -1) for column in page_columns(page, scores, contributions).values()]
    rows = np.empty((count, sum(column.shape[1] for column in columns)), dtype=np.float32)
    for start in range(0, count, AT_ONCE):
        some = slice(start, start + AT_ONCE)
        np.concatenate([column[some] for column in columns], axis=1, out=rows[some], casting="same_kind")
    return rows


def page_names(kind: str, *, contributions: bool) -> list[str]:
    """Return the names of the columns of ``page_features`` for a kind of page (html, text), in their order."""
    block, even = Block(0, "-", path="/html" if kind == "html" else ""), np.full((1, len(LABELS)), 1 / len(LABELS))
    none = np.zeros((1, len(BLOCK_COLUMNS), len(LABELS)))
    columns = page_columns(PageContext([block]), even, none if contributions else None).items()
    return [name for group, values in columns for name in ([group] if values.ndim == 1 else label_columns(group))]


def label_columns(name: str) -> list[str]:
    return [f"{name}: {label}" for label in LABELS]


def page_columns(page: PageContext, scores: np.ndarray, contributions: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the columns of ``page_features`` by name: arrays (n_blocks, n_labels) or (n_blocks,)."""
    words = page.text_shape.words.astype(float)
    mass = np.minimum(words, 100)[:, None] * scores
    columns = {"log score": np.log(np.clip(scores, 1e-3, 1)), "score": scores, "words": np.log1p(words)}
    columns |= neighbour_scores(scores, words) | position_features(scores, mass, words)
    columns |= group_features(page.groups, scores, mass)
    columns |= main_runs(scores[:, 0], words)
    if page.of_html:
        columns |= main_elements(scores[:, 0], words, page.elements)
    carried = {"score": scores}
    if contributions is not None:
        own = {f"contribution of {name}": contributions[:, place] for place, name in enumerate(BLOCK_COLUMNS)}
        columns, carried = columns | own, carried | own
    if page.of_html:
        columns |= {f"{name}, heading above": last_chosen(values, page.heads) for name, values in carried.items()}
    return columns


def neighbour_scores(scores: np.ndarray, words: np.ndarray) -> dict[str, np.ndarray]:
    """Return the scores of the blocks near each block: by offset, as running means, and of the nearest confident or
    short block.
    """
    sure, short = scores.max(axis=1) > CONFIDENT, words <= SHORT_LINE
    columns = {f"score of block {offset:+d}": shift_rows(scores, offset) for offset in (-3, -2, -1, 1, 2, 3)}
    for decay in (0.6, 0.9):
        columns[f"mean before, {decay}"] = running_mean(scores, words, decay)
        columns[f"mean behind, {decay}"] = running_mean(scores[::-1], words[::-1], decay)[::-1]
    return columns | {
        "last sure block": last_chosen(scores, sure),
        "next sure block": last_chosen(scores[::-1], sure[::-1])[::-1],
        "last short block": last_chosen(scores, short),
    }


def position_features(scores: np.ndarray, mass: np.ndarray, words: np.ndarray) -> dict[str, np.ndarray]:
    """Return the share of each label before and behind each block, the distance to the article's
    ends, and page totals.
    """
    count = len(scores)
    places = np.arange(count)
    total = mass.sum(axis=0) + 1e-9
    before = np.cumsum(mass, axis=0) - mass
    sure = np.flatnonzero((scores[:, 0] > 0.5) & (words >= 8))
    first, last = (sure[0], sure[-1]) if len(sure) else (0, count - 1)
    edges = {"behind the first article block": places - first, "before the last article block": last - places}
    return {
        "share before": before / total,
        "words before": np.log1p(before),
        "words behind": np.log1p(total - before - mass),
        **{name: np.sign(edge) * np.log1p(np.abs(edge)) for name, edge in edges.items()},
        "between article blocks": (places >= first) & (places <= last),
        "blocks before": np.log1p(places),
        "blocks behind": np.log1p(count - places),
        "page, by words": np.broadcast_to(total / total.sum(), scores.shape),
        "page, by blocks": np.broadcast_to(scores.mean(axis=0), scores.shape),
        "page blocks": np.full(count, np.log1p(count)),
        "page words": np.full(count, np.log1p(words.sum())),
    }


def shift_rows(scores: np.ndarray, offset: int) -> np.ndarray:
    moved = np.zeros_like(scores)
    if offset < 0:
        moved[-offset:] = scores[:offset]
    else:
        moved[:-offset] = scores[offset:]
    return moved


def last_chosen(scores: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return for each block the scores of the last chosen block before it; zeros if there is none."""
    places = np.where(chosen, np.arange(1, len(scores) + 1), 0)
    before = np.concatenate([[0], np.maximum.accumulate(places)[:-1]])
    return np.take(np.vstack([np.zeros(scores.shape[1]), scores]), before, axis=0)


def running_mean(scores: np.ndarray, words: np.ndarray, decay: float) -> np.ndarray:
    """Return the mean score of the blocks before each block; near blocks and long blocks have more weight."""
    gain = np.sqrt(words + 1)[:, None]
    sums = np.hstack([scores * gain, gain])  # over one block, then two, four, and so on
    reach = 1
    while reach < len(sums) and decay > NEGLIGIBLE:
        sums[reach:] += decay * sums[:-reach]
        reach, decay = 2 * reach, decay * decay
    return np.vstack([np.zeros(scores.shape[1]), sums[:-1, :-1] / sums[:-1, -1:]])
