"""The scikit-learn Pipelines, as they are before they learn."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from pagesieve.predict.features import BLOCK_COLUMNS

# A word with its marks (Indic, Arabic, Hebrew and Thai vowel signs are not \\w), or one sign of punctuation.
WORD = r"(?:\w|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff])+|[^\w\s]"

# Each column's rows have length 1 after TF-IDF, so its weight says how much it may tell against the others.
# Tuned by site folds on the hand-labelled pages.
WEIGHTS = {
    "html": {"words": 6.0, "markup": 6.0, "shape": 6.0, "links": 6.0, "near": 6.0, "within": 5.0},
    "text": {"words": 10.0, "shape": 6.0, "near": 7.0},
}
BLOCK_C, PAGE_C = 0.5, 0.004
SITES = 3  # that a term must stand on: the others tell what a page is about, or whose it is
WORDS, TOKENS = 60_000, 30_000  # terms of a column at the most


def block_pipeline(rows: np.ndarray, sites: np.ndarray, kind: str) -> Pipeline:
    """First pass: TF-IDF of words, of markup and of shape tokens, each its own column of ``block_features``.

    ``rows`` are what it will learn from, pages of one ``kind`` (html, text), ``sites`` where each is from: terms of a
    few sites only are left out, and so are columns without any. Text pages have no markup column.
    """
    columns = []
    for name in WEIGHTS[kind]:
        place, wordy = BLOCK_COLUMNS.index(name), name == "words"
        cut = {"token_pattern": WORD, "ngram_range": (1, 2)} if wordy else {"token_pattern": r"\S+"}
        if terms := terms_of_many_sites(rows[:, place], sites, cut, WORDS if wordy else TOKENS):
            how = {"sublinear_tf": wordy, "binary": not wordy, "dtype": np.float32}
            columns.append((name, TfidfVectorizer(lowercase=False, vocabulary=terms, **how, **cut), place))
    return Pipeline(
        [
            ("terms", ColumnTransformer(columns, transformer_weights=WEIGHTS[kind])),
            ("linear", LogisticRegression(C=BLOCK_C, max_iter=200, tol=1e-3)),
        ]
    )


def terms_of_many_sites(texts: Iterable[str], sites: Iterable[str], cut: dict[str, Any], most: int) -> list[str]:
    """The terms on at least SITES sites, at most those ``most`` on the most sites; sorted."""
    by_site: dict[str, dict[str, None]] = {}
    for text, site in zip(texts, sites, strict=True):
        if text:
            by_site.setdefault(site, {})[text] = None
    if len(by_site) < SITES:
        return []
    counter = CountVectorizer(lowercase=False, min_df=SITES, binary=True, **cut)
    counts = counter.fit_transform("\n".join(texts) for texts in by_site.values()).sum(axis=0).A1
    chosen = np.argsort(-counts, kind="stable")[:most]
    return sorted(counter.get_feature_names_out()[chosen])


def page_pipeline() -> Pipeline:
    """The passes behind: the columns of ``page_features``, kept in the range that was learned from, and scaled.

    It writes over the features that it is given, to fit in memory, until ``kept`` makes it work on copies.
    """
    return Pipeline(
        [
            ("range", MinMaxScaler(clip=True, copy=False)),
            ("scale", StandardScaler(copy=False)),
            ("linear", LogisticRegression(C=PAGE_C, max_iter=200, tol=1e-3)),
        ]
    )


def kept(pipeline: Pipeline) -> Pipeline:
    """The pipeline as it is saved: it leaves what it is given as it is."""
    return pipeline.set_params(range__copy=True, scale__copy=True) if "range" in pipeline.named_steps else pipeline


def balanced(labels: np.ndarray, weights: np.ndarray, power: float) -> np.ndarray:
    """Weights of mean 1 that lift rare labels by their frequency to the power of -``power``."""
    totals = np.bincount(labels, weights)
    lifted = weights * (totals.sum() / np.maximum(totals, 1e-9))[labels] ** power
    return np.asarray(lifted * (len(lifted) / lifted.sum()))
