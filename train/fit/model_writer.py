"""pipelines -> model files and card: training data, scores, and smoke-test vectors to verify the files."""

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
from pagesieve.predict.compile import kinds_of, parameters_of
from pagesieve.predict.document.blocks import segment
from pagesieve.predict.document.page import Kind, read_page
from pagesieve.predict.features.registry import BLOCK_COLUMNS
from pagesieve.predict.labels import LABELS
from pagesieve.predict.model import NPZ, ModelError
from pagesieve.predict.modelfile.arrays import pack_arrays
from pagesieve.predict.modelfile.card import write_card
from pagesieve.predict.processes import signals
from pagesieve.predict.scoring.stages import STAGE_NAMES, name_of

from ..labels.views import View
from .model_card import describe
from .pipelines import in_double, pipeline_rows
from .stages import EVERYTHING, Learned

SMOKE_PAGES: dict[Kind, Path] = {
    "html": Path("data/pages/harbour-news.html"),
    "text": Path("data/pages/seed-ferry-clock.txt"),
}
SMOKE_EVERY = 8  # every n-th block of these pages is a row of the pipelines' smoke test
CARD = "blocks.json"
BITS = 15  # binary digits of a term's weight after the first
PACKAGES = ("scikit-learn", "numpy", "scipy", "joblib")


def check_replaceable(folder: Path, views: Sequence[View], *, force: bool) -> None:
    """Raise ModelError, before the work, if the folder's model was trained on more pages, unless ``force`` is set."""
    path = files.latest_path(folder / CARD)
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
    """Write blocks.joblib, blocks.npz, blocks.json and README.md, all or none; returns the path of the npz."""
    pipelines = learned.pipelines[EVERYTHING]
    for pipeline in pipelines.values():
        reduce_size(pipeline)
    stream = io.BytesIO()
    joblib.dump(pipelines, stream, compress=("zlib", 9))  # xz is a sixth smaller, but takes longer to load
    kinds = kinds_of(pipelines)
    contents = {
        "joblib": stream.getvalue(),
        "npz": pack_arrays({kind: parameters_of(pipelines, kind) for kind in kinds}),
    }
    hand = [view for view in views if view.hand and view.kind != "pre_extracted"]
    card = {
        "digests": {ending: hashlib.sha256(content).hexdigest() for ending, content in contents.items()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "labels": list(LABELS),
        "columns": list(BLOCK_COLUMNS),
        "kinds": kinds,
        "decision": scores.get("decision", {}),
        "data": digests,
        "pages": pages_of(views),
        "hand_labelled_blocks": {
            label: int(sum((view.labels == place).sum() for view in hand)) for place, label in enumerate(LABELS)
        },
        "scores": scores,
        "smoke_test": smoke_test(pipelines, kinds),
    }
    written = {f"blocks.{ending}": content for ending, content in contents.items()}
    signals.settle()
    files.write_together(folder, written | {CARD: write_card(card), "README.md": describe(card).encode()})
    return folder / NPZ


def reduce_size(pipeline: Pipeline) -> None:
    """Reduce the file to half its size, and its loading time, with float32 weights, rounded for
    terms, and terms once.
    """
    linear = pipeline["linear"]
    linear.coef_ = linear.coef_.astype(np.float32)
    if "terms" in pipeline.named_steps:
        linear.coef_ = round_weights(linear.coef_)
        for name, *_ in pipeline["terms"].transformers:  # derived from the list of terms when needed
            vars(pipeline["terms"].named_transformers_[name]).pop("vocabulary_", None)


def round_weights(weights: np.ndarray) -> np.ndarray:
    """Round float32 weights to BITS binary digits (one part in 65,000); the zeros that follow compress to nothing."""
    cut = 23 - BITS  # digits of a float32 to clear
    bits = np.ascontiguousarray(weights).view(np.uint32)
    return ((bits + np.uint32(1 << (cut - 1))) >> np.uint32(cut) << np.uint32(cut)).view(np.float32)


def write(path: Path, content: bytes) -> None:
    files.write_together(path.parent, {path.name: content})


def smoke_test(pipelines: dict[str, Any], kinds: Sequence[str]) -> dict[str, Any]:
    """Return inputs with the expected probabilities: rows for each pipeline, and a page of each kind."""
    vectors, pages, exact = {}, {}, in_double(pipelines)
    for kind, path in SMOKE_PAGES.items():
        if kind in kinds:
            page = read_page(content := path.read_text(encoding="utf-8"), kind=kind)
            rows = pipeline_rows(exact, kind, segment(page), page.title)
            for name, of_pipeline in rows.items():
                few = of_pipeline[::SMOKE_EVERY]
                vectors[name] = {"rows": few.tolist(), "probabilities": pipelines[name].predict_proba(few).tolist()}
            last = name_of(kind, STAGE_NAMES[-1])
            pages[kind] = {"content": content, "probabilities": exact[last].predict_proba(rows[last]).tolist()}
    return {"pipelines": vectors, "pages": pages}
