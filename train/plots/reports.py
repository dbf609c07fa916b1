"""reports/*.json, *.csv -> what is drawn, checked: a file that is missing or foreign is named with what to run."""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pagesieve.predict.errors import Failure
from pagesieve.predict.labels import LABELS

from ..benchmark.compare import OURS
from ..evaluation.baseline import differences
from ..evaluation.metrics import FIRST

ALL = "all"  # the page type that stands for all pages
COLUMNS = {
    "predictions.csv": {"mode", "set", "page", "site", "label", "predicted", *LABELS},
    "pages.csv": {"mode", "page", "site", "page_type", "f1"},
    "curve.csv": {"fold", "sites", "mode", "macro_f1"},
}
MADE_BY = {"curve.csv": "make curve"}
BENCH = ("tools", "pages", "sizes", "numbers", "stages")  # what is drawn of it
CHANGED = ("weight", "apart", "sets", "pages", "elsewhere", "terms")  # what is drawn of it
NEEDED = ("calibration", "confidence", "decision", "folds", "languages", "breakdowns", "terms", "threshold", "trust")

# What comes of a file that holds other things than it should.
FOREIGN = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, EOFError, zlib.error)


@dataclass(frozen=True)
class Reports:
    """What ``make evaluate`` wrote: figures, a row a page, and a row a hand-labelled block.

    ``tools`` has a row for each tool and page type of what ``make compare`` wrote, ``curve`` those of ``make curve``,
    ``differences`` those to the run before (``baseline.differences``); none where there is no such file. ``bench`` is
    what ``make bench`` wrote, ``changed`` what ``make train`` wrote of corrections; each is empty where there is no
    such file.
    """

    metrics: dict[str, Any]
    pages: pd.DataFrame
    predictions: pd.DataFrame
    tools: pd.DataFrame
    curve: pd.DataFrame
    differences: pd.DataFrame
    bench: dict[str, Any]
    changed: dict[str, Any]


def read_reports(folder: Path) -> Reports:
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        scores = [metrics["labels"][mode]["per_label"][label]["f1"] for mode in metrics["labels"] for label in LABELS]
        for name in NEEDED:
            metrics[name]
    except FileNotFoundError as error:
        raise Failure(f"{folder / 'metrics.json'}: not found; run `make evaluate`") from error
    except FOREIGN as error:
        raise Failure(f"{folder / 'metrics.json'}: no figures of an evaluation; run `make evaluate`") from error
    if not scores:
        raise Failure(f"{folder / 'metrics.json'}: no hand-labelled pages; run `make data`, then `make evaluate`")
    predictions, pages = read_rows(folder / "predictions.csv"), read_rows(folder / "pages.csv")
    return Reports(
        metrics,
        pages,
        predictions[predictions["set"] == FIRST],
        read_tools(folder / "compare.json"),
        read_rows(folder / "curve.csv") if (folder / "curve.csv").exists() else pd.DataFrame(),
        read_differences(folder / "baseline.json", pages, predictions),
        read_bench(folder / "bench.json"),
        read_changed(folder / "changed.json"),
    )


def read_differences(path: Path, pages: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    try:
        return differences(json.loads(path.read_text(encoding="utf-8")), pages, predictions)
    except FileNotFoundError:
        return pd.DataFrame()
    except FOREIGN as error:
        raise Failure(f"{path}: no scores of an earlier run; remove it") from error


def read_tools(path: Path) -> pd.DataFrame:
    rows = []
    try:
        for tool, figures in json.loads(path.read_text(encoding="utf-8"))["wcxb"].items():
            rows += [(tool, kind, int(of["pages"]), float(of["f1"])) for kind, of in figures["by_type"].items()]
        if (OURS, ALL) not in [row[:2] for row in rows]:
            raise KeyError(OURS)
    except FileNotFoundError:
        pass
    except FOREIGN as error:
        raise Failure(f"{path}: no figures of a comparison; run `make compare`, or remove it") from error
    return pd.DataFrame(rows, columns=["tool", "page_type", "pages", "f1"])


def read_bench(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        return {name: report[name] for name in BENCH if report["tools"][OURS]}
    except FileNotFoundError:
        return {}
    except FOREIGN as error:
        raise Failure(f"{path}: no figures of a bench; run `make bench`, or remove it") from error


def read_changed(path: Path) -> dict[str, Any]:
    try:
        changed = json.loads(path.read_text(encoding="utf-8"))
        return {name: changed[name] for name in CHANGED}
    except FileNotFoundError:
        return {}
    except FOREIGN as error:
        raise Failure(f"{path}: no figures of corrections; run `make train`, or remove it") from error


def read_rows(path: Path) -> pd.DataFrame:
    make = MADE_BY.get(path.name, "make evaluate")
    try:
        rows = pd.read_csv(path, dtype={"page": str}, low_memory=False)  # or a warning of mixed types
    except FileNotFoundError as error:
        raise Failure(f"{path}: not found; run `{make}`") from error
    except ValueError as error:  # empty, cut short or not UTF-8
        raise Failure(f"{path}: cannot be read ({error}); run `{make}`") from error
    if lacking := COLUMNS[path.name] - set(rows.columns):
        raise Failure(f"{path}: no column {', '.join(sorted(lacking))}; run `{make}`")
    if not (rows["mode"] == "html").any():
        raise Failure(f"{path}: no rows of HTML pages; run `make data`, then `{make}`")
    return rows
