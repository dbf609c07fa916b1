"""scores -> labels, by preference; and how sure the article as a whole is."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from ..features.words import text_length
from ..labels import LABELS

Prefer = Literal["precision", "balanced", "recall"]
PREFERENCES: tuple[Prefer, ...] = ("precision", "balanced", "recall")
LONG = 100  # Latin characters of a paragraph that may be left out as a repeat
EVEN = dict.fromkeys(LABELS, 0.5)


def decide(scores: np.ndarray, thresholds: Mapping[str, float] = EVEN) -> list[str]:
    """Return the label whose score is the largest in proportion to its threshold, for each row of scores (blocks,
    labels).

    With equal thresholds it is the largest score. A threshold t for article_content, and 1 - t for the others, keeps a
    block where its odds against each other label are above t to 1 - t. The first label wins where two are equal.
    """
    weighed = scores / np.array([thresholds[label] for label in LABELS])
    return [LABELS[place] for place in weighed.argmax(axis=1)]


def drop_repeated(texts: Sequence[str]) -> list[str]:
    """Return the texts without those that stood before, beside one that did so too, in the same order.

    Pages hold their text twice for two widths of screen, and forums quote earlier posts. Texts of under LONG characters
    stay: a refrain, a label or a step may stand twice.
    """
    first: dict[tuple[str, str], int] = {}
    for start, pair in enumerate(pairwise(texts)):
        first.setdefault(pair, start)
    never = len(texts)
    beside = [never, *(first[pair] for pair in pairwise(texts)), never]
    return [text for i, text in enumerate(texts) if text_length(text) < LONG or min(beside[i], beside[i + 1]) >= i - 1]


def confidence(scores: np.ndarray, labels: Sequence[str], texts: Sequence[str]) -> float:
    """Return the F1 to be expected of the kept characters of a page: in [0, 1], by the scores of its blocks.

    What is kept are the blocks labelled article_content; each counts by the length of its text, as article to the
    extent of its score. Where none is kept, the article is empty, and it is 0.
    """
    lengths = np.array(list(map(text_length, texts)))
    kept = np.array([label == LABELS[0] for label in labels])
    article = lengths * scores[:, 0]
    if not kept.any():
        return 0.0
    return float(2 * article[kept].sum() / (lengths[kept].sum() + article.sum()))
