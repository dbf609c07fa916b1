"""blocks -> where their links lead, as tokens: teasers link to long addresses, menus to short ones."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

import numpy as np

from ..document.blocks import Block
from .context import Column, neighbour_lists, own_terms
from .ragged import lists_of, number_keys, numbers_of

LEAD = 2  # tokens of a block's link that its neighbours get as well
MAX_ADDRESS = 4000  # characters of an address that are used; urlsplit caches some of what it splits
EDGES = {"slug": (1, 2, 4, 6), "slug of another site": (1, 3, 5), "number": (1, 4, 6)}  # of numbers in tokens
MAX_HOST = 300  # characters of a host, which urlsplit normalises in quadratic time; a valid name has at most 253
LONG_HOST = re.compile(rf"(?:[^:/?#]*:)?//[^/?#]{{{MAX_HOST + 1}}}")


def link_terms(blocks: Sequence[Block]) -> Column:
    """Return the column of link tokens: of each block's own link, and of its neighbours'."""
    links, of_block = link_lists(blocks)
    lists = np.arange(len(links))
    return Column(lists_of(links), own_terms(of_block, lists) | neighbour_lists(of_block, lists, LEAD))


def link_lists(blocks: Sequence[Block]) -> tuple[list[list[str]], np.ndarray]:
    """Return lists of tokens for images and first links, and for each block the number of its list; the last list is
    empty.

    Tokens tell the number of images, the depth and words of the address, and how often the same link occurs.
    """
    often = Counter(block.href for block in blocks)
    parts = {href: urlsplit_or_none(href) for href in often}
    hosts = Counter[str]()
    for href, part in parts.items():
        if part and part.netloc:
            hosts[part.netloc] += often[href]
    own = hosts.most_common(1)[0][0] if hosts else ""
    keys = [(block.href, min(block.images, 3)) for block in blocks]
    numbers = number_keys(keys)
    found: list[list[str]] = []
    for href, images in numbers:
        part = parts[href]
        if not href or part is None:
            found.append(["to=none", f"images={images}"])
            continue
        lead = " ".join(link_tokens(part, own)).split()  # an address may hold spaces, a token may not
        found.append([*lead, f"images={images}", f"same-link={min(3, often[href])}"])
    return [*found, []], numbers_of(keys, numbers)


def urlsplit_or_none(href: str) -> SplitResult | None:
    """Return the parts of an address, cut to MAX_ADDRESS; None if it is invalid or its host is longer than MAX_HOST."""
    address = href.strip()[:MAX_ADDRESS]
    if LONG_HOST.match(address):
        return None
    try:
        return urlsplit(address)
    except ValueError:
        return None


def link_tokens(link: SplitResult, own: str) -> list[str]:
    """Return tokens of an address: its kind first, then the host if it is another site, or words and length of its
    path.
    """
    if link.scheme not in ("", "http", "https"):
        return [f"to={link.scheme[:12]}"]
    if link.netloc and site_part(link.netloc) != site_part(own):
        return [
            "to=other",
            f"host={site_part(link.netloc)}",
            f"slug={bin_of(link.path.count('-'), EDGES['slug of another site'])}",
        ]
    steps = [step for step in link.path.lower().split("/") if step]
    if not steps:
        return ["to=fragment" if link.fragment else "to=query" if link.query else "to=home", f"#={link.fragment[:30]}"]
    last = steps[-1]
    tokens = [
        f"to=depth{min(4, len(steps))}",
        f"slug={bin_of(last.count('-') + last.count('_'), EDGES['slug'])}",
        f"number={bin_of(sum(map(str.isdigit, last)), EDGES['number'])}",
        f"ending={last.rpartition('.')[2][:6] if '.' in last else ''}",
    ]
    tokens += ["dated"] * bool(re.search(r"/(?:19|20)\d\d/\d", link.path)) + ["query"] * bool(link.query)
    return tokens + [f"step={step[:20]}" for step in steps[:3]] + [f"#={link.fragment[:30]}"] * bool(link.fragment)


def site_part(host: str) -> str:
    return ".".join(host.lower().split(":")[0].removeprefix("www.").split(".")[-2:])


def bin_of(value: float, edges: Sequence[float]) -> int:
    return bisect_right(edges, value)
