"""Out-of-fold scores -> figures: word scores against reference texts, label scores against hand labels."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pagesieve.predict.labels import LABELS

from .align import words
from .corpus import View
from .split import fold_of

MODES = ("html", "text", "leftover")


def mode_of(view: View) -> str | None:
    """The mode that a view is scored in: leftover pages are those that resiliparse leaves; others only train."""
    if view.kind == "leftover":
        return "leftover" if view.maker == "resiliparse" else None
    return view.kind


def page_rows(views: Sequence[View], scores: Sequence[np.ndarray]) -> pd.DataFrame:
    """Word precision, recall and F1 of each page with a reference text, as bags of words (WCXB's measure)."""
    rows = []
    for view, part in zip(views, scores, strict=True):
        if view.page_type and view.kind in ("html", "text"):
            kept = [block.text for block, row in zip(view.blocks, part, strict=True) if row.argmax() == 0]
            found = Counter(word for text in kept for word in words(text))
            rows.append([view.page, view.site, fold_of(view.site), view.page_type, view.kind, *bag_scores(found, view.reference)])
    return pd.DataFrame(rows, columns=["page", "site", "fold", "page_type", "mode", "precision", "recall", "f1"])


def bag_scores(found: Counter[str], wanted: Counter[str]) -> tuple[float, float, float]:
    if not found or not wanted:
        return (1.0, 1.0, 1.0) if not found and not wanted else (0.0, 0.0, 0.0)
    common = (found & wanted).total()
    precision, recall = common / found.total(), common / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def label_rows(views: Sequence[View], scores: Sequence[np.ndarray]) -> pd.DataFrame:
    """The hand-labelled blocks of web pages with their scores, in the three modes; no text.

    In html mode a row is a block that readers cut, scored by the block of ours that most of its words stand in; in
    text and leftover mode a row is a line (the rules of the WCXB gold pages' scorer).
    """
    html = {view.page: part for view, part in zip(views, scores, strict=True) if view.hand and view.kind == "html"}
    frames = []
    for view, part in zip(views, scores, strict=True):
        if not view.hand or not view.page_type or mode_of(view) is None or view.kind == "html":
            continue
        frames.append(label_frame(view, str(mode_of(view)), part))
        if view.kind == "text":
            found = view.origin >= 0
            frames.append(label_frame(view, "html", np.where(found[:, None], html[view.page][view.origin], np.nan)))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def label_frame(view: View, mode: str, scores: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(scores, columns=list(LABELS))
    known = np.flatnonzero(view.labels >= 0)
    frame.insert(0, "mode", mode)
    frame.insert(1, "page", view.page)
    frame.insert(2, "position", np.arange(len(view.blocks)))
    frame.insert(3, "fold", fold_of(view.site))
    frame = frame.iloc[known].copy()
    frame.insert(4, "label", [LABELS[label] for label in view.labels[known]])
    best = frame[list(LABELS)].to_numpy()
    lost = np.isnan(best).any(axis=1)
    frame.insert(5, "predicted", np.where(lost, "missing", np.array(LABELS)[np.nan_to_num(best).argmax(axis=1)]))
    frame["page_type"], frame["site"] = view.page_type, view.site
    return frame


def label_scores(rows: pd.DataFrame) -> dict[str, object]:
    """Precision, recall and F1 of each label and their macro-F1, over the rows of one mode."""
    per_label = {}
    for label in LABELS:
        true, said = rows["label"] == label, rows["predicted"] == label
        hit = int((true & said).sum())
        precision, recall = hit / max(1, int(said.sum())), hit / max(1, int(true.sum()))
        f1 = 2 * precision * recall / (precision + recall) if hit else 0.0
        per_label[label] = {"precision": precision, "recall": recall, "f1": f1, "support": int(true.sum())}
    macro = sum(score["f1"] for score in per_label.values()) / len(LABELS)
    return {"blocks": len(rows), "macro_f1": macro, "per_label": per_label}


def word_scores(pages: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Mean word scores over the pages of one mode: all of them, and by page type."""
    groups = {"all": pages, **dict(iter(pages.groupby("page_type")))}
    return {
        name: {"pages": len(group), **{k: float(group[k].mean()) for k in ("f1", "precision", "recall")}}
        for name, group in groups.items()
    }


def metrics(pages: pd.DataFrame, labelled: pd.DataFrame) -> dict[str, dict[str, object]]:
    return {
        "word_f1": {mode: word_scores(pages[pages["mode"] == mode]) for mode in MODES if (pages["mode"] == mode).any()},
        "labels": {mode: label_scores(labelled[labelled["mode"] == mode]) for mode in MODES} if len(labelled) else {},
    }
