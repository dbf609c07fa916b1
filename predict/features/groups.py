"""blocks -> which of them belong together, and what the scores of each group are as a whole."""

import re
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from ..document.blocks import Block, kind_of
from ..labels import LABELS
from .context import Elements
from .ragged import Tokens, alike, ends_of, numbered, numbers_of
from .words import SEPARATOR, first_words

CONTAINERS = (2, 4, 8, 16, 32, 64)  # blocks that a container around a block has at least
DIGITS = re.compile(r"\d+")


def groups_of(
    blocks: Sequence[Block], lower: Sequence[str], lengths: Sequence[int], seen: Sequence[Tokens], elements: Elements
) -> dict[str, np.ndarray]:
    """Numbers that blocks share that belong together: the same text, begin or shape; for HTML also the containers of
    growing size around each, its place without positions, and the names around it.
    """
    same = DIGITS.sub("0", SEPARATOR.join(lower)).split(SEPARATOR)
    begin = [f"{first_words(text, 2)} {min(3, size // 40)}" for text, size in zip(same, lengths, strict=True)]
    found = {"same text": by_key(same), "same begin": by_key(begin), "same shape": alike(seen)}
    if kind_of(blocks) == "html":
        for least, holding in zip(CONTAINERS, containers(elements), strict=True):
            found[f"container of {least} blocks"] = holding
        found["same place"] = by_key(
            [
                (elements.places[element], block.path.rpartition("/")[2].partition("[")[0])
                for element, block in zip(elements.of, blocks, strict=True)
            ]
        )
        found["same names"] = by_key([block.ancestors[-3:] for block in blocks])
    return found


def containers(elements: Elements) -> list[np.ndarray]:
    """For each of CONTAINERS the innermost element with at least so many blocks around each block; 0 if none."""
    sizes, holding = np.array(elements.sizes), [np.array(elements.of)]
    for least in CONTAINERS:
        holding.append(elements.large(holding[-1], sizes, least))
    return holding[1:]


def by_key(keys: Sequence[Hashable]) -> np.ndarray:
    """The number of each key."""
    return numbers_of(keys, numbered(keys))


def grouped(groups: Mapping[str, np.ndarray], scores: np.ndarray, mass: np.ndarray) -> dict[str, np.ndarray]:
    """For each block, of all blocks of its group: mean score, mean by words, share of the page's content, how many."""
    count, most = len(scores), ends_of(np.array([group.max() + 1 for group in groups.values()]))
    numbers = np.column_stack(list(groups.values())) + most[:-1]
    ends = numbers.shape[1] * np.arange(count + 1)
    belongs = csr_matrix((np.ones(numbers.size), numbers.ravel(), ends), (count, most[-1]))
    sums, masses = np.hsplit(belongs.T @ np.hstack([scores, mass]), 2)
    sizes = np.maximum(1, np.bincount(numbers.ravel()))  # not all numbers are there
    found = np.column_stack(
        [
            sums / sizes[:, None],
            masses / (masses.sum(axis=1, keepdims=True) + 1e-9),
            masses[:, 0] / (mass[:, 0].sum() + 1e-9),
            np.log(sizes),
        ]
    )
    columns: dict[str, np.ndarray] = {}
    for name, group in zip(groups, numbers.T, strict=True):
        by_blocks, by_words, share, size = np.split(found[group], (len(LABELS), 2 * len(LABELS), -1), axis=1)
        columns |= {f"{name}, by blocks": by_blocks, f"{name}, by words": by_words}
        columns |= {f"{name}, share of article": share[:, 0], f"{name}, size": size[:, 0]}
    return columns
