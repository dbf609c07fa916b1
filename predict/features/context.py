"""blocks -> the words in the context of each block: of its neighbours in reading order, and of its containers.

Context is stored as ranges of blocks: the first words of each block in a range become terms with the range's prefix.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..document.blocks import Block
from .ragged import NONE, Key, Lists, lists_of, number_keys, numbers_of

OFFSETS = {-2: "-2:", -1: "-1:", 1: "+1:", 2: "+2:"}  # of a block's neighbours, and the prefixes of their tokens
ALL = 2**31 - 1  # words of a list: no limit
READ = 200  # characters of a neighbour that are searched for words
REACH = ((1, 12), (2, 8), (8, 4))  # (distance in blocks, words used of each neighbour up to it)
OPENING = 12  # maximum of words used of one neighbour
LEVELS = 3  # containers used for each block
NEIGHBOUR_PREFIXES = tuple(OFFSETS.values())
NEAR_PREFIXES = tuple(f"{side}{farthest}:" for farthest, _ in REACH for side in "-+")
CONTAINER_PREFIXES = tuple(f"{level}{part}" for level in range(1, LEVELS + 1) for part in ":^")
CONTAINER_BLOCKS, CONTAINER_WORDS = 12, 5  # blocks used of a container, and words of each
HEAD_WORDS = 8  # words used of a container's first block
LARGE = 60  # blocks: no container is used outside of one larger than this


@dataclass(frozen=True)
class BlockRanges:
    """Ranges of word lists that share a prefix: block i has the terms of range ``of[i]``, or none where that is NONE.

    Range r covers the lists from ``begin[r]`` up to, not including, ``end[r]``, without list ``excluded[r]`` if that is
    one of them. The first ``max_words`` words of each list become terms. ``of`` is (n_blocks,), the other arrays
    (n_ranges,).
    """

    of: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    excluded: np.ndarray
    max_words: int


@dataclass(frozen=True)
class Column:
    """The terms of one column: lists of words, and by prefix the ranges of lists that each block uses."""

    lists: Lists
    ranges: Mapping[str, BlockRanges]


def make_ranges(of: np.ndarray, begin: np.ndarray, end: np.ndarray, max_words: int) -> BlockRanges:
    return BlockRanges(of, begin, end, np.full(len(begin), NONE), max_words)


def own_terms(of: np.ndarray, lists: np.ndarray) -> dict[str, BlockRanges]:
    """Return the ranges, without a prefix, in which each block has the words of list ``lists[of[block]]``."""
    return {"": make_ranges(of, lists, lists + 1, ALL)}


@dataclass(frozen=True)
class Elements:
    """The elements that contain a page's blocks, numbered from the outermost inwards; 0 stands for none.

    ``of`` has the innermost element of each block, ``parents`` the parent of each element. By element: ``sizes`` is the
    number of blocks in it, ``first`` and ``last`` are the indices of its first and last block, and ``places`` is a
    number shared by elements whose paths are equal when positions are left out.
    """

    of: list[int]
    parents: list[int]
    sizes: list[int]
    first: list[int]
    last: list[int]
    places: list[int]

    def enclosing(self, start: np.ndarray, sizes: np.ndarray, least: np.ndarray | int) -> np.ndarray:
        """Return for each element of ``start`` the nearest one, itself or an ancestor, with a size of at least
        ``least``.
        """
        around, found = np.array(self.parents), start
        while (small := (sizes[found] < least) & (found > 0)).any():
            found = np.where(small, around[found], found)
        return found


def shared_terms(keys: Sequence[Key], words_of: Callable[[Key], Sequence[str]]) -> Column:
    """Return a column in which each block has the words of its key; the words are made once for each distinct key."""
    numbers = number_keys(keys)
    return Column(
        lists_of([words_of(key) for key in numbers]), own_terms(numbers_of(keys, numbers), np.arange(len(numbers)))
    )


def neighbour_lists(of: np.ndarray, lists: np.ndarray, max_words: int) -> dict[str, BlockRanges]:
    """Return the ranges of the first ``max_words`` words of each block's neighbours; beyond the page's ends the last
    list is used.
    """
    ranges = {}
    beyond = np.full(max(OFFSETS), len(lists) - 1)
    padded = np.concatenate([beyond, of, beyond])
    for offset, prefix in OFFSETS.items():
        start = len(beyond) + offset
        ranges[prefix] = make_ranges(padded[start : start + len(of)], lists, lists + 1, max_words)
    return ranges


def neighbour_terms(openings: Lists) -> Column:
    """Return the first words of each block's neighbours, with a prefix for their side and distance."""
    ranges = {}
    count = len(openings)
    places = np.arange(count)
    nearest = 1
    for farthest, most in REACH:
        begin, end = np.clip([places - farthest, places - nearest + 1], 0, count)
        ranges[f"-{farthest}:"] = make_ranges(places, begin, end, most)
        begin, end = np.clip([places + nearest, places + farthest + 1], 0, count)
        ranges[f"+{farthest}:"] = make_ranges(places, begin, end, most)
        nearest = farthest + 1
    return Column(openings, ranges)


def container_terms(elements: Elements, openings: Lists) -> Column:
    """Return for each block of an HTML page the first words of the other blocks in its containers, and of each
    container's first block.

    Containers are used from the innermost outwards, each at least twice as large as the one before. Text pages have
    none.
    """
    first, spans = np.array(elements.first), np.array(elements.last) - elements.first + 1
    inside, size = np.array(elements.of), np.ones(len(elements.of), dtype=int)
    places = np.arange(len(inside))
    others, heads = {}, {}
    for level in range(1, LEVELS + 1):
        inside = elements.enclosing(inside, spans, 2 * size)
        size = spans[inside]
        containers, of = np.unique(inside, return_inverse=True)
        begin = first[containers]
        end = begin + np.minimum(CONTAINER_BLOCKS, spans[containers])
        # A block among those used has a range of its own, which excludes it; the others share one range per container.
        read = np.flatnonzero((inside > 0) & (places < end[of]))
        of_ranges = np.where(inside > 0, of, NONE)
        of_ranges[read] = len(containers) + np.arange(len(read))
        excluded = np.concatenate([np.full(len(containers), NONE), read])
        both = np.append(np.arange(len(containers)), of[read])
        others[f"{level}:"] = BlockRanges(of_ranges, begin[both], end[both], excluded, CONTAINER_WORDS)
        of_head = np.where((inside > 0) & (begin[of] != places), of, NONE)
        heads[f"{level}^"] = make_ranges(of_head, begin, begin + 1, HEAD_WORDS)
        inside = np.where(size > LARGE, 0, inside)
    return Column(openings, others | heads)


def number_elements(blocks: Sequence[Block]) -> Elements:
    """Return the elements around the blocks, by their paths."""
    numbers, around, of, places = {"": 0}, [0], [], [0]
    place_of: dict[tuple[int, str], int] = {}
    for block in blocks:
        path = parent = block.path.rpartition("/")[0]
        waiting = []
        while path not in numbers:
            outer, _, step = path.rpartition("/")
            waiting.append((path, step.partition("[")[0]))
            path = outer
        outside = numbers[path]
        for path, tag in reversed(waiting):
            around.append(outside)
            places.append(place_of.setdefault((places[outside], tag), len(place_of) + 1))
            outside = numbers[path] = len(numbers)
        of.append(numbers[parent])
    count, sizes = len(blocks), [0] * len(numbers)
    first, last = [count] * len(numbers), [0] * len(numbers)
    for i, element in enumerate(of):
        if not sizes[element]:
            first[element] = i
        sizes[element] += 1
        last[element] = i
    for element in range(len(numbers) - 1, 0, -1):  # those inside of it are done
        outside = around[element]
        sizes[outside] += sizes[element]
        if first[element] < first[outside]:
            first[outside] = first[element]
        if last[element] > last[outside]:
            last[outside] = last[element]
    return Elements(of, around, sizes, first, last, places)
