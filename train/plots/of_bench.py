"""figures of `make bench` -> a plot: all tools, growth with size and number of pages, and stages."""

from itertools import cycle
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pagesieve.predict.labels import COLOURS

from ..benchmark.bench_tables import ratios, size_name
from ..benchmark.compare import OURS
from ..style import INK
from .reports import Reports

OUR_COLOUR, OTHER_COLOUR = COLOURS["article_content"], "#b0b0b0"
STAGE_COLOURS = (
    "#0072b2",
    "#56b4e9",
    "#009e73",
    "#e69f00",
    "#d55e00",
    "#cc79a7",
    "#7f7f7f",
)  # Okabe-Ito, see labels.py


def tool_costs(report: dict[str, Any]) -> pd.DataFrame:
    """Return CPU and peak memory of each tool, the fastest first, and the ratio of ours to it:
    median, lowest, highest.
    """
    tools, count = report["tools"], report["pages"]["count"]
    rows = {
        tool: [
            1e3 * median(of["cpu"]) / count,
            median(of["peak"]) / 1e6,
            *ratios(tools[OURS]["cpu"], of["cpu"]),
            *ratios(tools[OURS]["peak"], of["peak"]),
        ]
        for tool, of in tools.items()
    }
    names = ["CPU ms a page", "peak MB"]
    names += [f"{cost} ratio{part}" for cost in ("CPU", "memory") for part in ("", ", low", ", high")]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names).sort_values("CPU ms a page", kind="stable")


def draw_tools(axis: Axes, costs: pd.Series, shares: pd.Series, unit: str) -> None:
    """Draw a bar for each tool, with its cost and the ratio of ours to it."""
    places = np.arange(len(costs))[::-1]
    axis.barh(places, costs, color=[OUR_COLOUR if tool == OURS else OTHER_COLOUR for tool in costs.index], height=0.7)
    for place, tool, cost, share in zip(places, costs.index, costs, shares, strict=True):
        text = f" {cost:,.0f}" if tool == OURS else f" {cost:,.0f}, pagesieve {share:.1f} ×"
        axis.text(cost, place, text, va="center", fontsize=9)
    axis.set_yticks(places, list(costs.index))
    axis.set(xlim=(0, 1.6 * costs.max()), xlabel=unit)
    axis.grid(axis="x")


def draw_growth(axis: Axes, steps: list[int], costs: list[list[float]], unit: str) -> None:
    """Draw medians as a line, rounds as small marks, and proportional growth as a dashed line."""
    middle = [median(of) for of in costs]
    axis.plot(steps, [middle[-1] * step / steps[-1] for step in steps], color=INK, lw=1, ls="--", label="proportional")
    axis.plot(steps, middle, color=OUR_COLOUR, marker="o", lw=2, label=OURS)
    for step, of in zip(steps, costs, strict=True):
        axis.plot([step] * len(of), of, color=OUR_COLOUR, marker="o", ls="", ms=4, alpha=0.45)
    axis.set(xscale="log", yscale="log", ylabel=unit, ylim=(min(map(min, costs)) / 2, max(map(max, costs)) * 2))
    axis.grid()
    axis.legend(loc="upper left")


def draw_sizes(cpu: Axes, memory: Axes, sizes: list[dict[str, Any]]) -> None:
    steps = [row["bytes"] for row in sizes]
    draw_growth(cpu, steps, [row["cpu"] for row in sizes], "CPU (s)")
    draw_growth(memory, steps, [[one / 1e6 for one in row["memory"]] for row in sizes], "memory of the page (MB)")
    for axis in (cpu, memory):
        axis.set_xticks(steps, [size_name(step) for step in steps], fontsize=9)
        axis.set_xlabel("size of a page (logarithmic)")


def draw_numbers(cpu: Axes, memory: Axes, numbers: list[dict[str, Any]]) -> None:
    """Draw CPU by number of pages, and resident memory, from zero, since it should not grow."""
    steps = [row["pages"] for row in numbers]
    draw_growth(cpu, steps, [[row["cpu"]] for row in numbers], "CPU (s)")
    resident = [row["resident"] / 1e6 for row in numbers]
    memory.plot(steps, resident, color=OUR_COLOUR, marker="o", lw=2)
    memory.set(xscale="log", ylim=(0, 1.2 * max(resident)), ylabel="resident memory (MB)")
    memory.grid()
    for axis in (cpu, memory):
        axis.set_xticks(steps, [f"{step:,}" for step in steps], fontsize=9, rotation=30)
        axis.set_xlabel("number of pages (logarithmic)")


def draw_stages(axis: Axes, stages: dict[str, float]) -> None:
    """Draw one bar from left to right, with a segment for each stage."""
    left, total = 0.0, sum(stages.values())
    for (stage, spent), colour in zip(stages.items(), cycle(STAGE_COLOURS), strict=False):
        share = spent / total
        axis.barh(0, share, left=left, color=colour, label=f"{stage} {share:.0%}")
        left += share
    axis.set(xlim=(0, 1), yticks=[], xlabel="share of the CPU of pagesieve by stage, in their order (0 to 1)")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(stages), fontsize=9, columnspacing=1.0)


def render_bench(reports: Reports) -> tuple[Figure, pd.DataFrame]:
    report = reports.bench
    table = tool_costs(report)
    figure = Figure(figsize=(10, 12))
    axes = figure.subplot_mosaic(
        [["cpu", "memory"], ["size cpu", "size memory"], ["number cpu", "number memory"], ["stages", "stages"]],
        height_ratios=[4, 4, 4, 0.8],
    )
    draw_tools(axes["cpu"], table["CPU ms a page"], table["CPU ratio"], "CPU (ms a page)")
    draw_tools(axes["memory"], table["peak MB"], table["memory ratio"], "peak memory of the process (MB)")
    draw_sizes(axes["size cpu"], axes["size memory"], report["sizes"])
    draw_numbers(axes["number cpu"], axes["number memory"], report["numbers"])
    draw_stages(axes["stages"], report["stages"])
    return figure, table
