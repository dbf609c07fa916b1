"""Standard output of the commands."""

import sys
from collections.abc import Iterable
from typing import TextIO

from .. import files
from ..errors import Failure


def show(texts: Iterable[str]) -> None:
    files.write_stream(need_stdout(), texts)


def need_stdout() -> TextIO:
    """Return standard output; raises Failure if it is closed."""
    if sys.stdout is None:
        raise Failure("standard output is closed")
    return sys.stdout
