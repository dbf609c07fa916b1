"""bytes -> str: the charset of a page by its bytes; a declared charset counts only if the bytes can
be decoded by it.
"""

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
# Text codecs of Python that no page uses as a charset.
NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Which bytes in groups of four are zero in text of mostly ASCII characters.
ZEROS: dict[tuple[int, ...], str] = {
    (0, 1, 0, 1): "utf-16-le",
    (1, 0, 1, 0): "utf-16-be",
    (0, 1, 1, 1): "utf-32-le",
    (1, 1, 1, 0): "utf-32-be",
}
# Share of the non-ASCII characters that a charset must decode. Of pages of two kilobytes and more in other charsets,
# UTF-8 decodes 0.27 at most, by chance; of UTF-8 pages with pieces of another charset 0.96.
READABLE = 0.75
HEAD = 4096  # bytes in which a page declares its charset
COMMENT = re.compile(rb"<!--.*?-->", re.S)
DECLARATION = re.compile(
    rb"""<(?:meta\s[^>]*?\bcharset|\?xml\s[^>]*?\bencoding)\s*+=\s*+["']?+\s*+([^\s"'<>;/]+)""", re.I
)
BETWEEN_TEXT = re.compile(rb'[<>"=&\r\n]+')  # in no charset is one of these a later byte of a character
SAMPLE = 50_000  # bytes of non-ASCII text passed to the detector
VOTES, VOTE = 5, 300  # number of parts of the sample that vote, and minimum bytes of a part


def encodable(text: str) -> str:
    """Return the text with lone surrogates, which UTF-8 cannot encode, replaced by U+FFFD."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return SURROGATE.sub("\ufffd", text)


def decode(content: bytes, charset: str | None = None) -> str:
    """Decode a page; undecodable bytes become U+FFFD, and a ``charset`` that is unknown is ignored.

    A byte order mark wins, then ``charset`` (of the HTTP header). Otherwise a page is UTF-8 if it decodes as such,
    whatever it declares; else what it declares if it decodes as that; else what a detector finds. No content raises an
    error.
    """
    if mark := mark_of(content):
        return content[len(mark) :].decode(MARKS[mark], "replace")
    if codec := codec_of(charset or "") or wide_codec(content):
        return content.decode(codec, "replace")
    text = content.decode("utf-8", "replace")
    if content.isascii() and b"\x1b" not in content:  # ESC may begin ISO-2022-JP
        return text
    if not content.isascii() and ("\ufffd" not in text or reads(text, content.count("\ufffd".encode()))):
        return text
    declared = declared_codec(content)
    if declared and reads(found := content.decode(declared, "replace")):
        return found
    return text if content.isascii() else content.decode(detect(content), "replace")


@cache
def codec_names() -> frozenset[str]:
    """Return the names of Python's codecs; a look-up by ``codecs`` would cache unknown names."""
    return frozenset(aliases).union(module.name for module in iter_modules(encodings.__path__))


def codec_of(label: str) -> str:
    """Return Python's codec for a label, by the WHATWG's names of charsets or else Python's; empty if it is unknown."""
    label = label.strip(" \t\r\n\f\"'")
    with suppress(LookupError, ValueError):  # codecs of Python that are not charsets: base64, zip
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
    """Return the byte order mark at the beginning of the content, a key of MARKS; empty if there is none."""
    return next(filter(content.startswith, MARKS), b"")


def wide_codec(content: bytes) -> str:
    """Return UTF-16 or UTF-32 if the positions of zero bytes show it, else an empty string."""
    start = content[:1000]
    if b"\0" not in start:
        return ""
    return ZEROS.get(tuple(int(2 * start[place::4].count(0) > len(start[place::4])) for place in range(4)), "")


def declared_codec(content: bytes) -> str:
    """Return the codec of the first known charset in ``<meta>`` or the XML declaration; empty if there is none."""
    labels = DECLARATION.findall(COMMENT.sub(b"", content[:HEAD]))
    names = (codec_of(label.decode("ascii", "replace")) for label in labels)
    return next((name for name in names if name and not name.startswith(("utf-16", "utf-32"))), "")


def reads(text: str, before: int = 0) -> bool:
    """Return whether the charset that gave this text decodes enough of the page's non-ASCII characters (READABLE).

    ``before`` is the number of U+FFFD in the page itself. A character that is cut off at the end is ignored.
    """
    characters = len(text) - len(text.encode("ascii", "ignore"))
    broken = text.count("\ufffd") - before
    cut_off = broken > 0 and text.endswith("\ufffd")
    return characters - broken > READABLE * (characters - cut_off)


def detect(content: bytes) -> str:
    """Return Python's codec for a page that is not UTF-8 and declares nothing; markup does not add to the time.

    The detector gets runs of text with non-ASCII bytes, distributed over parts that vote, so that a broken character
    rules out the right charset in one part only.
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
