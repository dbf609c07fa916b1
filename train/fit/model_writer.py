"""Pipelines -> model and card: what was learned from what, and golden inputs that prove the file."""

import hashlib
import io
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.pipeline import Pipeline

from pagesieve.predict import files
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import Kind, read_page
from pagesieve.predict.features.registry import BLOCK_COLUMNS
from pagesieve.predict.labels import LABELS
from pagesieve.predict.model import ModelError, name_of, seen
from pagesieve.predict.processes import signals

from ..labels.views import View
from .model_card import describe
from .stages import EVERYTHING, Learned

GOLDEN_PAGES = (Path("data/pages/harbour-news.html"), Path("data/pages/seed-ferry-clock.txt"))
GOLDEN_EVERY = 8  # of these pages' blocks, one in so many is a golden row
CARD = "blocks.json"
BITS = 15  # of a term's weight, behind the first
PACKAGES = ("scikit-learn", "numpy", "scipy", "joblib")


def check_replaceable(folder: Path, views: Sequence[View], *, force: bool) -> None:
    """Refuse, before any work is done, to write over a model that was trained on more pages."""
    path = files.latest(folder / CARD)
    if not path.exists() or force:
        return
    try:
        before = sum(json.loads(path.read_text(encoding="utf-8"))["pages"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    now = sum(pages_of(views).values())
    if before > now:
        raise ModelError(
            f"{path}: trained on more pages ({before}) than there are now ({now}); "
            "run `make data` for the corpora, write elsewhere with MODEL=DIR, or replace it with FORCE=1"
        )


def pages_of(views: Sequence[View]) -> dict[str, int]:
    names = sorted({view.source for view in views})
    return {name: len({view.page for view in views if view.source == name}) for name in names}


def write_model(
    folder: Path, learned: Learned, views: Sequence[View], digests: dict[str, str], scores: dict[str, Any]
) -> Path:
    """Write blocks.joblib, blocks.json and README.md, all or none; returns the model's path."""
    pipelines = learned.pipelines[EVERYTHING]
    for pipeline in pipelines.values():
        slim(pipeline)
    stream = io.BytesIO()
    joblib.dump(pipelines, stream, compress=("zlib", 9))  # xz is a sixth smaller, but takes longer to load
    content = stream.getvalue()
    hand = [view for view in views if view.hand and view.kind != "leftover"]
    card = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "labels": list(LABELS),
        "columns": list(BLOCK_COLUMNS),
        "kinds": sorted({name.split()[0] for name in pipelines}),
        "decision": scores.get("decision", {}),
        "data": digests,
        "pages": pages_of(views),
        "hand_labelled_blocks": {
            label: int(sum((view.labels == place).sum() for view in hand)) for place, label in enumerate(LABELS)
        },
        "scores": scores,
        "golden": golden(pipelines),
    }
    path = folder / "blocks.joblib"
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    readme = describe(card, path.name)
    signals.settle()
    files.write_together(folder, {path.name: content, CARD: text.encode(), "README.md": readme.encode()})
    return path


def slim(pipeline: Pipeline) -> None:
    """Half the file, and twice as fast to load: weights of float32, those of terms rounded, each term stored once."""
    linear = pipeline["linear"]
    linear.coef_ = linear.coef_.astype(np.float32)
    if "terms" in pipeline.named_steps:
        linear.coef_ = rounded(linear.coef_)
        for name, *_ in pipeline["terms"].transformers:  # made again from the list of terms when needed
            vars(pipeline["terms"].named_transformers_[name]).pop("vocabulary_", None)


def rounded(weights: np.ndarray) -> np.ndarray:
    """Weights of float32 to BITS binary digits (a part in 65,000), of which the zeros behind them take no space."""
    cut = 23 - BITS  # of the digits of a float32
    bits = np.ascontiguousarray(weights).view(np.uint32)
    return ((bits + np.uint32(1 << (cut - 1))) >> np.uint32(cut) << np.uint32(cut)).view(np.float32)


def write(path: Path, content: bytes) -> None:
    files.write_together(path.parent, {path.name: content})


def golden(pipelines: dict[str, Any]) -> dict[str, Any]:
    """Rows of our own sample pages as each pipeline takes them, with the probabilities that must come out."""
    found = {}
    for path in GOLDEN_PAGES:
        kind: Kind = "html" if path.suffix == ".html" else "text"
        if name_of(kind, "block") in pipelines:
            page = read_page(path.read_bytes(), kind=kind)
            for name, rows in seen(pipelines, segment(page), page.title).items():
                few = rows[::GOLDEN_EVERY]
                found[name] = {"rows": few.tolist(), "probabilities": pipelines[name].predict_proba(few).tolist()}
    return found
