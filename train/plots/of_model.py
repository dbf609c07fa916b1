"""evaluation figures -> plots of the model: its terms, its learning curve, other tools and the model before."""

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pagesieve.predict.labels import COLOURS, LABELS

from ..benchmark.compare import OURS
from ..fit.top_terms import PAGE
from ..style import INK, MARKERS, MODE_COLOURS, MODES
from .reports import ALL, Reports

OTHERS = (  # marker and colour of the other tools, the best one first; Okabe-Ito, see labels.py
    ("s", "#d55e00"), ("^", "#0072b2"), ("D", "#cc79a7"), ("v", "#e69f00"), ("P", "#56b4e9"), ("X", INK),
    ("p", "#7f7f7f"),
)  # fmt: skip
VERDICTS = {"better": "#009e73", "worse": "#d55e00", "equal": "#7f7f7f"}
SHOWN = 8  # terms of a label
TERMS = {"words": "words", "markup": "tags, classes, ids", PAGE: "features of the last stage"}


def tool_f1(rows: pd.DataFrame) -> pd.DataFrame:
    """Return word F1 by page type (rows, our best one first, then all) and tool (columns, ours
    first, then the best).
    """
    table = rows.pivot(index="page_type", columns="tool", values="f1")
    kinds = [*table[OURS].drop(ALL).sort_values(ascending=False, kind="stable").index, ALL]
    tools = [OURS, *table.T[ALL].drop(OURS).sort_values(ascending=False, kind="stable").index]
    pages = rows[rows["tool"] == OURS].set_index("page_type")["pages"]
    names = [f"{'all pages' if kind == ALL else kind} ({pages[kind]:,})" for kind in kinds]
    return table.loc[kinds, tools].set_axis(names)


def draw_tool_f1(axis: Axes, table: pd.DataFrame) -> None:
    """Draw a mark for each tool: ours is the large one behind the others, with its value on the right."""
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


def term_table(metrics: dict[str, Any]) -> pd.DataFrame:
    """Return the terms with the largest weights, the largest first: a row a kind of page, column, label and term."""
    rows = [
        (kind, column, label, term, weight)
        for kind, columns in metrics["terms"].items()
        for column, labels in columns.items()
        for label, terms in labels.items()
        for term, weight in terms
    ]
    return pd.DataFrame(rows, columns=["kind", "column", "label", "term", "weight"])


def drawable(term: str) -> bool:
    """Return whether the plots' font has all characters of a term; the table below the picture has all terms."""
    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    return all(font.get_char_index(ord(sign)) for sign in term)


def draw_terms(axis: Axes, terms: pd.DataFrame, colour: str) -> None:
    """Draw a pale bar for each term, with the term written over it."""
    places = np.arange(len(terms))[::-1]
    axis.barh(places, terms["weight"], color=colour, alpha=0.35, height=0.86)
    for place, term in zip(places, terms["term"], strict=True):
        axis.text(0, place, " " + str(term).replace("$", r"\$"), va="center", fontsize=9)
    axis.set(xlim=(0, None), ylim=(-0.6, SHOWN - 0.4), yticks=[])
    axis.tick_params(axis="x", labelsize=9)
    axis.spines["left"].set_visible(False)


def render_terms(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    table = term_table(reports.metrics)
    kind = table["kind"].iloc[0]
    drawn = table[(table["kind"] == kind) & table["term"].map(drawable)]
    columns = {column: TERMS[column] for column in TERMS if (drawn["column"] == column).any()}
    figure = Figure(figsize=(10, 10))
    grid = figure.subplots(len(LABELS), len(columns), squeeze=False, width_ratios=[1, 1, 2][: len(columns)])
    for axes, label in zip(grid, LABELS, strict=True):
        axes[0].set_ylabel(label, color=COLOURS[label])
        for axis, column in zip(axes, columns, strict=True):
            of_label = drawn[(drawn["column"] == column) & (drawn["label"] == label)].head(SHOWN)
            draw_terms(axis, of_label, COLOURS[label])
    for axis, name in zip(grid[0], columns.values(), strict=True):
        axis.set_title(name)
    figure.supxlabel("weight in the label's decision value, less the mean over the labels", fontsize=11)
    return figure, table.groupby(["kind", "column", "label"], sort=False)["term"].agg(", ".join).to_frame(
        "largest first"
    )


def learning_curve(curve: pd.DataFrame, folds: list[dict[str, Any]]) -> pd.DataFrame:
    """Return Macro-F1 by mode, fold and number of sites learned from; the last of a fold is the evaluation's."""
    whole = pd.DataFrame(folds)
    ends = whole[whole["fold"].isin(curve["fold"].unique()) & whole["mode"].isin(curve["mode"].unique())]
    rows = pd.concat([curve, ends], ignore_index=True)
    return rows.sort_values(["mode", "fold", "sites"], kind="stable", ignore_index=True)


def draw_curve(axis: Axes, rows: pd.DataFrame) -> None:
    """Draw the mean over folds as a line, and the folds as small marks."""
    for mode in MODES:
        of_mode = rows[rows["mode"] == mode]
        if len(of_mode):
            steps = of_mode.groupby("fold").cumcount()
            means = of_mode.groupby(steps)[["sites", "macro_f1"]].mean()
            colour, marker = MODE_COLOURS[mode], MARKERS[mode]
            axis.plot(means["sites"], means["macro_f1"], color=colour, marker=marker, lw=2, label=MODES[mode])
            axis.plot(of_mode["sites"], of_mode["macro_f1"], color=colour, marker=marker, ls="", ms=4, alpha=0.45)
    axis.set_xscale("log", base=2)
    ticks = sorted({round(sites) for sites in rows.groupby(rows.groupby(["mode", "fold"]).cumcount())["sites"].mean()})
    axis.set_xticks(ticks, [f"{sites:,}" for sites in ticks])
    axis.set(xlabel="sites learned from (logarithmic)", ylabel="macro-F1 of the other sites (0 to 1)")
    axis.grid()
    axis.legend(loc="lower right")


def render_curve(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    rows = learning_curve(reports.curve, reports.metrics["folds"])
    figure = Figure(figsize=(8, 5))
    draw_curve(figure.subplots(), rows)
    return figure, rows.pivot_table(index=["mode", "fold"], columns="sites", values="macro_f1").round(3)


def draw_differences(axis: Axes, table: pd.DataFrame) -> None:
    """Draw a row for each score: the difference as a mark, its interval as a line, the verdict as colour and word."""
    places = np.arange(len(table))[::-1]
    colours = [VERDICTS[verdict] for verdict in table["verdict"]]
    axis.axvline(0, color=INK, lw=1)
    axis.hlines(places, table["low"], table["high"], color=colours, lw=3)
    axis.scatter(table["difference"], places, s=60, color=colours, zorder=3)
    for place, one in zip(places, table.itertuples(), strict=True):
        text = f"{one.verdict}  {one.before:.3f} → {one.now:.3f}"
        axis.text(1.02, place, text, va="center", transform=axis.get_yaxis_transform(), fontsize=10)
    names = [
        f"{one.score}, {MODES[str(one.mode)]}\n{one.pages:,} pages of {one.sites:,} sites" for one in table.itertuples()
    ]
    axis.set_yticks(places, names)
    axis.set_ylim(-0.6, len(table) - 0.4)
    axis.set_xlabel("this model less the one before, with the 95 % interval over sites")
    axis.grid(axis="x")


def render_differences(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    figure = Figure(figsize=(10, 1.4 + 0.62 * len(reports.differences)))
    draw_differences(figure.subplots(), reports.differences)
    return figure, reports.differences.set_index(["score", "mode"])
