"""Out-of-fold scores -> figures: word scores against reference texts, label scores against hand labels."""

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pagesieve.predict import files
from pagesieve.predict.document.blocks import Block
from pagesieve.predict.features.words import count_words, text_length
from pagesieve.predict.labels import LABELS
from pagesieve.predict.scoring.decision import confidence, decide, once
from pagesieve.predict.scoring.stages import Stages, bare, score

from ..augment.without_names import without_names
from ..fit.stages import Learned, learn_from
from ..fit.top_terms import top_terms
from ..labels.alignment import words
from ..labels.folds import fold_of
from ..labels.views import OWN, View
from .baseline import baseline_of, to_json
from .bootstrap import confusions, interval, known, macro_f1, mean, totals
from .breakdowns import slices
from .operating_points import calibration, kept_at_points, kept_by_threshold, operating_points, page_confidence, trust

MODES = ("html", "text", "leftover")
FIRST = "first"  # the set of hand-labelled pages whose figures stand for the model
LISTED = (FIRST, "kinds", "languages", "world")  # the sets whose blocks are listed one by one


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
    """The hand-labelled blocks of web pages with their scores, in the three modes; no text.

    In html mode a row is a block that readers cut, scored by the block of ours that most of its words stand in; in
    text and leftover mode a row is a line (the rules of the WCXB gold pages' scorer).
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
    lost = np.isnan(best).any(axis=1)
    frame.insert(6, "predicted", np.where(lost, "missing", np.array(LABELS)[np.nan_to_num(best).argmax(axis=1)]))
    frame["page_type"], frame["site"] = view.page_type, view.site
    frame["words"] = [count_words(view.blocks[place].text) for place in known]
    return frame


def confidence_rows(views: Sequence[View], scores: Sequence[np.ndarray]) -> pd.DataFrame:
    """For each hand-labelled page and mode its confidence, and the F1 of the kept characters by the hand labels.

    Both are 0 where nothing is kept, also if the hand labels agree.
    """
    rows = []
    for view, part in zip(views, scores, strict=True):
        known = view.labels >= 0
        if view.page_set in ("", OWN) or not mode_of(view) or not known.any():
            continue
        said = np.array(decide(part))
        texts = [block.text for block in view.blocks]
        lengths = np.array(list(map(text_length, texts))) * known
        kept, true = lengths[said == LABELS[0]].sum(), lengths[view.labels == 0].sum()
        both = lengths[(said == LABELS[0]) & (view.labels == 0)].sum()
        f1 = 2 * both / (kept + true) if kept else 0.0
        rows.append([mode_of(view), view.page_set, view.page, confidence(part, said.tolist(), texts), float(f1)])
    return pd.DataFrame(rows, columns=["mode", "set", "page", "confidence", "kept_f1"])


def label_scores(rows: pd.DataFrame) -> dict[str, object]:
    """Precision, recall and F1 of each label and their macro-F1 with its interval, over the rows of one mode."""
    per_label = {}
    for label in LABELS:
        true, said = rows["label"] == label, rows["predicted"] == label
        hit = int((true & said).sum())
        precision, recall = hit / max(1, int(said.sum())), hit / max(1, int(true.sum()))
        f1 = 2 * precision * recall / (precision + recall) if hit else 0.0
        per_label[label] = {"precision": precision, "recall": recall, "f1": f1, "support": int(true.sum())}
    macro, low, high = interval(confusions(rows), macro_f1)
    return {"blocks": len(rows), "macro_f1": macro, "interval": known(low, high), "per_label": per_label}


def macro_by_mode(rows: pd.DataFrame) -> dict[str, float]:
    counts = {str(mode): confusions(of_mode).sum(axis=0) for mode, of_mode in rows.groupby("mode", sort=False)}
    return {mode: float(macro_f1(count)) for mode, count in counts.items()}


def fold_scores(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Macro-F1 by fold and mode, with the number of sites outside the fold, which was learned from."""
    return [
        {"fold": fold, "sites": rows.loc[rows["fold"] != fold, "site"].nunique(), "mode": mode, "macro_f1": macro}
        for fold in sorted(rows["fold"].unique().tolist())
        for mode, macro in macro_by_mode(rows[rows["fold"] == fold]).items()
    ]


def word_scores(pages: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Mean word scores over the pages of one mode: all of them, and by page type."""
    return {
        name: {"pages": len(group), **{k: float(group[k].mean()) for k in ("f1", "precision", "recall")}}
        for name, group in by_type(pages).items()
    }


def with_intervals(scores: dict[str, dict[str, Any]], pages: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The word scores of these pages, each F1 with its interval over sites."""
    groups = by_type(pages)
    return {
        name: of | {"interval": known(*interval(totals(groups[name], "f1"), mean)[1:])} for name, of in scores.items()
    }


def by_type(pages: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {"all": pages, **{str(name): group for name, group in pages.groupby("page_type")}}


def metrics(pages: pd.DataFrame, labelled: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Word scores by mode; label scores by mode on the first set of hand-labelled pages, and on each other set."""
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


def all_scores(
    views: Sequence[View], learned: Learned, data: Path, jobs: int
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """Figures, pages and labelled blocks, by out-of-fold scores; and the figures of a model from the embedded data.

    The lines of ``data/languages.csv`` are in no training data, so they are scored by the whole model.
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
        figures["slices"] = slices(predictions, spoken)
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
    """The label scores of the set FIRST as HTML without class names and ids, each page by the stages without it."""
    chosen = [view for view in views if view.page_set == FIRST and view.kind == "html"]
    stages = {fold: learned.stages(fold) for fold in {fold_of(view.site) for view in chosen}}
    scores = Parallel(n_jobs=jobs, batch_size=8)(
        delayed(score)(stages[fold_of(view.site)], without_names(view.blocks), view.title) for view in chosen
    )
    rows = [label_frame(view, "html", part) for view, part in zip(chosen, scores, strict=True)]
    return label_scores(pd.concat(rows, ignore_index=True)) if rows else {}


def embedded_figures(views: Sequence[View], jobs: int) -> dict[str, dict[str, Any]]:
    """The figures of a model that learned from data/paragraphs.csv alone, and so from none of these pages."""
    scores = embedded_scores(views, jobs)
    labelled = label_rows(views, scores)
    return metrics(page_rows(views, scores), labelled[labelled["set"] == FIRST])


def extracted(views: Sequence[View], scores: Sequence[np.ndarray]) -> dict[str, dict[str, dict[str, str]]]:
    """The article_content blocks, a line each, of the pages of both corpora: by corpus, kind (html, text) and page."""
    texts: dict[str, dict[str, dict[str, str]]] = {name: {"html": {}, "text": {}} for name in ("wcxb", "trafilatura")}
    for view, part in zip(views, scores, strict=True):
        if view.source in texts and view.kind in ("html", "text"):
            texts[view.source][view.kind][view.page] = "\n".join(kept_texts(view, part))
    return texts


def kept_texts(view: View, scores: np.ndarray) -> list[str]:
    """The texts of the blocks that are labelled article_content, as ``Model.text`` gives them."""
    return once([block.text for block, row in zip(view.blocks, scores, strict=True) if row.argmax() == 0])


def language_scores(path: Path, stages: dict[str, Stages]) -> dict[str, dict[str, float]]:
    """Recall of each label over all languages and in each one; the lines of a language are read as one page."""
    lines = pd.read_csv(path, encoding="utf-8")
    hits = []
    for _, page in lines.groupby("language", sort=True):
        said = score(stages, [Block(i, text) for i, text in enumerate(page["text"])], "").argmax(axis=1)
        hits.append(page.assign(hit=np.array(LABELS)[said] == page["label"]))
    table = pd.concat(hits)
    by_language = table.pivot_table(index="language", columns="label", values="hit", aggfunc="mean")
    overall = table.groupby("label")["hit"].mean()
    return {
        str(name): {str(label): float(value) for label, value in row.items()}
        for name, row in [("all", overall), *by_language.iterrows()]
    }


def embedded_scores(views: Sequence[View], jobs: int) -> list[np.ndarray]:
    """Scores of the views that are scored, by a model of data/paragraphs.csv alone, which so reads HTML as lines."""
    stages = learn_from([view for view in views if view.source == "paragraphs"], jobs).stages()
    return list(
        Parallel(n_jobs=jobs, batch_size=32)(
            delayed(score)(stages, bare(view.blocks), "")
            if mode_of(view) and (view.page_set == FIRST or (view.page_type and view.kind != "leftover"))
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
    if bare := figures.get("without_names"):
        lines.append(f"html without class names and ids: macro-F1 {bare['macro_f1']:.4f}")
    recall = ", ".join(f"{label} {value:.3f}" for label, value in figures["languages"]["all"].items())
    lines.append(f"recall of lines in {len(figures['languages']) - 1} languages: {recall}")
    if not figures["word_f1"]:
        lines.append("no evaluation pages: `make data` fetches them")
    return "\n".join(lines)


def write_reports(
    folder: Path, figures: dict[str, Any], pages: pd.DataFrame, predictions: pd.DataFrame, others: dict[str, bytes]
) -> None:
    """Write the files of an evaluation, with these others, all or none; what they replace goes to baseline.json."""
    tables = {
        "pages.csv": pages.to_csv(index=False, float_format="%.6f", lineterminator="\n").encode(),
        "predictions.csv": predictions.to_csv(index=False, float_format="%.4f", lineterminator="\n").encode(),
    }
    written = {"metrics.json": (json.dumps(figures, indent=1) + "\n").encode(), **tables, **others}
    paths = [folder / name for name in tables]
    if all(path.exists() for path in paths) and any(path.read_bytes() != tables[path.name] for path in paths):
        with suppress(ValueError, KeyError):  # files that are broken or of an earlier version are no baseline
            before = [pd.read_csv(path, dtype={"page": str}) for path in paths]
            written["baseline.json"] = to_json(baseline_of(*before))
    files.write_together(folder, written)


def kept(texts: dict[str, dict[str, dict[str, str]]], data: dict[str, str]) -> bytes:
    """What was extracted, with the digests of the data that it was learned from, for `make compare`."""
    return gzip.compress(json.dumps({"data": data, **texts}).encode(), mtime=0)
