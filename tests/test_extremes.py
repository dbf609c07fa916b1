"""Pages made to take all time and memory: each is read in time proportional to its size, and nothing is left out.

They are generated, not stored. Each is taken at a tenth of its size or less, by `make check-full` in full.
"""

import json
import re
import resource
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from hostile import squeezed, visible

from pagesieve.predict import Model, core, load, model
from pagesieve.predict.document import blocks
from pagesieve.predict.document.charset import encodable
from pagesieve.predict.document.limits import MAX_DEPTH, excess
from pagesieve.predict.document.page import PageWarning
from pagesieve.predict.explain import explain
from pagesieve.predict.features import links, markup
from pagesieve.predict.output import formats
from pagesieve.predict.scoring import stages

MODEL = load()
REFERENCE = replace(MODEL, scorers={})
Make = Callable[[int], str]
DEEP, WIDE = "nested deeper than 1000 elements", "more than 2,000 attributes"
REMADE = "formatting that is left open makes more than"


def tags(count: int, pattern: str) -> str:
    return "".join(pattern.format(number) for number in range(count))


# What makes a page of a number of units, the units of the full page, and what a PageWarning says of that.
PAGES: dict[str, tuple[Make, int, str]] = {
    "nested elements": (lambda n: "<div>x" * n, 100_000, DEEP),
    "nested elements that are closed": (lambda n: "<div>x" * n + "</div>" * n, 100_000, DEEP),
    "stray end tags before them": (lambda n: "</div>" * n + "<div>x</q>" * n, 100_000, DEEP),
    "paragraphs": (lambda n: tags(n, "<p>Paragraph {} of a page."), 300_000, "judged in portions"),
    "one paragraph": (lambda n: "<p>" + "word " * n, 1_000_000, ""),
    "one word": (lambda n: "<p>" + "w" * n, 5_000_000, ""),
    "lines": (lambda n: "x y\n" * n, 300_000, "judged in portions"),
    "one line": (lambda n: "x y " * n, 1_000_000, ""),
    "rows": (lambda n: "<table>" + "<tr><td>x" * n, 1_000_000, "judged in portions"),
    "foster parents": (lambda n: "<table>" + "x<tr>" * n, 300_000, ""),
    "links": (lambda n: tags(n, "<a href=/a/{}>x</a>"), 100_000, ""),
    "line breaks": (lambda n: "<p>" + "x<br>" * n, 300_000, ""),
    "empty line breaks": (lambda n: "<p>x" + "<b> </b><br>" * n, 100_000, ""),
    "images": (lambda n: "<img>" * n + "x", 300_000, ""),
    "comments": (lambda n: "x<!-- -->" * n, 300_000, ""),
    "entities": (lambda n: "&amp;&notit;&#x110000;&am" * n, 200_000, ""),
    "null bytes": (lambda n: "<p>x" + "\0" * n, 5_000_000, ""),
    "lone surrogates": (lambda n: "<p>" + "\ud800x" * n, 1_000_000, ""),
    "bidi overrides": (lambda n: "<p>" + "\u202ex" * n, 1_000_000, ""),
    "accents": (lambda n: "<p>a" + "\u0301" * n, 1_000_000, ""),
    "ideographs": (lambda n: "<p>" + "\u5b57" * n, 1_000_000, ""),
    "dots": (lambda n: "<p>" + "...\u2026!" * n + "x", 500_000, ""),
    "at signs": (lambda n: "<p>" + "@" * n + "x", 2_000_000, ""),
    "addresses": (lambda n: "<p>" + "a@" * n, 1_000_000, ""),
    "sentences": (lambda n: "<p>" + "x.\u3002" * n, 1_000_000, ""),
    "a title": (lambda n: f"<title>{'word ' * n}</title>" + tags(n, "<p>word {} of it"), 30_000, ""),
    "attributes": (lambda n: f"<p {tags(n, ' a{}')}>x", 100_000, WIDE),
    "attributes with > in them": (lambda n: "<p" + tags(n, " a{}='></'") + ">x", 100_000, WIDE),
    "attributes of many body tags": (lambda n: tags(n, "<body a{}>") + "x", 100_000, WIDE),
    "one attribute": (lambda n: f"<p title='{'x' * n}'>x", 5_000_000, ""),
    "classes": (lambda n: f"<p class='{tags(n, 'x{} ')}'>x<p>y", 500_000, ""),
    "classes around blocks": (lambda n: f"<div class='{tags(n, 'x{} ')}'>" + "<p>x" * n, 20_000, "markup around"),
    "an address around blocks": (lambda n: f"<a href='{'x' * n}'>" + "<p>x</p>" * n, 20_000, "markup around"),
    "blocks far down": (lambda n: "<div>" * 900 + "<p>x" * n, 30_000, "markup around"),
    "options": (lambda n: "<select>" + "<option>x" * n, 100_000, "more than 20,000 options"),
    "selects": (lambda n: "<select>" * n + "x", 100_000, ""),
    "templates": (lambda n: "<template>" * n + "x", 100_000, DEEP),
    "svg": (lambda n: "<svg>" * n + "x", 100_000, DEEP),
    "math": (lambda n: "<math><mi>" * n + "x", 50_000, DEEP),
    "frames": (lambda n: "<frameset>" * n + "<frame>" * n, 100_000, DEEP),
    "bold": (lambda n: "<b>x" * n, 20_000, DEEP),
    "open links": (lambda n: "<a href=x>x" * n, 20_000, ""),
    "fonts": (lambda n: tags(n, "<font size={}>x"), 20_000, DEEP),
    "bold paragraphs": (lambda n: tags(n, "<p><b id={}>x</p>"), 20_000, REMADE),
    "the same bold in each block": (
        lambda n: f"<p>{tags(900, '<b id={}>')}</p>" + "<p>x</p>" * n, 20_000, REMADE
    ),
    "items": (lambda n: "<li>x" * n, 100_000, ""),
    "forms": (lambda n: "<form>x" * n, 20_000, DEEP),
    "buttons": (lambda n: "<button>x" * n, 20_000, ""),
    "noscript": (lambda n: "<noscript>" + "<p>x" * n, 100_000, ""),
    "plaintext": (lambda n: "<plaintext>" + "<p>" * n, 1_000_000, ""),
    "textarea": (lambda n: "<textarea>" + "x\n" * n, 1_000_000, ""),
    "xmp": (lambda n: "<xmp>" + "<p>" * n, 1_000_000, ""),
    "doctype": (lambda n: f"<!doctype {'x' * n}><p>x", 5_000_000, ""),
    "open comment": (lambda n: "<p>x<!--" + "--" * n, 2_000_000, ""),
    "open CDATA": (lambda n: "<svg><![CDATA[x" + "]]" * n, 2_000_000, ""),
    "open script": (lambda n: "<p>x<script>" + "</scrip" * n, 500_000, ""),
    "open tag": (lambda n: "<p>x<p a='" + "<p>" * n, 1_000_000, ""),
    "tag name": (lambda n: f"<p>x<{'y' * n}>z", 5_000_000, ""),
    "less than": (lambda n: "<p>x" + "<" * n, 2_000_000, ""),
    "less than in a script of svg": (lambda n: "x<svg><script>" + "<" * n, 2_000_000, ""),
    "less than in a style of math": (lambda n: "x<math><style>" + "<" * n, 2_000_000, ""),
    "less than in an iframe of svg": (lambda n: "x<svg><iframe>" + "<" * n, 2_000_000, ""),
    "escaped scripts": (lambda n: "x<script>" + "<!--<script></script>-->" * n, 300_000, ""),
    "marks in a host": (lambda n: f"<a href='http://a{'̣́' * n}/'>x</a>", 1_000_000, ""),
    "a long host and links": (
        lambda n: f"<a href='http://{'a.' * n}b/'>x</a>" + tags(n, "<p><a href=http://b.c/{}>x</a>"), 30_000, ""
    ),
    "end tags of nothing in a tower": (lambda n: "<div>" * 990 + "x" + "</x>" * n, 600_000, ""),
    "end tags behind a barrier": (lambda n: "<q>" * 900 + "<object>x" + "</q>" * n, 600_000, ""),
    "cells without a table": (lambda n: "<object>" * 900 + "<td>x</td>" * n, 100_000, ""),
    "svg closed out of order": (lambda n: "<li><svg></li><p>x" * n, 100_000, "closed out of order"),
    "references of many digits": (lambda n: "<select>" * 1001 + f"&#{'9' * n};", 1_000_000, DEEP),
    "classes of each block": (
        lambda n: f"<div class='{tags(400, 'x{} ')}'>" + tags(n, "<p class=y{}>x"), 10_000, ""
    ),
}  # fmt: skip
MEMORY = 6 << 30  # bytes of address space, libraries and all, that suffice for each
TEXT = {"lines": "text", "one line": "text"}


def labelled(markup: str, kind: str, by: Model = MODEL) -> tuple[list[str], list[str]]:
    """The texts of a page's blocks, and the warnings; written in all formats."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PageWarning)
        shown = by.records(markup, kind=kind)  # type: ignore[arg-type]
    for form in formats.FORMATS.values():
        form.render(shown, "page", False)
    return [block["text"] for block in shown], [str(warning.message) for warning in caught]


def all_text(markup: str, kind: str) -> str:
    """What is to be read on a page, by the parser's own tree or, where it is not parsed, by its tags alone."""
    if kind == "text":
        return squeezed(encodable(markup))
    if excess(markup):
        return squeezed(re.sub(r"<template>.*|='[^']*'|<[^>]*>", "", markup, flags=re.S))
    text, controls = visible(markup)
    return squeezed(text + "".join(controls))


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_left_out_and_time_is_in_proportion_to_size(name: str) -> None:
    make, full, said = PAGES[name]
    kind, units = TEXT.get(name, "html"), full // 1000
    if said == DEEP:
        units = max(units, MAX_DEPTH + 1)  # fewer are parsed

    def seconds(units: int) -> float:
        markup = make(units)
        start = time.process_time()
        texts, _ = labelled(markup, kind)
        taken = time.process_time() - start
        assert squeezed("".join(texts)) == all_text(markup, kind)
        return taken

    while (before := seconds(units)) < 0.01 and units < full // 100:
        units *= 2
    before = min(before, seconds(units))
    allowed = 6 * before + 0.05  # it would be 16 times if it were quadratic
    assert seconds(4 * units) < allowed or seconds(4 * units) < allowed, f"{units} units take {before} s"


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_the_full_page_is_labelled_within_the_limits(name: str, tmp_path: Path) -> None:
    make, full, said = PAGES[name]
    kind, markup = TEXT.get(name, "html"), make(full)
    content = markup.encode("utf-8", "surrogatepass")
    assert len(content) <= 10_000_000
    out = tmp_path / "out.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "pagesieve.predict", "predict", "--input", kind, "-o", str(out), "-"],
        input=content,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 0 and (said in " ".join(lines) if said else not lines), done.stderr
    with out.open(encoding="utf-8") as written:
        texts = [json.loads(line)["text"] for line in written]
    if "surrogates" not in name:  # in bytes there are none
        assert squeezed("".join(texts)) == all_text(markup, kind)


def test_blocks_with_too_much_markup_around_them_keep_their_text(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "<div class='a b c'>" + "<p>x <b>y</b>" * 20
    with_markup, said = labelled(page, "html", REFERENCE)
    assert said == []
    monkeypatch.setattr(blocks, "MAX_AROUND", 300)
    monkeypatch.setattr(blocks, "FREE", 0)
    without, said = labelled(page, "html", REFERENCE)
    assert without == with_markup == ["x y"] * 20
    assert said == ["more than 300 bytes of markup around its blocks: read without it"]


def test_a_page_of_too_many_blocks_is_judged_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"Line {number} of a page." for number in range(25)]
    for module in (core, model, stages):
        monkeypatch.setattr(module, "MAX_BLOCKS", 10)
    with pytest.warns(PageWarning, match="25 blocks: judged in portions of 10"):
        frame = MODEL.label("\n".join(lines), kind="text")
    alone = [MODEL.label("\n".join(lines[start : start + 10]), kind="text") for start in (0, 10, 20)]
    assert frame["text"].tolist() == lines and frame["index"].tolist() == list(range(25))
    assert frame["scores"].tolist() == [row for portion in alone for row in portion["scores"]]


def hostile_page(number: int) -> str:
    """Names and addresses that no other page has, as long as they may be, to fill what is kept from page to page."""
    names = " ".join(f"n{number}x{place}" for place in range(300))
    link = f"<a href='http://{number}.b/{'x' * 5000}"
    return tags(50, f"<p id=a{number}b{{0}} class='{names}'>{link}{{0}}'>x</a><p class='k{number} k{{0}}'>y")


def test_what_is_kept_of_a_page_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(links, "urlsplit", lambda address: asked.append(address) or urlsplit(address))
    markup.cached_element_tokens.cache_clear()
    markup.cached_name_parts.cache_clear()
    REFERENCE.records(f"<p class='{'Name' * 100} {'x ' * 100}'><a href='/{'x' * 100_000}'>x</a>", kind="html")
    assert max(map(len, asked)) == links.MAX_ADDRESS
    assert markup.cached_element_tokens.cache_info().currsize == 3  # <html>, <body> and <a>
    markup.element_tokens("p." + "Name" * 100, "own")
    assert markup.cached_name_parts.cache_info().currsize == 1  # x


@pytest.mark.slow
def test_a_thousand_hostile_pages_leave_no_more_in_memory_than_ten() -> None:
    process, after_ten = psutil.Process(), 0
    for number in range(1000):
        MODEL.records(hostile_page(number), kind="html")
        if number == 9:
            after_ten = process.memory_info().rss
    assert process.memory_info().rss < after_ten + 20_000_000


def peak(act: Callable[[], object]) -> int:
    """Bytes that are taken at most, the second time."""
    act()
    tracemalloc.start()
    act()
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return taken


CELLS = "<td>Port {0} <td><a href='/b/{0}'>Boat</a><td>12.5"
SHAPES: dict[str, Make] = {  # of pages, from a number of units
    "rows": lambda n: "<table>" + tags(n, f"<tr>{CELLS}{CELLS}"),
    "paragraphs": lambda n: tags(2 * n, "<h2>The {0} of May</h2><p>The heron on pier {0} waits for the tide."),
    "classes": lambda n: f"<div class='{tags(500, 'x{} ')}'>" + tags(3 * n, "<p class=y{}>x</p>"),
    "lists in lists": lambda n: tags(n, "<ul class='a{0}'><li>x<ul id=b{0}><li>y<ul><li>z {0}</ul></ul></ul>"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_explaining_a_block_takes_as_much_memory_as_labelling_the_page(shape: str) -> None:
    def memory(of_units: int) -> tuple[int, int]:
        markup = SHAPES[shape](of_units)
        return peak(lambda: explain(MODEL, markup, 5)), peak(lambda: REFERENCE.records(markup))

    names = peak(lambda: explain(MODEL, "<p>x", 0))  # those of all terms: the same for every page
    explained, labelled = memory(300)
    assert explained < 1.5 * labelled + names
    explained, four_times = memory(1200)
    assert explained < 1.5 * four_times + names and four_times < 5 * labelled
