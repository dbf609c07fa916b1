"""Any page, however broken: nothing raises, no visible character is lost or doubled, and every form of output is safe.

Each property is checked on a few hundred cases, and by `make check-full` on many more: with the fuzz run 200,000.
"""

import csv
import io
import json
import re
import warnings
from typing import Any

import numpy as np
import pytest
from hostile import PAGE, SOUP, TEXT, on_many, squeezed, visible
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from pagesieve.predict import load
from pagesieve.predict.document.blocks import Block, segment
from pagesieve.predict.document.charset import decode, encodable
from pagesieve.predict.document.filetype import foreign_type
from pagesieve.predict.document.limits import strip_tags
from pagesieve.predict.document.page import PageWarning, read_page
from pagesieve.predict.labels import LABELS
from pagesieve.predict.output import formats, json_lines
from pagesieve.predict.output.terminal import printable
from pagesieve.predict.scoring.decision import drop_repeated

MODEL = load()
AS_TEXT = pytest.mark.filterwarnings("ignore:looks like HTML, read as text")
LINES = st.lists(TEXT | st.sampled_from(["\n", "\r", "\r\n", "One line of a page.", "<p>"]), max_size=20).map("".join)
CELL = re.compile(r"[\s\u200b\ufeff]*[=+\-@].|[\t\r\n].", re.S)


def cases(few: int, many: int) -> Any:
    """A test on so many cases; the many in `make check-full` only."""
    return pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.slow)])


def blocks_of(content: str | bytes, kind: Any = "html") -> list[Block]:
    return segment(read_page(content, kind=kind))


@cases(300, 20_000)
def test_every_visible_character_of_soup_is_in_exactly_one_block_in_order(count: int) -> None:
    def check(markup: str) -> None:
        blocks = blocks_of(markup)
        text, controls = visible(markup)
        of_text = [block.text for block in blocks if "/@" not in block.path]
        assert squeezed("".join(of_text)) == squeezed(text)
        of_controls = [block.text for block in blocks if "/@" in block.path]
        assert sorted(map(squeezed, of_controls)) == sorted(map(squeezed, controls))
        assert [block.index for block in blocks] == list(range(len(blocks)))
        assert len({block.path for block in blocks}) == len(blocks)
        assert all(block.text.strip() and 0 <= block.link_share <= 1 and block.path for block in blocks)

    on_many(PAGE, check, count)


@AS_TEXT
@cases(200, 8_000)
def test_the_same_page_gives_the_same_as_bytes_and_str_and_again(count: int) -> None:
    def check(markup: str) -> None:
        for kind in ("auto", "html", "text"):
            first = blocks_of(markup, kind)
            assert first == blocks_of(markup, kind)
            encoded = encodable(markup)
            if foreign_type(encoded.encode(), "utf-8"):
                continue
            assert blocks_of(encoded, kind) == segment(read_page(encoded.encode(), kind=kind, charset="utf-8"))  # type: ignore[arg-type]

    on_many(PAGE, check, count)


@AS_TEXT
@cases(200, 8_000)
def test_every_visible_character_of_a_text_page_is_in_its_line(count: int) -> None:
    def check(text: str) -> None:
        blocks = blocks_of(text, "text")
        assert [squeezed(block.text) for block in blocks] == [
            squeezed(line) for line in re.split(r"\r\n?|\n", encodable(text).removeprefix("\ufeff")) if line.strip()
        ]

    on_many(LINES, check, count)


@cases(200, 8_000)
def test_no_bytes_raise_whatever_charset_they_claim(count: int) -> None:
    labels = st.sampled_from(
        ["", "utf-8", "utf-16", "utf-16be", "utf-32", "shift_jis", "gb18030", "iso-2022-jp", "utf-7"]
    )

    def check(case: tuple[bytes, str, str]) -> None:
        body, header, declared = case
        content = f"<meta charset={declared}>".encode() * bool(declared) + body
        assert decode(content, header) == decode(content, header)
        if foreign_type(content, header):
            return
        text = "".join(block.text for block in segment(read_page(content, charset=header)))
        assert "\0" not in text or b"\0" in content

    soup = SOUP.map(lambda text: text.encode("utf-8", "surrogatepass"))
    marks = st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff"])
    bodies = st.tuples(marks, st.binary(max_size=60) | soup).map(b"".join)
    on_many(st.tuples(bodies, labels, labels), check, count)


@cases(200, 4_000)
def test_a_page_that_is_read_without_its_tags_loses_no_word(count: int) -> None:
    def check(markup: str) -> None:
        lost = set(visible(markup)[0].split()) - set(strip_tags(markup).split())
        assert not [word for word in lost if word.isalpha() and word.isascii() and len(word) > 3]

    names = "p div span b a table tr td li ul h1 svg noscript script style title template button o:p".split()
    tags = st.sampled_from([mark.format(name) for name in names for mark in ("<{}>", "</{}>", "<{} x='>'>")])
    words = st.sampled_from([" word ", " other ", " <!-- none --> ", " third "])
    on_many(st.lists(tags | words, max_size=20).map("".join), check, count)


@cases(60, 2_000)
def test_labels_are_probabilities_and_the_same_for_bytes_and_str(count: int) -> None:
    def check(markup: str) -> None:
        encoded = encodable(markup)
        if foreign_type(encoded.encode(), "utf-8"):
            return
        first = MODEL.label(encoded, kind="html")
        assert first.equals(MODEL.label(encoded.encode(), kind="html", charset="utf-8"))
        scores = np.array([list(row.values()) for row in first["scores"]]).reshape(-1, len(LABELS))
        assert (scores >= 0).all() and (scores <= 1).all() and np.abs(scores.sum(axis=1) - 1).max(initial=0) < 1e-9
        assert set(first["label"]) <= set(LABELS) and first["confidence"].between(0, 1).all()
        article = first.loc[first["label"] == "article_content", "text"].tolist()
        assert MODEL.text(encoded, kind="html") == "\n\n".join(drop_repeated(article))

    on_many(PAGE, check, count)


def rendered(page: list[json_lines.Record], name: str) -> dict[str, str]:
    return {form: one.render(page, name, True) for form, one in formats.FORMATS.items()}


@cases(200, 8_000)
def test_no_text_steers_a_terminal_computes_in_a_spreadsheet_or_becomes_markup(count: int) -> None:
    scores = dict.fromkeys(LABELS, 0.25)

    def check(case: tuple[list[str], str]) -> None:
        texts, name = case
        page = [
            {"page": name, "index": i, "text": text, "label": LABELS[i % 4], "scores": scores, "confidence": 0.5}
            | ({"path": f"/html/{name}"} if i % 2 else {})
            for i, text in enumerate(texts)
        ]
        shown = rendered(page, name)
        for form, content in shown.items():
            assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]", content), form
            assert "\x0c" not in content[form == "text" and bool(name) :]
        assert [json.loads(line)["text"] for line in shown["jsonl"].split("\n")[:-1]] == [
            encodable(text) for text in texts
        ]
        rows = list(csv.reader(io.StringIO(shown["csv"], newline="")))
        assert len(rows) == len(texts) and not [
            cell for row in rows for cell in row if CELL.match(cell) and not number(cell)
        ]
        tree = LexborHTMLParser(shown["html"])
        tags = {node.tag for node in tree.css("*")}
        assert not tags & {"script", "img", "svg", "iframe", "object", "b:x"}
        assert [node.text() for node in tree.css(".columns > div .text")] == [printable(text) for text in texts]
        assert not [node for node in tree.css("*") if any(attribute.startswith("on") for attribute in node.attributes)]

    on_many(st.tuples(st.lists(SOUP.filter(str.strip), min_size=1, max_size=4), SOUP), check, count)


def number(cell: str) -> bool:
    return bool(re.fullmatch(r"[\d.e+-]+", cell)) and not re.match("[+-]", cell)


def test_every_warning_names_what_was_done() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_page("<b>" * 2000, kind="html")
    assert [warning.category for warning in caught] == [PageWarning]
