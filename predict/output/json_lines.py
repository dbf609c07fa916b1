"""labelled blocks -> JSON lines, one per block."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ..document.charset import encodable
from .terminal import BIDI, CONTROL

Record = dict[str, Any]  # one of Model.records

ENCODER = json.JSONEncoder(ensure_ascii=False)
ESCAPED = re.compile(f"{CONTROL.pattern}|{BIDI.pattern}|[\u2028\u2029]")  # in JSON, where it leaves the value the same


def jsonl(page: list[Record]) -> str:
    """Return a JSON object for each block, a line each; the only format that keeps control characters (escaped)."""
    return "".join(map(json_line, page))


def json_line(values: Mapping[Any, Any]) -> str:
    """Return a JSON object as one line, without characters that control a terminal."""
    line = encodable(ENCODER.encode(values))
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n"
