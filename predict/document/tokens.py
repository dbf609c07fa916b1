"""page -> tags, split as by the parser (WHATWG HTML, "Tokenization"), in one linear pass.

Each pattern stops at the end of the page at the latest, and no part is scanned twice, so that unclosed markup does not
cause repeated searches for its end.
"""

import re
from collections.abc import Iterator

from .attributes import SPACE, VALUE
from .elements import OpenElements

TAG = (
    rf"(/?)([a-zA-Z][^{SPACE}/>]*+)((?:[{SPACE}/]*+[^{SPACE}/>][^{SPACE}/>=]*+(?:{VALUE})?+)*+)([{SPACE}/]*+)(?:(>)|\Z)"
)
COMMENT = r"!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+(?:--!?>|\Z))"
DECLARATION = r"(?:[!?]|/(?!\Z))[^>]*+(?:>|\Z)"
CDATA = r"!\[CDATA\[([^\]]*+(?:\](?!\]>)[^\]]*+)*+)(?:\]\]>|\Z)"
MARKUP = re.compile(rf"<(?:{TAG}|{COMMENT}|{DECLARATION})")
MARKUP_IN_FOREIGN = re.compile(rf"<(?:{TAG}|{COMMENT}|{CDATA}|{DECLARATION})")


def text_until_end(name: str) -> re.Pattern[str]:
    """Return the content of an element in which nothing but its end tag is markup."""
    return re.compile(rf"[^<]*+(?:<(?!/{name}[{SPACE}/>])[^<]*+)*+", re.I | re.A)


def script_until_end() -> re.Pattern[str]:
    """Return the content of a <script>: its end tag does not end it in a comment behind another <script>."""
    end, dash = rf"/script[{SPACE}/>]", "-(?!->)[^-<]*+"
    doubly_escaped = rf"<script(?=[{SPACE}/>])(?:[^-<]++|{dash}|<(?!{end})[^-<]*+)*+(?:</script(?=[{SPACE}/>]))?+"
    escaped = rf"<!(?=--)(?:[^-<]++|{dash}|{doubly_escaped}|<(?!{end})[^-<]*+)*+(?:-->)?+"
    return re.compile(rf"[^<]*+(?:(?:{escaped}|<(?!{end}))[^<]*+)*+", re.I | re.A)


# What the text of an HTML element is, where it is not what lies between tags.
RAW = {name: text_until_end(name) for name in "title textarea style xmp iframe noembed noframes".split()}
RAW |= {"script": script_until_end(), "plaintext": re.compile(r".*+", re.S)}


def tags(text: str, elements: OpenElements) -> Iterator[tuple[re.Match[str], str, str, bool]]:
    """Yield each tag, comment and declaration of a page, after it has changed the open ``elements``.

    Gives the match, whose groups are "/" of an end tag, name, attributes, white space and slashes behind, ">", and the
    text of a CDATA section; the tag's name in lower case and its attributes, "" where it is no tag; and whether it is a
    start tag of HTML.
    """
    place: int | None = 0
    while place is not None:
        start, place, foreign = place, None, elements.foreign
        for match in (MARKUP_IN_FOREIGN if foreign else MARKUP).finditer(text, start):
            slash, name, values, slashes, ended = match.group(1, 2, 3, 4, 5)
            if not ended:
                elements.lost |= match.lastindex == 6 and elements.unsure is not None
                yield match, "", "", False
                continue
            if not name.islower() and name.isascii():  # of other letters, some become ASCII in lower case
                name = name.lower()
            of_html = False
            if slash:
                elements.close(name)
            else:
                of_html = elements.open(name, values, slashes)
            yield match, name, values, of_html
            if of_html and name in RAW:
                raw = RAW[name].match(text, match.end())
                place = raw.end() if raw else len(text)
                break
            if elements.foreign != foreign:
                place = match.end()
                break
