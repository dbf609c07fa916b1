"""scores -> labels."""

import numpy as np

from .labels import LABELS


def decide(scores: np.ndarray) -> list[str]:
    """The label with the largest score for each row of an array (blocks, labels); the first one where two are equal."""
    return [LABELS[place] for place in scores.argmax(axis=1)]
