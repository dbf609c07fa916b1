"""blocks.json: the card of a model, read within size limits and checked before the model is used."""

import json
from pathlib import Path
from typing import Any

from ..errors import Failure
from ..features.registry import BLOCK_COLUMNS
from ..files import read_file
from ..labels import LABELS

MAX_CARD = 2_000_000  # bytes of a card; the shipped one has 0.4 MB
MAX_LISTS = 100_000  # lists and objects in a card; each takes 50 times the memory of its two bytes
MAX_SMOKE = 20_000  # characters of a smoke-test page


class ModelError(Failure, ValueError):
    """A model that cannot be used; the message names the file, what is wrong, and the remedy."""


def read_card(path: Path, *, needs: str = "npz") -> dict[str, Any]:
    """Return the card of a model that names the digest of the file with this ending.

    Raises ModelError if it is not a card, or describes a model with other features or labels.
    """
    try:
        card = parse_card(read_file(path, MAX_CARD))
    except OSError as error:
        raise ModelError(f"{path}: no model card ({error.strerror}); it must lie beside the model") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not a model card ({error}); run `make train`") from error
    if not isinstance(card, dict):
        raise ModelError(f"{path}: not a model card; run `make train`")
    if missing := {"digests", "columns", "labels", "kinds", "smoke_test"} - set(card):
        raise ModelError(f"{path}: not a model card, it lacks {', '.join(sorted(missing))}; run `make train`")
    if not are_digests(card["digests"], needs) or card["kinds"] not in (["html"], ["text"], ["html", "text"]):
        raise ModelError(f"{path}: not a model card, its digests or kinds are none; run `make train`")
    if card["columns"] != list(BLOCK_COLUMNS) or card["labels"] != list(LABELS):
        raise ModelError(f"{path}: made for other features or labels than this version's; run `make train`")
    if not are_points(card.get("decision", {})):
        raise ModelError(f"{path}: not a model card, its operating points are none; run `make train`")
    if not are_smoke_pages(card["smoke_test"], card["kinds"]):
        raise ModelError(f"{path}: not a model card, its smoke-test pages are none; run `make train`")
    return card


def write_card(card: dict[str, Any]) -> bytes:
    return (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()


def parse_card(content: bytes) -> Any:
    """Parse the JSON of a card; raises ValueError for more lists than MAX_LISTS, NaN or an infinity."""
    if content.count(b"[") + content.count(b"{") > MAX_LISTS:
        raise ValueError(f"more than {MAX_LISTS:,} lists and objects")

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} in it")

    return json.loads(content.decode("utf-8"), parse_constant=refuse)


def are_points(decision: Any) -> bool:
    """Return whether these are operating points: thresholds in (0, 1) by kind of page, preference and label."""
    try:
        return all(
            set(point) == set(LABELS) and all(type(one) is float and 0 < one < 1 for one in point.values())
            for of_kind in decision.values()
            for point in of_kind.values()
        )
    except (AttributeError, TypeError):
        return False


def are_digests(digests: Any, needed: str) -> bool:
    """Return whether these are sha256 digests by file ending, including the one that is ``needed``."""
    return isinstance(digests, dict) and needed in digests and all(isinstance(one, str) for one in digests.values())


def are_smoke_pages(smoke_test: Any, kinds: list[str]) -> bool:
    """Return whether there is a short page for each kind, with one probability per label for each of its blocks."""
    try:
        pages = [smoke_test["pages"][kind] for kind in kinds]
        return all(
            isinstance(page["content"], str)
            and len(page["content"]) <= MAX_SMOKE
            and all(type(one) is float for block in page["probabilities"] for one in block)
            and {len(block) for block in page["probabilities"]} == {len(LABELS)}
            for page in pages
        )
    except (KeyError, TypeError):
        return False
