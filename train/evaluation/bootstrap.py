"""counts by site -> scores and their intervals: bootstrap over sites, since pages of a site resemble each other."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from pagesieve.predict.labels import LABELS

DRAWS = 2_000
LEVEL = 0.95
Statistic = Callable[[np.ndarray], np.ndarray]  # (draws, ...) of counts -> (draws,) of scores


def interval(counts: np.ndarray, statistic: Statistic) -> tuple[float, float, float]:
    """Return the statistic of the counts (n_sites, ...), and the ends of its 95 % interval; deterministic.

    Percentiles of draws of n_sites sites with replacement, widened by Student's t for few sites (the expanded
    percentile interval, Hesterberg 2015). With one site both ends are nan.
    """
    sites = len(counts)
    whole = float(statistic(counts.sum(axis=0)[None])[0])
    if sites < 2:
        return whole, np.nan, np.nan
    drawn = np.random.default_rng(0).multinomial(sites, np.full(sites, 1 / sites), size=DRAWS)
    scores = statistic((drawn @ counts.reshape(sites, -1)).reshape(DRAWS, *counts.shape[1:]))
    tail = norm.cdf(t.ppf((1 - LEVEL) / 2, sites - 1) * np.sqrt(sites / (sites - 1)))
    low, high = np.quantile(scores, [tail, 1 - tail])
    return whole, float(low), float(high)


def interval_or_none(low: float, high: float) -> list[float] | None:
    """Return the ends of an interval for JSON: None if they are nan."""
    return None if np.isnan(low) else [low, high]


def confusions(rows: pd.DataFrame, predicted: str = "predicted") -> np.ndarray:
    """Return counts of blocks (n_sites, n_labels, n_labels + 1) by label and prediction; the last one is missing."""
    _, sites = np.unique(rows["site"].astype(str), return_inverse=True)
    numbers = {label: number for number, label in enumerate(LABELS)}
    true, found = rows["label"].map(numbers), rows[predicted].map(numbers).fillna(len(LABELS)).astype(int)
    counts = np.zeros((sites.max(initial=-1) + 1, len(LABELS), len(LABELS) + 1))
    np.add.at(counts, (sites, true.to_numpy(), found.to_numpy()), 1)
    return counts


def f1(counts: np.ndarray) -> np.ndarray:
    """Return the F1 of each label (..., n_labels) from confusions (..., n_labels, n_labels + 1); 0 without blocks."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    all_of = counts.sum(axis=-1) + counts.sum(axis=-2)[..., : len(LABELS)]
    return np.asarray(np.divide(2 * hits, all_of, out=np.zeros_like(hits), where=all_of > 0))


def macro_f1(counts: np.ndarray) -> np.ndarray:
    return np.asarray(f1(counts).mean(axis=-1))


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Return the share of blocks with the right label."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1).sum(axis=-1)
    return np.asarray(hits / np.maximum(1, counts.sum(axis=(-2, -1))))


def site_sums(pages: pd.DataFrame, score: str) -> np.ndarray:
    """Return the sum of a score and the number of pages by site: (n_sites, 2)."""
    return pages.groupby("site", dropna=False)[score].agg(["sum", "count"]).to_numpy(dtype=float)


def mean(counts: np.ndarray) -> np.ndarray:
    return np.asarray(counts[:, 0] / counts[:, 1])
