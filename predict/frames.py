"""frame of pages -> frame of blocks, or of articles: pure functions for pandas, Spark, Ray and Dask alike."""

import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from .charset import encodable
from .decide import Prefer, once
from .labels import LABELS
from .model import Model, load
from .output import Block
from .page import PageWarning

BLOCKS = {
    "page": "string",
    "index": "int64",
    "text": "string",
    "label": "string",
    **dict.fromkeys(LABELS, "float64"),
    "confidence": "float64",
    "path": "string",
}
ARTICLES = {"page": "string", "text": "string", "confidence": "float64"}


def frame_of_blocks(
    pages: pd.DataFrame, *, model: str | Path | None = None, trust: bool = False, prefer: Prefer = "balanced"
) -> pd.DataFrame:
    """The blocks of all pages, a row each, in order, with the columns BLOCKS; the index counts on from 0.

    ``pages`` has the columns page (its name) and content (bytes or str), and may have kind (auto, html, text) and
    charset (of the HTTP header). ``model`` is the path of another model, ``trust`` as ``load`` takes it; each process
    loads it once. The columns are those of ``Model.label``, with a column for the score of each label; text is what
    UTF-8 can carry.
    """
    rows = []
    for page, blocks in labelled(pages, model_of(model, trust), prefer):
        for block in blocks:
            scores, path = block["scores"].values(), block.get("path")
            rows.append((page, block["index"], block["text"], block["label"], *scores, block["confidence"], path))
    return pd.DataFrame(rows, columns=list(BLOCKS)).astype(BLOCKS)


def frame_of_articles(
    pages: pd.DataFrame, *, model: str | Path | None = None, trust: bool = False, prefer: Prefer = "balanced"
) -> pd.DataFrame:
    """The article of each page, a row each, with the columns ARTICLES: text is empty where there is none.

    The arguments are those of ``frame_of_blocks``; the text is that of ``Model.text``.
    """
    rows = []
    for page, blocks in labelled(pages, model_of(model, trust), prefer):
        kept = once([block["text"] for block in blocks if block["label"] == "article_content"])
        rows.append((page, "\n\n".join(kept), blocks[0]["confidence"] if blocks else 0.0))
    return pd.DataFrame(rows, columns=list(ARTICLES)).astype(ARTICLES)


def labelled(pages: pd.DataFrame, model: Model, prefer: Prefer) -> Iterator[tuple[str, list[Block]]]:
    """The name of each page and its blocks, as ``Model.records`` gives them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PageWarning)
        for row in pages.to_dict("records"):
            known, charset = given(row, "kind") or "auto", given(row, "charset")
            blocks = model.records(row["content"], kind=known, charset=charset, prefer=prefer)  # type: ignore[arg-type]
            yield encodable(str(row["page"])), blocks


def given(row: dict[Any, Any], column: str) -> str | None:
    value = row.get(column)
    return value if isinstance(value, str) else None


@cache
def model_of(path: str | Path | None, trust: bool) -> Model:
    return load(None if path is None else Path(path), trust=trust)
