"""page -> the limit that its markup exceeds, beyond which parsing takes too long; and its text without tags."""

import re
from collections import Counter

from .attributes import count_attributes, unescape
from .element_names import BLOCK_LEVEL
from .elements import OpenElements
from .tokens import RAW, tags

MAX_DEPTH = 1000  # open elements; the parser's time is quadratic in depth: 10,000 levels take 0.1 s, 100,000 take 19 s
MAX_ATTRIBUTES = 2000  # of an element; the same: 10,000 take 0.15 s
MAX_OPTIONS = 20_000  # of drop-down lists; the same: 20,000 take 1.3 s in one list
MAX_REMADE = 20_000  # formatting elements that are left open, and opened again in each block
MAX_UNSURE = 20_000  # characters after an <svg> or <math> whose end is uncertain without parsing
FOLLOWED = 20  # formatting elements that are followed beyond these limits, where no tag depends on them
MAX_MEMORY = 4_000_000_000  # bytes for a page in a worker; a table of 1,000,000 rows takes 1.6 GB
MAX_SECONDS = 1800.0  # for a page on the command line; such a table takes 40 s of a core
LEAST_UNPACKED = 1_000_000_000  # unpacked bytes that are read of an archive in any case
MAX_EXPANSION = 100  # times the size of a larger archive; pages have factors of 5 to 20
LEAST_RECORD = 1000  # bytes that a record counts in addition to its content, as each takes 4 to 15 µs
# Elements whose content is never shown; <noscript> is not among them, whole forum threads live there.
NOT_TEXT = frozenset("script style template head title iframe noembed noframes datalist".split())
NOT_DRAWN = NOT_TEXT.union("desc metadata defs symbol annotation annotation-xml".split())  # in an <svg> or <math>
ROOTS = frozenset({"html", "body"})  # all tags of this name add attributes to one element
FRAMESET = re.compile("<frameset", re.I | re.A)


def excess(text: str) -> str:
    """Return the limit that the markup exceeds, in words; empty if it can be parsed in due time and memory."""
    elements = OpenElements()
    options, attributes = 0, Counter[str]()
    depth = f"nested deeper than {MAX_DEPTH} elements"
    if len(FRAMESET.findall(text)) > MAX_DEPTH:  # after one, the parser may ignore all other tags
        return depth
    for match, name, values, of_html in tags(text, elements):
        if len(elements.names) + elements.extra > MAX_DEPTH:
            return depth
        if elements.remade > MAX_REMADE:
            return f"formatting that is left open makes more than {MAX_REMADE:,} elements"
        if elements.lost and len(text) - match.end() > MAX_UNSURE:
            return f"an <svg>, <math> or <template> is closed out of order, {MAX_UNSURE:,} characters before the end"
        if of_html and name == "option":
            options += 1
            if options > MAX_OPTIONS:
                return f"more than {MAX_OPTIONS:,} options"
        elif name in ROOTS or len(values) > MAX_ATTRIBUTES:
            attributes[name] = count_attributes(values) + (attributes[name] if name in ROOTS else 0)
            if attributes[name] > MAX_ATTRIBUTES:
                return f"an element has more than {MAX_ATTRIBUTES:,} attributes"
    return ""


def strip_tags(text: str) -> str:
    """Return the text of a page without its tags, a line per block; linear in its length, loses no
    word between tags.
    """
    parts: list[str] = []
    hidden, raw, end = "", "", 0
    for match, name, _, of_html in tags(text, OpenElements(most_kept=FOLLOWED)):
        if not hidden and raw not in NOT_TEXT:
            between = text[end : match.start()]
            parts.append(between if raw and raw != "textarea" else unescape(between))
            parts.append((match.lastindex == 6 and match[6]) or "")
        if name in BLOCK_LEVEL or name == "br":
            parts.append("\n")
        if name == "template":
            hidden = "template" if of_html else hidden if match[1] == "" else ""
        raw, end = name if of_html and name in RAW else "", match.end()
    between = "" if hidden or raw in NOT_TEXT else text[end:]
    return "".join([*parts, between if raw and raw != "textarea" else unescape(between)])
