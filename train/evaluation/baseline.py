"""scores of two runs -> their difference, and whether it exceeds chance; reports/baseline.json
holds the earlier run.
"""

import json
from typing import Any

import numpy as np
import pandas as pd

from pagesieve.predict.labels import LABELS

from ..style import MODES
from .bootstrap import confusions, interval, macro_f1, mean

CODES = {label: str(number) for number, label in enumerate(LABELS)}
NAMES = {code: label for label, code in CODES.items()}
LOST = "-"  # the code of a block that was not found on its page


def baseline_of(pages: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, Any]:
    """Return the data of a run to store, by mode and page: word F1, and labels and predictions of blocks as digits."""
    kept: dict[str, Any] = {"f1": {}, "label": {}, "predicted": {}}
    for mode, rows in pages.groupby("mode", sort=False):
        kept["f1"][mode] = dict(zip(rows["page"], rows["f1"], strict=True))
    for mode, rows in predictions.groupby("mode", sort=False):
        for column in ("label", "predicted"):
            codes = rows[column].map(CODES).fillna(LOST)
            kept[column][mode] = codes.groupby(rows["page"], sort=False).agg("".join).to_dict()
    return kept


def differences(before: dict[str, Any], pages: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return a table of scores before and now on the pages of both runs, with the difference and its 95 % interval.

    Columns: score, mode, before, now, difference, low, high, pages, sites, verdict (better, worse, equal). Both runs
    share the drawn sites (paired bootstrap). Pages whose blocks or hand labels changed are left out.
    """
    rows = []
    for mode in MODES:
        now = pages[pages["mode"] == mode]
        both = now.assign(before=now["page"].map(before["f1"].get(mode, {}))).dropna(subset=["before"])
        if len(both):
            sums = both.groupby("site", dropna=False).agg(
                before=("before", "sum"), now=("f1", "sum"), pages=("f1", "count")
            )
            rows.append(row("word F1", mode, both, sums.to_numpy(dtype=float)[:, [[0, 2], [1, 2]]], mean))
    for mode in MODES:
        now = predictions[predictions["mode"] == mode]
        both = with_before(now, before["label"].get(mode, {}), before["predicted"].get(mode, {}))
        if len(both):
            counts = np.stack([confusions(both, "before"), confusions(both)], axis=1)
            rows.append(row("macro-F1", mode, both, counts, macro_f1))
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = ["score", "mode", "before", "now", "difference", "low", "high", "pages", "sites", "verdict"]


def row(score: str, mode: str, both: pd.DataFrame, counts: np.ndarray, statistic: Any) -> list[Any]:
    """Return a row of the differences, from the counts (n_sites, 2, ...) of both runs."""
    old, new = (float(statistic(counts[:, run].sum(axis=0)[None])[0]) for run in (0, 1))
    difference, low, high = interval(counts, lambda drawn: statistic(drawn[:, 1]) - statistic(drawn[:, 0]))
    return [score, mode, old, new, difference, low, high, both["page"].nunique(), len(counts), verdict(low, high)]


def verdict(low: float, high: float) -> str:
    return "better" if low > 0 else "worse" if high < 0 else "equal"


def with_before(rows: pd.DataFrame, labels: dict[str, str], predicted: dict[str, str]) -> pd.DataFrame:
    """Return the blocks of pages with unchanged labels, with the earlier prediction as column ``before``."""
    parts = []
    for page, of_page in rows.groupby("page", sort=False):
        codes = predicted.get(str(page), "")
        if len(codes) == len(of_page) and labels.get(str(page)) == "".join(of_page["label"].map(CODES)):
            parts.append(of_page.assign(before=[NAMES.get(code, "missing") for code in codes]))
    return pd.concat(parts) if parts else rows.iloc[:0].assign(before="")


def summary(table: pd.DataFrame) -> str:
    """Return a line for each score, to print after an evaluation."""
    return "\n".join(
        f"{one.mode}: {one.score} {one.now:.4f}, was {one.before:.4f}: {one.verdict} "
        f"({one.difference:+.4f}, 95 % interval {one.low:+.4f} to {one.high:+.4f}, {one.sites} sites)"
        for one in table.itertuples()
    )


def to_json(kept: dict[str, Any]) -> bytes:
    return (json.dumps(kept, separators=(",", ":")) + "\n").encode()
