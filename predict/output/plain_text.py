"""labelled blocks -> plain text, each passage once."""

from ..scoring.decision import drop_repeated
from .json_lines import Record
from .terminal import one_line, printable


def text(page: list[Record], *, name: str = "") -> str:
    """Return the blocks, each passage once, separated by an empty line; below a form feed and the
    page's name if given.
    """
    head = f"\f{one_line(name)}\n" if name else ""
    body = "\n\n".join(map(printable, drop_repeated([block["text"] for block in page])))
    return head + body + ("\n" if body else "")
