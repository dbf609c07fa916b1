"""bytes -> page: decode what was scraped, tell HTML from text, and parse it without going quadratic."""

import codecs
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from charset_normalizer import from_bytes
from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, to_unicode

from .limits import excess, strip_tags

Kind = Literal["auto", "html", "text"]

MAX_BYTES = 10_000_000  # of a page that the command line reads, unpacked; Common Crawl cuts them at 5 MiB
MAX_TITLE = 2000  # characters of the title, with which each block is compared
SURROGATE = re.compile("[\ud800-\udfff]")
LOOKS_LIKE_HTML = re.compile(r"\s*<[a-zA-Z!?/]|.*?<(?:html|body|p|div)\b", re.S | re.I)
# Text codecs of Python that are no charset of any page.
NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
# Labels of browsers that Python does not know, by the codec that they mean; iso88592 and its like are added.
CHARSETS = {
    "iso8859-6": "csiso88596e csiso88596i iso_8859_6_e iso_8859_6_i",
    "iso8859-7": "sun_eu_greek",
    "iso8859-8": "csiso88598e csiso88598i iso_8859_8_e iso_8859_8_i visual logical",
    "iso8859-15": "csisolatin9",
    "koi8-r": "koi koi8",
    "koi8-u": "koi8_ru",
    "mac-roman": "csmacintosh mac x_mac_roman",
    "mac-cyrillic": "x_mac_cyrillic x_mac_ukrainian",
    "cp874": "dos_874 iso885911",
    "cp1252": "ansi_x3 iso88591",  # of ansi_x3.4-1968 a <meta> is read up to the point
    "cp1254": "iso88599",
    "gb18030": "csgb2312 gb_2312 x_gbk",
    "euc-jp": "cseucpkdfmtjapanese x_euc_jp",
    "cp949": "cseuckr csksc56011987 iso_ir_149 ks_c_5601_1989 ksc_5601 windows_949",
}
CODECS = {f"x_cp125{number}": f"cp125{number}" for number in range(9)}
CODECS |= {f"iso8859{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15)}
CODECS |= {label: codec for codec, labels in CHARSETS.items() for label in labels.split()}
codecs.register(lambda label: codecs.lookup(CODECS[label]) if label in CODECS else None)
# Which of four bytes are zero in text of mostly ASCII characters.
ZEROS: dict[tuple[int, ...], str] = {
    (0, 1, 0, 1): "utf-16-le",
    (1, 0, 1, 0): "utf-16-be",
    (0, 1, 1, 1): "utf-32-le",
    (1, 1, 1, 0): "utf-32-be",
}


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

    Bytes are decoded by their BOM, then ``charset`` (of the HTTP header), then ``<meta>``, then a detector; what
    cannot be decoded becomes U+FFFD. HTML beyond the limits of ``limits.py`` is stripped of its tags, read as text
    lines, marked as ``flattened`` and reported by a PageWarning.
    """
    if not isinstance(content, bytes | str):
        raise TypeError(f"content must be the page itself, bytes or str, not {type(content).__name__}")
    text = decode(content, charset) if isinstance(content, bytes) else encodable(content).removeprefix("\ufeff")
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


def encodable(text: str) -> str:
    """Text that UTF-8 can carry: a lone surrogate becomes U+FFFD."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return SURROGATE.sub("\ufffd", text)


def decode(content: bytes, charset: str | None = None) -> str:
    """Bytes as text, by the order that browsers use; a label that names no charset is passed over, nothing raises."""
    encoding, mark = read_bom(content)
    if encoding and mark:
        return to_unicode(content[len(mark) :], encoding)
    # Of iso_8859-1:1987 and ansi_x3.4-1968, a header is not read with these signs.
    label = charset.partition(":")[0].replace(".", "_") if charset else None
    header = http_content_type_encoding(f"text/html; charset={label}") if label else None
    declared = html_body_declared_encoding(content)
    if declared and declared.startswith(("utf-16", "utf-32")):
        declared = None  # a <meta> that could be read is not written in these
    for name in (header, declared):
        if name and name not in NO_CHARSETS:
            with suppress(LookupError):  # Python calls base64 and zip codecs, too
                return to_unicode(content, name)
    return to_unicode(content, detect(content))


def detect(content: bytes) -> str:
    start = content[:1000]
    if found := ZEROS.get(tuple(int(2 * start[place::4].count(0) > len(start[place::4])) for place in range(4))):
        return found
    try:
        content.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        best = from_bytes(content).best()
        return best.encoding if best else "cp1252"


def looks_like_html(text: str) -> bool:
    return LOOKS_LIKE_HTML.match(text) is not None


def text_lines(text: str) -> tuple[str, ...]:
    r"""The non-empty lines; they end at \n, \r\n or \r only."""
    lines = (" ".join(line.split()) for line in re.split(r"\r\n|\r|\n", text))
    return tuple(line for line in lines if line)
