"""blocks -> features: what the first pass sees of a block, and what those behind it see of the page around it.

Both are arrays that a pickled scikit-learn Pipeline takes by column number, so nothing of this file is in the model.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from scipy.sparse import csr_matrix

from .around import OPENING, READ, Column, Elements, beside, elements_around, near, own, shared, within
from .blocks import Block
from .labels import LABELS
from .links import binned, linked
from .lists import (
    NONE,
    Tokens,
    alike,
    ends_of,
    levels,
    lists_of,
    named,
    numbered,
    numbers_of,
    ragged_arange,
    side_by_side,
    steps,
)
from .looks import Looks, looks_of
from .main_text import main_elements, main_runs
from .words import first_words, spaced, text_length

BLOCK_COLUMNS = ("words", "stems", "markup", "shape", "links", "near", "within")

LOOK, LEAD = 5, 2  # tokens of a block's shape and of its link that its neighbours see
MAX_NAMES = 10_000  # characters of an element's tag, id, classes and marks that are read
MAX_KEPT = 120  # of an element whose tokens are kept for the next page, at most 12 kB each: 24 MB in all
MAX_PART = 40  # of a name whose parts are kept
MAX_CHARS = 600  # of a block's text that are read for words, from each end
SEPARATOR = "\x1e"  # of texts that are read together; white space at which lines end, so no block holds it
AT_ONCE = 500  # rows that are put together, so that they fit the processor's cache
HEADING = re.compile(r"h[1-6]")
SURE = 0.8  # probability of a first-pass label that later blocks are told of
SHORT_LINE = 5  # words of a text line that may head what follows
CONTAINERS = (2, 4, 8, 16, 32, 64)  # blocks that a container around a block has at least
LONG = 120  # Latin characters of a paragraph that is hardly a menu entry
NEGLIGIBLE = 1e-20  # share of a mean
FAR = (1, 2, 3, 5, 8, 13, 21, 34, 55)  # edges of distances, in blocks
WORD = re.compile(r"\w{4,}|[\u0e00-\u9fff]")  # a word that is likely to say what a text is about
STEM = re.compile(r"\b(?:([\uac00-\ud7af]{2})[\uac00-\ud7af]|([^\W\d_]{5})[^\W\d_])")  # how a long word begins
WORD_OR_END = re.compile(f"{WORD.pattern}|{SEPARATOR}")
NAME = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+")
DIGIT, DIGITS = re.compile(r"\d"), re.compile(r"\d+")


def block_features(blocks: Sequence[Block], title: str = "") -> np.ndarray:
    """First-pass features: an object array (blocks, BLOCK_COLUMNS) of strings; a page's blocks in their order."""
    read = Read(blocks)
    return rows_of(read, block_terms(read, title), range(len(blocks)))


@dataclass(frozen=True)
class Read:
    """The blocks of a page, with what several features are made of: found when it is first needed, and kept."""

    blocks: Sequence[Block]

    @cached_property
    def texts(self) -> list[str]:
        return [block.text for block in self.blocks]

    @cached_property
    def lengths(self) -> list[int]:
        return list(map(text_length, self.texts))

    @cached_property
    def lower(self) -> list[str]:
        return SEPARATOR.join(self.texts).lower().split(SEPARATOR)

    @cached_property
    def words(self) -> list[str]:
        return words_of(self.texts)

    @cached_property
    def looks(self) -> Looks:
        return looks_of(self.texts)

    @cached_property
    def elements(self) -> Elements:
        return elements_around(self.blocks)

    @cached_property
    def heads(self) -> np.ndarray:
        """Which blocks head what follows, as booleans: in HTML <h1> to <h6>, else short lines."""
        if not self.blocks[0].path:
            return self.looks.words <= SHORT_LINE
        return np.array([HEADING.fullmatch(block.tag) is not None for block in self.blocks])

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        return groups(self)


def rows_of(read: Read, columns: Mapping[str, Column], wanted: Sequence[int]) -> np.ndarray:
    """The rows (wanted, BLOCK_COLUMNS) of ``block_features`` for some of a page's blocks, by their terms."""
    rows = np.empty((len(wanted), len(BLOCK_COLUMNS)), dtype=object)
    rows[:, 0] = [read.words[block] for block in wanted]
    for number, column in enumerate(columns.values(), 1):
        terms: list[dict[str, None]] = [{} for _ in wanted]
        words = lru_cache(maxsize=100)(column.lists.words)
        for mark, seen in column.seen.items():
            for of_block, stretch in zip(terms, seen.of[wanted].tolist(), strict=True):
                if stretch == NONE:
                    continue
                for place in range(seen.begin[stretch], seen.end[stretch]):
                    if place != seen.but[stretch]:
                        of_block.update(dict.fromkeys([mark + word for word in words(place)[: seen.most]]))
        rows[:, number] = [" ".join(of_block) for of_block in terms]
    return rows


def block_terms(read: Read, title: str) -> dict[str, Column]:
    """The terms of the blocks in each of BLOCK_COLUMNS but the words."""
    blocks = read.blocks
    cut = iter(words_of([text[:READ] for text in read.texts if len(text) > READ]))
    begins = (next(cut) if len(text) > READ else words for text, words in zip(read.texts, read.words, strict=True))
    openings = lists_of(words.split(None, OPENING + 1)[1 : OPENING + 1] for words in begins)
    of_html = bool(blocks[0].path)
    nothing = Column(openings, {})
    return {
        "stems": nothing if of_html else stemmed(read),
        "markup": shared([block.ancestors for block in blocks], partial(markup_of, kept={})) if of_html else nothing,
        "shape": shaped(read, title),
        "links": linked_to(blocks) if of_html else nothing,
        "near": near(openings),
        "within": within(read.elements, openings) if of_html else nothing,
    }


def stemmed(read: Read) -> Column:
    """How the long words of each line begin, so that their forms count as one word.

    Five letters of six or more, two syllables of Hangul of three or more.
    """
    found = lists_of(["".join(parts) for parts in STEM.findall(text)] for text in read.words)
    places = np.arange(len(found))
    return Column(found, own(places, places))


def linked_to(blocks: Sequence[Block]) -> Column:
    """Where the links of each block lead, and those of its neighbours."""
    links, of_block = linked(blocks)
    lists = np.arange(len(links))
    return Column(lists_of(links), own(of_block, lists) | beside(of_block, lists, LEAD))


def shaped(read: Read, title: str) -> Column:
    """How each block looks and where it stands, and the looks of its neighbours."""
    looks = shapes(read)
    lists = side_by_side([*looks, *placed(read), *headed(read), echoed(read), *titled(read, title)]).plus("none")
    kinds = alike(looks[:LOOK])
    first = np.empty(kinds.max() + 1, dtype=int)
    first[kinds[::-1]] = np.arange(len(kinds))[::-1]  # a block of each kind, whose list stands for those of all
    places = np.arange(len(lists))
    return Column(lists, own(places[:-1], places) | beside(kinds, np.append(first, places[-1]), LOOK))


def shapes(read: Read) -> list[Tokens]:
    """Each block's look as tokens, those first that its neighbours see too."""
    if not read.blocks[0].path:
        return [*read.looks.seen, *read.looks.own]
    shares = np.array([block.link_share for block in read.blocks])
    tags = named([block.tag for block in read.blocks], lambda tag: f"tag={tag}")
    return [*read.looks.seen[:-1], levels("links", shares, (0.01, 0.2, 0.5, 0.9)), tags, *read.looks.own]


def placed(read: Read) -> list[Tokens]:
    """Where each block stands: from start and end, among how much text, behind and before how many paragraphs."""
    count = len(read.texts)
    places = np.arange(count)
    lengths = np.array(read.lengths)
    long = ends_of(lengths > LONG)
    columns = [
        levels("first", places, FAR),
        levels("last", places[::-1], FAR),
        steps("part", 10 * places // count, 9),
        levels("count", np.full(count, count), (10, 30, 100, 300)),
        levels("behind", long[:-1], (1, 2, 4, 8)),
        levels("before", long[-1] - long[1:], (1, 2, 4, 8)),
        *repeated(read.texts),
    ]
    total = ends_of(np.minimum(lengths, 1000))
    for reach in (3, 8):
        low, high = np.maximum(0, places - reach), np.minimum(count, places + reach + 1)
        around = (total[high] - total[low] - np.minimum(1000, lengths)) / np.maximum(1, high - low - 1)
        columns.append(levels(f"density{reach}", around, (10, 20, 35, 60, 100, 160, 250)))
    return columns


def repeated(texts: Sequence[str]) -> tuple[Tokens, Tokens]:
    """How often each text stands earlier and later on the page, up to three times."""
    of = numbers_of(texts, numbered(texts))
    order = np.argsort(of, kind="stable")
    sizes = np.bincount(of)
    earlier = np.empty(len(texts), dtype=int)
    earlier[order] = ragged_arange(np.zeros(len(sizes), dtype=int), sizes)
    later = sizes[of] - 1 - earlier
    return steps("earlier", np.minimum(3, earlier), 3), steps("later", np.minimum(3, later), 3)


def echoed(read: Read) -> Tokens:
    """For each block how many of its words the page's paragraphs have: teasers of other pages share few with them."""
    words = WORD_OR_END.findall(spaced("".join([text + SEPARATOR for text in read.lower])))
    names = numbered(words)
    of_word = numbers_of(words, names)
    ends = of_word == names[SEPARATOR]
    bags = np.unique((np.cumsum(ends) * len(names) + of_word)[~ends])  # of each block its distinct words
    of_block, of_word = np.divmod(bags, len(names))
    sizes = np.bincount(of_block, minlength=len(read.texts))
    long = np.array(read.lengths) > LONG
    distinct = np.zeros(len(long), dtype=bool)
    distinct[list({read.texts[block]: block for block in np.flatnonzero(long).tolist()}.values())] = True
    counts = np.bincount(of_word[distinct[of_block]], minlength=len(names))
    met = counts[of_word] > long[of_block]  # a paragraph has its own words, which are to be in another one too
    common = np.bincount(of_block, met, minlength=len(sizes))
    names_of, level = levels("echo", common / np.maximum(1, sizes), (0.01, 0.2, 0.4, 0.6, 0.8, 0.99))
    return Tokens([*names_of, "echo=none"], np.where(sizes > 0, level, len(names_of)))


def headed(read: Read) -> list[Tokens]:
    """For each block the words of the heading above it, and how far that is."""
    heads = [["head=none"]]
    for place in np.flatnonzero(read.heads).tolist():
        heads.append([f"head:{word.strip(':?!…')}" for word in read.lower[place].split(None, 8)[:8]])
    words = lists_of(heads)
    table = np.full((len(heads), max(map(len, heads))), NONE)
    rows = np.repeat(np.arange(len(heads)), np.diff(words.ends))
    table[rows, np.arange(len(rows)) - words.ends[rows]] = words.numbers
    above = np.cumsum(read.heads) - read.heads
    places = np.arange(len(above))
    last = np.maximum.accumulate(np.append(-1, np.where(read.heads, places, -1)[:-1]))
    below = levels("below", places - last - 1, (1, 2, 4, 8, 16, 32))
    return [*(Tokens(words.names, column[above]) for column in table.T), below]


def words_of(texts: Sequence[str]) -> list[str]:
    """The texts as the vectoriser reads them: numbers made equal, unspaced scripts split, both ends marked."""
    ends = [text if len(text) <= 2 * MAX_CHARS else f"{text[:MAX_CHARS]} {text[-MAX_CHARS:]}" for text in texts]
    read = spaced(DIGIT.sub("0", SEPARATOR.join(ends).lower()))
    return [f"¶ {text} ¶" for text in read.split(SEPARATOR)]


def markup_of(ancestors: Sequence[str], kept: dict[tuple[str, str], dict[str, None]]) -> list[str]:
    """Tag, class and id words of a block's own element, of the two around it, and of all the others.

    ``kept`` has the tokens of the page's elements so far.
    """
    tokens: dict[str, None] = {}
    for distance, element in enumerate(reversed(ancestors)):
        key = element, ("own", "up1", "up2")[distance] if distance < 3 else "far"
        if key not in kept:
            kept[key] = (kept_tokens if len(element) <= MAX_KEPT else tokens_of)(*key)
        tokens.update(kept[key])
    return list(tokens)


def tokens_of(element: str, where: str) -> dict[str, None]:
    tag, *names = element[:MAX_NAMES].replace("#", ".").split(".")
    tokens = [f"{where}={tag}"]
    for name in names:
        tokens += [f"{where}:{part}" for part in (kept_parts if len(name) <= MAX_PART else parts_of)(name)]
        if where != "far":
            tokens += f"{where}.{name.lower()}".split()
    return dict.fromkeys(tokens)


def parts_of(name: str) -> list[str]:
    """The words that a name is made of, as in "relatedPosts", but single letters."""
    return [part.lower() for part in NAME.findall(name) if len(part) > 1]


kept_tokens = lru_cache(maxsize=2000)(tokens_of)
kept_parts = lru_cache(maxsize=5000)(parts_of)


def titled(read: Read, title: str) -> list[Tokens]:
    """How much of each block the page's title has."""
    if not title:
        return []
    of_title = frozenset(spaced(title.lower()).split())
    shares = [overlap(text, lower, title, of_title) for text, lower in zip(read.texts, read.lower, strict=True)]
    return [named(shares, lambda share: f"title={share}")]


def overlap(text: str, lower: str, title: str, of_title: frozenset[str]) -> str:
    if text == title:
        return "same"
    if len(text) > 10 and text in title:
        return "inside"
    words = spaced(lower).split()
    if of_title.isdisjoint(words):
        return "0"
    return str(binned(len(of_title.intersection(words)) / len(of_title.union(words)), (0.2, 0.5, 0.8)))


def page_features(blocks: Sequence[Block], scores: np.ndarray, evidence: np.ndarray | None = None) -> np.ndarray:
    """Features of the passes behind the first: an array (blocks, columns) of float32, from scores (blocks, labels).

    A block's own scores, its neighbours', those of the page before and behind it, of the page as a whole, and of the
    blocks that belong together with it; with the ``evidence`` (blocks, BLOCK_COLUMNS, labels) of a first pass that too.
    HTML pages have more columns than text pages, for they have containers and headings.
    """
    return features_of(Read(blocks), scores, evidence)


def features_of(read: Read, scores: np.ndarray, evidence: np.ndarray | None = None) -> np.ndarray:
    """What ``page_features`` gives, of blocks that are read already."""
    count = len(scores)
    columns = [column.reshape(count, -1) for column in page_columns(read, scores, evidence).values()]
    rows = np.empty((count, sum(column.shape[1] for column in columns)), dtype=np.float32)
    for start in range(0, count, AT_ONCE):
        some = slice(start, start + AT_ONCE)
        np.concatenate([column[some] for column in columns], axis=1, out=rows[some], casting="same_kind")
    return rows


def page_names(kind: str, *, evidence: bool) -> list[str]:
    """The names of the columns of ``page_features`` for a kind of page (html, text), in their order."""
    block, even = Block(0, "-", path="/html" if kind == "html" else ""), np.full((1, len(LABELS)), 1 / len(LABELS))
    none = np.zeros((1, len(BLOCK_COLUMNS), len(LABELS)))
    columns = page_columns(Read([block]), even, none if evidence else None).items()
    return [name for group, values in columns for name in ([group] if values.ndim == 1 else by_label(group))]


def by_label(name: str) -> list[str]:
    return [f"{name}: {label}" for label in LABELS]


def page_columns(read: Read, scores: np.ndarray, evidence: np.ndarray | None) -> dict[str, np.ndarray]:
    """What ``page_features`` puts side by side, by name: arrays (blocks, labels) or (blocks,)."""
    words = read.looks.words.astype(float)
    mass = np.minimum(words, 100)[:, None] * scores
    columns = {"log score": np.log(np.clip(scores, 1e-3, 1)), "score": scores, "words": np.log1p(words)}
    columns |= around_each(scores, words) | along(scores, mass, words)
    columns |= grouped(read.groups, scores, mass)
    columns |= main_runs(scores[:, 0], words)
    if read.blocks[0].path:
        columns |= main_elements(scores[:, 0], words, read.elements)
    carried = {"score": scores}
    if evidence is not None:
        own = {f"evidence of {name}": evidence[:, place] for place, name in enumerate(BLOCK_COLUMNS)}
        columns, carried = columns | own, carried | own
    if read.blocks[0].path:
        columns |= {f"{name}, heading above": last_of(values, read.heads) for name, values in carried.items()}
    return columns


def around_each(scores: np.ndarray, words: np.ndarray) -> dict[str, np.ndarray]:
    """The scores of the blocks near each: one by one, as running means, and the nearest of a sort."""
    sure, short = scores.max(axis=1) > SURE, words <= SHORT_LINE
    columns = {f"score of block {offset:+d}": shifted(scores, offset) for offset in (-3, -2, -1, 1, 2, 3)}
    for decay in (0.6, 0.9):
        columns[f"mean before, {decay}"] = running_mean(scores, words, decay)
        columns[f"mean behind, {decay}"] = running_mean(scores[::-1], words[::-1], decay)[::-1]
    return columns | {
        "last sure block": last_of(scores, sure),
        "next sure block": last_of(scores[::-1], sure[::-1])[::-1],
        "last short block": last_of(scores, short),
    }


def along(scores: np.ndarray, mass: np.ndarray, words: np.ndarray) -> dict[str, np.ndarray]:
    """How much of each label comes before and behind each block, how far the article's ends are, and the whole page."""
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


def shifted(scores: np.ndarray, offset: int) -> np.ndarray:
    moved = np.zeros_like(scores)
    if offset < 0:
        moved[-offset:] = scores[:offset]
    else:
        moved[:-offset] = scores[offset:]
    return moved


def last_of(scores: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """For each block the scores of the last chosen block before it; zeros where there is none."""
    places = np.where(chosen, np.arange(1, len(scores) + 1), 0)
    before = np.concatenate([[0], np.maximum.accumulate(places)[:-1]])
    return np.take(np.vstack([np.zeros(scores.shape[1]), scores]), before, axis=0)


def running_mean(scores: np.ndarray, words: np.ndarray, decay: float) -> np.ndarray:
    """The mean score of the blocks before each, near and long blocks counting more."""
    gain = np.sqrt(words + 1)[:, None]
    sums = np.hstack([scores * gain, gain])  # over one block, over two, over four, and so on
    reach = 1
    while reach < len(sums) and decay > NEGLIGIBLE:
        sums[reach:] += decay * sums[:-reach]
        reach, decay = 2 * reach, decay * decay
    return np.vstack([np.zeros(scores.shape[1]), sums[:-1, :-1] / sums[:-1, -1:]])


def groups(read: Read) -> dict[str, np.ndarray]:
    """Numbers that blocks share that belong together: the same text, begin or shape; for HTML also the containers of
    growing size around each, its place without positions, and the names around it.
    """
    blocks = read.blocks
    same = DIGITS.sub("0", SEPARATOR.join(read.lower)).split(SEPARATOR)
    begin = [f"{first_words(text, 2)} {min(3, size // 40)}" for text, size in zip(same, read.lengths, strict=True)]
    found = {"same text": by_key(same), "same begin": by_key(begin), "same shape": alike(read.looks.seen)}
    if blocks[0].path:
        for least, holding in zip(CONTAINERS, containers(read.elements), strict=True):
            found[f"container of {least} blocks"] = holding
        found["same place"] = by_key(
            [
                (read.elements.places[element], block.path.rpartition("/")[2].partition("[")[0])
                for element, block in zip(read.elements.of, blocks, strict=True)
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
