"""frame of pages -> frame of blocks, or of articles: functions without side effects, for pandas,
Spark, Ray and Dask.
"""

import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..document.charset import encodable
from ..document.content import is_address
from ..document.page import PageWarning
from ..labels import LABELS
from ..model import Model, load
from ..output.json_lines import Record
from ..output.terminal import plural
from ..scoring.decision import Prefer, drop_repeated

BLOCKS = {
    "page": "string",
    "index": "Int64",
    "text": "string",
    "label": "string",
    **dict.fromkeys(LABELS, "float64"),
    "confidence": "float64",
    "path": "string",
    "error": "string",
}
ROW = "row"  # column of the blocks' frame with the index of their page
ARTICLES = {"page": "string", "text": "string", "confidence": "float64", "error": "string"}


def frame_of_blocks(
    pages: pd.DataFrame,
    *,
    page: str | None = "page",
    content: str = "content",
    model: Model | str | Path | None = None,
    prefer: Prefer = "balanced",
) -> pd.DataFrame:
    """Label the pages of a frame; returns their blocks in order, a row each, with the columns row and BLOCKS.

    ``page`` and ``content`` name the columns with the pages' names and contents (bytes or str); ``page`` is None for
    pages without names. Columns kind (auto, html, text) and charset (of the HTTP header) are used if they exist.
    ``model`` is a Model, or the path of one, which each process loads once.

    Column ``row`` is the page's index in ``pages``: ``blocks.join(pages["date"], on="row")``. The others are those of
    ``Model.label``, with a column for the score of each label; text is limited to what UTF-8 can encode. A page that
    fails, for example without content, is one row with an ``error``, which is missing in all other rows. Raises
    ValueError, with the existing columns, if a column is missing or occurs twice. Warns, with a PageWarning, if
    contents look like paths or addresses.
    """
    rows: list[tuple[Any, ...]] = []
    places: list[int] = []
    for place, (name, blocks, error) in enumerate(labelled(pages, page, content, model_of(model), prefer)):
        for block in blocks:
            scores, path = block["scores"].values(), block.get("path")
            rows.append((name, block["index"], block["text"], block["label"], *scores, block["confidence"], path, None))
        if error:
            rows.append((name, *[None] * (len(BLOCKS) - 2), error))
        places += [place] * (len(rows) - len(places))
    frame = pd.DataFrame(rows, columns=list(BLOCKS)).astype(BLOCKS)
    frame.insert(0, ROW, pages.index.take(np.array(places, dtype=np.intp)))
    return frame


def frame_of_articles(
    pages: pd.DataFrame,
    *,
    page: str | None = "page",
    content: str = "content",
    model: Model | str | Path | None = None,
    prefer: Prefer = "balanced",
) -> pd.DataFrame:
    """Label the pages of a frame; returns the article of each page, a row each, with the page's index and columns
    ARTICLES.

    Arguments and errors are those of ``frame_of_blocks``. The text is that of ``Model.text``: empty for a page without
    article, missing for a page that fails.
    """
    rows: list[tuple[Any, ...]] = []
    for name, blocks, error in labelled(pages, page, content, model_of(model), prefer):
        kept = drop_repeated([block["text"] for block in blocks if block["label"] == "article_content"])
        sure = blocks[0]["confidence"] if blocks else 0.0
        rows.append((name, None, None, error) if error else (name, "\n\n".join(kept), sure, None))
    return pd.DataFrame(rows, pages.index, list(ARTICLES)).astype(ARTICLES)


def labelled(
    pages: pd.DataFrame, page: str | None, content: str, model: Model, prefer: Prefer
) -> Iterator[tuple[str | None, list[Record], str | None]]:
    """Yield the name of each page, its blocks as returned by ``Model.records``, and the error if it failed."""
    for kind in model.card["kinds"]:
        model.thresholds(kind, prefer)  # raises the error once, rather than for each page
    names = column_of(pages, page, needed=page is not None)
    contents = column_of(pages, content, needed=True)
    kinds, charsets = column_of(pages, "kind"), column_of(pages, "charset")
    if addresses := sum(isinstance(one, str) and is_address(one) for one in contents):
        message = f"content must be the pages themselves: {addresses:,} of {plural(len(pages), 'page')} look like paths"
        warnings.warn(f"{message} or addresses", PageWarning, stacklevel=3)
    for name, one, kind, charset in zip(names, contents, kinds, charsets, strict=True):
        blocks: list[Record] = []
        error = "no content" if one is None else None
        if one is not None:
            try:
                blocks = records_of_page(
                    model, one, kind="auto" if kind is None else kind, charset=charset, prefer=prefer
                )
            except MemoryError:
                raise
            except Exception as raised:  # a page may raise any error; the others are still labelled
                error = f"{type(raised).__name__}: {raised}"
        yield None if name is None else encodable(str(name)), blocks, error


def records_of_page(model: Model, content: Any, **how: Any) -> list[Record]:
    """Return the result of ``Model.records`` without its warnings, which would not name the page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PageWarning)
        return model.records(content, **how)


def column_of(pages: pd.DataFrame, name: str | None, *, needed: bool = False) -> list[Any]:
    """Return the values of a column, None for missing ones; all None if the column is missing and not ``needed``.

    Raises ValueError if a needed column is missing, or if several columns have this name.
    """
    if name in pages:
        if not isinstance(pages[name], pd.Series):
            raise ValueError(f"more than one column {name}; give each a name of its own")
        return [None if pd.api.types.is_scalar(one) and pd.isna(one) else one for one in pages[name]]
    if needed:
        there = ", ".join(map(str, pages.columns)) or "none"
        raise ValueError(f"no column {name}, there is {there}; name yours with page= and content=")
    return [None] * len(pages)


def model_of(model: Model | str | Path | None) -> Model:
    return model if isinstance(model, Model) else load_cached(model)


@cache
def load_cached(path: str | Path | None) -> Model:
    return load(path)
