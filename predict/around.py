"""blocks -> the words around each: of its neighbours in reading order, and of the containers that it stands in.

All is told as stretches of blocks: of each block in it some first words are seen, under a mark of its own.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .blocks import Block

OFFSETS = {-2: "-2:", -1: "-1:", 1: "+1:", 2: "+2:"}  # of a block's neighbours, and how their tokens are marked
ALL = 2**31 - 1  # words of a list
Key = TypeVar("Key", bound=Hashable)
READ = 200  # characters of a neighbour that are read
REACH = ((1, 12), (2, 8), (8, 4))  # up to a distance: how many words are taken of a neighbour
OPENING = 12  # the most words that are taken of one
LEVELS = 3  # containers around a block
CONTAINER_BLOCKS, CONTAINER_WORDS = 12, 5  # of a container: blocks that are read, and words of each
HEAD_WORDS = 8  # of a container's first block
LARGE = 60  # blocks of a container around which none is read


@dataclass(frozen=True)
class Stretches:
    """What blocks see under one mark: rows (block, begin, end) say that it sees the lists of words from begin to end.

    Of each list it sees the first ``most`` words.
    """

    rows: np.ndarray
    most: int


@dataclass(frozen=True)
class Column:
    """The terms of one column: lists of ``words``, and by mark what is seen of them."""

    words: Sequence[Sequence[str]]
    seen: Mapping[str, Stretches]


def own(count: int) -> dict[str, Stretches]:
    """Each block sees its own words, without a mark."""
    places = np.arange(count)
    return {"": Stretches(np.column_stack([places, places, places + 1]), ALL)}


@dataclass(frozen=True)
class Elements:
    """The elements around a page's blocks, by number, the outer ones first; 0 stands for none.

    ``of`` has the innermost element around each block, and ``around`` that around each element. By element: how many
    blocks are in it (``sizes``), which is the ``first`` and ``last``, and its path without positions (``places``).
    """

    of: list[int]
    around: list[int]
    sizes: list[int]
    first: list[int]
    last: list[int]
    places: list[str]

    def large(self, start: np.ndarray, sizes: np.ndarray, least: np.ndarray | int) -> np.ndarray:
        """From each element of ``start`` outwards the first one of at least this size, itself or another."""
        around, found = np.array(self.around), start
        while (small := (sizes[found] < least) & (found > 0)).any():
            found = np.where(small, around[found], found)
        return found


def shared(keys: Sequence[Key], words_of: Callable[[Key], Sequence[str]]) -> Column:
    """Each block sees the words of its key, which are made once for all blocks that have it."""
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    places = np.array([numbers[key] for key in keys], dtype=int)
    rows = np.column_stack([np.arange(len(keys)), places, places + 1])
    return Column([words_of(key) for key in numbers], {"": Stretches(rows, ALL)})


def beside(count: int, most: int) -> dict[str, Stretches]:
    """Each block sees the first words of its neighbours; beyond the page's ends it sees the list behind the last."""
    found = {}
    places = np.arange(count)
    for offset, mark in OFFSETS.items():
        begin = places + offset
        begin[(begin < 0) | (begin >= count)] = count
        found[mark] = Stretches(np.column_stack([places, begin, begin + 1]), most)
    return found


def near(openings: Sequence[Sequence[str]]) -> Column:
    """The first words of each block's neighbours, marked with their side and how far they are off."""
    seen = {}
    count = len(openings)
    places = np.arange(count)
    nearest = 1
    for farthest, most in REACH:
        before = np.clip([places - farthest, places - nearest + 1], 0, count)
        behind = np.clip([places + nearest, places + farthest + 1], 0, count)
        seen[f"-{farthest}:"] = Stretches(np.column_stack([places, *before]), most)
        seen[f"+{farthest}:"] = Stretches(np.column_stack([places, *behind]), most)
        nearest = farthest + 1
    return Column(openings, seen)


def within(elements: Elements, openings: Sequence[Sequence[str]]) -> Column:
    """For each block of an HTML page the first words of the others in its containers, and of each container's head.

    Containers are taken from the innermost on, each at least twice as large as the one before. Nothing for text pages.
    """
    first, spans = np.array(elements.first), np.array(elements.last) - elements.first + 1
    inside, size = np.array(elements.of), np.ones(len(elements.of), dtype=int)
    others, heads = {}, {}
    for level in range(1, LEVELS + 1):
        inside = elements.large(inside, spans, 2 * size)
        size = spans[inside]
        places = np.flatnonzero(inside)
        begin = first[inside[places]]
        end = begin + np.minimum(CONTAINER_BLOCKS, size[places])
        sides = [[places, begin, np.minimum(places, end)], [places, np.minimum(places + 1, end), end]]
        others[f"{level}:"] = Stretches(np.hstack(sides).T, CONTAINER_WORDS)
        head = np.column_stack([places, begin, begin + 1])
        heads[f"{level}^"] = Stretches(head[begin != places], HEAD_WORDS)
        inside = np.where(size > LARGE, 0, inside)
    return Column(openings, others | heads)


def elements_around(blocks: Sequence[Block]) -> Elements:
    """The elements around the blocks, by their paths."""
    numbers, around, of, places = {"": 0}, [0], [], [""]
    for block in blocks:
        path = parent = block.path.rpartition("/")[0]
        waiting = []
        while path not in numbers:
            waiting.append(path)
            path = path.rpartition("/")[0]
        for path in reversed(waiting):
            outer, _, step = path.rpartition("/")
            around.append(numbers[outer])
            places.append(f"{places[around[-1]]}/{step.partition('[')[0]}")
            numbers[path] = len(numbers)
        of.append(numbers[parent])
    count, sizes = len(blocks), [0] * len(numbers)
    first, last = [count] * len(numbers), [0] * len(numbers)
    for i, element in enumerate(of):
        sizes[element], first[element], last[element] = sizes[element] + 1, min(first[element], i), i
    for element in range(len(numbers) - 1, 0, -1):  # those inside of it are done
        outside = around[element]
        sizes[outside] += sizes[element]
        first[outside], last[outside] = min(first[outside], first[element]), max(last[outside], last[element])
    return Elements(of, around, sizes, first, last, places)
