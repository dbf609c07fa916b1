"""bytes -> page: tell HTML from text, and parse it without going quadratic."""

import html
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from selectolax.lexbor import LexborHTMLParser

from .charset import decode, encodable
from .filetype import foreign_type
from .mhtml import html_part, is_mhtml

Kind = Literal["auto", "html", "text"]

MAX_BYTES = 10_000_000  # of a page that the command line reads, unpacked; Common Crawl cuts them at 5 MiB
MAX_DEPTH = 1000  # open elements; the parser's time is quadratic in depth: 10,000 levels take 0.1 s, 100,000 take 19 s
MAX_ATTRIBUTES = 2000  # of an element; the same: 10,000 take 0.15 s
MAX_OPTIONS = 20_000  # of drop-down lists; the same: 20,000 take 1.3 s in one list
MAX_REMADE = 20_000  # formatting elements that are left open, and made anew in each block
MAX_TITLE = 2000  # characters of the title, with which each block is compared
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# Elements whose end tag may be left out: twenty thousand of them in a row are siblings, not a tower.
UNNESTED = frozenset("p option tr td th thead tbody tfoot colgroup html head body".split())
LISTED = {"li": {"ul", "ol", "menu", "dir", "li"}, "dt": {"dl", "dt", "dd"}, "dd": {"dl", "dt", "dd"}}
UNNESTED_IN = {"rt": "ruby", "rp": "ruby", "optgroup": "select"}
# The end tag of one ends all that is open inside, up to a BARRIER.
BLOCKS = frozenset(
    "address applet article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup main marquee menu nav object ol pre search section select summary table "
    "ul".split()
)
BARRIERS = frozenset("applet button marquee object select table template svg math".split())
# Left open, one goes on in what follows the block that it stands in.
FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
REMADE = FORMATTING - {"a", "nobr"}  # of these two, one is open at most
# Elements whose content is never shown; <noscript> is not among them, whole forum threads live there.
NOT_TEXT = frozenset(
    "script style template head title iframe noembed noframes datalist desc metadata defs symbol annotation "
    "annotation-xml".split()
)
INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd mark meter nobr output picture "
    "progress q rp rt ruby s samp small span strike strong sub sup svg time tspan tt u var wbr".split()
)
# Elements that begin and end a block; all others, of whatever name, stand in a line of text, as in browsers.
BLOCK_LEVEL = frozenset(
    "address applet article aside audio blockquote body button canvas caption center col colgroup dd details "
    "dialog dir div dl dt embed fieldset figcaption figure footer foreignObject form frame frameset h1 h2 h3 h4 "
    "h5 h6 header hgroup hr html input label legend li listing main map marquee menu nav noframes noscript object "
    "ol optgroup option p param plaintext pre search section select summary table tbody td text textarea tfoot th "
    "thead tr ul video xmp".split()
)

# An HTML element of this name ends an <svg> or <math> around it (WHATWG HTML, "parsing tokens in foreign content").
ENDS_FOREIGN = frozenset(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta "
    "nobr ol p pre ruby s small span strong strike sub sup table tt u ul var font".split()
)
# Elements of <svg> and <math> that hold HTML again.
HOLDS_HTML = frozenset("foreignobject desc title mi mo mn ms mtext annotation-xml".split())

# A comment, an element whose content is no markup, a tag, or a declaration. Each ends at the end of the page at the
# latest, and nothing is read twice, so that what is left open is not searched for its end again and again.
MARKUP = re.compile(
    r"<(?:!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+(?:--!?>|\Z))"
    r"|((script|style|iframe|noembed|noframes)(?=[\s/>])[^<]*+(?:<(?!/\2[\s/>])[^<]*+)*+(?:</\2[^>]*(?:>|\Z)|\Z))"
    r"""|(/?)([a-z][^\s/>]*+)((?:[^>=]*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>]*+))*+)([^>=]*+)(?:>|\Z)"""
    r"|[!?/][^>]*+(?:>|\Z))",
    re.S | re.I,
)
VALUE = re.compile(r"""=\s*(?:"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^\s>]*)""")
TAG = re.compile(r"<[^>]*>")
LOOKS_LIKE_HTML = re.compile(r"\s*<[a-zA-Z!?/]|.*?<(?:html|body|p|div)\b", re.S | re.I)


SURELY_HTML = re.compile(
    r"\s*<(?:!doctype|html|head|meta|title|link|style|script|body|div|p|h[1-6]|article|main|section|table|ul)\b", re.I
)


class NotAPage(ValueError):
    """The content is that of another kind of file, which the message names."""


class PageWarning(UserWarning):
    """The page could be read, but not in full: the message says what was done."""


@dataclass(frozen=True)
class Page:
    """A decoded page: ``tree`` for HTML, ``lines`` for plain text and for HTML that cannot be parsed in due time.

    Of the ``title``, the first MAX_TITLE characters.
    """

    kind: Literal["html", "text"]
    lines: tuple[str, ...] = ()
    tree: LexborHTMLParser | None = None
    title: str = ""
    flattened: bool = False


def read_page(content: bytes | str, *, kind: Kind = "auto", charset: str | None = None) -> Page:
    """Decode and parse a page; ``content`` is the page itself, never a path.

    Bytes are decoded as ``charset.decode`` does it; ``charset`` is that of the HTTP header. HTML with more than
    MAX_DEPTH, MAX_ATTRIBUTES, MAX_OPTIONS or MAX_REMADE allow is stripped of its tags, read as text lines, marked as
    ``flattened`` and reported by a PageWarning; so is HTML that is read as text as ``kind`` says so. Of MHTML the HTML
    part is read. Raises NotAPage for bytes of another kind of file (a PDF, an image), TypeError for no content.
    """
    if not isinstance(content, bytes | str):
        raise TypeError(f"content must be the page itself, bytes or str, not {type(content).__name__}")
    if isinstance(content, bytes) and kind != "text" and is_mhtml(content):
        return read_mhtml(content, charset)
    text = read_bytes(content, charset) if isinstance(content, bytes) else encodable(content).removeprefix("\ufeff")
    if kind == "text" and is_surely_html(text):
        warnings.warn("looks like HTML, read as text: --input html", PageWarning, stacklevel=2)
    if kind == "auto":
        kind = "html" if looks_like_html(text) else "text"
    if kind == "text":
        return Page("text", lines=text_lines(text))
    if message := excess(text):
        warnings.warn(f"{message}: read as text, without its tags", PageWarning, stacklevel=2)
        return Page("text", lines=text_lines(strip_tags(text)), flattened=True)
    tree = LexborHTMLParser(text)
    title = tree.css_first("title")
    return Page("html", tree=tree, title=" ".join(title.text().split())[:MAX_TITLE].strip() if title else "")


def read_bytes(content: bytes, charset: str | None) -> str:
    """The text of a page; raises NotAPage for another kind of file."""
    if found := foreign_type(content, charset):
        raise NotAPage(f"looks like {found}, not like a page")
    return decode(content, charset)


def read_mhtml(content: bytes, charset: str | None) -> Page:
    """The HTML part of an MHTML file as a page; raises NotAPage if there is none that can be read."""
    try:
        part, named = html_part(content)
    except ValueError as error:
        raise NotAPage(str(error)) from error
    return read_page(encodable(read_bytes(part, charset or named)), kind="html")


def looks_like_html(text: str) -> bool:
    return LOOKS_LIKE_HTML.match(text) is not None


def is_surely_html(text: str) -> bool:
    """Whether the text begins like HTML, as no text does that is meant as such."""
    return SURELY_HTML.match(text) is not None


def text_lines(text: str) -> tuple[str, ...]:
    r"""The non-empty lines; they end at \n, \r\n or \r only."""
    lines = (" ".join(line.split()) for line in re.split(r"\r\n|\r|\n", text))
    return tuple(line for line in lines if line)


def excess(text: str) -> str:
    """What the markup has too much of to be parsed in due time and space, in words; empty if nothing."""
    tags = MARKUP.findall(text)
    deepest, remade = nesting(tags)
    if deepest > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH} elements"
    if remade > MAX_REMADE:
        return f"formatting that is left open makes more than {MAX_REMADE:,} elements"
    if attributes(tags) > MAX_ATTRIBUTES:
        return f"an element has more than {MAX_ATTRIBUTES:,} attributes"
    if sum([name.lower() == "option" for _, _, slash, name, *_ in tags if not slash]) > MAX_OPTIONS:
        return f"more than {MAX_OPTIONS:,} options"
    return ""


def nesting(tags: Iterable[tuple[str, ...]]) -> tuple[int, int]:
    """The most elements that are open at once, and how many formatting elements are made anew; linear in the tags.

    It counts to MAX_DEPTH + 1. Where tags are nested wrongly it rather overstates: it closes an element only where the
    parser does so for certain.
    """
    deepest = remade = left_open = 0
    stack: list[str] = []
    foreign = False  # inside an <svg> or <math>, where every name nests, but <name/> is closed
    for raw, _, slash, name, _, rest in tags:
        name = name.lower()
        if slash:
            size = len(stack)
            close(name, stack, foreign)
            left_open -= name in REMADE and len(stack) < size
            foreign = foreign and name not in BLOCKS
        elif name:
            foreign = foreign and name not in ENDS_FOREIGN
            closed = rest.endswith("/") and (foreign or name in ("svg", "math"))
            if not closed and (foreign or nests(name, stack)):
                stack.append(name)
                left_open += name in REMADE
                foreign = foreign or name in ("svg", "math")
            remade += left_open if name not in INLINE else 0
        if name in HOLDS_HTML or (slash and name in ("svg", "math")):
            foreign = bool(slash) and name not in stack and ("svg" in stack or "math" in stack)
        deepest = max(deepest, len(stack) + (raw.count("<") if foreign else 0))
        if deepest > MAX_DEPTH:
            return MAX_DEPTH + 1, remade
    return deepest, remade


def attributes(tags: Iterable[tuple[str, ...]]) -> int:
    """The most attributes of an element; those of all tags of <html> come together on one, those of <body> too."""
    most, roots = 0, Counter[str]()
    for _, _, slash, name, values, rest in tags:
        root = len(name) == 4 and name.lower() in ("html", "body")
        if not slash and (root or len(values) + len(rest) > MAX_ATTRIBUTES):
            count = len(VALUE.sub(" ", values + rest).replace("/", " ").split())
            if root:
                roots[name.lower()] += count
            most = max(most, count, *roots.values())
    return most


def nests(name: str, stack: list[str]) -> bool:
    """Whether what follows this start tag may stand inside the element; a <li> of a list, say, only adds a sibling."""
    if name in UNNESTED:
        return bool(stack) and stack[-1] != name and stack[-1] not in BLOCKS
    if name in LISTED:
        return not stack or stack[-1] not in LISTED[name]
    return name not in VOID and UNNESTED_IN.get(name) not in stack


def close(name: str, stack: list[str], foreign: bool) -> None:
    """Takes from the stack what the end tag of this name closes for certain."""
    if name in stack:
        start = len(stack) - 1 - stack[::-1].index(name)
        inner = stack[start + 1 :]
        if not inner or (name in FORMATTING and BARRIERS.isdisjoint(inner)):
            del stack[start]
        elif name in BLOCKS and BARRIERS.isdisjoint(inner):
            stack[start:] = [tag for tag in inner if tag in FORMATTING]
        elif foreign and name in ("svg", "math"):
            del stack[start:]


def strip_tags(text: str) -> str:
    """The text of a page without its tags, a line per block; linear in its length, loses no visible word."""
    parts: list[str] = []
    hidden, end, foreign = "", 0, False
    for markup in MARKUP.finditer(text):
        slash, name = markup[3], (markup[4] or "").lower()
        parts.append("" if hidden else text[end : markup.start()])
        if foreign and not hidden and (markup[1] or "").count("<") - (markup[1] or "").count("</") > 1:
            parts += TAG.split(markup[1])  # here, an element in a <script> is one, and may be shown
        if name == hidden and slash:
            hidden = ""
        elif (name == "title" or (name == "template" and not foreign)) and not hidden and not slash:
            hidden = name
        if name in ("svg", "math"):
            foreign = not slash
        if name in BLOCK_LEVEL or name == "br":
            parts.append("\n")
        end = markup.end()
    return html.unescape("".join(parts) + ("" if hidden else text[end:]))
