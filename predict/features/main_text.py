"""scores -> the position of the main text: the run of blocks, and the element, with most of the likely article.

The gain of a run is the sum of (P(article) - threshold) x words over its blocks, after Finn, Kushmerick and Smyth,
"Fact or Fiction: Content Classification for Digital Libraries" (2001), who count tags instead of scores. With scores of
0.9, 0.1, 0.8 for blocks of ten words and a threshold of 0.5, the gains are 4, -4, 3: the run is block 0.
"""

import numpy as np

from .context import Elements

THRESHOLDS = (0.3, 0.5)  # P(article) from which a block adds to the main text


def main_runs(article: np.ndarray, words: np.ndarray) -> dict[str, np.ndarray]:
    """Return columns (n_blocks,) by name for the run of blocks with the largest gain, from each block's P(article) and
    words.
    """
    columns: dict[str, np.ndarray] = {}
    for threshold in THRESHOLDS:
        sums = np.concatenate([[0], np.cumsum((article - threshold) * words)])
        lowest = np.minimum.accumulate(sums)
        end = int(np.argmax(sums - lowest))
        start = int(np.argmin(sums[: end + 1]))
        columns |= range_columns(f"main run, {threshold}", article * words, start, end)
    return columns


def main_elements(article: np.ndarray, words: np.ndarray, elements: Elements) -> dict[str, np.ndarray]:
    """Return the same columns for the element with the largest gain, and the gain of the second
    best as a share of it.
    """
    columns: dict[str, np.ndarray] = {}
    first, behind = np.array(elements.first), np.array(elements.last) + 1
    for threshold in THRESHOLDS:
        sums = np.concatenate([[0], np.cumsum((article - threshold) * words)])
        gains = sums[behind] - sums[first]
        best = len(gains) - 1 - int(np.argmax(gains[::-1]))
        start, end = int(first[best]), int(behind[best])
        columns |= range_columns(f"main element, {threshold}", article * words, start, end)
        others = gains[(behind <= start) | (first >= end)]
        second = max(0.0, others.max(initial=0.0)) / (gains[best] + 1e-9)
        columns[f"main element, {threshold}: second"] = np.full(len(words), min(1.0, second))
    return columns


def range_columns(name: str, mass: np.ndarray, start: int, end: int) -> dict[str, np.ndarray]:
    """Return for each block whether it is in [start, end), its distance from it, and the share of the mass in that
    range.
    """
    places = np.arange(len(mass))
    share = mass[start:end].sum() / (mass.sum() + 1e-9)
    inside = (places >= start) & (places < end)
    return {
        f"{name}: inside": inside,
        f"{name}: inside, of much": inside * share,
        f"{name}: outside, of much": ~inside * share,
        f"{name}: before": np.log1p(np.maximum(0, start - places)),
        f"{name}: behind": np.log1p(np.maximum(0, places - end + 1)),
    }
