"""out-of-fold scores -> operating points: thresholds for clean or whole articles; and page confidence."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pagesieve.predict.labels import LABELS
from pagesieve.predict.scoring.decision import PREFERENCES, decide
from pagesieve.predict.scoring.stages import KINDS

BETA = {"precision": 0.25, "recall": 4.0}  # of the F-measure (van Rijsbergen) that an operating point maximises
GRID = np.round(np.arange(0.02, 0.99, 0.02), 2)  # thresholds of article_content to try
BINS = np.linspace(0, 1, 11)  # edges for scores and page confidence
CJK = {"zh", "ja", "ko"}
OTHER_SCRIPTS = {"ar", "bg", "bn", "el", "fa", "gu", "he", "hi", "hy", "ka", "ru", "sr", "ta", "th", "uk"}


def operating_points(rows: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return thresholds by kind of page, preference and label, chosen on hand-labelled blocks
    (``scored_rows.label_rows``).
    """
    return {
        kind: {prefer: thresholds(best(part, prefer)) for prefer in PREFERENCES} for kind, part in by_kind(rows).items()
    }


def by_kind(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    known = rows[rows["predicted"] != "missing"]
    kinds = known["mode"].where(known["mode"] == "html", "text")
    return {kind: part for kind in KINDS if len(part := known[kinds == kind])}


def thresholds(content: float) -> dict[str, float]:
    return {label: round(1 - content, 2) if place else content for place, label in enumerate(LABELS)}


def best(rows: pd.DataFrame, prefer: str) -> float:
    """Return the threshold of article_content with the largest F-measure over words; 0.5 without a preference."""
    if prefer not in BETA:
        return 0.5
    square = BETA[prefer] ** 2
    measured = []
    for content in GRID:
        precision, recall = kept_words(rows, thresholds(float(content)))
        measured.append((1 + square) * precision * recall / max(1e-9, square * precision + recall))
    return float(GRID[int(np.argmax(measured))])


def kept_words(rows: pd.DataFrame, at: dict[str, float]) -> tuple[float, float]:
    """Return precision and recall of the words labelled article_content."""
    kept = np.array(decide(rows[list(LABELS)].to_numpy(), at)) == LABELS[0]
    true, words = (rows["label"] == LABELS[0]).to_numpy(), rows["words"].to_numpy()
    both = float(words[kept & true].sum())
    return both / max(1.0, float(words[kept].sum())), both / max(1.0, float(words[true].sum()))


def kept_at_points(rows: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return precision and recall of kept words by kind and preference, with thresholds chosen on the other folds."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for kind, part in by_kind(rows).items():
        found[kind] = {}
        for prefer in PREFERENCES:
            folds = part.groupby("fold")
            pairs = [kept_words(out, thresholds(best(part.drop(out.index), prefer))) for _, out in folds]
            sizes = folds["words"].sum().to_numpy(dtype=float)
            precision, recall = (float(value) for value in np.average(pairs, axis=0, weights=sizes))
            found[kind][prefer] = {"precision": precision, "recall": recall}
    return found


def kept_by_threshold(rows: pd.DataFrame) -> dict[str, dict[str, list[float]]]:
    """Return by kind, for each threshold of article_content: precision and recall of kept words, and their share."""
    found = {}
    for kind, part in by_kind(rows).items():
        pairs = np.array([kept_words(part, thresholds(float(content))) for content in GRID])
        article = part.loc[part["label"] == LABELS[0], "words"].sum() / part["words"].sum()
        kept = pairs[:, 1] * article / np.maximum(1e-9, pairs[:, 0])
        columns = {"threshold": GRID, "precision": pairs[:, 0], "recall": pairs[:, 1], "kept": kept}
        found[kind] = {name: [round(float(value), 6) for value in values] for name, values in columns.items()}
    return found


def calibration(rows: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the calibration of each label's score by mode and label: see ``reliability``."""
    known = rows[rows["predicted"] != "missing"]
    return {
        str(mode): {label: reliability(part[label], (part["label"] == label).astype(float)) for label in LABELS}
        for mode, part in known.groupby("mode")
    }


def page_confidence(pages: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the calibration of page confidence as expected F1, by mode: see ``reliability``; and their rank
    correlation.

    The correlation is None if all pages are equal. The columns of ``pages`` are mode, confidence and kept_f1.
    """
    found = {}
    for mode, part in pages.groupby("mode"):
        correlation = part["confidence"].corr(part["kept_f1"], method="spearman")
        rank = {"rank_correlation": None if np.isnan(correlation) else float(correlation)}
        found[str(mode)] = reliability(part["confidence"], part["kept_f1"]) | rank
    return found


def trust(
    rows: pd.DataFrame, pages: pd.DataFrame, languages: Mapping[str, str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the calibration of scores and confidence by group of languages and for the set ``world``, then by mode.

    Each has the mean ``confidence`` and ``f1`` of its pages, and the largest calibration ``error`` of a label. ``rows``
    are those of ``scored_rows.label_rows``, ``pages`` those of ``scored_rows.confidence_rows``.
    """
    by_language = pages.assign(group=pages["page"].map(languages).map(group_of))
    world = pages[pages["set"] == "world"].assign(group="the set world")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for group, part in pd.concat([by_language, world]).groupby("group", sort=False):
        errors = calibration(rows[rows["page"].isin(part["page"])])
        found[str(group)] = {
            str(mode): {
                "pages": len(of),
                "confidence": float(of["confidence"].mean()),
                "f1": float(of["kept_f1"].mean()),
                "error": max(label["error"] for label in errors[str(mode)].values()),
            }
            for mode, of in part.groupby("mode")
        }
    return found


def group_of(language: str) -> str:
    if language == "en":
        return "English"
    if language in CJK:
        return "Chinese, Japanese, Korean"
    return "others, not in Latin script" if language in OTHER_SCRIPTS else "others in Latin script"


def reliability(predicted: pd.Series, true: pd.Series) -> dict[str, Any]:
    """Return means of predicted and true values in ten bins of equal width, with the count of each; no empty bins.

    ``error`` is the mean distance of both over all values: the expected calibration error (Naeini et al. 2015).
    """
    by_bin = pd.DataFrame({"predicted": predicted, "true": true}).groupby(np.digitize(predicted, BINS[1:-1]))
    table = by_bin.mean().assign(count=by_bin.size())
    error = ((table["predicted"] - table["true"]).abs() * table["count"]).sum() / len(predicted)
    bins = [{str(name): float(value) for name, value in row.items()} for row in table.to_dict("records")]
    return {"error": float(error), "bins": bins}
