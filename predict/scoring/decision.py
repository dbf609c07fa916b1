"""probabilities -> labels, by preference; and the confidence in the article as a whole."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from ..features.words import text_length
from ..labels import LABELS

Prefer = Literal["precision", "balanced", "recall"]
PREFERENCES: tuple[Prefer, ...] = ("precision", "balanced", "recall")
LONG = 100  # Latin characters from which a repeated paragraph is dropped
EVEN = dict.fromkeys(LABELS, 0.5)


def decide(scores: np.ndarray, thresholds: Mapping[str, float] = EVEN) -> list[str]:
    """Return for each row of ``scores`` (n_blocks, n_labels) the label with the largest score divided by its threshold.

    With equal thresholds that is the label with the largest score. With a threshold t for article_content and 1 - t for
    the others, a block is article where its odds against each other label are above t to 1 - t. The first label wins a
    tie.
    """
    weighed = scores / np.array([thresholds[label] for label in LABELS])
    return [LABELS[place] for place in weighed.argmax(axis=1)]


def drop_repeated(texts: Sequence[str]) -> list[str]:
    """Return the texts in order without those that occurred before next to the same neighbour.

    Pages hold their text twice for two screen widths, and forums quote earlier posts. Texts shorter than LONG stay: a
    refrain, a label or a step may occur twice.
    """
    first: dict[tuple[str, str], int] = {}
    for start, pair in enumerate(pairwise(texts)):
        first.setdefault(pair, start)
    never = len(texts)
    beside = [never, *(first[pair] for pair in pairwise(texts)), never]
    return [text for i, text in enumerate(texts) if text_length(text) < LONG or min(beside[i], beside[i + 1]) >= i - 1]


def confidence(scores: np.ndarray, labels: Sequence[str], texts: Sequence[str]) -> float:
    """Return the expected F1 of the characters labelled article_content, in [0, 1], by the scores of a page's blocks.

    Each block counts by the length of its text, and as article to the extent of its score. It is 0 if no block has the
    label.
    """
    lengths = np.array(list(map(text_length, texts)))
    kept = np.array([label == LABELS[0] for label in labels])
    article = lengths * scores[:, 0]
    if not kept.any():
        return 0.0
    return float(2 * article[kept].sum() / (lengths[kept].sum() + article.sum()))
