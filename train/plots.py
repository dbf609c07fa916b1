"""The evaluation's figures -> plots: each is computed to plain data first, then drawn; the model is never needed."""

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.metrics import average_precision_score, precision_recall_curve

from pagesieve.predict.labels import COLOURS, LABELS

from .compare import OURS
from .reports import ALL, Reports

MODES = {"html": "HTML pages", "text": "all lines", "leftover": "left-over lines"}
MISSING = "missing"  # predicted where most words of a hand-labelled block stand in no block of ours
INK = "#222222"
MEANS = {"text": ("D", INK, 1.14), "html": ("o", COLOURS["article_content"], 1.03)}  # marker, colour, place of value
OTHERS = (  # marker and colour of the other tools, the best one first; Okabe-Ito, see labels.py
    ("s", "#d55e00"), ("^", "#0072b2"), ("D", "#cc79a7"), ("v", "#e69f00"), ("P", "#56b4e9"), ("X", INK),
    ("p", "#7f7f7f"),
)  # fmt: skip


def modes_in(rows: pd.DataFrame) -> list[str]:
    return [mode for mode in MODES if (rows["mode"] == mode).any()]


def spoken(label: str) -> str:
    return label.replace("_", "\n")


def confusion(predictions: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Blocks by their label (rows) and predicted label (columns; MISSING only where it occurs)."""
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


def word_f1(pages: pd.DataFrame) -> pd.DataFrame:
    """Mean word F1 and number of pages by page type (rows, the best HTML mean first, then all) and mode."""
    rows = pd.concat([pages, pages.assign(page_type="all pages")])
    table = rows.pivot_table(index="page_type", columns="mode", values="f1", aggfunc=["mean", "count"])
    order = table[("mean", "html")].sort_values(ascending=False, kind="stable").index.drop("all pages")
    return table.reindex([*order, "all pages"])


def draw_word_f1(axis: Axes, means: pd.DataFrame, pages: pd.DataFrame) -> None:
    """Every HTML page as a faint dot, the means of HTML and of plain lines as large ones."""
    places = np.arange(len(means))[::-1]
    for place, kind in zip(places, means.index, strict=True):
        html_pages = pages[(pages["mode"] == "html") & ((pages["page_type"] == kind) | (kind == "all pages"))]
        spread = place + 0.5 * (0.618034 * np.arange(len(html_pages)) % 1 - 0.5)  # apart, and the same each time
        axis.scatter(html_pages["f1"], spread, s=6, color=MEANS["html"][1], alpha=0.25, linewidths=0)
    for mode, (marker, colour, right) in MEANS.items():
        if ("mean", mode) in means:
            f1 = means[("mean", mode)]
            axis.scatter(f1, places, s=70, marker=marker, color=colour, edgecolors="white", zorder=3)
            for place, mean in zip(places, f1, strict=True):
                axis.text(right, place, f"{mean:.3f}", va="center", color=colour)
    counts = means[("count", "html")]
    axis.set_yticks(places, [f"{kind} ({count:,.0f})" for kind, count in counts.items()])
    axis.set(xlim=(-0.02, 1.01), xlabel="word F1 of the article text (0 to 1)", ylabel="page type (pages)")
    axis.grid(axis="x")


def render_word_f1(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    means = word_f1(reports.pages)
    figure = Figure(figsize=(8, 1.3 + 0.5 * len(means)))
    axis = figure.subplots()
    draw_word_f1(axis, means, reports.pages)
    handles = [
        Line2D([], [], marker=marker, color=colour, ls="", ms=8, label=f"mean, {MODES[mode]}")
        for mode, (marker, colour, _) in MEANS.items()
    ]
    handles.append(Line2D([], [], marker=".", color=MEANS["html"][1], ls="", alpha=0.4, label="one HTML page"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure, means


def curves(predictions: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Recall, precision and average precision of each label, HTML pages; blocks without a score come last."""
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
    """F1 of each label (columns) and their mean by mode (rows)."""
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
    """The bins of ``operate.reliability`` by name: what was said, what came true, how many."""
    tables = {shown: pd.DataFrame(of[name]["bins"]) for name, shown in names.items() if name in of}
    return pd.concat(tables, names=[what, "bin"])


def draw_reliability(axis: Axes, table: pd.DataFrame, colours: dict[str, str]) -> None:
    """What came true over what was said, a line for each name, larger marks for fuller bins; the diagonal is right."""
    axis.plot([0, 1], [0, 1], color="#999999", lw=1, ls="--")
    for name, bins in table.groupby(level=0, sort=False):
        share = bins["count"] / bins["count"].sum()
        axis.plot(bins["said"], bins["true"], color=colours[str(name)], lw=1.5, label=name)
        axis.scatter(bins["said"], bins["true"], s=12 + 240 * share, color=colours[str(name)], alpha=0.8, linewidths=0)
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
    table = reliability(reports.metrics["confidence"], MODES, what="pages")
    figure = Figure(figsize=(8, 5.2))
    axis = figure.subplots()
    draw_reliability(axis, table, dict(zip(MODES.values(), ("#0072b2", "#d55e00", "#009e73"), strict=True)))
    axis.set(xlabel="confidence of the page (0 to 1)", ylabel="F1 of the kept characters (0 to 1)")
    axis.legend(loc="upper left")
    return figure, table.rename(columns={"said": "confidence", "true": "F1", "count": "pages"})


def tool_f1(rows: pd.DataFrame) -> pd.DataFrame:
    """Word F1 by page type (rows, our best one first, then all) and tool (columns, ours first, then the best)."""
    table = rows.pivot(index="page_type", columns="tool", values="f1")
    kinds = [*table[OURS].drop(ALL).sort_values(ascending=False, kind="stable").index, ALL]
    tools = [OURS, *table.T[ALL].drop(OURS).sort_values(ascending=False, kind="stable").index]
    pages = rows[rows["tool"] == OURS].set_index("page_type")["pages"]
    names = [f"{'all pages' if kind == ALL else kind} ({pages[kind]:,})" for kind in kinds]
    return table.loc[kinds, tools].set_axis(names)


def draw_tool_f1(axis: Axes, table: pd.DataFrame) -> None:
    """A mark a tool: ours is the large one behind the others, and its value stands on the right."""
    places, colour = np.arange(len(table))[::-1], COLOURS["article_content"]
    axis.hlines(places, table.min(axis=1), table.max(axis=1), color="#dddddd", lw=2, zorder=1)
    axis.scatter(table[OURS], places, s=190, color=colour, linewidths=0, zorder=2, label=OURS)
    for tool, (marker, other) in zip(table.columns.drop(OURS), cycle(OTHERS), strict=False):
        axis.scatter(
            table[tool], places, s=45, marker=marker, color=other, edgecolors="white", lw=0.5, zorder=3, label=tool
        )
    for place, f1 in zip(places, table[OURS], strict=True):
        axis.text(1.02, place, f"{f1:.3f}", va="center", color=colour)
    axis.set_yticks(places, list(table.index))
    axis.set(xlim=(table.to_numpy().min() - 0.02, 1.01), xlabel="mean word F1 (0 to 1)", ylabel="page type (pages)")
    axis.grid(axis="x")


def render_tool_f1(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    table = tool_f1(reports.tools)
    figure = Figure(figsize=(8, 1.5 + 0.5 * len(table)))
    axis = figure.subplots()
    draw_tool_f1(axis, table)
    figure.legend(loc="outside upper center", ncols=4)
    return figure, table
