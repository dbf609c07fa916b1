"""Words of blocks as numbers: each distinct word is stored as a string once, however many blocks have it."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np

NONE = -1  # stands for no token
Key = TypeVar("Key", bound=Hashable)


class Tokens(NamedTuple):
    """One token of each block: ``names[numbers[block]]``, or none where the number is NONE."""

    names: Sequence[str]
    numbers: np.ndarray


@dataclass(frozen=True)
class Lists:
    """Lists of words laid end to end: list i has the words ``names[n]`` for n in ``numbers[ends[i]:ends[i + 1]]``.

    Lists(["a", "b"], [0, 1, 1], [0, 2, 3]) are ["a", "b"] and ["b"].
    """

    names: Sequence[str]
    numbers: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.ends) - 1

    def plus(self, word: str) -> "Lists":
        """Return the lists followed by one more, which holds this word alone."""
        numbers = np.append(self.numbers, len(self.names))
        return Lists([*self.names, word], numbers, np.append(self.ends, len(numbers)))

    def words(self, place: int) -> list[str]:
        return [self.names[number] for number in self.numbers[self.ends[place] : self.ends[place + 1]].tolist()]


def number_keys(keys: Iterable[Key]) -> dict[Key, int]:
    """Return the distinct keys with their numbers, in order of first occurrence: "b", "a", "b" -> {"b": 0, "a": 1}."""
    return {key: number for number, key in enumerate(dict.fromkeys(keys))}


def numbers_of(keys: Sequence[Key], numbers: Mapping[Key, int]) -> np.ndarray:
    return np.fromiter(map(numbers.__getitem__, keys), np.int32, len(keys))


def lists_of(words: Iterable[Sequence[str]]) -> Lists:
    flat: list[str] = []
    lengths = []
    for of_list in words:
        flat += of_list
        lengths.append(len(of_list))
    names = number_keys(flat)
    return Lists(list(names), numbers_of(flat, names), ends_of(np.array(lengths, dtype=np.int64)))


def ends_of(lengths: np.ndarray) -> np.ndarray:
    """Return the boundaries of lists of these lengths, laid end to end: [2, 3] -> [0, 2, 5]."""
    return np.concatenate([[0], np.cumsum(lengths)])


def ragged_arange(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the indices of ranges laid end to end: [5, 9], [2, 3] -> [5, 6, 9, 10, 11]."""
    ends = ends_of(counts)
    return np.asarray(np.arange(ends[-1]) + np.repeat(starts - ends[:-1], counts))


def tokens_by_key(keys: Sequence[Key], name: Callable[[Key], str]) -> Tokens:
    """Return as tokens what ``name`` returns for each block's key; it is called once for each distinct key."""
    names: dict[str, int] = {}
    numbers = {key: names.setdefault(name(key), len(names)) for key in dict.fromkeys(keys)}
    return Tokens(list(names), numbers_of(keys, numbers))


def bin_tokens(name: str, values: np.ndarray, edges: Sequence[float]) -> Tokens:
    """Return as tokens the interval between ``edges`` in which each value lies: see ``links.bin_of``."""
    return value_tokens(name, np.searchsorted(edges, values, side="right"), len(edges))


def value_tokens(name: str, values: np.ndarray, most: int) -> Tokens:
    """Return the values as tokens; they are integers from 0 to ``most``."""
    return Tokens([f"{name}={value}" for value in range(most + 1)], values)


def flag_tokens(name: str, there: np.ndarray) -> Tokens:
    """Return one token, for the blocks where ``there`` is true."""
    return Tokens([name], np.where(there, 0, NONE))


def join_tokens(parts: Sequence[Tokens]) -> Lists:
    """Return each block's tokens as a list, in the order of the parts."""
    table = np.column_stack([part.numbers for part in parts])
    there = table != NONE
    table += ends_of(np.array([len(part.names) for part in parts]))[:-1]
    return Lists(list(chain.from_iterable(part.names for part in parts)), table[there], ends_of(there.sum(axis=1)))


def number_equal_rows(parts: Sequence[Tokens]) -> np.ndarray:
    """Return a number for each block (n_blocks,); blocks with the same tokens in all parts have the same number."""
    key = np.zeros(len(parts[0].numbers), dtype=np.int64)  # room for five parts, two of which may be any character
    for part in parts:
        key = key * (len(part.names) + 1) + part.numbers + 1
    return np.unique(key, return_inverse=True)[1]
