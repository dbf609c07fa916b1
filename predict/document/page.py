"""bytes -> page: tell HTML from text, and parse it without going quadratic."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from .charset import decode, encodable
from .filetype import foreign_type
from .limits import excess, strip_tags
from .mhtml import html_part, is_mhtml
from .shadow import with_shadow_roots

Kind = Literal["auto", "html", "text"]

MAX_BYTES = 10_000_000  # of a page that the command line reads, unpacked; Common Crawl cuts them at 5 MiB
MAX_TITLE = 2000  # characters of the title, with which each block is compared
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


def never(text: str) -> bool:
    """Return that this markup is not known to be harmless."""
    return False


def read_page(
    content: bytes | str,
    *,
    kind: Kind = "auto",
    charset: str | None = None,
    is_harmless: Callable[[str], bool] = never,
) -> Page:
    """Decode and parse a page; ``content`` is the page itself, never a path.

    Bytes are decoded as ``charset.decode`` does it; ``charset`` is that of the HTTP header. HTML beyond the limits of
    ``limits.py`` is stripped of its tags, read as text lines, marked as ``flattened`` and reported by a PageWarning; so
    is HTML that is read as text as ``kind`` says so. What ``is_harmless`` is not searched for markup beyond the limits,
    nor for shadow roots. Of MHTML the HTML part is read. Raises NotAPage for bytes of another kind of file (a PDF, an
    image), TypeError for no content, or a charset that is no name.
    """
    if not isinstance(content, bytes | str):
        raise TypeError(f"content must be the page itself, bytes or str, not {type(content).__name__}")
    if not isinstance(charset, str | None):
        raise TypeError(f"charset must be its name, a str, not {type(charset).__name__}")
    if isinstance(content, bytes) and kind != "text" and is_mhtml(content):
        return read_mhtml(content, charset, is_harmless)
    text = read_bytes(content, charset) if isinstance(content, bytes) else encodable(content).removeprefix("\ufeff")
    if kind == "text" and is_surely_html(text):
        warnings.warn("looks like HTML, read as text: --input html", PageWarning, stacklevel=2)
    if kind == "auto":
        kind = "html" if looks_like_html(text) else "text"
    if kind == "text":
        return Page("text", lines=text_lines(text))
    if not is_harmless(text):
        text = with_shadow_roots(text)
        if message := excess(text):
            warnings.warn(f"{message}: read as text, without its tags", PageWarning, stacklevel=2)
            return Page("text", lines=text_lines(strip_tags(text)), flattened=True)
    try:
        tree = LexborHTMLParser(text)
    except SelectolaxError as error:  # there is no HTML that cannot be parsed
        raise MemoryError from error
    title = tree.css_first("title")
    return Page("html", tree=tree, title=" ".join(title.text().split())[:MAX_TITLE].strip() if title else "")


def read_bytes(content: bytes, charset: str | None) -> str:
    """Return the text of a page; raises NotAPage for another kind of file."""
    if found := foreign_type(content, charset):
        raise NotAPage(f"looks like {found}, not like a page")
    return decode(content, charset)


def read_mhtml(content: bytes, charset: str | None, is_harmless: Callable[[str], bool]) -> Page:
    """Return the HTML part of an MHTML file as a page; raises NotAPage if there is none that can be read."""
    try:
        part, named = html_part(content)
    except ValueError as error:
        raise NotAPage(str(error)) from error
    return read_page(encodable(read_bytes(part, charset or named)), kind="html", is_harmless=is_harmless)


def looks_like_html(text: str) -> bool:
    return LOOKS_LIKE_HTML.match(text) is not None


def is_surely_html(text: str) -> bool:
    """Return whether the text begins like HTML, as no text does that is meant as such."""
    return SURELY_HTML.match(text) is not None


def text_lines(text: str) -> tuple[str, ...]:
    r"""The non-empty lines; they end at \n, \r\n or \r only."""
    lines = (" ".join(line.split()) for line in re.split(r"\r\n|\r|\n", text))
    return tuple(line for line in lines if line)
