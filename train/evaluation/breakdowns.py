"""hand-labelled blocks -> breakdowns of the scores: by type and language of the page, by length and
place of the block.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pagesieve.predict.labels import LABELS

from .bootstrap import accuracy, confusions, f1, interval, interval_or_none

ENOUGH = 30  # minimum blocks of a label in a part for a figure
LENGTHS = (1, 2, 4, 8, 16, 32, 64)  # minimum words of each part
PLACES = 10  # number of parts of a page


def breakdowns(rows: pd.DataFrame, languages: Mapping[str, str]) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """Return the scores by breakdown, mode and part.

    Each part has the share of blocks with the right label and its interval, the F1 of each label with ENOUGH blocks,
    and the numbers of blocks, pages and sites. ``rows`` are those of ``scored_rows.label_rows``, ``languages`` those of
    pages.
    """
    ends = rows.groupby(["mode", "page"])["position"].transform("max") + 1
    places = [place_part(number / PLACES) for number in range(PLACES)]
    parts = {
        "page type": as_categories(rows["page_type"].replace("", "unknown")),
        "language": as_categories(rows["page"].map(languages).fillna("unknown")),
        "words": as_categories(rows["words"].map(length_part), [length_part(least) for least in LENGTHS]),
        "place": as_categories((rows["position"] / ends).map(place_part), places),
    }
    found: dict[str, dict[str, dict[str, dict[str, Any]]]] = {name: {} for name in parts}
    for name, part in parts.items():
        for mode, of_mode in rows.groupby("mode", sort=False):
            groups = of_mode.groupby(part[of_mode.index], observed=True)
            found[name][str(mode)] = {str(of): scores_of(group) for of, group in groups}
    return found


def as_categories(parts: pd.Series, order: list[str] | None = None) -> pd.Series:
    """Return the parts as categories in this order, by default the most frequent first."""
    return parts.astype(pd.CategoricalDtype(order or parts.value_counts().index.tolist(), ordered=True))


def scores_of(rows: pd.DataFrame) -> dict[str, Any]:
    counts = confusions(rows)
    share, low, high = interval(counts, accuracy)
    of_label = dict(zip(LABELS, f1(counts.sum(axis=0)).tolist(), strict=True))
    enough = rows["label"].value_counts().reindex(list(LABELS), fill_value=0) >= ENOUGH
    return {
        "blocks": len(rows),
        "pages": rows["page"].nunique(),
        "sites": len(counts),
        "right": share,
        "interval": interval_or_none(low, high),
        "f1": {label: score for label, score in of_label.items() if enough[label]},
    }


def length_part(words: float) -> str:
    number = int(np.searchsorted(LENGTHS, words, side="right")) - 1
    if number == len(LENGTHS) - 1:
        return f"{LENGTHS[number]} or more"
    low, high = LENGTHS[number], LENGTHS[number + 1] - 1
    return str(low) if low == high else f"{low} to {high}"


def place_part(share: float) -> str:
    number = min(PLACES - 1, int(share * PLACES))
    return f"{100 * number // PLACES} to {100 * (number + 1) // PLACES} %"
