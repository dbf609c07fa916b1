"""blocks -> features: what the first pass sees of a block, and what those behind it see of the page around it.

Both are arrays that a pickled scikit-learn Pipeline takes by column number, so nothing of this file is in the model.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .around import READ, ancestor_paths, near, within
from .blocks import Block
from .labels import LABELS
from .links import binned, linked

BLOCK_COLUMNS = ("words", "markup", "shape", "links", "near", "within")

MAX_CHARS = 600  # of a block's text that are read for words, from each end
HEADING = re.compile(r"h[1-6]")
SURE = 0.8  # probability of a first-pass label that later blocks are told of
SHORT_LINE = 5  # words of a text line that may head what follows
CONTAINERS = (2, 4, 8, 16, 32, 64)  # blocks that a container around a block has at least
LONG = 120  # characters of a paragraph that is hardly a menu entry
UNSPACED = re.compile(r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")
WORD = re.compile(r"\w{4,}|[\u0e00-\u9fff]")  # a word that is likely to say what a text is about
NAME = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+")
SENTENCE_END = re.compile(r"[.!?。！？।؟](?=\s|$|[\"'»”’)])|[。！？।]")
DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b")
CUT_OFF = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])\W*$")
CONTACT = re.compile(r"\S@\S+\.\S|https?://|www\.")
QUOTE, BAR, COPYRIGHT = re.compile(r"^[\"“„«”‘'「]"), re.compile(r"\|"), re.compile("©")


def block_features(blocks: Sequence[Block], title: str = "") -> np.ndarray:
    """First-pass features: an object array (blocks, BLOCK_COLUMNS) of strings; a page's blocks in their order."""
    shapes = [shape(block) for block in blocks]
    places = placed(blocks)
    heads = headed(blocks)
    echoes = echoed(blocks)
    links = linked(blocks)
    openings = [words_of(block.text[:READ]).split()[1:] for block in blocks]
    around = zip(near(openings), within(blocks, openings), strict=True)
    rows = np.empty((len(blocks), len(BLOCK_COLUMNS)), dtype=object)
    for i, (block, words_around) in enumerate(zip(blocks, around, strict=True)):
        tokens, targets = shapes[i] + places[i] + heads[i] + echoes[i], list(links[i])
        for offset in (-2, -1, 1, 2):
            inside = 0 <= i + offset < len(blocks)
            tokens += [f"{offset:+d}:{token}" for token in (shapes[i + offset][:5] if inside else ["none"])]
            targets += [f"{offset:+d}:{token}" for token in (links[i + offset][:2] if inside else [])]
        if title:
            tokens.append(f"title={title_overlap(block.text, title)}")
        rows[i] = words_of(block.text), markup_of(block), " ".join(tokens), " ".join(targets), *words_around
    return rows


def placed(blocks: Sequence[Block]) -> list[list[str]]:
    """Where each block stands: from start and end, among how much text, behind and before how many paragraphs."""
    count = len(blocks)
    all_of, so_far = Counter(block.text for block in blocks), Counter[str]()
    lengths = np.array([len(block.text) for block in blocks])
    total = np.concatenate([[0], np.cumsum(np.minimum(lengths, 1000))])
    long = np.concatenate([[0], np.cumsum(lengths > LONG)])
    places = []
    for i, block in enumerate(blocks):
        tokens = [
            f"first={binned(i, (1, 2, 3, 5, 8, 13, 21, 34, 55))}",
            f"last={binned(count - 1 - i, (1, 2, 3, 5, 8, 13, 21, 34, 55))}",
            f"part={10 * i // count}",
            f"count={binned(count, (10, 30, 100, 300))}",
            f"behind={binned(long[i], (1, 2, 4, 8))}",
            f"before={binned(long[-1] - long[i + 1], (1, 2, 4, 8))}",
            f"earlier={min(3, so_far[block.text])}",
            f"later={min(3, all_of[block.text] - 1 - so_far[block.text])}",
        ]
        for reach in (3, 8):
            low, high = max(0, i - reach), min(count, i + reach + 1)
            around = (total[high] - total[low] - min(1000, lengths[i])) / max(1, high - low - 1)
            tokens.append(f"density{reach}={binned(around, (10, 20, 35, 60, 100, 160, 250))}")
        places.append(tokens)
        so_far[block.text] += 1
    return places


def echoed(blocks: Sequence[Block]) -> list[list[str]]:
    """For each block how many of its words the page's paragraphs have: teasers of other pages share few with them."""
    bags = [frozenset(WORD.findall(UNSPACED.sub(r" \1 ", block.text.lower()))) for block in blocks]
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
    text = re.sub(r"\d", "0", text.lower())
    return "¶ " + UNSPACED.sub(r" \1 ", text) + " ¶"


def markup_of(block: Block) -> str:
    """Tag, class and id words of the block's own element, of the two around it, and of all the others."""
    tokens: dict[str, None] = {}
    for distance, element in enumerate(reversed(block.ancestors)):
        tokens.update(element_tokens(element, ("own", "up1", "up2")[distance] if distance < 3 else "far"))
    return " ".join(tokens)


@lru_cache(maxsize=50_000)
def element_tokens(element: str, where: str) -> dict[str, None]:
    tag, *names = re.split(r"[.#]", element)
    tokens = [f"{where}={tag}"]
    for name in names:
        tokens += [f"{where}:{part.lower()}" for part in NAME.findall(name) if len(part) > 1]
        if where != "far":
            tokens.append(f"{where}.{name.lower()}")
    return dict.fromkeys(tokens)


def shape(block: Block) -> list[str]:
    """The block's look as tokens, those first that its neighbours see too."""
    seen, own = text_shape(block.text)
    if block.path:
        return [*seen[:-1], f"links={binned(block.link_share, (0.01, 0.2, 0.5, 0.9))}", f"tag={block.tag}", *own]
    return [*seen, *own]


@lru_cache(maxsize=50_000)
def text_shape(text: str) -> tuple[list[str], list[str]]:
    tokens = text.split()
    letters = sum(map(str.isalpha, text))
    starts = sum(token[0].isupper() for token in tokens) / max(1, len(tokens))
    count = len(UNSPACED.findall(text)) // 2 + len(tokens)
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
        f"upper={binned(sum(map(str.isupper, text)) / max(1, letters), (0.001, 0.05, 0.15, 0.5, 0.99))}",
        f"capitals={binned(starts, (0.15, 0.3, 0.5, 0.7, 0.99))}",
        f"digits={binned(sum(map(str.isdigit, text)) / len(text), (0.001, 0.05, 0.2, 0.5))}",
        f"commas={binned(text.count(','), (1, 2, 4))}",
    ]
    signs = {"date": DATE, "cutoff": CUT_OFF, "contact": CONTACT, "quote": QUOTE, "bar": BAR, "copyright": COPYRIGHT}
    return seen, own + [name for name, pattern in signs.items() if pattern.search(text)]


def ending(text: str) -> str:
    if CUT_OFF.search(text):
        return "cutoff"
    return "letter" if text[-1].isalpha() else "digit" if text[-1].isdigit() else text[-1]


def title_overlap(text: str, title: str) -> str:
    if text == title:
        return "same"
    if len(text) > 10 and text in title:
        return "inside"
    a, b = set(text.lower().split()), set(title.lower().split())
    return str(binned(len(a & b) / max(1, len(a | b)), (0.2, 0.5, 0.8)))


def page_features(blocks: Sequence[Block], scores: np.ndarray, evidence: np.ndarray | None = None) -> np.ndarray:
    """Features of the passes behind the first: an array (blocks, columns) of float32, from scores (blocks, labels).

    A block's own scores, its neighbours', those of the page before and behind it, of the page as a whole, and of the
    blocks that belong together with it; with the ``evidence`` (blocks, BLOCK_COLUMNS, labels) of a first pass that too.
    HTML pages have more columns than text pages, for they have containers and headings.
    """
    return np.column_stack(list(page_columns(blocks, scores, evidence).values())).astype(np.float32)


def page_names(kind: str, *, evidence: bool) -> list[str]:
    """The names of the columns of ``page_features`` for a kind of page (html, text), in their order."""
    block, even = Block(0, "-", path="/html" if kind == "html" else ""), np.full((1, len(LABELS)), 1 / len(LABELS))
    none = np.zeros((1, len(BLOCK_COLUMNS), len(LABELS)))
    columns = page_columns([block], even, none if evidence else None).items()
    return [name for group, values in columns for name in ([group] if values.ndim == 1 else by_label(group))]


def by_label(name: str) -> list[str]:
    return [f"{name}: {label}" for label in LABELS]


def page_columns(
    blocks: Sequence[Block], scores: np.ndarray, evidence: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """What ``page_features`` puts side by side, by name: arrays (blocks, labels) or (blocks,)."""
    words = np.array([len(block.text.split()) for block in blocks], dtype=float)
    mass = np.minimum(words, 100)[:, None] * scores
    columns = {"log score": np.log(np.clip(scores, 1e-3, 1)), "score": scores, "words": np.log1p(words)}
    columns |= beside(scores, words) | along(scores, mass, words)
    for name, keys in groups(blocks).items():
        columns |= grouped(name, scores, mass, keys)
    carried = {"score": scores}
    if evidence is not None:
        own = {f"evidence of {name}": evidence[:, place] for place, name in enumerate(BLOCK_COLUMNS)}
        columns, carried = columns | own, carried | own
    if blocks[0].path:
        heads = headings(blocks)
        columns |= {f"{name}, heading above": last_of(values, heads) for name, values in carried.items()}
    return columns


def beside(scores: np.ndarray, words: np.ndarray) -> dict[str, np.ndarray]:
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
    means, weight = np.zeros_like(scores), 0.0
    mean = np.zeros(scores.shape[1])
    for i in range(1, len(scores)):
        gain = np.sqrt(words[i - 1] + 1)
        weight = decay * weight + gain
        mean = mean + (scores[i - 1] - mean) * (gain / weight)
        means[i] = mean
    return means


def groups(blocks: Sequence[Block]) -> dict[str, list[str]]:
    """Keys by which blocks belong together: the same text, begin or shape; for HTML also the containers of growing
    size around each, its place without positions, and the names around it.
    """
    same = [re.sub(r"\d+", "0", block.text.lower()) for block in blocks]
    begin = [f"{' '.join(text.split()[:2])} {min(3, len(text) // 40)}" for text in same]
    shapes = [" ".join(text_shape(block.text)[0]) for block in blocks]
    keys = {"same text": same, "same begin": begin, "same shape": shapes}
    if not blocks[0].path:
        return keys
    sizes: Counter[str] = Counter()
    around = [ancestor_paths(block.path) for block in blocks]
    for paths in around:
        sizes.update(paths)
    for least in CONTAINERS:
        holding = [next((path for path in paths if sizes[path] >= least), "") for paths in around]
        keys[f"container of {least} blocks"] = holding
    keys["same place"] = [re.sub(r"\[\d+\]", "", block.path) for block in blocks]
    keys["same names"] = ["/".join(block.ancestors[-3:]) for block in blocks]
    return keys


def grouped(name: str, scores: np.ndarray, mass: np.ndarray, keys: Sequence[str]) -> dict[str, np.ndarray]:
    """For each block, of all blocks with its key: mean score, mean by words, share of the page's content, how many."""
    _, inverse = np.unique(keys, return_inverse=True)
    sizes = np.bincount(inverse)
    sums = np.stack([np.bincount(inverse, column) for column in scores.T], axis=1)
    masses = np.stack([np.bincount(inverse, column) for column in mass.T], axis=1)
    found = {
        f"{name}, by blocks": sums / sizes[:, None],
        f"{name}, by words": masses / (masses.sum(axis=1, keepdims=True) + 1e-9),
        f"{name}, share of article": masses[:, 0] / (mass[:, 0].sum() + 1e-9),
        f"{name}, size": np.log(sizes),
    }
    return {group: values[inverse] for group, values in found.items()}
