"""Pipelines -> what weighs most: for each label the terms of the first pass, and the features of the last one."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from pagesieve.predict.labels import LABELS
from pagesieve.predict.model import KINDS, feature_names, name_of

MOST = 15  # terms of each label
PAGE = "page"  # the name under which the features of the last pass stand


def top_terms(pipelines: dict[str, Pipeline]) -> dict[str, dict[str, dict[str, list[list[Any]]]]]:
    """By kind of page, column and label the terms with the largest weights, each a list [term, weight].

    The weight is what a term adds to the label's decision value, less the mean over the labels, where no other term
    of its column is in the block; that of a feature, what it adds where it is one standard deviation above its mean.
    """
    found = {}
    for kind in KINDS:
        if name_of(kind, "block") in pipelines:
            union, linear = pipelines[name_of(kind, "block")]
            last = pipelines[name_of(kind, "again")]["linear"]
            found[kind] = {
                name: largest(vectorizer.get_feature_names_out(), weight_of(union, name) * linear.coef_[:, place])
                for name, vectorizer, _ in union.transformers_
                if (place := union.output_indices_[name]).stop > place.start
            } | {PAGE: largest(np.array(feature_names(name_of(kind, "again"))), last.coef_)}
    return found


def weights_of(block: Pipeline) -> dict[tuple[str, str], np.ndarray]:
    """By column and term of a first pass, what the term adds to each label, less the mean over the labels."""
    union, linear = block
    found: dict[tuple[str, str], np.ndarray] = {}
    for name, vectorizer, _ in union.transformers_:
        if (place := union.output_indices_[name]).stop == place.start:  # the columns without a weight
            continue
        weights = weight_of(union, name) * linear.coef_[:, place]
        weights = (weights - weights.mean(axis=0)).T
        found |= {(name, str(term)): row for term, row in zip(vectorizer.get_feature_names_out(), weights, strict=True)}
    return found


def weight_of(union: Any, column: str) -> float:
    return float(union.transformer_weights[column])


def largest(names: np.ndarray, weights: np.ndarray) -> dict[str, list[list[Any]]]:
    """For each label the names with the largest weights, of weights (labels, names)."""
    centred = weights - weights.mean(axis=0)
    top = np.argsort(-centred, axis=1, kind="stable")[:, :MOST]
    return {
        label: [[str(names[n]), round(float(row[n]), 4)] for n in places]
        for label, row, places in zip(LABELS, centred, top, strict=True)
    }
