"""tables of scored pages and blocks -> word scores and label scores, by mode, page type and set."""

from typing import Any

import pandas as pd

from pagesieve.predict.labels import LABELS

from .bootstrap import confusions, interval, interval_or_none, macro_f1, mean, site_sums

MODES = ("html", "text", "pre_extracted")
FIRST = "first"  # the set of hand-labelled pages with the main figures


def label_scores(rows: pd.DataFrame) -> dict[str, object]:
    """Return precision, recall and F1 of each label and their macro-F1 with its interval, over the rows of one mode."""
    per_label = {}
    for label in LABELS:
        true, predicted = rows["label"] == label, rows["predicted"] == label
        hit = int((true & predicted).sum())
        precision, recall = hit / max(1, int(predicted.sum())), hit / max(1, int(true.sum()))
        f1 = 2 * precision * recall / (precision + recall) if hit else 0.0
        per_label[label] = {"precision": precision, "recall": recall, "f1": f1, "support": int(true.sum())}
    macro, low, high = interval(confusions(rows), macro_f1)
    return {"blocks": len(rows), "macro_f1": macro, "interval": interval_or_none(low, high), "per_label": per_label}


def macro_by_mode(rows: pd.DataFrame) -> dict[str, float]:
    counts = {str(mode): confusions(of_mode).sum(axis=0) for mode, of_mode in rows.groupby("mode", sort=False)}
    return {mode: float(macro_f1(count)) for mode, count in counts.items()}


def fold_scores(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return macro-F1 by fold and mode, with the number of training sites outside the fold."""
    return [
        {"fold": fold, "sites": rows.loc[rows["fold"] != fold, "site"].nunique(), "mode": mode, "macro_f1": macro}
        for fold in sorted(rows["fold"].unique().tolist())
        for mode, macro in macro_by_mode(rows[rows["fold"] == fold]).items()
    ]


def word_scores(pages: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return mean word scores over the pages of one mode: all of them, and by page type."""
    return {
        name: {"pages": len(group), **{k: float(group[k].mean()) for k in ("f1", "precision", "recall")}}
        for name, group in by_type(pages).items()
    }


def with_intervals(scores: dict[str, dict[str, Any]], pages: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the word scores of these pages, each F1 with its interval over sites."""
    groups = by_type(pages)
    return {
        name: of | {"interval": interval_or_none(*interval(site_sums(groups[name], "f1"), mean)[1:])}
        for name, of in scores.items()
    }


def by_type(pages: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {"all": pages, **{str(name): group for name, group in pages.groupby("page_type")}}


def metrics(pages: pd.DataFrame, labelled: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return word scores by mode, and label scores by mode for the set FIRST and for each other set."""
    modes = {mode: pages[pages["mode"] == mode] for mode in MODES}
    sets = {
        str(name): {mode: label_scores(rows[rows["mode"] == mode]) for mode in MODES}
        for name, rows in (labelled.groupby("set") if len(labelled) else ())
    }
    return {
        "word_f1": {mode: with_intervals(word_scores(rows), rows) for mode, rows in modes.items() if len(rows)},
        "labels": sets.pop(FIRST, {}),
        "other_sets": sets,
    }
