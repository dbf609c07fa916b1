"""Out-of-fold scores -> figures: word scores against reference texts, label scores against hand labels."""

import gzip
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pagesieve.predict import files
from pagesieve.predict.document.blocks import Block
from pagesieve.predict.labels import LABELS
from pagesieve.predict.scoring.stages import score, without_markup
from pagesieve.predict.scoring.tables import Stages

from ..augment.without_names import without_names
from ..fit.stages import Learned, fit_all
from ..fit.top_terms import top_terms
from ..labels.folds import fold_of
from ..labels.views import View
from .baseline import baseline_of, to_json
from .breakdowns import breakdowns
from .metrics import FIRST, fold_scores, label_scores, metrics
from .operating_points import calibration, kept_at_points, kept_by_threshold, operating_points, page_confidence, trust
from .scored_rows import confidence_rows, kept_texts, label_frame, label_rows, mode_of, page_rows

LISTED = (FIRST, "kinds", "languages", "world")  # sets of pages whose blocks are listed in predictions.csv


def all_scores(
    views: Sequence[View], learned: Learned, data: Path, jobs: int
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """Return figures, pages and labelled blocks by out-of-fold scores, with figures of a model of the embedded data.

    The lines of ``data/languages.csv`` are not in the training data, so the whole model scores them.
    """
    scores = learned.scores
    pages, predictions = page_rows(views, scores), label_rows(views, scores)
    figures: dict[str, Any] = metrics(pages, predictions)
    figures["languages"] = language_scores(data / "languages.csv", learned.stages())
    figures["terms"] = top_terms(learned.stages())
    if len(predictions):
        read = pd.read_csv(data / "read.csv", dtype=str)
        spoken = dict(zip(read["page"], read["language"], strict=True))
        sure = confidence_rows(views, scores)
        figures["folds"] = fold_scores(predictions)
        figures["breakdowns"] = breakdowns(predictions, spoken)
        figures["threshold"] = kept_by_threshold(predictions)
        figures["decision"] = operating_points(predictions)
        figures["kept"] = kept_at_points(predictions)
        figures["calibration"] = calibration(predictions)
        figures["confidence"] = page_confidence(sure)
        figures["trust"] = trust(predictions, sure, spoken)
        figures["without_names"] = without_names_scores(views, learned, jobs)
    if len(pages):
        figures["embedded"] = embedded_figures(views, jobs)
    return figures, pages, predictions[predictions["set"].isin(LISTED)] if len(predictions) else predictions


def without_names_scores(views: Sequence[View], learned: Learned, jobs: int) -> dict[str, object]:
    """Return the label scores of the set FIRST as HTML without class names and ids, each page scored out of fold."""
    chosen = [view for view in views if view.page_set == FIRST and view.kind == "html"]
    stages = {fold: learned.stages(fold) for fold in {fold_of(view.site) for view in chosen}}
    scores = Parallel(n_jobs=jobs, batch_size=8)(
        delayed(score)(stages[fold_of(view.site)], without_names(view.blocks), view.title) for view in chosen
    )
    rows = [label_frame(view, "html", part) for view, part in zip(chosen, scores, strict=True)]
    return label_scores(pd.concat(rows, ignore_index=True)) if rows else {}


def embedded_figures(views: Sequence[View], jobs: int) -> dict[str, dict[str, Any]]:
    """Return the figures of a model trained on data/paragraphs.csv alone, and so on none of these pages."""
    scores = embedded_scores(views, jobs)
    labelled = label_rows(views, scores)
    return metrics(page_rows(views, scores), labelled[labelled["set"] == FIRST])


def extract_texts(views: Sequence[View], scores: Sequence[np.ndarray]) -> dict[str, dict[str, dict[str, str]]]:
    """Return the article_content blocks of both corpora as text, a line each, by corpus, kind (html, text) and page."""
    texts: dict[str, dict[str, dict[str, str]]] = {name: {"html": {}, "text": {}} for name in ("wcxb", "trafilatura")}
    for view, part in zip(views, scores, strict=True):
        if view.source in texts and view.kind in ("html", "text"):
            texts[view.source][view.kind][view.page] = "\n".join(kept_texts(view, part))
    return texts


def language_scores(path: Path, stages: dict[str, Stages]) -> dict[str, dict[str, float]]:
    """Return the recall of each label, over all languages and for each; the lines of a language are
    scored as a page.
    """
    lines = pd.read_csv(path, encoding="utf-8")
    hits = []
    for _, page in lines.groupby("language", sort=True):
        predicted = score(stages, [Block(i, text) for i, text in enumerate(page["text"])], "").argmax(axis=1)
        hits.append(page.assign(hit=np.array(LABELS)[predicted] == page["label"]))
    table = pd.concat(hits)
    by_language = table.pivot_table(index="language", columns="label", values="hit", aggfunc="mean")
    overall = table.groupby("label")["hit"].mean()
    return {
        str(name): {str(label): float(value) for label, value in row.items()}
        for name, row in [("all", overall), *by_language.iterrows()]
    }


def embedded_scores(views: Sequence[View], jobs: int) -> list[np.ndarray]:
    """Return the scores of the evaluated views by a model of data/paragraphs.csv alone, which reads HTML as lines."""
    stages = fit_all([view for view in views if view.source == "paragraphs"], jobs).stages()
    return list(
        Parallel(n_jobs=jobs, batch_size=32)(
            delayed(score)(stages, without_markup(view.blocks), "")
            if mode_of(view) and (view.page_set == FIRST or (view.page_type and view.kind != "pre_extracted"))
            else delayed(np.zeros)((len(view.blocks), len(LABELS)))
            for view in views
        )
    )


def summary(figures: dict[str, Any]) -> str:
    lines = []
    for name, part in (("", figures), ("embedded data alone: ", figures.get("embedded", {}))):
        for mode, by_type in part.get("word_f1", {}).items():
            lines.append(f"{name}{mode}: word F1 {by_type['all']['f1']:.4f} on {by_type['all']['pages']} pages")
        for page_set, by_mode in {"": part.get("labels", {}), **part.get("other_sets", {})}.items():
            for mode, labels in by_mode.items():
                each = ", ".join(f"{label} {score['f1']:.3f}" for label, score in labels["per_label"].items())
                where = f"blocks of the set {page_set}" if page_set else "blocks"
                lines.append(f"{name}{mode}: macro-F1 {labels['macro_f1']:.4f} on {labels['blocks']} {where} ({each})")
    if without := figures.get("without_names"):
        lines.append(f"html without class names and ids: macro-F1 {without['macro_f1']:.4f}")
    recall = ", ".join(f"{label} {value:.3f}" for label, value in figures["languages"]["all"].items())
    lines.append(f"recall of lines in {len(figures['languages']) - 1} languages: {recall}")
    if not figures["word_f1"]:
        lines.append("no evaluation pages: `make data` fetches them")
    return "\n".join(lines)


def write_reports(
    folder: Path, figures: dict[str, Any], pages: pd.DataFrame, predictions: pd.DataFrame, others: dict[str, bytes]
) -> None:
    """Write the files of an evaluation and ``others``, all or none; a summary of replaced tables
    goes to baseline.json.
    """
    tables = {
        "pages.csv": pages.to_csv(index=False, float_format="%.6f", lineterminator="\n").encode(),
        "predictions.csv": predictions.to_csv(index=False, float_format="%.4f", lineterminator="\n").encode(),
    }
    written = {"metrics.json": (json.dumps(figures, indent=1) + "\n").encode(), **tables, **others}
    paths = [folder / name for name in tables]
    if all(path.exists() for path in paths) and any(path.read_bytes() != tables[path.name] for path in paths):
        with suppress(ValueError, KeyError):  # damaged files and those of earlier versions give no baseline
            before = [pd.read_csv(path, dtype={"page": str}) for path in paths]
            written["baseline.json"] = to_json(baseline_of(*before))
    files.write_together(folder, written)


def pack_extracted(texts: dict[str, dict[str, dict[str, str]]], data: dict[str, str]) -> bytes:
    """Return the extracted texts with the digests of the training data, compressed, for `make compare`."""
    return gzip.compress(json.dumps({"data": data, **texts}).encode(), mtime=0)
