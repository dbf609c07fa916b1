"""views -> pipelines and out-of-fold scores: three stages, on five shared site folds and on everything.

HTML pages and text pages have pipelines of their own. The later stages are trained on the out-of-fold scores of the
stage before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from pagesieve.predict.compile import all_stages
from pagesieve.predict.features.later import page_features
from pagesieve.predict.features.ragged import ends_of
from pagesieve.predict.features.registry import BLOCK_COLUMNS, block_features, weights_of_columns
from pagesieve.predict.labels import LABELS
from pagesieve.predict.scoring.stages import KINDS, STAGE_NAMES, name_of
from pagesieve.predict.scoring.tables import Stages

from ..labels.folds import FOLDS, fold_of
from ..labels.views import MINE, View
from .pipelines import Counts, balance_weights, count_terms, fit_blocks, fit_page

Features = list[Counts] | np.ndarray  # of the first stage, or of a later one

LIFT = 0.25  # power of the weight of rare labels
LANGUAGE_LIFT, MOST_LIFT = 0.3, 5.0  # power of the weight of rare languages, and its maximum
PRE_EXTRACTED = 2.0  # weight of a pre-extracted line, relative to a line of a whole page
EVERYTHING = -1  # the fold that leaves nothing out


@dataclass(frozen=True)
class Table:
    """The blocks of many views of one kind as a table; ``starts[i]`` is the first row of view i.

    For term counts, a page of the user counts as a site of its own, so that terms are learned from few sites. The
    language of a site is that of its first page with a known language.
    """

    views: list[View]
    labels: np.ndarray
    weights: np.ndarray
    sites: np.ndarray
    languages: dict[str, str]
    folds: np.ndarray
    starts: np.ndarray

    def of(self, view: int) -> slice:
        return slice(self.starts[view], self.starts[view + 1])

    def learned_without(self, fold: int) -> np.ndarray:
        """Return the indices of the labelled blocks outside the fold."""
        return np.flatnonzero((self.folds != fold) & (self.labels >= 0))


@dataclass(frozen=True)
class Learned:
    """Pipelines by left-out fold and name, and for each view the scores (n_blocks, n_labels) of
    those that left it out.
    """

    pipelines: dict[int, dict[str, Pipeline]]
    scores: list[np.ndarray]

    def stages(self, fold: int = EVERYTHING) -> dict[str, Stages]:
        """Return the stages by kind of page that were trained without a fold."""
        return all_stages(self.pipelines[fold])


def fit_all(views: Sequence[View], jobs: int) -> Learned:
    """Fit all stages to the labelled blocks of all views; deterministic for the same views and library versions."""
    pipelines: dict[int, dict[str, Pipeline]] = {fold: {} for fold in (*range(FOLDS), EVERYTHING)}
    scores = [np.zeros((len(view.blocks), len(LABELS))) for view in views]
    for kind in KINDS:
        numbers = [n for n, view in enumerate(views) if (view.kind == "html") == (kind == "html") and view.blocks]
        if not any((views[n].labels >= 0).any() for n in numbers):
            continue
        table = build_table([views[n] for n in numbers])
        for fold, named in fit_kind(table, kind, scores, numbers, jobs).items():
            pipelines[fold] |= named
    return Learned(pipelines, scores)


def build_table(views: Sequence[View]) -> Table:
    sizes = [len(view.blocks) for view in views]
    labels = np.concatenate([view.labels for view in views])
    sites = [view.page if view.page_set == MINE else view.site for view in views]
    known = {site: view.language for site, view in zip(reversed(sites), reversed(views), strict=True) if view.language}
    weights = np.repeat([view.weight * (PRE_EXTRACTED if view.kind == "pre_extracted" else 1) for view in views], sizes)
    spoken = np.repeat([known.get(site, "") for site in sites], sizes)
    return Table(
        views=list(views),
        labels=labels,
        weights=weights * language_weights(spoken, np.where(labels >= 0, weights, 0)),
        sites=np.repeat(np.array(sites, object), sizes),
        languages=known,
        folds=np.repeat([fold_of(view.site) for view in views], sizes),
        starts=ends_of(np.array(sizes)),
    )


def language_weights(languages: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return a factor for each block's weight by its language, "" for unknown.

    Rare languages count more: the factor is the weight of the most frequent language divided by that of the block's, to
    the power of LANGUAGE_LIFT.
    """
    names, numbers = np.unique(languages, return_inverse=True)
    totals = np.bincount(numbers, weights)
    found = np.minimum(MOST_LIFT, (totals.max() / np.maximum(totals, 1e-9)) ** LANGUAGE_LIFT)
    return np.asarray(np.where(names == "", 1.0, found)[numbers])


def fit_kind(
    table: Table, kind: str, scores: list[np.ndarray], numbers: Sequence[int], jobs: int
) -> dict[int, dict[str, Pipeline]]:
    """Return the pipelines of one kind of page by fold; sets the scores of its views, which have the indices
    ``numbers``.
    """
    first, predicted = fit_stage(table, kind, first_features(table, kind, jobs), jobs)
    features = later_features(table, predicted, jobs)
    second, predicted = fit_stage(table, kind, features, jobs)
    features = np.hstack([features, later_features(table, predicted, jobs)])
    third, predicted = fit_stage(table, kind, features, jobs)
    fitted = first, second, third
    for place, number in enumerate(numbers):
        scores[number] = predicted[table.of(place), 0]
    stages = dict(zip(STAGE_NAMES, fitted, strict=True))
    return {fold: {name_of(kind, name): done[fold] for name, done in stages.items()} for fold in fitted[0]}


def fit_stage(table: Table, kind: str, features: Features, jobs: int) -> tuple[dict[int, Pipeline], np.ndarray]:
    """Return a pipeline for each left-out fold, and its predictions there: see ``fit_blocks`` and ``fit_page``."""
    folds = (*range(FOLDS), EVERYTHING)
    out = {fold: np.flatnonzero(table.folds == fold) for fold in folds}
    fitted = Parallel(n_jobs=jobs, pre_dispatch="n_jobs", max_nbytes=None)(
        delayed(fit_and_score)(
            kind, table.languages, *training_rows(table, features, fold), rows_of(features, out[fold])
        )
        for fold in folds
    )
    predicted = np.zeros((len(table.labels), *fitted[0][1].shape[1:]))
    for fold, (_, part) in zip(folds, fitted, strict=True):
        predicted[out[fold]] = part
    return {fold: pipeline for fold, (pipeline, _) in zip(folds, fitted, strict=True)}, predicted


def training_rows(table: Table, features: Features, fold: int) -> tuple[Features, np.ndarray, np.ndarray, np.ndarray]:
    """Return the training data without this fold: features, sites, labels and weights."""
    rows = table.learned_without(fold)
    labels = table.labels[rows]
    return rows_of(features, rows), table.sites[rows], labels, balance_weights(labels, table.weights[rows], LIFT)


def rows_of(features: Features, rows: np.ndarray) -> Features:
    return [column[rows] for column in features] if isinstance(features, list) else features[rows]


def fit_and_score(
    kind: str,
    languages: dict[str, str],
    features: Features,
    sites: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    others: Features,
) -> tuple[Pipeline, np.ndarray]:
    """Fit the first stage if the features are term counts, else a later one."""
    with threadpool_limits(1):  # so that sums do not depend on the number of cores
        if isinstance(features, list) and isinstance(others, list):
            return fit_blocks(kind, languages, features, sites, labels, weights, others)
        return fit_page(np.asarray(features), labels, weights, np.asarray(others))


def first_features(table: Table, kind: str, jobs: int) -> list[Counts]:
    """Return the term counts of each column of this kind of page."""
    parallel = Parallel(n_jobs=jobs, batch_size=32)
    cells = np.concatenate(parallel(delayed(block_features)(view.blocks, view.title) for view in table.views))
    columns = {name: cells[:, BLOCK_COLUMNS.index(name)] for name in weights_of_columns(kind)}
    del cells
    counts = Parallel(n_jobs=jobs, max_nbytes=None)(
        delayed(count_terms)(name, column, table.sites) for name, column in columns.items()
    )
    return [one for one in counts if one]


def later_features(table: Table, predicted: np.ndarray, jobs: int) -> np.ndarray:
    """Return the features from the predictions of the stage before: scores, and the first stage's contributions."""
    pages = [predicted[table.of(number)] for number in range(len(table.views))]
    parts = Parallel(n_jobs=jobs, batch_size=32, return_as="generator")(
        delayed(page_features)(view.blocks, page[:, 0], page[:, 1:] if page.shape[1] > 1 else None)
        for view, page in zip(table.views, pages, strict=True)
    )
    features = np.empty((len(predicted), 0), dtype=np.float32)
    start = 0
    for part in parts:
        if not start:  # allocated at once: concatenating the parts would need the memory twice
            features = np.empty((len(predicted), part.shape[1]), dtype=np.float32)
        features[start : start + len(part)] = part
        start += len(part)
    return features
