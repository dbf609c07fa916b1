"""blocks of an HTML page -> tags, classes and ids of the elements around each block, as words."""

import re
from collections.abc import Sequence
from functools import lru_cache, partial

from .context import Column, shared_terms
from .page_context import PageContext

MAX_NAMES = 10_000  # characters used of an element's tag, id, classes and marks
MAX_CACHED = 120  # characters of an element whose tokens are cached for later pages; 12 kB each, 24 MB in all
MAX_PART = 40  # characters of a name whose parts are cached
NAME = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+")


def markup_terms(page: PageContext) -> Column:
    """Return the column of tag, class and id words of each block's element and its ancestors."""
    return shared_terms([block.ancestors for block in page.blocks], partial(markup_tokens, kept={}))


def markup_tokens(ancestors: Sequence[str], kept: dict[tuple[str, str], dict[str, None]]) -> list[str]:
    """Return the tag, class and id words of a block's own element, of the next two ancestors, and of all others.

    ``kept`` is a cache of the tokens of the page's elements, and is extended.
    """
    tokens: dict[str, None] = {}
    for distance, element in enumerate(reversed(ancestors)):
        key = element, ("own", "up1", "up2")[distance] if distance < 3 else "far"
        if key not in kept:
            kept[key] = (cached_element_tokens if len(element) <= MAX_CACHED else element_tokens)(*key)
        tokens.update(kept[key])
    return list(tokens)


def element_tokens(element: str, where: str) -> dict[str, None]:
    tag, *names = element[:MAX_NAMES].replace("#", ".").split(".")
    tokens = [f"{where}={tag}"]
    for name in names:
        tokens += [f"{where}:{part}" for part in (cached_name_parts if len(name) <= MAX_PART else name_parts)(name)]
        if where != "far":
            tokens += f"{where}.{name.lower()}".split()
    return dict.fromkeys(tokens)


def name_parts(name: str) -> list[str]:
    """Return the words in a name, without single letters: "relatedPosts" -> ["related", "posts"]."""
    return [part.lower() for part in NAME.findall(name) if len(part) > 1]


cached_element_tokens = lru_cache(maxsize=2000)(element_tokens)
cached_name_parts = lru_cache(maxsize=5000)(name_parts)
