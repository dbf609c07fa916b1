"""blocks of an HTML page -> tags, classes and ids of the elements around each block, as words."""

import re
from collections.abc import Sequence
from functools import lru_cache, partial

from .context import Column, shared
from .page_context import PageContext

MAX_NAMES = 10_000  # characters used of an element's tag, id, classes and marks
MAX_KEPT = 120  # characters of an element whose tokens are cached for later pages; 12 kB each, 24 MB in all
MAX_PART = 40  # characters of a name whose parts are cached
NAME = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+")


def marked_up(page: PageContext) -> Column:
    """Return the column of tag, class and id words of each block's element and its ancestors."""
    return shared([block.ancestors for block in page.blocks], partial(markup_of, kept={}))


def markup_of(ancestors: Sequence[str], kept: dict[tuple[str, str], dict[str, None]]) -> list[str]:
    """Return the tag, class and id words of a block's own element, of the next two ancestors, and of all others.

    ``kept`` is a cache of the tokens of the page's elements, and is extended.
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
    """Return the words in a name, without single letters: "relatedPosts" -> ["related", "posts"]."""
    return [part.lower() for part in NAME.findall(name) if len(part) > 1]


kept_tokens = lru_cache(maxsize=2000)(tokens_of)
kept_parts = lru_cache(maxsize=5000)(parts_of)
