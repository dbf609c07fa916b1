"""blocks -> tokens for the shape of their texts, their position, and what they share with title and paragraphs."""

import re
from collections.abc import Sequence

import numpy as np

from .context import Column, neighbour_lists, own_terms
from .links import bin_of
from .page_context import PageContext
from .ragged import (
    NONE,
    Tokens,
    bin_tokens,
    ends_of,
    join_tokens,
    lists_of,
    number_equal_rows,
    number_keys,
    numbers_of,
    ragged_arange,
    tokens_by_key,
    value_tokens,
)
from .words import SEPARATOR, spaced

LOOK = 5  # tokens of a block's shape that its neighbours get as well
LONG = 120  # Latin characters from which a block counts as a paragraph
EDGES = {  # of numbers in tokens, see ragged.bin_tokens
    "links": (0.01, 0.2, 0.5, 0.9),
    "first": (1, 2, 3, 5, 8, 13, 21, 34, 55),  # distances, in blocks
    "last": (1, 2, 3, 5, 8, 13, 21, 34, 55),
    "count": (10, 30, 100, 300),
    "behind": (1, 2, 4, 8),
    "before": (1, 2, 4, 8),
    "density": (10, 20, 35, 60, 100, 160, 250),
    "below": (1, 2, 4, 8, 16, 32),
    "echo": (0.01, 0.2, 0.4, 0.6, 0.8, 0.99),
    "title": (0.2, 0.5, 0.8),
}
REACH = (3, 8)  # blocks on each side of one, over which the density is taken
WORD = re.compile(r"\w{4,}|[\u0e00-\u9fff]")  # a word that is likely to tell the topic of a text
WORD_OR_END = re.compile(f"{WORD.pattern}|{SEPARATOR}")


def shape_terms(page: PageContext) -> Column:
    """Return the column of text shape and position of each block, with the text shape of its neighbours."""
    looks = shape_tokens(page)
    lists = join_tokens(
        [*looks, *position_tokens(page), *heading_tokens(page), echo_tokens(page), *title_tokens(page)]
    ).plus("none")
    kinds = number_equal_rows(looks[:LOOK])
    first = np.empty(kinds.max() + 1, dtype=int)
    first[kinds[::-1]] = np.arange(len(kinds))[::-1]  # the first block of each kind, whose list all of that kind share
    places = np.arange(len(lists))
    return Column(lists, own_terms(places[:-1], places) | neighbour_lists(kinds, np.append(first, places[-1]), LOOK))


def shape_tokens(page: PageContext) -> list[Tokens]:
    """Return the tokens of each block's text shape, those first that its neighbours get as well."""
    if not page.of_html:
        return [*page.text_shape.shared, *page.text_shape.unshared]
    shares = np.array([block.link_share for block in page.blocks])
    tags = tokens_by_key([block.tag for block in page.blocks], lambda tag: f"tag={tag}")
    return [
        *page.text_shape.shared[:-1],
        bin_tokens("links", shares, EDGES["links"]),
        tags,
        *page.text_shape.unshared,
    ]


def position_tokens(page: PageContext) -> list[Tokens]:
    """Return tokens for each block's position: from start and end, density of text near it, paragraphs before and
    behind.
    """
    count = len(page.texts)
    places = np.arange(count)
    lengths = np.array(page.lengths)
    long = ends_of(lengths > LONG)
    columns = [
        bin_tokens("first", places, EDGES["first"]),
        bin_tokens("last", places[::-1], EDGES["last"]),
        value_tokens("part", 10 * places // count, 9),
        bin_tokens("count", np.full(count, count), EDGES["count"]),
        bin_tokens("behind", long[:-1], EDGES["behind"]),
        bin_tokens("before", long[-1] - long[1:], EDGES["before"]),
        *repeat_tokens(page.texts),
    ]
    total = ends_of(np.minimum(lengths, 1000))
    for reach in REACH:
        low, high = np.maximum(0, places - reach), np.minimum(count, places + reach + 1)
        around = (total[high] - total[low] - np.minimum(1000, lengths)) / np.maximum(1, high - low - 1)
        columns.append(bin_tokens(f"density{reach}", around, EDGES["density"]))
    return columns


def repeat_tokens(texts: Sequence[str]) -> tuple[Tokens, Tokens]:
    """Return how often each text occurs earlier and later on the page, up to three times, as tokens."""
    of = numbers_of(texts, number_keys(texts))
    order = np.argsort(of, kind="stable")
    sizes = np.bincount(of)
    earlier = np.empty(len(texts), dtype=int)
    earlier[order] = ragged_arange(np.zeros(len(sizes), dtype=int), sizes)
    later = sizes[of] - 1 - earlier
    return value_tokens("earlier", np.minimum(3, earlier), 3), value_tokens("later", np.minimum(3, later), 3)


def echo_tokens(page: PageContext) -> Tokens:
    """Return for each block the share of its words that occur in the page's paragraphs, as tokens.

    Teasers of other pages share few words with them.
    """
    words = WORD_OR_END.findall(spaced("".join([text + SEPARATOR for text in page.lower])))
    names = number_keys(words)
    of_word = numbers_of(words, names)
    ends = of_word == names[SEPARATOR]
    bags = np.unique((np.cumsum(ends) * len(names) + of_word)[~ends])  # the distinct words of each block
    of_block, of_word = np.divmod(bags, len(names))
    sizes = np.bincount(of_block, minlength=len(page.texts))
    long = np.array(page.lengths) > LONG
    distinct = np.zeros(len(long), dtype=bool)
    distinct[list({page.texts[block]: block for block in np.flatnonzero(long).tolist()}.values())] = True
    counts = np.bincount(of_word[distinct[of_block]], minlength=len(names))
    met = counts[of_word] > long[of_block]  # words of a paragraph must be in another one, too
    common = np.bincount(of_block, met, minlength=len(sizes))
    names_of, level = bin_tokens("echo", common / np.maximum(1, sizes), EDGES["echo"])
    return Tokens([*names_of, "echo=none"], np.where(sizes > 0, level, len(names_of)))


def heading_tokens(page: PageContext) -> list[Tokens]:
    """Return for each block the words of the heading above it, and its distance, as tokens."""
    heads = [["head=none"]]
    for place in np.flatnonzero(page.heads).tolist():
        heads.append([f"head:{word.strip(':?!…')}" for word in page.lower[place].split(None, 8)[:8]])
    words = lists_of(heads)
    table = np.full((len(heads), max(map(len, heads))), NONE)
    rows = np.repeat(np.arange(len(heads)), np.diff(words.ends))
    table[rows, np.arange(len(rows)) - words.ends[rows]] = words.numbers
    above = np.cumsum(page.heads) - page.heads
    places = np.arange(len(above))
    last = np.maximum.accumulate(np.append(-1, np.where(page.heads, places, -1)[:-1]))
    below = bin_tokens("below", places - last - 1, EDGES["below"])
    return [*(Tokens(words.names, column[above]) for column in table.T), below]


def title_tokens(page: PageContext) -> list[Tokens]:
    """Return for each block how much it overlaps with the page's title, as tokens."""
    if not page.title:
        return []
    of_title = frozenset(spaced(page.title.lower()).split())
    shares = [
        title_overlap(text, lower, page.title, of_title) for text, lower in zip(page.texts, page.lower, strict=True)
    ]
    return [tokens_by_key(shares, lambda share: f"title={share}")]


def title_overlap(text: str, lower: str, title: str, of_title: frozenset[str]) -> str:
    if text == title:
        return "same"
    if len(text) > 10 and text in title:
        return "inside"
    words = spaced(lower).split()
    if of_title.isdisjoint(words):
        return "0"
    return str(bin_of(len(of_title.intersection(words)) / len(of_title.union(words)), EDGES["title"]))
