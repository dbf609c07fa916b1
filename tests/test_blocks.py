"""page -> blocks: where blocks are cut, what counts as text, and that no visible character is lost or doubled."""

import re
from html import escape
from html.parser import HTMLParser

import lxml.html  # type: ignore[import-untyped]  # of trafilatura's
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pagesieve.predict.document.blocks import Block, segment
from pagesieve.predict.document.filetype import foreign_type
from pagesieve.predict.document.limits import NOT_TEXT
from pagesieve.predict.document.page import Kind, NotAPage, read_page

PAGE = """<!doctype html><html lang="en"><head><title>Tide</title><style>p { color: red }</style></head>
<body class="single post-7"><nav id="menu"><ul><li><a href="/">Home</a></li><li><a href="/a">About</a></li></ul></nav>
<article class="entry main"><h1>The tide <em>turned</em></h1>
<p>By noon the <a href="/flats">flats</a> were dry.<br>Nobody went out.<br><br>At six they did.</p>
<pre>high  06:12
  low 12:30</pre><script>track("p")</script><!-- advert -->
<table><tbody><tr><th>Port</th><td>Metres</td></tr></tbody></table></article>
<form id="respond"><label for="m">Your comment</label><textarea id="m" placeholder="Be kind"></textarea>
<input type="hidden" value="7"><input placeholder="Name"><input type="submit" value="Post it"></form>
<noscript><div class="thread">Read all replies</div></noscript><template><p>Unused</p></template></body></html>"""


def blocks_of(markup: str) -> list[Block]:
    return segment(read_page(markup, kind="html"))


def texts(markup: str) -> list[str]:
    return [block.text for block in blocks_of(markup)]


def found(markup: str, path: str) -> str:
    """The text that an XPath of element, text and attribute steps leads to in the parser's tree."""
    node = LexborHTMLParser(markup).root
    for step in path.split("/")[2:]:
        assert node is not None, path
        if step.startswith("@"):
            return node.attributes[step[1:]] or ""
        matched = re.fullmatch(r"(.+)\[(\d+)\]", step)
        assert matched, path
        name, number = matched[1], int(matched[2])
        node = [child for child in children(node) if fits(child, name)][number - 1]
    return node.text() if node else ""


def children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True)) if node else []


def fits(node: LexborNode, name: str) -> bool:
    if name == "text()":
        return bool(node.is_text_node)
    return bool(node.is_element_node) and name in ("*", node.tag)


def test_a_page() -> None:
    blocks = blocks_of(PAGE)
    assert [(block.tag, block.text) for block in blocks] == [
        ("li", "Home"), ("li", "About"), ("h1", "The tide turned"),
        ("p", "By noon the flats were dry. Nobody went out."), ("p", "At six they did."),
        ("pre", "high  06:12\n  low 12:30"), ("th", "Port"), ("td", "Metres"),
        ("label", "Your comment"), ("textarea", "Be kind"), ("input", "Name"), ("input", "Post it"),
        ("div", "Read all replies"),
    ]  # fmt: skip
    assert [block.index for block in blocks] == list(range(13))
    assert blocks[2].ancestors == ("html", "body.single.post-7", "article.entry.main", "h1")
    assert blocks[0].ancestors[2:] == ("nav#menu", "ul", "li", "a")
    assert blocks[12].ancestors == ("html", "body.single.post-7", "noscript", "div.thread")
    assert blocks[12].path == "/html/body[1]/noscript[1]/div[1]/text()[1]"


def test_a_path_finds_its_text_again_in_lxml_and_in_the_tree() -> None:
    tree = lxml.html.document_fromstring(PAGE).getroottree()
    for block in blocks_of(PAGE):
        for text in (tree.xpath(block.path)[0], found(PAGE, block.path)):
            assert " ".join(text.split()) in " ".join(block.text.split())


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a<br>b", ["a b"]),
        ("<p>a<br><br>b", ["a", "b"]),
        ("<p>a<br> \n<br/><br>b", ["a", "b"]),
        ("<p>a<br><b>b</b><br>c", ["a b c"]),
        ("<p>a<br><b> </b><br>c", ["a", "c"]),
        ("<p>a<b>b</b>c <i>d</i>e", ["abc de"]),
        ("<p>a<!-- x -->b", ["ab"]),
        ("<div>a<p>b</p>c</div>d", ["a", "b", "c", "d"]),
        ("<a>one</a><a>two</a>", ["one", "two"]),
        ("<a>one</a> <a>two</a>", ["one two"]),
        ("<a>one</a>, <a>two</a>", ["one, two"]),
        ("<pre>\n  a\n\n    b  \n</pre>", ["  a\n\n    b"]),
        ("<pre>a <b>b\n c</b></pre>", ["a b\n c"]),
        ("<h2>a</h2><ul><li>b<li>c</ul><dl><dt>d<dd>e</dl>", ["a", "b", "c", "d", "e"]),
        ("<table><caption>a</caption><tr><td>b<td>c</table>", ["a", "b", "c"]),
        ("<figure><img alt=no><figcaption>a</figcaption></figure>", ["a"]),
        ("<button>a</button><button><b>b</b></button>", ["a", "b"]),
        ("<label>a<input placeholder=b>c</label>", ["a", "b", "c"]),
        ("<input type=submit value=a><input type=BUTTON value=b><input type=reset>", ["a", "b"]),
        ("<input type=search placeholder=a><input value=b placeholder=no>", ["a", "b"]),
        ("<input type=submit placeholder=no><input value='' placeholder=a>", ["a"]),
        ("<input type=hidden value=no><input type=checkbox value=no><input type=password value=no>", []),
        ("<textarea placeholder=a>b\nc</textarea>", ["a", "b\nc"]),
        ("<select><option>a<option>b<optgroup label=c><option>d</select>", ["a", "b", "c", "d"]),
        ("<noscript>a <p>b</p></noscript>", ["a", "b"]),
        ("a<script>no</script><style>no</style><template>no<p>no</template><iframe>no</iframe>b", ["ab"]),
        ("<svg><title>no</title><desc>no</desc><text>a</text></svg>", ["a"]),
        ("a<symbol>b</symbol><desc>c</desc><defs>d<p>e</p></defs><annotation>f</annotation>", ["abc", "d", "e", "f"]),
        ("<svg><symbol>no</symbol><foreignObject><metadata>a</metadata></svg>", ["a"]),
        ("<math><mi>a<symbol>b</symbol></mi><annotation>no</annotation></math>", ["ab"]),
        ("a &amp; &lt;b&gt; &eacute;&nbsp;&#x1F600;", ["a & <b> é \U0001f600"]),
        ("<p> &nbsp; </p><div><br><hr></div>", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_is_a_block(markup: str, expected: list[str]) -> None:
    assert texts(markup) == expected


def test_link_share_counts_characters() -> None:
    blocks = blocks_of("<p>abc</p><p><a>abc</a></p><p>ab <a><b>cde</b></a></p><a><p>x</p></a>")
    assert [block.link_share for block in blocks] == [0, 1, 0.5, 1]


def test_odd_names_are_counted_among_all_elements_even_unshown_ones() -> None:
    markup = (
        "<body><p>zero</p><script>no</script><o:p id=i>one</o:p><p>two</p><O:P>three</O:P><hr>"
        "<svg><linearGradient>four</linearGradient></svg>"
    )
    blocks = blocks_of(markup)
    assert [block.path.removeprefix("/html/body[1]") for block in blocks] == [
        "/p[1]/text()[1]", "/*[3]/text()[1]", "/p[2]/text()[1]", "/*[5]/text()[1]", "/svg[1]/*[1]/text()[1]"
    ]  # fmt: skip
    assert [found(markup, block.path) for block in blocks] == ["zero", "one", "two", "three", "four"]
    assert blocks[1].tag == "body" and blocks[1].ancestors[-1] == "o:p#i"


def test_names_of_ancestors() -> None:
    (block,) = blocks_of("<main id='a b' class=' x\ty '><custom-tag class><b>t</b></custom-tag></main>")
    assert block.ancestors == ("html", "body", "main#a b.x.y", "custom-tag", "b")
    assert block.tag == "main"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>She left <relative-time>on Monday</relative-time>, early.", ["She left on Monday, early."]),
        ("<li>See <fb:like><b>this</b></fb:like> page<o:p>&nbsp;</o:p></li>", ["See this page"]),
        ("<x-app>a<div>b</div><y-card>c</y-card> d</x-app>e", ["a", "b", "c d", "e"]),
        ("<x-app><y-card><p>a</p></y-card>b<y-card>c</y-card></x-app>d", ["a", "bc", "d"]),
        ("<svg><text>Jan</text><text>Feb</text></svg>", ["Jan", "Feb"]),
    ],
)
def test_an_element_of_unknown_name_is_inline_unless_it_holds_a_block(markup: str, expected: list[str]) -> None:
    assert [block.text for block in blocks_of(markup)] == expected


TEX = "<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x^2</annotation></semantics></math>"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("<math><mi>x</mi><mo>=</mo><mn>2</mn></math>", "x=2"),
        (TEX, "x^2"),
        (f"<span class=katex><span>{TEX}</span><span aria-hidden=true><i>x</i>2</span></span>", "x^2"),
        (f"<mjx-container><mjx-math aria-hidden=true>x2</mjx-math><mjx-mml>{TEX}</mjx-mml></mjx-container>", "x^2"),
        ("<math><mi>x</mi><annotation-xml><ci>y</ci></annotation-xml></math>", "x"),
        ("<math></math>", ""),
        ("<i aria-hidden=true>x</i>", "x"),
        ("<math></math><i aria-hidden=true>x</i>", "x"),
        (f"{TEX}<i aria-hidden=true>the {'heron waits, the ' * 9}tide</i>", f"x^2the {'heron waits, the ' * 9}tide"),
        (TEX.replace(">x<", f">{'heron' * 9}<"), "heron" * 9),
    ],
)
def test_a_formula_is_one_inline_piece_of_text(formula: str, expected: str) -> None:
    (block,) = blocks_of(f"<p>So ({formula}) it is</p>")
    assert block.text == f"So ({expected}) it is"


def test_the_path_of_a_block_that_begins_with_a_formula_leads_to_it() -> None:
    (block,) = blocks_of(f"<p>{TEX} is even</p>")
    assert block.path == "/html/body[1]/p[1]/math[1]"


def test_a_text_page_has_a_block_a_line() -> None:
    blocks = segment(read_page("One  line\n\n <b>no tag</b>\r\nlast", kind="text"))
    assert blocks == [Block(0, "One line"), Block(1, "<b>no tag</b>"), Block(2, "last")]


def test_a_thousand_levels_do_not_recurse() -> None:
    (block,) = blocks_of("<div>" * 990 + "deep")
    assert block.text == "deep" and len(block.ancestors) == 992 and block.path.count("/") == 993


class Walk(HTMLParser):
    """The visible characters of well-formed markup, by the standard library."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.shown, self.hidden = "", 0
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in NOT_TEXT:
            self.hidden += 1
        elif not self.hidden:
            shown_by = {"input": "value" if given.get("type") == "submit" else "placeholder", "textarea": "placeholder"}
            self.shown += given.get(shown_by.get(tag, "")) or ""

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in NOT_TEXT

    def handle_data(self, data: str) -> None:
        self.shown += "" if self.hidden else data


CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from(" \n\t<>&\"'")
WORDS = st.text(CHARACTERS, max_size=12)
RAW = st.sampled_from(["<script>if (a < b) '<p>'</script>", "<style>p > b {}</style>", "<!-- <p>-->", "<br>", "<hr>"])
CONTROLS = ['<input placeholder="{}">', '<input type="submit" value="{}">', '<textarea placeholder="{}">x</textarea>']
VALUES = st.tuples(st.sampled_from(CONTROLS), WORDS.map(escape)).map(lambda pair: pair[0].format(pair[1]))
LEAVES = WORDS.map(escape) | RAW | VALUES


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Elements that may stand in each other without the parser moving them."""
    names = st.sampled_from("div section b span em noscript template o:p custom-tag blockquote ins".split())
    return st.tuples(names, st.lists(inner, max_size=4)).map(lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>")


ROWS = st.lists(LEAVES, min_size=1, max_size=3)
LISTS = ROWS.map(lambda row: f"<ul>{''.join(f'<li>{item}</li>' for item in row)}</ul>")
CELLS = ROWS.map(lambda row: f"<table><tbody><tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr></tbody></table>")
LINKS = WORDS.map(lambda words: f"<a href='/'>{escape(words)}</a>")
MARKUP = st.lists(st.recursive(LEAVES | LISTS | CELLS | LINKS, wrapped, max_leaves=12), max_size=5).map(
    lambda parts: f"<!doctype html><head><meta charset=utf-8><title>T</title></head><body>{''.join(parts)}</body>"
)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(MARKUP)
def test_every_visible_character_is_in_exactly_one_block_in_order(markup: str) -> None:
    blocks = blocks_of(markup)
    assert squeezed("".join(block.text for block in blocks)) == squeezed(Walk(markup).shown)
    assert all(block.text.strip() and 0 <= block.link_share <= 1 for block in blocks)


@given(MARKUP)
def test_the_same_page_gives_the_same_blocks_as_str_and_bytes(markup: str) -> None:
    assert blocks_of(markup) == blocks_of(markup) == segment(read_page(markup.encode()))


@given(MARKUP)
def test_every_path_is_its_own_and_finds_its_text(markup: str) -> None:
    blocks = blocks_of(markup)
    assert len({block.path for block in blocks}) == len(blocks)
    for block in blocks:
        text = squeezed(found(markup, block.path))
        assert text and squeezed(block.text).startswith(text)


@given(st.text() | st.binary(), st.sampled_from(["auto", "html", "text"]))
def test_nothing_raises_but_what_is_no_page(content: str | bytes, kind: Kind) -> None:
    if isinstance(content, bytes) and foreign_type(content):
        with pytest.raises(NotAPage):
            read_page(content, kind=kind)
        return
    blocks = segment(read_page(content, kind=kind))
    assert [block.index for block in blocks] == list(range(len(blocks)))


NAMES = "p li a b table td tr select option svg math title br input pre form html body head template ruby o:p".split()
SOUP = st.sampled_from([mark.format(name) for name in NAMES for mark in ("<{}>", "</{}>", "x ")])


@given(st.lists(SOUP, max_size=30))
def test_tag_soup_raises_nothing_and_paths_hold(soup: list[str]) -> None:
    markup = "".join(soup)
    for block in blocks_of(markup):
        assert squeezed(found(markup, block.path))


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))))
def test_one_non_empty_line_gives_one_block(lines: list[str]) -> None:
    blocks = segment(read_page("\n".join(lines), kind="text"))
    assert [block.text for block in blocks] == [" ".join(line.split()) for line in lines if line.strip()]
