"""content and kind from a caller -> checked values; an error or warning names the mistake."""

import re
import warnings
from typing import get_args

from .page import Kind, PageWarning

Content = bytes | bytearray | memoryview | str
KINDS = get_args(Kind)
SHOWN = 80  # characters of the content shown in a warning
# Content that is an address or a path: with a scheme, from a root or folder, or with the file ending of a page.
ADDRESS = re.compile(
    r"(?:(?:https?|ftp|file|s3)://|(?:~|\.{1,2}|[a-z]:)?[/\\])\S+|[^<>\n\r]*\S\.(?:x?html?|mht(?:ml)?|txt|pdf)(?:\.gz)?",
    re.I,
)


def check_kind(kind: object) -> Kind:
    """Return the kind of page; raises ValueError, with the choices, for any other value."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    return kind  # type: ignore[return-value]


def check_content(content: Content) -> bytes | str:
    """Return the content of a page as bytes or str; warns, with a PageWarning, about a str that
    looks like an address.
    """
    if isinstance(content, bytearray | memoryview):
        return bytes(content)
    if isinstance(content, str) and is_address(content):
        shown = content.strip()[:SHOWN]
        message = f"content must be the page itself, not its path or address: {shown!r} is taken as the text of a page"
        warnings.warn(message, PageWarning, stacklevel=2)
    return content


def is_address(content: str) -> bool:
    """Return whether a content is one line like a path or an address: "a/page.html", "https://a.example/"."""
    return len(content) <= 2000 and ADDRESS.fullmatch(content.strip()) is not None
