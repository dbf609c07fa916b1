"""bytes -> str: the charset of a page by the evidence of its bytes; what it declares counts only where they fit it."""

import codecs
import encodings
import re
from collections import Counter
from contextlib import suppress
from encodings.aliases import aliases
from functools import cache
from pkgutil import iter_modules

import chardet
import webencodings

SURROGATE = re.compile("[\ud800-\udfff]")
# Python's text codecs that are no charset of any page.
NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins with the mark of UTF-16
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Which of four bytes are zero in text of mostly ASCII characters.
ZEROS: dict[tuple[int, ...], str] = {
    (0, 1, 0, 1): "utf-16-le",
    (1, 0, 1, 0): "utf-16-be",
    (0, 1, 1, 1): "utf-32-le",
    (1, 1, 1, 0): "utf-32-be",
}
# Share of the non-ASCII characters that a charset must be able to read. Pages of two kilobytes and more in other
# charsets are UTF-8 to 0.27 at most, by chance; UTF-8 pages with pieces of another charset in them to 0.96.
READABLE = 0.75
HEAD = 4096  # bytes in which a page declares its charset
COMMENT = re.compile(rb"<!--.*?-->", re.S)
DECLARATION = re.compile(
    rb"""<(?:meta\s[^>]*?\bcharset|\?xml\s[^>]*?\bencoding)\s*+=\s*+["']?+\s*+([^\s"'<>;/]+)""", re.I
)
BETWEEN_TEXT = re.compile(rb'[<>"=&\r\n]+')  # no charset has these as a later byte of a character
SAMPLE = 50_000  # bytes of non-ASCII text that the detector sees
VOTES, VOTE = 5, 300  # parts of the sample that are detected, and the fewest bytes of a part


def encodable(text: str) -> str:
    """Return text that UTF-8 can carry: a lone surrogate becomes U+FFFD."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return SURROGATE.sub("\ufffd", text)


def decode(content: bytes, charset: str | None = None) -> str:
    """Decode a page; what cannot be decoded becomes U+FFFD, a label that names no charset is passed over.

    A byte order mark wins, then ``charset`` (of the HTTP header). Else a page is UTF-8 if it can be read so, whatever
    it declares; else what it declares if it can be read so; else what a detector says. Nothing raises.
    """
    if mark := mark_of(content):
        return content[len(mark) :].decode(MARKS[mark], "replace")
    if codec := codec_of(charset or "") or wide_codec(content):
        return content.decode(codec, "replace")
    text = content.decode("utf-8", "replace")
    if content.isascii() and b"\x1b" not in content:  # with it, it may be ISO-2022-JP
        return text
    if not content.isascii() and ("\ufffd" not in text or reads(text, content.count("\ufffd".encode()))):
        return text
    declared = declared_codec(content)
    if declared and reads(found := content.decode(declared, "replace")):
        return found
    return text if content.isascii() else content.decode(detect(content), "replace")


@cache
def codec_names() -> frozenset[str]:
    """Return the names of Python's codecs; it would keep any other that it is asked for."""
    return frozenset(aliases).union(module.name for module in iter_modules(encodings.__path__))


def codec_of(label: str) -> str:
    """Python's codec for a label, by the WHATWG's names of charsets, else by Python's; empty if it names none."""
    label = label.strip(" \t\r\n\f\"'")
    with suppress(LookupError, ValueError):  # Python calls base64 and zip codecs, too
        if encoding := webencodings.lookup(label):
            name = {"gbk": "gb18030", "replacement": "", "x-user-defined": ""}.get(encoding.name)
            return encoding.codec_info.name if name is None else name
        label = encodings.normalize_encoding(label.lower())
        known = label and not codec_names().isdisjoint({label, label.replace(".", "_")})
        if known and (codec := codecs.lookup(label).name) not in NO_CHARSETS:
            b"a".decode(codec, "replace")
            return codec
    return ""


def mark_of(content: bytes) -> bytes:
    """Return the byte order mark that the content begins with, a key of MARKS; empty if there is none."""
    return next(filter(content.startswith, MARKS), b"")


def wide_codec(content: bytes) -> str:
    """UTF-16 or UTF-32 by the zeros in it; empty if it is neither."""
    start = content[:1000]
    if b"\0" not in start:
        return ""
    return ZEROS.get(tuple(int(2 * start[place::4].count(0) > len(start[place::4])) for place in range(4)), "")


def declared_codec(content: bytes) -> str:
    """Return what ``<meta>`` or the XML declaration says, the first that names a charset; empty if there is none."""
    labels = DECLARATION.findall(COMMENT.sub(b"", content[:HEAD]))
    names = (codec_of(label.decode("ascii", "replace")) for label in labels)
    return next((name for name in names if name and not name.startswith(("utf-16", "utf-32"))), "")


def reads(text: str, before: int = 0) -> bool:
    """Return whether a page could be read with the charset that gave this text, but for few of its non-ASCII
    characters.

    ``before`` is how often the page itself has U+FFFD. A character that is cut off at the end does not count.
    """
    characters = len(text) - len(text.encode("ascii", "ignore"))
    broken = text.count("\ufffd") - before
    cut_off = broken > 0 and text.endswith("\ufffd")
    return characters - broken > READABLE * (characters - cut_off)


def detect(content: bytes) -> str:
    """Python's codec for a page that neither is UTF-8 nor declares what it is; time does not grow with markup.

    The detector sees the stretches of text that have non-ASCII bytes, dealt out to parts that vote: a broken character
    rules out the right charset in one of them only.
    """
    stretches: list[bytes] = []
    size = 0
    for stretch in BETWEEN_TEXT.split(content):
        if not stretch.isascii() and size < SAMPLE:
            stretches.append(stretch)
            size += len(stretch)
    votes = max(1, min(VOTES, size // VOTE, len(stretches)))
    parts = (b"\n".join(stretches[start::votes]) for start in range(votes))
    found = Counter(map(detected, parts))
    return found.most_common(1)[0][0]


def detected(part: bytes) -> str:
    answer = chardet.detect(part, encoding_era=chardet.EncodingEra.MODERN_WEB, prefer_superset=True)
    return codec_of(answer["encoding"] or "") or "cp1252"
