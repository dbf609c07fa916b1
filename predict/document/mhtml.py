"""MHTML ("save as single file") -> its HTML part, in time linear in its size."""

import re
from contextlib import suppress
from email.message import Message
from email.parser import BytesParser

START = 10_000  # bytes within which the header of the file ends
MAX_NESTED = 10  # nesting of messages; the parser reads each line once per level
MAX_TYPE = 2000  # bytes of a Content-Type header; the parser's time is quadratic in it
HEADER = re.compile(rb"(?:[a-z][a-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*)+", re.I)
VERSION = re.compile(rb"^mime-version:", re.I | re.M)
HOLDS_HTML = re.compile(rb"^content-type:\s*(?:multipart/related|text/html)\b", re.I | re.M)
NESTING = re.compile(rb"^content-type:[\s\x1c-\x1f]*(?:multipart|message)/", re.I | re.M)
LONG_TYPE = re.compile(rb"^content-type:(?:[^\n]|\n[ \t]){%d}" % MAX_TYPE, re.I | re.M)


def is_mhtml(content: bytes) -> bool:
    header = HEADER.match(content[:START])
    return bool(header and VERSION.search(header[0]) and HOLDS_HTML.search(header[0]))


def html_part(content: bytes) -> tuple[bytes, str | None]:
    """Return the first HTML part of an MHTML file, decoded from base64 or quoted-printable, and the charset that it
    names.

    Raises ValueError if there is none, or if it is built in a way that would take too long to read.
    """
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")  # line ends of the parser
    if len(NESTING.findall(content)) > MAX_NESTED or LONG_TYPE.search(content):
        raise ValueError("MHTML of too many nested parts, or too long a header")
    for part in parsed(content).walk():
        if part.get_content_type() == "text/html":
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                return body, charset_of(part)
    raise ValueError("MHTML without an HTML part")


def parsed(content: bytes) -> Message:
    """Return the message; raises ValueError if a parameter of a header, as its boundary, cannot be read."""
    try:
        return BytesParser().parsebytes(content)
    except (
        TypeError,
        ValueError,
    ) as error:  # mixed numbered and unnumbered parts of a value, an unknown charset, a NUL
        raise ValueError("MHTML with a header that cannot be read") from error


def charset_of(part: Message) -> str | None:
    """Return the charset that a part names, None if it names none in a way that can be read."""
    with suppress(TypeError, ValueError):  # mixed numbered and unnumbered parts of the name, a NUL in it
        return part.get_content_charset()
    return None
