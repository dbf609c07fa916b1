"""Texts made fit for a terminal, and the lines for the user on stderr."""

import os
import re
import sys
from contextlib import suppress
from typing import TextIO

from ..document.charset import encodable

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")  # turns the order in which what follows is shown


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: encodable, without control characters other than tab and line feed."""
    return CONTROL.sub("", encodable(text))


def plural(count: int, noun: str) -> str:
    """Return a number and what it counts: "1 page", "2,000 pages"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str) -> str:
    """Return text for a line of its own: printable, in the order in which it is written."""
    return " ".join(BIDI.sub("", printable(text.replace("\r", "\n"))).split())


def note(message: str) -> None:
    """Print a line on stderr for the user; one that cannot be written is lost, and ends nothing."""
    if sys.stderr is None:  # print would take stdout
        return
    try:
        print(f"pagesieve: {one_line(message)}", file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Let nothing more be written to a standard stream that broke, not even what Python flushes as it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
