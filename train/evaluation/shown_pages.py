"""scores -> pages for the gallery: those with the most errors, and the project's own."""

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pagesieve.predict.document.blocks import Block, segment
from pagesieve.predict.document.page import read_page
from pagesieve.predict.labels import CODES, LABELS
from pagesieve.predict.scoring.decision import confidence, decide

from ..labels.alignment import find_spans, running_words
from ..labels.views import OWN, View, read_annotations

MOST = 20  # maximum number of pages
LEAST = 20  # minimum labelled blocks of a page
PAGES, ANNOTATIONS = Path("data/pages"), Path("data/annotations/pages.csv")

Shown = dict[str, Any]  # a page of the gallery: name, page_type, wrong, labelled, blocks as output.render takes them


def worst_pages(views: Sequence[View], scores: Sequence[np.ndarray]) -> list[Shown]:
    """Return the hand-labelled HTML pages with the largest share of wrong blocks, the worst first,
    scored out of fold.
    """
    pages = [
        describe_page(view.page, view.page_type, view.blocks, part, view.labels)
        for view, part in zip(views, scores, strict=True)
        if view.kind == "html" and view.page_set not in ("", OWN) and (view.labels >= 0).sum() >= LEAST
    ]
    return sorted(pages, key=lambda page: -page["wrong"] / page["labelled"])[:MOST]


def sample_pages(scored: Callable[[Sequence[Block], str], np.ndarray]) -> list[Shown]:
    """Return the project's own pages, on which no model is trained, worst first; ``scored`` takes blocks and title."""
    pages, annotated = [], read_annotations([ANNOTATIONS])
    for path in sorted(PAGES.iterdir()):
        page = read_page(path.read_bytes(), kind="html" if path.suffix == ".html" else "text")
        blocks = segment(page)
        running, owners = running_words(block.text for block in blocks)
        labels = np.full(len(blocks), -1)
        for start, span in find_spans(annotated[path.name].spans, running):
            labels[owners[start]] = LABELS.index(CODES[span.code])
        pages.append(describe_page(path.name, page.kind, blocks, scored(blocks, page.title), labels))
    return sorted(pages, key=lambda page: -page["wrong"] / page["labelled"])


def describe_page(name: str, page_type: str, blocks: Sequence[Block], scores: np.ndarray, labels: np.ndarray) -> Shown:
    predicted = decide(scores)
    sure = confidence(scores, predicted, [block.text for block in blocks])
    rows = [
        {
            "page": name,
            "index": block.index,
            "text": block.text,
            "label": label,
            "scores": dict(zip(LABELS, np.round(row, 4).tolist(), strict=True)),
            "confidence": round(sure, 4),
            **({"path": block.path} if block.path else {}),
            **({"hand": LABELS[hand]} if hand >= 0 else {}),
        }
        for block, label, row, hand in zip(blocks, predicted, scores, labels.tolist(), strict=True)
    ]
    known = [row for row in rows if "hand" in row]
    wrong = sum(row["label"] != row["hand"] for row in known)
    return {"name": name, "page_type": page_type or "no type", "wrong": wrong, "labelled": len(known), "blocks": rows}


def pack_pages(pages: Iterable[Shown]) -> bytes:
    return json.dumps(list(pages), ensure_ascii=False).encode() + b"\n"


def read(path: Path) -> list[Shown]:
    content = path.read_bytes()
    pages: list[Shown] = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    return pages
