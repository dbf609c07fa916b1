"""features -> fitted scikit-learn Pipelines: the first stage from term counts, the later ones from numbers."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags_array, hstack
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from pagesieve.predict.document.blocks import Block
from pagesieve.predict.features.later import page_features
from pagesieve.predict.features.registry import BLOCK_COLUMNS, COLUMNS, block_features, weights_of_columns
from pagesieve.predict.labels import LABELS
from pagesieve.predict.scoring.stages import STAGE_NAMES, name_of

# Patterns of a term: a word with its vowel signs (those of Indic scripts, Arabic, Hebrew and Thai are not \w) or one
# punctuation mark; or everything up to the next white space.
WORD = r"(?:\w|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff])+|[^\w\s]"
TOKEN = r"\S+"

BLOCK_C, PAGE_C = 0.5, 0.004
SITES = 3  # minimum number of sites of a term; rarer terms tell the topic or owner of a page
MAX_TERMS = {column.name: column.max_terms for column in COLUMNS}
VECTORISERS: dict[str, dict[str, Any]] = {
    "words": {"token_pattern": WORD, "ngram_range": (1, 2)},
    **{name: {"token_pattern": TOKEN, "binary": True} for name in BLOCK_COLUMNS if name != "words"},
}


@dataclass(frozen=True)
class Counts:
    """The number of occurrences of each of the sorted ``terms`` of a column in each block: ``matrix`` (n_blocks,
    n_terms).
    """

    column: str
    terms: np.ndarray
    matrix: csr_matrix

    def __getitem__(self, rows: np.ndarray) -> "Counts":
        return Counts(self.column, self.terms, self.matrix[rows])

    def only(self, places: np.ndarray) -> "Counts":
        """Return the counts of the terms at these indices."""
        return Counts(self.column, self.terms[places], self.matrix[:, places])


def count_terms(column: str, cells: Sequence[str], sites: Sequence[str]) -> Counts | None:
    """Count the terms of a column that occur on at least SITES sites; returns None if there are none."""
    by_site: dict[str, dict[str, None]] = {}
    for cell, site in zip(cells, sites, strict=True):
        if cell:
            by_site.setdefault(site, {})[cell] = None
    if len(by_site) < SITES:
        return None
    counter = CountVectorizer(lowercase=False, min_df=SITES, **VECTORISERS[column])
    try:
        terms = counter.fit("\n".join(cells) for cells in by_site.values()).get_feature_names_out()
    except ValueError:  # no term occurs on enough sites
        return None
    counter = CountVectorizer(lowercase=False, vocabulary=terms, dtype=np.float32, **VECTORISERS[column])
    return Counts(column, terms, counter.transform(cells))


def select_terms(counts: Counts, sites: np.ndarray, languages: Mapping[str, str]) -> np.ndarray:
    """Return the sorted indices of at most MAX_TERMS[column] terms that occur on at least SITES of the rows' sites.

    Terms are ranked by the largest number of sites of a language, divided by the square root of that language's number
    of sites: ranked by all sites alike, the terms of 1,700 English sites left 25 of 700 Korean terms.
    """
    names, numbers = np.unique(sites.astype(str), return_inverse=True)
    places = np.arange(len(sites))
    spread = csr_matrix((np.ones(len(sites), np.float32), (numbers, places)), (len(names), len(sites))) @ counts.matrix
    spread.data[:] = 1
    spoken, of_site = np.unique([languages.get(name, "") for name in names], return_inverse=True)
    by_language = csr_matrix((np.ones(len(names)), (of_site, np.arange(len(names)))), (len(spoken), len(names)))
    share = diags_array(np.bincount(of_site) ** -0.5) @ (by_language @ spread)
    known_at = np.bincount(spread.indices, minlength=len(counts.terms))
    rank = share.max(axis=0).toarray().ravel() * (known_at >= SITES)
    most = np.argsort(-rank, kind="stable")[: MAX_TERMS[counts.column]]
    return np.sort(most[rank[most] > 0])


def fit_blocks(
    kind: str, languages: Mapping[str, str], counts: Sequence[Counts], sites: np.ndarray, labels: np.ndarray,
    weights: np.ndarray, others: Sequence[Counts],
) -> tuple[Pipeline, np.ndarray]:  # fmt: skip
    """Fit the first stage: TF-IDF of each column, rows of length 1, and a linear model of all terms.

    ``counts`` are those of the blocks of ``sites`` in these ``languages``, on pages of one ``kind`` (html, text), as
    the pipeline's own vectorisers would count them. Returns the pipeline and its predictions for ``others``, an array
    (n_blocks, 1 + n_columns, n_labels) of probabilities followed by the logit contributions of each column.
    """
    known = {one.column: places for one in counts if len(places := select_terms(one, sites, languages))}
    counts, others = ([one.only(known[one.column]) for one in some if one.column in known] for some in (counts, others))
    how = {one.column: TfidfTransformer(sublinear_tf=one.column == "words").fit(one.matrix) for one in counts}
    column_weights = weights_of_columns(kind)

    def weighed(some: Sequence[Counts]) -> csr_matrix:
        return hstack([column_weights[one.column] * how[one.column].transform(one.matrix) for one in some], "csr")

    linear = LogisticRegression(C=BLOCK_C, max_iter=200, tol=1e-3).fit(weighed(counts), labels, sample_weight=weights)
    ends = np.cumsum([len(one.terms) for one in counts]).tolist()
    columns = dict(zip(how, map(slice, [0, *ends], ends), strict=False))
    predicted = np.zeros((0, 1 + len(BLOCK_COLUMNS), len(LABELS)))
    if others[0].matrix.shape[0]:
        seen = weighed(others)
        predicted = np.hstack([linear.predict_proba(seen)[:, None], logit_contributions(columns, seen, linear)])
    terms = {one.column: one.terms.tolist() for one in counts}
    return block_pipeline(kind, terms, {name: of_column.idf_ for name, of_column in how.items()}, linear), predicted


def block_pipeline(
    kind: str, terms: dict[str, list[str]], idf: dict[str, np.ndarray], linear: LogisticRegression
) -> Pipeline:
    """Return the fitted pipeline to save, which takes the rows of ``block_features``.

    ``terms`` and their inverse document frequencies are by column, in order; ``linear`` is fitted to these columns.
    """
    columns = [
        (
            name,
            TfidfVectorizer(
                lowercase=False,
                vocabulary=of_column,
                sublinear_tf=name == "words",
                dtype=np.float32,
                **VECTORISERS[name],
            ),
            BLOCK_COLUMNS.index(name),
        )
        for name, of_column in terms.items()
    ]  # fmt: skip
    union = ColumnTransformer(
        columns,
        transformer_weights=weights_of_columns(kind),
        sparse_threshold=1.0,
    )
    union.fit(np.full((1, len(BLOCK_COLUMNS)), "", dtype=object))
    for name in terms:
        union.named_transformers_[name].idf_ = idf[name]
    return Pipeline([("terms", union), ("linear", linear)])


def fit_page(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, others: np.ndarray
) -> tuple[Pipeline, np.ndarray]:
    """Fit a later stage: the columns of ``page_features``, clipped to the range of the training data, and scaled.

    Overwrites the features to save memory. Returns the pipeline and the probabilities (n_blocks, 1, n_labels) of the
    others.
    """
    pipeline = Pipeline(
        [
            ("range", MinMaxScaler(clip=True, copy=False)),
            ("scale", StandardScaler(copy=False)),
            ("linear", LogisticRegression(C=PAGE_C, max_iter=200, tol=1e-3)),
        ]
    )
    pipeline.fit(features, labels, linear__sample_weight=weights)
    scores = pipeline.predict_proba(others) if len(others) else np.zeros((0, len(LABELS)))
    return pipeline.set_params(range__copy=True, scale__copy=True), scores[:, None]


def logit_contributions(columns: Mapping[str, slice], terms: csr_matrix, linear: LogisticRegression) -> np.ndarray:
    """Return the contribution of each of BLOCK_COLUMNS to the decision values, less the mean over the labels.

    An array (n_blocks, n_columns, n_labels) of float32, 0 for a column without terms; ``columns`` has the slice of
    terms of each column.
    """
    parts = np.zeros((terms.shape[0], len(BLOCK_COLUMNS), len(LABELS)), dtype=np.float32)
    for name, place in columns.items():
        part = terms[:, place] @ linear.coef_[:, place].T
        parts[:, BLOCK_COLUMNS.index(name)] = part - part.mean(axis=1, keepdims=True)
    return parts


def in_double(pipelines: Mapping[str, Pipeline]) -> dict[str, Pipeline]:
    """Return copies of the pipelines with float64 coefficients, so that decision values are summed as in the scorer."""
    found = {name: deepcopy(pipeline) for name, pipeline in pipelines.items()}
    for pipeline in found.values():
        pipeline["linear"].coef_ = pipeline["linear"].coef_.astype(np.float64)
    return found


def pipeline_rows(pipelines: Mapping[str, Pipeline], kind: str, blocks: Sequence[Block], title: str) -> dict[str, Any]:
    """Return the input rows of the pipelines of a kind of page for a page's blocks, by pipeline and in their order."""
    first, second, third = (name_of(kind, name) for name in STAGE_NAMES)
    rows = {first: block_features(blocks, title)}
    union, linear = pipelines[first]["terms"], pipelines[first]["linear"]
    columns = {name: union.output_indices_[name] for name, *_ in union.transformers}
    contributions = logit_contributions(columns, union.transform(rows[first]), linear)
    rows[second] = page_features(blocks, pipelines[first].predict_proba(rows[first]), contributions)
    others = page_features(blocks, pipelines[second].predict_proba(rows[second]))
    rows[third] = np.hstack([rows[second], others])
    return rows


def balance_weights(labels: np.ndarray, weights: np.ndarray, power: float) -> np.ndarray:
    """Return weights of mean 1, in which labels are multiplied by their frequency to the power of -``power``."""
    totals = np.bincount(labels, weights)
    lifted = weights * (totals.sum() / np.maximum(totals, 1e-9))[labels] ** power
    return np.asarray(lifted * (len(lifted) / lifted.sum()))
