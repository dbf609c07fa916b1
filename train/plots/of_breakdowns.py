"""evaluation figures -> plots of the breakdowns: by type and language of pages, by length and place of blocks."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pagesieve.predict.labels import COLOURS, LABELS

from ..style import INK, MARKERS, MODE_COLOURS, MODES
from .reports import Reports

MEANS = {"text": ("D", INK, 1.14), "html": ("o", COLOURS["article_content"], 1.03)}  # marker, colour, place of value
OF_PAGES = {"page type": "type of the page", "language": "language of the page"}
OF_BLOCKS = {"words": "words of the block", "place": "place on the page, from its start"}
FEW = 5  # minimum sites of a part of the pages to draw


def word_f1(pages: pd.DataFrame) -> pd.DataFrame:
    """Return mean word F1 and number of pages by page type (rows, the best HTML mean first, then all) and mode."""
    rows = pd.concat([pages, pages.assign(page_type="all pages")])
    table = rows.pivot_table(index="page_type", columns="mode", values="f1", aggfunc=["mean", "count"])
    order = table[("mean", "html")].sort_values(ascending=False, kind="stable").index.drop("all pages")
    return table.reindex([*order, "all pages"])


def draw_word_f1(axis: Axes, means: pd.DataFrame, pages: pd.DataFrame) -> None:
    """Draw each HTML page as a faint dot, and the means of HTML and of lines as large marks."""
    places = np.arange(len(means))[::-1]
    for place, kind in zip(places, means.index, strict=True):
        html_pages = pages[(pages["mode"] == "html") & ((pages["page_type"] == kind) | (kind == "all pages"))]
        spread = place + 0.5 * (0.618034 * np.arange(len(html_pages)) % 1 - 0.5)  # spreads the dots, deterministically
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


def part_table(metrics: dict[str, Any], name: str) -> pd.DataFrame:
    """Return the share of right blocks, its interval, F1 of each label and number of blocks, by mode and part."""
    rows = {}
    for mode, of_mode in metrics["breakdowns"][name].items():
        for part, of in of_mode.items():
            low, high = of["interval"] or (np.nan, np.nan)
            f1 = {label: of["f1"].get(label, np.nan) for label in LABELS}
            rows[mode, part] = {
                "right": of["right"],
                "low": low,
                "high": high,
                **f1,
                "blocks": of["blocks"],
                "sites": of["sites"],
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index=["mode", name])


def draw_pages(axis: Axes, table: pd.DataFrame) -> None:
    """Draw a row for each part: the share of right blocks by mode with its interval; parts of few
    sites are left out.
    """
    known = table[table["sites"] >= FEW]
    parts = known.index.get_level_values(1).unique()
    modes = [mode for mode in MODES if mode in known.index.get_level_values(0)]
    for number, mode in enumerate(modes):
        of_mode = known.loc[mode].reindex(parts)
        places = np.arange(len(parts))[::-1] + 0.22 * (1 - number)
        axis.hlines(places, of_mode["low"], of_mode["high"], color=MODE_COLOURS[mode], lw=2, alpha=0.6)
        axis.scatter(
            of_mode["right"], places, marker=MARKERS[mode], s=40, color=MODE_COLOURS[mode], label=MODES[mode], zorder=3
        )
    axis.set_yticks(np.arange(len(parts))[::-1], list(parts))
    axis.grid(axis="x")


def render_pages(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    tables = {name: part_table(reports.metrics, name) for name in OF_PAGES}
    figure = Figure(figsize=(10, 5.6))
    for axis, (name, table) in zip(figure.subplots(1, len(tables), sharex=True), tables.items(), strict=True):
        draw_pages(axis, table)
        axis.set_ylabel(OF_PAGES[name])
    figure.supxlabel("share of blocks with the right label (0 to 1), with its 95 % interval over sites", fontsize=11)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure, stack_tables(tables)


def stack_tables(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(
        [table.rename_axis(index=["mode", "part"]) for table in tables.values()], keys=tables, names=["by"]
    )


def draw_blocks(axis: Axes, table: pd.DataFrame) -> None:
    """Draw the F1 of each label over the parts in order, and the share of right blocks with its interval."""
    places = np.arange(len(table))
    axis.fill_between(places, table["low"], table["high"], color=INK, alpha=0.15, linewidth=0)
    axis.plot(places, table["right"], color=INK, lw=1.5, ls=":", label="share of right blocks")
    for label in LABELS:
        axis.plot(places, table[label], color=COLOURS[label], marker="o", ms=4, lw=1.8, label=f"F1 {label}")
    axis.set_xticks(places, [str(part).removesuffix(" %") for part in table.index], rotation=90, fontsize=9)
    axis.set_ylim(0, 1)
    axis.grid(axis="y")


def render_blocks(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    tables = {name: part_table(reports.metrics, name) for name in OF_BLOCKS}
    modes = [mode for mode in MODES if mode in tables["words"].index.get_level_values(0)]
    figure = Figure(figsize=(10, 7.6))
    grid = figure.subplots(len(tables), len(modes), squeeze=False, sharey=True)
    for axes, (name, table) in zip(grid, tables.items(), strict=True):
        for axis, mode in zip(axes, modes, strict=True):
            draw_blocks(axis, table.loc[[mode]].droplevel("mode"))
            axis.set_xlabel(OF_BLOCKS[name] + (" (%)" if name == "place" else ""))
    for axis, mode in zip(grid[0], modes, strict=True):
        axis.set_title(MODES[mode])
    figure.supylabel("score (0 to 1)", fontsize=11)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure, stack_tables(tables)


def language_recall(metrics: dict[str, Any]) -> pd.DataFrame:
    """Return recall of each label (columns) in the lines of data/languages.csv, by language (rows),
    all of them first.
    """
    return pd.DataFrame.from_dict(metrics["languages"], orient="index").rename_axis(index="language")[list(LABELS)]


def draw_languages(axis: Axes, table: pd.DataFrame) -> None:
    axis.imshow(table.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), recall in np.ndenumerate(table.T.to_numpy()):
        axis.text(column, row, f"{recall:.0%}".removesuffix("%"), ha="center", va="center", fontsize=9,
                  color="white" if recall > 0.6 else INK)  # fmt: skip
    axis.set_xticks(range(len(table)), list(table.index))
    axis.set_yticks(range(len(LABELS)), list(LABELS))
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xlabel("language (ISO 639-1)")


def render_languages(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    table = language_recall(reports.metrics)
    figure = Figure(figsize=(10, 2.9))
    axis = figure.subplots()
    draw_languages(axis, table)
    axis.set_title("recall of lines in %")
    return figure, table
