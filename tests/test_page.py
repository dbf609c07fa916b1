"""bytes -> page: which encoding wins, where a text line ends, and which nesting is too deep to parse."""

import codecs
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.charset import decode
from pagesieve.predict.document.elements import OpenElements
from pagesieve.predict.document.filetype import foreign_type
from pagesieve.predict.document.limits import MAX_DEPTH, excess, strip_tags
from pagesieve.predict.document.page import Kind, NotAPage, Page, PageWarning, read_page, text_lines
from pagesieve.predict.document.shadow import with_shadow_roots
from pagesieve.predict.document.tokens import tags

PAGE = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<title>The  ferry
to Brønnøy</title>
</head>
<body>
<p>Det blåser på øya i dag.</p>
</body></html>"""

NAMES = "div span p li dd b a section rt select option ruby svg g math mi title table tr td button x desc foreignObject"


def flattened(markup: str) -> Page:
    with pytest.warns(PageWarning, match="nested deeper than 1000|closed out of order"):
        page = read_page(markup, kind="html")
    assert page.flattened and page.kind == "text" and page.tree is None
    return page


def depth(markup: str) -> int:
    """The most elements that are open at once, as it is judged without parsing."""
    elements = OpenElements()
    return max([len(elements.names) + elements.extra for _ in tags(markup, elements)], default=0)


def parsed_depth(markup: str) -> int:
    """How deep the parser's own tree is, walked without recursion."""
    stack: list[tuple[LexborNode | None, int]] = [(LexborHTMLParser(markup).root, 1)]
    deepest = 0
    while stack:
        node, level = stack.pop()
        if node is not None:
            deepest = max(deepest, level)
            stack += [(node.next if level > 1 else None, level), (node.first_child, level + 1)]
    return deepest


def test_html_page() -> None:
    page = read_page(PAGE)
    assert (page.kind, page.title, page.lines, page.flattened) == ("html", "The ferry to Brønnøy", (), False)
    assert page.tree and page.tree.body and page.tree.body.text().strip() == "Det blåser på øya i dag."


@given(st.text(st.characters(codec="utf-8")))
def test_bytes_and_str_agree(text: str) -> None:
    markup = f"<meta charset=utf-8><p>{text}"
    read, decoded = read_page(markup), read_page(markup.encode())
    assert read.tree and decoded.tree and read.tree.html == decoded.tree.html
    assert read.title == decoded.title


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        (codecs.BOM_UTF8 + "<meta charset=koi8-r>é".encode(), "latin-1", "<meta charset=koi8-r>é"),
        (codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), "utf-8", "é"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), None, "é"),
        (codecs.BOM_UTF32_LE + "é".encode("utf-32-le"), None, "é"),
        ("<meta charset=koi8-r>é".encode(), "utf-8", "<meta charset=koi8-r>é"),
        ("<meta charset=koi8-r>привет".encode("koi8-r"), None, "<meta charset=koi8-r>привет"),
        ('<meta content="text/html; charset=koi8-r" http-equiv=content-type>да'.encode("koi8-r"), None, None),
        ("<p>é</p>".encode(), None, "<p>é</p>"),
        ("Le garçon a mangé des pâtes à l'été, près de la forêt.".encode("latin-1"), None, None),
        ("Съешь ещё этих мягких французских булок, да выпей чаю. ".encode("cp1251") * 3, None, None),
        ("<meta charset=utf-16>é".encode(), None, "<meta charset=utf-16>é"),
        ("<meta charset=klingon>é".encode(), "qwx", "<meta charset=klingon>é"),
        (b"", None, ""),
    ],
)
def test_encoding_is_bom_then_header_then_meta_then_detector(
    content: bytes, charset: str | None, text: str | None
) -> None:
    expected = {b"Le": "garçon", b"\xd1\xfa": "Съешь", b"<m": "да"}
    decoded = decode(content, charset)
    assert decoded == text if text is not None else expected[content[:2]] in decoded


# Codecs of Python that are no charsets among them: they raise of themselves.
LABELS = ["utf-16", "utf-7", "idna", "punycode", "undefined", "unicode_escape", "base64", "hex", "zip", "rot13", "mbcs"]


@given(st.binary(), st.sampled_from([*LABELS, "", "ü", "a\nb", '"', ";"]) | st.text())
def test_no_charset_raises(content: bytes, label: str) -> None:
    meta = f"<meta charset='{label}'>".encode("utf-8", "replace")
    for body in (content, meta + content):
        for charset in (None, label):
            assert isinstance(decode(body, charset), str)


@pytest.mark.parametrize("label", [*LABELS[1:], "klingon"])
def test_a_label_that_names_no_charset_is_passed_over(label: str) -> None:
    assert decode(b"<meta charset=latin1>\xe9", label) == "<meta charset=latin1>é"
    assert decode(f"<meta charset={label}>é".encode()) == f"<meta charset={label}>é"


def test_undecodable_bytes_become_replacement_characters() -> None:
    assert decode(b"a\xff\xfeb", "utf-8") == "a��b"


@given(st.binary() | st.text(), st.sampled_from(["auto", "html", "text"]))
def test_no_content_raises_and_the_same_gives_the_same(content: bytes | str, kind: Kind) -> None:
    if isinstance(content, bytes) and foreign_type(content):
        with pytest.raises(NotAPage):
            read_page(content, kind=kind)
        return
    first, second = read_page(content, kind=kind), read_page(content, kind=kind)
    assert (first.kind, first.lines, first.title) == (second.kind, second.lines, second.title)
    assert (first.tree and first.tree.html) == (second.tree and second.tree.html)


@pytest.mark.parametrize("content", [None, 3, ["<p>"], bytearray(b"<p>")])
def test_content_must_be_a_page(content: object) -> None:
    with pytest.raises(TypeError, match="the page itself, bytes or str, not"):
        read_page(content)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("<p>x", "html"), (" \n<!doctype html>x", "html"), ("<?xml version='1.0'?>", "html"), ("</div>", "html"),
        ("Title\nword <BODY class=x>", "html"), ("words and <p>more", "html"), ("\ufeff<html>", "html"),
        ("3 < 4", "text"), ("< 4", "text"), ("<3 you", "text"), ("a <b> c", "text"), ("x <paragraph>", "text"),
        ("", "text"),
    ],
)  # fmt: skip
def test_auto_kind(content: str, kind: str) -> None:
    assert read_page(content).kind == kind
    assert read_page(content.encode("utf-8")).kind == kind


def test_a_line_ends_at_three_characters_only() -> None:
    text = "one\x0bstill\x0cone\x1cand\u0085one\u2028more\r\n\r\n  two \t times\rthree\n\n \u3000\nfour"
    assert text_lines(text) == ("one still one and one more", "two times", "three", "four")
    assert read_page(text).lines == text_lines(text)


LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))


@given(st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n", "\r"]))))
def test_one_non_empty_line_gives_one_line(lines: list[tuple[str, str]]) -> None:
    page = read_page("-\n" + "".join(line + end for line, end in lines), kind="text")
    assert page.lines == ("-", *(" ".join(line.split()) for line, _ in lines if line.strip()))
    assert page.title == "" and page.tree is None


def test_a_hundred_thousand_levels_are_flattened() -> None:
    count = 100_000
    page = flattened("".join(f"<div class='a>b'>w{i} <b>x</b>" for i in range(count)))
    assert " ".join(page.lines).split() == [word for i in range(count) for word in (f"w{i}", "x")]


@pytest.mark.parametrize(
    "tower",
    [
        "<div>", "<div/>", "<div></x>", "<div title='></div>'>", "<span></div>", "<o:p>", "<noscript>", "<!--><div>",
        "<!-- --!><div>", "<title-bar>", "<rt>", "<optgroup>", "<svg><tr>", "<svg><g id=x/>",
        "<span><div></span></div>", "<span><p></span></p>", "<svg><foreignObject><p></foreignObject></svg>",
        "<svg><desc><x/>", "<math><mi><x/>", "<div id='<!--'>", "<template>",
    ],
)  # fmt: skip
def test_towers_are_too_deep(tower: str) -> None:
    page = flattened(f"<body>first {tower * (MAX_DEPTH + 1)} <p>last")
    assert page.lines[0].startswith("first")
    assert page.lines[-1] == "last" or tower == "<template>"


@pytest.mark.parametrize("start", ["<svg>", "<math>", "<div id='<!--'>", "<svg><style>", "<svg><desc></desc>"])
def test_towers_that_begin_in_odd_places(start: str) -> None:
    inner = "<tr>" if start in ("<svg>", "<math>") else "<g>"
    flattened(start + inner * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "row",
    [
        "<p>x", "<li>x", "<dt>x<dd>x", "<br>", "<img>", "<input>", "<div>x</div>", "<svg/>", "<p>", "<!-- <div> -->",
        "<svg><p>",
        "<script>'<div>'</script>", "<svg><path/><path/></svg>", "<svg><desc>x</desc><path/></svg>",
        "<ruby>x<rt>x</ruby>", "<ruby>x<rp>(<rt>x<rp>)</ruby>", "<svg><title>x</title><use href='#x'/></svg>",
        "<select><optgroup label=x><option>x<optgroup label=x></select>", "<p a='<div>'>", "<iframe><div></iframe>",
        "<svg><foreignObject><p>x</p></foreignObject><path/></svg>",
    ],
)  # fmt: skip
def test_rows_are_not_deep(row: str) -> None:
    markup = f"<body>{row * 10_000}"
    assert depth(markup) < 20 and parsed_depth(markup) < 20
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_page(markup).tree is not None


def test_open_table_rows_and_svg_paths_are_not_deep() -> None:
    assert depth("<table>" + "<tr><td>x" * 10_000) == 2
    assert depth("<ul>" + "<li><p>x" * 10_000) == 2
    assert depth("<svg>" + "<path d='M0 0'/>" * 10_000) == 1
    assert depth("<svg>" + "<div/>" * 10_000) > MAX_DEPTH


TAG = st.tuples(st.sampled_from(["<{}>", "</{}>", "<{}/>"]), st.sampled_from(NAMES.split()))


@given(st.lists(TAG.map(lambda pair: pair[0].format(pair[1])), max_size=6))
def test_depth_hardly_understates_wrong_nesting(tags: list[str]) -> None:
    """Repeated, what stays open in the parser's tree at each turn must show; a table's cells are five levels a turn."""
    markup = "".join(tags) * 50
    assert parsed_depth(markup) <= 5 * depth(markup) + 12


def test_depth_of_sloppy_markup_is_not_overstated() -> None:
    rows = ["<div><span>x</div>", "<div><p>x</div>", "<b><div>x</b></div>", "<table><tr><td><p>x<td>y</table>",
            "<select><option>x</select>", "<svg><path></svg>", "<ul><li><p>x</ul>", "<h2><span>x</h2>"]  # fmt: skip
    assert depth("".join(rows) * 1000) < 20


def test_flat_text_keeps_its_words_and_blocks() -> None:
    markup = (
        "<!doctype html><title>Not shown</title><style>b{}</style><p>a <b>b</b>c &amp; 3 &lt; 4</p><!-- no --><div>d"
        "<script>if (a </b>) no()</script>e<br>f<a title='x > y'>g</a></div><noscript>h</noscript>"
        "<template>no<p>no</template>i"
    )
    assert text_lines(strip_tags(markup)) == ("a bc & 3 < 4", "de", "fg", "h", "i")


@pytest.mark.parametrize("opening", "< <!-- <script> </ <![ <a= <template> <a|b=c <a|b=' <a|= <a|".split())
def test_what_is_left_open_is_scanned_once(opening: str) -> None:
    """A scan that is quadratic would take minutes."""
    markup = opening.replace("|", " ") * 200_000
    excess(markup)
    strip_tags(markup)


def test_a_declarative_shadow_root_is_shown_and_any_other_template_is_not() -> None:
    page = read_page(
        "<x-card><TEMPLATE ShadowRootMode='Open'><p>Shown<template><p>Held back</template><p>Shown too</template>Beside"
        "</x-card>"
        '<template title="shadowrootmode=open"><p>Never</template><p>Last'
    )
    assert [block.text for block in segment(page)] == ["Shown", "Shown too", "Beside", "Last"]


def test_a_template_that_is_written_in_a_script_or_comment_declares_nothing() -> None:
    html = "<script>'<template shadowrootmode=open>'</script><!-- <template shadowrootmode=open> --><p>Text</p>"
    assert with_shadow_roots(html) == html


def test_a_charset_that_is_no_name_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="charset must be its name, a str, not int"):
        read_page(b"<p>Text</p>", charset=5)  # type: ignore[arg-type]
