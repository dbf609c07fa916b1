"""blocks -> groups of blocks that belong together, and the scores of each group as a whole."""

import re
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from ..document.blocks import Block, kind_of
from ..labels import LABELS
from .context import Elements
from .ragged import Tokens, ends_of, number_equal_rows, number_keys, numbers_of
from .words import SEPARATOR, first_words

CONTAINERS = (2, 4, 8, 16, 32, 64)  # minimum number of blocks in a container
DIGITS = re.compile(r"\d+")


def groups_of(
    blocks: Sequence[Block], lower: Sequence[str], lengths: Sequence[int], seen: Sequence[Tokens], elements: Elements
) -> dict[str, np.ndarray]:
    """Return by name the group number of each block (n_blocks,).

    Groups are blocks with the same text, beginning or text shape; on HTML pages also those in the same container of at
    least CONTAINERS blocks, with the same path without positions, or with the same names of elements around them.
    """
    same = DIGITS.sub("0", SEPARATOR.join(lower)).split(SEPARATOR)
    begin = [f"{first_words(text, 2)} {min(3, size // 40)}" for text, size in zip(same, lengths, strict=True)]
    found = {
        "same text": number_by_key(same),
        "same begin": number_by_key(begin),
        "same shape": number_equal_rows(seen),
    }
    if kind_of(blocks) == "html":
        for least, holding in zip(CONTAINERS, find_containers(elements), strict=True):
            found[f"container of {least} blocks"] = holding
        found["same place"] = number_by_key(
            [
                (elements.places[element], block.path.rpartition("/")[2].partition("[")[0])
                for element, block in zip(elements.of, blocks, strict=True)
            ]
        )
        found["same names"] = number_by_key([block.ancestors[-3:] for block in blocks])
    return found


def find_containers(elements: Elements) -> list[np.ndarray]:
    """Return for each of CONTAINERS the innermost element of each block with at least that many blocks; 0 if none."""
    sizes, holding = np.array(elements.sizes), [np.array(elements.of)]
    for least in CONTAINERS:
        holding.append(elements.enclosing(holding[-1], sizes, least))
    return holding[1:]


def number_by_key(keys: Sequence[Hashable]) -> np.ndarray:
    """Return the number of each key (n_keys,); equal keys have the same number."""
    return numbers_of(keys, number_keys(keys))


def group_features(groups: Mapping[str, np.ndarray], scores: np.ndarray, mass: np.ndarray) -> dict[str, np.ndarray]:
    """Return columns by name for each block's groups: mean score, mean score weighted by words, share of the page's
    article words, and the logarithm of the group's size.
    """
    count, most = len(scores), ends_of(np.array([group.max() + 1 for group in groups.values()]))
    numbers = np.column_stack(list(groups.values())) + most[:-1]
    ends = numbers.shape[1] * np.arange(count + 1)
    from scipy.sparse import csr_matrix  # here: the compiled core does without

    belongs = csr_matrix((np.ones(numbers.size), numbers.ravel(), ends), (count, most[-1]))
    sums, masses = np.hsplit(belongs.T @ np.hstack([scores, mass]), 2)
    sizes = np.maximum(1, np.bincount(numbers.ravel()))  # some numbers have no block
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
