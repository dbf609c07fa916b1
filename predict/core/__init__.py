"""The compiled way from a page to probabilities, which takes the place of ``document``, ``features`` and ``scoring``.

These are its reference: what the core does not take, or where it is not compiled, goes through them. This is the one
place that decides: PAGESIEVE_PURE=1 asks for the reference.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from ..document.page import Page
from ..scoring.stages import MAX_BLOCKS
from ..scoring.tables import Stages

core: Any
try:
    core = None if os.environ.get("PAGESIEVE_PURE") == "1" else import_module(f"{__name__}.core")
except ImportError:
    core = None


class Scored(NamedTuple):
    """The blocks of a page: its kind (html, text), texts, XPaths of HTML, and probabilities (n_blocks, n_labels)."""

    kind: str
    texts: list[str]
    paths: list[str]
    scores: np.ndarray


def name() -> str:
    """Return which one runs, for ``--version``."""
    return "compiled core" if core else "pure Python"


def is_harmless(text: str) -> bool:
    """Return whether markup surely has no excess and declares no shadow roots; never without the core."""
    return bool(core) and core.is_harmless(text)


def scorers_of(stages: Mapping[str, Stages]) -> dict[str, Any]:
    """Return the core's scorers by kind of page; none without the core, or for prefixes that it does not know."""
    try:
        return {kind: core.Scorer(one) for kind, one in stages.items()} if core else {}
    except ValueError:
        return {}


def score(scorers: Mapping[str, Any], page: Page, *, with_paths: bool = True) -> Scored | None:
    """Return the blocks of a page with their probabilities; None where the reference has to read it."""
    if page.tree is None:
        if "text" not in scorers:
            return None
        texts = list(page.lines)
        portions = [texts[start : start + MAX_BLOCKS] for start in range(0, len(texts), MAX_BLOCKS)]
        scores = [scorers["text"].score_lines(portion) for portion in portions]
        return Scored("text", texts, [], np.concatenate(scores) if scores else np.zeros((0, 4)))
    if "html" not in scorers:
        return None
    try:
        texts, paths, scores = scorers["html"].score_html(page.tree.html or "", page.title, with_paths)
    except core.NotCertain:
        return None
    return Scored("html" if texts else "text", texts, paths, scores)
