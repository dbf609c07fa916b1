"""blocks -> features: what the first pass sees of a block, and what those behind it see of the page around it.

Both are arrays that a pickled scikit-learn Pipeline takes by column number, so nothing of this file is in the model.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from string import ascii_letters, ascii_uppercase, digits

import numpy as np

from .around import READ, Stretches, beside, near, own, paths_around, within
from .blocks import Block
from .labels import LABELS
from .links import binned, linked

BLOCK_COLUMNS = ("words", "markup", "shape", "links", "near", "within")

OFFSETS = {-2: "-2:", -1: "-1:", 1: "+1:", 2: "+2:"}  # of a block's neighbours, and how their tokens are marked
MAX_KEPT = 1000  # characters of a text or of an element's names whose tokens are kept for the next page
MAX_CHARS = 600  # of a block's text that are read for words, from each end
HEADING = re.compile(r"h[1-6]")
SURE = 0.8  # probability of a first-pass label that later blocks are told of
SHORT_LINE = 5  # words of a text line that may head what follows
CONTAINERS = (2, 4, 8, 16, 32, 64)  # blocks that a container around a block has at least
LONG = 120  # characters of a paragraph that is hardly a menu entry
FAR = (1, 2, 3, 5, 8, 13, 21, 34, 55)  # edges of distances, in blocks
UNSPACED = re.compile(r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")
WORD = re.compile(r"\w{4,}|[\u0e00-\u9fff]")  # a word that is likely to say what a text is about
NAME = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+")
SENTENCE_END = re.compile(r"[.!?。！？।؟](?=\s|$|[\"'»”’)])|[。！？।]")
DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b")
# Of these two, each stretch without words, or without spaces, is read once, so that the time is linear.
CUT_OFF = re.compile(r"(?:(?<=\w)|\A)(?>\W*?(?:…|\.\.\.))\W*+\Z")
CONTACT = re.compile(r"(?<!\S)\S[^\s@]*@\S+\.\S|https?://|www\.")
DIGIT, DIGITS, POSITION = re.compile(r"\d"), re.compile(r"\d+"), re.compile(r"\[\d+\]")
QUOTE, BAR, COPYRIGHT = re.compile(r"^[\"“„«”‘'「]"), re.compile(r"\|"), re.compile("©")
PATTERNS = {"date": DATE, "cutoff": CUT_OFF, "contact": CONTACT, "quote": QUOTE, "bar": BAR, "copyright": COPYRIGHT}
SIGNS = (  # letters, capitals, digits
    (str.isalpha, ascii_letters.encode()), (str.isupper, ascii_uppercase.encode()), (str.isdigit, digits.encode()),
)  # fmt: skip


def block_features(blocks: Sequence[Block], title: str = "") -> np.ndarray:
    """First-pass features: an object array (blocks, BLOCK_COLUMNS) of strings; a page's blocks in their order."""
    rows = np.empty((len(blocks), len(BLOCK_COLUMNS)), dtype=object)
    rows[:, 0] = [words_of(block.text) for block in blocks]
    for place, column in enumerate(block_terms(blocks, title).values(), 1):
        terms: list[dict[str, None]] = [{} for _ in blocks]
        for mark, seen in column.items():
            marked = [[mark + word for word in words] for words in seen.words]
            for row, begin, end in seen.rows.tolist():
                for words in marked[begin:end]:
                    terms[row].update(dict.fromkeys(words))
        rows[:, place] = [" ".join(of_block) for of_block in terms]
    return rows


def block_terms(blocks: Sequence[Block], title: str) -> dict[str, dict[str, Stretches]]:
    """The terms of the blocks in each of BLOCK_COLUMNS but the words, by the mark that stands before them."""
    shapes, links = [shape(block) for block in blocks], linked(blocks)
    parts = (shapes, placed(blocks), headed(blocks), echoed(blocks), titled(blocks, title))
    openings = [words_of(block.text[:READ]).split()[1:] for block in blocks]
    looks, leads = [tokens[:5] for tokens in shapes], [tokens[:2] for tokens in links]
    return {
        "markup": {"": own([markup_of(block) for block in blocks])},
        "shape": {"": own([list(chain(*tokens)) for tokens in zip(*parts, strict=True)])}
        | {mark: beside(looks, offset, ["none"]) for offset, mark in OFFSETS.items()},
        "links": {"": own(links)} | {mark: beside(leads, offset, []) for offset, mark in OFFSETS.items()},
        "near": near(openings),
        "within": within(paths_around(blocks), openings),
    }


def placed(blocks: Sequence[Block]) -> list[list[str]]:
    """Where each block stands: from start and end, among how much text, behind and before how many paragraphs."""
    count = len(blocks)
    places = np.arange(count)
    lengths = np.array([len(block.text) for block in blocks])
    long = np.concatenate([[0], np.cumsum(lengths > LONG)])
    size = binned(count, (10, 30, 100, 300))
    columns = [
        levels("first", places, FAR),
        levels("last", places[::-1], FAR),
        [f"part={10 * i // count}" for i in range(count)],
        [f"count={size}"] * count,
        levels("behind", long[:-1], (1, 2, 4, 8)),
        levels("before", long[-1] - long[1:], (1, 2, 4, 8)),
        *repeated(blocks),
    ]
    total = np.concatenate([[0], np.cumsum(np.minimum(lengths, 1000))])
    for reach in (3, 8):
        low, high = np.maximum(0, places - reach), np.minimum(count, places + reach + 1)
        around = (total[high] - total[low] - np.minimum(1000, lengths)) / np.maximum(1, high - low - 1)
        columns.append(levels(f"density{reach}", around, (10, 20, 35, 60, 100, 160, 250)))
    return [list(tokens) for tokens in zip(*columns, strict=True)]


def levels(name: str, values: np.ndarray, edges: Sequence[float]) -> list[str]:
    """Between which edges each value lies, as tokens: see ``binned``."""
    tokens = [f"{name}={level}" for level in range(len(edges) + 1)]
    return [tokens[level] for level in np.searchsorted(edges, values, side="right").tolist()]


def repeated(blocks: Sequence[Block]) -> tuple[list[str], list[str]]:
    """How often each block's text stands earlier and later on the page, up to three times."""
    all_of, so_far = Counter(block.text for block in blocks), Counter[str]()
    earlier, later = [], []
    for block in blocks:
        before = so_far[block.text]
        earlier.append(f"earlier={min(3, before)}")
        later.append(f"later={min(3, all_of[block.text] - 1 - before)}")
        so_far[block.text] = before + 1
    return earlier, later


def echoed(blocks: Sequence[Block]) -> list[list[str]]:
    """For each block how many of its words the page's paragraphs have: teasers of other pages share few with them."""
    bags = [frozenset(WORD.findall(spaced(block.text.lower()))) for block in blocks]
    long = {block.text: bag for block, bag in zip(blocks, bags, strict=True) if len(block.text) > LONG}
    counts = Counter(word for bag in long.values() for word in bag)
    echoes = []
    for block, bag in zip(blocks, bags, strict=True):
        itself = block.text in long
        common = sum(counts[word] > itself for word in bag)
        echoes.append([f"echo={binned(common / len(bag), (0.01, 0.2, 0.4, 0.6, 0.8, 0.99))}" if bag else "echo=none"])
    return echoes


def headings(blocks: Sequence[Block]) -> np.ndarray:
    """Which blocks head what follows, as booleans: in HTML <h1> to <h6>, else short lines."""
    heads = [HEADING.fullmatch(one.tag) if one.path else len(one.text.split()) <= SHORT_LINE for one in blocks]
    return np.array(heads, dtype=bool)


def headed(blocks: Sequence[Block]) -> list[list[str]]:
    """For each block the words of the heading above it."""
    heads: list[list[str]] = []
    tokens, distance = ["head=none"], 0
    for block, is_head in zip(blocks, headings(blocks), strict=True):
        heads.append([*tokens, f"below={binned(distance, (1, 2, 4, 8, 16, 32))}"])
        distance += 1
        if is_head:
            tokens, distance = [f"head:{word.strip(':?!…')}" for word in block.text.lower().split()[:8]], 0
    return heads


def words_of(text: str) -> str:
    """The text as the vectoriser reads it: numbers made equal, unspaced scripts split, both ends marked."""
    if len(text) > 2 * MAX_CHARS:
        text = text[:MAX_CHARS] + " " + text[-MAX_CHARS:]
    return f"¶ {spaced(DIGIT.sub('0', text.lower()))} ¶"


def spaced(text: str) -> str:
    return text if text.isascii() else UNSPACED.sub(r" \1 ", text)


def markup_of(block: Block) -> list[str]:
    """Tag, class and id words of the block's own element, of the two around it, and of all the others."""
    tokens: dict[str, None] = {}
    for distance, element in enumerate(reversed(block.ancestors)):
        tokens.update(element_tokens(element, ("own", "up1", "up2")[distance] if distance < 3 else "far"))
    return list(tokens)


def element_tokens(element: str, where: str) -> dict[str, None]:
    return (kept_tokens if len(element) <= MAX_KEPT else kept_tokens.__wrapped__)(element, where)


@lru_cache(maxsize=50_000)
def kept_tokens(element: str, where: str) -> dict[str, None]:
    tag, *names = re.split(r"[.#]", element)
    tokens = [f"{where}={tag}"]
    for name in names:
        tokens += [f"{where}:{part.lower()}" for part in NAME.findall(name) if len(part) > 1]
        if where != "far":
            tokens += f"{where}.{name.lower()}".split()
    return dict.fromkeys(tokens)


def shape(block: Block) -> list[str]:
    """The block's look as tokens, those first that its neighbours see too."""
    seen, own = text_shape(block.text)
    if block.path:
        return [*seen[:-1], f"links={binned(block.link_share, (0.01, 0.2, 0.5, 0.9))}", f"tag={block.tag}", *own]
    return [*seen, *own]


def text_shape(text: str) -> tuple[list[str], list[str]]:
    return (kept_shape if len(text) <= MAX_KEPT else kept_shape.__wrapped__)(text)


@lru_cache(maxsize=50_000)
def kept_shape(text: str) -> tuple[list[str], list[str]]:
    tokens = text.split()
    letters, capitals, numbers = (count_of(text, *kind) for kind in SIGNS)
    starts = sum([token[0].isupper() for token in tokens]) / max(1, len(tokens))
    count = len(tokens) if text.isascii() else len(UNSPACED.findall(text)) // 2 + len(tokens)
    first = text[0]
    kind = "upper" if first.isupper() else "lower" if first.islower() else "digit" if first.isdigit() else first
    seen = [
        f"words={binned(count, (1, 2, 3, 5, 8, 12, 18, 25, 40, 60, 100))}",
        f"end={ending(text)}",
        f"start={kind}",
        f"sentences={binned(len(SENTENCE_END.findall(text)), (1, 2, 3, 5))}",
        f"case={binned(starts, (0.3, 0.6, 0.99))}",
    ]
    own = [
        f"upper={binned(capitals / max(1, letters), (0.001, 0.05, 0.15, 0.5, 0.99))}",
        f"capitals={binned(starts, (0.15, 0.3, 0.5, 0.7, 0.99))}",
        f"digits={binned(numbers / len(text), (0.001, 0.05, 0.2, 0.5))}",
        f"commas={binned(text.count(','), (1, 2, 4))}",
    ]
    return seen, own + [name for name, pattern in PATTERNS.items() if pattern.search(text)]


def count_of(text: str, kind: Callable[[str], bool], ascii: bytes) -> int:
    """How many characters are of a kind; ``ascii`` are those of it that ASCII has."""
    if not text.isascii():
        return sum(map(kind, text))
    return len(text) - len(text.encode().translate(None, ascii))


def ending(text: str) -> str:
    if CUT_OFF.search(text):
        return "cutoff"
    return "letter" if text[-1].isalpha() else "digit" if text[-1].isdigit() else text[-1]


def titled(blocks: Sequence[Block], title: str) -> list[list[str]]:
    return [[f"title={title_overlap(block.text, title)}"] if title else [] for block in blocks]


def title_overlap(text: str, title: str) -> str:
    if text == title:
        return "same"
    if len(text) > 10 and text in title:
        return "inside"
    a, b = set(text.lower().split()), set(title.lower().split())
    return str(binned(len(a & b) / max(1, len(a | b)), (0.2, 0.5, 0.8)))


def page_features(
    blocks: Sequence[Block],
    scores: np.ndarray,
    evidence: np.ndarray | None = None,
    together: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """Features of the passes behind the first: an array (blocks, columns) of float32, from scores (blocks, labels).

    A block's own scores, its neighbours', those of the page before and behind it, of the page as a whole, and of the
    blocks that belong together with it; with the ``evidence`` (blocks, BLOCK_COLUMNS, labels) of a first pass that too.
    HTML pages have more columns than text pages, for they have containers and headings. ``together`` are the
    ``groups`` of the blocks, if they are known already.
    """
    together = groups(blocks) if together is None else together
    return np.column_stack(list(page_columns(blocks, scores, evidence, together).values())).astype(np.float32)


def page_names(kind: str, *, evidence: bool) -> list[str]:
    """The names of the columns of ``page_features`` for a kind of page (html, text), in their order."""
    block, even = Block(0, "-", path="/html" if kind == "html" else ""), np.full((1, len(LABELS)), 1 / len(LABELS))
    none = np.zeros((1, len(BLOCK_COLUMNS), len(LABELS)))
    columns = page_columns([block], even, none if evidence else None, groups([block])).items()
    return [name for group, values in columns for name in ([group] if values.ndim == 1 else by_label(group))]


def by_label(name: str) -> list[str]:
    return [f"{name}: {label}" for label in LABELS]


def page_columns(
    blocks: Sequence[Block], scores: np.ndarray, evidence: np.ndarray | None, together: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What ``page_features`` puts side by side, by name: arrays (blocks, labels) or (blocks,)."""
    words = np.array([len(block.text.split()) for block in blocks], dtype=float)
    mass = np.minimum(words, 100)[:, None] * scores
    columns = {"log score": np.log(np.clip(scores, 1e-3, 1)), "score": scores, "words": np.log1p(words)}
    columns |= around_each(scores, words) | along(scores, mass, words)
    for name, group in together.items():
        columns |= grouped(name, scores, mass, group)
    carried = {"score": scores}
    if evidence is not None:
        own = {f"evidence of {name}": evidence[:, place] for place, name in enumerate(BLOCK_COLUMNS)}
        columns, carried = columns | own, carried | own
    if blocks[0].path:
        heads = headings(blocks)
        columns |= {f"{name}, heading above": last_of(values, heads) for name, values in carried.items()}
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
        "page, by words": np.tile(total / total.sum(), (count, 1)),
        "page, by blocks": np.tile(scores.mean(axis=0), (count, 1)),
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
    shares, weight = [], 0.0
    for gain in np.sqrt(words + 1).tolist():
        weight = decay * weight + gain
        shares.append(gain / weight)
    means = [running(column, shares) for column in scores.T.tolist()]
    return np.array(means).T[:-1]


def running(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """0, and behind it the mean after each value, that moves towards the value by its share of the way."""
    mean, means = 0.0, [0.0]
    for value, share in zip(values, shares, strict=True):
        mean += (value - mean) * share
        means.append(mean)
    return means


def groups(blocks: Sequence[Block]) -> dict[str, np.ndarray]:
    """Numbers that blocks share that belong together: the same text, begin or shape; for HTML also the containers of
    growing size around each, its place without positions, and the names around it.
    """
    same = [DIGITS.sub("0", block.text.lower()) for block in blocks]
    begin = [f"{' '.join(text.split(None, 2)[:2])} {min(3, len(text) // 40)}" for text in same]
    keys: dict[str, Sequence[Hashable]] = {
        "same text": same,
        "same begin": begin,
        "same shape": [tuple(text_shape(block.text)[0]) for block in blocks],
    }
    if blocks[0].path:
        for least, holding in zip(CONTAINERS, containers(blocks), strict=True):
            keys[f"container of {least} blocks"] = holding
        keys["same place"] = [POSITION.sub("", block.path) for block in blocks]
        keys["same names"] = [block.ancestors[-3:] for block in blocks]
    return {name: numbered(of_block) for name, of_block in keys.items()}


def containers(blocks: Sequence[Block]) -> list[list[str]]:
    """For each of CONTAINERS the innermost element with at least so many blocks around each block; "" if none."""
    around = paths_around(blocks)
    sizes = Counter(chain.from_iterable(around))
    holding: list[list[str]] = []
    for paths in around:
        found: list[str] = []
        for path in paths:
            while len(found) < len(CONTAINERS) and sizes[path] >= CONTAINERS[len(found)]:
                found.append(path)
        holding.append(found + [""] * (len(CONTAINERS) - len(found)))
    return [list(level) for level in zip(*holding, strict=True)]


def numbered(keys: Sequence[Hashable]) -> np.ndarray:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys])


def grouped(name: str, scores: np.ndarray, mass: np.ndarray, group: np.ndarray) -> dict[str, np.ndarray]:
    """For each block, of all blocks of its group: mean score, mean by words, share of the page's content, how many."""
    sizes = np.bincount(group)
    sums = np.stack([np.bincount(group, column) for column in scores.T], axis=1)
    masses = np.stack([np.bincount(group, column) for column in mass.T], axis=1)
    found = {
        f"{name}, by blocks": sums / sizes[:, None],
        f"{name}, by words": masses / (masses.sum(axis=1, keepdims=True) + 1e-9),
        f"{name}, share of article": masses[:, 0] / (mass[:, 0].sum() + 1e-9),
        f"{name}, size": np.log(sizes),
    }
    return {column: values[group] for column, values in found.items()}
