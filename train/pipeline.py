"""The two scikit-learn Pipelines, as they are before they learn."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from pagesieve.predict.features import BLOCK_COLUMNS

# A word with its marks (Indic, Arabic, Hebrew and Thai vowel signs are not \\w), or one sign of punctuation.
WORD = r"(?:\w|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff])+|[^\w\s]"

# Each column's rows have length 1 after TF-IDF, so its weight says how much it may tell against the others.
# Tuned by site folds on the hand-labelled pages.
WEIGHTS = {"html_words": 6.0, "text_words": 10.0, "markup": 4.0, "html_shape": 6.0, "text_shape": 6.0}
BLOCK_C, PAGE_C = 0.5, 0.004


def block_pipeline(rows: np.ndarray) -> Pipeline:
    """First pass: TF-IDF of words, of markup and of shape tokens, each its own column of ``block_features``.

    ``rows`` are what it will learn from: columns that are empty in all of them (there are no HTML pages) are left out.
    """
    rare = 2 if len(rows) < 50_000 else 5

    def words() -> TfidfVectorizer:
        return TfidfVectorizer(
            lowercase=False, token_pattern=WORD, ngram_range=(1, 2), min_df=rare, max_features=60_000, sublinear_tf=True
        )

    def tokens() -> TfidfVectorizer:
        return TfidfVectorizer(lowercase=False, token_pattern=r"\S+", min_df=rare, max_features=30_000, binary=True)

    makers = {"html_words": words, "text_words": words, "markup": tokens, "html_shape": tokens, "text_shape": tokens}
    columns = [(name, makers[name](), place) for place, name in enumerate(BLOCK_COLUMNS) if any(rows[:, place])]
    return Pipeline(
        [
            ("terms", ColumnTransformer(columns, transformer_weights=WEIGHTS)),
            ("linear", LogisticRegression(C=BLOCK_C, max_iter=200, tol=1e-3)),
        ]
    )


def page_pipeline() -> Pipeline:
    """Second pass: the columns of ``page_features``, kept in the range that was learned from, and scaled."""
    return Pipeline(
        [
            ("range", MinMaxScaler(clip=True)),
            ("scale", StandardScaler()),
            ("linear", LogisticRegression(C=PAGE_C, max_iter=200, tol=1e-3)),
        ]
    )


def balanced(labels: np.ndarray, weights: np.ndarray, power: float) -> np.ndarray:
    """Weights of mean 1 that lift rare labels by their frequency to the power of -``power``."""
    totals = np.bincount(labels, weights)
    lifted = weights * (totals.sum() / np.maximum(totals, 1e-9))[labels] ** power
    return np.asarray(lifted * (len(lifted) / lifted.sum()))
