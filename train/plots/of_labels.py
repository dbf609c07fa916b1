"""evaluation figures -> plots of the labels: each is computed as plain data first, then drawn."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, precision_recall_curve

from pagesieve.predict.labels import COLOURS, LABELS

from ..style import INK, MODE_COLOURS, MODES
from .reports import Reports

MISSING = "missing"  # prediction for a hand-labelled block of which most words are in no block of ours
ENOUGH = 5  # minimum blocks or pages of a bin that a line joins
KEPT = {  # curve of the threshold plot: colour, dashes, what it is
    "precision": ("#0072b2", "-", "precision: kept words that are article"),
    "recall": ("#d55e00", "-", "recall: article words that are kept"),
    "kept": (INK, ":", "kept: share of all words"),
}

THRESHOLD_KINDS = {"html": "HTML pages", "text": "lines, all and pre-extracted"}


def modes_in(rows: pd.DataFrame) -> list[str]:
    return [mode for mode in MODES if (rows["mode"] == mode).any()]


def spoken(label: str) -> str:
    return label.replace("_", "\n")


def confusion(predictions: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Return blocks by their label (rows) and predicted label (columns; MISSING only where it occurs)."""
    rows = predictions[predictions["mode"] == mode]
    columns = [*LABELS, *([MISSING] if (rows["predicted"] == MISSING).any() else [])]
    counts = pd.crosstab(rows["label"], rows["predicted"]).reindex(index=list(LABELS), columns=columns, fill_value=0)
    return counts.rename_axis(index="label", columns="predicted")


def draw_confusion(axis: Axes, counts: pd.DataFrame) -> None:
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        text = f"{counts.to_numpy()[row, column]:,}\n{share:.0%}"
        axis.text(column, row, text, ha="center", va="center", color="white" if share > 0.5 else INK)
    axis.set_xticks(range(counts.shape[1]), [spoken(str(label)) for label in counts.columns], rotation=90)
    axis.set_yticks(range(counts.shape[0]), [spoken(str(label)) for label in counts.index])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def render_confusion(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    modes = modes_in(reports.predictions)
    tables = {mode: confusion(reports.predictions, mode) for mode in modes}
    figure = Figure(figsize=(10, 4.6))
    widths = [table.shape[1] for table in tables.values()]
    axes = figure.subplots(1, len(modes), squeeze=False, sharey=True, width_ratios=widths)[0]
    for axis, (mode, counts) in zip(axes, tables.items(), strict=True):
        draw_confusion(axis, counts)
        axis.set_title(f"{MODES[mode]} ({counts.to_numpy().sum():,} blocks)")
    axes[0].set_ylabel("label by hand (blocks, share of row)")
    figure.supxlabel("predicted label", fontsize=11)
    return figure, pd.concat(tables, names=["mode"]).fillna(0).astype(int)


def curves(predictions: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Return recall, precision and average precision of each label, HTML pages; blocks without a score come last."""
    rows = predictions[predictions["mode"] == "html"]
    found = {}
    for label in LABELS:
        wanted, scores = rows["label"] == label, rows[label].fillna(-1)
        if wanted.any():
            precision, recall, _ = precision_recall_curve(wanted, scores)
            found[label] = (recall, precision, float(average_precision_score(wanted, scores)))
    return found


def draw_curves(axis: Axes, found: dict[str, tuple[np.ndarray, np.ndarray, float]]) -> None:
    for label, (recall, precision, average) in found.items():
        axis.step(recall, precision, where="post", color=COLOURS[label], lw=2.2, label=f"{label} {average:.3f}")
    axis.set(xlim=(0, 1.005), ylim=(0, 1.01), xlabel="recall (share of the label's blocks)")
    axis.set_ylabel("precision (share of the predicted)")
    axis.grid()
    axis.legend(title="average precision", loc="lower left")


def render_curves(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    found = curves(reports.predictions)
    figure = Figure(figsize=(8, 5.2))
    draw_curves(figure.subplots(), found)
    table = pd.DataFrame({"average precision": {label: average for label, (_, _, average) in found.items()}})
    return figure, table.rename_axis(index="label")


def label_f1(metrics: dict[str, Any]) -> pd.DataFrame:
    """Return the F1 of each label (columns) and their mean, by mode (rows)."""
    rows = {
        mode: {label: figures["per_label"][label]["f1"] for label in LABELS} | {"macro": figures["macro_f1"]}
        for mode, figures in metrics["labels"].items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="mode")


def draw_label_f1(axis: Axes, table: pd.DataFrame) -> None:
    width = 0.2
    places = np.arange(len(table))
    for number, label in enumerate(LABELS):
        bars = axis.bar(places + (number - 1.5) * width, table[label], 0.92 * width, color=COLOURS[label], label=label)
        axis.bar_label(bars, fmt="%.2f", padding=2, fontsize=10)
    names = [f"{MODES[str(mode)]}\nmacro-F1 {macro:.3f}" for mode, macro in table["macro"].items()]
    axis.set_xticks(places, names)
    axis.set(ylim=(0, 1), ylabel="F1 of the label (0 to 1)", xlabel="kind of input")
    axis.tick_params(axis="x", length=0)
    axis.grid(axis="y")


def render_label_f1(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    table = label_f1(reports.metrics)
    figure = Figure(figsize=(8, 4.6))
    axis = figure.subplots()
    draw_label_f1(axis, table)
    figure.legend(loc="outside upper center", ncols=len(LABELS), columnspacing=1.2, handlelength=1.2)
    return figure, table


def reliability(of: dict[str, Any], names: dict[str, str], *, what: str) -> pd.DataFrame:
    """Return the bins of ``operating_points.reliability`` by name: predicted, true and count."""
    tables = {shown: pd.DataFrame(of[name]["bins"]) for name, shown in names.items() if name in of}
    return pd.concat(tables, names=[what, "bin"])


def draw_reliability(axis: Axes, table: pd.DataFrame, colours: dict[str, str]) -> None:
    """Draw true over predicted values, larger marks for fuller bins, and a line through bins with ENOUGH values."""
    axis.plot([0, 1], [0, 1], color="#999999", lw=1, ls="--")
    for name, bins in table.groupby(level=0, sort=False):
        share = bins["count"] / bins["count"].sum()
        many = bins[bins["count"] >= ENOUGH]
        axis.plot(many["predicted"], many["true"], color=colours[str(name)], lw=1.5, label=name)
        sizes = 12 + 240 * share
        axis.scatter(bins["predicted"], bins["true"], s=sizes, color=colours[str(name)], alpha=0.8, linewidths=0)
    axis.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axis.grid()


def render_calibration(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    found = {mode: reports.metrics["calibration"][mode] for mode in MODES if mode in reports.metrics["calibration"]}
    same = dict(zip(LABELS, LABELS, strict=True))
    tables = {mode: reliability(labels, same, what="label") for mode, labels in found.items()}
    figure = Figure(figsize=(10, 4.2))
    axes = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
    for axis, (mode, table) in zip(axes, tables.items(), strict=True):
        draw_reliability(axis, table, COLOURS)
        worst = max(LABELS, key=lambda label: found[mode][label]["error"])
        axis.set_title(f"{MODES[mode]}\nerror at most {found[mode][worst]['error']:.3f} ({worst})", fontsize=10)
    axes[0].set_ylabel("share of blocks that have the label")
    figure.supxlabel("score of the label (0 to 1)", fontsize=11)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    errors = pd.DataFrame({mode: {label: of[label]["error"] for label in LABELS} for mode, of in found.items()})
    return figure, errors.rename_axis(index="expected calibration error")


def render_confidence(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    table = reliability(reports.metrics["confidence"], MODES, what="input")
    figure = Figure(figsize=(11, 5.2))
    axis, by_group = figure.subplots(1, 2, width_ratios=(5, 4))
    draw_reliability(axis, table, {MODES[mode]: colour for mode, colour in MODE_COLOURS.items()})
    axis.set(xlabel="confidence of the page (0 to 1)", ylabel="F1 of the kept characters (0 to 1)")
    draw_trust(by_group, reports.metrics["trust"])
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure, table.rename(columns={"predicted": "confidence", "true": "F1", "count": "pages"})


def draw_trust(axis: Axes, trust: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Draw a row for each group of languages, with a line for each mode from mean confidence (ring)
    to mean F1 (dot).
    """
    for row, by_mode in enumerate(trust.values()):
        for place, (mode, colour) in zip((row - 0.25, row, row + 0.25), MODE_COLOURS.items(), strict=True):
            if mode in by_mode:
                predicted, true = by_mode[mode]["confidence"], by_mode[mode]["f1"]
                axis.plot([predicted, true], [place, place], color=colour, lw=1.5)
                axis.plot(predicted, place, "o", mfc="white", color=colour)
                axis.plot(true, place, "o", color=colour)
    axis.set_yticks(range(len(trust)), [group.replace(", ", ",\n") for group in trust])
    axis.invert_yaxis()
    axis.grid(axis="x")
    axis.set(xlabel="mean confidence (ring) and mean F1 (dot)")


def threshold_curves(metrics: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return by kind of page precision, recall and share of kept words (columns), by threshold of article_content
    (rows).
    """
    return {kind: pd.DataFrame(of).set_index("threshold") for kind, of in metrics["threshold"].items()}


def draw_thresholds(axis: Axes, curves: pd.DataFrame, points: dict[str, float]) -> None:
    """Draw the three curves, and the operating points as lines with their names."""
    for name, (colour, dashes, meaning) in KEPT.items():
        axis.plot(curves.index, curves[name], color=colour, ls=dashes, lw=2, label=meaning)
    for prefer, content in points.items():
        axis.axvline(content, color="#999999", lw=1, ls="--")
        axis.text(content, 0.02, f" {prefer} {content:.2f}", rotation=90, va="bottom", ha="right", fontsize=9)
    axis.set(xlim=(0, 1), ylim=(0, 1.01))
    axis.grid()


def render_thresholds(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    curves, decision = threshold_curves(reports.metrics), reports.metrics["decision"]
    figure = Figure(figsize=(10, 4.6))
    shown = {kind: name for kind, name in THRESHOLD_KINDS.items() if kind in curves}
    at = {}
    for axis, kind in zip(figure.subplots(1, len(shown), squeeze=False, sharey=True)[0], shown, strict=True):
        points = {prefer: float(of["article_content"]) for prefer, of in decision[kind].items()}
        draw_thresholds(axis, curves[kind], points)
        axis.set_title(shown[kind])
        for prefer, content in points.items():
            nearest = int(np.abs(curves[kind].index.to_numpy(dtype=float) - content).argmin())
            at[kind, prefer] = {"threshold": content} | curves[kind].iloc[nearest].to_dict()
    figure.axes[0].set_ylabel("share of words (0 to 1)")
    figure.supxlabel("threshold of article_content (0 to 1)", fontsize=11)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=10)
    return figure, pd.DataFrame.from_dict(at, orient="index").rename_axis(index=["kind", "--prefer"])
