"""blocks -> the words around each: of its neighbours in reading order, and of the containers that it stands in.

All is told as stretches of blocks: of each block in it some first words are seen, under a mark of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..document.blocks import Block
from .ragged import NONE, Key, Lists, lists_of, numbered, numbers_of

OFFSETS = {-2: "-2:", -1: "-1:", 1: "+1:", 2: "+2:"}  # of a block's neighbours, and how their tokens are marked
ALL = 2**31 - 1  # words of a list
READ = 200  # characters of a neighbour that are read
REACH = ((1, 12), (2, 8), (8, 4))  # up to a distance: how many words are taken of a neighbour
OPENING = 12  # the most words that are taken of one
LEVELS = 3  # containers around a block
NEIGHBOUR_PREFIXES = tuple(OFFSETS.values())
NEAR_PREFIXES = tuple(f"{side}{farthest}:" for farthest, _ in REACH for side in "-+")
CONTAINER_PREFIXES = tuple(f"{level}{part}" for level in range(1, LEVELS + 1) for part in ":^")
CONTAINER_BLOCKS, CONTAINER_WORDS = 12, 5  # of a container: blocks that are read, and words of each
HEAD_WORDS = 8  # of a container's first block
LARGE = 60  # blocks of a container around which none is read


@dataclass(frozen=True)
class Stretches:
    """What blocks see under one mark: block i sees stretch ``of[i]``, nothing where that is NONE.

    A stretch are the lists of words from ``begin`` to ``end``, but the list ``but`` where that is among them; of each
    list the first ``most`` words are seen.
    """

    of: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    but: np.ndarray
    most: int


@dataclass(frozen=True)
class Column:
    """The terms of one column: lists of words, and by mark what is seen of them."""

    lists: Lists
    seen: Mapping[str, Stretches]


def stretches(of: np.ndarray, begin: np.ndarray, end: np.ndarray, most: int) -> Stretches:
    return Stretches(of, begin, end, np.full(len(begin), NONE), most)


def own(of: np.ndarray, lists: np.ndarray) -> dict[str, Stretches]:
    """Each block sees the words of its list, ``lists[of[block]]``, without a mark."""
    return {"": stretches(of, lists, lists + 1, ALL)}


@dataclass(frozen=True)
class Elements:
    """The elements around a page's blocks, by number, the outer ones first; 0 stands for none.

    ``of`` has the innermost element around each block, and ``around`` that around each element. By element: how many
    blocks are in it (``sizes``), which is the ``first`` and ``last``, and a number that those share whose paths are the
    same without positions (``places``).
    """

    of: list[int]
    around: list[int]
    sizes: list[int]
    first: list[int]
    last: list[int]
    places: list[int]

    def large(self, start: np.ndarray, sizes: np.ndarray, least: np.ndarray | int) -> np.ndarray:
        """From each element of ``start`` outwards the first one of at least this size, itself or another."""
        around, found = np.array(self.around), start
        while (small := (sizes[found] < least) & (found > 0)).any():
            found = np.where(small, around[found], found)
        return found


def shared(keys: Sequence[Key], words_of: Callable[[Key], Sequence[str]]) -> Column:
    """Each block sees the words of its key, which are made once for all blocks that have it."""
    numbers = numbered(keys)
    return Column(lists_of([words_of(key) for key in numbers]), own(numbers_of(keys, numbers), np.arange(len(numbers))))


def neighbour_lists(of: np.ndarray, lists: np.ndarray, most: int) -> dict[str, Stretches]:
    """Each block sees the first words of its neighbours' lists; beyond the page's ends, those of the last list."""
    seen = {}
    beyond = np.full(max(OFFSETS), len(lists) - 1)
    padded = np.concatenate([beyond, of, beyond])
    for offset, mark in OFFSETS.items():
        start = len(beyond) + offset
        seen[mark] = stretches(padded[start : start + len(of)], lists, lists + 1, most)
    return seen


def neighbour_terms(openings: Lists) -> Column:
    """The first words of each block's neighbours, marked with their side and how far they are off."""
    seen = {}
    count = len(openings)
    places = np.arange(count)
    nearest = 1
    for farthest, most in REACH:
        begin, end = np.clip([places - farthest, places - nearest + 1], 0, count)
        seen[f"-{farthest}:"] = stretches(places, begin, end, most)
        begin, end = np.clip([places + nearest, places + farthest + 1], 0, count)
        seen[f"+{farthest}:"] = stretches(places, begin, end, most)
        nearest = farthest + 1
    return Column(openings, seen)


def container_terms(elements: Elements, openings: Lists) -> Column:
    """For each block of an HTML page the first words of the others in its containers, and of each container's head.

    Containers are taken from the innermost on, each at least twice as large as the one before. Nothing for text pages.
    """
    first, spans = np.array(elements.first), np.array(elements.last) - elements.first + 1
    inside, size = np.array(elements.of), np.ones(len(elements.of), dtype=int)
    places = np.arange(len(inside))
    others, heads = {}, {}
    for level in range(1, LEVELS + 1):
        inside = elements.large(inside, spans, 2 * size)
        size = spans[inside]
        containers, of = np.unique(inside, return_inverse=True)
        begin = first[containers]
        end = begin + np.minimum(CONTAINER_BLOCKS, spans[containers])
        # Blocks that are read themselves see a stretch of their own, the others one for each container.
        read = np.flatnonzero((inside > 0) & (places < end[of]))
        stretch = np.where(inside > 0, of, NONE)
        stretch[read] = len(containers) + np.arange(len(read))
        but = np.concatenate([np.full(len(containers), NONE), read])
        both = np.append(np.arange(len(containers)), of[read])
        others[f"{level}:"] = Stretches(stretch, begin[both], end[both], but, CONTAINER_WORDS)
        of_head = np.where((inside > 0) & (begin[of] != places), of, NONE)
        heads[f"{level}^"] = stretches(of_head, begin, begin + 1, HEAD_WORDS)
        inside = np.where(size > LARGE, 0, inside)
    return Column(openings, others | heads)


def number_elements(blocks: Sequence[Block]) -> Elements:
    """The elements around the blocks, by their paths."""
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
