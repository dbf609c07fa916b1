"""corrections, and models without and with them -> their effect: reports/changed.json, without text except terms."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pagesieve.predict.labels import LABELS
from pagesieve.predict.model import Model, ModelError, load
from pagesieve.predict.scoring.stages import KINDS, score
from pagesieve.predict.scoring.tables import Stages

from ..evaluation import evaluate, shown_pages
from ..evaluation.bootstrap import f1
from ..fit.stages import Learned, fit_all
from ..fit.top_terms import weights_of
from ..labels.views import View
from .corrections import WEIGHT, Corrections

MOVED = 10  # terms to list for each label
Run = tuple[dict[str, Stages], dict[str, Any]]  # a model's stages by kind of page, and its figures


def before_of(views: Sequence[View], digests: dict[str, str], shipped: Path, data: Path, jobs: int) -> Run:
    """Return the model without the corrections: the present one if it was trained on the same data, else a new one."""
    try:
        model: Model | None = load(shipped)
    except ModelError:
        model = None
    if model and model.card["data"] == digests:
        return model.stages, model.card["scores"]
    learned = fit_all(views, jobs)
    return learned.stages(), evaluate.all_scores(views, learned, data, jobs)[0]


def what_changed(
    found: Corrections, learned: Learned, start: int, before: Run, figures: dict[str, Any]
) -> dict[str, Any]:
    """Return all figures; the corrections are the views from ``start`` on, scored by the folds without them."""
    stages = learned.stages()
    rows = []
    for number in found.scored(found.learned):
        view = found.learned[number]
        rows.append((view, "corrected", score(before[0], view.blocks, view.title), learned.scores[start + number]))
    for number in found.scored(found.tests):
        view = found.tests[number]
        old, new = (score(one, view.blocks, view.title) for one in (before[0], stages))
        rows.append((view, "test", old, new))
    return {
        "weight": WEIGHT,
        "apart": found.apart,
        "left_out": found.left_out,
        "sets": {name: set_figures([row for row in rows if row[1] == name]) for name in ("corrected", "test")},
        "pages": [page_figures(found.names[row[0].page], row[1], row[2:]) for row in with_labels(rows)],
        "elsewhere": elsewhere(before, (stages, figures)),
        "terms": moved(before[0], stages),
    }


Row = tuple[View, str, np.ndarray, np.ndarray]


def with_labels(rows: Iterable[Row]) -> Iterable[tuple[View, str, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield for each page its view, set, and the labels of its labelled blocks: by hand, and predicted before and
    after.
    """
    for view, name, *scores in rows:
        known = view.labels >= 0
        before, after = (part[known].argmax(axis=1) for part in scores)
        yield view, name, view.labels[known], before, after


def page_figures(page: str, name: str, predicted: tuple[np.ndarray, np.ndarray, np.ndarray]) -> dict[str, Any]:
    labels, before, after = predicted
    return {
        "page": page,
        "set": name,
        "blocks": len(labels),
        "changed": int((before != after).sum()),
        "wrong_before": int((before != labels).sum()),
        "wrong_after": int((after != labels).sum()),
    }


def set_figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Return macro-F1 over the pages' labels, before and after, and the numbers of blocks by old and new prediction."""
    parts = list(with_labels(rows))
    if not parts:
        return {}
    labels, before, after = (np.concatenate([part[place] for part in parts]) for place in (2, 3, 4))
    moves = Counter((LABELS[a], LABELS[b]) for a, b in zip(before, after, strict=True) if a != b)
    return {
        "pages": len(parts),
        "blocks": len(labels),
        "macro_f1": {"before": macro_of(labels, before), "after": macro_of(labels, after)},
        "right": {"before": float((before == labels).mean()), "after": float((after == labels).mean())},
        "moves": [[a, b, count] for (a, b), count in moves.most_common()],
    }


def macro_of(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Return the mean F1 of the labels that are on the pages or were predicted for them."""
    both = np.zeros((len(LABELS), len(LABELS)))
    np.add.at(both, (labels, predicted), 1)
    return float(f1(both)[both.any(axis=0) | both.any(axis=1)].mean())


def elsewhere(before: Run, after: Run) -> list[dict[str, Any]]:
    """Return scores on other data before and after: pages of the corpora, our sample pages, lines by language."""
    first, second = (dict(scores_of(*run)) for run in (before, after))
    return [{"score": name, "before": first[name], "after": second[name]} for name in second]


def scores_of(stages: dict[str, Stages], figures: dict[str, Any]) -> list[tuple[str, float]]:
    sets = {"first": figures["labels"], **figures["other_sets"]}
    rows = [
        (f"macro-F1, {mode}, set {name}", float(of["macro_f1"]))
        for name, modes in sets.items()
        for mode, of in modes.items()
    ]
    pages = shown_pages.sample_pages(partial(score, stages))
    blocks = [block for page in pages for block in page["blocks"] if "hand" in block]
    pairs = [(LABELS.index(block["hand"]), LABELS.index(block["label"])) for block in blocks]
    rows.append(("macro-F1, our sample pages", macro_of(*np.array(pairs).T)))
    lines = f"recall in {len(figures['languages']) - 1} languages"
    return rows + [(f"{lines}, {name}", value) for name, value in figures["languages"]["all"].items()]


def moved(before: dict[str, Stages], after: dict[str, Stages]) -> dict[str, list[list[Any]]]:
    """Return for each label the terms of the first stage with the largest change: [term, weight
    before, weight after].
    """
    kind = next(kind for kind in KINDS if kind in after)
    old, new = (weights_of(stages[kind].first.parameters) for stages in (before, after))
    names = sorted(set(old) | set(new))
    nothing = np.zeros(len(LABELS))
    table = np.array([(old.get(name, nothing), new.get(name, nothing)) for name in names])
    most = np.argsort(-np.abs(table[:, 1] - table[:, 0]), axis=0, kind="stable")[:MOVED]
    return {
        label: [[": ".join(names[n]), *np.round(table[n, :, place], 4).tolist()] for n in most[:, place]]
        for place, label in enumerate(LABELS)
    }


def summary(changed: dict[str, Any]) -> str:
    lines = []
    for name, of in changed["sets"].items():
        if of:
            scores = [f"{what} {of[what]['before']:.3f} -> {of[what]['after']:.3f}" for what in ("macro_f1", "right")]
            lines.append(f"{name}: {', '.join(scores)}, on {of['blocks']} blocks of {of['pages']} pages")
    lines += [f"elsewhere: {row['score']} {row['before']:.3f} -> {row['after']:.3f}" for row in changed["elsewhere"]]
    return "\n".join(lines)


def table(changed: dict[str, Any]) -> str:
    """Return the scores as rows of Markdown."""
    lines = ["| score | pages | before | after |", "| --- | ---: | ---: | ---: |"]
    for name, of in changed["sets"].items():
        if of:
            f1 = of["macro_f1"]
            lines.append(f"| macro-F1, {name} | {of['pages']} | {f1['before']:.3f} | {f1['after']:.3f} |")
    lines += [f"| {row['score']} | | {row['before']:.3f} | {row['after']:.3f} |" for row in changed["elsewhere"]]
    return "\n".join(lines) + "\n"
