"""out-of-fold scores -> tables: a row for each page with its word scores, and for each hand-labelled block."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pagesieve.predict.features.words import count_words, text_length
from pagesieve.predict.labels import LABELS
from pagesieve.predict.scoring.decision import confidence, decide, drop_repeated

from ..labels.alignment import words
from ..labels.folds import fold_of
from ..labels.views import OWN, View


def mode_of(view: View) -> str | None:
    """Return the mode in which a view is scored, None for views that only train, such as other extractors' lines."""
    if view.kind == "pre_extracted":
        return "pre_extracted" if view.maker == "resiliparse" else None
    return view.kind


def page_rows(views: Sequence[View], scores: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return word precision, recall and F1 of each page with a reference text, as bags of words (WCXB's measure)."""
    rows = []
    for view, part in zip(views, scores, strict=True):
        if view.page_type and view.kind in ("html", "text"):
            found = Counter(word for text in kept_texts(view, part) for word in words(text))
            rows.append(
                [
                    view.page,
                    view.site,
                    fold_of(view.site),
                    view.page_type,
                    view.kind,
                    *bag_scores(found, view.reference),
                ]
            )
    return pd.DataFrame(rows, columns=["page", "site", "fold", "page_type", "mode", "precision", "recall", "f1"])


def bag_scores(found: Counter[str], wanted: Counter[str]) -> tuple[float, float, float]:
    if not found or not wanted:
        return (1.0, 1.0, 1.0) if not found and not wanted else (0.0, 0.0, 0.0)
    common = (found & wanted).total()
    precision, recall = common / found.total(), common / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def label_rows(views: Sequence[View], scores: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return the hand-labelled blocks of web pages with their scores, in three modes and without text.

    In html mode a row is a block as segmented by readers, scored by the block of ours that contains most of its words;
    in text and pre-extracted mode a row is a line (the rules of the WCXB gold pages' scorer).
    """
    html = {
        view.page: part
        for view, part in zip(views, scores, strict=True)
        if view.page_set not in ("", OWN) and view.kind == "html"
    }
    frames = []
    for view, part in zip(views, scores, strict=True):
        mode = mode_of(view)
        if view.page_set in ("", OWN) or mode in (None, "html"):
            continue
        frames.append(label_frame(view, str(mode), part))
        if view.kind == "text":
            found = view.origin >= 0
            frames.append(label_frame(view, "html", np.where(found[:, None], html[view.page][view.origin], np.nan)))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def label_frame(view: View, mode: str, scores: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(scores, columns=list(LABELS))
    known = np.flatnonzero(view.labels >= 0)
    frame.insert(0, "mode", mode)
    frame.insert(1, "set", view.page_set)
    frame.insert(2, "page", view.page)
    frame.insert(3, "position", np.arange(len(view.blocks)))
    frame.insert(4, "fold", fold_of(view.site))
    frame = frame.iloc[known].copy()
    frame.insert(5, "label", [LABELS[label] for label in view.labels[known]])
    best = frame[list(LABELS)].to_numpy()
    missing = np.isnan(best).any(axis=1)
    frame.insert(6, "predicted", np.where(missing, "missing", np.array(LABELS)[np.nan_to_num(best).argmax(axis=1)]))
    frame["page_type"], frame["site"] = view.page_type, view.site
    frame["words"] = [count_words(view.blocks[place].text) for place in known]
    return frame


def confidence_rows(views: Sequence[View], scores: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return the confidence of each hand-labelled page and mode, and the F1 of its kept characters by hand labels.

    Both are 0 if nothing is kept, even if the hand labels agree.
    """
    rows = []
    for view, part in zip(views, scores, strict=True):
        known = view.labels >= 0
        if view.page_set in ("", OWN) or not mode_of(view) or not known.any():
            continue
        predicted = np.array(decide(part))
        texts = [block.text for block in view.blocks]
        lengths = np.array(list(map(text_length, texts))) * known
        kept, true = lengths[predicted == LABELS[0]].sum(), lengths[view.labels == 0].sum()
        both = lengths[(predicted == LABELS[0]) & (view.labels == 0)].sum()
        f1 = 2 * both / (kept + true) if kept else 0.0
        rows.append([mode_of(view), view.page_set, view.page, confidence(part, predicted.tolist(), texts), float(f1)])
    return pd.DataFrame(rows, columns=["mode", "set", "page", "confidence", "kept_f1"])


def kept_texts(view: View, scores: np.ndarray) -> list[str]:
    """Return the texts of the blocks labelled article_content, as ``Model.text`` selects them."""
    return drop_repeated([block.text for block, row in zip(view.blocks, scores, strict=True) if row.argmax() == 0])
