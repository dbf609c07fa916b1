"""Views -> pipelines and out-of-fold scores: three stages, on five site folds that they share, and once on everything.

HTML pages and text pages have pipelines of their own. The later stages learn from the scores that the one
before gave to blocks it had not seen.
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
from .pipelines import Counts, balanced, counted, fit_blocks, fit_page

Features = list[Counts] | np.ndarray  # of the first stage, of the later ones

LIFT = 0.25  # power by which rare labels are lifted
LANGUAGE_LIFT, MOST_LIFT = 0.3, 5.0  # the same of rare languages, at most so many times
PRE_EXTRACTED = 2.0  # how much more a pre-extracted line counts than one of a whole page
EVERYTHING = -1  # the fold that leaves nothing out


@dataclass(frozen=True)
class Table:
    """The blocks of many views of one kind in a row; ``starts[i]`` is the first of view i.

    A page of the user's counts as a site of its own where terms are counted: they are to be learned from few sites.
    A site's language is that of its first page of which it is known.
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
        """Return the numbers of the labelled blocks outside the fold."""
        return np.flatnonzero((self.folds != fold) & (self.labels >= 0))


@dataclass(frozen=True)
class Learned:
    """Pipelines by fold left out and name, and for each view the scores (blocks, labels) of those that left it out."""

    pipelines: dict[int, dict[str, Pipeline]]
    scores: list[np.ndarray]

    def stages(self, fold: int = EVERYTHING) -> dict[str, Stages]:
        """Return the stages by kind of page that learned without a fold."""
        return all_stages(self.pipelines[fold])


def learn_from(views: Sequence[View], jobs: int) -> Learned:
    """Fit all stages to the labelled blocks of all views; deterministic for the same views and library versions."""
    pipelines: dict[int, dict[str, Pipeline]] = {fold: {} for fold in (*range(FOLDS), EVERYTHING)}
    scores = [np.zeros((len(view.blocks), len(LABELS))) for view in views]
    for kind in KINDS:
        numbers = [n for n, view in enumerate(views) if (view.kind == "html") == (kind == "html") and view.blocks]
        if not any((views[n].labels >= 0).any() for n in numbers):
            continue
        table = tabulated([views[n] for n in numbers])
        for fold, named in learn(table, kind, scores, numbers, jobs).items():
            pipelines[fold] |= named
    return Learned(pipelines, scores)


def tabulated(views: Sequence[View]) -> Table:
    sizes = [len(view.blocks) for view in views]
    labels = np.concatenate([view.labels for view in views])
    sites = [view.page if view.page_set == MINE else view.site for view in views]
    known = {site: view.language for site, view in zip(reversed(sites), reversed(views), strict=True) if view.language}
    weights = np.repeat([view.weight * (PRE_EXTRACTED if view.kind == "pre_extracted" else 1) for view in views], sizes)
    spoken = np.repeat([known.get(site, "") for site in sites], sizes)
    return Table(
        views=list(views),
        labels=labels,
        weights=weights * lifts(spoken, np.where(labels >= 0, weights, 0)),
        sites=np.repeat(np.array(sites, object), sizes),
        languages=known,
        folds=np.repeat([fold_of(view.site) for view in views], sizes),
        starts=ends_of(np.array(sizes)),
    )


def lifts(languages: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what the weight of a block is to be multiplied with for its language, one of ``languages`` or "" where it
    is not known: rare ones count more, by how much less of the weight they have than the most frequent one.
    """
    names, numbers = np.unique(languages, return_inverse=True)
    totals = np.bincount(numbers, weights)
    found = np.minimum(MOST_LIFT, (totals.max() / np.maximum(totals, 1e-9)) ** LANGUAGE_LIFT)
    return np.asarray(np.where(names == "", 1.0, found)[numbers])


def learn(
    table: Table, kind: str, scores: list[np.ndarray], numbers: Sequence[int], jobs: int
) -> dict[int, dict[str, Pipeline]]:
    """Return the pipelines of one kind of page by fold; fills in the scores of its views, which have these numbers."""
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
    """Return a pipeline for each fold left out, and what it predicts there: see ``fit_blocks`` and ``fit_page``."""
    folds = (*range(FOLDS), EVERYTHING)
    out = {fold: np.flatnonzero(table.folds == fold) for fold in folds}
    fitted = Parallel(n_jobs=jobs, pre_dispatch="n_jobs", max_nbytes=None)(
        delayed(fit_and_score)(kind, table.languages, *examples(table, features, fold), rows_of(features, out[fold]))
        for fold in folds
    )
    predicted = np.zeros((len(table.labels), *fitted[0][1].shape[1:]))
    for fold, (_, part) in zip(folds, fitted, strict=True):
        predicted[out[fold]] = part
    return {fold: pipeline for fold, (pipeline, _) in zip(folds, fitted, strict=True)}, predicted


def examples(table: Table, features: Features, fold: int) -> tuple[Features, np.ndarray, np.ndarray, np.ndarray]:
    """Return what is learned from where this fold is left out: features, sites, labels and weights."""
    rows = table.learned_without(fold)
    labels = table.labels[rows]
    return rows_of(features, rows), table.sites[rows], labels, balanced(labels, table.weights[rows], LIFT)


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
    """Return the first stage where features are counts of terms, else a later one."""
    with threadpool_limits(1):  # sums that do not depend on the number of cores
        if isinstance(features, list) and isinstance(others, list):
            return fit_blocks(kind, languages, features, sites, labels, weights, others)
        return fit_page(np.asarray(features), labels, weights, np.asarray(others))


def first_features(table: Table, kind: str, jobs: int) -> list[Counts]:
    """Return the counts of terms in each column that pages of this kind have."""
    parallel = Parallel(n_jobs=jobs, batch_size=32)
    cells = np.concatenate(parallel(delayed(block_features)(view.blocks, view.title) for view in table.views))
    columns = {name: cells[:, BLOCK_COLUMNS.index(name)] for name in weights_of_columns(kind)}
    del cells
    counts = Parallel(n_jobs=jobs, max_nbytes=None)(
        delayed(counted)(name, column, table.sites) for name, column in columns.items()
    )
    return [one for one in counts if one]


def later_features(table: Table, predicted: np.ndarray, jobs: int) -> np.ndarray:
    """Return what a stage sees of the one before: of its scores, and of the contributions behind those of the first."""
    pages = [predicted[table.of(number)] for number in range(len(table.views))]
    parts = Parallel(n_jobs=jobs, batch_size=32, return_as="generator")(
        delayed(page_features)(view.blocks, page[:, 0], page[:, 1:] if page.shape[1] > 1 else None)
        for view, page in zip(table.views, pages, strict=True)
    )
    features = np.empty((len(predicted), 0), dtype=np.float32)
    start = 0
    for part in parts:
        if not start:  # all at once: the parts in a row beside the whole would need the memory twice
            features = np.empty((len(predicted), part.shape[1]), dtype=np.float32)
        features[start : start + len(part)] = part
        start += len(part)
    return features
