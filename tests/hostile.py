"""Hostile pages for the tests: soup of tags and other marks, and pages with a few bytes changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pagesieve.predict.document.charset import encodable
from pagesieve.predict.document.formula import HOLDS_HTML
from pagesieve.predict.document.limits import NOT_DRAWN, NOT_TEXT

PAGES = Path(__file__).parents[1] / "data" / "pages"
NAMES = (
    "p div span b i a nobr font table tbody tr td th caption colgroup col select option optgroup svg g path math mi mo "
    "mtext annotation-xml foreignObject desc title br hr img input textarea button form label pre li ul ol dl dt dd h1 "
    "h2 html head body frameset frame template noscript script style iframe noembed noframes plaintext xmp listing "
    "ruby rb rt rp rtc object applet marquee details summary dialog menu o:p custom-tag meta link base address"
).split()
ATTRIBUTES = (
    "", " id=x", " class='a b'", " hidden", " href=/a/b-c", " placeholder='say it'", " value=go type=submit",
    " type=hidden", " label=group", " =x", " a=<b", " title='>'", " style='display:none'", " x y x", " \0=1",
    ' name="\ud800"', "/", " encoding=text/html", " definitionurl=x", " onclick=alert(1)",
)  # fmt: skip
OTHERS = (
    "<!--", "-->", "--!>", "<!-->", "<!--->", "<![CDATA[", "]]>", "<!doctype html>", "<!DOCTYPE", "<?xml version='1'?>",
    "<", ">", "</", "</>", "<!", "&", "&amp", "&amp;", "&notit;", "&#0;", "&#x110000;", "&#xD800;", "&#128;", "&#9;",
    "\0", "\ud800", "\udfff", "\ufeff", "\r", "\n", "\r\n", "\x0c", "\t", " ", "\x1b[31m", "\x9b2J", "\x07", "\x7f",
    "\u202e", "\u2066", "\u200b", "\u2028", "\x85", "\xa0", "\u3000", "=1+1", "-", "@x", "…", "...", "é", "字", "😀",
    "\U0010ffff", "</script", "</style >", "</textarea>", '"', "'", "word", "A sentence of a few words.", "x" * 200,
)  # fmt: skip
START = st.builds(lambda name, more: f"<{name}{more}>", st.sampled_from(NAMES), st.sampled_from(ATTRIBUTES))
END = st.sampled_from([f"</{name}>" for name in NAMES])
TEXT = st.text(st.characters(), max_size=8)  # with control characters and surrogates
FRAGMENT = START | END | st.sampled_from(OTHERS) | TEXT
SOUP = st.lists(FRAGMENT, max_size=25).map("".join)
# Of a sample page a stretch is taken, not all, so that a case takes about a millisecond.
SAMPLES = [path.read_text("utf-8") for path in sorted(PAGES.iterdir())]


def changed(page: str, start: int, changes: list[tuple[int, int, str]]) -> str:
    """2,000 characters of a page from ``start`` on, in which stretches are replaced: place, length, by what."""
    text = page[start % len(page) :][:2000]
    for place, length, other in changes:
        place %= len(text) + 1
        text = text[:place] + other + text[place + length :]
    return text


PLACE = st.integers(0, 1 << 20)
CHANGES = st.lists(st.tuples(PLACE, st.integers(0, 60), FRAGMENT), max_size=8)
MUTATED = st.builds(changed, st.sampled_from(SAMPLES), PLACE, CHANGES)
PAGE = SOUP | MUTATED


def on_many(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], count: int) -> None:
    """Checks ``count`` cases, always the same ones."""
    seen = 0

    def counted(case: Any) -> None:
        nonlocal seen
        seen += 1
        check(case)

    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    settings(max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=checks)(
        given(strategy)(counted)
    )()
    assert seen >= count


def visible(markup: str) -> tuple[str, list[str]]:
    """The text of a page's tree without what is never shown, and what its form controls show, by CSS selectors."""
    tree = LexborHTMLParser(encodable(markup).removeprefix("\ufeff"))
    for name in sorted(NOT_TEXT):
        for node in tree.css(name):
            node.decompose()
    for name in sorted(NOT_DRAWN - NOT_TEXT):
        for node in tree.css(name):
            if is_drawn(node):
                node.decompose()
    controls = [node.attributes[name] for name in ("label",) for node in tree.css(f"optgroup[{name}]")]
    controls += [node.attributes["placeholder"] for node in tree.css("textarea[placeholder]")]
    controls += [of_input(node) for node in tree.css("input")]
    return tree.root.text() if tree.root else "", [text for text in controls if text and text.strip()]


def is_drawn(node: LexborNode) -> bool:
    """Whether an element is of an <svg> or <math>, rather than of the HTML in one."""
    around = node.parent
    while around is not None and around.tag not in ("svg", "math"):
        if around.tag in HOLDS_HTML:
            return False
        around = around.parent
    return around is not None


def of_input(node: LexborNode) -> str | None:
    given = node.attributes
    kind = (given.get("type") or "").lower()
    if kind in ("hidden", "checkbox", "radio", "file", "image", "range", "color", "password"):
        return ""
    return given.get("value") or ("" if kind in ("submit", "button", "reset") else given.get("placeholder"))


def squeezed(text: str) -> str:
    return "".join(text.split())
