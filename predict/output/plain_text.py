"""labelled blocks -> plain text without repeated passages."""

from ..scoring.decision import drop_repeated
from .json_lines import Record
from .terminal import one_line, printable


def text(page: list[Record], *, name: str = "") -> str:
    """Return the blocks without repeated passages, separated by an empty line.

    With a ``name`` they follow a line of a form feed and the name.
    """
    head = f"\f{one_line(name)}\n" if name else ""
    body = "\n\n".join(map(printable, drop_repeated([block["text"] for block in page])))
    return head + body + ("\n" if body else "")
