"""stages -> the largest weights: for each label the terms of the first stage, and the features of the last one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pagesieve.predict.labels import LABELS
from pagesieve.predict.modelfile.arrays import FirstParameters
from pagesieve.predict.scoring.stages import KINDS, STAGE_NAMES, feature_names, name_of
from pagesieve.predict.scoring.tables import Stages

MOST = 15  # terms of each label
PAGE = "page"  # the key of the features of the last stage


def top_terms(stages: dict[str, Stages]) -> dict[str, dict[str, dict[str, list[list[Any]]]]]:
    """Return the terms with the largest weights by kind of page, column and label, each as a list [term, weight].

    The weight of a term is its contribution to the label's decision value, less the mean over the labels, if no other
    term of its column is in the block; that of a feature, its contribution one standard deviation above its mean.
    """
    found = {}
    for kind in KINDS:
        if kind in stages:
            last = stages[kind].third.parameters.weights
            found[kind] = {
                column: largest(names, weights)
                for column, (names, weights) in column_weights(stages[kind].first.parameters).items()
            } | {PAGE: largest(feature_names(name_of(kind, STAGE_NAMES[-1])), last)}
    return found


def weights_of(first: FirstParameters) -> dict[tuple[str, str], np.ndarray]:
    """Return by column and term of a first stage the term's weight for each label, less the mean over the labels."""
    found: dict[tuple[str, str], np.ndarray] = {}
    for column, (names, weights) in column_weights(first).items():
        rows = (weights - weights.mean(axis=0)).T
        found |= {(column, name): row for name, row in zip(names, rows, strict=True)}
    return found


def column_weights(first: FirstParameters) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return by column with terms their names, and their weights (n_labels, n_terms)."""
    weighed = dict(zip(first.columns, first.column_weights.tolist(), strict=True))
    return {
        column: (first.columns[column].names(), weighed[column] * first.weights[:, place])
        for column, place in first.slices().items()
    }


def largest(names: Sequence[str], weights: np.ndarray) -> dict[str, list[list[Any]]]:
    """Return for each label the names with the largest weights, of weights (labels, names)."""
    centred = weights - weights.mean(axis=0)
    top = np.argsort(-centred, axis=1, kind="stable")[:, :MOST]
    return {
        label: [[names[n], round(float(row[n]), 4)] for n in places]
        for label, row, places in zip(LABELS, centred, top, strict=True)
    }
