"""How markup is taken apart before it is parsed: the same tags and text as the parser's own, and none is hidden."""

import random
import time

import pytest
from hostile import squeezed
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pagesieve.predict.document.attributes import unescape
from pagesieve.predict.document.elements import OpenElements
from pagesieve.predict.document.limits import MAX_ATTRIBUTES, MAX_DEPTH, MAX_UNSURE, excess, strip_tags
from pagesieve.predict.document.tokens import tags

# Not among them: those of tables, formatting, and others of which the parser passes over some or moves them.
NAMES = (
    "div x-a p span script style textarea title xmp iframe noembed noframes svg math g foreignObject desc mi mo "
    "section annotation-xml br img plaintext noscript lin\u212a \u017fcript sty\u017fe mglyph listing"
).split()
MORE = ("", "", "", "/", " x", "=''", " a='>'", " encoding=text/html")
OTHERS = (
    "<", "</", ">", "/>", "/", "=", "'", '"', " ", "\t", "\n", "\x0c", "\x0b", "\xa0", "!", "<!", "<!-", "<!--", "-->",
    "--!>", "->", "-", "--", "]]>", "]]", "]", "<?", "?>", "a", "x='>'", 'x=">"', "='>", "=<", "<script", "</script",
    "<!--<script>", "</script>", "</style>", "</textarea>", "</title>", "</xmp>", "</svg>", "</math>", "<svg>",
    "<svg/>", "<svg><desc>", "<svg><![CDATA[", "<a-b ='>", "</div>", "</g>", "word", "1", "</1", "</>", "<1",
)  # fmt: skip


def soup(draw: random.Random) -> str:
    ends = [name for name in NAMES if name not in ("br", "p")]  # those two make elements
    parts = [
        draw.choice(
            [f"<{draw.choice(NAMES)}{draw.choice(MORE)}>", f"</{draw.choice(ends)}>", *draw.choices(OTHERS, k=3)]
        )
        for _ in range(draw.randint(1, 14))
    ]
    return "<body>." + "".join(parts)


def taken_apart(markup: str) -> tuple[list[str], str] | None:
    """The names of start tags, and the text; None if it cannot be told without parsing."""
    elements, names, text, end = OpenElements(), [], "", 0
    for match, name, _, _ in tags(markup, elements):
        text += markup[end : match.start()] + ((match.lastindex == 6 and match[6]) or "")
        end = match.end()
        if name and not match[1]:
            names.append(lower(name))
    return None if elements.lost else (names[1:], squeezed(text + markup[end:]))


def parsed(markup: str) -> tuple[list[str], str]:
    names, text = [], ""
    body = LexborHTMLParser(markup).body
    waiting: list[LexborNode | None] = [body.first_child if body else None]
    while waiting:
        if (node := waiting.pop()) is not None:
            waiting += [node.next, node.first_child]
            if node.is_element_node:
                names.append(lower(node.tag or ""))
            elif node.tag == "-text":
                text += node.text_content or ""
    return names, squeezed(text)


def lower(name: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in name)


@pytest.mark.parametrize("count", [5_000, pytest.param(400_000, marks=pytest.mark.slow)])
def test_hostile_markup_has_the_tags_and_text_that_the_parser_finds(count: int) -> None:
    draw, lost = random.Random(1), 0
    for _ in range(count):
        markup = soup(draw)
        found = taken_apart(markup)
        lost += found is None
        assert found is None or found == parsed(markup), markup
    assert lost < count / 100


# What hid all tags behind it, or closed what stays open.
HIDING = (
    "<a ='>", "<p/='>", "<script\xa0>", "<\u017fcript>", "<script\x0b>", "<title><script></title>",
    "<textarea><!--</textarea>", "<xmp><style></xmp>", "<svg><![CDATA[><!--]]></svg>", "<style><!--</style>",
    "<script><!--<script></script>--></script>", "<iframe><!--</iframe>", "<svg><style><!--</style>--></svg>",
    "<p a=x ='>", "<p a='x'='>", "<![CDATA[<!--]]>",
    "<math><annotation-xml encoding='text&#47;html'><style><!--</style>",
)  # fmt: skip


@pytest.mark.parametrize("start", HIDING)
def test_no_markup_hides_what_follows_from_the_limits(start: str) -> None:
    assert excess(start + "<div>" * (MAX_DEPTH + 1)).startswith("nested deeper")
    assert "attributes" in excess(f"{start}<p{' a' * (MAX_ATTRIBUTES + 1)}>")
    assert "options" in excess(start + "<option>x</option>" * 20_001)


@pytest.mark.parametrize(
    "start",
    ["<template><col><style></template>", "<template><template><object></template><col><plaintext></template>",
     "<template><p><col><style><!--</style></template>", "<template><bgsound><col><svg></template><style><!--</style>"],
)  # fmt: skip
def test_a_template_that_begins_with_columns_hides_nothing_from_the_limits(start: str) -> None:
    assert excess(start + "<div>" * (MAX_UNSURE // 5 + 1)) and not excess(start)
    assert excess("<template><col><p></template><style>p</style>" + "<b>x</b>" * MAX_UNSURE) == ""


@pytest.mark.parametrize(
    "unit",
    [
        "<form><div></form>", "<form><table><td></form></table></form>", "<li><div><li><section></div>",
        "<table><table></table><section></table>", "<h1><h2></h2><section></h1>", "<select><input><section></select>",
        "<object></template><a><template>",
        "<ruby><table><td><rt>", "<lin\u212a>", "<p></ruby><h1><ruby>", "</button><pre><button></pre><article>",
    ],
)  # fmt: skip
def test_what_the_parser_leaves_open_is_counted(unit: str) -> None:
    assert excess(unit * (MAX_DEPTH + 1)).startswith("nested deeper")


def test_formatting_that_eight_blocks_keep_open_is_counted() -> None:
    unit = "<b id={}>" + "<div>" * 9 + "</b>" + "</div>" * 9 + "x"
    assert excess("".join(unit.format(number) for number in range(MAX_DEPTH + 1))).startswith("nested deeper")


@pytest.mark.parametrize("outer", ["div", "span", "em", "x-a"])
def test_formatting_that_goes_on_behind_each_end_tag_is_counted(outer: str) -> None:
    formatting = "".join(f"<b a{number}>" for number in range(250))
    assert excess(f"<{outer}>" * 250 + formatting + f"</{outer}>x" * 250).startswith("formatting that is left open")
    assert excess("<b>" + "<svg><g></g></svg>" * 30_000) == ""
    assert excess("x<select><nobr><table>" * 250).startswith("formatting that is left open")


def test_attributes_are_counted_whatever_their_names_begin_with() -> None:
    for attribute in (" =a", "/=", " =a=''", ' a=""=b', "\x0cx", " '", ' "'):
        assert "attributes" in excess(f"<p{attribute * 2 * (MAX_ATTRIBUTES + 1)}>")  # every second may be a value


def test_an_svg_that_is_closed_out_of_order_is_parsed_where_it_makes_no_difference() -> None:
    assert excess("<div><svg><g></div>" + "<div>x</div>" * MAX_UNSURE) == ""
    assert excess("<ul><li><svg><g></li></ul><style>x</style>") == ""
    assert "out of order" in excess("<div><svg><g></div><style>" + "<b>x" * MAX_UNSURE)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<textarea>a <title> b</textarea>c", "a<title>bc"),
        ("<xmp><title></xmp>a", "<title>a"),
        ("<textarea><!-- a note</textarea>b", "<!--anoteb"),
        ("<title>a</title>b<svg><title>c</title></svg>d", "bcd"),
        ("<script>a<!--<script>b</script>c--></script>d", "d"),
        ("<svg><![CDATA[a<b>]]></svg>c", "a<b>c"),
        ("<xmp>&amp;</xmp>&amp;<textarea>&amp;</textarea>", "&amp;&&"),
        ("<plaintext>a<b>", "a<b>"),
        ("a<template>b<template>c</template>d", "ad"),
        ("<template><col><style></template>a<style>b</style><p>c", "ac"),
        ("a</ b>c</", "ac</"),
    ],
)
def test_without_tags_no_text_is_hidden(markup: str, text: str) -> None:
    assert squeezed(strip_tags(markup)) == text


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("&#" + "9" * 4301, "\ufffd"), ("&#" + "0" * 5000 + "65;", "A"), ("&#x" + "0" * 5000 + "41;", "A"),
        ("&#x" + "f" * 5000 + ";", "\ufffd"), ("&#1114112;", "\ufffd"), ("&#65;&#x41;&amp;&#0;", "AA&\ufffd"),
        ("&#" + "9" * 8 + "x", "\ufffdx"), ("&#;&#x;&# 1", "&#;&#x;&# 1"),
    ],
)  # fmt: skip
def test_references_of_any_number_are_replaced(reference: str, text: str) -> None:
    assert unescape(reference) == text
    assert strip_tags(reference) == text


@pytest.mark.parametrize(
    "beyond",
    [
        "<table><tr>" + "<i>heron<tr>" * 20_000,
        "<svg>" + "".join(f"<a{n}>" for n in range(20_000)) + "<g></g>" * 20_000,
        "<object></template>" * 20_000,
    ],
    ids=["formatting", "names", "regions"],
)
def test_a_page_beyond_the_limits_is_stripped_of_its_tags_in_linear_time(beyond: str) -> None:
    start = time.process_time()
    assert excess(beyond)
    strip_tags(beyond)
    assert time.process_time() - start < 3
