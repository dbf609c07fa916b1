"""Text that is safe for a terminal, and messages to the user on stderr."""

import os
import re
import sys
from contextlib import suppress
from typing import TextIO

from ..document.charset import encodable

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")  # changes the direction of the text that follows


def printable(text: str) -> str:
    """Return text that UTF-8 can encode, without control characters other than tab and line feed."""
    return CONTROL.sub("", encodable(text))


def plural(count: int, noun: str) -> str:
    """Return a number and what it counts: "1 page", "2,000 pages"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str) -> str:
    """Return text as one line, without control characters and changes of direction."""
    return " ".join(BIDI.sub("", printable(text.replace("\r", "\n"))).split())


def note(message: str) -> None:
    """Print a line on stderr for the user; an error of writing is ignored."""
    if sys.stderr is None:  # print would take stdout
        return
    try:
        print(f"pagesieve: {one_line(message)}", file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Redirect a broken standard stream to nowhere, also for the data that Python flushes when it exits."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
