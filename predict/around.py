"""blocks -> the words around each: of its neighbours in reading order, and of the containers that it stands in.

All is told as stretches of blocks: of each block in it some first words are seen, under a mark of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .blocks import Block

READ = 200  # characters of a neighbour that are read
REACH = ((1, 12), (2, 8), (8, 4))  # up to a distance: how many words are taken of a neighbour
LEVELS = 3  # containers around a block
CONTAINER_BLOCKS, CONTAINER_WORDS = 12, 5  # of a container: blocks that are read, and words of each
HEAD_WORDS = 8  # of a container's first block
LARGE = 60  # blocks of a container around which none is read


@dataclass(frozen=True)
class Stretches:
    """What blocks see under one mark: rows (block, begin, end) say that it sees the ``words`` from begin to end."""

    words: Sequence[Sequence[str]]
    rows: np.ndarray


def own(words: Sequence[Sequence[str]]) -> Stretches:
    """Each block sees its own words."""
    places = np.arange(len(words))
    return Stretches(words, np.column_stack([places, places, places + 1]))


def beside(words: Sequence[Sequence[str]], offset: int, outside: Sequence[str]) -> Stretches:
    """Each block sees the words of the block so many places behind it, before it if that is negative."""
    places, beyond = np.arange(len(words)), [outside] * abs(offset)
    begin = places + offset + abs(offset)
    return Stretches([*beyond, *words, *beyond], np.column_stack([places, begin, begin + 1]))


def near(openings: Sequence[Sequence[str]]) -> dict[str, Stretches]:
    """The first words of each block's neighbours, marked with their side and how far they are off."""
    found = {}
    count = len(openings)
    places = np.arange(count)
    nearest = 1
    for farthest, length in REACH:
        cut = [opening[:length] for opening in openings]
        before = np.clip([places - farthest, places - nearest + 1], 0, count)
        behind = np.clip([places + nearest, places + farthest + 1], 0, count)
        found[f"-{farthest}:"] = Stretches(cut, np.column_stack([places, *before]))
        found[f"+{farthest}:"] = Stretches(cut, np.column_stack([places, *behind]))
        nearest = farthest + 1
    return found


def within(paths: Sequence[Sequence[str]], openings: Sequence[Sequence[str]]) -> dict[str, Stretches]:
    """For each block of an HTML page the first words of the others in its containers, and of each container's head.

    ``paths`` are those of the elements around each block, the innermost first. Containers are taken in this order, each
    at least twice as large as the one before. Nothing for text pages.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for i, around in enumerate(paths):
        for path in around:
            first.setdefault(path, i)
            last[path] = i
    others: list[list[tuple[int, int, int]]] = [[] for _ in range(LEVELS)]
    heads: list[list[tuple[int, int, int]]] = [[] for _ in range(LEVELS)]
    for i, around in enumerate(paths):
        level, size = 0, 1
        for path in around:
            begin, inside = first[path], last[path] - first[path] + 1
            if inside < 2 * size:
                continue
            end = begin + min(CONTAINER_BLOCKS, inside)
            others[level] += [(i, begin, min(i, end)), (i, min(i + 1, end), end)]
            if begin != i:
                heads[level].append((i, begin, begin + 1))
            level, size = level + 1, inside
            if level == LEVELS or size > LARGE:
                break
    starts = [opening[:CONTAINER_WORDS] for opening in openings]
    leads = [opening[:HEAD_WORDS] for opening in openings]
    marked = {f"{level}:": Stretches(starts, stacked(rows)) for level, rows in enumerate(others, 1)}
    return marked | {f"{level}^": Stretches(leads, stacked(rows)) for level, rows in enumerate(heads, 1)}


def stacked(rows: Sequence[tuple[int, int, int]]) -> np.ndarray:
    return np.array(rows, dtype=int).reshape(-1, 3)


def paths_around(blocks: Sequence[Block]) -> list[tuple[str, ...]]:
    """For each block the XPaths of the elements around it, the innermost first; none for a text page."""
    known: dict[str, tuple[str, ...]] = {"": ()}
    found = []
    for block in blocks:
        path = parent = block.path.rpartition("/")[0]
        waiting = []
        while path not in known:
            waiting.append(path)
            path = path.rpartition("/")[0]
        for path in reversed(waiting):
            known[path] = (path, *known[path.rpartition("/")[0]])
        found.append(known[parent])
    return found
