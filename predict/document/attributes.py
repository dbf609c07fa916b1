"""tag -> its attributes, and text -> the text with its character references replaced; both in linear time."""

import html
import re

SPACE = r"\t\n\f\r "
VALUE = rf"""[{SPACE}]*+=[{SPACE}]*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^{SPACE}>"'][^{SPACE}>]*+|(?=>|\Z))"""
ATTRIBUTE = re.compile(rf"([^{SPACE}/>][^{SPACE}/>=]*+)({VALUE})?+")
LEADING_ZEROS = re.compile(r"(&#[xX]?)0++(?=[0-9a-fA-F])")
HUGE_REFERENCE = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{7,}+);?+")  # beyond the last character, U+10FFFF


def attributes_of(values: str) -> dict[str, str]:
    """Return the attributes of a tag by name in lower case; the first of several with one name counts."""
    found: dict[str, str] = {}
    for name, value in ATTRIBUTE.findall(values):
        value = value.partition("=")[2].strip("\t\n\f\r ")
        found.setdefault(name.lower(), unescape(value[1:-1] if value.startswith(("'", '"')) else value))
    return found


def count_attributes(values: str) -> int:
    return sum(1 for _ in ATTRIBUTE.finditer(values))


def unescape(text: str) -> str:
    """Return the text with its character references replaced; Python's own raises at numbers of
    more than 4,300 digits.
    """
    return html.unescape(HUGE_REFERENCE.sub("\ufffd", LEADING_ZEROS.sub(r"\1", text)) if "&#" in text else text)
