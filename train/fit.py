"""Views -> pipelines and out-of-fold scores: two passes, on five site folds that they share, and once on everything.

The second pass learns from hand-labelled pages only, for it is about how the labels of a whole page go together.

The junk of pages that have only a reference main text gets weak labels from the same two passes, learned from the
hand-labelled HTML pages alone; what is scored in a fold was labelled without that fold's hand labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from pagesieve.predict.features import block_features, page_features
from pagesieve.predict.labels import LABELS

from .corpus import JUNK, NONE, View
from .pipeline import balanced, block_pipeline, page_pipeline
from .split import FOLDS, fold_of

SURE = 0.8  # probability, among the labels that are not content, that a weak label needs
KEPT = 0.35  # share of the blocks without hand labels that is learned from, with their weight raised in turn
LIFT = 0.25  # power by which rare labels are lifted
PAGES_AT_ONCE = 50
EVERYTHING = -1  # the fold that leaves nothing out


@dataclass(frozen=True)
class Table:
    """The blocks of many views in a row; ``starts[i]`` is the first of view i."""

    views: list[View]
    labels: np.ndarray
    html: np.ndarray
    hand: np.ndarray
    weights: np.ndarray
    sites: np.ndarray
    folds: np.ndarray
    starts: np.ndarray

    def of(self, view: int) -> slice:
        return slice(self.starts[view], self.starts[view + 1])


@dataclass(frozen=True)
class Learned:
    """Pipelines by fold left out, and the scores (blocks, labels) of both passes on the blocks that were left out."""

    pipelines: dict[int, dict[str, Pipeline]]
    first: np.ndarray
    second: np.ndarray


def learn_from(views: Sequence[View], jobs: int) -> tuple[Table, Learned]:
    """Both passes from all views; deterministic for the same views and library versions."""
    table = tabulated(views)
    hand = tabulated([view for view in views if view.hand and view.kind == "html"])
    labels = dict.fromkeys((*range(FOLDS), EVERYTHING), np.where(table.labels == JUNK, NONE, table.labels))
    if hand.views:
        labels = weak_labels(table, learn(hand, dict.fromkeys(labels, hand.labels), jobs), jobs)
    return table, learn(table, labels, jobs)


def tabulated(views: Sequence[View]) -> Table:
    sizes = [len(view.blocks) for view in views]
    return Table(
        views=list(views),
        labels=np.concatenate([view.labels for view in views]) if views else np.zeros(0, dtype=int),
        html=np.repeat([view.kind == "html" for view in views], sizes),
        hand=np.repeat([view.hand for view in views], sizes),
        weights=np.repeat([view.weight for view in views], sizes),
        sites=np.repeat(np.array([view.site for view in views], dtype=object), sizes),
        folds=np.repeat([fold_of(view.site) for view in views], sizes),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(int),
    )


def learn(table: Table, labels: dict[int, np.ndarray], jobs: int) -> Learned:
    """Both passes for each fold left out, from labels of its own."""
    rows = {fold: rows_to_learn(table, labels[fold], fold) for fold in labels}
    out = {fold: np.flatnonzero(table.folds == fold) for fold in labels}

    def passes(features: np.ndarray, few: dict[int, np.ndarray], jobs: int) -> tuple[list[Pipeline], np.ndarray]:
        fitted = Parallel(n_jobs=jobs, pre_dispatch="n_jobs", max_nbytes=None)(
            delayed(fit_and_score)(
                features[few[fold]],
                table.sites[few[fold]],
                labels[fold][few[fold]],
                weights_of(table, labels[fold], few[fold]),
                features[out[fold]],
            )
            for fold in labels
        )
        scores = np.zeros((len(features), len(LABELS)))
        for fold, (_, part) in zip(labels, fitted, strict=True):
            scores[out[fold]] = part
        return [pipeline for pipeline, _ in fitted], scores

    blocks, first = passes(first_features(table, jobs), rows, jobs)
    by_hand = {fold: of_fold[table.hand[of_fold]] for fold, of_fold in rows.items()}
    pages, second = passes(second_features(table, first, jobs), by_hand, 1)  # two at once need 12 GB
    pipelines = {fold: {"block": b, "page": p} for fold, b, p in zip(labels, blocks, pages, strict=True)}
    return Learned(pipelines, first, second)


def fit_and_score(
    features: np.ndarray, sites: np.ndarray, labels: np.ndarray, weights: np.ndarray, others: np.ndarray
) -> tuple[Pipeline, np.ndarray]:
    """The first pass where features are strings, else the second."""
    pipeline = block_pipeline(features, sites) if features.dtype == object else page_pipeline()
    with threadpool_limits(1):  # sums that do not depend on the number of cores
        pipeline.fit(features, labels, linear__sample_weight=weights)
        return pipeline, pipeline.predict_proba(others) if len(others) else np.zeros((0, len(LABELS)))


def rows_to_learn(table: Table, labels: np.ndarray, fold: int) -> np.ndarray:
    """Labelled blocks outside the fold: all that people labelled, a fixed random part of the others."""
    lucky = np.random.default_rng(0).random(len(labels)) < KEPT
    return np.flatnonzero((table.folds != fold) & (labels >= 0) & (lucky | table.hand))


def weights_of(table: Table, labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How much each row counts; rare labels are lifted among the rows of HTML and among those of text pages."""
    weights: np.ndarray = np.where(table.hand[rows], 1, 1 / KEPT) * table.weights[rows]
    for part in (table.html[rows], ~table.html[rows]):
        if part.any():
            weights[part] = balanced(labels[rows][part], weights[part], LIFT)
    return weights


def first_features(table: Table, jobs: int) -> np.ndarray:
    return np.concatenate(
        Parallel(n_jobs=jobs, batch_size=32)(delayed(block_features)(view.blocks, view.title) for view in table.views)
    )


def second_features(table: Table, first: np.ndarray, jobs: int) -> np.ndarray:
    parts = Parallel(n_jobs=jobs, batch_size=32, return_as="generator")(
        delayed(page_features)(view.blocks, first[table.of(number)])
        for number, view in enumerate(table.views)
        if view.blocks
    )
    features = np.empty((len(first), 0), dtype=np.float32)
    start = 0
    for part in parts:
        if not start:  # all at once: the parts in a row beside the whole would need the memory twice
            features = np.empty((len(first), part.shape[1]), dtype=np.float32)
        features[start : start + len(part)] = part
        start += len(part)
    return features


def weak_labels(table: Table, hand: Learned, jobs: int) -> dict[int, np.ndarray]:
    """For each fold, labels without JUNK: a label that the hand-labelled pages' pipelines are sure of, or NONE."""
    numbers = [n for n, view in enumerate(table.views) if view.kind == "html" and JUNK in view.labels]
    parts = [numbers[start : start + PAGES_AT_ONCE] for start in range(0, len(numbers), PAGES_AT_ONCE)]
    pipelines = list(hand.pipelines.values())
    guessed = Parallel(n_jobs=jobs, pre_dispatch="n_jobs")(
        delayed(guesses)(pipelines, [table.views[n] for n in part]) for part in parts
    )
    by_page = {
        (table.views[n].source, table.views[n].page): guess
        for part, done in zip(parts, guessed, strict=True)
        for n, guess in zip(part, done, strict=True)
    }
    labels = {}
    for place, fold in enumerate(hand.pipelines):
        labels[fold] = table.labels.copy()
        for number, view in enumerate(table.views):
            if (junk := view.labels == JUNK).any():
                labels[fold][table.of(number)][junk] = by_page[view.source, view.page][place][view.origin[junk]]
    return labels


def guesses(pipelines: list[dict[str, Pipeline]], views: Sequence[View]) -> list[list[np.ndarray]]:
    """For each view, and each pair of pipelines, the label of each block if it is not content; NONE where not sure."""
    found: list[list[np.ndarray]] = [[] for _ in views]
    features = np.concatenate([block_features(view.blocks, view.title) for view in views])
    ends = np.cumsum([len(view.blocks) for view in views])[:-1]
    for pair in pipelines:
        first = np.split(pair["block"].predict_proba(features), ends)
        second = [page_features(view.blocks, scores) for view, scores in zip(views, first, strict=True)]
        others = pair["page"].predict_proba(np.concatenate(second))[:, 1:]
        likely = np.where(others.max(axis=1) >= SURE * others.sum(axis=1), 1 + others.argmax(axis=1), NONE)
        for guess, page in zip(np.split(likely, ends), found, strict=True):
            page.append(guess)
    return found
