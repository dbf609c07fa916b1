"""How broken markup becomes blocks, by the rules of browsers: what is left open, misplaced, or nested wrongly."""

import pytest

from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import read_page


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        # formatting that is closed too late or never goes on in the next block
        ("<b><p>a</b>b</p>c", ["ab", "c"]),
        ("<b>1<i>2<p>3</b>4", ["12", "34"]),
        ("<p><b>a<p>b</b>c", ["a", "bc"]),
        ("<nobr>a<nobr>b", ["ab"]),
        ("<center>a<font>b<center>c</font>d", ["ab", "cd"]),
        ("<marquee>a<b>b</marquee>c", ["ab", "c"]),
        # links, buttons, forms and headings that stand in their like
        ("<a href=1>x<a href=2>y", ["x", "y"]),
        ("<a>1<p>2</a>3</p>", ["1", "23"]),
        ("<a>1<table><td><a>2</table>3", ["1", "2", "3"]),
        ("<button>a<button>b</button>c", ["a", "b", "c"]),
        ("<form>a<form>b</form>c</form>d", ["ab", "cd"]),
        ("<h1>a<h2>b</h3>c", ["a", "b", "c"]),
        ("<p>a<h1>b<h2>c</h1>d", ["a", "b", "c", "d"]),
        # end tags that are implied, and those without a start
        ("<ul><li>a<li>b<ul><li>c</ul>d</ul>e", ["a", "b", "c", "d", "e"]),
        ("<dl><dt>a<dd>b<dt>c</dl>", ["a", "b", "c"]),
        ("<ruby>a<rt>b<rp>c</ruby>d", ["abcd"]),
        ("<p>a</div>b</p>c", ["ab", "c"]),
        ("a</p>b", ["a", "b"]),
        ("a</br>b", ["a b"]),
        # what may not stand in a table is moved before it
        ("<table>a<tr>b<td>c</td>d</tr>e</table>f", ["abde", "c", "f"]),
        ("<table><b>x<tr><td>y</table>z", ["x", "y", "z"]),
        ("<table><tr><p>a<tr><td>b", ["a", "b"]),
        ("<table><input type=hidden value=no><input value=a><tr><td>b", ["a", "b"]),
        ("<table><select><option>a</table>b", ["a", "b"]),
        ("<table><col>x<td>y", ["x", "y"]),
        ("<table><caption>a<tr><td>b", ["a", "b"]),
        ("<table><td>a<td>b<tr><td>c", ["a", "b", "c"]),
        ("<table><tr><td><table><tr><td>a</table>b</table>c", ["a", "b", "c"]),
        ("<!doctype html><p>a<table><tr><td>b</table>c", ["a", "b", "c"]),
        # lists of options
        ("<select><optgroup label=a><option>b<optgroup label=c><option>d", ["a", "b", "c", "d"]),
        ("<select>a<select>b<option>c", ["a", "b", "c"]),
        ("<datalist><option>a</datalist>b<option>c", ["b", "c"]),
        # templates are not shown
        ("<template>a<template>b</template>c</template>d", ["d"]),
        ("<template><td>a</template><td>b", ["b"]),
        ("<table><template><tr><td>a</template><tr><td>b", ["b"]),
        # svg and math, where HTML begins again
        ("<svg><p>a</svg>b", ["ab"]),
        ("<svg></p>a</svg>b", ["ab"]),
        ("<svg><foreignObject><p>a</foreignObject><text>b</svg>c", ["a", "bc"]),
        ("<svg><desc>a</desc><title>b</title>c</svg>d", ["cd"]),
        ("<svg><script>a</script><style>b</style>c</svg>d", ["cd"]),
        ("<svg><![CDATA[a<b>c]]>d</svg>", ["a<b>cd"]),
        ("<div><![CDATA[a<b>c]]>d", ["c]]>d"]),
        ("<math><mi>a<p>b</mi>c</math>d", ["a", "bcd"]),
        ("<math><annotation-xml><p>a</annotation-xml>b</math>c", ["abc"]),
        # a page of frames has no text; what follows the end of a page belongs to it
        ("<frameset><frame>a</frameset>b<noframes>c</noframes>", []),
        ("a<frameset><frame></frameset>b", ["ab"]),
        ("</html>a", ["a"]),
        ("</body><p>a</html>b<!-- c -->d", ["abd"]),
        ("<head>a<title>b</title>c", ["ac"]),
        ("<body>a<body class=x>b<html id=y>c", ["abc"]),
        # elements whose content is no markup, ended or not
        ("<noscript><p>a</p></noscript>b", ["a", "b"]),
        ("<head><noscript>a</noscript>b", ["ab"]),
        ("<plaintext>a<b>c</plaintext>d", ["a<b>c</plaintext>d"]),
        ("<textarea>a<b>c</textarea>d", ["a<b>c", "d"]),
        ("<textarea>\n\na", ["a"]),
        ("<xmp>a<b>c</xmp>d", ["a<b>c", "d"]),
        ("<script>a<!--<script>b</script>c--></script>d", ["d"]),
        ("<style>a</style<b>c</style>d", ["d"]),
        ("<iframe><p>a</iframe>b<noembed>c</noembed>d", ["bd"]),
        # comments and what is taken for one
        ("<!-->a<!--->b<!-- x --!>c<!-- d", ["abc"]),
        ("<>a</>b<?x>c<!y>d", ["<>abcd"]),
        ("<1>a</1>b", ["<1>ab"]),
        ("<a<b>c", ["c"]),
        ("<div/>a<br/>b<p/>c", ["a b", "c"]),
        # references without an end, to nothing, or out of range
        ("&ampa &amp;a &notit; &not; &lt &ltx", ["&a &a ¬it; ¬ < <x"]),
        ("&#0;a&#x110000;b&#xD800;c&#128;d&#x9f;e", ["\ufffda\ufffdb\ufffdc€dŸe"]),
        ("&CounterClockwiseContourIntegral;&fjlig;&bogus;", ["∳fj&bogus;"]),
    ],
)
def test_broken_markup_becomes_blocks_as_in_a_browser(markup: str, expected: list[str]) -> None:
    assert [block.text for block in segment(read_page(markup, kind="html"))] == expected
